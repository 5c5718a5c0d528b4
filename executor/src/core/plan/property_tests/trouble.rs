//! What may be wrong with a pool, so that there must be no plan for it.

use super::super::super::claim::{Claim, Keeper, RunId};
use super::super::super::pool::{Observed, PeerState, PoolState, Reach, Unreachable};
use super::super::super::sample::{change_host, change_volume, list};
use super::super::Procedure;
use super::super::tests::take_out;
use super::generate::{Draw, Shape};

/// One thing that is wrong, at a server or a volume.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    Unreachable(usize),
    ReleaseUnknown(usize),
    NotInstalled(usize),
    Rejected(usize),
    Claimed(usize),
    StoredOtherwise(usize),
    OtherOffer(usize),
    TwoOut(usize, usize),
    BrickOffline(usize),
    BricksUnknown(usize),
    SplitBrain(usize),
    Task(usize),
    /// At a volume, on one of its servers.
    HealPending(usize, usize),
    ClientUnreachable,
}

impl Trouble {
    /// Draws one that can be in this pool.
    pub(super) fn draw(draw: &mut Draw, shape: &Shape) -> Self {
        let server = 1 + draw.below(shape.servers);
        let started: Vec<usize> = (0..shape.volumes.len()).filter(|at| shape.volumes[*at].started).collect();
        let mut all = vec![
            Self::Unreachable(server),
            Self::ReleaseUnknown(server),
            Self::NotInstalled(server),
            Self::Claimed(server),
        ];
        if shape.servers > 1 {
            let next = 1 + server % shape.servers;
            all.extend([Self::Rejected(server), Self::StoredOtherwise(server), Self::TwoOut(server, next)]);
        }
        if !shape.upgraded.contains(&server) {
            all.push(Self::OtherOffer(server));
        }
        if !started.is_empty() {
            let volume = draw.one_of(&started);
            let on = draw.one_of(&shape.volumes[volume].on);
            all.extend([Self::BrickOffline(volume), Self::BricksUnknown(volume), Self::Task(volume)]);
            all.extend([Self::SplitBrain(volume), Self::HealPending(volume, on)]);
        }
        if !shape.clients.is_empty() {
            all.push(Self::ClientUnreachable);
        }
        draw.one_of(&all)
    }

    /// Lets it be so.
    pub(super) fn strike(&self, state: &mut PoolState) {
        let not_reached =
            || Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer".to_owned() };
        let named = |volume: &usize| format!("vol{volume}");
        match self {
            Self::Unreachable(server) => change_host(state, *server, |host| host.reach = not_reached()),
            Self::ReleaseUnknown(server) => {
                change_host(state, *server, |host| host.release = Observed::Unknown("no answer".to_owned()));
            }
            Self::NotInstalled(server) => {
                change_host(state, *server, |host| host.release = Observed::Known(None));
            }
            Self::Rejected(server) => change_host(state, *server, |host| {
                host.peers = host.peers.clone().map(|mut peers| {
                    peers[0].state = PeerState::Rejected;
                    peers
                });
                if host.peers.known().is_err() {
                    host.reach = not_reached();
                }
            }),
            Self::Claimed(server) => {
                let id = RunId { run: "r".into(), since: "2025-11-24T14:12:00Z".parse().unwrap() };
                let to = "11.1".parse().unwrap();
                let keeper = Keeper { id, machine: "ops2".into(), journal: "/j".into() };
                let claim = Claim::new(keeper, "bob", to, "0".into());
                change_host(state, *server, |host| host.claim = Observed::Known(Some(claim)));
            }
            Self::StoredOtherwise(server) => change_host(state, *server, |host| {
                host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
                    let other = super::super::super::pool::StoredVolume {
                        info: ["type=9".to_owned()].into(),
                        quota_checksum: None,
                    };
                    volumes.insert("odd".parse().unwrap(), other);
                    volumes
                });
            }),
            Self::OtherOffer(server) => change_host(state, *server, |host| {
                host.offer = Observed::Unknown("the package manager is busy".to_owned());
            }),
            Self::TwoOut(one, other) => [one, other].into_iter().for_each(|server| take_out(state, *server)),
            Self::BrickOffline(volume) => change_volume(state, &named(volume), |volume| {
                volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
                    bricks.values_mut().for_each(|online| *online = false);
                    bricks
                });
            }),
            Self::BricksUnknown(volume) => change_volume(state, &named(volume), |volume| {
                volume.bricks_online = Observed::Unknown("no answer".to_owned());
            }),
            Self::SplitBrain(volume) => change_volume(state, &named(volume), |volume| {
                volume.split_brain = volume.split_brain.clone().map(|mut counts| {
                    counts.values_mut().for_each(|count| *count = Observed::Known(1));
                    counts
                });
            }),
            Self::Task(volume) => change_volume(state, &named(volume), |volume| {
                volume.tasks = Observed::Known(vec!["Rebalance".to_owned()]);
            }),
            Self::HealPending(volume, server) => list(state, &named(volume), *server, &[("1f", "/a")]),
            Self::ClientUnreachable => {
                state.clients.values_mut().for_each(|client| client.reach = not_reached());
            }
        }
    }

    /// Returns whether it has to stand in the way, whatever is asked for. None: that depends.
    pub(super) fn refuses(&self, shape: &Shape) -> Option<bool> {
        match self {
            Self::Unreachable(_)
            | Self::ReleaseUnknown(_)
            | Self::NotInstalled(_)
            | Self::Claimed(_)
            | Self::StoredOtherwise(_)
            | Self::OtherOffer(_)
            | Self::TwoOut(..)
            | Self::BrickOffline(_)
            | Self::BricksUnknown(_)
            | Self::Task(_) => Some(true),
            // A server that is down is no matter to its peers.
            Self::Rejected(_) => shape.out.is_none().then_some(true),
            // Only what has copies can disagree or be healed.
            Self::SplitBrain(_) => None,
            Self::HealPending(..) if shape.out.is_none() && shape.procedure == Procedure::Online => {
                Some(true)
            }
            Self::HealPending(..) => None,
            Self::ClientUnreachable => Some(shape.clients_at_once > 0),
        }
    }
}
