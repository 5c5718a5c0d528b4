//! The pool in memory against real Gluster: both are driven through the same actions of the executor, and after each
//! the executor has to see the same of both. What is believed of the pool in memory is worth no more than this.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use acceptance::asked::Asked;
use acceptance::pool::{on_a_pool, three_servers};
use executor::act::act;
use executor::core::check::{look_all, well};
use executor::core::finding::Subject;
use executor::core::inventory::{self, Inventory};
use executor::core::names::{HostName, OpVersion, Release};
use executor::core::plan::Action;
use executor::core::pool::{HostState, Observed, PoolState, VolumeState};
use executor::fake_pool::{FakePool, Shape, Strikes, release};
use executor::gluster::{commands, replies};
use executor::observe::{self, Scope};
use executor::transport::{Routes, Transport};
use rstest::rstest;
use serde_json::{Value, json};
use simulator::pool::{Pool, VolumeKind};
use tokio::runtime::Handle;

/// How long the two may take to look alike: a heal takes its time, on both in its own way.
const PATIENCE: Duration = Duration::from_secs(120);

/// So many looks in a row have to be alike: each of the two passes through other states on its way.
const LOOKS: usize = 2;

/// One at a time: each is looked at all the while, and two of them would slow each other down to a crawl.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// How long to wait between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Writes to a few files of the volume, for as long as the client machine is there.
const WRITER: &str = "cd /mnt/vol0; nohup sh -c 'n=0; while :; do n=$(( (n + 1) % 5 )); date >f$n; sync f$n; sleep 0.2; \
                      done' >/dev/null 2>&1 &";

#[rstest]
#[case::from_9_2("9.2", "10.3", false)]
#[case::from_10_3_prepared("10.3", "11.1", true)]
#[ignore = "minutes: `make regression`"]
fn is_seen_as_a_real_pool_is(#[case] from: &'static str, #[case] to: &'static str, #[case] prepared: bool) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let spec = move |image| three_servers(image, from, VolumeKind::Replica { count: 3 });
    on_a_pool("fake", spec, move |pool| {
        Handle::current().block_on(async {
            let both = Both::new(pool, release(from), release(to));
            both.alike("as it came up").await;
            write(pool).await;
            if prepared {
                both.prepare().await;
            }
            both.upgrade().await;
            both.raise_op_version().await;
        });
    });
}

/// The unprepared way from 10.3 to 11.1 as far as nothing is lost: the server that comes back has stored other volumes
/// than all others, and no later step may begin.
#[test]
#[ignore = "minutes: `make regression`"]
fn falls_into_the_trap_as_a_real_pool_does() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let spec = |image| three_servers(image, "10.3", VolumeKind::Replica { count: 3 });
    on_a_pool("fake-trap", spec, |pool| {
        Handle::current().block_on(async {
            let both = Both::new(pool, release("10.3"), release("11.1"));
            write(pool).await;
            both.turn("g1").await;
            let differ = both.alike("after an unprepared turn").await;
            let differ = differ["findings"].to_string();
            assert!(differ.contains("STORED_VOLUMES_DIFFER"), "both see the trap: {differ}");
        });
    });
}

/// Lets the client of the real pool write, as that of the pool in memory always does.
async fn write(pool: &Pool) {
    let client = &pool.node("c1").unwrap().container;
    pool.engine().exec_ok(client, &["sh", "-c", WRITER]).await.unwrap();
}

/// One of the two pools.
struct Side {
    name: &'static str,
    transport: Box<dyn Transport>,
    inventory: Inventory,
}

struct Both {
    sides: [Side; 2],
    from: Release,
    to: Release,
}

impl Both {
    fn new(pool: &Pool, from: Release, to: Release) -> Self {
        let asked = Asked::on(pool);
        let text = std::fs::read_to_string(&asked.inventory).unwrap();
        let declared = inventory::parse(&asked.inventory, &text).unwrap();
        let real = Side {
            name: "real Gluster",
            transport: Box::new(Routes::new(&declared).unwrap()),
            inventory: declared,
        };
        // Containers without systemd start nothing by themselves.
        let shape = Shape { from, to, starts_at_boot: false, ..Shape::replica_3() };
        let fake = Side {
            name: "the pool in memory",
            transport: Box::new(FakePool::new(&shape, Strikes::new())),
            inventory: shape.inventory(),
        };
        Self { sides: [real, fake], from, to }
    }

    /// glusterd down everywhere with all bricks serving, the lines deleted, and up again.
    async fn prepare(&self) {
        for (name, action) in [
            ("glusterd down", (|host| Action::StopGlusterd { host }) as fn(HostName) -> Action),
            ("nfs lines deleted", |host| Action::DropNfsLines { host }),
            ("glusterd up", |host| Action::StartGlusterd { host }),
        ] {
            for host in ["g1", "g2", "g3"] {
                self.both_do(&action(host.parse().unwrap())).await;
                self.alike(&format!("{name} on {host}")).await;
            }
        }
    }

    async fn upgrade(&self) {
        for host in ["g1", "g2", "g3"] {
            self.turn(host).await;
            let seen = self.alike(&format!("{host} upgraded")).await;
            assert_eq!(seen["findings"], json!([]), "after the turn of {host} the pool is well");
        }
    }

    /// A server goes out, is upgraded and comes back.
    async fn turn(&self, host: &str) {
        let host: HostName = host.parse().unwrap();
        self.both_do(&Action::StopGluster { host: host.clone() }).await;
        let out = self.alike(&format!("{host} out")).await.to_string();
        assert!(out.contains("BRICK_OFFLINE"), "its brick is missed: {out}");
        for side in &self.sides {
            let version = side.version(&host, self.to).await;
            side.does(&Action::Install { host: host.clone(), release: self.to, version }).await;
        }
        self.alike(&format!("{host} installed")).await;
        self.both_do(&Action::StartGluster { host }).await;
    }

    /// Once it is raised, and then once too often.
    async fn raise_op_version(&self) {
        let to = self.to.line_op_version();
        let via: HostName = "g1".parse().unwrap();
        self.both_do(&Action::RaiseOpVersion { via: via.clone(), to }).await;
        let seen = self.alike("op-version raised").await;
        assert_eq!(seen["findings"], json!([]));
        assert_eq!(seen["servers"]["g3"]["op_version"], to.0);
        for asked in [to, self.from.line_op_version(), OpVersion(999_999)] {
            let answers = [
                self.sides[0].set_op_version(&via, asked).await,
                self.sides[1].set_op_version(&via, asked).await,
            ];
            assert_eq!(answers[0], answers[1], "asked for {asked} with {to} set");
        }
    }

    async fn both_do(&self, action: &Action) {
        for side in &self.sides {
            side.does(action).await;
        }
    }

    /// Waits until both look alike, and returns what is seen then.
    async fn alike(&self, when: &str) -> Value {
        let (begun, mut looks) = (Instant::now(), 0);
        loop {
            let (real, fake) = tokio::join!(self.sides[0].seen(self.to), self.sides[1].seen(self.to));
            looks = if real == fake { looks + 1 } else { 0 };
            if looks == LOOKS {
                eprintln!("fake: {when}: alike after {:.1} s", begun.elapsed().as_secs_f64());
                return real;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{when}:\n{}\n{real:#}\n{}\n{fake:#}",
                self.sides[0].name,
                self.sides[1].name
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

impl Side {
    async fn does(&self, action: &Action) {
        let done = act(self.transport.as_ref(), action, "compared").await;
        done.unwrap_or_else(|error| panic!("{}: {action:?}: {error}", self.name));
    }

    async fn set_op_version(&self, via: &HostName, to: OpVersion) -> String {
        let output = self.transport.run(via, &commands::set_op_version(to)).await.unwrap();
        format!("{:?}", replies::op_version_set(&output))
    }

    async fn look(&self, to: Release) -> PoolState {
        observe::look(self.transport.as_ref(), &self.inventory, &Scope::Plan(to)).await
    }

    /// Returns the version of the packages that bring a release.
    async fn version(&self, host: &HostName, to: Release) -> String {
        let state = self.look(to).await;
        state.hosts[host].offer.known().unwrap().version.clone().unwrap()
    }

    /// What gates and plans go by, without what two pools cannot share: UUIDs, pids, addresses, versions of packages.
    async fn seen(&self, to: Release) -> Value {
        let state = self.look(to).await;
        let servers: BTreeMap<&str, Value> =
            state.hosts.iter().map(|(name, host)| (name.as_str(), server(host, &state))).collect();
        let clients: BTreeMap<&str, Value> = state
            .clients
            .iter()
            .map(|(name, client)| (name.as_str(), json!(known(&client.release, |release| json!(release)))))
            .collect();
        let volumes = known(&state.volumes, |volumes| {
            json!(
                volumes
                    .iter()
                    .map(|(name, volume)| (name.as_str(), self::volume(volume)))
                    .collect::<BTreeMap<_, _>>()
            )
        });
        json!({
            "servers": servers,
            "clients": clients,
            "volumes": volumes,
            "max_op_version": known(&state.max_op_version, |newest| json!(newest)),
            "findings": findings(&state),
        })
    }
}

/// What the gates of every step would find. A client is called by its name, and no finding by its words: they have the
/// numbers of entries and pids in them.
fn findings(state: &PoolState) -> BTreeSet<String> {
    let of = |address: &String| {
        let is_its = |usage: &executor::core::usage::Usage| usage.addresses.contains(address);
        let client = state.clients.iter().find(|(_, client)| client.usage.known().is_ok_and(is_its));
        client.map_or_else(|| address.clone(), |(name, _)| name.to_string())
    };
    let all = look_all(&well(), state).into_iter();
    all.map(|finding| {
        let subject = match &finding.subject {
            Subject::Client(address) => of(address),
            Subject::Pool | Subject::Host(_) | Subject::Volume(_) => finding.subject.to_string(),
        };
        format!("{} {subject} {:?}", finding.code, finding.ground)
    })
    .collect()
}

fn server(host: &HostState, state: &PoolState) -> Value {
    let peers = known(&host.peers, |peers| {
        let peer = |peer: &executor::core::pool::Peer| {
            let name = state.host_of(&peer.uuid).map(ToString::to_string).unwrap();
            (name, json!([peer.connected, peer.state]))
        };
        json!(peers.iter().map(peer).collect::<BTreeMap<_, _>>())
    });
    let stored = known(&host.stored_volumes, |volumes| {
        let lines =
            |volume: &executor::core::pool::StoredVolume| volume.nfs_lines().map(str::to_owned).collect();
        json!(
            volumes.iter().map(|(name, volume)| (name, lines(volume))).collect::<BTreeMap<_, Vec<String>>>()
        )
    });
    json!({
        "release": known(&host.release, |release| json!(release)),
        "op_version": known(&host.glusterd_info, |info| json!(info.op_version)),
        "processes": known(&host.processes, |processes| json!(processes)),
        "peers": peers,
        "nfs_lines": stored,
        "offered": known(&host.offer, |offer| json!(offer.version.is_some())),
        "claim": known(&host.claim, |claim| json!(claim.is_some())),
    })
}

fn volume(state: &VolumeState) -> Value {
    let bricks: Vec<String> = state.volume.bricks.iter().map(|brick| brick.brick.to_string()).collect();
    let online = known(&state.bricks_online, |online| {
        json!(online.iter().map(|(brick, online)| (brick.to_string(), *online)).collect::<BTreeMap<_, _>>())
    });
    json!({
        "kind": state.volume.kind,
        "started": state.volume.started,
        "bricks": bricks,
        "online": online,
        "daemons": known(&state.self_heal_daemons, |all| json!(all.values().filter(|online| **online).count())),
        "tasks": known(&state.tasks, |tasks| json!(tasks)),
    })
}

/// A fact, or that it is unknown: the reasons are each pool's own.
fn known<T>(observed: &Observed<T>, tell: impl FnOnce(&T) -> Value) -> Value {
    observed.known().map_or(json!("unknown"), tell)
}
