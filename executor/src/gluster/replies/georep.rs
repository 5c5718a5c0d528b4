//! `gluster volume geo-replication … --xml`: sessions, their workers, their configuration.
//!
//! Elements are called `master_node`, `slave`, `session_slave` … up to 9 and `primary_node`, `secondary`,
//! `session_secondary` … from 10 on (`cli_xml_output_vol_gsync_status` in cli-xml-output.c at v3.7.20, v9.2 and
//! v10.3). During an upgrade the server that is asked may be of either kind, so both are read.

use std::collections::BTreeMap;

use roxmltree::Node;
use thiserror::Error;

use super::switch::Switched;
use super::xml::{Answer, all_words, quoted};
use crate::core::command::Output;
use crate::core::georep::{Secondary, Session, SessionName, SyncTools, Worker, WorkerStatus};
use crate::core::pool::Observed;
use crate::gluster::error::{Quote, ReplyError};

const ASKED_STATUS: &str = "gluster volume geo-replication status";
const ASKED_CONFIG: &str = "gluster volume geo-replication VOLUME HOST::VOLUME config";
const ASKED_TOOLS: &str = "the versions of Python and rsync";
const ASKED_CHANGE: &str = "gluster volume geo-replication VOLUME HOST::VOLUME start or stop";

/// Reads the sessions of a pool; their configuration is another question, unknown here.
///
/// # Errors
/// See [`ReplyError`]. A pool without sessions gives no XML at all, only `geo-replication command failed` and
/// exit status 2 (recorded on 10.3): [`no_sessions`] reads what the same question without `--xml` then says.
pub fn sessions(output: &Output) -> Result<Vec<Session>, ReplyError> {
    let answer = Answer::read(ASKED_STATUS, output)?;
    let report = answer.child(answer.root(), "geoRep")?;
    let mut found: Vec<Session> = Vec::new();
    for volume in answer.children(report, "volume")? {
        let primary = answer.value(volume, "name", "a volume")?;
        let list = answer.child(volume, "sessions")?;
        for session in answer.children(list, "session")? {
            found.push(read_session(&answer, &primary, session)?);
        }
    }
    if found.is_empty() {
        // A pool without sessions gives no XML: this one lost what it had to say.
        return Err(answer.unreadable(report, "sessions", "none"));
    }
    Ok(found)
}

fn read_session<'a>(
    answer: &Answer<'a>,
    primary: &crate::core::names::VolumeName,
    session: Node<'_, 'a>,
) -> Result<Session, ReplyError> {
    let mut workers = Vec::new();
    let mut ends: Vec<Secondary> = Vec::new();
    for pair in answer.children(session, "pair")? {
        let far: Secondary = {
            let text = either(answer, pair, "secondary", "slave")?;
            text.parse().map_err(|_| answer.unreadable(pair, "the session's far end", quoted(text)))?
        };
        let user = either(answer, pair, "secondary_user", "slave_user")?;
        let far = Secondary {
            user: far.user.or_else(|| Some(user.to_owned()).filter(|user| !is_nobody(user))),
            ..far
        };
        if !ends.contains(&far) {
            ends.push(far);
        }
        let crawl = answer.optional_text(pair, "crawl_status")?.unwrap_or_default();
        let uuid = match answer.optional_text(pair, "primary_node_uuid")? {
            Some(uuid) => Some(uuid),
            None => answer.optional_text(pair, "master_node_uuid")?,
        };
        workers.push(Worker {
            node: either(answer, pair, "primary_node", "master_node")?.to_owned(),
            peer: uuid.and_then(|uuid| uuid.parse().ok()),
            brick: either(answer, pair, "primary_brick", "master_brick")?.to_owned(),
            status: WorkerStatus::of(answer.text(pair, "status")?),
            crawl: Some(crawl.to_owned()).filter(|crawl| !is_nothing(crawl)),
        });
    }
    let [secondary] = &ends[..] else {
        return Err(answer.unreadable(session, "one far end for each session", ends.len()));
    };
    let name = SessionName { primary: primary.clone(), secondary: secondary.clone() };
    let config = Observed::Unknown("not asked in this look".to_owned());
    Ok(Session { name, workers, config })
}

fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "N/A" | "-")
}

fn is_nobody(user: &str) -> bool {
    is_nothing(user) || user == "root"
}

/// Returns the text of the element by its name of today, else by its name up to 9.
fn either<'b, 'a>(
    answer: &'b Answer<'a>,
    parent: Node<'b, 'a>,
    now: &str,
    before: &str,
) -> Result<&'b str, ReplyError> {
    match answer.optional_text(parent, now)? {
        Some(text) => Ok(text),
        None => answer.text(parent, before),
    }
}

/// Reads the answer to the status question put without `--xml`, which says by words that there is no session.
///
/// # Errors
/// See [`ReplyError`]: any other words are none of ours to read.
pub fn no_sessions(output: &Output) -> Result<(), ReplyError> {
    let words = all_words(output);
    // cli-rpc-ops.c, 3.7 to 11. The other: a server without the geo-replication package, whose CLI does not
    // know the command (`cli_cmd_check_gsync_exists_cbk` in cli-cmd-volume.c).
    let none = ["No active geo-replication sessions", "unrecognized word: geo-replication"];
    if none.iter().any(|none| words.contains(none)) {
        return Ok(());
    }
    Err(match ReplyError::from_words(ASKED_STATUS, output.status, None, &words) {
        ReplyError::Refused { asked, status: 0, said, .. } => ReplyError::Unreadable {
            asked,
            expected: "`No active geo-replication sessions`".to_owned(),
            found: "other words".to_owned(),
            at: None,
            reply: said,
        },
        refusal => refusal,
    })
}

/// Reads a session's configuration, by key, in the words of 10 and later.
///
/// # Errors
/// See [`ReplyError`].
pub fn session_config(output: &Output) -> Result<BTreeMap<String, String>, ReplyError> {
    let answer = Answer::read(ASKED_CONFIG, output)?;
    let list = answer.child(answer.child(answer.root(), "geoRep")?, "config")?;
    let mut config = BTreeMap::new();
    for element in list.children().filter(Node::is_element) {
        let key = key_of_today(element.tag_name().name());
        let value = element.text().unwrap_or_default().trim().to_owned();
        if config.insert(key, value).is_some() {
            return Err(answer.unreadable(element, "each key once", "another one"));
        }
    }
    if config.is_empty() {
        return Err(answer.unreadable(list, "keys of a configuration", "none"));
    }
    Ok(config)
}

/// 10 renamed the keys with master and slave in them (gsyncd.conf.in at v9.2 and v10.3); up to 4.0 keys had
/// dashes where there are underscores now, and the method was a switch, `use_tarssh` (gsyncd.py at v3.12.15).
fn key_of_today(key: &str) -> String {
    let key = key.replace('-', "_");
    key.replace("slave", "secondary").replace("master", "primary")
}

/// Reads the answer to starting or stopping a session, which is text.
///
/// # Errors
/// See [`ReplyError`].
pub fn session_changed(output: &Output) -> Result<Switched, ReplyError> {
    let words = all_words(output);
    // "Stopping geo-replication session between v & h::v has been successful" (cli-rpc-ops.c, 3.7 to 11).
    // One that was started already says so and fails; one that was stopped already succeeds (recorded on 10.3).
    if output.status == 0 && output.stdout.contains("has been successful") {
        return Ok(Switched::Now);
    }
    if words.contains("already started") {
        return Ok(Switched::Already);
    }
    Err(match ReplyError::from_words(ASKED_CHANGE, output.status, None, &words) {
        ReplyError::Refused { asked, status: 0, said, .. } => ReplyError::Unreadable {
            asked,
            expected: "`has been successful`".to_owned(),
            found: "other words".to_owned(),
            at: None,
            reply: Quote::new(&said.to_string()),
        },
        refusal => refusal,
    })
}

/// Reads what workers are run with on a server.
///
/// # Errors
/// See [`ReplyError`].
pub fn sync_tools(output: &Output) -> Result<SyncTools, ReplyError> {
    let unreadable = |expected: &str, found: &str| ReplyError::Unreadable {
        asked: ASKED_TOOLS,
        expected: expected.to_owned(),
        found: quoted(found),
        at: None,
        reply: Quote::new(&all_words(output)),
    };
    let mut tools = SyncTools::default();
    let mut receiving = None;
    let mut lines = output.stdout.lines();
    for line in lines.by_ref().take_while(|line| *line != "end") {
        match line.split_once(' ') {
            Some(("python3", version)) => tools.python3 = Some(version.to_owned()),
            Some(("python2", version)) => tools.python2 = Some(version.to_owned()),
            Some(("rsync", version)) => tools.rsync = Some(version.to_owned()),
            Some(("converter", path)) => tools.converter = Some(path.to_owned()),
            Some(("receiving", count)) => {
                receiving = Some(count.parse().map_err(|_| unreadable("a number", count))?);
            }
            Some(_) | None => return Err(unreadable("a tool and its version", line)),
        }
    }
    match receiving {
        Some(count) if output.status == 0 && output.stdout.ends_with("end\n") => {
            Ok(SyncTools { receiving: count, ..tools })
        }
        Some(_) | None => Err(unreadable("`end`", output.stdout.lines().last().unwrap_or_default())),
    }
}

/// Reads how the canary fared.
///
/// # Errors
/// [`CanaryError`], in words for an operator.
pub fn canary(output: &Output) -> Result<String, CanaryError> {
    let word =
        |line: &&str| ["arrived ", "lost: ", "unseen: ", "failed: "].iter().any(|w| line.starts_with(w));
    let said = output.stdout.lines().find(word).unwrap_or_default();
    match said.split_once(' ') {
        Some(("arrived", _)) if output.status == 0 => Ok(said.to_owned()),
        Some(("lost:", what)) => Err(CanaryError::Lost(what.to_owned())),
        Some(("unseen:", what)) => Err(CanaryError::Unseen(what.to_owned())),
        Some(_) | None => Err(CanaryError::Failed(Quote::new(&all_words(output)).to_string(), output.status)),
    }
}

/// Why it is not proved that a file arrives.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CanaryError {
    /// It does not.
    #[error("{0}")]
    Lost(String),
    /// The secondary volume cannot be mounted on the primary's server, so nobody saw.
    #[error("nobody could look: {0}")]
    Unseen(String),
    /// Something else.
    #[error("it could not be tried: {0} (exit status {1})")]
    Failed(String, i32),
}

/// Reads how the conversion of a brick's changelogs ended.
///
/// # Errors
/// See [`ReplyError`].
pub fn converted(output: &Output) -> Result<String, ReplyError> {
    let last = output.stdout.trim();
    if output.status == 0 && (last.starts_with("converted ") || last == "nothing to convert") {
        return Ok(last.to_owned());
    }
    Err(ReplyError::from_words("glusterfs-georep-upgrade.py BRICK", output.status, None, &all_words(output)))
}

/// Reads how the closing of bricks' changelogs ended: a line a brick.
///
/// # Errors
/// See [`ReplyError`]; also where only one of several bricks failed.
pub fn closed(output: &Output) -> Result<String, ReplyError> {
    let is_good = |line: &str| line.starts_with("closed CHANGELOG.") || line.starts_with("nothing open: ");
    if output.status == 0 && !output.stdout.is_empty() && output.stdout.lines().all(is_good) {
        return Ok(output.stdout.trim().to_owned());
    }
    Err(ReplyError::from_words("close the changelogs of BRICKS", output.status, None, &all_words(output)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::good(0, "closed CHANGELOG.1795531976: /b/1\nnothing open: /b/2\n", true)]
    #[case::one_failed(1, "closed CHANGELOG.1795531976: /b/1\nfailed: /b/2: no index\n", false)]
    #[case::said_nothing(0, "", false)]
    #[case::no_python(127, "", false)]
    fn changelogs_are_closed_on_every_brick_or_not(
        #[case] status: i32,
        #[case] stdout: &str,
        #[case] good: bool,
    ) {
        let output = Output { status, stdout: stdout.to_owned(), ..Output::default() };
        assert_eq!(closed(&output).is_ok(), good);
    }

    fn xml(report: &str) -> Output {
        let stdout =
            format!("<cliOutput><opRet>0</opRet><opErrno>0</opErrno><geoRep>{report}</geoRep></cliOutput>");
        Output { stdout, ..Output::default() }
    }

    /// As `cli_xml_output_vol_gsync_status` writes it, at v3.7.20 and v9.2 with the old words.
    fn status(near: &str, far: &str, user: &str) -> Output {
        xml(&format!(
            "<volume><name>vol0</name><sessions><session><session_{far}>u:ssh://l1::copy:u</session_{far}>\
             <pair><{near}_node>m1</{near}_node><{near}_brick>/b</{near}_brick><{far}_user>{user}</{far}_user>\
             <{far}>ssh://l1::copy</{far}><{far}_node>l1</{far}_node><status>Active</status>\
             <crawl_status>Changelog Crawl</crawl_status><entry>0</entry><data>0</data><meta>0</meta>\
             <failures>0</failures><checkpoint_completed>N/A</checkpoint_completed>\
             <{near}_node_uuid>00000000-0000-0000-0000-000000000001</{near}_node_uuid>\
             <last_synced>N/A</last_synced></pair></session></sessions></volume>"
        ))
    }

    #[test]
    fn both_dialects_say_the_same() {
        let old = sessions(&status("master", "slave", "root")).unwrap();
        assert_eq!(old, sessions(&status("primary", "secondary", "root")).unwrap());
        let [session] = &old[..] else { panic!("{old:?}") };
        assert_eq!(session.name.to_string(), "vol0 to l1::copy");
        assert_eq!(session.workers[0].crawl.as_deref(), Some("Changelog Crawl"));
        assert!(session.workers[0].peer.is_some());
        let other = sessions(&status("master", "slave", "geo")).unwrap();
        assert_eq!(other[0].name.secondary.to_string(), "geo@l1::copy");
    }

    #[rstest]
    #[case("<slave-timeout>120</slave-timeout>", "secondary_timeout", "120")]
    #[case("<slave_timeout>120</slave_timeout>", "secondary_timeout", "120")]
    #[case("<use-tarssh>true</use-tarssh>", "use_tarssh", "true")]
    #[case("<rsync_options/>", "rsync_options", "")]
    fn settings_go_by_the_words_of_today(#[case] element: &str, #[case] key: &str, #[case] value: &str) {
        let config = session_config(&xml(&format!("<config>{element}</config>"))).unwrap();
        assert_eq!(config.get(key).map(String::as_str), Some(value));
    }

    #[rstest]
    #[case::stopped(
        0,
        "Stopping geo-replication session between vol0 & l1::copy has been successful\n",
        "",
        true
    )]
    #[case::already(1, "", "geo-replication session between vol0 & l1::copy already started\n", true)]
    #[case::refused(1, "", "Staging failed on m2. Error: glusterd is down\n", false)]
    #[case::nothing(0, "", "", false)]
    fn starting_twice_is_as_good(
        #[case] status: i32,
        #[case] stdout: &str,
        #[case] stderr: &str,
        #[case] done: bool,
    ) {
        let output = Output { status, stdout: stdout.into(), stderr: stderr.into() };
        assert_eq!(session_changed(&output).is_ok(), done);
    }

    #[test]
    fn a_server_without_the_package_has_no_sessions() {
        let words = "unrecognized word: geo-replication (position 1)\n";
        assert_eq!(no_sessions(&Output { status: 1, stderr: words.into(), ..Output::default() }), Ok(()));
        let busy = "Another transaction is in progress. Please try again after some time.\n";
        assert!(no_sessions(&Output { status: 1, stderr: busy.into(), ..Output::default() }).is_err());
    }

    #[rstest]
    #[case::whole("python3 3.11.2\nrsync 3.5.0\nreceiving 0\nend\n", true)]
    #[case::cut("python3 3.11.2\nreceiving 0\n", false)]
    #[case::without_a_count("python3 3.11.2\nend\n", false)]
    fn tools_are_read_whole_or_not_at_all(#[case] stdout: &str, #[case] whole: bool) {
        let output = Output { stdout: stdout.into(), ..Output::default() };
        assert_eq!(sync_tools(&output).is_ok(), whole);
    }

    #[test]
    fn a_canary_arrives_or_says_why_not() {
        let of =
            |status, stdout: &str| canary(&Output { status, stdout: stdout.into(), ..Output::default() });
        assert_eq!(of(0, "arrived after 12 s\n").unwrap(), "arrived after 12 s");
        assert!(matches!(of(1, "lost: the file did not arrive\n"), Err(CanaryError::Lost(_))));
        assert!(matches!(of(1, "unseen: copy of l1 could not be mounted\n"), Err(CanaryError::Unseen(_))));
        assert!(matches!(of(124, ""), Err(CanaryError::Failed(_, 124))));
        assert!(matches!(of(1, "arrived after 1 s\n"), Err(CanaryError::Failed(_, 1))));
    }
}
