//! What is said where there is nobody to ask.

use rstest::rstest;

use super::*;
use crate::core::sample::{change_host, replica_3};

fn is_down(host: &mut HostState) {
    host.processes = Observed::Known(Default::default());
}

fn is_away(host: &mut HostState) {
    *host = unreached(Unreachable::Refused, "Connection refused".to_owned());
}

fn is_mute(host: &mut HostState) {
    host.processes = Observed::Unknown("no answer".to_owned());
}

type Trouble = fn(&mut HostState);

#[rstest]
#[case::all_down(is_down, is_down, is_down, "glusterd runs on no server")]
#[case::all_away(is_away, is_away, is_away, NO_SERVER_REACHED)]
#[case::one_away(is_down, is_away, is_down, "glusterd was seen on no server")]
#[case::one_mute(is_down, is_down, is_mute, "glusterd was seen on no server")]
fn that_glusterd_runs_nowhere_is_said_by_those_who_saw_it(
    #[case] first: Trouble,
    #[case] second: Trouble,
    #[case] third: Trouble,
    #[case] says: &str,
) {
    let mut state = replica_3();
    for (number, trouble) in (1..).zip([first, second, third]) {
        change_host(&mut state, number, trouble);
    }
    let Observed::Unknown(why) = first_up(&state.hosts) else { panic!("somebody is up") };
    assert!(why.starts_with(says), "{why}");
}
