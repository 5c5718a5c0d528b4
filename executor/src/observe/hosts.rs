//! Looking at hosts themselves: one question a theme, all of them side by side.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;

use super::{NOT_ASKED, Scope, ask, asked};
use crate::core::check::Fact;
use crate::core::names::{AbsolutePath, HostName, VolumeName};
use crate::core::pool::{HostState, Observed, Reach, VolumeState};
use crate::core::system::{BrickDirectory, ClientFacts, Clock, Daemon, FileSystem, SystemFacts};
use crate::system;
use crate::transport::Transport;

/// A clock that is known this well is known well enough.
const CLOCK_ENOUGH: Duration = Duration::from_millis(500);
/// How often a clock is asked, on a machine that is slow to answer.
const CLOCK_TRIES: u32 = 3;

/// Looks at a host. Its bricks are looked at once the volumes are known, by [`bricks`].
pub(super) async fn facts(transport: &dyn Transport, host: &HostName) -> SystemFacts {
    let (of_any_machine, network, stored) = tokio::join!(
        client_facts(transport, host, &system::DIRECTORIES),
        ask(transport, host, system::network(), system::parse_network),
        ask(transport, host, system::stored(), system::parse_stored),
    );
    let ClientFacts { platform, packages, directories, daemons, clock } = of_any_machine;
    let bricks = Observed::Unknown("which bricks are here is not known".to_owned());
    SystemFacts { platform, packages, directories, bricks, daemons, clock, network, stored }
}

/// Looks at a client machine, or at what every machine has; and at the file systems of these directories.
pub(super) async fn client_facts(
    transport: &dyn Transport,
    host: &HostName,
    directories: &[&str],
) -> ClientFacts {
    let (platform, packages, directories, daemons, clock) = tokio::join!(
        ask(transport, host, system::platform(), system::parse_platform),
        ask(transport, host, system::packages(), system::parse_packages),
        file_systems(transport, host, directories),
        daemons(transport, host),
        clock(transport, host),
    );
    ClientFacts { platform, packages, directories, daemons, clock }
}

/// Looks at the file systems of directories.
async fn file_systems(
    transport: &dyn Transport,
    host: &HostName,
    directories: &[&str],
) -> Observed<BTreeMap<AbsolutePath, FileSystem>> {
    let paths: Result<Vec<AbsolutePath>, _> = directories.iter().map(|directory| directory.parse()).collect();
    match paths {
        Ok(paths) => {
            let command = system::disks(paths.iter().map(AbsolutePath::as_str));
            ask(transport, host, command, |output| system::parse_directories(output, &paths)).await
        }
        Err(error) => Observed::Unknown(error.to_string()),
    }
}

/// Looks at what gates ask for.
pub(super) async fn facts_of_gates(transport: &dyn Transport, host: &HostName, scope: &Scope) -> SystemFacts {
    let platform = async {
        if scope.asks_of(host, Fact::Platform) {
            ask(transport, host, system::platform(), system::parse_platform).await
        } else {
            Observed::Unknown(NOT_ASKED.to_owned())
        }
    };
    let (daemons, platform) = tokio::join!(asked(scope, Fact::Daemons, daemons(transport, host)), platform);
    SystemFacts { daemons, platform, ..SystemFacts::unknown(NOT_ASKED) }
}

/// Looks at Gluster's processes alone.
async fn daemons(transport: &dyn Transport, host: &HostName) -> Observed<Vec<Daemon>> {
    ask(transport, host, system::daemons(), system::parse_daemons).await
}

/// Asks for the time until it is known well enough; keeps the answer with the shortest round trip.
async fn clock(transport: &dyn Transport, host: &HostName) -> Observed<Clock> {
    let width = |clock: &Clock| clock.ahead_at_most_ms - clock.ahead_at_least_ms;
    let mut best: Observed<Clock> = Observed::Unknown("it was not asked".to_owned());
    for _ in 0..CLOCK_TRIES {
        let asked = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // By a clock that nobody sets: ours may be set back meanwhile.
        let begun = Instant::now();
        let read = ask(transport, host, system::clock(), |output| {
            system::parse_clock(output, asked, begun.elapsed())
        })
        .await;
        let better = match (&best, &read) {
            (_, Observed::Unknown(_)) => matches!(best, Observed::Unknown(_)),
            (Observed::Unknown(_), Observed::Known(_)) => true,
            (Observed::Known(best), Observed::Known(read)) => width(read) < width(best),
        };
        if better {
            best = read;
        }
        if best
            .known()
            .is_ok_and(|best| u128::try_from(width(best)).is_ok_and(|ms| ms <= CLOCK_ENOUGH.as_millis()))
        {
            break;
        }
    }
    best
}

/// Looks at the bricks of every host that was reached, now that the volumes are known.
pub(super) async fn bricks(
    transport: &dyn Transport,
    hosts: &mut BTreeMap<HostName, HostState>,
    volumes: &Observed<BTreeMap<VolumeName, VolumeState>>,
) {
    let looks = hosts
        .iter()
        .filter(|(_, state)| state.reach == Reach::Reached)
        .map(|(host, state)| async move { (host.clone(), bricks_of(transport, host, state, volumes).await) });
    for (host, found) in join_all(looks).await {
        if let Some(state) = hosts.get_mut(&host) {
            state.system.bricks = found;
        }
    }
}

async fn bricks_of(
    transport: &dyn Transport,
    host: &HostName,
    state: &HostState,
    volumes: &Observed<BTreeMap<VolumeName, VolumeState>>,
) -> Observed<BTreeMap<AbsolutePath, BrickDirectory>> {
    let (volumes, info) = match (volumes.known(), state.glusterd_info.known()) {
        (Ok(volumes), Ok(info)) => (volumes, info),
        (Err(reason), _) | (_, Err(reason)) => return Observed::Unknown(reason.to_owned()),
    };
    let all = volumes.values().flat_map(|volume| &volume.volume.bricks);
    let paths: Vec<AbsolutePath> =
        all.filter(|brick| brick.peer == info.uuid).map(|brick| brick.brick.path.clone()).collect();
    if paths.is_empty() {
        return Observed::Known(BTreeMap::new());
    }
    let command = system::disks(paths.iter().map(AbsolutePath::as_str));
    ask(transport, host, command, |output| system::parse_bricks(output, &paths)).await
}
