//! What commands do, stroke by stroke: a command can be cut between any two of them, and what was done is done.

use std::collections::VecDeque;

use super::state::{BrickState, Packages, Served, State};
use crate::core::names::{Brick, HostName, OpVersion, Release, VolumeName};
use crate::core::usage::Mount;

/// The smallest thing that happens wholly or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stroke {
    /// The events daemon ends; that it ran is noted.
    EndEvents,
    /// The processes called `glusterfs` end: mounts of the server's own, and the self-heal daemon.
    EndMountsAndDaemons,
    /// The self-heal daemon ends.
    EndDaemons,
    /// The process of a brick ends.
    EndBrick(Brick),
    /// glusterd ends.
    EndGlusterd,
    /// glusterd starts, where it does not run.
    StartGlusterd,
    /// The events daemon starts where it was noted or starts at boot; the note goes.
    StartEvents,
    /// The `nfs.` lines of a volume are deleted.
    DropNfsLines(VolumeName),
    /// Packages are downloaded.
    Fetch,
    /// Some packages are unpacked: first the libraries, then the programs.
    Unpack { to: Release, programs: bool },
    /// All of them are configured.
    Configure,
    /// A claim is put down, or taken away.
    Claim(Option<String>),
    /// A mount is noted down, or the note of it is struck out.
    Note(Mount, bool),
    /// A mount goes.
    Unmount(Mount),
    /// A mount comes.
    Mount(Mount),
    /// The self-heal daemons take the order to heal.
    Heal(VolumeName),
    /// A volume is started.
    StartVolume(VolumeName),
    /// A volume is stopped.
    StopVolume(VolumeName),
    /// A server stores the op-version.
    Raise(HostName, OpVersion),
    /// A file is written through a mount, read and taken away.
    Prove,
    /// The monitor of a session ends on this server.
    StopSession(HostName),
    /// The monitor of a session starts on this server.
    StartSession(HostName),
    /// A file is written to the primary volume, and waited for on the secondary for so many seconds.
    Send(u64),
    /// What a brick left open is noted in its index.
    CloseChangelog(Brick),
}

/// What is left of a command that nobody listens to any more.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) host: HostName,
    pub(super) strokes: VecDeque<Stroke>,
}

impl State {
    /// Does a stroke. What takes a brick out is judged first.
    pub(super) fn apply(&mut self, host: &HostName, stroke: &Stroke) {
        match stroke {
            Stroke::EndEvents => {
                let server = self.server_mut(host);
                server.events_noted |= server.events.take().is_some();
            }
            Stroke::EndMountsAndDaemons => {
                self.server_mut(host).self_heal = None;
                self.machine_mut(host).mounts.clear();
            }
            Stroke::EndDaemons => self.server_mut(host).self_heal = None,
            Stroke::EndBrick(brick) => self.end_brick(host, brick),
            Stroke::EndGlusterd => {
                if self.server_mut(host).glusterd.take().is_some() {
                    self.may_touch(host, "glusterd ends");
                }
            }
            Stroke::StartGlusterd => {
                if self.server(host).glusterd.is_none() {
                    self.may_start(host);
                    self.start_glusterd(host);
                }
            }
            Stroke::StartEvents => {
                let process = self.process(host);
                let server = self.server_mut(host);
                if server.events.is_none() && (server.events_noted || server.starts_at_boot) {
                    server.events = Some(process);
                }
                server.events_noted = false;
            }
            Stroke::DropNfsLines(volume) => {
                if let Some(lines) = self.server_mut(host).stored.get_mut(volume) {
                    lines.retain(|line| !line.starts_with("nfs."));
                }
            }
            Stroke::Fetch | Stroke::Prove | Stroke::Send(_) => {}
            Stroke::Unpack { to, programs } => self.unpack(host, *to, *programs),
            Stroke::Configure => {
                let machine = self.machine_mut(host);
                machine.packages = Packages::Whole(machine.packages.programs());
            }
            Stroke::Claim(text) => self.server_mut(host).claim.clone_from(text),
            Stroke::Note(mount, true) => {
                self.machine_mut(host).aside.insert(mount.point.to_string(), mount.clone());
            }
            Stroke::Note(mount, false) => drop(self.machine_mut(host).aside.remove(mount.point.as_str())),
            Stroke::Unmount(mount) => {
                if let Some(served) = self.machine_mut(host).mounts.remove(mount.point.as_str()) {
                    self.leave_dirty(&served.volume);
                }
            }
            Stroke::Mount(mount) => self.mount(host, mount),
            Stroke::Heal(volume) => self.heal_marked(volume),
            Stroke::StartVolume(volume) => self.switch(volume, true),
            Stroke::StopVolume(volume) => self.stop_volume(volume),
            Stroke::Raise(server, to) => self.server_mut(server).op_version = *to,
            Stroke::StopSession(server) => self.end_monitor(server),
            Stroke::StartSession(server) => self.start_monitor(server),
            Stroke::CloseChangelog(brick) => self.brick_mut(brick).open_changelog = false,
        }
    }

    fn end_brick(&mut self, host: &HostName, brick: &Brick) {
        self.may_go(brick, &format!("a command on {host}"));
        if self.brick(brick).process.is_some() {
            self.may_touch(&brick.host, "a brick ends");
            self.brick_mut(brick).open_changelog = self.is_copied(brick);
        }
        self.brick_mut(brick).process = None;
        self.unlink(brick);
    }

    fn unpack(&mut self, host: &HostName, to: Release, programs: bool) {
        self.may_touch(host, "packages are installed");
        let from = self.machine(host).packages.programs();
        let unpacked = if programs { Packages::Unconfigured(to) } else { Packages::Unpacking { from, to } };
        self.machine_mut(host).packages = unpacked;
    }

    /// Ends what is left of a volume's bricks. Nobody may have it mounted.
    fn stop_volume(&mut self, name: &VolumeName) {
        self.may_stop(name);
        for (brick, _) in self.volumes[name].bricks.clone() {
            self.brick_mut(&brick).process = None;
        }
        self.switch(name, false);
    }

    /// Takes away the connections to a brick that ended.
    fn unlink(&mut self, brick: &Brick) {
        for served in self.machines.values_mut().flat_map(|machine| machine.mounts.values_mut()) {
            served.links.remove(brick);
        }
    }

    /// Whether a mount finds what it asks for: a server whose glusterd answers, and the volume started.
    pub(super) fn serves(&self, mount: &Mount) -> bool {
        let (server, _) = mount.source.as_str().split_once(":/").unwrap_or_default();
        let glusterd = server.parse().ok().and_then(|server: HostName| self.servers.get(&server)?.glusterd);
        glusterd.is_some() && self.volumes[&volume_of(mount)].started
    }

    /// Mounts a volume: at once connected to all that is there.
    pub(super) fn mount(&mut self, host: &HostName, mount: &Mount) {
        let volume: VolumeName = volume_of(mount);
        let pid = |state: &BrickState| state.process.map(|process| process.pid);
        let there = self.volumes[&volume].bricks.iter();
        let links = there.filter_map(|(brick, _)| Some((brick.clone(), (pid(self.brick(brick))?, self.now))));
        let links = links.collect();
        let process = self.process(host);
        let served = Served { mount: mount.clone(), volume, process, links };
        self.machine_mut(host).mounts.entry(mount.point.to_string()).or_insert(served);
    }

    /// Heals what only a launched heal looks at soon.
    fn heal_marked(&mut self, name: &VolumeName) {
        let bricks = self.volumes[name].bricks.clone();
        for (brick, _) in
            bricks.iter().filter(|(brick, _)| self.bricks[brick].process.is_some()).collect::<Vec<_>>()
        {
            self.brick_mut(brick).dirty = 0;
        }
    }
}

/// Returns the volume that is mounted: `g1,g2:/vol0/folder`.
pub(super) fn volume_of(mount: &Mount) -> VolumeName {
    let (_, path) = mount.source.as_str().split_once(":/").unwrap_or_default();
    let name = path.split('/').next().unwrap_or_default();
    name.parse().unwrap_or_else(|_| panic!("{mount} names no volume"))
}
