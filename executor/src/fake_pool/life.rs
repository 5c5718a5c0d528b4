//! What happens by itself, second by second: machines boot, glusterd starts what belongs to it, clients connect and
//! write, bricks heal.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::state::{Layout, Packages, State};
use super::strokes::Stroke;
use crate::core::names::{Brick, HostName, OpVersion, VolumeName};

/// How long a machine takes to boot, in seconds.
const BOOT_SECONDS: u64 = 20;

/// How many entries a self-heal daemon heals in a second.
const HEALED_IN_A_SECOND: u64 = 2;

/// How long after its start a glusterd writes its stored volumes anew, in seconds.
const REWRITE_SECONDS: u64 = 2;

impl State {
    /// Lets a second pass.
    pub(super) fn tick(&mut self) {
        self.now += 1;
        self.boot();
        self.go_on();
        for host in self.servers.keys().cloned().collect::<Vec<_>>() {
            self.spawn(&host);
            self.rewrite(&host);
        }
        self.connect();
        self.write();
        self.heal();
    }

    /// Lets what nobody listens to any more do its next stroke.
    fn go_on(&mut self) {
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.going_on).into_iter().partition(|(at, _)| *at <= now);
        self.going_on = later;
        for (_, mut rest) in due {
            let Some(stroke) = rest.strokes.pop_front() else { continue };
            self.apply(&rest.host, &stroke);
            if rest.strokes.is_empty() {
                self.machine_mut(&rest.host).installing = false;
            } else {
                self.going_on.push((now + 1, rest));
            }
        }
    }

    /// Turns a machine off and on again: whatever ran there is gone, and what nobody listens to as well.
    pub(super) fn reboot(&mut self, host: &HostName) {
        for brick in self.bricks.keys().filter(|brick| brick.host == *host).cloned().collect::<Vec<_>>() {
            self.brick_mut(&brick).process = None;
        }
        if let Some(server) = self.servers.get_mut(host) {
            server.glusterd = None;
            server.self_heal = None;
            server.events = None;
            server.events_noted = false;
            server.events_due &= server.starts_at_boot;
        }
        self.lose_monitor(host);
        self.going_on.retain(|(_, rest)| rest.host != *host);
        let until = self.now + BOOT_SECONDS;
        let machine = self.machine_mut(host);
        machine.mounts.clear();
        machine.installing = false;
        machine.boots_until = Some(until);
    }

    fn boot(&mut self) {
        let now = self.now;
        let ready = |(_, machine): &(&HostName, &super::state::Machine)| {
            machine.boots_until.is_some_and(|until| until <= now)
        };
        for host in self.machines.iter().filter(ready).map(|(host, _)| host.clone()).collect::<Vec<_>>() {
            self.machine_mut(&host).boots_until = None;
            if self.servers.get(&host).is_some_and(|server| server.starts_at_boot) {
                self.start_glusterd(&host);
                let process = self.process(&host);
                self.server_mut(&host).events = Some(process);
            }
            if self.is_outside(&host) {
                self.restart_monitor(&host);
            }
            for mount in self.machine(&host).fstab.clone() {
                if self.serves(&mount) {
                    self.mount(&host, &mount);
                }
            }
        }
    }

    /// Starts glusterd, which shakes hands with every other that runs. Libraries and programs of two releases do not
    /// run together.
    pub(super) fn start_glusterd(&mut self, host: &HostName) {
        if matches!(self.machine(host).packages, Packages::Unpacking { .. }) {
            return;
        }
        let process = self.process(host);
        let now = self.now;
        let server = self.server_mut(host);
        server.glusterd = Some(process);
        server.began = now;
        server.spawned = false;
        server.rejects.clear();
        let others: Vec<HostName> = self.servers.keys().filter(|other| *other != host).cloned().collect();
        for other in others {
            if self.server(&other).glusterd.is_none() {
                continue;
            }
            let same = self.shake_hands(host, &other);
            for (one, another) in [(host, &other), (&other, host)] {
                let rejects = &mut self.server_mut(one).rejects;
                if same {
                    rejects.remove(another)
                } else {
                    rejects.insert(another.clone())
                };
            }
            if same {
                // Who comes back takes on the pool's op-version (glusterd-handshake.c).
                let newest = self.server(host).op_version.max(self.server(&other).op_version);
                self.server_mut(host).op_version = newest;
            }
        }
    }

    /// Compares what two servers have stored at this moment. Of a volume that was changed while one of them was away,
    /// that one takes over the newer definition; one of the same version that differs is a reason to reject
    /// (`glusterd_compare_friend_volume` in glusterd-utils.c, 3.7 to 11).
    fn shake_hands(&mut self, one: &HostName, other: &HostName) -> bool {
        for name in self.volumes.keys().cloned().collect::<Vec<_>>() {
            let lines = |host| self.server(host).stored[&name].clone();
            let (here, there) = (lines(one), lines(other));
            match version(&here).cmp(&version(&there)) {
                Ordering::Less => drop(self.server_mut(one).stored.insert(name, there)),
                Ordering::Greater => drop(self.server_mut(other).stored.insert(name, here)),
                Ordering::Equal => {}
            }
        }
        self.server(one).stored == self.server(other).stored
    }

    /// Starts the bricks and the self-heal daemon of a glusterd that has just started and has a friend, where it has
    /// peers at all: alone, one of several would not know whether its volumes are the pool's (glusterd.c, 3.7 to 11).
    fn spawn(&mut self, host: &HostName) {
        let server = self.server(host);
        let alone = self.servers.len() == 1;
        let friend = self.servers.keys().any(|other| other != host && self.takes_part(host, other));
        if server.glusterd.is_none() || server.spawned || !(alone || friend) {
            return;
        }
        self.server_mut(host).spawned = true;
        self.start_bricks(host);
        self.restart_monitor(host);
    }

    /// Starts what belongs to a server's glusterd and does not run.
    pub(super) fn start_bricks(&mut self, host: &HostName) {
        for brick in self.bricks_of(host) {
            if self.brick(&brick).process.is_some() {
                continue;
            }
            let is_stuck = self.stuck.contains(&self.starts);
            self.starts += 1;
            let process = self.process(host);
            let state = self.brick_mut(&brick);
            state.stays_down |= is_stuck;
            if !state.stays_down {
                state.process = Some(process);
                state.open_changelog = false;
            }
        }
        self.tend(host);
    }

    /// Sees that a self-heal daemon runs where a volume with a brick here needs one, and nowhere else.
    pub(super) fn tend(&mut self, host: &HostName) {
        let here = |volume: &super::state::Volume| {
            volume.started && volume.layout.heals() && volume.bricks.iter().any(|(_, server)| server == host)
        };
        let needed = self.volumes.values().any(here);
        match (needed, self.server(host).self_heal) {
            (true, None) => self.server_mut(host).self_heal = Some(self.process(host)),
            (false, Some(_)) => self.server_mut(host).self_heal = None,
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// A release without gNFS leaves the `nfs.` lines out when it writes its stored volumes, some moments after its
    /// start: the handshake was with the old ones (tried with 11.1 among 10.3).
    fn rewrite(&mut self, host: &HostName) {
        let server = self.server(host);
        let Some(glusterd) = server.glusterd else { return };
        if self.now == server.began + REWRITE_SECONDS
            && glusterd.release.line_op_version() >= OpVersion(110_000)
        {
            for lines in self.server_mut(host).stored.values_mut() {
                lines.retain(|line| !line.starts_with("nfs."));
            }
        }
    }

    /// Connects mounts to the bricks that run: to one that is back only after a while.
    fn connect(&mut self) {
        let running: Vec<(Brick, Option<u32>)> = self
            .bricks
            .iter()
            .map(|(brick, state)| (brick.clone(), state.process.map(|process| process.pid)))
            .collect();
        let from = self.now + self.reconnect_seconds;
        let volumes = &self.volumes;
        for served in self.machines.values_mut().flat_map(|machine| machine.mounts.values_mut()) {
            let volume = &volumes[&served.volume];
            for (brick, pid) in
                running.iter().filter(|(brick, _)| volume.bricks.iter().any(|(b, _)| b == brick))
            {
                match pid {
                    None => drop(served.links.remove(brick)),
                    Some(pid) if served.links.get(brick).is_none_or(|(linked, _)| linked != pid) => {
                        served.links.insert(brick.clone(), (*pid, from));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Heals what bricks missed, from a good brick whose server has a self-heal daemon.
    fn heal(&mut self) {
        let mut healed: Vec<Brick> = Vec::new();
        for volume in self.volumes.values().filter(|volume| volume.started && volume.layout.heals()) {
            for set in volume.sets() {
                let runs = |brick: &Brick| self.brick(brick).process.is_some();
                let whole = |brick: &Brick| runs(brick) && self.brick(brick).behind == 0;
                let source = set.iter().any(|(brick, host)| {
                    whole(brick) && !volume.is_arbiter(brick) && self.server(host).self_heal.is_some()
                });
                let ill = set.iter().map(|(brick, _)| brick).filter(|brick| runs(brick) && !whole(brick));
                healed.extend(ill.filter(|_| source).cloned());
            }
        }
        for brick in healed {
            let brick = self.brick_mut(&brick);
            brick.behind = brick.behind.saturating_sub(HEALED_IN_A_SECOND);
        }
    }

    /// What a client of a dispersed volume leaves marked when it unmounts (seen on 10.3).
    pub(super) fn leave_dirty(&mut self, name: &VolumeName) {
        let volume = self.volumes[name].clone();
        if matches!(volume.layout, Layout::Disperse { .. }) {
            for (brick, _) in &volume.bricks {
                self.brick_mut(brick).dirty += 2;
            }
        }
    }

    /// Does all that is left of a stroke's consequences for a volume that was started or stopped.
    pub(super) fn switch(&mut self, name: &VolumeName, started: bool) {
        if let Some(volume) = self.volumes.get_mut(name) {
            volume.started = started;
        }
        let word = if started { "status=1" } else { "status=2" };
        let stored = self.servers.values().filter_map(|server| server.stored.get(name));
        let newest = stored.map(version).max().unwrap_or_default() + 1;
        for host in self.servers.keys().cloned().collect::<Vec<_>>() {
            if self.server(&host).glusterd.is_none() {
                continue;
            }
            if let Some(lines) = self.server_mut(&host).stored.get_mut(name) {
                lines.retain(|line| !line.starts_with("status=") && !line.starts_with("version="));
                lines.extend([word.to_owned(), format!("version={newest}")]);
            }
            if started { self.start_bricks(&host) } else { self.tend(&host) }
        }
    }
}

/// Returns the version of a stored volume.
fn version(lines: &BTreeSet<String>) -> u64 {
    lines.iter().find_map(|line| line.strip_prefix("version=")?.parse().ok()).unwrap_or_default()
}

impl Stroke {
    /// Returns how long it takes, in seconds.
    pub(super) fn seconds(&self) -> u64 {
        match self {
            Self::Unpack { .. } | Self::Fetch => 3,
            Self::Prove => 5,
            Self::Send(seconds) => *seconds,
            _ => 1, // All others are over in a moment.
        }
    }
}
