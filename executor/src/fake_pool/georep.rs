//! A geo-replication session: a monitor on each server of the primary volume, a worker for each of its bricks. Where the
//! servers have the primary, the pool at the other end has nothing to do but to be there; where they have the secondary, the
//! monitors are over there, on machines that the same program reaches.

use std::collections::BTreeMap;

use super::state::State;
use crate::core::georep::{PoolRole, SessionName};
use crate::core::names::{Brick, HostName, Release, VolumeName};

/// How long a worker takes after its start until it copies, in seconds.
const INITIALIZING_SECONDS: u64 = 10;

/// How long it looks through the history before it follows the changelog, in seconds.
const HISTORY_SECONDS: u64 = 15;

/// How long a file takes to the other end, in seconds: the changelog is rolled over that often.
const ARRIVAL_SECONDS: u64 = 15;

/// The process on a server that keeps its workers running.
#[derive(Debug, Clone)]
pub(super) struct Monitor {
    /// Whether the server's state file says that it is to run: after a boot, glusterd goes by it.
    pub(super) noted: bool,
    /// The second at which it began, while it runs.
    pub(super) since: Option<u64>,
    /// The release that it was started with last.
    pub(super) release: Release,
    /// Whether its bricks tell it of no changelog, as at the first start after an upgrade until another one.
    pub(super) deaf: bool,
}

/// A session, and the pool at its other end.
#[derive(Debug, Clone)]
pub(super) struct Replication {
    pub(super) name: SessionName,
    /// At which end the other pool is.
    pub(super) other: PoolRole,
    /// Its servers. They are machines, and none of the fake pool's servers.
    pub(super) others: Vec<HostName>,
    pub(super) monitors: BTreeMap<HostName, Monitor>,
}

/// What a worker says of itself, in Gluster's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) host: HostName,
    pub(super) brick: Brick,
    pub(super) status: &'static str,
    pub(super) crawl: &'static str,
}

/// A brick that is copied: with its server, and whether it can be copied now.
type Source = (Brick, HostName, bool);

impl Replication {
    /// Returns the session as it is at first: copying for a long time.
    pub(super) fn copying(
        name: SessionName,
        (other, others): (PoolRole, Vec<HostName>),
        servers: impl IntoIterator<Item = HostName>,
        release: Release,
    ) -> Self {
        let monitor = |host| (host, Monitor { noted: true, since: Some(0), release, deaf: false });
        Self { name, other, others, monitors: servers.into_iter().map(monitor).collect() }
    }
}

impl State {
    /// Whether a machine is a server of the pool at the other end.
    pub(super) fn is_outside(&self, host: &HostName) -> bool {
        self.replication.as_ref().is_some_and(|it| it.others.contains(host))
    }

    /// Whether a machine is a client.
    pub(super) fn is_client(&self, host: &HostName) -> bool {
        !self.servers.contains_key(host) && !self.is_outside(host)
    }

    /// Whether this pool's servers have the primary volume, and a brick is one of it.
    pub(super) fn is_copied(&self, brick: &Brick) -> bool {
        let primary = self.replication.as_ref().filter(|it| it.other == PoolRole::Secondary);
        primary
            .is_some_and(|it| self.volumes[&it.name.primary].bricks.iter().any(|(other, _)| other == brick))
    }

    /// Whether a volume is the primary one of a session that is not stopped.
    pub(super) fn is_sent_from(&self, volume: &VolumeName) -> bool {
        let primary = self.replication.as_ref().filter(|it| it.other == PoolRole::Secondary);
        primary
            .is_some_and(|it| it.name.primary == *volume && it.monitors.values().any(|monitor| monitor.noted))
    }

    /// The bricks of the primary volume, set by set.
    fn sources(&self, it: &Replication) -> Vec<Vec<Source>> {
        match it.other {
            PoolRole::Secondary => {
                let source = |(brick, host): &(Brick, HostName)| {
                    (brick.clone(), host.clone(), self.brick(brick).process.is_some())
                };
                self.volumes[&it.name.primary].sets().map(|set| set.iter().map(source).collect()).collect()
            }
            PoolRole::Primary => {
                let far = &self.volumes[&it.name.secondary.volume];
                let serves = |set: &[(Brick, HostName)]| {
                    set.iter().any(|(brick, _)| self.brick(brick).process.is_some())
                };
                let door = self.server(&it.name.secondary.host).glusterd.is_some();
                let usable = door && far.started && far.sets().all(serves);
                let source = |host: &HostName| {
                    let path = "/bricks/v".parse().unwrap_or_else(|error| panic!("{error}"));
                    (Brick { host: host.clone(), path }, host.clone(), usable)
                };
                vec![it.others.iter().map(source).collect()]
            }
        }
    }

    /// What every worker of the session does, seen or not. One of a set copies, the first that can.
    pub(super) fn workers(&self, it: &Replication) -> Vec<Row> {
        let mut rows = Vec::new();
        for set in self.sources(it) {
            let mut active = false;
            for (brick, host, there) in set {
                let monitor = &it.monitors[&host];
                let (status, crawl) = match monitor.since.map(|since| self.now.saturating_sub(since)) {
                    None => ("Stopped", "N/A"),
                    Some(age) if age < INITIALIZING_SECONDS => ("Initializing...", "N/A"),
                    Some(_) if !there => ("Faulty", "N/A"),
                    Some(_) if active => ("Passive", "N/A"),
                    Some(age) if age < INITIALIZING_SECONDS + HISTORY_SECONDS => ("Active", "History Crawl"),
                    Some(_) => ("Active", "Changelog Crawl"),
                };
                active |= status == "Active";
                rows.push(Row { host, brick, status, crawl });
            }
        }
        rows
    }

    /// After how many seconds a file arrives that is written now. `None`: it does not.
    pub(super) fn arrives_after(&self, it: &Replication) -> Option<u64> {
        let mut wait = 0;
        for set in self.sources(it) {
            let since = |(_, host, there): &Source| it.monitors[host].since.filter(|_| *there);
            let sender = set.iter().find(|source| since(source).is_some())?;
            if it.monitors[&sender.1].deaf {
                return None;
            }
            wait = wait.max((since(sender)? + INITIALIZING_SECONDS).saturating_sub(self.now));
        }
        Some(wait + ARRIVAL_SECONDS)
    }

    /// The release whose start a monitor notices: its bricks', or that of the servers it sends to.
    fn release_at(&self, host: &HostName) -> Option<Release> {
        let it = self.replication.as_ref()?;
        let host = if self.is_outside(host) { &it.name.secondary.host } else { host };
        Some(self.machine(host).packages.programs())
    }

    fn monitor_mut(&mut self, host: &HostName) -> Option<&mut Monitor> {
        self.replication.as_mut()?.monitors.get_mut(host)
    }

    /// Starts the monitor of a server, where it does not run.
    pub(super) fn start_monitor(&mut self, host: &HostName) {
        let (now, release) = (self.now, self.release_at(host));
        if !self.is_up(host) {
            return;
        }
        if let (Some(monitor), Some(release)) = (self.monitor_mut(host), release)
            && monitor.since.is_none()
        {
            let deaf = monitor.release != release;
            *monitor = Monitor { noted: true, since: Some(now), release, deaf };
        }
    }

    /// Ends the monitor of a server. Where none runs, glusterd says that all is well and leaves its state file as it is
    /// (`glusterd_op_gsync_set` in glusterd-geo-rep.c, read at 10 or later).
    pub(super) fn end_monitor(&mut self, host: &HostName) {
        if let Some(monitor) = self.monitor_mut(host)
            && monitor.since.take().is_some()
        {
            monitor.noted = false;
        }
    }

    /// A glusterd that starts its bricks starts the monitor too, as the state file says.
    pub(super) fn restart_monitor(&mut self, host: &HostName) {
        if self.monitor_mut(host).is_some_and(|monitor| monitor.noted) {
            self.start_monitor(host);
        }
    }

    /// A machine is off, and its monitor with it.
    pub(super) fn lose_monitor(&mut self, host: &HostName) {
        if let Some(monitor) = self.monitor_mut(host) {
            monitor.since = None;
        }
    }

    /// Panics where something is done to a server whose sessions the procedure has stopped before.
    pub(super) fn may_touch(&self, host: &HostName, why: &str) {
        let Some(it) = &self.replication else { return };
        let on = match it.other {
            PoolRole::Secondary => it.monitors.get(host).filter(|monitor| monitor.noted),
            // All of them write to whichever server is there.
            PoolRole::Primary => it.monitors.values().find(|monitor| monitor.noted),
        };
        assert!(
            on.is_none() || !self.servers.contains_key(host),
            "the order of geo-replication is broken at second {}: {why} on {host}, and {} is not stopped",
            self.now,
            it.name
        );
    }

    /// Panics where a brick would start that forgets what it had open: nothing of it is ever sent.
    pub(super) fn may_start(&self, host: &HostName) {
        let down = self.bricks.iter().filter(|(brick, state)| brick.host == *host && state.process.is_none());
        if let Some((brick, _)) = down.into_iter().find(|(_, state)| state.open_changelog) {
            panic!("the open changelog of {brick} is lost at second {}: it was not closed", self.now);
        }
    }

    /// Starts, by hand, a session that is stopped somewhere, all of it anew. `false`: there is none.
    pub(super) fn start_session_by_hand(&mut self) -> bool {
        let Some(it) = &self.replication else { return false };
        let hosts: Vec<HostName> = it.monitors.keys().cloned().collect();
        let there = hosts.iter().all(|host| self.answers(host));
        if !there || it.monitors.values().all(|monitor| monitor.since.is_some()) {
            return false;
        }
        for host in &hosts {
            self.end_monitor(host);
            self.start_monitor(host);
        }
        true
    }

    /// Stops a session by hand, with all its servers up. `false`: there is none to stop.
    pub(super) fn stop_session_by_hand(&mut self) -> bool {
        let Some(it) = &self.replication else { return false };
        let hosts: Vec<HostName> = it.monitors.keys().cloned().collect();
        let runs = it.monitors.values().any(|monitor| monitor.since.is_some());
        if !runs || !hosts.iter().all(|host| self.answers(host)) {
            return false;
        }
        hosts.iter().for_each(|host| self.end_monitor(host));
        true
    }

    /// Whether the glusterd of a server, of either pool, is there.
    pub(super) fn answers(&self, host: &HostName) -> bool {
        self.is_up(host) && self.servers.get(host).is_none_or(|server| server.glusterd.is_some())
    }

    /// Returns what the session lacks that copied before.
    pub(super) fn session_short_of_goal(&self) -> Vec<String> {
        let Some(it) = &self.replication else { return Vec::new() };
        let bad = |row: &Row| !matches!(row.status, "Active" | "Passive") || !it.monitors[&row.host].noted;
        let rows = self.workers(it).into_iter().filter(bad);
        let mut short: Vec<String> =
            rows.map(|row| format!("{}: {} on {}", it.name, row.status, row.host)).collect();
        if short.is_empty() && self.arrives_after(it).is_none() {
            short.push(format!("{}: it carries nothing", it.name));
        }
        short
    }
}
