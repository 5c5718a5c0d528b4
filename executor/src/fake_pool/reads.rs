//! What hosts answer about themselves: `/proc`, files, packages. Each in the words of the script that asks.

use std::fmt::Write as _;

use super::recognise::Script;
use super::state::{Machine, Packages, State};
use crate::core::command::Output;
use crate::core::names::{HostName, Release};

/// Returns an output that ended well.
pub(super) fn said(stdout: impl Into<String>) -> Output {
    Output { stdout: stdout.into(), ..Output::default() }
}

/// Returns an output that ended with this status.
pub(super) fn failed(status: i32, stdout: impl Into<String>) -> Output {
    Output { status, stdout: stdout.into(), ..Output::default() }
}

/// The version of the packages that bring a release, as Debian calls them.
pub(super) fn package_version(release: Release) -> String {
    format!("{release}-6")
}

impl State {
    /// Answers a script that reads.
    pub(super) fn read(&self, host: &HostName, script: Script, arguments: &[String]) -> Output {
        let lines = match script {
            Script::Processes => self.processes(host),
            Script::StoredVolumes => return said(self.stored_volumes(host)),
            Script::Connections => self.connections(host),
            Script::Usage => self.usage(host, arguments),
            Script::ReadClaim => self.claim(host),
            Script::Detect => return said("apt\n"),
            Script::Offer => self.offer(host, &arguments[0]),
            Script::Packages => self.packages(host),
            Script::Daemons => self.daemons(host),
            Script::Disks => self.disks(arguments),
            Script::Network => self.network(),
            Script::Platform => self.platform(host),
            Script::StoredFiles => String::new(),
            Script::SyncTools => format!("python3 3.11.2\nrsync 3.2.7\nreceiving {}\n", self.receiving(host)),
            Script::TakeClaim
            | Script::ReleaseClaim
            | Script::Install
            | Script::StopGlusterd
            | Script::StopGluster
            | Script::StartGlusterd
            | Script::DropNfsLines
            | Script::Unmount
            | Script::Mount
            | Script::ProveMount
            | Script::ProveVolume
            | Script::SendFile
            | Script::CloseChangelogs => panic!("{script:?} changes something and says that it only reads"),
        };
        said(lines + "end\n")
    }

    /// `gluster --version`, which needs libraries that fit.
    pub(super) fn version(&self, host: &HostName) -> Output {
        match self.machine(host).packages {
            Packages::Whole(release) | Packages::Unconfigured(release) => said(format!(
                "glusterfs {release}\nRepository revision: git://git.gluster.org/glusterfs.git\n"
            )),
            Packages::Unpacking { .. } => {
                let words = "gluster: symbol lookup error: gluster: undefined symbol: gf_strncpy\n";
                Output { status: 127, stderr: words.to_owned(), ..Output::default() }
            }
        }
    }

    pub(super) fn glusterd_info(&self, host: &HostName) -> Output {
        let server = self.server(host);
        said(format!("UUID={}\noperating-version={}\n", server.uuid, server.op_version))
    }

    fn processes(&self, host: &HostName) -> String {
        let mut lines = String::new();
        if let Some(server) = self.servers.get(host) {
            let bricks = self.bricks.iter().filter(|(brick, _)| brick.host == *host);
            let bricks = bricks.filter_map(|(_, state)| Some(("glusterfsd", state.process?)));
            let daemons = server.self_heal.map(|process| ("glusterfs", process));
            let glusterd = server.glusterd.map(|process| ("glusterd", process));
            for (name, process) in glusterd.into_iter().chain(bricks).chain(daemons) {
                let _ = writeln!(lines, "{name} {}", process.pid);
            }
        }
        for point in self.machine(host).mounts.keys() {
            let _ = writeln!(lines, "mount {point}");
        }
        lines
    }

    fn daemons(&self, host: &HostName) -> String {
        let machine = self.machine(host);
        let on_disk = machine.packages.programs();
        let mut lines = String::new();
        let mut tell = |name: &str, pid: u32, release: Release, arguments: &str| {
            let state = if release == on_disk { "current" } else { "replaced" };
            let arguments = arguments.replace(' ', "\t");
            let _ = writeln!(lines, "process {pid} {name} {state} {release},\t{arguments}\t");
        };
        if let Some(server) = self.servers.get(host) {
            if let Some(process) = server.glusterd {
                tell("glusterd", process.pid, process.release, "/usr/sbin/glusterd -p /run/glusterd.pid");
            }
            for (brick, state) in self.bricks.iter().filter(|(brick, _)| brick.host == *host) {
                let Some(process) = state.process else { continue };
                let arguments = format!("/usr/sbin/glusterfsd -s {host} --brick-name {}", brick.path);
                tell("glusterfsd", process.pid, process.release, &arguments);
            }
            if let Some(process) = server.self_heal {
                let arguments = "/usr/sbin/glusterfs -s localhost --volfile-id shd/all -p x.pid";
                tell("glusterfs", process.pid, process.release, arguments);
            }
            if let Some(process) = server.events {
                // A script: it has nothing of Gluster's mapped, and python3 was not replaced.
                let _ = writeln!(
                    lines,
                    "process {} python3.11 current -\t/usr/bin/python3\t/usr/sbin/glustereventsd\t",
                    process.pid
                );
            }
        }
        for served in machine.mounts.values() {
            let arguments = arguments_of(served).replace(' ', "\t");
            let (pid, release) = (served.process.pid, served.process.release);
            let state = if release == on_disk { "current" } else { "replaced" };
            let _ = writeln!(lines, "process {pid} glusterfs {state} {release},\t{arguments}\t");
        }
        lines
    }

    fn stored_volumes(&self, host: &HostName) -> String {
        let stored = &self.server(host).stored;
        let mut lines = String::new();
        for (name, info) in stored {
            let _ = writeln!(lines, "volume {name}");
            for line in info {
                let _ = writeln!(lines, "info {line}");
            }
            let _ = writeln!(lines, "end {name}");
        }
        lines + &format!("volumes {} in all\n", stored.len())
    }

    /// A brick listens on the port of its pid, and so does whoever connects to it from: what matters is who.
    fn connections(&self, host: &HostName) -> String {
        let mut lines = String::new();
        let socket = |near: (&str, u32), far: (&str, u32), state: &str| {
            format!("socket {} {} {state}\n", end(near.0, near.1), end(far.0, far.1))
        };
        let here = &self.machine(host).address;
        for (name, volume) in &self.volumes {
            for (brick, _) in volume.bricks.iter().filter(|(_, server)| server == host) {
                let Some(process) = self.brick(brick).process else { continue };
                let port = 40_000 + process.pid;
                let _ = writeln!(lines, "brick {} {name}", process.pid);
                lines += &socket(("0.0.0.0", port), ("0.0.0.0", 0), "0A");
                for (address, pid) in self.users(name, brick) {
                    lines += &socket((here, port), (&address, 20_000 + pid), "01");
                }
            }
        }
        if let Some(daemon) = self.server(host).self_heal {
            let _ = writeln!(lines, "daemon {}", daemon.pid);
            for (name, volume) in self.volumes.iter().filter(|(_, volume)| volume.layout.heals()) {
                for (brick, server) in &volume.bricks {
                    let Some(process) = self.brick(brick).process else { continue };
                    if self.users(name, brick).iter().any(|(_, pid)| *pid == daemon.pid) {
                        let far = (self.machine(server).address.as_str(), 40_000 + process.pid);
                        lines += &socket((here, 20_000 + daemon.pid), far, "01");
                    }
                }
            }
        }
        lines
    }

    fn usage(&self, host: &HostName, arguments: &[String]) -> String {
        assert!(arguments.len() <= 1, "the fake pool has no applications: {arguments:?}");
        let Machine { address, mounts, aside, packages, .. } = self.machine(host);
        let mut lines = format!("address {address}\n");
        for (number, (point, served)) in mounts.iter().enumerate() {
            let _ = writeln!(lines, "mount {point} {} 0:{number} / readable", served.mount.source);
            let pid = served.process.pid;
            let _ = writeln!(lines, "serves {pid} {point}");
            for argument in arguments_of(served).split(' ') {
                let _ = writeln!(lines, "argument {pid} {argument}");
            }
            let release = served.process.release;
            let state = if release == packages.programs() { "current" } else { "deleted" };
            let _ = writeln!(lines, "library {pid} {state} {release} - glusterfs");
        }
        for mount in aside.values() {
            let _ =
                writeln!(lines, "aside-mount {} {} {}", mount.source, mount.point, mount.options.join(","));
        }
        lines
    }

    fn claim(&self, host: &HostName) -> String {
        match &self.server(host).claim {
            Some(text) => format!("claim\n{text}\n"),
            None => "none\n".to_owned(),
        }
    }

    fn packages_of(&self, host: &HostName) -> &'static [&'static str] {
        if self.servers.contains_key(host) {
            &["glusterfs-common", "glusterfs-server"]
        } else {
            &["glusterfs-common", "glusterfs-client"]
        }
    }

    fn offer(&self, host: &HostName, release: &str) -> String {
        if release != self.offered.to_string() {
            return String::new();
        }
        let Machine { packages, .. } = self.machine(host);
        let (now, then) = (package_version(packages.programs()), package_version(self.offered));
        let mut lines = format!("version {then}\n");
        if !matches!(packages, Packages::Whole(_)) {
            lines += "half not wholly installed: glusterfs-common\n";
        }
        for name in self.packages_of(host) {
            let _ = writeln!(lines, "move {name} {now} {then}");
        }
        lines
    }

    fn packages(&self, host: &HostName) -> String {
        let Machine { packages, installing, .. } = self.machine(host);
        let (versions, status) = match packages {
            Packages::Whole(release) => ([release, release], None),
            Packages::Unpacking { from, to } => ([to, from], Some("unpacked")),
            Packages::Unconfigured(release) => ([release, release], Some("unpacked")),
        };
        let mut lines = "manager apt\n".to_owned();
        for (name, release) in self.packages_of(host).iter().zip(versions) {
            let _ = writeln!(lines, "package {name} {}", package_version(*release));
            if let Some(status) = status {
                let _ = writeln!(lines, "broken {name} {status}");
            }
        }
        if *installing {
            lines += "busy apt-get (pid 7) holds /var/lib/dpkg/lock\n";
        }
        lines
    }

    fn disks(&self, paths: &[String]) -> String {
        let mut lines = String::new();
        for (at, path) in paths.iter().enumerate() {
            let number = at + 1;
            let _ = writeln!(lines, "{number} fs xfs 104857600 52428800 1000000 rw /");
            let of = |volume: &&super::state::Volume| {
                volume.bricks.iter().any(|(brick, _)| brick.path.as_str() == path)
            };
            let id = self.volumes.values().find(of).map(|volume| volume.id.replace('-', ""));
            let _ = writeln!(lines, "{number} volume-id {}", id.as_deref().unwrap_or("none"));
        }
        lines
    }

    fn network(&self) -> String {
        let named = |(host, machine): (&HostName, &Machine)| format!("name {host} {}\n", machine.address);
        let servers = self.machines.iter().filter(|(host, _)| self.servers.contains_key(*host));
        servers.map(named).collect::<String>() + "no-firewall\n"
    }

    fn platform(&self, host: &HostName) -> String {
        let mut lines = "os debian\nos-version 12\n".to_owned();
        match self.servers.get(host) {
            Some(server) => {
                let enabled = if server.starts_at_boot { "enabled" } else { "disabled" };
                let active = |runs: bool| if runs { "active" } else { "inactive" };
                lines += "init systemd\n";
                let _ = writeln!(lines, "unit glusterd {enabled} {}", active(server.glusterd.is_some()));
                let _ = writeln!(lines, "unit glustereventsd {enabled} {}", active(server.events.is_some()));
            }
            None => lines += "init bare\n",
        }
        lines + "python3 3.11.2\nrsync 3.2.7\nopenssl-dir /usr/lib/ssl\nipv6 on\n"
    }
}

/// An end of a connection as the kernel writes it.
fn end(address: &str, port: u32) -> String {
    let octets: Vec<u32> = address.split('.').filter_map(|octet| octet.parse().ok()).collect();
    let [a, b, c, d] = octets[..] else { panic!("{address} is no address of IPv4") };
    assert!(port < 65_536, "more processes than ports");
    format!("{d:02X}{c:02X}{b:02X}{a:02X}:{port:04X}")
}

/// What mount.glusterfs starts a process with.
fn arguments_of(served: &super::state::Served) -> String {
    let (server, _) = served.mount.source.as_str().split_once(":/").unwrap_or_default();
    let mut words = "/usr/sbin/glusterfs".to_owned();
    for option in &served.mount.options {
        let _ = write!(words, " --{option}");
    }
    let (volume, point) = (&served.volume, &served.mount.point);
    words + &format!(" --process-name fuse --volfile-server={server} --volfile-id=/{volume} {point}")
}
