//! What the replies of each state have to say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use executor::core::command::Output;
use executor::core::names::{Brick, OpVersion, PeerUuid, VolumeName};
use executor::core::pool::{BrickOf, Observed, Peer, PeerState, Volume, VolumeKind};
use executor::gluster::ReplyError;
use executor::gluster::replies::{self, OpVersionAnswer, OpVersionRefusal, VolumeStatus};
use rstest::rstest;

use super::{name_of, release_of, reply, state_of};

/// The replies of a pool in one state.
struct Replies(PathBuf);

impl Replies {
    fn of_folder_of(path: &Path) -> Self {
        Self(path.parent().unwrap().to_owned())
    }

    fn get(&self, name: &str) -> Output {
        reply(&self.0.join(name))
    }

    fn peers(&self) -> Vec<Peer> {
        replies::peers(&self.get("peer-status.xml")).unwrap()
    }

    fn volumes(&self) -> BTreeMap<String, Volume> {
        let volumes = replies::volumes(&self.get("volume-info.xml")).unwrap();
        volumes.into_iter().map(|volume| (volume.name.to_string(), volume)).collect()
    }

    fn status(&self) -> BTreeMap<VolumeName, VolumeStatus> {
        replies::volume_status(&self.get("volume-status.xml")).unwrap()
    }

    fn pending(&self, volume: &str) -> BTreeMap<Brick, Observed<u64>> {
        replies::heal_pending(&self.get(&format!("heal-{volume}-info.xml"))).unwrap()
    }

    fn split_brain(&self) -> BTreeMap<Brick, Observed<u64>> {
        replies::split_brain(&self.get("heal-rep-split-brain.xml")).unwrap()
    }

    fn clients(&self) -> BTreeMap<Brick, BTreeSet<String>> {
        replies::clients(&self.get("volume-status-rep-clients.xml")).unwrap()
    }

    /// Asserts that the rows are those of all bricks but this peer's, each brick online.
    fn assert_online_but_for_the_rows_of(&self, absent: Option<&PeerUuid>) {
        let status = self.status();
        let volumes = self.volumes();
        assert_eq!(status.len(), volumes.len());
        for volume in volumes.values() {
            let with_row = volume.bricks.iter().filter(|brick| Some(&brick.peer) != absent);
            let expected: BTreeMap<_, _> = with_row.map(|brick| (brick.brick.clone(), true)).collect();
            assert_eq!(status[&volume.name].bricks_online, expected, "{}", volume.name);
            let daemons = &status[&volume.name].self_heal_daemons;
            assert!(absent.is_none_or(|peer| !daemons.contains_key(peer)), "{}", volume.name);
            // Where a volume was changed behind glusterd's back its self-heal daemon may be on its way.
            let settled = state_of(&self.0.join("x")) != "peer-rejected";
            assert!(!settled || daemons.values().all(|online| *online), "{}", volume.name);
        }
    }
}

/// Returns which of the bricks are known to have how many entries, and which are unknown.
fn known(counts: &BTreeMap<Brick, Observed<u64>>) -> (BTreeMap<&Brick, u64>, Vec<&Brick>) {
    let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
    for (brick, count) in counts {
        match count {
            Observed::Known(count) => drop(known.insert(brick, *count)),
            Observed::Unknown(_) => unknown.push(brick),
        }
    }
    (known, unknown)
}

fn bricks(volume: &Volume) -> BTreeSet<&Brick> {
    volume.bricks.iter().map(|brick| &brick.brick).collect()
}

#[rstest]
fn a_healthy_pool_is_wholly_known(#[files("tests/replies/*/healthy/peer-status.xml")] path: PathBuf) {
    let pool = Replies::of_folder_of(&path);
    assert_eq!(replies::version(&pool.get("version.txt")).unwrap(), Some(release_of(&path)));
    let peers = pool.peers();
    assert_eq!(peers.len(), 2);
    assert!(peers.iter().all(|peer| peer.connected && peer.state == PeerState::InCluster));

    let volumes = pool.volumes();
    let kinds: BTreeMap<&str, _> = volumes.iter().map(|(name, volume)| (&name[..], &volume.kind)).collect();
    let replica = |replica| VolumeKind::Replicate { replica };
    assert_eq!(kinds["rep"], &replica(3));
    assert_eq!(kinds["arb"], &replica(3));
    assert_eq!(kinds["dr"], &replica(2));
    assert_eq!(kinds["ec"], &VolumeKind::Disperse { disperse: 3, redundancy: 1 });
    assert_eq!(kinds["dist"], &VolumeKind::Distribute);
    assert!(volumes.values().all(|volume| volume.started));
    let arbiters = |volume: &Volume| volume.bricks.iter().map(|brick| brick.arbiter).collect::<Vec<_>>();
    assert_eq!(arbiters(&volumes["arb"]), [false, false, true]);
    assert_eq!(arbiters(&volumes["rep"]), [false, false, false]);
    let sets: Vec<_> = volumes["dr"].sets().iter().map(|set| set.len()).collect();
    assert!(sets.len() > 1 && sets.iter().all(|bricks| *bricks == 2), "{sets:?}");

    // The three servers: the two peers and the asked one.
    let info = replies::glusterd_info(&pool.get("glusterd.info")).unwrap();
    let mut servers: BTreeSet<PeerUuid> = peers.into_iter().map(|peer| peer.uuid).collect();
    servers.insert(info.uuid);
    assert!(info.op_version >= release_of(&path).line_op_version());
    let of_bricks = |bricks: &[BrickOf]| bricks.iter().map(|brick| brick.peer.clone()).collect();
    let in_rep: BTreeSet<PeerUuid> = of_bricks(&volumes["rep"].bricks);
    assert_eq!(in_rep, servers);

    pool.assert_online_but_for_the_rows_of(None);
    let status = pool.status();
    for (name, volume) in &volumes {
        let daemons: BTreeSet<_> = status[&volume.name].self_heal_daemons.keys().cloned().collect();
        assert_eq!(daemons, if name == "dist" { BTreeSet::new() } else { servers.clone() }, "{name}");
        assert_eq!(status[&volume.name].tasks, []);
    }

    let clients = pool.clients();
    assert_eq!(clients.keys().collect::<BTreeSet<_>>(), bricks(&volumes["rep"]));
    let everybody = clients.values().next().unwrap();
    assert!(!everybody.is_empty() && clients.values().all(|clients| clients == everybody));
    for (volume, counts) in
        [("rep", pool.pending("rep")), ("ec", pool.pending("ec")), ("rep", pool.split_brain())]
    {
        let expected: BTreeMap<_, _> = bricks(&volumes[volume]).into_iter().map(|brick| (brick, 0)).collect();
        assert_eq!(known(&counts), (expected, vec![]));
    }
}

#[rstest]
fn a_server_that_is_down_has_no_rows_and_its_bricks_are_unknown(
    #[files("tests/replies/*/node-down/peer-status.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let peers = pool.peers();
    let down: Vec<_> = peers.iter().filter(|peer| !peer.connected).collect();
    let [down] = down[..] else { panic!("{peers:?}") };
    assert_eq!(down.state, PeerState::InCluster, "being down does not change what a peer is");
    pool.assert_online_but_for_the_rows_of(Some(&down.uuid));
    let volumes = pool.volumes();
    for volume in ["rep", "ec"] {
        let counts = pool.pending(volume);
        let (pending, unknown) = known(&counts);
        let its: Vec<_> =
            volumes[volume].bricks.iter().filter(|b| b.peer == down.uuid).map(|b| &b.brick).collect();
        assert_eq!(unknown, its);
        assert!(pending.len() == 2 && pending.values().all(|count| *count > 0), "{volume}: {pending:?}");
    }
    assert_eq!(known(&pool.split_brain()).1.len(), 1);
    assert_eq!(pool.clients().len(), 2);
}

#[rstest]
fn a_server_that_is_back_has_all_its_rows(
    #[files("tests/replies/*/node-back/peer-status.xml")]
    #[files("tests/replies/*/healed/peer-status.xml")]
    path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    assert!(pool.peers().iter().all(|peer| peer.connected && peer.state == PeerState::InCluster));
    pool.assert_online_but_for_the_rows_of(None);
    assert_eq!(known(&pool.pending("rep")).1, Vec::<&Brick>::new());
    if state_of(&path) == "healed" {
        for counts in [pool.pending("rep"), pool.pending("ec"), pool.split_brain()] {
            assert!(known(&counts).0.values().all(|count| *count == 0));
        }
    }
}

/// In an arbiter volume, too, a brick that is down is unknown. The old recordings did not ask for it.
#[rstest]
fn the_bricks_of_an_arbiter_volume_are_counted_like_any_others(
    #[files("tests/replies/*/*/heal-arb-info.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let volumes = pool.volumes();
    let counts = pool.pending("arb");
    assert_eq!(counts.keys().collect::<BTreeSet<_>>(), bricks(&volumes["arb"]));
    let (pending, unknown) = known(&counts);
    if state_of(&path) == "node-down" {
        assert!(unknown.len() == 1 && pending.values().all(|count| *count > 0), "{counts:?}");
    } else if state_of(&path) != "peer-rejected" {
        assert!(unknown.is_empty(), "{counts:?}");
    }
}

/// Two of its bricks are on the asked server, which then counts one row too many.
#[rstest]
fn a_volume_with_several_bricks_a_server_has_the_clients_of_each(
    #[files("tests/replies/*/*/volume-status-dr-clients.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let volumes = pool.volumes();
    let clients = replies::clients(&pool.get(name_of(&path))).unwrap();
    let away = match state_of(&path) {
        "node-down" => pool.peers().into_iter().find(|peer| !peer.connected),
        "peer-rejected" => pool.peers().into_iter().find(|peer| peer.state == PeerState::Rejected),
        _ => None,
    };
    let away = away.map(|peer| peer.uuid);
    let asked = volumes["dr"].bricks.iter().filter(|brick| Some(&brick.peer) != away.as_ref());
    assert_eq!(clients.keys().collect::<Vec<_>>(), {
        let mut bricks: Vec<_> = asked.map(|brick| &brick.brick).collect();
        bricks.sort();
        bricks
    });
    assert!(clients.values().all(|clients| !clients.is_empty()), "{clients:?}");
}

#[rstest]
fn a_killed_brick_is_offline_in_the_status_and_unknown_to_heal_info(
    #[files("tests/replies/*/brick-killed/peer-status.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let status = pool.status();
    let all = status.values().flat_map(|status| &status.bricks_online);
    let offline: Vec<&Brick> = all.filter(|(_, online)| !**online).map(|(brick, _)| brick).collect();
    let [killed] = offline[..] else { panic!("{offline:?}") };
    assert!(bricks(&pool.volumes()["rep"]).contains(killed));
    let counts = pool.pending("rep");
    let (pending, unknown) = known(&counts);
    assert_eq!(unknown, [killed]);
    assert!(pending.values().all(|count| *count > 0), "{pending:?}");
    let Observed::Unknown(reason) = &counts[killed] else { panic!("{counts:?}") };
    assert_eq!(reason, "the brick's status is: Transport endpoint is not connected");
    assert_eq!(known(&pool.split_brain()).1, [killed]);
    assert!(!pool.clients().contains_key(killed) && pool.clients().len() == 2);
}

#[rstest]
fn a_rejected_peer_is_connected_and_has_no_rows(
    #[files("tests/replies/*/peer-rejected/peer-status.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let peers = pool.peers();
    let rejected: Vec<_> = peers.iter().filter(|peer| peer.state == PeerState::Rejected).collect();
    let [rejected] = rejected[..] else { panic!("{peers:?}") };
    assert!(rejected.connected);
    pool.assert_online_but_for_the_rows_of(Some(&rejected.uuid));
    // Heal info asks the bricks themselves, which serve on: it shows nothing of all this. Not so on 9.2, where the
    // rejected glusterd, once restarted, knows no port of its bricks, and whoever is new does not find them.
    let counts = pool.pending("rep");
    let lost = release_of(&path).line() == "9";
    let volumes = pool.volumes();
    let of_rejected = volumes["rep"].bricks.iter().filter(|brick| lost && brick.peer == rejected.uuid);
    assert_eq!(known(&counts).1, of_rejected.map(|brick| &brick.brick).collect::<Vec<_>>());
}

#[rstest]
fn a_pool_without_volumes_has_none(#[files("tests/replies/*/fresh/peer-status.xml")] path: PathBuf) {
    let pool = Replies::of_folder_of(&path);
    assert_eq!((pool.peers().len(), pool.volumes().len(), pool.status().len()), (2, 0, 0));
}

#[rstest]
fn a_stopped_volume_is_known_but_has_no_status(
    #[files("tests/replies/*/stopped/volume-status.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let volumes = replies::volumes(&pool.get("volume-info-ec.xml")).unwrap();
    assert!(!volumes[0].started);
    assert!(!pool.status().contains_key(&volumes[0].name));
    let error = replies::volume_status(&pool.get("volume-status-ec.xml")).unwrap_err();
    assert!(error.to_string().contains("Volume ec is not started"), "{error}");
}

#[rstest]
fn tasks_run_until_gluster_says_that_they_ended(
    #[files("tests/replies/*/tasks/volume-status-tasks-*.xml")]
    #[files("tests/replies/*/tasks/volume-status-dist-during.xml")]
    path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let name = name_of(&path);
    let tasks = if name.contains("-tasks-") {
        replies::tasks(&pool.get(name)).unwrap()
    } else {
        let status = replies::volume_status(&pool.get(name)).unwrap();
        status.into_iter().map(|(volume, status)| (volume, status.tasks)).collect()
    };
    let tasks: Vec<_> = tasks.into_values().flatten().collect();
    let shown: Vec<_> = tasks.iter().map(|task| (task.to_string(), task.ended())).collect();
    let expected = match name {
        "volume-status-tasks-during.xml" | "volume-status-dist-during.xml" => {
            ("Rebalance: in progress".to_owned(), false)
        }
        "volume-status-tasks-done.xml" => ("Rebalance: completed".to_owned(), true),
        "volume-status-tasks-remove.xml" => ("Remove brick: completed".to_owned(), false),
        other => panic!("what does {other} say?"),
    };
    assert_eq!(shown, [expected]);
}

#[rstest]
fn the_rows_of_quota_daemons_are_neither_bricks_nor_self_heal_daemons(
    #[files("tests/replies/*/quota/volume-status-rep.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let status = replies::volume_status(&pool.get(name_of(&path))).unwrap();
    let status = status.values().next().unwrap();
    assert_eq!((status.bricks_online.len(), status.self_heal_daemons.len()), (3, 3));
    let volumes = replies::volumes(&pool.get("volume-info-rep.xml")).unwrap();
    assert_eq!(volumes[0].options["features.quota"], "on");
}

#[rstest]
fn refused_op_versions_say_why(#[files("tests/replies/*/op-version/set-*")] path: PathBuf) {
    if name_of(&path).ends_with(".err") || name_of(&path).ends_with(".exit") {
        return;
    }
    let answer = replies::op_version_set(&reply(&path));
    match (name_of(&path).split_once('.').unwrap().0, answer) {
        ("set-same", Ok(OpVersionAnswer::Refused(OpVersionRefusal::NotAbove { required, current }))) => {
            assert_eq!(required, current);
        }
        ("set-lower", Ok(OpVersionAnswer::Refused(OpVersionRefusal::NotAbove { required, current }))) => {
            assert!(required < current);
        }
        (
            "set-too-high",
            Ok(OpVersionAnswer::Refused(OpVersionRefusal::NotSupported { required, named })),
        ) => {
            assert!(required > release_of(&path).line_op_version());
            // The number was added in 4.0.
            let old = release_of(&path) < "4.0".parse().unwrap();
            assert!(if old { named.is_none() } else { named > Some(OpVersion(0)) });
        }
        ("set-unknown", Err(ReplyError::Refused { said, .. })) => {
            assert!(said.to_string().contains("does not exist"), "{said}");
        }
        (name, answer) => panic!("{name}: {answer:?}"),
    }
}

#[rstest]
fn a_raised_op_version_is_accepted_and_stored(
    #[files("tests/replies/*/raised/set-raised.xml")] path: PathBuf,
) {
    let pool = Replies::of_folder_of(&path);
    let answer = replies::op_version_set(&pool.get(name_of(&path)));
    assert_eq!(answer, Ok(OpVersionAnswer::Accepted));
    let line = release_of(&path).line_op_version();
    assert_eq!(replies::max_op_version(&pool.get("max-op-version.xml")), Ok(line));
    // Recorded after the raise, on a pool that began with that of the line before.
    assert_eq!(replies::glusterd_info(&pool.get("glusterd.info")).unwrap().op_version, line);
}

#[rstest]
fn what_is_busy_may_pass_and_what_does_not_exist_will_not(
    #[files("tests/replies/*/busy/*.xml")]
    #[files("tests/replies/*/errors/*.xml")]
    path: PathBuf,
) {
    let error = super::read(name_of(&path), &reply(&path)).unwrap_err();
    assert_eq!(error.may_pass(), state_of(&path) == "busy", "{error}");
}
