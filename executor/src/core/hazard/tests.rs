//! The hazard table holds together, and each kind of evidence is found, is absent, and is unknown.

use std::collections::BTreeSet;
use std::path::Path;

use rstest::rstest;

use super::super::names::OpVersion;
use super::super::pool::*;
use super::super::release::{self, path::Point};
use super::super::sample::{change_host, change_volume, pool, volume};
use super::super::system::{Network, StoredFiles};
use super::*;

fn release(text: &str) -> Release {
    text.parse().unwrap()
}

#[test]
fn the_table_is_whole() {
    let table: Table = toml::from_str(TABLE).unwrap();
    let mut ids = BTreeSet::new();
    for hazard in &table.hazards {
        let Hazard { id, title, evidence, code, treatment, tool, remedy, source, scenario, .. } = hazard;
        assert!(ids.insert(id), "{id} is listed twice");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{id}");
        for (name, part) in [("title", title), ("tool", tool), ("remedy", remedy), ("source", source)] {
            assert!(part.len() > 6, "{id}: `{name}` says too little: {part:?}");
        }
        assert_eq!(*evidence == Evidence::None, code.is_none(), "{id}: a code where something is looked for");
        let own = evidence.code().or(*code);
        assert_eq!(own, *code, "{id}: what is looked for has another code");
        let told = !matches!(treatment, Treatment::Gated) || *evidence != Evidence::None;
        assert!(told, "{id}: a gate that catches it has a code");
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        match scenario.strip_prefix("none here: ") {
            Some(why) => assert!(why.len() > 10, "{id}: why is there no scenario?"),
            None => assert!(repository.join(scenario).is_file(), "{id}: {scenario} is no file"),
        }
    }
}

#[test]
fn each_release_never_to_stop_at_is_a_hazard_and_no_other_target_is() {
    let targets = |to: Release| {
        hazards().iter().any(|hazard| hazard.evidence == Evidence::Target && hazard.to.contains(to))
    };
    for line in release::lines() {
        for to in line.releases().into_keys() {
            assert_eq!(targets(to), line.never(to).is_some(), "{to}");
        }
    }
}

fn ids(from: &str, to: &str) -> Vec<&'static str> {
    let from: Point = from.parse().unwrap();
    between(&from, release(to)).into_iter().map(|hazard| hazard.id.as_str()).collect()
}

#[rstest]
#[case("10.3", "11.1", "nfs-options-dropped", true)]
#[case("11.1", "11.2", "nfs-options-dropped", false)]
#[case("9.2", "10.3", "nfs-options-dropped", false)]
#[case("9.2", "10.3", "random-brick-ports", true)]
#[case("10.3", "11.1", "random-brick-ports", false)]
#[case("9.2", "10.3", "brick-paths-collide", true)]
#[case("9.6", "10.3", "brick-paths-collide", false)]
#[case("9", "10.3", "brick-paths-collide", true)]
#[case("6.10", "7.9", "quota-checksum", true)]
#[case("7.9", "8.6", "quota-checksum", false)]
#[case("7.9", "8.6", "changelog-layout", true)]
#[case("3.8.15", "3.9.1", "heal-not-awaited", true)]
fn pairs_meet_their_hazards(#[case] from: &str, #[case] to: &str, #[case] id: &str, #[case] expected: bool) {
    assert_eq!(ids(from, to).contains(&id), expected, "{:?}", ids(from, to));
}

/// A pool of one replicated volume whose facts are all known and well.
fn well(now: &str) -> PoolState {
    let kind = VolumeKind::Replicate { replica: 3 };
    let mut state = pool(3, now, vec![volume("vol0", kind, &[1, 2, 3])], "to");
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.system.stored = Observed::Known(StoredFiles::default());
            host.system.network = Observed::Known(Network {
                base_port: 49152,
                max_port: 60999,
                transport_types: BTreeSet::from(["socket".to_owned()]),
                closed: Observed::Known(Vec::new()),
                names: Default::default(),
            });
        });
    }
    state
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

fn refused(state: &PoolState, to: &str) -> Vec<String> {
    texts(&look(state, release(to), true).refused)
}

#[rstest]
#[case("3.7.20", "3.9.1")]
#[case("3.12.15", "6.10")]
#[case("5.13", "8.6")]
#[case("6.10", "7.9")]
#[case("9.2", "10.3")]
#[case("10.3", "11.1")]
fn a_pool_without_evidence_is_refused_nothing(#[case] now: &str, #[case] to: &str) {
    assert_eq!(refused(&well(now), to), [""; 0]);
}

#[rstest]
#[case("3.12.15", "5.13", "features.lock-heal", Some("4.0"))]
#[case("3.12.15", "6.10", "features.grace-timeout", Some("4.0"))]
#[case("4.1.10", "6.10", "features.lock-heal", None)]
#[case("5.13", "8.6", "features.ctr-enabled", Some("6"))]
#[case("8.6", "9.6", "storage.bd-aio", Some("9"))]
#[case("10.3", "11.1", "cluster.readdir-failover", Some("11"))]
#[case("9.2", "10.3", "cluster.readdir-failover", None)]
fn options_that_a_line_on_the_way_does_not_know_are_to_be_reset(
    #[case] now: &str,
    #[case] to: &str,
    #[case] option: &str,
    #[case] line: Option<&str>,
) {
    let mut state = well(now);
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert(option.to_owned(), "on".to_owned());
    });
    let expected: Vec<String> = line
        .map(|line| {
            format!(
                "OPTION_MUST_BE_RESET vol0: `{option}` is set, which {line} does not know: \
                 `gluster volume reset vol0 {option}`"
            )
        })
        .into_iter()
        .collect();
    assert_eq!(refused(&state, to), expected);
}

#[rstest]
#[case("Stripe", "5.13", "8.6", true)]
#[case("Distributed-Striped-Replicate", "3.12.15", "6.10", true)]
#[case("Tier", "5.13", "6.10", true)]
#[case("Tier", "3.12.15", "5.13", false)]
fn striped_and_tiered_volumes_are_refused_from_6_on(
    #[case] words: &str,
    #[case] now: &str,
    #[case] to: &str,
    #[case] expected: bool,
) {
    let mut state = well(now);
    change_volume(&mut state, "vol0", |volume| volume.volume.kind = VolumeKind::Other(words.to_owned()));
    let found = refused(&state, to);
    assert_eq!(found == [format!("FEATURE_REMOVED vol0: is of type {words}")], expected, "{found:?}");
}

#[test]
fn volfiles_with_translators_of_gone_features_are_refused_and_left_over_ones_are_told() {
    let mut state = well("5.13");
    change_host(&mut state, 2, |host| {
        let translators = ["features/glupy", "features/changetimerecorder", "features/shard"];
        host.system.stored = Observed::Known(StoredFiles {
            translators: translators.into_iter().map(str::to_owned).collect(),
            ..StoredFiles::default()
        });
    });
    let found = look(&state, release("8.6"), true);
    assert_eq!(texts(&found.refused), ["FEATURE_REMOVED g2: stored volfiles name features/glupy"]);
    let noted = texts(&found.noted);
    assert!(
        noted.contains(
            &"VOLFILES_TO_REGENERATE g2: stored volfiles name features/changetimerecorder".to_owned()
        )
    );
    change_host(&mut state, 2, |host| host.system.stored = Observed::Unknown("no answer".to_owned()));
    assert_eq!(refused(&state, "8.6"), ["FEATURE_REMOVED g2: unknown: no answer"]);
}

#[test]
fn rdma_is_refused_from_8_on_in_volumes_and_in_glusterd_vol() {
    let mut state = well("7.9");
    change_volume(&mut state, "vol0", |volume| volume.volume.transport = VolumeTransport::TcpRdma);
    change_host(&mut state, 1, |host| {
        let Observed::Known(network) = &mut host.system.network else { panic!() };
        network.transport_types.insert("rdma".to_owned());
    });
    change_host(&mut state, 3, |host| host.system.network = Observed::Unknown("no answer".to_owned()));
    assert_eq!(
        refused(&state, "8.6"),
        [
            "TRANSPORT_REMOVED g1: `transport-type` of glusterd.vol has rdma",
            "TRANSPORT_REMOVED g3: unknown: no answer",
            "TRANSPORT_REMOVED vol0: its transport is tcp,rdma",
        ]
    );
    assert_eq!(refused(&state, "7.9"), [""; 0]);
}

#[test]
fn quota_that_was_ever_on_is_a_trap_while_the_op_version_is_below_70000() {
    let mut state = well("6.10");
    let stored = |checksum: &str, line: &str| {
        let info = BTreeSet::from([line.to_owned()]);
        let volume = StoredVolume { info, quota_checksum: Some(checksum.to_owned()) };
        Observed::Known([("vol0".parse().unwrap(), volume)].into_iter().collect())
    };
    change_host(&mut state, 1, |host| host.stored_volumes = stored("0", "type=2"));
    assert_eq!(refused(&state, "8.6"), [""; 0]);
    change_host(&mut state, 1, |host| host.stored_volumes = stored("2857112003", "type=2"));
    change_host(&mut state, 2, |host| host.stored_volumes = stored("0", "features.quota=off"));
    change_host(&mut state, 3, |host| host.stored_volumes = Observed::Unknown("no answer".to_owned()));
    assert_eq!(
        refused(&state, "8.6"),
        [
            "QUOTA_CHECKSUM_TRAP g1: quota is or was on for vol0",
            "QUOTA_CHECKSUM_TRAP g2: quota is or was on for vol0",
            "QUOTA_CHECKSUM_TRAP g3: unknown: no answer",
        ]
    );
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            if let Observed::Known(info) = &mut host.glusterd_info {
                info.op_version = OpVersion(70_000);
            }
        });
    }
    assert_eq!(refused(&state, "8.6"), [""; 0]);
}

#[test]
fn equal_brick_paths_and_the_anonymous_inode_are_told_and_stand_in_no_way() {
    let state = well("9.2");
    let found = look(&state, release("10.3"), true);
    assert_eq!(found.refused, []);
    assert_eq!(texts(&found.noted), ["BRICK_PATHS_COLLIDE vol0: /bricks/vol0 is a brick on 3 servers"]);
    let found = look(&well("8.6"), release("9.6"), true);
    assert!(found.noted.iter().any(|finding| finding.code == Code::AnonymousInode));
    assert_eq!(look(&well("9.6"), release("10.3"), true).noted, []);
    // With a downtime no server is out while others serve.
    assert_eq!(look(&state, release("10.3"), false).noted, []);
    assert_eq!(look(&well("8.6"), release("9.6"), false).noted, []);
    let mut unknown = well("9.2");
    unknown.volumes = Observed::Unknown("no answer".to_owned());
    assert_eq!(
        texts(&look(&unknown, release("10.3"), true).noted),
        ["BRICK_PATHS_COLLIDE pool: unknown: no answer"]
    );
}

#[rstest]
#[case::nine("8.6", "9.2", 1)]
#[case::nine_mended("8.6", "9.6", 0)]
#[case::ten("9.2", "10.3", 1)]
#[case::ten_mended("9.2", "10.5", 0)]
#[case::eleven("10.3", "11.1", 0)]
fn ipv6_that_is_off_is_told_where_the_target_may_ask_for_it(
    #[case] now: &str,
    #[case] to: &str,
    #[case] told: usize,
) {
    let noted = |state: &PoolState| {
        let found = look(state, release(to), true);
        assert!(found.refused.iter().all(|finding| finding.code != Code::Ipv6Off));
        texts(&found.noted).into_iter().filter(|text| text.starts_with("IPV6_OFF g2: ")).collect::<Vec<_>>()
    };
    let mut state = well(now);
    assert_eq!(noted(&state), Vec::<String>::new(), "it is on");
    change_host(&mut state, 2, |host| {
        let Observed::Known(platform) = &mut host.system.platform else { panic!() };
        platform.ipv6 = false;
    });
    assert_eq!(noted(&state).len(), told);
    change_host(&mut state, 2, |host| host.system.platform = Observed::Unknown("no answer".to_owned()));
    assert_eq!(noted(&state), vec!["IPV6_OFF g2: unknown: no answer"; told]);
}

#[test]
fn volumes_that_could_not_be_read_are_no_pass() {
    let mut state = well("10.3");
    state.volumes = Observed::Unknown("no answer".to_owned());
    assert_eq!(refused(&state, "11.1"), ["OPTION_MUST_BE_RESET pool: unknown: no answer"]);
}

#[test]
fn servers_at_the_target_are_no_start() {
    let mut state = well("11.1");
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("cluster.readdir-failover".to_owned(), "off".to_owned());
    });
    assert_eq!(look(&state, release("11.1"), true), Found::default());
}
