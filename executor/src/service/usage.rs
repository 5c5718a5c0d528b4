//! How a host uses volumes: looking, unmounting and mounting again, stopping and starting applications.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{LOOK, SLACK, ScriptError, complete, succeeded, unescape};
use crate::core::application::{Application, Control};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::AbsolutePath;
use crate::core::pool::Observed;
use crate::core::usage::{LibraryUser, Mount, MountState, ProcessName, PutAside, Usage};
use crate::gluster::fuse;

/// What an unmount or a mount waits for by itself (`unmount.sh`, `mount.sh`), and as much again.
const MOUNT: Duration = Duration::from_secs(180);
/// What an application may take to stop or start: a virtual machine shuts down in minutes.
const APPLICATION: Duration = Duration::from_secs(900);

/// Returns the command that tells how a host uses volumes, and which of these applications run. Reads only.
pub fn usage<'a>(applications: impl IntoIterator<Item = &'a Application>) -> Command {
    let keys = applications.into_iter().map(Application::key);
    let arguments = std::iter::once(String::new()).chain(keys);
    Command::script(Effect::Reads, script!("usage.sh"), arguments, LOOK)
}

/// Reads what [`usage`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_usage(output: &Output) -> Result<Usage, ScriptError> {
    const ACT: &str = "looking at mounts and applications";
    let mut found = Found::default();
    for line in complete(ACT, output)? {
        found.line(line).ok_or_else(|| ScriptError::Unreadable { act: ACT, line: line.to_owned() })?;
    }
    Ok(found.usage())
}

/// The lines of `usage.sh`, by their first word.
#[derive(Default)]
struct Found<'a> {
    mounts: Vec<FoundMount<'a>>,
    automounts: BTreeSet<&'a str>,
    kept: BTreeMap<&'a str, Vec<String>>,
    users: BTreeMap<&'a str, Vec<ProcessName>>,
    serves: Vec<(u32, &'a str)>,
    arguments: BTreeMap<u32, Vec<String>>,
    libraries: Vec<LibraryUser>,
    unseen: Vec<ProcessName>,
    running: BTreeMap<String, BTreeSet<u32>>,
    put_aside: PutAside,
    addresses: BTreeSet<String>,
}

/// A line of the kernel's list of mounts.
struct FoundMount<'a> {
    point: &'a str,
    source: &'a str,
    device: &'a str,
    folder: &'a str,
    readable: bool,
}

impl<'a> Found<'a> {
    fn line(&mut self, line: &'a str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        let fields: Vec<&str> = rest.split(' ').collect();
        match (word, &fields[..]) {
            ("address", [address]) => drop(self.addresses.insert((*address).to_owned())),
            ("mount", [point, source, device, folder, readable]) => {
                let readable = *readable == "readable";
                self.mounts.push(FoundMount { point, source, device, folder, readable });
            }
            ("automount", [point]) => drop(self.automounts.insert(point)),
            ("kept", [point, by]) => self.kept.entry(point).or_default().push((*by).to_owned()),
            ("user", [point, pid, program @ ..]) => {
                let user = process(pid, program)?;
                self.users.entry(point).or_default().push(user);
            }
            ("serves", [pid, point]) => self.serves.push((pid.parse().ok()?, point)),
            ("argument", [pid, argument]) => {
                self.arguments.entry(pid.parse().ok()?).or_default().push(unescape(argument));
            }
            ("gfapi" | "library", [pid, state, release, unit, program @ ..]) => {
                self.libraries.push(LibraryUser {
                    process: process(pid, program)?,
                    gfapi: word == "gfapi",
                    unit: Some(*unit).filter(|unit| *unit != "-").map(str::to_owned),
                    volume: None,
                    release: release.parse().ok(),
                    deleted: *state == "deleted",
                });
            }
            ("unseen", [pid, program @ ..]) => self.unseen.push(process(pid, program)?),
            ("asked", [key]) => drop(self.running.entry((*key).to_owned()).or_default()),
            ("runs", [key, pid]) => {
                self.running.entry((*key).to_owned()).or_default().insert(pid.parse().ok()?);
            }
            ("aside-mount", [source, point, options]) => {
                let options = options.split(',').filter(|option| !option.is_empty()).map(str::to_owned);
                self.put_aside.mounts.insert(Mount {
                    source: source.parse().ok()?,
                    point: point.parse().ok()?,
                    options: options.collect(),
                });
            }
            ("aside-application", [name]) => {
                self.put_aside.applications.insert(name.parse().ok()?);
            }
            _ => return None,
        }
        Some(())
    }

    fn usage(mut self) -> Usage {
        let mounts = self.mounts.iter().filter_map(|mount| self.mount(mount)).collect();
        for user in &mut self.libraries {
            user.volume = self.arguments.get(&user.process.pid).and_then(|argv| fuse::volume_of(argv));
            // `heal info` is a program on libgfapi of Gluster's own, and is gone a moment later (heal/src/glfs-heal.c).
            user.gfapi &= !matches!(
                user.process.program.as_str(),
                "glfsheal" | "gluster" | "glusterd" | "glusterfsd" | "glusterfs"
            );
        }
        self.libraries.retain(|user| user.process.program != "glfsheal");
        self.libraries.sort_by(|one, other| one.process.cmp(&other.process));
        let library_users = match self.unseen() {
            Some(reason) => Observed::Unknown(reason),
            None => Observed::Known(self.libraries),
        };
        Usage {
            mounts,
            library_users,
            running: self.running,
            put_aside: self.put_aside,
            addresses: self.addresses,
        }
    }

    /// Why not every process is known, where that is so.
    fn unseen(&self) -> Option<String> {
        let names: Vec<String> = self.unseen.iter().map(ToString::to_string).collect();
        (!names.is_empty()).then(|| format!("what these processes use cannot be read: {}", names.join(", ")))
    }

    fn mount(&self, mount: &FoundMount<'a>) -> Option<MountState> {
        let users = self.users.get(mount.point).cloned().unwrap_or_default();
        Some(MountState {
            point: unescape(mount.point).parse().ok()?,
            source: unescape(mount.source),
            again: self.again(mount).map_or_else(Observed::Unknown, Observed::Known),
            kept_by: self.kept.get(mount.point).cloned().unwrap_or_default(),
            readable: mount.readable,
            users: match self.unseen() {
                Some(reason) => Observed::Unknown(reason),
                None => Observed::Known(users),
            },
        })
    }

    /// What is needed to make a mount again, or why it cannot be told.
    fn again(&self, mount: &FoundMount<'a>) -> Result<Mount, String> {
        if self.automounts.contains(mount.point) {
            return Err("an automounter makes it, and would make it again while it is to be away".to_owned());
        }
        if mount.folder != "/" {
            return Err("it shows a folder of another mount (mount --bind)".to_owned());
        }
        let same = self.mounts.iter().filter(|other| other.device == mount.device);
        let serving: Vec<u32> =
            self.serves.iter().filter(|(_, point)| *point == mount.point).map(|(pid, _)| *pid).collect();
        match serving[..] {
            [] if same.count() > 1 => Err("it shows another mount (mount --bind)".to_owned()),
            [] => Err("no process serves it: it is dead".to_owned()),
            [pid] => {
                let arguments = self.arguments.get(&pid).map_or(&[][..], Vec::as_slice);
                let again = fuse::mount_again(arguments)?;
                let point: Option<AbsolutePath> = unescape(mount.point).parse().ok();
                if Some(&again.point) == point.as_ref() {
                    Ok(again)
                } else {
                    Err("its process serves another".into())
                }
            }
            _ => Err("several processes serve mounts at this place".to_owned()),
        }
    }
}

fn process(pid: &str, program: &[&str]) -> Option<ProcessName> {
    Some(ProcessName { pid: pid.parse().ok()?, program: program.join(" ") })
}

/// Returns the command that notes a mount down on its host and unmounts it; `lazy` also while somebody uses it.
///
/// Repeating it does no harm. Who uses a mount that is busy is named, and nothing is forced.
pub fn unmount(mount: &Mount, lazy: bool) -> Command {
    let Mount { source, point, options } = mount;
    let how = if lazy { "lazy" } else { "" };
    let arguments = [source.as_str(), point.as_str(), &options.join(","), how].map(str::to_owned);
    Command::script(Effect::Changes, script!("unmount.sh"), arguments, MOUNT)
}

/// Returns the command that makes a mount again. Repeating it does no harm.
pub fn mount(mount: &Mount) -> Command {
    let Mount { source, point, options } = mount;
    let arguments = [source.as_str(), point.as_str(), &options.join(",")].map(str::to_owned);
    Command::script(Effect::Changes, script!("mount.sh"), arguments, MOUNT)
}

/// Returns the command that writes a file through a mount, reads it back and removes it. A mount that does
/// not allow that (`ro`, `worm`) is read only.
pub fn prove_mount(mount: &Mount) -> Command {
    let read_only = mount.options.iter().any(|option| option == "ro" || option == "worm");
    let how = if read_only { "read" } else { "write" };
    let arguments = [mount.point.as_str(), how].map(str::to_owned);
    Command::script(Effect::Changes, script!("prove_mount.sh"), arguments, MOUNT + SLACK)
}

/// Returns the command that notes an application down on its host and stops it.
pub fn stop_application(application: &Application) -> Command {
    let argv = match &application.control {
        Control::Unit(unit) => ["systemctl", "stop", unit.as_str()].map(str::to_owned).to_vec(),
        Control::Commands { stop, .. } => stop.clone(),
    };
    controlling(script!("stop_application.sh"), application, argv)
}

/// Returns the command that starts an application again.
pub fn start_application(application: &Application) -> Command {
    let argv = match &application.control {
        Control::Unit(unit) => ["systemctl", "start", unit.as_str()].map(str::to_owned).to_vec(),
        Control::Commands { start, .. } => start.clone(),
    };
    controlling(script!("start_application.sh"), application, argv)
}

fn controlling(script: &'static str, application: &Application, argv: Vec<String>) -> Command {
    let arguments = std::iter::once(application.name.to_string()).chain(argv);
    Command::script(Effect::Changes, script, arguments, APPLICATION)
}

/// Reads what any of the commands that change something printed: its lines.
///
/// # Errors
/// In the script's words.
pub fn parse_done(act: &'static str, output: &Output) -> Result<String, ScriptError> {
    Ok(succeeded(act, output)?.join("; "))
}

#[cfg(test)]
mod tests;
