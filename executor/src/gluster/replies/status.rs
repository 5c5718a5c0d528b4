//! `gluster volume status all --xml`: processes and tasks.

use std::collections::BTreeMap;
use std::fmt;

use roxmltree::Node;

use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::core::names::{Brick, PeerUuid, VolumeName};
use crate::gluster::error::ReplyError;

const ASKED: &str = "gluster volume status all";
const ASKED_TASKS: &str = "gluster volume status all tasks";

/// The processes and tasks of a volume.
///
/// What a server runs is only here while its glusterd answers and takes part: a server that is down, and one
/// that is rejected, has no rows at all (recorded on 3.7.20 to 3.9.1). What is not here is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeStatus {
    /// Whether each brick is online.
    pub bricks_online: BTreeMap<Brick, bool>,
    /// Whether each self-heal daemon is online, by the UUID of its server.
    pub self_heal_daemons: BTreeMap<PeerUuid, bool>,
    /// All tasks, ended ones too.
    pub tasks: Vec<Task>,
}

/// A task of a volume. Displayed as `Rebalance: in progress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it does, in Gluster's words: `Rebalance`, `Remove brick`.
    pub kind: String,
    /// How far it is, in Gluster's words: `in progress`, `completed`.
    pub status: String,
}

impl Task {
    /// Returns whether it does nothing any more. Gluster lists a task until the next one takes its place,
    /// and a removal of bricks until it is committed or stopped.
    ///
    /// A removal that has moved all files is not over: its bricks are on their way out, and what is committed then decides
    /// where files are. So is one that failed.
    ///
    /// The words are those of `cli_vol_task_status_str` in cli-rpc-ops.c (the resets are new in 11). What is
    /// not in the list, `unknown` included, has not ended.
    pub fn ended(&self) -> bool {
        if self.kind == "Remove brick" && matches!(self.status.as_str(), "completed" | "failed") {
            return false;
        }
        matches!(
            self.status.as_str(),
            "stopped"
                | "completed"
                | "failed"
                | "fix-layout stopped"
                | "fix-layout completed"
                | "fix-layout failed"
                | "reset due to replace-brick"
                | "reset due to reset-brick"
        )
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, status } = self;
        write!(f, "{kind}: {status}")
    }
}

/// Reads the processes and tasks of the volumes.
///
/// Stopped volumes are not in the answer, and neither are started ones that could not be asked: with `all` the
/// CLI goes on to the next volume and says `opRet` 0 (`gf_cli_status_volume_all` in cli-rpc-ops.c, 3.7 to 11).
/// A started volume that is not here is unknown.
///
/// # Errors
/// See [`ReplyError`].
pub fn volume_status(output: &Output) -> Result<BTreeMap<VolumeName, VolumeStatus>, ReplyError> {
    by_volume(&Answer::read(ASKED, output)?, |answer, volume| {
        let mut status = VolumeStatus {
            bricks_online: BTreeMap::new(),
            self_heal_daemons: BTreeMap::new(),
            tasks: read_tasks(answer, volume)?,
        };
        for row in rows(answer, volume)? {
            let online = answer.flag(row, "status")?;
            let before = match process_of(answer, row)? {
                Process::Brick(brick) => status.bricks_online.insert(brick, online),
                Process::SelfHealDaemon(peer) => status.self_heal_daemons.insert(peer, online),
                Process::Other => None,
            };
            if before.is_some() {
                return Err(answer.unreadable(row, "one row for each process", "another one"));
            }
        }
        Ok(status)
    })
}

/// Reads the tasks of the volumes. For volumes that are not in the answer, see [`volume_status`].
///
/// # Errors
/// See [`ReplyError`].
pub fn tasks(output: &Output) -> Result<BTreeMap<VolumeName, Vec<Task>>, ReplyError> {
    by_volume(&Answer::read(ASKED_TASKS, output)?, read_tasks)
}

/// Reads something of each volume.
pub(super) fn by_volume<'a, T>(
    answer: &Answer<'a>,
    read: impl Fn(&Answer<'a>, Node<'_, 'a>) -> Result<T, ReplyError>,
) -> Result<BTreeMap<VolumeName, T>, ReplyError> {
    let list = answer.child(answer.child(answer.root(), "volStatus")?, "volumes")?;
    let mut volumes = BTreeMap::new();
    for volume in answer.children(list, "volume")? {
        let name: VolumeName = answer.value(volume, "volName", "a volume name")?;
        if volumes.insert(name.clone(), read(answer, volume)?).is_some() {
            return Err(answer.unreadable(volume, "each volume once", format!("{name} twice")));
        }
    }
    Ok(volumes)
}

/// What a row of a volume's status is about.
pub(super) enum Process {
    /// A brick.
    Brick(Brick),
    /// The self-heal daemon of a server.
    SelfHealDaemon(PeerUuid),
    /// A service that no data depends on while servers take turns: gNFS, quota, snapshots, bit rot.
    Other,
}

/// Returns a volume's rows, all of them.
pub(super) fn rows<'b, 'a>(
    answer: &Answer<'a>,
    volume: Node<'b, 'a>,
) -> Result<Vec<Node<'b, 'a>>, ReplyError> {
    counted_rows(answer, volume, |rows| rows.len())
}

/// Returns a volume's rows in the answer to a question that glusterd passes on to the bricks, `clients`.
///
/// The count is too high then: by one for each brick but the first on the asked server, whose answers are counted
/// once as they come in and once more with everybody's (recorded on 9.2, 10.3 and 11.1: 7 for 6 bricks, two of them on
/// the asked server). Which server that is the answer does not say: it is the one with the most at most.
pub(super) fn rows_of_bricks<'b, 'a>(
    answer: &Answer<'a>,
    volume: Node<'b, 'a>,
) -> Result<Vec<Node<'b, 'a>>, ReplyError> {
    counted_rows(answer, volume, |rows| {
        let mut by_server = BTreeMap::<_, usize>::new();
        for row in rows {
            let peer = row.children().find(|child| child.has_tag_name("peerid"));
            *by_server.entry(peer.and_then(|peer| peer.text())).or_default() += 1;
        }
        rows.len() + by_server.into_values().max().unwrap_or_default().saturating_sub(1)
    })
}

/// Returns a volume's rows; `most` tells how many these can stand for in its count.
fn counted_rows<'b, 'a>(
    answer: &Answer<'a>,
    volume: Node<'b, 'a>,
    most: impl Fn(&[Node<'b, 'a>]) -> usize,
) -> Result<Vec<Node<'b, 'a>>, ReplyError> {
    let mut rows = Vec::new();
    // A tiered volume has its bricks in two halves, which the CLI closes at a brick that may have no row
    // (cli-xml-output.c, 3.8): services can be in the second one.
    let halves = [answer.optional(volume, "hotBricks")?, answer.optional(volume, "coldBricks")?];
    let halves: Vec<_> = halves.into_iter().flatten().collect();
    if halves.is_empty() {
        rows.extend(answer.children(volume, "node")?);
    } else {
        rows.extend(volume.children().filter(|child| child.has_tag_name("node")));
    }
    for half in halves {
        rows.extend(answer.children(half, "node")?);
    }
    let count: usize = answer.value(volume, "nodeCount", "a number")?;
    if most(&rows) < count {
        return Err(answer.unreadable(volume, &format!("{count} rows"), rows.len()));
    }
    Ok(rows)
}

/// Bricks have their directory in `path`; services have their name in `hostname` and their server's in `path`
/// (`glusterd_add_node_to_dict` in glusterd-utils.c, 3.7 to 9, and glusterd-op-sm.c, 11).
pub(super) fn process_of<'a>(answer: &Answer<'a>, row: Node<'_, 'a>) -> Result<Process, ReplyError> {
    let (host, path) = (answer.text(row, "hostname")?, answer.text(row, "path")?);
    if path.starts_with('/') {
        let brick = format!("{host}:{path}");
        let brick = brick.parse().map_err(|_| answer.unreadable(row, "a brick", quoted(&brick)))?;
        return Ok(Process::Brick(brick));
    }
    match host {
        "Self-heal Daemon" => Ok(Process::SelfHealDaemon(answer.value(row, "peerid", "a UUID")?)),
        "NFS Server" | "Quota Daemon" | "Snapshot Daemon" | "Bitrot Daemon" | "Scrubber Daemon" => {
            Ok(Process::Other)
        }
        other => Err(answer.unreadable(row, "a brick or a service of Gluster's", quoted(other))),
    }
}

fn read_tasks<'a>(answer: &Answer<'a>, volume: Node<'_, 'a>) -> Result<Vec<Task>, ReplyError> {
    let list = answer.child(volume, "tasks")?;
    answer
        .children(list, "task")?
        .into_iter()
        .map(|task| {
            Ok(Task {
                kind: answer.text(task, "type")?.to_owned(),
                status: answer.text(task, "statusStr")?.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PEER: &str = "a9d5e646-0c61-4470-9460-aaaecb4f6811";

    fn reply(volumes: &str) -> Output {
        let head = "<?xml version=\"1.0\"?><cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/>";
        let stdout = format!("{head}<volStatus><volumes>{volumes}</volumes></volStatus></cliOutput>\n");
        Output { stdout, ..Output::default() }
    }

    fn row(host: &str, path: &str, status: &str) -> String {
        format!(
            "<node><hostname>{host}</hostname><path>{path}</path><peerid>{PEER}</peerid>\
             <status>{status}</status></node>"
        )
    }

    fn volume(name: &str, count: usize, inner: &str) -> String {
        format!("<volume><volName>{name}</volName><nodeCount>{count}</nodeCount>{inner}<tasks/></volume>")
    }

    #[test]
    fn rows_are_bricks_or_services() {
        let rows = row("fd00::7", "/b", "1")
            + &row("Self-heal Daemon", "localhost", "0")
            + &row("NFS Server", "g1", "0")
            + &row("g2", "/b", "0");
        let status = volume_status(&reply(&volume("v", 4, &rows))).unwrap();
        let status = &status[&"v".parse().unwrap()];
        let bricks: Vec<_> = status.bricks_online.iter().map(|(b, on)| format!("{b} {on}")).collect();
        assert_eq!(bricks, ["fd00::7:/b true", "g2:/b false"]);
        assert_eq!(status.self_heal_daemons, BTreeMap::from([(PEER.parse().unwrap(), false)]));
    }

    #[test]
    fn the_rows_of_a_tiered_volume_are_found_wherever_they_are() {
        let rows = format!(
            "<hotBricks>{}</hotBricks><coldBricks>{}{}</coldBricks>{}",
            row("g1", "/hot", "1"),
            row("g1", "/cold", "1"),
            row("NFS Server", "g1", "1"),
            row("Self-heal Daemon", "g1", "1")
        );
        let status = volume_status(&reply(&volume("v", 4, &rows))).unwrap();
        assert_eq!(status[&"v".parse().unwrap()].bricks_online.len(), 2);
        assert_eq!(status[&"v".parse().unwrap()].self_heal_daemons.len(), 1);
    }

    #[rstest]
    #[case::too_few_rows(volume("v", 2, &row("g1", "/b", "1")))]
    #[case::no_count("<volume><volName>v</volName><tasks/></volume>".to_owned())]
    #[case::no_tasks(volume("v", 0, "").replace("<tasks/>", ""))]
    #[case::odd_status(volume("v", 1, &row("g1", "/b", "-1")))]
    #[case::odd_service(volume("v", 1, &row("Coffee Daemon", "g1", "1")))]
    #[case::a_brick_twice(volume("v", 2, &(row("g1", "/b", "1") + &row("g1", "/b", "0"))))]
    #[case::a_daemon_twice(volume("v", 2, &row("Self-heal Daemon", "g1", "1").repeat(2)))]
    #[case::a_volume_twice(volume("v", 0, "").repeat(2))]
    #[case::a_volume_within(volume("v", 0, &volume("w", 0, "")))]
    #[case::odd_name(volume("v v", 0, ""))]
    fn what_is_missing_or_odd_is_noticed(#[case] volumes: String) {
        assert!(matches!(volume_status(&reply(&volumes)), Err(ReplyError::Unreadable { at: Some(_), .. })));
    }

    #[rstest]
    #[case("not started", false)]
    #[case("in progress", false)]
    #[case("fix-layout in progress", false)]
    #[case("unknown", false)]
    #[case("something new", false)]
    #[case("completed", true)]
    #[case("stopped", true)]
    #[case("failed", true)]
    #[case("fix-layout completed", true)]
    #[case("reset due to replace-brick", true)]
    fn a_task_has_ended_only_if_gluster_says_so(#[case] words: &str, #[case] ended: bool) {
        let task = format!("<task><type>Rebalance</type><statusStr>{words}</statusStr></task>");
        let volume = format!("<volume><volName>v</volName><tasks>{task}</tasks></volume>");
        let tasks = tasks(&reply(&volume)).unwrap();
        let task = &tasks[&"v".parse().unwrap()][0];
        assert_eq!((task.ended(), task.to_string()), (ended, format!("Rebalance: {words}")));
        let removal = Task { kind: "Remove brick".to_owned(), ..task.clone() };
        assert_eq!(removal.ended(), ended && !matches!(words, "completed" | "failed"));
    }
}
