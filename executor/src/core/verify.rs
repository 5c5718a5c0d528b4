//! The judgement after an upgrade, at any time: whether a pool is where it was meant to come.

use super::check::{self, Check, look_all, well};
use super::finding::{Code, Finding, Subject};
use super::names::Release;
use super::plan::newest_op_version;
use super::pool::{ClientState, PoolState, Reach};
use super::release::tells_op_versions;

/// One thing that must hold, with what speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What must hold, in words.
    pub what: String,
    /// Why it does not, or why nobody can tell. None: it holds.
    pub findings: Vec<Finding>,
}

/// Judges a pool against a release. `kept`: the op-version is meant to be the old one still.
pub fn verify(state: &PoolState, to: Release, kept: bool) -> Vec<Verdict> {
    let mut checks = vec![Check::Reached, Check::Members, Check::AllAtRelease { release: to }];
    checks.extend(well().into_iter().filter(|check| *check != Check::Reached));
    checks.push(Check::NoTasks);
    if kept {
        checks.push(Check::OpVersionsAgree);
    } else {
        let op_version = newest_op_version(state, to);
        checks.push(Check::OpVersionIs { op_version });
        // Before 3.10 nobody can be asked; what is never known would never be verified.
        if tells_op_versions(to) {
            checks.push(Check::ClientsSpeak { op_version });
        }
    }
    let mut verdicts: Vec<Verdict> =
        checks.iter().map(|check| Verdict { what: check.to_string(), findings: check.look(state) }).collect();
    let runs = |host: &super::names::HostName| Check::RunsRelease { host: host.clone(), release: to };
    let runs: Vec<Check> = state.hosts.keys().map(runs).collect();
    verdicts.push(Verdict {
        what: format!("every process on every server runs {to}"),
        findings: look_all(&runs, state),
    });
    let hosts = state.hosts.keys().chain(state.clients.keys()).cloned();
    let libraries: Vec<Check> = hosts.map(|host| Check::NoOldLibrary { host, release: to }).collect();
    verdicts.push(Verdict {
        what: format!("no process on any host with a library other than {to}'s"),
        findings: look_all(&libraries, state),
    });
    verdicts.push(Verdict {
        what: "every geo-replication session copies".to_owned(),
        findings: check::sessions_run(state),
    });
    verdicts.push(Verdict {
        what: format!("every client of the inventory at {to}"),
        findings: state.clients.iter().filter_map(|(name, client)| client_at(name, client, to)).collect(),
    });
    verdicts
}

fn client_at(name: &super::names::HostName, client: &ClientState, to: Release) -> Option<Finding> {
    let subject = Subject::Host(name.clone());
    if let Reach::NotReached { reason, .. } = &client.reach {
        return Some(Finding::unknown(Code::NotAtRelease, subject, format!("not reached: {reason}")));
    }
    match client.release.known() {
        Ok(Some(release)) if *release == to => None,
        Ok(Some(release)) => Some(Finding::seen(
            Code::NotAtRelease,
            subject,
            format!("the client is at {release}, not at {to}"),
        )),
        Ok(None) => Some(Finding::seen(Code::NotAtRelease, subject, "the client has no Gluster")),
        Err(reason) => Some(Finding::unknown(Code::NotAtRelease, subject, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Ground;
    use super::super::names::OpVersion;
    use super::super::pool::{GlusterdInfo, NOT_REACHED, Observed, Unreachable};
    use super::super::sample::{change_host, change_volume, host, replica_3};
    use super::*;
    use rstest::rstest;

    fn against(state: &PoolState, kept: bool) -> Vec<String> {
        let verdicts = verify(state, "10.3".parse().unwrap(), kept);
        verdicts.iter().flat_map(|verdict| &verdict.findings).map(ToString::to_string).collect()
    }

    #[test]
    fn a_pool_that_came_there_passes_all() {
        assert_eq!(against(&replica_3(), false), Vec::<String>::new());
        assert_eq!(against(&replica_3(), true), Vec::<String>::new());
    }

    fn lower_op_version(state: &mut PoolState) {
        for number in 1..=3 {
            change_host(state, number, |host| {
                let lower = |info| GlusterdInfo { op_version: OpVersion(90_000), ..info };
                host.glusterd_info = host.glusterd_info.clone().map(lower);
            });
        }
    }

    #[test]
    fn an_op_version_that_was_kept_is_asked_for_by_its_own_word() {
        let mut state = replica_3();
        lower_op_version(&mut state);
        assert_eq!(against(&state, false).len(), 3);
        assert_eq!(against(&state, true), Vec::<String>::new());
    }

    #[test]
    fn before_3_10_nobody_asks_what_clients_speak() {
        let asked = |to: &str| {
            let verdicts = verify(&replica_3(), to.parse().unwrap(), false);
            verdicts.iter().any(|verdict| verdict.what.starts_with("every connected client speaks"))
        };
        assert!(!asked("3.9.1") && asked("3.10.12") && asked("11.1"));
    }

    fn client(state: &mut PoolState, change: impl FnOnce(&mut ClientState)) {
        change(state.clients.values_mut().next().unwrap());
    }

    #[rstest]
    #[case::old_client(
        |state: &mut PoolState| client(state, |client| client.release = Observed::Known(Some("9.2".parse().unwrap()))),
        "NOT_AT_RELEASE c1: the client is at 9.2, not at 10.3"
    )]
    #[case::client_unknown(
        |state: &mut PoolState| client(state, |client| client.release = Observed::Unknown("no answer".into())),
        "NOT_AT_RELEASE c1: unknown: no answer"
    )]
    #[case::old_server(
        |state: &mut PoolState| change_host(state, 2, |host| host.release = Observed::Known(Some("9.2".parse().unwrap()))),
        "NOT_AT_RELEASE g2: is at 9.2, not at 10.3"
    )]
    #[case::processes_unknown(
        |state: &mut PoolState| change_host(state, 2, |host| host.system.daemons = Observed::Unknown("no answer".into())),
        "RUNS_OLD_CODE g2: unknown: no answer"
    )]
    #[case::sessions_unknown(
        |state: &mut PoolState| state.sessions = Observed::Unknown("no answer".into()),
        "NOT_OBSERVED pool: unknown: no answer"
    )]
    #[case::libraries_unknown(
        |state: &mut PoolState| client(state, |client| client.usage = Observed::Unknown("no answer".into())),
        "OLD_LIBRARY c1: unknown: no answer"
    )]
    #[case::task(
        |state: &mut PoolState| change_volume(state, "vol0", |volume| volume.tasks = Observed::Known(vec!["Rebalance".into()])),
        "TASK_RUNNING vol0: Rebalance"
    )]
    fn one_thing_amiss_is_one_finding(#[case] breaks: fn(&mut PoolState), #[case] expected: &str) {
        let mut state = replica_3();
        breaks(&mut state);
        assert_eq!(against(&state, false), [expected]);
    }

    #[test]
    fn who_the_servers_are_is_unknown_while_one_was_not_reached() {
        let mut state = replica_3();
        change_host(&mut state, 3, |host| {
            host.reach = Reach::NotReached { cause: Unreachable::Refused, reason: "refused".to_owned() };
            host.glusterd_info = Observed::Unknown(NOT_REACHED.to_owned());
        });
        let verdicts = verify(&state, "10.3".parse().unwrap(), false);
        let members = verdicts.iter().find(|verdict| verdict.what == Check::Members.to_string()).unwrap();
        let findings: Vec<String> = members.findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings, ["NOT_OBSERVED g3: unknown: the host was not reached"]);
    }

    #[test]
    fn what_cannot_be_seen_is_not_verified() {
        let mut state = replica_3();
        state.volumes = Observed::Unknown("no answer".into());
        let verdicts = verify(&state, "10.3".parse().unwrap(), false);
        let unknown = verdicts.iter().flat_map(|verdict| &verdict.findings);
        assert!(unknown.clone().count() > 5 && unknown.clone().all(|found| found.ground == Ground::Unknown));
        assert!(state.hosts.contains_key(&host(1)));
    }
}
