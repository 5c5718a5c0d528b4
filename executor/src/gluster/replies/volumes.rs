//! `gluster volume info --xml`: the definitions of the volumes.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::core::pool::{BrickOf, Volume, VolumeKind, VolumeTransport};
use crate::gluster::error::ReplyError;

const ASKED: &str = "gluster volume info";

/// Reads the volumes, in Gluster's order.
///
/// # Errors
/// See [`ReplyError`].
pub fn volumes(output: &Output) -> Result<Vec<Volume>, ReplyError> {
    let answer = Answer::read(ASKED, output)?;
    let list = answer.child(answer.child(answer.root(), "volInfo")?, "volumes")?;
    let elements = answer.children(list, "volume")?;
    // The CLI counts what it printed; where it failed in the middle of a volume, the count is out of place.
    let count: usize = answer.value(list, "count", "a number")?;
    if count != elements.len() {
        return Err(answer.unreadable(list, &format!("{count} volumes"), elements.len()));
    }
    let volumes: Vec<Volume> =
        elements.into_iter().map(|element| read_volume(&answer, element)).collect::<Result<_, _>>()?;
    match volumes.iter().enumerate().find(|(at, volume)| volumes[..*at].iter().any(|v| v.name == volume.name))
    {
        Some((_, twice)) => Err(answer.unreadable(list, "each volume once", format!("{} twice", twice.name))),
        None => Ok(volumes),
    }
}

fn read_volume<'a>(answer: &Answer<'a>, volume: Node<'_, 'a>) -> Result<Volume, ReplyError> {
    let bricks = read_bricks(answer, volume)?;
    let kind = read_kind(answer, volume, bricks.len())?;
    Ok(Volume {
        name: answer.value(volume, "name", "a volume name")?,
        id: answer.value(volume, "id", "a UUID")?,
        transport: read_transport(answer, volume)?,
        // New in 3.8.
        snapshots: match answer.optional(volume, "snapshotCount")? {
            Some(_) => Some(answer.value(volume, "snapshotCount", "a number")?),
            None => None,
        },
        kind,
        // Created, Started, Stopped (`cli_vol_status_str` in cli-rpc-ops.c, 3.7 to 11).
        started: answer.text(volume, "statusStr")? == "Started",
        bricks,
        options: read_options(answer, volume)?,
    })
}

fn read_transport<'a>(answer: &Answer<'a>, volume: Node<'_, 'a>) -> Result<VolumeTransport, ReplyError> {
    match answer.text(volume, "transport")? {
        "0" => Ok(VolumeTransport::Tcp),
        "1" => Ok(VolumeTransport::Rdma),
        "2" => Ok(VolumeTransport::TcpRdma),
        other => Err(answer.unreadable(volume, "transport 0, 1 or 2", quoted(other))),
    }
}

/// The names are those of `cli_vol_type_str` in cli-rpc-ops.c (3.8), 3.7 to 11 alike; a tiered volume is
/// `Tier` whatever its halves are.
fn read_kind<'a>(answer: &Answer<'a>, volume: Node<'_, 'a>, bricks: usize) -> Result<VolumeKind, ReplyError> {
    let number = |name: &str| answer.value::<usize>(volume, name, "a number");
    let whole_sets = |size: usize| {
        // A set of one or none would make every question about the set's others pass.
        if size >= 2 && bricks > 0 && bricks.is_multiple_of(size) {
            Ok(())
        } else {
            Err(answer.unreadable(volume, "whole sets of bricks", format!("{bricks} bricks, {size} a set")))
        }
    };
    match answer.text(volume, "typeStr")? {
        "Distribute" => Ok(VolumeKind::Distribute),
        "Replicate" | "Distributed-Replicate" => {
            let replica = number("replicaCount")?;
            whole_sets(replica)?;
            Ok(VolumeKind::Replicate { replica })
        }
        "Disperse" | "Distributed-Disperse" => {
            let (disperse, redundancy) = (number("disperseCount")?, number("redundancyCount")?);
            whole_sets(disperse)?;
            if redundancy >= disperse {
                let found = format!("{redundancy} of {disperse}");
                return Err(answer.unreadable(volume, "less redundancy than bricks", found));
            }
            Ok(VolumeKind::Disperse { disperse, redundancy })
        }
        "" => Err(answer.unreadable(volume, "a type", "none")),
        other => Ok(VolumeKind::Other(other.to_owned())),
    }
}

fn read_bricks<'a>(answer: &Answer<'a>, volume: Node<'_, 'a>) -> Result<Vec<BrickOf>, ReplyError> {
    let list = answer.child(volume, "bricks")?;
    let mut elements = Vec::new();
    // A tiered volume has its bricks in two halves (cli-xml-output.c, 3.7 to 5).
    let halves = [answer.optional(list, "hotBricks")?, answer.optional(list, "coldBricks")?];
    let halves: Vec<_> = halves.into_iter().flatten().collect();
    if halves.is_empty() {
        elements.extend(answer.children(list, "brick")?);
    }
    for half in halves {
        elements.extend(answer.children(half, "brick")?);
    }
    let count: usize = answer.value(volume, "brickCount", "a number")?;
    if count != elements.len() {
        return Err(answer.unreadable(list, &format!("{count} bricks"), elements.len()));
    }
    elements
        .into_iter()
        .map(|element| {
            Ok(BrickOf {
                brick: answer.value(element, "name", "a brick")?,
                peer: answer.value(element, "hostUuid", "a UUID")?,
                // New in 3.7 with arbiters; an early 3.7 has neither.
                arbiter: answer.optional(element, "isArbiter")?.is_some()
                    && answer.flag(element, "isArbiter")?,
            })
        })
        .collect()
}

fn read_options<'a>(
    answer: &Answer<'a>,
    volume: Node<'_, 'a>,
) -> Result<BTreeMap<String, String>, ReplyError> {
    let mut options = BTreeMap::new();
    let list = answer.child(volume, "options")?;
    for option in answer.children(list, "option")? {
        let (name, value) = (answer.text(option, "name")?, answer.text(option, "value")?);
        if let Some(before) = options.insert(name.to_owned(), value.to_owned()).filter(|v| v != value) {
            let found = format!("{} and {}", quoted(&before), quoted(value));
            return Err(answer.unreadable(option, &format!("one value of {}", quoted(name)), found));
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PEER: &str = "a9d5e646-0c61-4470-9460-aaaecb4f6811";

    fn reply(volumes: &str, count: usize) -> Output {
        let head = "<?xml version=\"1.0\"?><cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/>";
        let stdout = format!(
            "{head}<volInfo><volumes>{volumes}<count>{count}</count></volumes></volInfo></cliOutput>\n"
        );
        Output { stdout, ..Output::default() }
    }

    fn volume(kind: &str, bricks: usize, counts: &str) -> String {
        let brick = |n: usize| {
            format!("<brick uuid=\"{PEER}\">g{n}:/b<name>g{n}:/b</name><hostUuid>{PEER}</hostUuid></brick>")
        };
        let all: String = (1..=bricks).map(brick).collect();
        format!(
            "<volume><name>v</name><id>{PEER}</id><transport>0</transport><statusStr>Started</statusStr><typeStr>{kind}</typeStr>{counts}\
             <brickCount>{bricks}</brickCount><bricks>{all}</bricks><options/></volume>"
        )
    }

    fn kind_of(kind: &str, bricks: usize, counts: &str) -> Result<VolumeKind, ReplyError> {
        volumes(&reply(&volume(kind, bricks, counts), 1)).map(|volumes| volumes[0].kind.clone())
    }

    #[rstest]
    #[case("Distribute", 3, "", VolumeKind::Distribute)]
    #[case("Replicate", 3, "<replicaCount>3</replicaCount>", VolumeKind::Replicate { replica: 3 })]
    #[case("Distributed-Replicate", 4, "<replicaCount>2</replicaCount>", VolumeKind::Replicate { replica: 2 })]
    #[case(
        "Distributed-Disperse", 6, "<disperseCount>3</disperseCount><redundancyCount>1</redundancyCount>",
        VolumeKind::Disperse { disperse: 3, redundancy: 1 }
    )]
    #[case("Striped-Replicate", 4, "<replicaCount>2</replicaCount>", VolumeKind::Other("Striped-Replicate".into()))]
    #[case("Tier", 4, "", VolumeKind::Other("Tier".into()))]
    fn kinds(#[case] kind: &str, #[case] bricks: usize, #[case] counts: &str, #[case] expected: VolumeKind) {
        assert_eq!(kind_of(kind, bricks, counts).unwrap(), expected);
    }

    #[rstest]
    #[case::no_count("Replicate", 3, "")]
    #[case::half_a_set("Distributed-Replicate", 3, "<replicaCount>2</replicaCount>")]
    #[case::sets_of_one("Replicate", 3, "<replicaCount>1</replicaCount>")]
    #[case::sets_of_none(
        "Disperse",
        3,
        "<disperseCount>0</disperseCount><redundancyCount>0</redundancyCount>"
    )]
    #[case::all_redundant(
        "Disperse",
        3,
        "<disperseCount>3</disperseCount><redundancyCount>3</redundancyCount>"
    )]
    #[case::no_bricks("Replicate", 0, "<replicaCount>3</replicaCount>")]
    #[case::no_kind("", 3, "")]
    fn a_layout_that_cannot_be_is_unreadable(
        #[case] kind: &str,
        #[case] bricks: usize,
        #[case] counts: &str,
    ) {
        assert!(matches!(kind_of(kind, bricks, counts), Err(ReplyError::Unreadable { .. })));
    }

    #[test]
    fn the_bricks_of_a_tiered_volume_are_found_in_both_halves() {
        let tiered = volume("Tier", 2, "")
            .replace("<bricks>", "<bricks><hotBricks>")
            .replace("</brick><brick", "</brick></hotBricks><coldBricks><brick")
            .replace("</bricks>", "</coldBricks></bricks>");
        let volumes = volumes(&reply(&tiered, 1)).unwrap();
        assert_eq!(volumes[0].bricks.len(), 2);
    }

    #[test]
    fn what_is_missing_or_there_twice_is_noticed() {
        let one = volume("Distribute", 2, "");
        assert_eq!(volumes(&reply("", 0)).unwrap(), []);
        for reply in [
            reply(&one, 2),
            reply(&one, 0),
            reply(&format!("{one}{one}"), 2),
            reply(&one.replace("<brickCount>2", "<brickCount>3"), 1),
            reply(&one.replace("<options/>", ""), 1),
            reply(&one.replace("<statusStr>Started</statusStr>", ""), 1),
            reply(&one.replace("<hostUuid>", "<hostUuid>x"), 1),
        ] {
            assert!(matches!(volumes(&reply), Err(ReplyError::Unreadable { .. })), "{}", reply.stdout);
        }
    }
}
