//! May this server be stopped now? The gates' own question before a server is taken out, by itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::{Check, Fact, look_all, well};
use super::finding::{Code, Finding, Ground, Subject};
use super::names::HostName;
use super::pool::{BrickOf, PoolState, Volume, VolumeKind};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// All the others carry its data, and the pool is well.
    Yes,
    /// Something was seen that speaks against it.
    No,
    /// Nothing was seen that speaks against it, but not everything could be seen.
    CannotTell,
}

/// Returns the answer for a server, and every finding that speaks against it.
pub fn ok_to_stop(state: &PoolState, host: &HostName) -> (Answer, Vec<Finding>) {
    let mut findings: BTreeSet<Finding> = look_all(&questions(host), state).into_iter().collect();
    findings.extend(not_carried(state, host));
    let answer = match findings.iter().map(|finding| finding.ground).min() {
        None => Answer::Yes,
        // What was seen sorts before what could not be.
        Some(Ground::Seen) => Answer::No,
        Some(Ground::Unknown) => Answer::CannotTell,
    };
    (answer, findings.into_iter().collect())
}

/// Returns the checks of the gate in front of a stop.
pub fn questions(host: &HostName) -> Vec<Check> {
    let mut checks = vec![Check::Members];
    checks.extend(well());
    checks.extend([Check::NoTasks, Check::OthersCanCarry { host: host.clone() }]);
    checks
}

/// Returns the facts these ask for.
pub fn needs(host: &HostName) -> BTreeSet<Fact> {
    questions(host).iter().flat_map(Check::needs).copied().collect()
}

/// Sets of started volumes that lose more with this server than they can spare, where no copy elsewhere is
/// what carries on. An upgrade refuses such volumes as a whole; a stop alone may be fine for a dispersed one.
fn not_carried(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let uuid = state.uuid_of(host);
    let here = |brick: &&BrickOf| Some(&brick.peer) == uuid;
    let mut findings = Vec::new();
    for volume in volumes.values().map(|state| &state.volume).filter(|volume| volume.started) {
        let spare = match volume.kind {
            VolumeKind::Replicate { .. } => continue,
            VolumeKind::Disperse { redundancy, .. } => redundancy,
            VolumeKind::Distribute | VolumeKind::Other(_) => 0,
        };
        for (at, set) in volume.sets().into_iter().enumerate() {
            let lost: Vec<&BrickOf> = set.iter().filter(here).collect();
            if lost.len() > spare {
                findings.push(lost_set(volume, at, &lost, spare, host));
            }
        }
    }
    findings
}

fn lost_set(volume: &Volume, at: usize, lost: &[&BrickOf], spare: usize, host: &HostName) -> Finding {
    let bricks: Vec<String> = lost.iter().map(|brick| brick.brick.to_string()).collect();
    let what = format!(
        "set {} can spare {spare} bricks, and {host} has {} of it: {}",
        at + 1,
        lost.len(),
        bricks.join(", ")
    );
    Finding::seen(Code::VolumeNotReplicated, Subject::Volume(volume.name.clone()), what)
}

#[cfg(test)]
mod tests {
    use super::super::pool::{Observed, Reach, Unreachable};
    use super::super::sample::{change_host, change_volume, host, pool, replica_3, volume};
    use super::*;
    use rstest::rstest;

    fn codes(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.subject)).collect()
    }

    #[test]
    fn a_pool_that_is_well_can_spare_one_server() {
        assert_eq!(ok_to_stop(&replica_3(), &host(2)), (Answer::Yes, Vec::new()));
    }

    #[test]
    fn a_brick_down_elsewhere_says_no_and_which_volume() {
        let mut state = replica_3();
        change_volume(&mut state, "vol0", |volume| {
            volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
                bricks.values_mut().next().into_iter().for_each(|online| *online = false);
                bricks
            });
        });
        let (answer, findings) = ok_to_stop(&state, &host(2));
        assert_eq!((answer, codes(&findings)), (Answer::No, vec!["BRICK_OFFLINE vol0".to_owned()]));
        assert!(findings[0].what.contains("g1:/bricks/vol0"), "{findings:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_no_yes() {
        let mut state = replica_3();
        change_volume(&mut state, "vol0", |volume| volume.heal_pending = Observed::Unknown("busy".into()));
        let (answer, findings) = ok_to_stop(&state, &host(2));
        assert_eq!((answer, codes(&findings)), (Answer::CannotTell, vec!["HEAL_PENDING vol0".to_owned()]));
        // A server that does not answer was seen not to answer.
        change_host(&mut state, 3, |host| {
            host.reach = Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer".into() };
        });
        assert_eq!(ok_to_stop(&state, &host(2)).0, Answer::No);
    }

    #[rstest]
    #[case::distribute(VolumeKind::Distribute, 1, Answer::No)]
    #[case::distribute_elsewhere(VolumeKind::Distribute, 4, Answer::Yes)]
    #[case::disperse(VolumeKind::Disperse { disperse: 3, redundancy: 1 }, 1, Answer::Yes)]
    #[case::no_redundancy(VolumeKind::Disperse { disperse: 3, redundancy: 0 }, 1, Answer::No)]
    #[case::unknown_kind(VolumeKind::Other("Stripe".into()), 1, Answer::No)]
    fn every_kind_of_volume_has_its_own_spare(
        #[case] kind: VolumeKind,
        #[case] server: usize,
        #[case] expected: Answer,
    ) {
        let state = pool(4, "10.3", vec![volume("vol0", kind, &[1, 2, 3])], "11.1-6");
        let (answer, findings) = ok_to_stop(&state, &host(server));
        assert_eq!(answer, expected, "{findings:?}");
        if expected == Answer::No {
            assert_eq!(codes(&findings), ["VOLUME_NOT_REPLICATED vol0"]);
            assert!(findings[0].what.contains("set 1"), "{findings:?}");
        }
    }

    #[test]
    fn a_quorum_that_would_be_lost_says_no() {
        let kind = VolumeKind::Replicate { replica: 2 };
        let mut state = pool(2, "10.3", vec![volume("vol0", kind, &[1, 2])], "11.1-6");
        change_volume(&mut state, "vol0", |volume| {
            volume.volume.options.insert("cluster.quorum-type".into(), "auto".into());
        });
        assert_eq!(codes(&ok_to_stop(&state, &host(1)).1), ["CLIENT_QUORUM vol0"]);
        assert_eq!(ok_to_stop(&state, &host(2)).0, Answer::Yes, "the first brick is elsewhere");
    }
}
