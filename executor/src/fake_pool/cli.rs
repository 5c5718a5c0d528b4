//! What the CLI answers to questions, in the XML of 10 and 11 (cli-xml-output.c and glfs-heal.c; recorded in
//! `executor/tests/replies`).

use std::fmt::Write as _;

use super::reads::{failed, said};
use super::state::{Layout, State, Volume};
use crate::core::command::Output;
use crate::core::names::{Brick, HostName, OpVersion, VolumeName};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Every so many questions that take the pool's lock, somebody else has it.
const BUSY_EVERY: u64 = 23;

/// How long after a glusterd's start its peers say no to what is committed on it, in seconds.
const COMMIT_FAILS_SECONDS: u64 = 2;

/// Returns an answer that is a success.
pub(super) fn answered(inner: &str) -> Output {
    said(format!("{HEAD}<cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/>{inner}</cliOutput>\n"))
}

/// Returns an answer in the negative, whose exit status is 0 all the same.
pub(super) fn refused(op: &str, errno: i32, words: &str) -> Output {
    said(format!(
        "{HEAD}<cliOutput><opRet>-1</opRet><opErrno>{errno}</opErrno><opErrstr>{words}</opErrstr>\
         <cliOp>{op}</cliOp><output>{words}</output></cliOutput>\n"
    ))
}

impl State {
    /// Answers a question that is put on this host. `None`: it is none of those known here.
    pub(super) fn ask(&mut self, host: &HostName, words: &[&str]) -> Option<Output> {
        if self.is_outside(host) {
            return self.ask_outside(host, words);
        }
        let known = matches!(
            words,
            ["peer", "status", "--xml"]
                | ["volume", "info", "all", "--xml"]
                | ["volume", "status" | "get" | "geo-replication", ..]
                | ["volume", "heal", _, "info", ..]
        );
        if !known {
            return None;
        }
        if self.server(host).glusterd.is_none() {
            return Some(no_glusterd());
        }
        if let ["volume", "status", rest @ ..] = words
            && let Some(what) = self.busy()
        {
            // With `all` the CLI drops the reason.
            return Some(if rest[0] == "all" { failed(90, "") } else { refused("volStatus", 30802, &what) });
        }
        match words {
            ["peer", "status", "--xml"] => Some(self.peer_status(host)),
            ["volume", "info", "all", "--xml"] => Some(self.volume_info(host)),
            ["volume", "status", "all", "--xml"] => Some(self.volume_status(host)),
            ["volume", "status", volume, "clients", "--xml"] => Some(self.clients(host, &named(volume))),
            ["volume", "heal", volume, "info", "--xml"] => Some(self.heal_info(&named(volume), false)),
            ["volume", "heal", volume, "info", "split-brain", "--xml"] => {
                Some(self.heal_info(&named(volume), true))
            }
            ["volume", "get", "all", "cluster.max-op-version", "--xml"] => Some(self.max_op_version(host)),
            ["volume", "geo-replication", rest @ ..] => self.ask_session(host, rest),
            _ => None,
        }
    }

    /// Returns what is said where somebody else has the pool's lock.
    pub(super) fn busy(&mut self) -> Option<String> {
        self.locked += 1;
        let words = "Another transaction is in progress. Please try again after some time.";
        self.locked.is_multiple_of(BUSY_EVERY).then(|| words.to_owned())
    }

    /// Returns a server that has just started its glusterd, in whose place peers say no to what is committed.
    pub(super) fn too_early(&self) -> Option<&HostName> {
        let young = |(_, server): &(&HostName, &super::state::Server)| {
            server.glusterd.is_some() && self.now < server.began + COMMIT_FAILS_SECONDS
        };
        self.servers.iter().find(young).map(|(host, _)| host)
    }

    fn peer_status(&self, host: &HostName) -> Output {
        let mut peers = String::new();
        for (other, server) in self.servers.iter().filter(|(other, _)| *other != host) {
            let connected = u8::from(self.connected(host, other));
            let rejected = self.server(host).rejects.contains(other);
            let (state, words) = if rejected { (6, "Peer Rejected") } else { (3, "Peer in Cluster") };
            let uuid = &server.uuid;
            let _ = write!(
                peers,
                "<peer><uuid>{uuid}</uuid><hostname>{other}</hostname>\
                 <hostnames><hostname>{other}</hostname></hostnames><connected>{connected}</connected>\
                 <state>{state}</state><stateStr>{words}</stateStr></peer>"
            );
        }
        answered(&format!("<peerStatus>{peers}</peerStatus>"))
    }

    fn volume_info(&self, host: &HostName) -> Output {
        let all: String =
            self.volumes.iter().map(|(name, volume)| self.definition(host, name, volume)).collect();
        let count = self.volumes.len();
        answered(&format!("<volInfo><volumes>{all}<count>{count}</count></volumes></volInfo>"))
    }

    /// A volume as a server has it stored: whether it is started, and its options, are in its `info`.
    fn definition(&self, host: &HostName, name: &VolumeName, volume: &Volume) -> String {
        let lines = &self.server(host).stored[name];
        let started = lines.contains("status=1");
        let words = if started { "Started" } else { "Stopped" };
        let several = if volume.bricks.len() > volume.layout.set() { "Distributed-" } else { "" };
        let (kind, replicas, disperse, redundancy) = match volume.layout {
            Layout::Replica(copies) => (format!("{several}Replicate"), copies, 0, 0),
            Layout::Arbiter => (format!("{several}Replicate"), 3, 0, 0),
            Layout::Disperse { bricks, redundancy } => (format!("{several}Disperse"), 1, bricks, redundancy),
            Layout::Distribute => ("Distribute".to_owned(), 1, 0, 0),
        };
        let brick = |(brick, server): &(Brick, HostName)| {
            let uuid = &self.server(server).uuid;
            let arbiter = u8::from(volume.is_arbiter(brick));
            format!(
                "<brick uuid=\"{uuid}\">{brick}<name>{brick}</name><hostUuid>{uuid}</hostUuid>\
                 <isArbiter>{arbiter}</isArbiter></brick>"
            )
        };
        let bricks: String = volume.bricks.iter().map(brick).collect();
        let count = volume.bricks.len();
        let option = |line: &String| {
            let (key, value) = line.split_once('=')?;
            // Options are the lines whose names have a dot; bricks have one only where a host has.
            let is_option = key.contains('.') && !key.starts_with("brick-");
            is_option.then(|| format!("<option><name>{key}</name><value>{value}</value></option>"))
        };
        let options: String = lines.iter().filter_map(option).collect();
        let id = &volume.id;
        format!(
            "<volume><name>{name}</name><id>{id}</id><statusStr>{words}</statusStr>\
             <snapshotCount>0</snapshotCount><brickCount>{count}</brickCount>\
             <replicaCount>{replicas}</replicaCount><disperseCount>{disperse}</disperseCount>\
             <redundancyCount>{redundancy}</redundancyCount><typeStr>{kind}</typeStr><transport>0</transport>\
             <bricks>{bricks}</bricks><options>{options}</options></volume>"
        )
    }

    /// The rows of bricks whose servers take part. Of all others there is no word.
    fn rows(&self, host: &HostName, volume: &Volume, inner: impl Fn(&Brick) -> String) -> (String, usize) {
        let mut rows = String::new();
        let mut count = 0;
        for (brick, server) in volume.bricks.iter().filter(|(_, server)| self.takes_part(host, server)) {
            let process = self.brick(brick).process;
            let (status, pid) = process.map_or((0, "-1".to_owned()), |found| (1, found.pid.to_string()));
            let (path, uuid) = (&brick.path, &self.server(server).uuid);
            let _ = write!(
                rows,
                "<node><hostname>{}</hostname><path>{path}</path><peerid>{uuid}</peerid>\
                 <status>{status}</status><port>N/A</port><pid>{pid}</pid>{}</node>",
                brick.host,
                inner(brick)
            );
            count += 1;
        }
        (rows, count)
    }

    fn volume_status(&self, host: &HostName) -> Output {
        let mut volumes = String::new();
        for (name, volume) in self.volumes.iter().filter(|(_, volume)| volume.started) {
            let (mut rows, mut count) = self.rows(host, volume, |_| String::new());
            let heals = volume.layout.heals();
            for (other, server) in
                self.servers.iter().filter(|(other, _)| heals && self.takes_part(host, other))
            {
                let status = u8::from(server.self_heal.is_some());
                let path = if other == host { "localhost" } else { other.as_str() };
                let uuid = &server.uuid;
                let _ = write!(
                    rows,
                    "<node><hostname>Self-heal Daemon</hostname><path>{path}</path><peerid>{uuid}</peerid>\
                     <status>{status}</status><port>N/A</port><pid>7</pid></node>"
                );
                count += 1;
            }
            let _ = write!(
                volumes,
                "<volume><volName>{name}</volName><nodeCount>{count}</nodeCount>{rows}<tasks/></volume>"
            );
        }
        answered(&format!("<volStatus><volumes>{volumes}</volumes></volStatus>"))
    }

    /// Returns who is connected to a brick: addresses and pids of mounts and self-heal daemons.
    pub(super) fn users(&self, name: &VolumeName, brick: &Brick) -> Vec<(String, u32)> {
        let volume = &self.volumes[name];
        if self.brick(brick).process.is_none() {
            return Vec::new();
        }
        let mut users = Vec::new();
        for (host, machine) in &self.machines {
            let mounts = machine.mounts.values().filter(|served| served.volume == *name);
            let reaching = mounts.filter(|served| self.reaches(served, brick));
            users.extend(reaching.map(|served| (machine.address.clone(), served.process.pid)));
            let daemon = self.servers.get(host).and_then(|server| server.self_heal);
            let daemon = daemon.filter(|_| volume.layout.heals());
            users.extend(daemon.map(|process| (machine.address.clone(), process.pid)));
        }
        users
    }

    fn clients(&self, host: &HostName, name: &VolumeName) -> Output {
        let Some(volume) = self.volumes.get(name).filter(|volume| volume.started) else {
            return refused("volStatus", 30800, &format!("Volume {name} is not started"));
        };
        let op_version = |pid: u32| -> OpVersion {
            let mounts = self.machines.values().flat_map(|machine| machine.mounts.values());
            let mounts = mounts.map(|served| served.process);
            let daemons = self.servers.values().filter_map(|server| server.self_heal);
            let found = mounts.chain(daemons).find(|process| process.pid == pid);
            found.map_or(OpVersion(0), |process| process.release.line_op_version())
        };
        let nobody = volume.bricks.iter().all(|(brick, _)| self.users(name, brick).is_empty());
        if nobody {
            return refused("volStatus", 30800, &format!("Commit failed on {host}. Please check log file."));
        }
        let (rows, count) = self.rows(host, volume, |brick| {
            let users = self.users(name, brick);
            let client = |(address, pid): &(String, u32)| {
                let speaks = op_version(*pid);
                format!(
                    "<client><hostname>{address}:{}</hostname><bytesRead>0</bytesRead>\
                     <bytesWrite>0</bytesWrite><opVersion>{speaks}</opVersion></client>",
                    20_000 + pid
                )
            };
            let clients: String = users.iter().map(client).collect();
            let count = users.len();
            format!("<clientsStatus><clientCount>{count}</clientCount>{clients}</clientsStatus>")
        });
        answered(&format!(
            "<volStatus><volumes><volume><volName>{name}</volName><nodeCount>{count}</nodeCount>{rows}</volume>\
             </volumes></volStatus>"
        ))
    }

    /// A program of its own asks the bricks, and asks their glusterds for their ports first: a brick whose glusterd is down
    /// serves, and is not asked. What a client is writing at the moment counts as an entry then, since the program cannot
    /// see that the brick it did not reach has it as well (seen on 10.3). Who lists an entry has a good copy of it.
    fn heal_info(&self, name: &VolumeName, split_brain: bool) -> Output {
        let volume = &self.volumes[name];
        let mut bricks = String::new();
        for set in volume.sets() {
            let missed = set.iter().map(|(brick, _)| self.brick(brick).behind).max().unwrap_or_default();
            let hidden = |(brick, server): &(Brick, HostName)| {
                self.brick(brick).process.is_some() && self.server(server).glusterd.is_none()
            };
            let written = u64::from(set.iter().any(hidden) && self.is_mounted(name));
            let missed = missed.max(written);
            for (brick, server) in set {
                let state = self.brick(brick);
                let inner = if state.process.is_none() || self.server(server).glusterd.is_none() {
                    "<status>Transport endpoint is not connected</status><numberOfEntries>-</numberOfEntries>"
                        .to_owned()
                } else {
                    let good = if state.behind == 0 { missed } else { 0 };
                    let count = if split_brain { 0 } else { good + state.dirty };
                    let file = |n: u64| format!("<file gfid=\"{brick}-{n}\">/file-{n}</file>");
                    let files: String = (0..count).map(file).collect();
                    format!("{files}<status>Connected</status><numberOfEntries>{count}</numberOfEntries>")
                };
                let uuid = &self.server(server).uuid;
                let _ = write!(bricks, "<brick hostUuid=\"{uuid}\"><name>{brick}</name>{inner}</brick>");
            }
        }
        said(format!(
            "{HEAD}<cliOutput><healInfo><bricks>{bricks}</bricks></healInfo><opRet>0</opRet>\
             <opErrno>0</opErrno><opErrstr/></cliOutput>\n"
        ))
    }

    /// Whether somebody mounts a volume, and therefore writes to it.
    fn is_mounted(&self, name: &VolumeName) -> bool {
        self.machines
            .values()
            .flat_map(|machine| machine.mounts.values())
            .any(|served| served.volume == *name)
    }

    /// The smallest of what the servers that take part know.
    fn max_op_version(&self, host: &HostName) -> Output {
        let there = self.servers.iter().filter(|(other, _)| self.takes_part(host, other));
        let known = there.filter_map(|(_, server)| Some(server.glusterd?.release.line_op_version()));
        let max = known.min().unwrap_or(OpVersion(0));
        answered(&format!(
            "<volGetopts><count>1</count><Opt><Option>cluster.max-op-version</Option><Value>{max}</Value></Opt>\
             </volGetopts>"
        ))
    }
}

/// What the CLI says where glusterd does not run.
pub(super) fn no_glusterd() -> Output {
    failed(1, "Connection failed. Please check if gluster daemon is operational.\n")
}

/// Reads a volume's name.
pub(super) fn named(volume: &str) -> VolumeName {
    volume.parse().unwrap_or_else(|error| panic!("{error}"))
}
