//! `gluster volume heal …`: the backlog, split-brain, and the answer to a launched heal.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::xml::{Answer, all_words, no_output, quoted};
use crate::core::command::Output;
use crate::core::names::Brick;
use crate::core::pool::{HealEntries, Observed};
use crate::gluster::error::{Quote, ReplyError};

const ASKED_INFO: &str = "gluster volume heal VOLUME info";
const ASKED_SPLIT_BRAIN: &str = "gluster volume heal VOLUME info split-brain";
const ASKED_HEAL: &str = "gluster volume heal VOLUME";

/// Reads how many entries of each brick need healing. Entries that are only being written to are among them.
///
/// # Errors
/// See [`ReplyError`].
pub fn heal_pending(output: &Output) -> Result<BTreeMap<Brick, Observed<u64>>, ReplyError> {
    read_counts(ASKED_INFO, output)
}

/// What a brick has to heal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// How many entries.
    pub count: u64,
    /// Which ones. Unknown where they are too many to keep, or not as many as were counted.
    pub entries: Observed<HealEntries>,
}

/// How many entries of a brick are kept by name. A backlog that is longer is no question of single entries.
pub(super) const ENTRIES_KEPT: usize = 1000;

/// Reads what each brick has to heal, with the names of the entries.
///
/// # Errors
/// See [`ReplyError`].
pub fn heal_backlog(output: &Output) -> Result<BTreeMap<Brick, Observed<Backlog>>, ReplyError> {
    read_bricks(ASKED_INFO, output, |answer, brick| {
        let files = answer.children(brick, "file")?;
        Ok(read_count(answer, brick)?.map(|count| Backlog { count, entries: entries(count, &files) }))
    })
}

/// An entry that is listed in several of a brick's indices is one entry here, and counted each time.
fn entries(count: u64, files: &[Node<'_, '_>]) -> Observed<HealEntries> {
    let listed = files.len();
    if u64::try_from(listed) != Ok(count) {
        return Observed::Unknown(format!("{count} entries are counted and {listed} are listed"));
    }
    if listed > ENTRIES_KEPT {
        return Observed::Unknown(format!("more than {ENTRIES_KEPT} entries are listed"));
    }
    let entry = |file: &Node<'_, '_>| {
        let name = file.text().unwrap_or_default().trim().to_owned();
        // Every release from 3.8 to 11 whose replies were recorded gives it.
        let gfid = file.attribute("gfid").filter(|gfid| !gfid.is_empty());
        (gfid.map_or(name.clone(), str::to_owned), name)
    };
    Observed::Known(files.iter().map(entry).collect())
}

/// Reads how many entries of each brick are in split-brain. A brick that is down is unknown, not zero.
///
/// # Errors
/// See [`ReplyError`].
pub fn split_brain(output: &Output) -> Result<BTreeMap<Brick, Observed<u64>>, ReplyError> {
    read_counts(ASKED_SPLIT_BRAIN, output)
}

fn read_counts(asked: &'static str, output: &Output) -> Result<BTreeMap<Brick, Observed<u64>>, ReplyError> {
    read_bricks(asked, output, read_count)
}

fn read_bricks<T>(
    asked: &'static str,
    output: &Output,
    read: impl for<'a> Fn(&Answer<'a>, Node<'_, 'a>) -> Result<Observed<T>, ReplyError>,
) -> Result<BTreeMap<Brick, Observed<T>>, ReplyError> {
    let answer = Answer::read(asked, output)?;
    let list = answer.child(answer.child(answer.root(), "healInfo")?, "bricks")?;
    let elements = answer.children(list, "brick")?;
    if elements.is_empty() {
        // A volume that heals has bricks: no brick was asked, and nobody said why.
        return Err(answer.unreadable(list, "bricks", "none"));
    }
    let mut counts = BTreeMap::new();
    for element in elements {
        let brick: Brick = answer.value(element, "name", "a brick")?;
        if counts.insert(brick, read(&answer, element)?).is_some() {
            return Err(answer.unreadable(element, "each brick once", "another one"));
        }
    }
    Ok(counts)
}

/// A brick that answered in full has the one status `Connected` and a number. One that is down has the words
/// of the error and `-`; one that failed midway has `Failed to process entries completely …` as its status
/// and no number (`glfsh_print_xml_heal_op_status` in glfs-heal.c, 3.7 to 11).
fn read_count<'a>(answer: &Answer<'a>, brick: Node<'_, 'a>) -> Result<Observed<u64>, ReplyError> {
    let statuses = answer.children(brick, "status")?;
    let words: Vec<&str> = statuses.iter().map(|status| status.text().unwrap_or_default().trim()).collect();
    let number = answer.optional(brick, "numberOfEntries")?;
    let text = number.and_then(|number| number.text()).unwrap_or_default().trim();
    if words != ["Connected"] {
        let said = Quote::new(&words.join("; ")).to_string();
        return Ok(Observed::Unknown(format!("the brick's status is: {said}")));
    }
    match (number, text) {
        (None, _) => Ok(Observed::Unknown("the brick gave no number of entries".to_owned())),
        (Some(_), "-") => Ok(Observed::Unknown("the brick's number of entries is `-`".to_owned())),
        (Some(number), text) if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() => {
            Err(answer.unreadable(number, "a number of entries or `-`", quoted(text)))
        }
        (Some(number), text) => match text.parse() {
            Ok(count) => Ok(Observed::Known(count)),
            Err(_) => Err(answer.unreadable(number, "a number of entries or `-`", quoted(text))),
        },
    }
}

/// Reads the answer to a launched heal, which is text. Success says that the self-heal daemons took the
/// order, not that anything was healed.
///
/// # Errors
/// See [`ReplyError`]; [`ReplyError::NotYet`] as long as a brick or a self-heal daemon is not there.
pub fn heal_launched(output: &Output) -> Result<(), ReplyError> {
    if output.stdout.trim().is_empty() {
        return Err(no_output(ASKED_HEAL, output));
    }
    // "Launching heal operation to perform index self heal on volume rep has been successful" (cli-rpc-ops.c,
    // 3.7 to 11); "unsuccessful" goes to stderr, but its letters contain the other word.
    if output.status == 0 && output.stdout.contains(" has been successful") {
        return Ok(());
    }
    Err(match ReplyError::from_words(ASKED_HEAL, output.status, None, &all_words(output)) {
        ReplyError::Refused { asked, status: 0, said, .. } => ReplyError::Unreadable {
            asked,
            expected: "`has been successful`".to_owned(),
            found: "other words".to_owned(),
            at: None,
            reply: said,
        },
        refusal => refusal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(bricks: &str) -> Result<BTreeMap<Brick, Observed<u64>>, ReplyError> {
        let stdout = format!(
            "<cliOutput><healInfo><bricks>{bricks}</bricks></healInfo>\
             <opRet>0</opRet><opErrno>0</opErrno><opErrstr/></cliOutput>"
        );
        heal_pending(&Output { stdout, ..Output::default() })
    }

    fn brick(inner: &str) -> String {
        format!("<brick hostUuid=\"-\"><name>g1:/b</name>{inner}</brick>")
    }

    #[rstest]
    #[case::none("<status>Connected</status><numberOfEntries>0</numberOfEntries>", Some(0))]
    #[case::some(
        "<file gfid=\"0\">/a</file><status>Connected</status><numberOfEntries>1</numberOfEntries>",
        Some(1)
    )]
    #[case::down(
        "<status>Transport endpoint is not connected</status><numberOfEntries>-</numberOfEntries>",
        None
    )]
    #[case::down_with_a_number(
        "<status>Transport endpoint is not connected</status><numberOfEntries>0</numberOfEntries>",
        None
    )]
    #[case::midway("<status>Failed to process entries completely. (Input/output error) 3</status>", None)]
    #[case::midway_after_all(
        "<status>Connected</status><status>Failed to process entries completely. (x) 3</status>",
        None
    )]
    #[case::no_status("<numberOfEntries>0</numberOfEntries>", None)]
    #[case::no_number("<status>Connected</status>", None)]
    #[case::a_dash("<status>Connected</status><numberOfEntries>-</numberOfEntries>", None)]
    fn only_a_connected_brick_has_a_known_number(#[case] inner: &str, #[case] count: Option<u64>) {
        let counts = read(&brick(inner)).unwrap();
        match (&counts[&"g1:/b".parse().unwrap()], count) {
            (Observed::Known(found), Some(count)) => assert_eq!(*found, count),
            (Observed::Unknown(reason), None) => assert!(reason.starts_with("the brick"), "{reason}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    fn listed(files: &str, count: usize) -> Observed<HealEntries> {
        let inner = format!("{files}<status>Connected</status><numberOfEntries>{count}</numberOfEntries>");
        let stdout = format!(
            "<cliOutput><healInfo><bricks>{}</bricks></healInfo>\
             <opRet>0</opRet><opErrno>0</opErrno><opErrstr/></cliOutput>",
            brick(&inner)
        );
        let backlog = heal_backlog(&Output { stdout, ..Output::default() }).unwrap();
        let backlog = backlog[&"g1:/b".parse().unwrap()].known().unwrap().clone();
        assert_eq!(backlog.count, count as u64);
        backlog.entries
    }

    #[test]
    fn entries_are_told_by_gfid_where_there_is_one() {
        let files =
            "<file gfid=\"a1\">/dir/a b</file><file>/bare</file><file gfid=\"c3\">&lt;gfid:c3&gt;</file>";
        let expected = [("a1", "/dir/a b"), ("/bare", "/bare"), ("c3", "<gfid:c3>")];
        let expected = expected.map(|(gfid, name)| (gfid.to_owned(), name.to_owned()));
        assert_eq!(listed(files, 3), Observed::Known(expected.into()));
    }

    #[test]
    fn a_list_that_is_not_whole_is_unknown() {
        let file = |n: usize| format!("<file gfid=\"{n}\">/f{n}</file>");
        let files = |count: usize| (0..count).map(file).collect::<String>();
        assert!(matches!(listed(&files(2), 3), Observed::Unknown(reason) if reason.contains("2 are listed")));
        assert!(matches!(listed(&files(1000), 1000), Observed::Known(_)));
        assert!(matches!(listed(&files(1001), 1001), Observed::Unknown(_)));
    }

    #[rstest]
    #[case::no_bricks("")]
    #[case::twice(&brick("<status>Connected</status><numberOfEntries>0</numberOfEntries>").repeat(2))]
    #[case::negative(&brick("<status>Connected</status><numberOfEntries>-1</numberOfEntries>"))]
    #[case::signed(&brick("<status>Connected</status><numberOfEntries>+1</numberOfEntries>"))]
    #[case::empty(&brick("<status>Connected</status><numberOfEntries/>"))]
    #[case::too_many(&brick("<status>Connected</status><numberOfEntries>99999999999999999999</numberOfEntries>"))]
    #[case::no_name("<brick><name>-:-</name><status>Connected</status></brick>")]
    fn what_is_no_count_is_unreadable(#[case] bricks: &str) {
        assert!(matches!(read(bricks), Err(ReplyError::Unreadable { at: Some(_), .. })));
    }

    const LAUNCHING: &str = "Launching heal operation to perform index self heal on volume rep";

    #[rstest]
    #[case::success(0, " has been successful \nUse heal info commands to check status.\n", "", "ok")]
    #[case::bricks_down(
        1,
        "",
        " has been unsuccessful on bricks that are down. Please check if all brick processes are running.",
        "not yet"
    )]
    #[case::no_daemon(
        1,
        "",
        " has been unsuccessful:\nSelf-heal daemon is not running. Check self-heal daemon log file.",
        "not yet"
    )]
    #[case::brick_op(
        1,
        "",
        " has been unsuccessful:\nGlusterd Syncop Mgmt brick op 'Heal' failed. Please check glustershd log file for details.",
        "not yet"
    )]
    #[case::locked(
        1,
        "",
        " has been unsuccessful:\nAnother transaction is in progress for rep. Please try again after some time.",
        "busy"
    )]
    #[case::stopped(1, "", " has been unsuccessful:\nVolume rep is not started.", "refused")]
    #[case::contradiction(1, " has been successful \n", "", "refused")]
    #[case::unsuccessful_with_0(0, " has been unsuccessful\n", "", "unreadable")]
    fn a_heal_was_launched_only_if_gluster_says_so(
        #[case] status: i32,
        #[case] stdout: &str,
        #[case] stderr: &str,
        #[case] expected: &str,
    ) {
        let said = |words: &str| if words.is_empty() { String::new() } else { format!("{LAUNCHING}{words}") };
        let output = Output { status, stdout: said(stdout), stderr: said(stderr) };
        let found = match heal_launched(&output) {
            Ok(()) => "ok",
            Err(ReplyError::NotYet { .. }) => "not yet",
            Err(ReplyError::Busy { .. }) => "busy",
            Err(ReplyError::Refused { .. }) => "refused",
            Err(ReplyError::Unreadable { .. }) => "unreadable",
            Err(ReplyError::GlusterdDown { .. } | ReplyError::Silent { .. }) => "another",
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_failure_without_a_reason_is_silence() {
        let output = Output { status: 1, ..Output::default() };
        assert!(matches!(heal_launched(&output), Err(ReplyError::Silent { status: 1, .. })));
    }
}
