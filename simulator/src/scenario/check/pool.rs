//! Pools, and who uses them: from the file to what can be brought up.

use toml::Spanned;

use super::super::file::{self, File, Kind};
use super::super::{HostMount, PoolPart, ScenarioError, Which};
use super::{Source, known_release};
use crate::images::{Family, Init};
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

impl Pools {
    pub(super) fn part(&self, which: Which) -> Option<&PoolPart> {
        match which {
            Which::Pool => Some(&self.pool),
            Which::Secondary => self.secondary.as_ref(),
        }
    }
}

/// Who uses the volumes, but for clients with their mounts.
pub(super) struct Users {
    pub(super) sessions: Vec<Session>,
    pub(super) mounts: Vec<HostMount>,
    pub(super) applications: Vec<Application>,
}

pub(super) fn pools(source: &Source<'_>, family: &Family, file: &File) -> Result<Pools, ScenarioError> {
    let release = known_release(source, family, &file.pool.release)?;
    let node = |name: &Spanned<String>, release: &str| NodeSpec {
        name: name.get_ref().clone(),
        release: release.to_owned(),
    };
    let part = |which: Which, servers: &[Spanned<String>], release: &str| {
        let volumes = file.volumes.iter().filter(|volume| volume.pool == which);
        let volumes = volumes.map(|volume| self::volume(source, volume)).collect::<Result<Vec<_>, _>>()?;
        Ok(PoolPart { servers: servers.iter().map(|name| node(name, release)).collect(), volumes })
    };
    let pool = part(Which::Pool, file.pool.servers.get_ref(), &release)?;
    let secondary = match &file.secondary {
        Some(secondary) => {
            let own = secondary.release.as_ref().map(|own| known_release(source, family, own)).transpose()?;
            let release = own.as_ref().unwrap_or(&release);
            Some(part(Which::Secondary, secondary.servers.get_ref(), release)?)
        }
        None => None,
    };
    let stray = file.volumes.iter().find(|volume| volume.pool == Which::Secondary && secondary.is_none());
    if let Some(volume) = stray {
        let problem = format!("there is no secondary pool for volume {}", volume.name.get_ref());
        return Err(source.error(volume.name.span().start, problem, "describe it in [secondary]"));
    }
    let mut clients = Vec::new();
    for client in &file.clients {
        source.once(&client.mounts)?;
        let names = || pool.volumes.iter().map(|volume| volume.name.as_str());
        let mounts = client.mounts.iter().map(|mount| source.known(mount, "volume", names()));
        let mounts = mounts.collect::<Result<Vec<_>, _>>()?;
        clients.push(ClientSpec { node: node(&client.name, &release), mounts });
    }
    possible(source, file, &pool, secondary.as_ref(), &clients)?;
    Ok(Pools { pool, secondary, clients })
}

pub(super) fn users(source: &Source<'_>, file: &File, pools: &Pools) -> Result<Users, ScenarioError> {
    let volumes = |which: Which| {
        let part = pools.part(which).into_iter();
        part.flat_map(|part| &part.volumes).map(|volume| volume.name.as_str())
    };
    let servers = || pools.pool.servers.iter().map(|server| server.name.as_str());
    let hosts = || servers().chain(pools.clients.iter().map(|client| client.node.name.as_str()));
    let session = |session: &file::Session| {
        Ok(Session {
            primary: source.known(&session.primary, "volume of the pool", volumes(Which::Pool))?,
            secondary: source.known(
                &session.secondary,
                "volume of the secondary",
                volumes(Which::Secondary),
            )?,
        })
    };
    let mount = |mount: &file::HostMount| {
        Ok(HostMount {
            host: source.known(&mount.host, "server", servers())?,
            volume: source.known(&mount.volume, "volume of the pool", volumes(Which::Pool))?,
        })
    };
    let application = |application: &file::Application| {
        Ok(Application {
            host: source.known(&application.host, "host", hosts())?,
            volume: source.known(&application.volume, "volume of the pool", volumes(Which::Pool))?,
            program: application.program,
        })
    };
    Ok(Users {
        sessions: file.sessions.iter().map(session).collect::<Result<_, _>>()?,
        mounts: file.mounts.iter().map(mount).collect::<Result<_, _>>()?,
        applications: file.applications.iter().map(application).collect::<Result<_, _>>()?,
    })
}

fn volume(source: &Source<'_>, volume: &file::Volume) -> Result<VolumeSpec, ScenarioError> {
    let at = volume.kind.span().start;
    let missing = |key: &str| {
        source.error(
            at,
            format!("`{key}` is missing for this kind of volume"),
            "scenarios/README.md explains the kinds",
        )
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
        return Err(source.error(at, problem, "remove what this kind of volume does not have"));
    }
    source.parsed::<executor::core::names::VolumeName>(&volume.name, "rename the volume")?;
    Ok(VolumeSpec {
        name: volume.name.get_ref().clone(),
        kind,
        bricks_per_server: volume.bricks_per_server,
        options: volume.options.clone().into_iter().collect(),
    })
}

/// Sees that such pools can be brought up at all.
fn possible(
    source: &Source<'_>,
    file: &File,
    pool: &PoolPart,
    secondary: Option<&PoolPart>,
    clients: &[ClientSpec],
) -> Result<(), ScenarioError> {
    let at = file.pool.servers.span().start;
    let far = secondary.map_or(&[][..], |part| &part.servers);
    if pool.servers.len() + far.len() + clients.len() > NODES_MAX {
        let problem = format!("more than {NODES_MAX} nodes");
        return Err(source.error(at, problem, "rehearse with fewer servers of the same layout"));
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
        .or_else(|| spec(secondary?, &[]).fault());
    match fault {
        None => Ok(()),
        Some((fault, hint)) => {
            let at = place_of(&fault, file).unwrap_or(at);
            Err(source.error(at, fault, hint))
        }
    }
}

/// Returns where the thing that a fault names is declared last.
fn place_of(fault: &str, file: &File) -> Option<usize> {
    let far = file.secondary.iter().flat_map(|secondary| secondary.servers.get_ref());
    let names = file.volumes.iter().map(|volume| &volume.name);
    let names = names.chain(file.clients.iter().map(|client| &client.name));
    let names = names.chain(file.pool.servers.get_ref()).chain(far);
    let named =
        |name: &&Spanned<String>| fault.split([' ', ';', '`', ',']).any(|word| word == name.get_ref());
    names.filter(named).map(|name| name.span().start).max()
}
