//! Who uses the volumes: clients, mounts on servers, programs on gfapi.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::names::{HostName, VolumeName};
use executor::core::pool::Observed;
use executor::core::usage::{MountState, Usage};

use super::Draft;
use super::written::{Application, Client, HostMount};

impl Draft<'_> {
    /// Returns the clients, the mounts on servers, and the programs, and notes what of them a rehearsal has not.
    pub(super) fn users(&mut self) -> (Vec<Client>, Vec<HostMount>, Vec<Application>) {
        let (mut clients, mut mounts, mut applications) = (Vec::new(), Vec::new(), Vec::new());
        let state = self.state;
        for (host, client) in &state.clients {
            let name = self.names.node(host.as_str(), "c");
            let mounted = self.mounted(host, &name, &client.usage);
            applications.extend(self.applications(host, &name, &client.usage));
            clients.push(Client { name, mounts: mounted });
        }
        let servers = self.servers.clone();
        for host in servers {
            let Some(found) = state.hosts.get(host) else { continue };
            let name = self.names.server(host);
            let mounted = self.mounted(host, &name, &found.usage);
            mounts.extend(mounted.into_iter().map(|volume| HostMount { host: name.clone(), volume }));
            applications.extend(self.applications(host, &name, &found.usage));
        }
        self.note_others();
        (clients, mounts, applications)
    }

    /// Returns the volumes that a host mounts, each once.
    fn mounted(&mut self, host: &HostName, name: &str, usage: &Observed<Usage>) -> Vec<String> {
        let shown = self.names.shown(host, name);
        let Ok(usage) = usage.known() else {
            self.note(format!("what {shown} mounts is unknown, so it mounts nothing here"));
            return Vec::new();
        };
        let mut volumes = BTreeSet::new();
        for mount in &usage.mounts {
            match volume_of(mount).filter(|volume| self.volumes.contains_key(volume)) {
                Some(volume) if volumes.contains(&volume) => {
                    self.note(format!("a volume that {shown} mounts more than once is mounted there once"));
                }
                Some(volume) => {
                    if mount
                        .source
                        .split_once(':')
                        .is_some_and(|(_, path)| path.trim_matches('/').contains('/'))
                    {
                        self.note(format!("{shown} mounts a volume as a whole; in the pool a folder of it"));
                    }
                    volumes.insert(volume);
                }
                None => self.note(format!("a mount on {shown} is left out: it is of no volume of this pool")),
            }
        }
        volumes.iter().map(|volume| self.names.volume(volume)).collect()
    }

    /// Returns the programs on gfapi of a host. There are two in a rehearsal: fio, and qemu's for all of qemu.
    fn applications(&mut self, host: &HostName, name: &str, usage: &Observed<Usage>) -> Vec<Application> {
        let shown = self.names.shown(host, name);
        let users = usage.known().and_then(|usage| usage.library_users.known());
        let users = match users {
            Ok(users) => users,
            Err(_) => {
                self.note(format!("which programs use gfapi on {shown} is unknown, so none does here"));
                return Vec::new();
            }
        };
        let mut found: BTreeMap<&'static str, VolumeName> = BTreeMap::new();
        for user in users.iter().filter(|user| user.gfapi) {
            let program = match user.process.program.as_str() {
                "fio" => Some("fio"),
                program if program.starts_with("qemu") => Some("qemu_nbd"),
                _ => None,
            };
            let volume = user.volume.as_ref().filter(|volume| self.volumes.contains_key(*volume));
            match (program, volume) {
                (Some(program), Some(volume)) if !found.contains_key(program) => {
                    found.insert(program, volume.clone());
                }
                (Some(program), Some(_)) => {
                    self.note(format!("{program} on {shown} is there once; in the pool several times"));
                }
                (_, _) => {
                    let secret = self.names.are_secret();
                    let program = if secret { "a program" } else { user.process.program.as_str() };
                    self.note(format!("{program} on {shown} is left out: it uses gfapi, and no rehearsal has it or knows its volume"));
                }
            }
        }
        let each = found.into_iter().map(|(program, volume)| Application {
            host: name.to_owned(),
            volume: self.names.volume(&volume),
            program,
        });
        each.collect()
    }

    /// Notes how many more use the bricks than the inventory names.
    fn note_others(&mut self) {
        let state = self.state;
        let hosts = state.hosts.values().map(|host| &host.usage);
        let usages = hosts.chain(state.clients.values().map(|client| &client.usage));
        let known: BTreeSet<&String> =
            usages.filter_map(|usage| usage.known().ok()).flat_map(|usage| &usage.addresses).collect();
        if self.volumes.values().any(|volume| volume.clients.known().is_err()) {
            self.note("who else is connected to a volume is unknown");
        }
        let bricks = self.volumes.values().filter_map(|volume| volume.clients.known().ok());
        let others: BTreeSet<&String> =
            bricks.flat_map(BTreeMap::values).flatten().filter(|address| !known.contains(address)).collect();
        if !others.is_empty() {
            let count = others.len();
            self.note(format!(
                "{count} clients are left out: they are connected, and the inventory does not name them"
            ));
        }
    }
}

/// Returns the volume of a mount: `g1,g2:/vol0/folder`.
fn volume_of(mount: &MountState) -> Option<VolumeName> {
    let (_, path) = mount.source.split_once(":/").or_else(|| mount.source.split_once(':'))?;
    path.split('/').next()?.parse().ok()
}
