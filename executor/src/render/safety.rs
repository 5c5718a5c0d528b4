//! How the pool stands where a run stops: what is safe and what is not, by its place in the plan and by what was found.

use crate::core::event::GateKind;
use crate::core::finding::{Code, Finding, Subject};
use crate::core::names::{HostName, VolumeName};
use crate::core::pause::may_pause_before;
use crate::core::plan::{Action, Direction, StageKind, Step};
use crate::core::resume::Progress;

/// Said where no server is out because of the run.
const SERVED: &str = "clients go on reading and writing";

/// Said where one is.
const CARRIED: &str = "the other servers carry its data: clients go on reading and writing";

/// Said at the finish.
const ALL_SERVE: &str = "every server runs the target release and serves";

/// How the pool stands by the place in the plan, and by what was found there: what a run has done is not all that may be wrong.
pub(super) fn stands(progress: &Progress, here: u32, gate: GateKind, found: &[Finding]) -> Vec<String> {
    let lines = safety(progress, here, gate);
    let stage = progress.plan.stages.iter().find(|stage| stage.steps.iter().any(|step| step.id == here));
    let (host, in_downtime) = match stage.map(|stage| &stage.kind) {
        Some(StageKind::Turn(host)) => (Some(host), false),
        Some(StageKind::Downtime) => (None, true),
        _ => (None, false),
    };
    // Within a downtime nobody is served by right.
    if in_downtime || !found.iter().any(|finding| hurts(finding, host)) {
        return lines;
    }
    let untrue = |line: &String| [SERVED, CARRIED, ALL_SERVE].contains(&line.as_str());
    let is_out = lines.iter().any(|line| line == CARRIED);
    let mut told = vec![
        "MORE IS NOT WELL than this run took out, see above: clients may be cut off from a part of the data"
            .into(),
    ];
    if let Some(host) = host.filter(|_| is_out) {
        told.push(format!(
            "what serves soonest comes first: the other server, or {host}, by starting glusterd there where its packages are \
             whole; going on looks what was done"
        ));
    }
    told.extend(lines.into_iter().filter(|line| !untrue(line)));
    told
}

/// Whether a finding says that data is served by less than the run itself left, where it is `host`'s turn.
fn hurts(finding: &Finding, host: Option<&HostName>) -> bool {
    let Finding { code, subject, what, .. } = finding;
    let of_serving = matches!(
        code,
        Code::HostUnreachable
            | Code::GlusterdDown
            | Code::BrickOffline
            | Code::PeerDisconnected
            | Code::PeerRejected
            | Code::ClientQuorum
            | Code::ServerQuorum
    );
    let own = |host: &HostName| {
        let named = || what.split([' ', ':', ',']).any(|word| word == host.as_str());
        *subject == Subject::Host(host.clone()) || named()
    };
    of_serving && !host.is_some_and(own)
}

/// What is safe and what is not, from the place in the plan where the run stands.
pub(super) fn safety(progress: &Progress, here: u32, gate: GateKind) -> Vec<String> {
    let place =
        progress.plan.stages.iter().find_map(|stage| {
            stage.steps.iter().find(|step| step.id == here).map(|step| (&stage.kind, step))
        });
    let Some((kind, step)) = place else { return vec!["unknown: this step is not in the plan".into()] };
    let mut lines = safety_of(progress, kind, step, gate);
    let around = matches!(kind, StageKind::StopReplication | StageKind::StartReplication);
    if !around && replication_is_stopped(progress) {
        lines.push(
            "geo-replication is stopped: the secondary falls behind, and catches up once going on starts it"
                .into(),
        );
    }
    lines
}

/// Whether sessions that the run stopped are not started again.
fn replication_is_stopped(progress: &Progress) -> bool {
    let finished = || progress.plan.steps().filter(|step| progress.finished.contains(&step.id));
    let stopped = finished().filter(|step| matches!(step.action, Action::StopReplication { .. })).count();
    let started = finished().filter(|step| matches!(step.action, Action::StartReplication { .. })).count();
    stopped > started
}

fn safety_of(progress: &Progress, kind: &StageKind, step: &Step, gate: GateKind) -> Vec<String> {
    let untouched = matches!(gate, GateKind::Enter) && may_pause_before(&progress.plan, step.id);
    match kind {
        StageKind::Packages => vec![
            "no server was touched: packages are downloaded, nothing is installed yet".into(),
            SERVED.into(),
        ],
        StageKind::Prepare if untouched => vec![
            "no server was touched: packages may be downloaded, nothing is installed yet".into(),
            SERVED.into(),
        ],
        StageKind::Prepare => vec![
            "bricks were not stopped: mounted clients go on reading and writing".into(),
            "glusterd may be down on some servers: no new mount and no volume command works there".into(),
            "do not reboot a server and do not stop glusterfsd anywhere: with glusterd down, bricks do not \
             come back by themselves"
                .into(),
        ],
        StageKind::StopReplication => vec![
            "no server was touched: the pool serves as before".into(),
            "geo-replication may be stopped: the secondary falls behind, and catches up once it is started"
                .into(),
        ],
        StageKind::StartReplication => vec![
            "every server runs the target release and serves; the op-version is not raised yet".into(),
            "the secondary may lack what was written since geo-replication was stopped: do not rely on it"
                .into(),
        ],
        StageKind::Downtime => downtime_safety(progress, step, gate),
        StageKind::Turn(host) => turn_safety(progress.plan.direction, host.as_str(), step, gate),
        StageKind::Clients(hosts) => clients_safety(progress.plan.direction, hosts, step, gate, untouched),
        StageKind::Finish => finish_safety(step, gate),
    }
}

/// The pool itself is done: what is in trouble is one of its clients.
fn clients_safety(
    direction: Direction,
    hosts: &[HostName],
    step: &Step,
    gate: GateKind,
    untouched: bool,
) -> Vec<String> {
    let here: Vec<&str> = step.action.hosts().into_iter().map(HostName::as_str).collect();
    let others: Vec<&str> =
        hosts.iter().map(HostName::as_str).filter(|other| !here.contains(other)).collect();
    let here = here.join(", ");
    let mut lines = vec![
        match direction {
            Direction::Up => {
                "the pool itself is fine as far as this run goes: every server runs the target release and serves"
            }
            Direction::Back => "the pool itself is fine as far as this run goes: every server serves",
        }
        .into(),
        "all other clients go on reading and writing".into(),
        match gate {
            GateKind::Enter if untouched => format!("{here} was not touched yet"),
            GateKind::Enter => format!("{here}: what earlier steps put aside there is still away"),
            GateKind::Reenter | GateKind::Leave => {
                format!("{here} may be without its volumes, or without a part of what uses them")
            }
        },
    ];
    if !others.is_empty() && !untouched {
        let line = format!("the same may be so of the clients in the same stage: {}", others.join(", "));
        lines.push(line);
    }
    lines
}

fn finish_safety(step: &Step, gate: GateKind) -> Vec<String> {
    let may_be_raised =
        matches!(step.action, Action::RaiseOpVersion { .. }) && matches!(gate, GateKind::Leave);
    let raised = if may_be_raised {
        "the op-version may be raised already; it cannot be lowered"
    } else {
        "the op-version is not raised yet"
    };
    vec![ALL_SERVE.into(), raised.to_owned()]
}

/// Whether all was back and well when the step began, which only writes a file and reads it.
fn only_proves(step: &Step) -> bool {
    matches!(step.action, Action::ProveVolumes { .. })
}

fn turn_safety(direction: Direction, host: &str, step: &Step, gate: GateKind) -> Vec<String> {
    let untouched = matches!(step.action, Action::StopGluster { .. }) && matches!(gate, GateKind::Enter);
    if untouched {
        return vec![
            format!("{host} was not touched in this turn; no server is out because of this run"),
            SERVED.into(),
        ];
    }
    let returning = matches!(step.action, Action::Heal { .. } | Action::StartGluster { .. })
        && matches!(gate, GateKind::Leave);
    let changed = match direction {
        Direction::Up => "was upgraded",
        Direction::Back => "has the old release again",
    };
    let state = if only_proves(step) {
        format!(
            "{host} {changed}, is back, and nothing was left to heal; what it had put aside is still away"
        )
    } else if returning {
        format!("{host} {changed} and was started, and counts as out until this gate passes")
    } else {
        format!("{host} is out, or half out")
    };
    vec![
        state,
        CARRIED.into(),
        "do not stop, restart or reboot any other server, nor its glusterd, before this is mended".into(),
    ]
}

/// Returns whether volumes that the run stopped, or may have, are not started again.
pub fn in_downtime(progress: &Progress) -> bool {
    let begun = |step: &&Step| progress.finished.contains(&step.id) || progress.in_doubt == Some(step.id);
    let stopped = progress.plan.steps().filter(begun).filter_map(|step| step.action.stops()).count();
    let finished = |step: &&Step| progress.finished.contains(&step.id);
    let started = progress.plan.steps().filter(finished).filter_map(|step| step.action.starts()).count();
    stopped > started
}

/// What holds within a downtime, by how many volumes are stopped, and how many are started again.
fn downtime_safety(progress: &Progress, here: &Step, gate: GateKind) -> Vec<String> {
    let finished = |step: &&Step| progress.finished.contains(&step.id);
    let names = |volumes: Vec<&VolumeName>| -> String {
        volumes.iter().map(|volume| volume.as_str()).collect::<Vec<_>>().join(", ")
    };
    let all = progress.plan.stopped_volumes();
    let stopped: Vec<&VolumeName> =
        progress.plan.steps().filter(finished).filter_map(|step| step.action.stops()).collect();
    let started: Vec<&VolumeName> =
        progress.plan.steps().filter(finished).filter_map(|step| step.action.starts()).collect();
    if only_proves(here) {
        return vec![
            "every volume is started again, and what servers had put aside is back".into(),
            "whether a client that mounts now is served is not proved; let none in before it is".into(),
        ];
    }
    if all.is_empty() {
        return vec!["no volume was started when the run began: nobody misses anything".into()];
    }
    if stopped.is_empty() && here.action.stops().is_none() {
        return vec![
            "NO VOLUME IS STOPPED YET: all are served; clients that steps above took away are away".into(),
            "packages are downloaded on every server, none is installed".into(),
        ];
    }
    if let Some(volume) = here.action.stops() {
        let untouched = stopped.is_empty() && matches!(gate, GateKind::Enter);
        if untouched {
            return vec![
                "NO VOLUME IS STOPPED YET: all are served; clients that steps above took away are away"
                    .into(),
                "packages are downloaded on every server, none is installed".into(),
            ];
        }
        let served = all.iter().filter(|name| !stopped.contains(name) && **name != volume).copied().collect();
        return vec![
            format!("DOWNTIME: stopped: {}; {volume} is about to be, or is", or_none(&names(stopped))),
            format!("still served: {}", or_none(&names(served))),
            "nothing was replaced yet: `gluster volume start` brings a volume back on the old release".into(),
        ];
    }
    let waiting: Vec<&VolumeName> = all.iter().filter(|name| !started.contains(name)).copied().collect();
    let mut lines = vec![format!("DOWNTIME: not served: {}", names(waiting))];
    if !started.is_empty() {
        lines.push(format!("served again: {}", names(started)));
    }
    lines.push("nobody writes, so no data is at risk; a server may be rebooted while this is mended".into());
    lines.push(
        "start no volume by hand and let no client in: going on starts the volumes that were started before"
            .into(),
    );
    lines
}

fn or_none(names: &str) -> &str {
    if names.is_empty() { "none" } else { names }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::status_tests::came_to_g2;
    use super::*;
    use crate::core::event::Event;
    use crate::core::plan::Plan;

    fn at(plan: &Plan, is_it: fn(&Step) -> bool) -> u32 {
        plan.steps().find(|step| is_it(step)).unwrap().id
    }

    fn stops_g2(step: &Step) -> bool {
        matches!(&step.action, Action::StopGluster { host, .. } if host.as_str() == "g2")
    }

    fn raises(step: &Step) -> bool {
        matches!(step.action, Action::RaiseOpVersion { .. })
    }

    /// g2 is out by the run, and another server is not well.
    #[rstest]
    #[case::brick(Code::BrickOffline, "vol0", "g3:/bricks/vol0 is not online", true)]
    #[case::host(Code::HostUnreachable, "g3", "no route to host", true)]
    #[case::glusterd(Code::GlusterdDown, "g1", "glusterd does not run", true)]
    #[case::the_others_parted(Code::PeerDisconnected, "g1", "sees g3 disconnected", true)]
    #[case::itself(Code::HostUnreachable, "g2", "no route to host", false)]
    #[case::its_brick(Code::BrickOffline, "vol0", "g2:/bricks/vol0 is not online", false)]
    #[case::parted_from_it(Code::PeerDisconnected, "g3", "sees g2 disconnected", false)]
    #[case::nothing_that_serves_less(Code::StillRunning, "g2", "glusterfsd runs", false)]
    fn nobody_is_told_that_clients_go_on_where_more_is_out(
        #[case] code: Code,
        #[case] subject: &str,
        #[case] what: &str,
        #[case] hurts: bool,
    ) {
        let subject = match code {
            Code::BrickOffline => Subject::Volume(subject.parse().unwrap()),
            _ => Subject::Host(subject.parse().unwrap()),
        };
        let found = [Finding::seen(code, subject, what)];
        let progress = came_to_g2(|step| vec![Event::StepStarted { step }]);
        let step = at(&progress.plan, stops_g2);
        let text = stands(&progress, step, GateKind::Leave, &found).join("\n");
        assert_eq!(text.contains("MORE IS NOT WELL"), hurts, "{text}");
        assert_eq!(text.contains("clients go on"), !hurts, "{text}");
        assert_eq!(text.contains("or g2, by starting glusterd there"), hurts, "{text}");
        assert!(text.contains("g2 is out, or half out"), "{text}");
        // At the finish no server is out by the run.
        let finish = at(&progress.plan, raises);
        let text = stands(&progress, finish, GateKind::Enter, &found).join("\n");
        let serving = code != Code::StillRunning;
        assert_eq!(text.contains("every server runs the target release and serves"), !serving, "{text}");
        assert!(text.contains("the op-version is not raised yet"), "{text}");
    }
}
