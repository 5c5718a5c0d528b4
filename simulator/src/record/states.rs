//! The states: how each is reached, from the one before it, and what is asked in it.

use super::questions::{self as ask, Question};

/// The servers of the pool.
pub(super) const SERVERS: [&str; 3] = ["s1", "s2", "s3"];
/// Its client, which mounts every volume.
pub(super) const CLIENT: &str = "c1";
/// Nearly everything is asked here.
pub(super) const ASKED: &str = SERVERS[0];
/// Whatever happens to a brick happens on this one.
const SECOND: &str = SERVERS[1];
/// Whatever happens to a server happens to this one.
const THIRD: &str = SERVERS[2];

/// A state of a pool.
#[derive(Debug)]
pub(super) struct State {
    /// Its name, and that of its folder.
    pub(super) name: &'static str,
    /// What was done, in a line.
    pub(super) about: &'static str,
    /// How it is reached, asked in, and left again.
    pub(super) steps: &'static [Step],
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Asks these questions on a server, and keeps the answers.
    Ask(&'static str, &'static [Question]),
    /// Runs a command on a node that has to succeed; words and placeholders as in a [`Question`].
    Do(&'static str, &'static str),
    /// Runs a line of shell, for what has no argument vector: globs and pipes.
    Shell(&'static str, &'static str),
    /// Starts a command on a server that is expected to hang. It is waited for at [`Step::Finish`].
    Begin(&'static str, &'static str),
    /// Waits for what was begun. How it ended is of no matter.
    Finish,
    /// The client writes new files, synced, into each of these volumes.
    Write(&'static [&'static str]),
    /// Takes the power from a server.
    PowerOff(&'static str),
    /// Gives it back, and starts glusterd.
    PowerOn(&'static str),
    /// Stops glusterd on a server; its bricks go on.
    StopGlusterd(&'static str),
    /// Starts it again.
    StartGlusterd(&'static str),
    /// Waits until something holds.
    Wait(Until),
}

/// What is waited for. Seen from [`ASKED`], unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Every server sees every other one, and all bricks and self-heal daemons are online.
    AllOnline,
    /// A volume's status has so many rows, of bricks and daemons, and all of them are online.
    Rows(&'static str, usize),
    /// The same clients are on every brick of every volume.
    SameClients,
    /// A server is seen to be gone.
    PeerGone(&'static str),
    /// A server is rejected.
    PeerRejected(&'static str),
    /// The brick of a volume on a server is offline.
    BrickOffline(&'static str, &'static str),
    /// Every brick of these volumes answers and has nothing to heal.
    Healed(&'static [&'static str]),
    /// Of each of these volumes one brick does not answer, and all others have something to heal.
    Pending(&'static [&'static str]),
    /// The task of a volume has this status.
    Task(&'static str, &'static str),
    /// This command is answered with `Another transaction is in progress`.
    Busy(&'static str),
}

/// The volumes that heal, and are written to while a server is away.
const HEALING: &[&str] = &["arb", "ec", "rep"];
/// All volumes.
const VOLUMES: &[&str] = &["arb", "dist", "dr", "ec", "rep"];

/// States of a pool without volumes and clients.
pub(super) const BARE: &[State] = &[
    State { name: "fresh", about: "peers only, no volume yet", steps: &[Step::Ask(ASKED, ask::POOL)] },
    State {
        name: "raised",
        about: "the op-version of the line before in every glusterd.info, glusterds restarted, then raised",
        steps: &[
            Step::StopGlusterd(SERVERS[0]),
            Step::StopGlusterd(SERVERS[1]),
            Step::StopGlusterd(SERVERS[2]),
            Step::Do(SERVERS[0], LOWER),
            Step::Do(SERVERS[1], LOWER),
            Step::Do(SERVERS[2], LOWER),
            Step::StartGlusterd(SERVERS[0]),
            Step::StartGlusterd(SERVERS[1]),
            Step::StartGlusterd(SERVERS[2]),
            Step::Wait(Until::AllOnline),
            Step::Ask(ASKED, ask::RAISE),
        ],
    },
];

const LOWER: &str =
    "sed -i s/^operating-version=.*/operating-version={before}/ /var/lib/glusterd/glusterd.info";

/// States of a pool with volumes and a client, in an order in which each leaves what the next one needs.
pub(super) const FULL: &[State] = &[
    State {
        name: "healthy",
        about: "all volumes started, a client has written to each",
        steps: &[
            Step::Write(VOLUMES),
            Step::Wait(Until::AllOnline),
            Step::Wait(Until::SameClients),
            Step::Wait(Until::Healed(HEALING)),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
            Step::Ask(ASKED, ask::HEALTHY),
            Step::Ask(ASKED, ask::STORED),
        ],
    },
    State {
        name: "brick-killed",
        about: "the brick of `rep` on s2 killed, then a client wrote",
        steps: &[
            Step::Shell(SECOND, "kill -KILL $(cat /run/gluster/vols/rep/*-bricks-*.pid)"),
            Step::Wait(Until::BrickOffline("rep", SECOND)),
            Step::Write(HEALING),
            Step::Wait(Until::Pending(&["rep"])),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
            Step::Ask(ASKED, ask::LAUNCH),
        ],
    },
    State {
        name: "healed",
        about: "that brick started again, backlog empty",
        steps: &[
            Step::Do(ASKED, "gluster --mode=script volume start rep force"),
            Step::Wait(Until::AllOnline),
            Step::Wait(Until::SameClients),
            Step::Wait(Until::Healed(HEALING)),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
            Step::Ask(ASKED, ask::LAUNCH),
        ],
    },
    State {
        name: "node-down",
        about: "the power of s3 off, then a client wrote",
        steps: &[
            Step::PowerOff(THIRD),
            Step::Wait(Until::PeerGone(THIRD)),
            Step::Write(HEALING),
            Step::Wait(Until::Pending(HEALING)),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
            Step::Ask(ASKED, &[ask::GLUSTERD_INFO, ask::MAX_OP_VERSION, ask::ALL_CLIENTS]),
        ],
    },
    State {
        name: "node-back",
        about: "its power on and glusterd started, all healed",
        steps: &[
            Step::PowerOn(THIRD),
            Step::Wait(Until::AllOnline),
            Step::Wait(Until::SameClients),
            Step::Wait(Until::Healed(HEALING)),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
        ],
    },
    State {
        name: "glusterd-down",
        about: "asked on s3, whose glusterd is stopped; its bricks serve on",
        steps: &[
            Step::StopGlusterd(THIRD),
            Step::Ask(THIRD, ask::POOL),
            Step::Ask(THIRD, ask::GLUSTERD_DOWN),
            Step::StartGlusterd(THIRD),
            Step::Wait(Until::AllOnline),
        ],
    },
    State {
        name: "stopped",
        about: "the volume `ec` stopped",
        steps: &[
            Step::Do(ASKED, "gluster --mode=script volume stop ec"),
            Step::Ask(ASKED, ask::STOPPED),
            Step::Do(ASKED, "gluster --mode=script volume start ec"),
            Step::Wait(Until::AllOnline),
        ],
    },
    State {
        name: "tasks",
        about: "a rebalance of `dist` under way (held up by a frozen brick) and done; a removal of a brick done, not committed",
        steps: &[
            // A rebalance of a few files is over before it can be asked about.
            Step::Shell(THIRD, "kill -STOP $(cat /run/gluster/vols/dist/*-bricks-*.pid)"),
            Step::Do(ASKED, "gluster --mode=script volume rebalance dist start force"),
            Step::Wait(Until::Task("dist", "in progress")),
            Step::Ask(ASKED, ask::REBALANCING),
            Step::Shell(THIRD, "kill -CONT $(cat /run/gluster/vols/dist/*-bricks-*.pid)"),
            Step::Wait(Until::Task("dist", "completed")),
            Step::Ask(ASKED, ask::REBALANCED),
            Step::Do(ASKED, "gluster --mode=script volume remove-brick dist s3:/bricks/dist/1 start"),
            Step::Wait(Until::Task("dist", "completed")),
            Step::Ask(ASKED, ask::REMOVING),
            Step::Do(ASKED, "gluster --mode=script volume remove-brick dist s3:/bricks/dist/1 stop"),
        ],
    },
    State {
        name: "op-version",
        about: "op-versions that are refused: lower, the same, too high; and an option that does not exist",
        steps: &[Step::Ask(ASKED, ask::REFUSED_OP_VERSIONS)],
    },
    State {
        name: "errors",
        about: "a volume that does not exist, and one that has nothing to heal",
        steps: &[Step::Ask(ASKED, ask::ERRORS)],
    },
    State {
        name: "quota",
        about: "quota enabled on `rep`",
        steps: &[
            Step::Do(ASKED, "gluster --mode=script volume quota rep enable"),
            Step::Wait(Until::Rows("rep", 9)),
            Step::Ask(ASKED, ask::QUOTA),
            Step::Do(ASKED, "gluster --mode=script volume quota rep disable"),
            Step::Wait(Until::AllOnline),
        ],
    },
    State {
        name: "busy",
        about: "asked while another command holds the lock of `rep`, waiting for s3, whose glusterd is frozen",
        steps: &[
            Step::Do(THIRD, "pkill -STOP -x glusterd"),
            Step::Begin(SECOND, "gluster --mode=script volume set rep diagnostics.client-log-level INFO"),
            Step::Wait(Until::Busy("gluster --mode=script volume status rep --xml")),
            Step::Ask(ASKED, ask::BUSY),
            Step::Do(THIRD, "pkill -CONT -x glusterd"),
            Step::Finish,
            Step::Wait(Until::AllOnline),
        ],
    },
    State {
        name: "peer-rejected",
        about: "a line added to the stored volume `rep` of s3 while its glusterd was stopped, then started",
        steps: &[
            Step::StopGlusterd(THIRD),
            // One word of `sed`, whatever follows the `$a`.
            Step::Do(THIRD, "sed -i $adiagnostics.brick-log-level=DEBUG /var/lib/glusterd/vols/rep/info"),
            Step::StartGlusterd(THIRD),
            Step::Wait(Until::PeerRejected(THIRD)),
            Step::Ask(ASKED, ask::POOL),
            Step::Ask(ASKED, ask::VOLUMES),
            Step::Ask(ASKED, &[ask::GLUSTERD_INFO, ask::ALL_CLIENTS]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn questions(state: &State) -> Vec<&'static Question> {
        let asked = state.steps.iter().filter_map(|step| match step {
            Step::Ask(_, questions) => Some(questions.iter()),
            _ => None,
        });
        asked.flatten().collect()
    }

    #[test]
    fn every_state_has_a_name_of_its_own_and_asks_something() {
        let states: Vec<&State> = BARE.iter().chain(FULL).collect();
        let names: BTreeSet<_> = states.iter().map(|state| state.name).collect();
        assert_eq!(names.len(), states.len());
        assert!(states.iter().all(|state| !questions(state).is_empty()));
    }

    #[test]
    fn no_state_writes_a_file_twice() {
        for state in BARE.iter().chain(FULL) {
            let files: Vec<_> = questions(state).iter().map(|question| question.file).collect();
            let once: BTreeSet<_> = files.iter().collect();
            assert_eq!(once.len(), files.len(), "{}: {files:?}", state.name);
        }
    }

    #[test]
    fn only_text_is_asked_without_xml() {
        for question in BARE.iter().chain(FULL).flat_map(questions) {
            let xml = question.command.ends_with(" --xml");
            assert_eq!(xml, question.file.ends_with(".xml"), "{question:?}");
        }
    }
}
