//! What the executor did, from its events: the plan's steps, each with its times, and how the call ended.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::event::{Event, GateKind, How, Record};
use executor::core::finding::Finding;
use executor::core::plan::{Plan, Stage, StageKind, Step};

use super::axis::seconds;
use super::recorded::Told;

/// A call of the executor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The file of its events.
    pub(super) file: String,
    /// Its plan, step by step; empty where it came to none.
    pub(super) stages: Vec<StageRun>,
    /// How it ended.
    pub(super) ending: Ending,
    /// When it was taken up again within its events.
    pub(super) resumed: Vec<f64>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ending {
    /// In words.
    pub(super) words: String,
    /// What stood in the way.
    pub(super) findings: Vec<String>,
}

/// A group of steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StageRun {
    /// What it is for.
    pub(super) words: String,
    /// Its steps.
    pub(super) steps: Vec<StepRun>,
}

/// A step and its times, in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepRun {
    /// Its number.
    pub(super) id: u32,
    /// What it does.
    pub(super) words: String,
    /// The hosts it does it on, or by way of.
    pub(super) hosts: Vec<String>,
    /// How far it came.
    pub(super) state: State,
    /// When it was its turn: the step before it had ended, or the run began.
    pub(super) from: Option<f64>,
    /// When it began to act.
    pub(super) acts: Option<f64>,
    /// When its act was done.
    pub(super) acted: Option<f64>,
    /// When it ended: its last gate was passed, or it failed, or halted.
    pub(super) to: Option<f64>,
    /// What it waited for.
    pub(super) waits: Vec<Wait>,
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Finished; it acted.
    Done,
    /// Finished; there was nothing left to do.
    AlreadySo,
    /// Finished in a call before this one.
    Before,
    /// Begun, and no end is told.
    Midway,
    /// The run halted at one of its gates.
    Halted,
    /// The run was paused before it.
    Paused,
    /// It failed.
    Failed,
    /// It was not begun.
    #[default]
    NotReached,
}

impl State {
    fn is_done(self) -> bool {
        match self {
            Self::Done | Self::AlreadySo | Self::Before => true,
            Self::Midway | Self::Halted | Self::Paused | Self::Failed | Self::NotReached => false,
        }
    }

    /// Returns it in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadySo => "already so",
            Self::Before => "done before",
            Self::Midway => "begun",
            Self::Halted => "halted here",
            Self::Paused => "paused before it",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// A look at a gate that was not open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wait {
    /// When.
    pub(super) at: f64,
    /// Which gate.
    pub(super) gate: GateKind,
    /// What was not so.
    pub(super) findings: Vec<String>,
}

impl StepRun {
    /// Returns how long it took in all, where it ended.
    pub(super) fn took(&self) -> Option<f64> {
        Some(self.to? - self.from?)
    }

    /// Returns how long it waited for its first gate, acted, and waited for its last one, as far as it came.
    pub(super) fn parts(&self) -> [Option<f64>; 3] {
        let between = |from: Option<f64>, to: Option<f64>| Some(to? - from?);
        let enter = between(self.from, self.acts.or(self.to));
        // One that failed has acted until then, as far as anybody knows.
        let acting = between(self.acts, self.acted.or(self.to));
        [enter, acting, between(self.acted, self.to)]
    }
}

/// Reads the calls, in their order. One that was taken up again goes on with the plan of the one before it.
pub(super) fn calls(told: &[Told<Record>]) -> Vec<Call> {
    let mut run = Run::default();
    told.iter().map(|told| call(told, &mut run)).collect()
}

/// The run that calls belong to.
#[derive(Debug, Default)]
struct Run {
    plan: Option<Plan>,
    finished: BTreeSet<u32>,
}

fn call(told: &Told<Record>, run: &mut Run) -> Call {
    let mut reading = Reading::default();
    for record in &told.lines {
        if let Event::RunStarted { plan, .. } = &record.event {
            *run = Run { plan: Some((**plan).clone()), finished: BTreeSet::new() };
        }
        reading.take(record);
    }
    let Reading { begun, mut steps, ending, resumed, turn: _ } = reading;
    let done = |(id, times): (&u32, &Times)| times.state.is_done().then_some(*id);
    let finished: Vec<u32> = steps.iter().filter_map(done).collect();
    let stages = run.plan.iter().filter(|_| begun).flat_map(|plan| &plan.stages);
    let stages = stages.map(|stage| stage_run(stage, &mut steps, &run.finished)).collect();
    run.finished.extend(finished);
    Call { file: told.file.clone(), stages, ending, resumed }
}

fn stage_run(stage: &Stage, steps: &mut BTreeMap<u32, Times>, finished: &BTreeSet<u32>) -> StageRun {
    let run = |step: &Step| {
        let untold = || {
            let state = if finished.contains(&step.id) { State::Before } else { State::NotReached };
            Times { state, ..Times::default() }
        };
        let Times { state, from, acts, acted, to, waits, error } =
            steps.remove(&step.id).unwrap_or_else(untold);
        let mut hosts: Vec<String> = step.action.hosts().into_iter().map(ToString::to_string).collect();
        hosts.dedup();
        let (id, words) = (step.id, step.action.to_string());
        StepRun { id, words, hosts, state, from, acts, acted, to, waits, error }
    };
    StageRun { words: stage_words(&stage.kind), steps: stage.steps.iter().map(run).collect() }
}

fn stage_words(kind: &StageKind) -> String {
    match kind {
        StageKind::Packages => "packages, on every host".to_owned(),
        StageKind::Prepare => "prepare".to_owned(),
        StageKind::StopReplication => "stop geo-replication".to_owned(),
        StageKind::StartReplication => "start geo-replication again".to_owned(),
        StageKind::Downtime => "downtime".to_owned(),
        StageKind::Turn(host) => format!("turn of {host}"),
        StageKind::Clients(hosts) => {
            let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
            format!("clients: {}", names.join(", "))
        }
        StageKind::Finish => "finish".to_owned(),
    }
}

/// What events tell of a step.
#[derive(Debug, Default)]
struct Times {
    state: State,
    from: Option<f64>,
    acts: Option<f64>,
    acted: Option<f64>,
    to: Option<f64>,
    waits: Vec<Wait>,
    error: Option<String>,
}

/// The events of a call, as far as they are read.
#[derive(Debug, Default)]
struct Reading {
    /// Whether a run went on in it.
    begun: bool,
    steps: BTreeMap<u32, Times>,
    ending: Ending,
    resumed: Vec<f64>,
    /// When the turn of the next step began.
    turn: Option<f64>,
}

impl Reading {
    fn take(&mut self, Record { event, at, format: _, sequence: _ }: &Record) {
        let at = seconds(*at);
        match event {
            Event::RunStarted { .. } => {
                (self.begun, self.turn) = (true, Some(at));
                self.ends("ended midway");
            }
            Event::RunResumed { in_doubt: _ } => {
                (self.begun, self.turn) = (true, Some(at));
                self.resumed.push(at);
                self.ends("ended midway");
            }
            Event::Refused { findings } => self.ends_with("refused", findings),
            Event::NothingToDo => self.ends("nothing to do"),
            Event::RunFinished => self.ends("finished"),
            Event::InventoryNoted { .. } | Event::PauseAsked { .. } | Event::Noted { .. } => {}
            Event::Paused { step } => {
                self.step(*step, State::Paused);
                self.ends("paused");
            }
            Event::GateWaiting { step, gate, findings, patience_seconds: _ } => {
                let wait = Wait { at, gate: *gate, findings: words(findings) };
                self.step(*step, State::Midway).waits.push(wait);
            }
            Event::GatePassed { step, gate: _ } => {
                self.step(*step, State::Midway);
            }
            Event::StepStarted { step } => {
                self.step(*step, State::Midway).acts.get_or_insert(at);
            }
            Event::StepActed { step, said: _ } => self.step(*step, State::Midway).acted = Some(at),
            Event::StepFinished { step, how } => {
                let state = match how {
                    How::Acted => State::Done,
                    How::AlreadySo => State::AlreadySo,
                };
                self.step(*step, state).to = Some(at);
                self.turn = Some(at);
                self.ends("ended midway");
            }
            Event::StepFailed { step, error } => {
                let times = self.step(*step, State::Failed);
                (times.to, times.error) = (Some(at), Some(error.clone()));
                self.ends(&format!("step {step} failed: {error}"));
            }
            Event::Halted { step, gate, findings, waited_seconds } => {
                self.step(*step, State::Halted).to = Some(at);
                let words = format!("halted at the {gate} gate of step {step}, after {waited_seconds} s");
                self.ends_with(&words, findings);
            }
        }
    }

    fn step(&mut self, id: u32, state: State) -> &mut Times {
        let times = self.steps.entry(id).or_default();
        times.from = times.from.or(self.turn);
        // One that had halted and goes on has not ended.
        times.to = None;
        times.state = state;
        times
    }

    fn ends(&mut self, words: &str) {
        self.ends_with(words, &[]);
    }

    fn ends_with(&mut self, words: &str, findings: &[Finding]) {
        self.ending = Ending { words: words.to_owned(), findings: self::words(findings) };
    }
}

fn words(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
