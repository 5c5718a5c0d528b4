//! What the CLI says about geo-replication and does to it, in the words of the recordings in `executor/tests/replies`; where
//! there is none, in those of glusterd-geo-rep.c and cli-rpc-ops.c.

use std::fmt::Write as _;

use super::cli::answered;
use super::deeds::Deed;
use super::georep::{Replication, Row};
use super::reads::{failed, said};
use super::state::State;
use super::strokes::Stroke;
use crate::core::command::Output;
use crate::core::georep::PoolRole;
use crate::core::names::{Brick, HostName, OpVersion};

/// The settings of a session, as 10 and 11 print them.
const CONFIG_10: &str = include_str!("../../tests/replies/10.3/georep/georep-config-tarssh.xml");
const CONFIG_11: &str = include_str!("../../tests/replies/11.1/georep/georep-config-tarssh.xml");

/// The last line of a command that did not do what it was asked for.
const FAILED: &str = "geo-replication command failed\n";

/// What is said where something stands in the way. Glusterd's words go to the other output.
fn refused(words: &str) -> Output {
    Output { status: 1, stdout: FAILED.to_owned(), stderr: format!("{words}\n") }
}

impl State {
    /// Answers what is asked of a server of the other pool.
    pub(super) fn ask_outside(&mut self, host: &HostName, words: &[&str]) -> Option<Output> {
        match words {
            ["peer", "status", "--xml"] => Some(self.peers_outside(host)),
            ["volume", "geo-replication", rest @ ..] => self.ask_session(host, rest),
            _ => None,
        }
    }

    fn peers_outside(&self, host: &HostName) -> Output {
        let others = self.replication.iter().flat_map(|it| &it.others).filter(|other| *other != host);
        let peer = |other: &HostName| {
            let (uuid, connected) = (self.uuid_of(other), u8::from(self.is_up(other)));
            format!(
                "<peer><uuid>{uuid}</uuid><hostname>{other}</hostname>\
                 <hostnames><hostname>{other}</hostname></hostnames><connected>{connected}</connected>\
                 <state>3</state><stateStr>Peer in Cluster</stateStr></peer>"
            )
        };
        let peers: String = others.map(peer).collect();
        answered(&format!("<peerStatus>{peers}</peerStatus>"))
    }

    fn uuid_of(&self, host: &HostName) -> String {
        match self.servers.get(host) {
            Some(server) => server.uuid.to_string(),
            None => {
                let others = self.replication.iter().flat_map(|it| &it.others);
                let at = others.take_while(|other| *other != host).count() + 1;
                format!("00000000-0000-0000-0001-{at:012}")
            }
        }
    }

    /// The session that a server keeps, where its pool is the primary.
    fn session_at(&self, host: &HostName) -> Option<&Replication> {
        let primary_is_outside = |it: &&Replication| it.other == PoolRole::Primary;
        self.replication.as_ref().filter(|it| primary_is_outside(it) == self.is_outside(host))
    }

    /// Whether two servers of the primary act together.
    fn act_together(&self, one: &HostName, other: &HostName) -> bool {
        if self.is_outside(one) { self.is_up(other) } else { self.takes_part(one, other) }
    }

    /// Answers a question about sessions, asked on this server.
    pub(super) fn ask_session(&mut self, host: &HostName, words: &[&str]) -> Option<Output> {
        let Some(it) = self.session_at(host) else {
            return match words {
                ["status", "--xml"] => Some(failed(2, FAILED)),
                ["status"] => Some(failed(1, format!("No active geo-replication sessions\n{FAILED}"))),
                _ => None,
            };
        };
        let far = it.name.secondary.to_string();
        match words {
            [primary, end, "config", "--xml"] if *primary == it.name.primary.as_str() && *end == far => {
                Some(self.settings(host, it))
            }
            ["status", rest @ ..] => {
                let rows = self.workers(it).into_iter().filter(|row| self.act_together(host, &row.host));
                let (rows, it) = (rows.collect::<Vec<_>>(), it.clone());
                Some(match (self.busy(), rest) {
                    (Some(words), _) => refused(&words),
                    (None, ["--xml"]) => self.status_in_xml(host, &it, &rows),
                    (None, _) => status_as_text(&it, &rows),
                })
            }
            _ => None,
        }
    }

    /// Up to 9 the ends are called master and slave.
    fn words_of_ends(&self, host: &HostName) -> (&'static str, &'static str) {
        if self.speaks(host) < OpVersion(100_000) { ("master", "slave") } else { ("primary", "secondary") }
    }

    fn speaks(&self, host: &HostName) -> OpVersion {
        self.machine(host).packages.programs().line_op_version()
    }

    fn settings(&self, host: &HostName, it: &Replication) -> Output {
        let recorded = if self.speaks(host) < OpVersion(110_000) { CONFIG_10 } else { CONFIG_11 };
        let (near, far) = self.words_of_ends(host);
        let (primary, end) = (&it.name.primary, &it.name.secondary);
        let text = recorded
            .replace("vol0_l1_copy", &format!("{primary}_{}_{}", end.host, end.volume))
            .replace("vol0-l1-copy", &format!("{primary}-{}-{}", end.host, end.volume))
            .replace("secondaries", if far == "slave" { "slaves" } else { "secondaries" });
        said(text.replace("primary", near).replace("secondary", far))
    }

    fn status_in_xml(&self, host: &HostName, it: &Replication, rows: &[Row]) -> Output {
        if rows.is_empty() {
            return failed(2, FAILED);
        }
        let (near, far) = self.words_of_ends(host);
        let (primary, end) = (&it.name.primary, &it.name.secondary);
        let mut pairs = String::new();
        for Row { host, brick, status, crawl } in rows {
            let copies = matches!(*status, "Active" | "Passive");
            let node =
                if copies { format!("<{far}_node/>") } else { format!("<{far}_node>N/A</{far}_node>") };
            let (count, uuid) = (if *status == "Active" { "0" } else { "N/A" }, self.uuid_of(host));
            let synced = if *status == "Active" { "2026-11-24 10:15:58" } else { "N/A" };
            let path = &brick.path;
            let _ = write!(
                pairs,
                "<pair><{near}_node>{host}</{near}_node><{near}_brick>{path}</{near}_brick>\
                 <{far}_user>root</{far}_user><{far}>ssh://{end}</{far}>{node}<status>{status}</status>\
                 <crawl_status>{crawl}</crawl_status><entry>{count}</entry><data>{count}</data>\
                 <meta>{count}</meta><failures>{count}</failures>\
                 <checkpoint_completed>N/A</checkpoint_completed>\
                 <{near}_node_uuid>{uuid}</{near}_node_uuid><last_synced>{synced}</last_synced>\
                 <checkpoint_time>N/A</checkpoint_time>\
                 <checkpoint_completion_time>N/A</checkpoint_completion_time></pair>"
            );
        }
        let uuid = self.uuid_of(&rows[0].host);
        said(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cliOutput><opRet>0</opRet>\
             <opErrno>0</opErrno><opErrstr>{near} not found</opErrstr><geoRep><volume><name>{primary}</name>\
             <sessions><session><session_{far}>{uuid}:ssh://{end}:{uuid}</session_{far}>{pairs}</session>\
             </sessions></volume></geoRep></cliOutput>\n"
        ))
    }

    /// Begins to start or stop a session. Whoever is asked does it first, then the others.
    pub(super) fn begin_session(&mut self, host: &HostName, words: &[&str]) -> Option<Deed> {
        let it = self.session_at(host)?.clone();
        let [primary, end, change @ ("start" | "stop")] = words else { return None };
        let (near, far) = (it.name.primary.to_string(), it.name.secondary.to_string());
        if (*primary, *end) != (&*near, &*far) {
            return None;
        }
        if let Some(words) = self.busy() {
            return Some(Deed::nothing(refused(&words)));
        }
        let start = *change == "start";
        let (there, away): (Vec<_>, Vec<_>) =
            it.monitors.keys().cloned().partition(|other| self.act_together(host, other));
        let runs = there.iter().any(|other| it.monitors[other].since.is_some());
        let stopped = self.volumes.get(&it.name.primary).is_some_and(|volume| !volume.started);
        // Only to stop needs all that have a brick of the volume (`glusterd_op_stage_gsync_set`).
        let words = match away.first() {
            Some(down) if !start => Some(format!(
                "Peer {down}, which is a part of {near} volume, is down. Please bring up the peer and retry."
            )),
            Some(_) | None if start && stopped => {
                Some(format!("Volume {near} needs to be started before geo-replication start"))
            }
            Some(_) | None if start && runs => {
                Some(format!("geo-replication session between {near} & {far} already started"))
            }
            Some(_) | None => None,
        };
        if let Some(words) = words {
            return Some(Deed::nothing(refused(&words)));
        }
        let (first, others): (Vec<_>, Vec<_>) = there.into_iter().partition(|other| other == host);
        let each = first.into_iter().chain(others);
        let verb = if start { "Starting" } else { "Stopping" };
        let says = format!("{verb} geo-replication session between {near} & {far} has been successful\n");
        let stroke = |server| if start { Stroke::StartSession(server) } else { Stroke::StopSession(server) };
        Some(Deed::new(each.map(stroke), said(says)))
    }

    /// The canary: a file through the session.
    pub(super) fn send_file(&self, host: &HostName, arguments: &[String]) -> Option<Deed> {
        let it = self.session_at(host)?;
        let [primary, _, _, _, patience] = arguments else { return None };
        let patience: u64 = patience.parse().unwrap_or_else(|error| panic!("{patience}: {error}"));
        let started = self.volumes.get(&it.name.primary).is_none_or(|volume| volume.started);
        if !self.answers(host) || !started {
            let words = format!("failed: {primary} could not be mounted here: \n");
            return Some(Deed::nothing(failed(1, words)));
        }
        Some(match self.arrives_after(it).filter(|seconds| *seconds <= patience) {
            Some(seconds) => Deed::new([Stroke::Send(seconds)], said(format!("arrived after {seconds} s\n"))),
            None => Deed::new(
                [Stroke::Send(patience)],
                failed(1, format!("lost: the file did not arrive within {patience} s\n")),
            ),
        })
    }

    /// Closes what the bricks of a server left open, by their directories.
    pub(super) fn close_changelogs(&self, host: &HostName, paths: &[String]) -> Deed {
        let mut words = String::new();
        let mut strokes = Vec::new();
        for path in paths {
            let path = path.parse().unwrap_or_else(|error| panic!("{error}"));
            let brick = Brick { host: host.clone(), path };
            let state = self.brick(&brick);
            assert!(state.process.is_none(), "{brick} runs, and goes on writing to what is closed");
            let said = if state.open_changelog { "closed CHANGELOG.1795531976" } else { "nothing open" };
            let _ = writeln!(words, "{said}: {}", brick.path);
            strokes.push(Stroke::CloseChangelog(brick));
        }
        Deed::new(strokes, said(words))
    }

    /// How many processes on a server receive for a session of another pool.
    pub(super) fn receiving(&self, host: &HostName) -> usize {
        let it = self.replication.as_ref().filter(|it| it.other == PoolRole::Primary);
        let it = it.filter(|it| it.name.secondary.host == *host);
        it.map_or(0, |it| it.monitors.values().filter(|monitor| monitor.since.is_some()).count())
    }
}

/// What is read of it is only that it does not say that there is no session (columns as in cli-rpc-ops.c at 10).
fn status_as_text(it: &Replication, rows: &[Row]) -> Output {
    if rows.is_empty() {
        return failed(1, format!("No active geo-replication sessions\n{FAILED}"));
    }
    let mut text = " \nPRIMARY NODE    PRIMARY VOL    PRIMARY BRICK    SECONDARY USER    SECONDARY    \
                    SECONDARY NODE    STATUS    CRAWL STATUS    LAST_SYNCED\n"
        .to_owned();
    text += &format!("{}\n", "-".repeat(120));
    for Row { host, brick, status, crawl } in rows {
        let (primary, end) = (&it.name.primary, &it.name.secondary);
        let path = &brick.path;
        let _ = writeln!(
            text,
            "{host}    {primary}    {path}    root    ssh://{end}    N/A    {status}    {crawl}    N/A"
        );
    }
    said(text)
}
