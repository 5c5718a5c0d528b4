//! Commands that change something: which strokes they do, one after the other, and what they say at the end.

use super::cli::{answered, named, no_glusterd, refused};
use super::reads::{failed, package_version, said};
use super::recognise::{Script, Sent};
use super::state::{Packages, State};
use super::strokes::Stroke;
use crate::core::command::Output;
use crate::core::names::{HostName, OpVersion};
use crate::core::usage::Mount;

/// A command that was begun.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// What it does, in order.
    pub(super) strokes: Vec<Stroke>,
    /// What it says once all of it is done.
    pub(super) says: Output,
}

impl Deed {
    pub(super) fn new(strokes: impl IntoIterator<Item = Stroke>, says: Output) -> Self {
        Self { strokes: strokes.into_iter().collect(), says }
    }

    /// A command that does nothing, and says why.
    pub(super) fn nothing(says: Output) -> Self {
        Self::new([], says)
    }
}

impl State {
    /// Begins a command that changes something. `None`: it is none of those known here.
    pub(super) fn begin(&mut self, host: &HostName, sent: &Sent<'_>) -> Option<Deed> {
        match sent {
            Sent::Script(script, arguments) => self.begin_script(host, *script, arguments),
            Sent::Gluster(words) => self.begin_gluster(host, words),
            Sent::Version | Sent::Info | Sent::Date => None,
        }
    }

    fn begin_script(&self, host: &HostName, script: Script, arguments: &[String]) -> Option<Deed> {
        Some(match script {
            Script::TakeClaim => self.take_claim(host, &arguments[1], &arguments[2]),
            Script::ReleaseClaim => {
                let there = self.server(host).claim.as_deref() == Some(arguments[1].as_str());
                let word = if there { "released\nend\n" } else { "none\nend\n" };
                Deed::new(there.then_some(Stroke::Claim(None)), said(word))
            }
            Script::Install => self.install(host, &arguments[0], arguments[2] == "fetch"),
            Script::StopGlusterd => Deed::new([Stroke::EndGlusterd, Stroke::EndDaemons], said("stopped\n")),
            Script::StopGluster => {
                let bricks = self.bricks.iter().filter(|(brick, _)| brick.host == *host);
                let ends = bricks.map(|(brick, _)| Stroke::EndBrick(brick.clone()));
                let first = [Stroke::EndEvents, Stroke::EndMountsAndDaemons];
                let strokes = first.into_iter().chain(ends).chain([Stroke::EndGlusterd]);
                Deed::new(strokes, said("stopped\n"))
            }
            Script::StartGlusterd => self.begin_start(host),
            Script::DropNfsLines => self.drop_nfs_lines(host),
            Script::Unmount => {
                let mount = mount_of(arguments);
                let strokes = [Stroke::Note(mount.clone(), true), Stroke::Unmount(mount)];
                Deed::new(strokes, said("unmounted\n"))
            }
            Script::Mount => self.begin_mount(&mount_of(arguments)),
            // Where nothing is mounted the folder is there all the same, and so is the disk below it.
            Script::ProveMount => Deed::new([Stroke::Prove], said("written, read and removed\n")),
            Script::ProveVolume => self.prove(host, &arguments[0]),
            Script::SendFile => return self.send_file(host, arguments),
            Script::CloseChangelogs => self.close_changelogs(host, arguments),
            Script::Processes
            | Script::StoredVolumes
            | Script::Connections
            | Script::Usage
            | Script::ReadClaim
            | Script::Detect
            | Script::Offer
            | Script::Packages
            | Script::Daemons
            | Script::Disks
            | Script::Network
            | Script::Platform
            | Script::StoredFiles
            | Script::SyncTools => return None,
        })
    }

    fn take_claim(&self, host: &HostName, text: &str, over: &str) -> Deed {
        match &self.server(host).claim {
            Some(there) if over.is_empty() || there != over => {
                Deed::nothing(said(format!("other\n{there}\nend\n")))
            }
            Some(_) | None => Deed::new([Stroke::Claim(Some(text.to_owned()))], said("taken\nend\n")),
        }
    }

    fn install(&self, host: &HostName, version: &str, fetch: bool) -> Deed {
        let machine = self.machine(host);
        if machine.installing {
            let words = "busy: packages are being installed on this host by an earlier command\n";
            return Deed::nothing(failed(75, words));
        }
        let to = self.offered;
        assert_eq!(version, package_version(to), "only {to} is on offer");
        if fetch {
            return Deed::new([Stroke::Fetch], said(format!("fetched {version}\n")));
        }
        let says = said(format!("installed {to}\n"));
        let unpack = |programs| Stroke::Unpack { to, programs };
        match machine.packages {
            Packages::Whole(release) if release == to => Deed::nothing(says),
            // What was interrupted is finished first.
            Packages::Unconfigured(release) if release == to => Deed::new([Stroke::Configure], says),
            Packages::Whole(_) | Packages::Unconfigured(_) | Packages::Unpacking { .. } => {
                Deed::new([unpack(false), unpack(true), Stroke::Configure], says)
            }
        }
    }

    fn begin_start(&self, host: &HostName) -> Deed {
        if matches!(self.machine(host).packages, Packages::Unpacking { .. }) {
            return Deed::nothing(failed(1, "glusterd ended with 127\n"));
        }
        let runs = self.server(host).glusterd.is_some();
        let says = said(if runs { "running\n" } else { "started\n" });
        Deed::new([Stroke::StartGlusterd, Stroke::StartEvents], says)
    }

    fn drop_nfs_lines(&self, host: &HostName) -> Deed {
        let server = self.server(host);
        if server.glusterd.is_some() {
            return Deed::nothing(failed(1, "refused: glusterd runs\n"));
        }
        let stored =
            server.stored.iter().filter(|(_, info)| info.iter().any(|line| line.starts_with("nfs.")));
        let changed: Vec<_> = stored.map(|(name, _)| name.clone()).collect();
        let words: String = changed.iter().map(|name| format!("changed {name}\n")).collect();
        Deed::new(changed.into_iter().map(Stroke::DropNfsLines), said(words + "end\n"))
    }

    fn begin_mount(&self, mount: &Mount) -> Deed {
        if !self.serves(mount) {
            return Deed::nothing(failed(1, format!("failed: mount -t glusterfs {mount}\n")));
        }
        Deed::new([Stroke::Mount(mount.clone()), Stroke::Note(mount.clone(), false)], said("mounted\n"))
    }

    fn prove(&self, host: &HostName, volume: &str) -> Deed {
        let name = named(volume);
        let there = &self.volumes[&name];
        let serves = |set: &[(crate::core::names::Brick, HostName)]| {
            set.iter().all(|(brick, _)| self.brick(brick).process.is_some())
        };
        let usable = self.server(host).glusterd.is_some() && there.started && there.sets().all(serves);
        let says = if usable {
            said("proved: root and user 65534 can write to it and read\n")
        } else {
            failed(1, format!("failed: {name} cannot be mounted on this host: no brick answered\n"))
        };
        Deed::new([Stroke::Prove], says)
    }

    fn begin_gluster(&mut self, host: &HostName, words: &[&str]) -> Option<Deed> {
        match words {
            ["volume", "geo-replication", ..] => {}
            ["volume", "heal", _] | ["volume", "stop" | "start", _, "--xml"] => {}
            ["volume", "set", "all", "cluster.op-version", _, "--xml"] => {}
            _ => return None,
        }
        if !self.answers(host) {
            return Some(Deed::nothing(no_glusterd()));
        }
        if let ["volume", "geo-replication", rest @ ..] = words {
            return self.begin_session(host, rest);
        }
        let busy = self.busy();
        Some(match words {
            ["volume", "heal", volume] => self.launch(volume, busy),
            ["volume", action, volume, "--xml"] => match busy {
                Some(words) => Deed::nothing(refused("volStop", 30802, &words)),
                None => self.switched(volume, *action == "start"),
            },
            [.., to, "--xml"] => match busy {
                Some(words) => Deed::nothing(refused("volSet", 30802, &words)),
                None => self.raise(host, to),
            },
            _ => return None,
        })
    }

    fn launch(&self, volume: &str, busy: Option<String>) -> Deed {
        let name = named(volume);
        let launching =
            format!("Launching heal operation to perform index self heal on volume {name} has been ");
        let no = |why: &str| {
            Deed::nothing(Output {
                status: 1,
                stderr: format!("{launching}unsuccessful:\n{why}\n"),
                ..Output::default()
            })
        };
        if let Some(words) = busy {
            return no(&words);
        }
        if let Some(young) = self.too_early() {
            return no(&format!("Commit failed on {young}. Please check log file for details."));
        }
        if !self.volumes[&name].started {
            return no(&format!("Volume {name} is not started."));
        }
        let missing = |(_, host): &(crate::core::names::Brick, HostName)| {
            let server = self.server(host);
            server.glusterd.is_some() && server.self_heal.is_none()
        };
        if self.volumes[&name].bricks.iter().any(missing) {
            return no("Self-heal daemon is not running. Check self-heal daemon log file.");
        }
        let words = format!("{launching}successful \nUse heal info commands to check status.\n");
        Deed::new([Stroke::Heal(name)], said(words))
    }

    fn switched(&self, volume: &str, start: bool) -> Deed {
        let name = named(volume);
        let there = &self.volumes[&name];
        let op = if start { "volStart" } else { "volStop" };
        if there.started == start {
            let words = if start { "already started" } else { "is not in the started state" };
            return Deed::nothing(refused(op, 30800, &format!("Volume {name} {words}")));
        }
        if !start && self.is_sent_from(&name) {
            let words = format!(
                "geo-replication sessions are active for the volume {name}.\nStop geo-replication sessions involved \
                 in this volume. Use 'volume geo-replication status' command for more info."
            );
            return Deed::nothing(refused(op, 30800, &words));
        }
        let says = answered(&format!("<{op}><volname>{name}</volname></{op}>"));
        if start {
            return Deed::new([Stroke::StartVolume(name)], says);
        }
        let ends = there.bricks.iter().map(|(brick, _)| Stroke::EndBrick(brick.clone()));
        Deed::new(ends.chain([Stroke::StopVolume(name.clone())]), says)
    }

    /// Raises the op-version of all that take part. Where peers are rejected that is this server alone, and it is called
    /// a success (tried on 10.3 and 11.1).
    fn raise(&self, host: &HostName, to: &str) -> Deed {
        let to = OpVersion(to.parse().unwrap_or_else(|_| panic!("{to} is no op-version")));
        let now = self.server(host).op_version;
        let part: Vec<&HostName> = self.servers.keys().filter(|other| self.takes_part(host, other)).collect();
        if to <= now {
            let words = format!(
                "Required op-version ({to}) should not be equal or lower than current cluster op-version ({now})."
            );
            return Deed::nothing(refused("volSet", 30800, &words));
        }
        let knows = |server: &&&HostName| {
            self.server(server).glusterd.is_some_and(|process| process.release.line_op_version() >= to)
        };
        if !part.iter().all(|server| knows(&server)) {
            let words =
                format!("Required op_version ({to}) is not supported. Max supported op version is {now}");
            return Deed::nothing(refused("volSet", 30800, &words));
        }
        let says = answered("<cliOp>volSet</cliOp><output>Set volume successful</output>");
        Deed::new(part.into_iter().map(|server| Stroke::Raise(server.clone(), to)), says)
    }
}

/// Reads a mount from the arguments of a script: source, place, options.
fn mount_of(arguments: &[String]) -> Mount {
    let options: Vec<&str> = arguments[2].split(',').filter(|option| !option.is_empty()).collect();
    let mount = serde_json::json!({ "source": arguments[0], "point": arguments[1], "options": options });
    serde_json::from_value(mount).unwrap_or_else(|error| panic!("{error}"))
}
