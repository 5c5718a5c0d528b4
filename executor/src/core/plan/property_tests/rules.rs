//! What has to be true of every plan, worked out from the pool and the steps, not by the planner's own words.

use std::collections::BTreeSet;

use super::super::super::names::{HostName, OpVersion, Release, VolumeName};
use super::super::super::pool::VolumeKind;
use super::super::super::release;
use super::super::super::sample::host;
use super::super::super::way::Way;
use super::super::{Action, Check, Plan, Procedure, StageKind, Step};
use super::gates::{holds, takes_out, well};
use super::generate::{Case, Shape};

/// A plan, with every single action and the place of its step.
pub(super) struct Walk<'a> {
    pub(super) case: &'a Case,
    pub(super) plan: &'a Plan,
    done: Vec<(usize, &'a Step, &'a Action)>,
}

/// Judges a plan; the first property that does not hold panics.
pub(super) fn judge(case: &Case, plan: &Plan) {
    let mut done = Vec::new();
    for (at, step) in plan.steps().enumerate() {
        assert_eq!(step.id as usize, at + 1, "steps are numbered from 1");
        match &step.action {
            Action::Together { actions } => done.extend(actions.iter().map(|action| (at, step, action))),
            single => done.push((at, step, single)),
        }
    }
    let walk = Walk { case, plan, done };
    walk.goes_the_way_that_was_asked_for();
    walk.has_one_server_out_at_a_time();
    walk.leaves_nobody_out();
    walk.stops_before_it_installs_before_it_starts();
    walk.takes_nothing_out_without_its_gate();
    walk.gives_all_back_before_the_next();
    walk.stops_volumes_and_starts_them();
    walk.has_sessions_stopped_around_servers();
    walk.has_servers_before_clients();
    walk.raises_the_op_version_last_and_once();
}

impl Walk<'_> {
    pub(super) fn shape(&self) -> &Shape {
        &self.case.shape
    }

    pub(super) fn to(&self) -> Release {
        self.case.request.to
    }

    pub(super) fn online(&self) -> bool {
        self.plan.procedure == Procedure::Online
    }

    /// The places of the actions that are meant.
    fn places(&self, meant: impl Fn(&Action) -> bool) -> Vec<usize> {
        self.done.iter().filter(|(.., action)| meant(action)).map(|(at, ..)| *at).collect()
    }

    pub(super) fn turns(&self) -> impl Iterator<Item = (&HostName, &[Step])> {
        self.plan.stages.iter().filter_map(|stage| match &stage.kind {
            StageKind::Turn(host) => Some((host, &stage.steps[..])),
            StageKind::Packages
            | StageKind::Prepare
            | StageKind::StopReplication
            | StageKind::StartReplication
            | StageKind::Downtime
            | StageKind::Clients(_)
            | StageKind::Finish => None,
        })
    }

    pub(super) fn serves(&self) -> bool {
        self.shape().volumes.iter().any(|volume| volume.started)
    }

    /// Never online with a volume that cannot be.
    fn goes_the_way_that_was_asked_for(&self) {
        assert_eq!(self.plan.procedure, self.case.request.procedure);
        if !self.online() {
            return;
        }
        for volume in &self.shape().volumes {
            assert!(matches!(volume.kind, VolumeKind::Replicate { .. }), "online with {volume:?}");
        }
    }

    fn has_one_server_out_at_a_time(&self) {
        let mut out: BTreeSet<HostName> = self.shape().out.map(host).into_iter().collect();
        let mut unmanaged = BTreeSet::new();
        for (_, step, action) in self.done.iter().filter(|_| self.online()) {
            match action {
                Action::StopGluster { host } => {
                    out.insert(host.clone());
                    assert!(unmanaged.is_empty(), "glusterd is down elsewhere: {}", step.action);
                }
                Action::StopGlusterd { host } => {
                    unmanaged.insert(host.clone());
                    assert!(out.is_empty(), "a server is out: {}", step.action);
                }
                Action::StartGluster { host } => {
                    out.remove(host);
                }
                Action::StartGlusterd { host } => {
                    unmanaged.remove(host);
                }
                other => assert!(other.stops().is_none(), "online: {other}"),
            }
            assert!(out.len() <= 1, "{out:?} are out");
        }
        assert!(out.is_empty() && unmanaged.is_empty(), "{out:?} {unmanaged:?} stay out");
    }

    /// Every host that is behind gets the target, once; no other one is changed.
    fn leaves_nobody_out(&self) {
        let installed = |action: &Action| {
            let (Action::Install { host, release, .. } | Action::InstallBy { host, release, .. }) = action
            else {
                return None;
            };
            assert_eq!(*release, self.to(), "{action}");
            Some(host.clone())
        };
        let mut found: Vec<HostName> =
            self.done.iter().filter_map(|(.., action)| installed(action)).collect();
        found.sort();
        let mut meant: Vec<HostName> =
            self.shape().behind().into_iter().chain(self.shape().clients_behind()).collect();
        meant.sort();
        assert_eq!(found, meant, "what is installed, and what is behind");
        let turns: Vec<&HostName> = self.turns().map(|(host, _)| host).collect();
        assert_eq!(turns.iter().collect::<BTreeSet<_>>().len(), turns.len(), "one turn each: {turns:?}");
        if let (Some(out), true) = (self.shape().out, self.online()) {
            assert_eq!(turns.first(), Some(&&host(out)), "who is out comes first");
        }
        let rank = |name: &&HostName| {
            let inventory = &self.case.inventory;
            let here = inventory.servers[*name].way == Way::Local;
            (self.shape().out.map(host).as_ref() != Some(*name), here, inventory.leads_through(name))
        };
        let ranks: Vec<_> =
            turns.iter().map(rank).map(|(late, here, leads)| (late, here || leads, here)).collect();
        assert!(ranks.is_sorted(), "the program's own way comes last: {turns:?}");
        for row in &self.plan.servers {
            assert_eq!(row.then, self.to(), "{row:?}");
        }
    }

    fn stops_before_it_installs_before_it_starts(&self) {
        for number in 1..=self.shape().servers {
            let name = host(number);
            let behind = self.shape().behind().contains(&name);
            let here = |action: &Action| action.hosts() == [&name];
            let stops = self.places(|one| matches!(one, Action::StopGluster { .. }) && here(one));
            let starts = self.places(|one| matches!(one, Action::StartGluster { .. }) && here(one));
            let is_install = |one: &Action| matches!(one, Action::Install { .. } | Action::InstallBy { .. });
            let installs = self.places(|one| is_install(one) && here(one));
            if behind {
                let (&[stop], &[install], &[start]) = (&stops[..], &installs[..], &starts[..]) else {
                    panic!(
                        "{name} is stopped, installed and started once each: {stops:?} {installs:?} {starts:?}"
                    )
                };
                assert!(stop < install && install < start, "{name}: {stop}, {install}, {start}");
                let converts = |one: &Action| matches!(one, Action::ConvertChangelogs { .. }) && here(one);
                assert!(self.places(converts).iter().all(|at| (stop..install).contains(at)), "{name}");
                // Once right after the stop, and online once more before the start.
                let closes = self.places(|one| matches!(one, Action::CloseChangelogs { .. }) && here(one));
                assert!(closes.iter().all(|at| (stop..start).contains(at)), "{name}");
                assert!(closes.first().is_none_or(|at| *at < install), "{name}");
                let away = self.places(|one| matches!(one, Action::Unmount { .. }) && here(one));
                let back = self.places(|one| matches!(one, Action::Mount { .. }) && here(one));
                assert!(away.iter().all(|at| *at < stop) && back.iter().all(|at| *at > start), "{name}");
                assert_eq!(away.len(), back.len(), "{name}: what is unmounted is mounted again");
            } else {
                assert!(stops.len() == starts.len() || self.shape().out == Some(number), "{name}");
                assert!(!self.online() || stops.is_empty(), "{name} is stopped for nothing");
            }
            let first = self.places(|one| one.hosts() == [&name] && matches!(one, Action::Fetch { .. }));
            let taken = self.places(takes_out).into_iter().min();
            assert!(
                first.iter().all(|at| taken.is_none_or(|taken| *at < taken)),
                "{name} is fetched for too late"
            );
        }
    }

    /// Within a downtime: nobody is cut off, all are down together, and what was started is started again.
    fn stops_volumes_and_starts_them(&self) {
        let started: BTreeSet<VolumeName> = (0..)
            .zip(&self.shape().volumes)
            .filter(|(_, volume)| volume.started)
            .map(|(at, _)| format!("vol{at}").parse().unwrap())
            .collect();
        let stopped: Vec<&VolumeName> = self.done.iter().filter_map(|(.., action)| action.stops()).collect();
        let again: Vec<&VolumeName> = self.done.iter().filter_map(|(.., action)| action.starts()).collect();
        let has_downtime = !self.online() && !self.shape().behind().is_empty();
        let meant: Vec<&VolumeName> = started.iter().filter(|_| has_downtime).collect();
        assert_eq!((stopped, again), (meant.clone(), meant), "volumes that are stopped, and started again");
        if !has_downtime {
            return;
        }
        let stops = self.places(|one| matches!(one, Action::StopGluster { .. }));
        let starts = self.places(|one| matches!(one, Action::StartGluster { .. }));
        let (stop, start) = (stops[0], starts[0]);
        assert!(
            self.places(|one| one.stops().is_some()).iter().all(|at| *at < stop),
            "stopped under a volume"
        );
        assert!(
            self.places(|one| one.starts().is_some()).iter().all(|at| *at > start),
            "nobody could serve it"
        );
        assert_eq!((stops.len(), starts.len()), (self.shape().servers, self.shape().servers), "all of them");
        for (_, step, action) in &self.done {
            if action.stops().is_some() {
                let mut asked = vec![Check::NoClients, Check::NothingToHeal, Check::NoTasks];
                asked.extend([Check::BricksOnline { without: None }, Check::OpVersionStill]);
                holds(&step.enter.checks, &asked, step, "enter");
            }
            if matches!(action, Action::Install { .. } | Action::InstallBy { .. })
                && self.case.state.hosts.contains_key(action.hosts()[0])
            {
                holds(&step.enter.checks, &[Check::GlusterDownEverywhere], step, "enter");
            }
            if matches!(action, Action::StartGluster { .. }) {
                holds(&step.enter.checks, &[Check::AllAtRelease { release: self.to() }], step, "enter");
            }
        }
        if let Some((_, step, _)) = self.done.iter().rfind(|(.., action)| action.starts().is_some()) {
            holds(&step.leave.checks, &[well(None), vec![Check::NothingToHeal]].concat(), step, "leave");
        }
    }

    /// The other pool is ahead; the session is stopped before the first server goes, and started after the last.
    fn has_sessions_stopped_around_servers(&self) {
        let stops = self.places(|one| matches!(one, Action::StopReplication { .. }));
        let starts = self.places(|one| matches!(one, Action::StartReplication { .. }));
        let proofs = self.places(|one| matches!(one, Action::ProveReplication { .. }));
        let servers = self.places(|one| {
            matches!(
                one,
                Action::StopGluster { .. } | Action::StartGluster { .. } | Action::StopGlusterd { .. }
            ) || matches!(
                one,
                Action::StartGlusterd { .. } | Action::StopVolume { .. } | Action::StartVolume { .. }
            )
        });
        let Some(session) = &self.shape().session else {
            assert!(stops.is_empty() && starts.is_empty() && proofs.is_empty());
            return;
        };
        let behind = !self.shape().behind().is_empty();
        let ahead: Release = session.secondary.parse().unwrap();
        assert!(!behind || ahead >= self.to(), "the secondary comes first");
        let touched = !servers.is_empty();
        assert_eq!(stops.len(), usize::from(touched && !session.stopped), "sessions that are stopped");
        assert_eq!(starts.len(), usize::from(touched || session.stopped), "sessions that are started");
        assert_eq!(proofs.len(), starts.len(), "each session has to carry a file");
        assert!(stops.iter().all(|stop| servers.iter().all(|at| stop < at)), "stopped first");
        assert!(starts.iter().all(|start| servers.iter().all(|at| start > at)), "started last");
        assert!(starts.iter().zip(&proofs).all(|(start, proof)| start < proof), "started, then proved");
    }

    fn has_servers_before_clients(&self) {
        let clients = &self.case.state.clients;
        let is_server = |one: &Action| {
            matches!(
                one,
                Action::StopGluster { .. } | Action::StartGluster { .. } | Action::StartVolume { .. }
            )
        };
        let last = self.places(is_server).into_iter().max();
        let mut seen = BTreeSet::new();
        for stage in &self.plan.stages {
            let StageKind::Clients(hosts) = &stage.kind else { continue };
            assert!(hosts.len() <= self.case.request.clients_at_once, "{hosts:?} at once");
            assert!(hosts.iter().all(|host| seen.insert(host.clone())), "{hosts:?} a second time");
        }
        assert_eq!(seen, self.shape().clients_behind(), "clients that have a stage");
        for name in self.shape().clients_behind() {
            let here = |one: &Action| one.hosts() == [&name];
            let away = self.places(|one| matches!(one, Action::Unmount { .. }) && here(one));
            let back = self.places(|one| matches!(one, Action::Mount { .. }) && here(one));
            let is_install = |one: &Action| matches!(one, Action::Install { .. } | Action::InstallBy { .. });
            let install = self.places(|one| is_install(one) && here(one));
            assert_eq!(away.len(), back.len(), "{name}: what is unmounted is mounted again");
            assert!(
                away.iter().all(|at| *at < install[0]) && back.iter().all(|at| *at > install[0]),
                "{name}"
            );
        }
        let mut begun = BTreeSet::new();
        for (at, step, action) in &self.done {
            let name = action.hosts()[0];
            if !clients.contains_key(name) || matches!(action, Action::Fetch { .. }) {
                continue;
            }
            let early = !self.online() && matches!(action, Action::Unmount { .. });
            assert!(early || last.is_none_or(|last| *at > last), "{action}: a server comes after it");
            if begun.insert(name.clone()) && !early {
                let mut asked = well(None);
                asked.extend([Check::AllAtRelease { release: self.to() }, Check::NothingToHeal]);
                asked.push(Check::ClientReached { host: name.clone() });
                holds(&step.enter.checks, &asked, step, "enter");
            }
        }
    }

    fn raises_the_op_version_last_and_once(&self) {
        let raised = self.places(|one| matches!(one, Action::RaiseOpVersion { .. }));
        let goal = release::op_version_of(self.to());
        let now = self.case.state.hosts[&host(1)].glusterd_info.known().unwrap().op_version;
        let meant = usize::from(now < goal && !self.case.request.keep_op_version);
        assert_eq!(raised.len(), meant, "raised from {now} to {goal} at {raised:?}");
        let then = if meant == 1 { goal } else { now };
        assert_eq!((self.plan.op_version_now, self.plan.op_version_then), (now, then));
        for at in raised {
            assert_eq!(at + 1, self.plan.steps().count(), "a step after the op-version is raised");
            let step = self.plan.steps().nth(at).unwrap();
            assert!(
                matches!(&step.action, Action::RaiseOpVersion { to, .. } if *to == goal),
                "{}",
                step.action
            );
            let mut asked = well(None);
            asked.extend([Check::AllAtRelease { release: self.to() }, Check::NothingToHeal, Check::NoTasks]);
            if goal >= OpVersion(31_000) {
                asked.extend([
                    Check::ClientsSpeak { op_version: goal },
                    Check::NewestOpVersion { op_version: goal },
                ]);
            }
            holds(&step.enter.checks, &asked, step, "enter");
            holds(&step.leave.checks, &[Check::OpVersionIs { op_version: goal }], step, "leave");
        }
    }
}
