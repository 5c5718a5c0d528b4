//! The finish: at the end of an upgrade, kept for later, and alone.

use std::collections::BTreeMap;

use rstest::rstest;

use super::super::finding::Code;
use super::super::names::OpVersion;
use super::super::pool::{GlusterdInfo, Observed, PoolState, StoredVolume};
use super::super::sample::{CLIENT, change_host, change_volume, inventory, replica_3, request};
use super::*;
use crate::render;

fn planned(outcome: Outcome) -> Plan {
    match outcome {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

/// Every server at 11.1, the op-version still the old one.
fn upgraded() -> PoolState {
    let mut state = replica_3();
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            crate::core::sample::at_release(host, "11.1");
            host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
                volumes.values_mut().for_each(|volume| {
                    volume.info.retain(|line| !line.starts_with("nfs."));
                });
                volumes
            });
        });
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    speak(&mut state, &[("192.0.2.100", 110_000), ("192.0.2.1", 110_000)]);
    state
}

fn speak(state: &mut PoolState, clients: &[(&str, u32)]) {
    let clients: BTreeMap<String, OpVersion> =
        clients.iter().map(|(address, speaks)| ((*address).to_owned(), OpVersion(*speaks))).collect();
    change_volume(state, "vol0", |volume| volume.client_op_versions = Observed::Known(clients));
}

fn findings(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Refusal(refusal) => refusal.findings.iter().map(ToString::to_string).collect(),
        Outcome::Plan(_) | Outcome::NothingToDo => Vec::new(),
    }
}

#[test]
fn kept_for_later_the_op_version_stays_and_the_plan_says_how_to_raise_it() {
    let mut asked = request("11.1", &[]);
    asked.keep_op_version = true;
    let plan = planned(plan(&inventory(3), &replica_3(), &asked));
    assert!(!plan.steps().any(|step| matches!(step.action, Action::RaiseOpVersion { .. })));
    assert_eq!((plan.op_version_now, plan.op_version_then), (OpVersion(100_000), OpVersion(100_000)));
    let text = render::plan(&plan, "executor run -i pool.toml --to 11.1 --keep-op-version");
    assert!(text.contains("going back to the old release stays possible"), "{text}");
    assert!(text.contains("executor finalize"), "{text}");
    assert!(render::finished(&plan).contains("executor finalize"));
    // With every server there, the clients and the op-version to be left, nothing is left to do.
    asked.clients_at_once = 0;
    assert_eq!(super::plan(&inventory(3), &upgraded(), &asked), Outcome::NothingToDo);
}

#[test]
fn alone_it_is_one_step_with_all_its_gates() {
    let plan = planned(finalize(&upgraded(), &[]));
    insta::assert_snapshot!("finalize-11.1", render::plan(&plan, "executor finalize -i pool.toml"));
}

#[test]
fn the_value_is_what_the_servers_report_and_not_what_a_table_says() {
    let mut state = upgraded();
    state.max_op_version = Observed::Known(Some(OpVersion(110_500)));
    speak(&mut state, &[("192.0.2.100", 110_500)]);
    assert_eq!(planned(finalize(&state, &[])).op_version_then, OpVersion(110_500));
    // While servers run the old release they report the old one's newest: the table foretells the new one's.
    let before = planned(plan(&inventory(3), &replica_3(), &request("11.1", &[])));
    assert_eq!(before.op_version_then, OpVersion(110_000));
    let raise = before.steps().last().unwrap();
    let asks = Check::NewestOpVersion { op_version: OpVersion(110_000) };
    assert!(raise.enter.checks.contains(&asks), "and the gate asks before it is raised");
}

#[rstest]
#[case::old_client(
    |state: &mut PoolState| speak(state, &[("192.0.2.100", 100_000)]),
    "CLIENT_TOO_OLD 192.0.2.100: is a client of vol0 and speaks op-version 100000 at most"
)]
#[case::server_left_behind(
    |state: &mut PoolState| {
        change_host(state, 2, |host| host.release = Observed::Known(Some("10.3".parse().unwrap())));
    },
    "NOT_AT_RELEASE g2: is at 10.3, not at 11.1"
)]
#[case::release_unknown(
    |state: &mut PoolState| change_host(state, 2, |host| host.release = Observed::Unknown("no answer".into())),
    "NOT_AT_RELEASE g2: unknown: no answer"
)]
#[case::nobody_says(
    |state: &mut PoolState| state.max_op_version = Observed::Unknown("no answer".into()),
    "OP_VERSION_UNSUPPORTED pool: unknown: no answer"
)]
fn alone_it_is_refused_where_somebody_could_not_follow(
    #[case] breaks: fn(&mut PoolState),
    #[case] expected: &str,
) {
    let mut state = upgraded();
    breaks(&mut state);
    assert_eq!(findings(&finalize(&state, &[])), [expected]);
}

#[test]
fn a_client_that_may_lose_its_mount_can_be_waived_by_its_address() {
    let mut state = upgraded();
    speak(&mut state, &[("192.0.2.100", 100_000)]);
    let plan = planned(finalize(&state, &["CLIENT_TOO_OLD:192.0.2.100".parse().unwrap()]));
    assert_eq!(plan.waived.len(), 1);
}

#[test]
fn raised_already_is_nothing_to_do() {
    let mut state = upgraded();
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.glusterd_info = host
                .glusterd_info
                .clone()
                .map(|info| GlusterdInfo { op_version: OpVersion(110_000), ..info });
        });
    }
    assert_eq!(finalize(&state, &[]), Outcome::NothingToDo);
}

#[test]
fn what_guides_recommend_is_listed_and_not_done() {
    let lines = |state: &PoolState, to: &str, now| {
        super::finish::recommended(state, to.parse().unwrap(), OpVersion(now)).join("\n")
    };
    let mut state = upgraded();
    assert!(lines(&state, "11.1", 100_000).contains("volume set vol0 storage.fips-mode-rchecksum on"));
    assert_eq!(lines(&state, "3.9.1", 30_800), "");
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("storage.fips-mode-rchecksum".into(), "on".into());
    });
    assert_eq!(lines(&state, "11.1", 100_000), "");
    // Quota was on once: its checksums are worked out anew across 70000.
    change_host(&mut state, 1, |host| {
        host.stored_volumes = host.stored_volumes.clone().map(|volumes| {
            let with = |(name, stored)| {
                (name, StoredVolume { quota_checksum: Some("1405647489".to_owned()), ..stored })
            };
            volumes.into_iter().map(with).collect()
        });
    });
    assert!(
        lines(&state, "8.6", 60_000)
            .contains("restart glusterd on every server, one by one; before each see that")
    );
    assert_eq!(lines(&state, "11.1", 100_000), "");
}

/// The last gate waits for them, hours after the run was begun.
#[test]
fn clients_that_hold_up_the_raise_are_told_before_anything_is_done() {
    let old: Vec<(String, u32)> = (1..=8).map(|last| (format!("192.0.2.20{last}"), 100_000)).collect();
    let mut all: Vec<(&str, u32)> = old.iter().map(|(address, speaks)| (address.as_str(), *speaks)).collect();
    // A server's own daemon, and a machine whose client is new enough.
    all.extend([("192.0.2.1", 100_000), ("192.0.2.250", 110_000)]);
    let told = |all: &[(&str, u32)], keep: bool| -> Vec<String> {
        let mut state = replica_3();
        speak(&mut state, all);
        let mut asked = request("11.1", &[]);
        asked.keep_op_version = keep;
        let plan = planned(plan(&inventory(3), &state, &asked));
        let about = plan.advice.iter().filter(|finding| finding.code == Code::ClientTooOld);
        about.map(ToString::to_string).collect()
    };
    let expected = "CLIENT_TOO_OLD vol0: the op-version is raised to 110000 at the end, for which clients are too old that no \
                    step upgrades: 192.0.2.201 (100000), 192.0.2.202 (100000), 192.0.2.203 (100000), \
                    192.0.2.204 (100000), 192.0.2.205 (100000) and 3 more; until somebody does, the last step waits and \
                    then halts; --keep-op-version leaves it for later";
    assert_eq!(told(&all, false), [expected]);
    assert_eq!(told(&all, true), Vec::<String>::new(), "it is not raised");
    assert_eq!(told(&all[8..], false), Vec::<String>::new());
    let one = told(&all[..1], false);
    assert!(one[0].contains("no step upgrades: 192.0.2.201 (100000); until"), "{one:?}");
}

/// One that a step upgrades is none of them.
#[test]
fn a_client_machine_that_the_plan_upgrades_holds_up_nothing() {
    let told = |at_once: usize| {
        let mut state = replica_3();
        speak(&mut state, &[(CLIENT, 100_000)]);
        let mut asked = request("11.1", &[]);
        asked.clients_at_once = at_once;
        let plan = planned(plan(&inventory(3), &state, &asked));
        plan.advice.iter().filter(|finding| finding.code == Code::ClientTooOld).count()
    };
    assert_eq!((told(1), told(0)), (0, 1));
}

/// What cannot be told is told as that; where Gluster tells nobody, the plan's own words stand.
#[test]
fn clients_that_cannot_be_asked_are_unknown() {
    let told = |newest: Option<OpVersion>| -> Vec<String> {
        let mut state = replica_3();
        state.max_op_version = Observed::Known(newest);
        change_volume(&mut state, "vol0", |volume| {
            volume.client_op_versions = Observed::Unknown("no answer".into());
        });
        let plan = planned(plan(&inventory(3), &state, &request("11.1", &[])));
        plan.advice.iter().map(ToString::to_string).filter(|advice| advice.starts_with("CLIENT")).collect()
    };
    assert_eq!(told(Some(OpVersion(100_000))), ["CLIENT_TOO_OLD vol0: unknown: no answer"]);
    assert_eq!(told(None), Vec::<String>::new());
}
