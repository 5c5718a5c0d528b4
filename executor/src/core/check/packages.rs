//! Checks of what the package managers would do.

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, Release};
use super::super::packages::{PackageOffer, PackageTrouble};
use super::super::pool::Observed;
use super::super::system::InstalledPackages;

/// Judges what the package manager of a server or client would do to reach the target.
pub(crate) fn offer(
    host: &HostName,
    offer: &Observed<PackageOffer>,
    packages: &Observed<InstalledPackages>,
    to: Release,
) -> Vec<Finding> {
    // That nobody holds the lock now says little: the script that installs waits for it as well.
    let busy = packages.known().ok().and_then(|packages| packages.busy.as_ref());
    let by_package_manager =
        offer.known().is_ok_and(|offer| offer.command.is_none()).then_some(busy).flatten();
    let subject = Subject::Host(host.clone());
    let busy = by_package_manager.map(|who| Finding::seen(Code::PackageManagerBusy, subject, who));
    busy.into_iter().chain(offered(host, offer, to)).collect()
}

/// Judges what installing the target would do.
fn offered(host: &HostName, offer: &Observed<PackageOffer>, to: Release) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    let offer = match offer.known() {
        Ok(offer) => offer,
        Err(reason) => return vec![Finding::unknown(Code::PackageMissing, subject(), reason)],
    };
    let PackageOffer { version, moves: _, also_changes, removes, held, troubles, command } = offer;
    if command.is_some() {
        // The operator's own command: what it needs is not ours to judge, what comes of it is looked at.
        return Vec::new();
    }
    let mut findings: Vec<Finding> = troubles.iter().map(|trouble| judged(trouble, subject())).collect();
    if version.is_none() {
        let what = format!("no package of glusterfs {to} is on offer");
        findings.push(Finding::seen(Code::PackageMissing, subject(), what));
    }
    if !held.is_empty() {
        findings.push(Finding::seen(Code::PackageHeld, subject(), format!("on hold: {}", held.join(", "))));
    }
    if !removes.is_empty() {
        let what = format!("installing {to} would remove {}", removes.join(", "));
        findings.push(Finding::seen(Code::PackageRemoves, subject(), what));
    }
    if also_changes.iter().any(|package| package == "openssh-server" || package == "openssh") {
        let what = format!("installing {to} would replace {}", also_changes.join(", "));
        findings.push(Finding::seen(Code::SshdReplaced, subject(), what));
    }
    findings
}

fn judged(trouble: &PackageTrouble, subject: Subject) -> Finding {
    let (code, what) = match trouble {
        PackageTrouble::Repository(what) => (Code::PackageRepositoryBroken, what),
        PackageTrouble::HalfInstalled(what) => (Code::PackagesHalfInstalled, what),
        PackageTrouble::Unattended(what) => (Code::UnattendedUpgrades, what),
    };
    Finding::seen(code, subject, what)
}

#[cfg(test)]
mod tests {
    use super::super::super::pool::{HostState, PackageMove, PoolState};
    use super::super::super::sample::{change_host, host, replica_3};
    use super::*;
    use rstest::rstest;

    fn about_g2(state: &PoolState) -> Vec<Finding> {
        let HostState { offer, system, .. } = &state.hosts[&host(2)];
        super::offer(&host(2), offer, &system.packages, "11.1".parse().unwrap())
    }

    /// Returns the codes of the findings about g2, whose offer this is.
    fn codes(offer: Observed<PackageOffer>) -> Vec<&'static str> {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| host.offer = offer);
        let findings = about_g2(&state);
        assert!(findings.iter().all(|finding| finding.subject == Subject::Host(host(2))), "{findings:?}");
        findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    fn good() -> PackageOffer {
        PackageOffer {
            version: Some("11.1-6".into()),
            moves: vec![PackageMove {
                package: "glusterfs-server".into(),
                from: Some("10.3-5".into()),
                to: Some("11.1-6".into()),
            }],
            also_changes: vec!["libc6".into()],
            ..PackageOffer::default()
        }
    }

    #[test]
    fn a_transaction_of_gluster_and_what_it_needs_is_well() {
        assert_eq!(codes(Observed::Known(good())), [""; 0]);
        let own = PackageOffer { command: Some(vec!["/opt/up".into()]), ..PackageOffer::default() };
        assert_eq!(codes(Observed::Known(own)), [""; 0]);
    }

    #[rstest]
    #[case::missing(PackageOffer { version: None, ..good() }, "PACKAGE_MISSING")]
    #[case::held(PackageOffer { held: vec!["glusterfs-server".into()], ..good() }, "PACKAGE_HELD")]
    #[case::removes(PackageOffer { removes: vec!["libssl3".into()], ..good() }, "PACKAGE_REMOVES")]
    #[case::sshd(PackageOffer { also_changes: vec!["openssh-server".into()], ..good() }, "SSHD_REPLACED")]
    #[case::rpm_sshd(PackageOffer { also_changes: vec!["openssh".into()], ..good() }, "SSHD_REPLACED")]
    #[case::repository(
        PackageOffer { troubles: vec![PackageTrouble::Repository("no index".into())], ..good() },
        "PACKAGE_REPOSITORY_BROKEN"
    )]
    #[case::half(
        PackageOffer { troubles: vec![PackageTrouble::HalfInstalled("libc6".into())], ..good() },
        "PACKAGES_HALF_INSTALLED"
    )]
    #[case::unattended(
        PackageOffer { troubles: vec![PackageTrouble::Unattended("apt-daily".into())], ..good() },
        "UNATTENDED_UPGRADES"
    )]
    fn what_is_wrong_with_packages_is_found(#[case] offer: PackageOffer, #[case] code: &str) {
        assert_eq!(codes(Observed::Known(offer)), [code]);
    }

    #[test]
    fn an_offer_that_could_not_be_read_is_no_offer() {
        assert_eq!(codes(Observed::Unknown("dnf is not known".into())), ["PACKAGE_MISSING"]);
    }

    #[test]
    fn a_package_manager_at_work_is_found() {
        let mut state = replica_3();
        let busy = |packages: InstalledPackages| InstalledPackages {
            busy: Some("apt-get (pid 7) holds /var/lib/dpkg/lock".into()),
            ..packages
        };
        change_host(&mut state, 2, |host| host.system.packages = host.system.packages.clone().map(busy));
        let findings = about_g2(&state);
        assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::PackageManagerBusy]);
    }
}
