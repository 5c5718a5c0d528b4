//! The online (rolling) procedure: one server at a time, the others carrying its data.

use super::super::check::{Check, frozen};
use super::super::inventory::Inventory;
use super::super::names::HostName;
use super::super::way::Way;
use super::builder::{
    Builder, HEALTH_PATIENCE_SECONDS, PROCESS_PATIENCE_SECONDS, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS, gate,
};
use super::usage::left_aside;
use super::{Action, Gate, Last, Stage, StageKind, Step, georep, packages};

/// Returns the stages up to the finish: what must be mended first, and a turn for each server that needs one.
pub(super) fn stages(
    builder: &mut Builder<'_>,
    inventory: &Inventory,
    out: Option<&HostName>,
    preparing: bool,
) -> Vec<Stage> {
    let facts = builder.facts;
    let mut behind = facts.behind();
    // Neither does a server stay without what an earlier run put aside there.
    let left = facts.servers.iter().map(|(host, ..)| host).filter(|host| left_aside(facts.state, host));
    behind.extend(left.filter(|host| !behind.contains(host)).collect::<Vec<_>>());
    // A server that is out already comes first: the pool stands on one leg until it is back.
    behind.extend(out.filter(|host| !behind.contains(host)));
    behind.sort_by_key(|host| (out != Some(*host), last(inventory, host), (*host).clone()));
    let mut stages: Vec<Stage> = builder.packages(&behind).into_iter().collect();
    if preparing {
        stages.push(builder.prepare());
    }
    for host in behind {
        stages.push(builder.turn(host, out == Some(host)));
    }
    stages
}

/// Returns why the turn of a server comes last, where the program speaks through it.
pub(super) fn last(inventory: &Inventory, host: &HostName) -> Option<Last> {
    if inventory.servers.get(host).is_some_and(|declared| declared.way == Way::Local) {
        Some(Last::RunsThis)
    } else {
        inventory.leads_through(host).then_some(Last::LeadsToOthers)
    }
}

impl Builder<'_> {
    /// Deletes the options that the target drops, on every server, with glusterd down everywhere and all
    /// bricks serving. All glusterds must be down together: one that runs would hand the line back to its
    /// peers, or reject the one whose line is gone.
    fn prepare(&mut self) -> Stage {
        let hosts = self.hosts();
        let mut steps = Vec::new();
        for (at, host) in hosts.iter().enumerate() {
            let enter = if at == 0 {
                let mut checks = self.health(None, true);
                checks.extend(frozen());
                checks.push(Check::NothingToHeal);
                gate(checks, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
            } else {
                let before = Check::GlusterdDown { host: hosts[at - 1].clone() };
                gate(vec![before], PROCESS_PATIENCE_SECONDS, 1)
            };
            let reenter = gate(vec![Check::Reached], PROCESS_PATIENCE_SECONDS, 1);
            let mut left = vec![Check::GlusterdDown { host: host.clone() }];
            left.extend(self.bricks_running(host));
            let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(Action::StopGlusterd { host: host.clone() }, enter, reenter, leave));
        }
        for host in &hosts {
            let down = gate(vec![Check::GlusterdDownEverywhere], PROCESS_PATIENCE_SECONDS, 1);
            // Not that bricks run: those of a server that was rebooted here come back with the glusterds alone.
            let gone = vec![Check::NfsLinesGone { host: host.clone() }];
            let leave = gate(gone, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(Action::DropNfsLines { host: host.clone() }, down.clone(), down, leave));
        }
        for (at, host) in hosts.iter().enumerate() {
            let agreed =
                vec![Check::NfsLinesGoneEverywhere, Check::StoredVolumesAgree { ignoring_nfs: false }];
            let enter = gate(agreed, PROCESS_PATIENCE_SECONDS, 1);
            let leave = if at + 1 == hosts.len() {
                self.whole(None)
            } else {
                gate(vec![Check::GlusterdUp { host: host.clone() }], PROCESS_PATIENCE_SECONDS, 1)
            };
            steps.push(self.step(Action::StartGlusterd { host: host.clone() }, enter.clone(), enter, leave));
        }
        Stage { kind: StageKind::Prepare, steps }
    }

    /// What was open is closed once more right before the start, unless glusterd runs by then.
    fn close_again(&mut self, host: &HostName) -> Option<Step> {
        let action = georep::close_again(self.facts.state, host, self.to)?;
        let at = Check::AtRelease { host: host.clone(), release: self.to };
        let down = Check::GlusterDown { host: host.clone() };
        let enter = gate(vec![at.clone(), down], PROCESS_PATIENCE_SECONDS, 1);
        Some(self.step(action, enter.clone(), enter, gate(vec![at], PROCESS_PATIENCE_SECONDS, 1)))
    }

    /// What must hold before a server is taken out: the pool is well, all of it, and can do without.
    fn fit_for_turn(&self, host: &HostName) -> Gate {
        let mut fit = self.health(None, false);
        fit.extend(frozen());
        // The turn or preparation before this one was left after one look (`settle`).
        fit.extend([Check::BricksSteady, Check::NothingToHeal, Check::NoTasks]);
        fit.push(Check::OthersCanCarry { host: host.clone() });
        if !self.facts.baseline.known_entries.is_empty() {
            fit.push(Check::GoodCopyElsewhere { host: host.clone() });
        }
        gate(fit, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
    }

    /// The turn of one server. One that is out already passes the first step by its effect.
    fn turn(&mut self, host: &HostName, out: bool) -> Stage {
        let at = |release| Check::AtRelease { host: host.clone(), release };
        let down = || Check::GlusterDown { host: host.clone() };
        let without = Some(host.clone());
        let mut steps = Vec::new();
        let others = self.others(host);
        if let Some(offer) = self.installs(host) {
            let enter = if out { others.clone() } else { self.fit_for_turn(host) };
            let aside = self.put_aside(host, &enter);
            steps.extend(self.number(aside));
            let mut left = vec![down()];
            // A server that is alone has no others to ask, and none whose bricks could go.
            if self.facts.servers.len() > 1 {
                left.push(Check::BricksOnline { without });
            }
            let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
            let mut enter = enter;
            // What was mounted or started here since the plan was made would end with Gluster, and nothing would bring it back.
            enter.checks.push(Check::VolumesUnused { host: host.clone() });
            steps.push(self.step(Action::StopGluster { host: host.clone() }, enter, others.clone(), leave));

            for action in georep::changelogs(self.facts.state, host, self.to) {
                let still = gate(vec![down()], PROCESS_PATIENCE_SECONDS, 1);
                steps.push(self.step(action, still.clone(), still.clone(), still));
            }

            let enter = gate(vec![down()], PROCESS_PATIENCE_SECONDS, 1);
            let mut left = vec![at(self.to), down()];
            left.extend(self.only_installed(host));
            let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
            let install = packages::install(host, self.to, offer);
            steps.push(self.step(install, enter.clone(), enter, leave));
            steps.extend(self.close_again(host));
        }
        let enter = gate(vec![at(self.to)], PROCESS_PATIENCE_SECONDS, 1);
        let mut back = vec![
            Check::GlusterdUp { host: host.clone() },
            at(self.to),
            Check::StoredVolumesAgree { ignoring_nfs: false },
            Check::PeersConnected { without: None },
            Check::BricksOnline { without: None },
            Check::SelfHealDaemonsOnline { without: None },
            Check::BricksSteady,
        ];
        back.extend(self.own_turn(host));
        // Several looks: an upgraded glusterd rewrites what it has stored some moments after its start.
        let leave = gate(back, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS);
        steps.push(self.step(Action::StartGluster { host: host.clone() }, enter.clone(), enter, leave));
        let whole = self.whole(Some(host));
        let proves = (out || self.installs(host).is_some()) && !self.facts.provable.is_empty();
        if !self.facts.to_heal.is_empty() {
            let heal = Action::Heal { via: host.clone(), volumes: self.facts.to_heal.clone() };
            let enter = gate(vec![Check::GlusterdUp { host: host.clone() }], RETURN_PATIENCE_SECONDS, 1);
            // Where the volumes are proved next, that step's gate asks all of this again.
            let settle = if proves { 1 } else { whole.settle };
            steps.push(self.step(heal, enter.clone(), enter, Gate { settle, ..whole.clone() }));
        }
        // Before anything of its own comes back: no application is to find out what a file can.
        if proves {
            steps.extend(self.prove(host, whole.clone()));
        }
        let back = gate(vec![Check::GlusterdUp { host: host.clone() }], RETURN_PATIENCE_SECONDS, 1);
        let back = self.bring_back(host, &back, &whole);
        steps.extend(self.number(back));
        Stage { kind: StageKind::Turn(host.clone()), steps }
    }
}
