//! Where to look when a run stopped: commands to paste, for what was found and for the step that failed.

use std::fmt::Write as _;

use super::hanging;
use crate::core::finding::{Code, Finding, Subject};
use crate::core::names::VolumeName;
use crate::core::plan::Action;

/// How many commands a report names: the first ones are about what was found first.
const SHOWN: usize = 8;

/// Returns the commands that show what findings are about, and where they are explained.
pub(super) fn places(found: &[Finding]) -> String {
    let mut lines: Vec<String> = found.iter().filter_map(place).collect();
    lines.extend(found.iter().map(|finding| format!("executor explain {}", finding.code)));
    listed(lines)
}

/// Returns the commands that show what became of an action.
pub(super) fn places_of(action: &Action) -> String {
    listed(of_action(action))
}

fn listed(lines: Vec<String>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for line in lines {
        if !shown.contains(&line) && shown.len() < SHOWN {
            shown.push(line);
        }
    }
    let mut text = String::new();
    if !shown.is_empty() {
        text.push_str("\nlook at:\n");
    }
    for line in shown {
        let _ = writeln!(text, "{}", hanging("  ", &line));
    }
    text
}

/// The command that shows what a finding is about; none where its own words and hint say all there is to see.
fn place(finding: &Finding) -> Option<String> {
    let (code, on_any) = (finding.code, |command: String| Some(format!("on any server:  {command}")));
    if let Some(command) = of_georep(code) {
        return on_any(command.to_owned());
    }
    match &finding.subject {
        Subject::Pool => on_any(of_pool(code).to_owned()),
        Subject::Host(host) => match code {
            Code::HostUnreachable | Code::HostKeyUnknown | Code::HostKeyChanged | Code::PermissionDenied => {
                Some(format!("from here:  ssh -v {host} true   (with the user and port of the inventory)"))
            }
            other => of_host(other).map(|command| format!("on {host}:  {command}")),
        },
        Subject::Volume(volume) => on_any(of_volume(code, volume)),
        Subject::Client(_) => on_any("gluster volume status all clients".to_owned()),
    }
}

fn of_georep(code: Code) -> Option<&'static str> {
    let georep = matches!(
        code,
        Code::GeorepNotHealthy | Code::GeorepNotStopped | Code::GeorepConfigChanged | Code::GeorepUnproven
    );
    georep.then_some("gluster volume geo-replication status detail")
}

fn of_pool(code: Code) -> &'static str {
    match code {
        Code::OpVersionDiffers
        | Code::OpVersionNotRaised
        | Code::OpVersionLow
        | Code::OpVersionChanged
        | Code::OpVersionUnsupported => {
            "gluster volume get all cluster.op-version; grep operating /var/lib/glusterd/glusterd.info"
        }
        Code::ConfigChanged => {
            "gluster volume info; gluster peer status; tail /var/log/glusterfs/cmd_history.log"
        }
        // Whatever it is, that is where it shows.
        _ => "gluster peer status; gluster volume status",
    }
}

fn of_volume(code: Code, volume: &VolumeName) -> String {
    match code {
        Code::HealPending | Code::HealStale | Code::SplitBrain => {
            format!("gluster volume heal {volume} info")
        }
        Code::ClientMissesBrick | Code::ClientGone | Code::ClientConnected | Code::ClientTooOld => {
            format!("gluster volume status {volume} clients")
        }
        Code::TaskRunning => format!("gluster volume status {volume} tasks"),
        Code::StoredVolumesDiffer => {
            format!("cksum /var/lib/glusterd/vols/{volume}/info   (compare all servers)")
        }
        Code::ConfigChanged => {
            format!("gluster volume info {volume}; tail /var/log/glusterfs/cmd_history.log")
        }
        Code::BrickOffline
        | Code::BrickRestarted
        | Code::SelfHealDaemonDown
        | Code::ClientQuorum
        | Code::ServerQuorum => format!("gluster volume status {volume}"),
        // Of kind, options or state: its definition has it.
        _ => format!("gluster volume info {volume}"),
    }
}

/// The command on a host that shows what a finding of this code is about.
fn of_host(code: Code) -> Option<&'static str> {
    match code {
        Code::StillRunning | Code::RunsOldCode | Code::GlusterdRunning | Code::OldLibrary => {
            Some("pgrep -a gluster")
        }
        Code::PeerDisconnected | Code::PeerRejected | Code::PeerNotInInventory | Code::HostNotInPool => {
            Some("gluster peer status; tail -n 50 /var/log/glusterfs/glusterd.log")
        }
        Code::StoredVolumesDiffer | Code::StoredFilesBroken => {
            Some("cksum /var/lib/glusterd/vols/*/info   (compare all servers)")
        }
        Code::NotAtRelease | Code::MixedReleases | Code::PackagesMixed | Code::PackagesBroken => {
            Some("gluster --version; (dpkg -l || rpm -qa) | grep -i gluster")
        }
        Code::PackagesHalfInstalled => Some("dpkg --audit || rpm -Va | head"),
        Code::PackageManagerBusy => Some("pgrep -a 'apt|dpkg|dnf|yum|rpm|zypper'"),
        Code::BrickOffline | Code::BrickRestarted => Some("tail -n 50 /var/log/glusterfs/bricks/*.log"),
        Code::BrickFull | Code::BrickReadOnly | Code::BrickDirectory | Code::SpaceLow => {
            Some("df -h; dmesg | tail -n 30")
        }
        Code::UpgradeClaimed => Some("cat /var/lib/gluster-upgrade/claim.json"),
        Code::MountBusy | Code::MountNotRepeatable => Some("grep glusterfs /proc/mounts"),
        Code::ClockSkew => Some("date; timedatectl"),
        Code::SnapshotRunning => Some("gluster snapshot info"),
        Code::GlusterdDown | Code::GlusterdRestarted | Code::NotObserved => {
            Some("systemctl status glusterd; tail -n 50 /var/log/glusterfs/glusterd.log")
        }
        // What is found before a run begins names its file or package itself.
        _ => None,
    }
}

fn of_action(action: &Action) -> Vec<String> {
    let on = |host: &dyn std::fmt::Display, command: &str| vec![format!("on {host}:  {command}")];
    match action {
        Action::StopGlusterd { host }
        | Action::StartGlusterd { host }
        | Action::StopGluster { host }
        | Action::StartGluster { host } => {
            on(host, "pgrep -a gluster; tail -n 50 /var/log/glusterfs/glusterd.log")
        }
        Action::DropNfsLines { host } => on(host, "grep -l ^nfs /var/lib/glusterd/vols/*/info"),
        Action::Fetch { host, .. } | Action::Install { host, .. } | Action::InstallBy { host, .. } => {
            let still = "pgrep -a 'apt|dpkg|dnf|yum|rpm|zypper'   (does an install still run?)";
            [on(host, still), on(host, "gluster --version; (dpkg -l || rpm -qa) | grep -i gluster")].concat()
        }
        Action::ConvertChangelogs { host, .. } | Action::CloseChangelogs { host, .. } => {
            on(host, "ls -l BRICK/.glusterfs/changelogs   (BRICK: each of those named above)")
        }
        Action::StopApplication { host, application } | Action::StartApplication { host, application } => {
            on(host, &format!("see whether {application} runs, and its log"))
        }
        Action::Unmount { host, .. } | Action::Mount { host, .. } | Action::ProveMount { host, .. } => {
            on(host, "grep glusterfs /proc/mounts; tail -n 50 /var/log/glusterfs/*.log")
        }
        Action::ProveVolumes { host, .. } => {
            on(host, "tail -n 50 /var/log/glusterfs/*.log; gluster volume status")
        }
        Action::Heal { via, .. } => {
            on(via, "gluster volume status; tail -n 50 /var/log/glusterfs/glustershd.log")
        }
        Action::StopVolume { via, volume } | Action::StartVolume { via, volume } => {
            on(via, &format!("gluster volume info {volume}; tail -n 50 /var/log/glusterfs/glusterd.log"))
        }
        Action::StopReplication { via, .. }
        | Action::StartReplication { via, .. }
        | Action::ProveReplication { via, .. } => on(via, "gluster volume geo-replication status detail"),
        Action::RaiseOpVersion { via, .. } => on(via, "gluster volume get all cluster.op-version"),
        Action::Together { actions } => actions.iter().flat_map(of_action).collect(),
    }
}
