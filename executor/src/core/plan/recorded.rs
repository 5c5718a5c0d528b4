//! Golden plans for releases that cannot be had everywhere, and the jumps that are refused.
//!
//! Where a release's replies were recorded (`executor/tests/replies/RELEASE/healthy`), the volumes are the ones
//! that real Gluster described there: kind, transport and options; the op-version is the one of `glusterd.info`. Peers, bricks' states, clients and the
//! package manager's answers are built here. Of releases without recorded replies (7.9) all of it is built here,
//! from what `glusterd-volume-set.c` at v7.9 stores of a new volume.

use rstest::rstest;

use super::super::command::Output;
use super::super::pool::{Observed, PoolState, Volume, VolumeKind};
use super::super::sample::{before, change_host, change_volume, inventory, pool, request, volume};
use super::*;
use crate::gluster::replies;
use crate::render;

/// The definition of a volume as that release's `gluster volume info --xml` gave it.
fn recorded(reply: &str, name: &str) -> Volume {
    let output = Output { status: 0, stdout: reply.to_owned(), stderr: String::new() };
    let volumes = replies::volumes(&output).unwrap();
    volumes.into_iter().find(|volume| volume.name.as_str() == name).unwrap()
}

/// Three servers of a release with a replica 3 volume `rep` and an arbiter volume `arb`.
fn observed(now: &str, reply: Option<&str>, op_version: u32, offer: &str) -> PoolState {
    let kind = VolumeKind::Replicate { replica: 3 };
    let mut arbiter = volume("arb", kind.clone(), &[1, 2, 3]);
    arbiter.volume.bricks[2].arbiter = true;
    let mut state = pool(3, now, vec![arbiter, volume("rep", kind, &[1, 2, 3])], offer);
    for name in ["arb", "rep"] {
        change_volume(&mut state, name, |volume| match reply {
            Some(reply) => {
                let Volume { kind, transport, options, .. } = recorded(reply, name);
                assert_eq!(kind, volume.volume.kind, "{name}");
                volume.volume.transport = transport;
                volume.volume.options = options;
            }
            None => {
                let options = [("nfs.disable", "on"), ("transport.address-family", "inet")];
                volume.volume.options =
                    options.map(|(option, value)| (option.to_owned(), value.to_owned())).into();
            }
        });
    }
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            if let Observed::Known(info) = &mut host.glusterd_info {
                info.op_version = OpVersion(op_version);
            }
        });
    }
    state.before = std::sync::Arc::new(before(&state));
    state
}

const REPLY_3_7_20: &str = include_str!("../../../tests/replies/3.7.20/healthy/volume-info.xml");
const REPLY_3_8_15: &str = include_str!("../../../tests/replies/3.8.15/healthy/volume-info.xml");
const REPLY_9_2: &str = include_str!("../../../tests/replies/9.2/healthy/volume-info.xml");

#[rstest]
#[case::recorded("3.7.20", Some(REPLY_3_7_20), 30_712, "3.9.1", "3.9.1-1.el7")]
#[case::recorded("3.8.15", Some(REPLY_3_8_15), 30_800, "3.9.1", "3.9.1-1.el7")]
#[case::built("7.9", None, 70_200, "8.6", "8.6-1")]
#[case::recorded("9.2", Some(REPLY_9_2), 90_000, "10.3", "10.3-5")]
fn plans_of_the_guides_pairs(
    #[case] now: &str,
    #[case] reply: Option<&str>,
    #[case] op_version: u32,
    #[case] to: &str,
    #[case] offer: &str,
) {
    let state = observed(now, reply, op_version, offer);
    let Outcome::Plan(plan) = plan(&inventory(3), &state, &request(to, &[])) else {
        panic!("{:#?}", plan(&inventory(3), &state, &request(to, &[])));
    };
    let next = format!("executor run -i pool.toml --to {to}");
    insta::assert_snapshot!(format!("replica-and-arbiter-{now}-to-{to}"), render::plan(&plan, &next));
}

#[rstest]
#[case::no_guide("3.8.15", "11.1")]
#[case::one_too_far("7.9", "11.1")]
#[case::backward("11.1", "10.3")]
#[case::broken("10.3", "11.0")]
#[case::unknown("10.3", "12.0")]
fn wrong_jumps_are_refused_and_the_way_is_shown(#[case] now: &str, #[case] to: &str) {
    let line_op_version = now.parse::<Release>().unwrap().line_op_version().0;
    let state = observed(now, None, line_op_version, &format!("{to}-1"));
    let Outcome::Refusal(refusal) = plan(&inventory(3), &state, &request(to, &[])) else { panic!() };
    let next = format!("executor plan -i pool.toml --to {to}");
    insta::assert_snapshot!(format!("refusal-{now}-to-{to}"), render::refusal(&refusal, &next));
}
