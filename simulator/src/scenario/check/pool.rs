//! Pools, and who uses them: from the file to what can be brought up.

use super::super::file::{self, File, Kind};
use super::super::placed::Placed;
use super::super::sources::{Checked, Sources, every};
use super::super::{HostMount, PoolPart, Which};
use super::Look;
use crate::images::Init;
use crate::pool::{
    Application, ClientSpec, NodeSpec, ONE_NAME_EACH, PoolSpec, Session, VolumeKind, VolumeSpec,
};

/// The most nodes of a scenario: what one machine with memory to spare can carry.
const NODES_MAX: usize = 32;

/// The pools of a scenario and their clients.
pub(super) struct Pools {
    pub(super) pool: PoolPart,
    pub(super) secondary: Option<PoolPart>,
    pub(super) clients: Vec<ClientSpec>,
}

/// Who uses the volumes, but for clients with their mounts.
pub(super) struct Users {
    pub(super) sessions: Vec<Session>,
    pub(super) mounts: Vec<HostMount>,
    pub(super) applications: Vec<Application>,
}

pub(super) fn pools(look: &Look<'_>) -> Checked<Pools> {
    let Look { sources, file, .. } = look;
    let release = release(look);
    let far_release = match file.secondary.as_ref().and_then(|secondary| secondary.release.as_ref()) {
        Some(own) => look.known_release(own),
        None => release.clone(),
    };
    let volumes = |which: Which| {
        let volumes = file.volumes.iter().filter(move |volume| volume.pool == which);
        every(volumes.map(|volume| self::volume(sources, volume)))
    };
    let (near, far) = (volumes(Which::Pool), volumes(Which::Secondary));
    let stray =
        file.volumes.iter().filter(|volume| volume.pool == Which::Secondary && file.secondary.is_none());
    let strays = every(stray.map(|volume| {
        let problem = format!("there is no secondary pool for volume {}", volume.name.get_ref());
        Err::<(), _>(sources.error(volume.name.at(), problem, "describe it in [secondary]"))
    }));
    let mounts = every(file.clients.iter().map(|client| mounts(sources, file, client)));

    let (release, far_release) = (release?, far_release?);
    let node = |name: &Placed<String>, release: &str| NodeSpec {
        name: name.get_ref().clone(),
        release: release.to_owned(),
    };
    let part = |which: Which, volumes, release: &str| PoolPart {
        servers: file.servers(which).iter().map(|name| node(name, release)).collect(),
        volumes,
    };
    let pool = part(Which::Pool, near?, &release);
    let secondary = part(Which::Secondary, far?, &far_release);
    let secondary = file.secondary.is_some().then_some(secondary);
    let clients = file
        .clients
        .iter()
        .zip(mounts?)
        .map(|(client, mounts)| ClientSpec { node: node(&client.name, &release), mounts });
    let pools = Pools { pool, secondary, clients: clients.collect() };
    strays?;
    possible(sources, file, &pools)?;
    Ok(pools)
}

/// Returns the release that the pool starts with. A matrix has put it there, where one is to.
fn release(look: &Look<'_>) -> Checked<String> {
    let pool = &look.file.pool;
    match &pool.get_ref().release {
        Some(release) => look.known_release(release),
        None => {
            let hint = "add it, such as release = \"10.3\", or give the releases in [matrix]";
            Err(look.sources.error(pool.at(), "missing field `release`", hint))
        }
    }
}

fn mounts(sources: &Sources, file: &File, client: &file::Client) -> Checked<Vec<String>> {
    let names = file.volume_names(Which::Pool);
    let once = sources.once(&client.mounts);
    let mounts = every(client.mounts.iter().map(|mount| sources.known(mount, "volume", &names)));
    once?;
    mounts
}

pub(super) fn users(look: &Look<'_>) -> Checked<Users> {
    let Look { sources, file, .. } = look;
    let servers = file.server_names(Which::Pool);
    let hosts = [servers.clone(), file.client_names()].concat();
    let session = |session: &file::Session| {
        let primary = look.known_volume(&session.primary, Which::Pool);
        let secondary = look.known_volume(&session.secondary, Which::Secondary);
        Ok(Session { primary: primary?, secondary: secondary? })
    };
    let mount = |mount: &file::HostMount| {
        let host = sources.known(&mount.host, "server", &servers);
        let volume = look.known_volume(&mount.volume, Which::Pool);
        Ok(HostMount { host: host?, volume: volume? })
    };
    let application = |application: &file::Application| {
        let host = sources.known(&application.host, "host", &hosts);
        let volume = look.known_volume(&application.volume, Which::Pool);
        Ok(Application { host: host?, volume: volume?, program: application.program })
    };
    let sessions = every(file.sessions.iter().map(session));
    let mounts = every(file.mounts.iter().map(mount));
    let applications = every(file.applications.iter().map(application));
    Ok(Users { sessions: sessions?, mounts: mounts?, applications: applications? })
}

fn volume(sources: &Sources, volume: &file::Volume) -> Checked<VolumeSpec> {
    let name = sources.parsed::<executor::core::names::VolumeName>(&volume.name, "rename the volume");
    let kind = kind(sources, volume)?;
    name?;
    Ok(VolumeSpec {
        name: volume.name.get_ref().clone(),
        kind,
        bricks_per_server: volume.bricks_per_server,
        options: volume.options.clone().into_iter().collect(),
    })
}

fn kind(sources: &Sources, volume: &file::Volume) -> Checked<VolumeKind> {
    let at = volume.kind.at();
    let missing = |key: &str| {
        let problem = format!("`{key}` is missing for this kind of volume");
        sources.error(at, problem, "scenarios/README.md explains the kinds")
    };
    let kind = match volume.kind.get_ref() {
        Kind::Replica => VolumeKind::Replica { count: volume.replica.ok_or_else(|| missing("replica"))? },
        Kind::Arbiter => VolumeKind::Arbiter,
        Kind::Disperse => VolumeKind::Disperse {
            data: volume.data.ok_or_else(|| missing("data"))?,
            redundancy: volume.redundancy.ok_or_else(|| missing("redundancy"))?,
        },
        Kind::Distribute => VolumeKind::Distribute,
    };
    let of_no_use = match kind {
        VolumeKind::Replica { .. } => volume.data.or(volume.redundancy),
        VolumeKind::Disperse { .. } => volume.replica,
        VolumeKind::Arbiter | VolumeKind::Distribute => volume.replica.or(volume.data).or(volume.redundancy),
    };
    if of_no_use.is_some() {
        let problem = "`replica` is for kind replica only, `data` and `redundancy` for kind disperse only";
        return Err(sources.error(at, problem, "remove what this kind of volume does not have"));
    }
    Ok(kind)
}

/// Sees that such pools can be brought up at all.
fn possible(sources: &Sources, file: &File, pools: &Pools) -> Checked<()> {
    let Pools { pool, secondary, clients } = pools;
    let at = file.pool.get_ref().servers.at();
    let far = secondary.as_ref().map_or(&[][..], |part| &part.servers);
    if pool.servers.len() + far.len() + clients.len() > NODES_MAX {
        let problem = format!("more than {NODES_MAX} nodes");
        return Err(sources.error(at, problem, "rehearse with fewer servers of the same layout"));
    }
    let spec = |part: &PoolPart, clients: &[ClientSpec]| PoolSpec {
        image: String::new(),
        init: Init::Bare,
        servers: part.servers.clone(),
        volumes: part.volumes.clone(),
        clients: clients.to_vec(),
    };
    let same = far.iter().find(|far| pool.servers.iter().any(|server| server.name == far.name));
    let fault = same
        .map(|server| (format!("two nodes are called {}", server.name), ONE_NAME_EACH))
        .or_else(|| spec(pool, clients).fault())
        .or_else(|| spec(secondary.as_ref()?, &[]).fault());
    match fault {
        None => Ok(()),
        Some((fault, hint)) => {
            let at = place_of(&fault, file).unwrap_or(at);
            Err(sources.error(at, fault, hint))
        }
    }
}

/// Returns where the thing that a fault names is declared last.
fn place_of(fault: &str, file: &File) -> Option<usize> {
    let names = file.volumes.iter().map(|volume| &volume.name);
    let names = names.chain(file.clients.iter().map(|client| &client.name));
    let names = names.chain(file.servers(Which::Pool)).chain(file.servers(Which::Secondary));
    let named = |name: &&Placed<String>| fault.split([' ', ';', '`', ',']).any(|word| word == name.get_ref());
    names.filter(named).map(Placed::at).max()
}
