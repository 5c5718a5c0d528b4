//! A pool whose hosts lie in every word: no renderer lets a terminal obey it.

use rstest::rstest;

use super::status_tests::{came_to_g2, commands, planned};
use super::*;
use crate::core::baseline::Noted;
use crate::core::event::{Event, FORMAT, GateKind, How, Record};
use crate::core::finding::{Code, Finding, Subject};
use crate::core::ok_to_stop::Answer;
use crate::core::plan::Refusal;
use crate::core::pool::{Observed, PoolState, Reach, Unreachable};
use crate::core::sample::{change_host, change_volume, host, replica_3};
use crate::core::verify::Verdict;

/// Clears the screen, renames the window, turns the line around, and begins a line that looks like ours.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\r\u{8}DONE";

fn findings() -> Vec<Finding> {
    vec![
        Finding::seen(Code::HealPending, Subject::Volume("vol0".parse().unwrap()), HOSTILE),
        Finding::unknown(Code::ClientGone, Subject::Client(HOSTILE.into()), HOSTILE),
    ]
}

fn pool() -> PoolState {
    let mut state = replica_3();
    change_host(&mut state, 1, |host| {
        host.release = Observed::Unknown(HOSTILE.into());
        host.peers = Observed::Unknown(HOSTILE.into());
        host.system.platform = Observed::Unknown(HOSTILE.into());
        host.claim = Observed::Unknown(HOSTILE.into());
    });
    change_host(&mut state, 2, |host| {
        if let Observed::Known(platform) = &mut host.system.platform {
            platform.os = HOSTILE.into();
        }
    });
    change_host(&mut state, 3, |host| {
        host.reach = Reach::NotReached { cause: Unreachable::Other, reason: HOSTILE.into() };
    });
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert(HOSTILE.into(), HOSTILE.into());
        volume.heal_pending = Observed::Unknown(HOSTILE.into());
    });
    state
}

fn obeyed(text: &str) -> Vec<char> {
    text.chars().filter(|char| (char.is_control() && *char != '\n') || *char == '\u{202e}').collect()
}

#[test]
fn no_renderer_lets_a_terminal_obey_a_host() {
    let mut plan = planned();
    plan.waived = findings();
    plan.advice = findings();
    plan.left_to_do = vec![HOSTILE.into()];
    let mut progress = came_to_g2(|step| {
        vec![
            Event::GateWaiting { step, gate: GateKind::Enter, findings: findings(), patience_seconds: 1 },
            Event::GateWaiting { step, gate: GateKind::Enter, findings: Vec::new(), patience_seconds: 1 },
        ]
    });
    progress.plan = plan.clone();
    let last = LastRun {
        name: HOSTILE,
        progress: &progress,
        held_by: Some(HOSTILE),
        asked_to_pause: true,
        torn: Some(HOSTILE),
    };
    let refused = Refusal { findings: findings(), waived: findings() };
    let verdict = Verdict { what: HOSTILE.into(), findings: findings() };
    let to = "11.1".parse().unwrap();
    let step = 19;
    let texts = [
        ("plan", super::plan(&plan, "executor run")),
        ("fit", fit(&plan, "executor run")),
        ("progress", super::progress(&progress)),
        ("finished", finished(&plan)),
        ("refusal", refusal(&refused, "executor run")),
        ("halt", halt(&progress, step, GateKind::Enter, &findings(), 60, &commands())),
        ("failure", failure(&progress, step, HOSTILE, &commands())),
        ("interrupted", interrupted(&progress, &commands())),
        ("pausing", pausing(&progress)),
        ("paused", paused(&progress, step, &commands())),
        ("status", status(&pool(), &findings(), Some(&last), None, Some(&commands()))),
        ("inspect", inspect(&pool())),
        ("verified", verified(&[verdict], to)),
        ("ok to stop", ok_to_stop(&host(1), Answer::No, &findings())),
    ];
    let mut shown = 0;
    for (name, text) in texts {
        assert_eq!(obeyed(&text), [], "{name}: {text:?}");
        shown += usize::from(text.contains("\\u{1b}[2J"));
    }
    assert!(shown >= 9, "it is written out, not left out: {shown}");
}

#[rstest]
#[case::waiting(Event::GateWaiting { step: 15, gate: GateKind::Leave, findings: findings(), patience_seconds: 1 })]
#[case::said(Event::StepActed { step: 15, said: format!("kept {HOSTILE}\nmore") })]
#[case::failed(Event::StepFailed { step: 15, error: HOSTILE.into() })]
#[case::finished(Event::StepFinished { step: 15, how: How::Acted })]
#[case::noted(Event::Noted { step: 15, noted: Noted::default() })]
fn no_live_line_does(#[case] event: Event) {
    let record = Record { format: FORMAT, sequence: 1, at: jiff::Timestamp::UNIX_EPOCH, event };
    let line = live_line(&planned(), &record).unwrap_or_default();
    assert_eq!(obeyed(&line), [], "{line:?}");
}
