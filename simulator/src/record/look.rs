//! Judging an answer by what is waited for. Reads no more than that, and shares nothing with the executor's parsers.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

/// Says what is there instead of what was waited for.
type Judged = Result<(), String>;

/// Holds where a peer is known by this state, and connected or not.
pub(super) fn peer(xml: &str, name: &str, state: &str, connected: bool) -> Judged {
    let document = parse(xml)?;
    let peers = elements(document.root(), "peer");
    let peer = peers.into_iter().find(|peer| child(*peer, "hostname") == name);
    let peer = peer.ok_or_else(|| format!("no peer {name}"))?;
    let (found, is_connected) = (child(peer, "stateStr"), child(peer, "connected") == "1");
    if found == state && is_connected == connected {
        return Ok(());
    }
    Err(format!("{name}: {found}, {}", if is_connected { "connected" } else { "not connected" }))
}

/// Holds where the brick on this server is offline.
pub(super) fn brick_offline(xml: &str, server: &str) -> Judged {
    let document = parse(xml)?;
    let rows = elements(document.root(), "node");
    let brick = rows.into_iter().find(|row| child(*row, "hostname") == server);
    match brick.map(|brick| child(brick, "status")) {
        Some("0") => Ok(()),
        other => Err(format!("the brick on {server} has status {other:?}")),
    }
}

/// Holds where there are so many rows, and all of them are online.
pub(super) fn rows_online(xml: &str, rows: usize) -> Judged {
    let document = parse(xml)?;
    let statuses: Vec<_> =
        elements(document.root(), "node").into_iter().map(|row| child(row, "status").to_owned()).collect();
    if statuses.len() == rows && statuses.iter().all(|status| status == "1") {
        return Ok(());
    }
    Err(format!("statuses: {statuses:?}"))
}

/// Holds where every brick has the same clients, and there are some.
pub(super) fn same_clients(xml: &str) -> Judged {
    let document = parse(xml)?;
    let clients = |brick: &Node<'_, '_>| -> BTreeSet<String> {
        let names = elements(*brick, "client").into_iter().map(|client| child(client, "hostname").to_owned());
        names
            .map(|name| name.rsplit_once(':').map_or(name.clone(), |(address, _)| address.to_owned()))
            .collect()
    };
    let rows = elements(document.root(), "node");
    let sets: BTreeSet<_> =
        rows.iter().filter(|row| child(**row, "path").starts_with('/')).map(clients).collect();
    if sets.len() == 1 && sets.iter().all(|set| !set.is_empty()) {
        return Ok(());
    }
    Err(format!("clients on the bricks: {sets:?}"))
}

/// Holds where every brick answers and has nothing to heal.
pub(super) fn healed(xml: &str) -> Judged {
    let counts = counts(xml)?;
    if !counts.is_empty() && counts.iter().all(|count| *count == Some(0)) {
        return Ok(());
    }
    Err(format!("to heal: {counts:?}"))
}

/// Holds where one brick does not answer, and all others have something to heal.
pub(super) fn pending(xml: &str) -> Judged {
    let counts = counts(xml)?;
    let silent = counts.iter().filter(|count| count.is_none()).count();
    if silent == 1 && counts.len() > 1 && counts.iter().flatten().all(|count| *count > 0) {
        return Ok(());
    }
    Err(format!("to heal: {counts:?}"))
}

/// Holds where every task of the volume has this status, and there is one.
pub(super) fn task(xml: &str, volume: &str, status: &str) -> Judged {
    let document = parse(xml)?;
    let volumes = elements(document.root(), "volume");
    let volume = volumes.into_iter().find(|candidate| child(*candidate, "volName") == volume);
    let tasks: Vec<_> = volume.into_iter().flat_map(|volume| elements(volume, "task")).collect();
    let found: Vec<_> = tasks.into_iter().map(|task| child(task, "statusStr")).collect();
    if found == [status] { Ok(()) } else { Err(format!("tasks: {found:?}")) }
}

/// Returns how many entries each brick has to heal; nothing where it does not answer.
fn counts(xml: &str) -> Result<Vec<Option<u64>>, String> {
    let document = parse(xml)?;
    let bricks = elements(document.root(), "brick");
    Ok(bricks
        .into_iter()
        .map(|brick| match child(brick, "status") {
            "Connected" => child(brick, "numberOfEntries").parse().ok(),
            _ => None,
        })
        .collect())
}

fn parse(xml: &str) -> Result<Document<'_>, String> {
    Document::parse(xml.trim()).map_err(|_| xml.trim().to_owned())
}

fn elements<'a, 'b>(of: Node<'a, 'b>, name: &str) -> Vec<Node<'a, 'b>> {
    of.descendants().filter(|node| node.has_tag_name(name)).collect()
}

fn child<'a>(of: Node<'a, '_>, name: &str) -> &'a str {
    of.children().find(|child| child.has_tag_name(name)).and_then(|child| child.text()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DOWN: &str = "<brick><status>Transport endpoint is not connected</status><numberOfEntries>-</numberOfEntries></brick>";

    fn bricks(counts: &[u32]) -> String {
        let brick = |count| {
            format!("<brick><status>Connected</status><numberOfEntries>{count}</numberOfEntries></brick>")
        };
        counts.iter().map(brick).collect()
    }

    #[rstest]
    #[case::nothing(bricks(&[0, 0, 0]), true, false)]
    #[case::something(bricks(&[0, 1, 0]), false, false)]
    #[case::one_down(bricks(&[1, 2]) + DOWN, false, true)]
    #[case::one_down_and_not_all_know(bricks(&[1, 0]) + DOWN, false, false)]
    #[case::two_down(bricks(&[1]) + DOWN + DOWN, false, false)]
    #[case::no_bricks(String::new(), false, false)]
    fn heals(#[case] bricks: String, #[case] is_healed: bool, #[case] is_pending: bool) {
        let xml = format!("<cliOutput>{bricks}</cliOutput>");
        assert_eq!((healed(&xml).is_ok(), pending(&xml).is_ok()), (is_healed, is_pending));
    }

    #[test]
    fn text_in_place_of_xml_holds_nothing() {
        let text = "Connection failed. Please check if gluster daemon is operational.\n";
        assert_eq!(healed(text), Err(text.trim().to_owned()));
        assert!(task(text, "dist", "completed").is_err() && same_clients(text).is_err());
    }

    #[test]
    fn peers_and_bricks_are_told_apart() {
        let peers = "<p><peer><hostname>s3</hostname><connected>0</connected><stateStr>Peer in Cluster</stateStr></peer></p>";
        assert_eq!(peer(peers, "s3", "Peer in Cluster", false), Ok(()));
        assert!(peer(peers, "s3", "Peer in Cluster", true).is_err());
        assert!(peer(peers, "s2", "Peer in Cluster", false).is_err());
        let rows = "<v><node><hostname>s2</hostname><path>/b</path><status>0</status></node></v>";
        assert_eq!(brick_offline(rows, "s2"), Ok(()));
        assert!(brick_offline(rows, "s1").is_err());
        assert!(rows_online(rows, 1).is_err());
        assert_eq!(rows_online(&rows.replace(">0<", ">1<"), 1), Ok(()));
        assert!(rows_online(&rows.replace(">0<", ">1<"), 2).is_err());
    }

    #[test]
    fn clients_and_tasks() {
        let brick = |clients: &str| format!("<node><path>/b</path>{clients}</node>");
        let client = |name: &str| format!("<client><hostname>{name}</hostname></client>");
        let same = brick(&client("10.0.0.1:9")) + &brick(&client("10.0.0.1:8"));
        assert_eq!(same_clients(&format!("<v>{same}</v>")), Ok(()));
        assert!(same_clients(&format!("<v>{same}{}</v>", brick(""))).is_err());
        assert!(same_clients("<v/>").is_err());
        let tasks =
            "<v><volume><volName>dist</volName><task><statusStr>completed</statusStr></task></volume></v>";
        assert_eq!(task(tasks, "dist", "completed"), Ok(()));
        assert!(task(tasks, "dist", "in progress").is_err() && task(tasks, "rep", "completed").is_err());
    }
}
