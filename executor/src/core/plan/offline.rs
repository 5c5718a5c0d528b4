//! The offline procedure: all servers together, within a downtime. For every kind of volume, and for mixed pools.
//!
//! 1. *Packages* are downloaded on every server; all serve.
//! 2. *Downtime.* Once no client is connected, what they left is healed. With nothing left to heal, the started volumes are stopped one by
//!    one, then Gluster on all servers. All are installed, and started; peers and stored volumes must agree before
//!    the volumes that were started before are started again. It ends when all of them are well, and a file was
//!    written to each and read.
//!
//! That some servers carry the data of others is asked nowhere: nobody is served.

use std::collections::BTreeMap;

use super::super::check::{Check, frozen};
use super::super::names::{HostName, VolumeName};
use super::super::pool::VolumeKind;
use super::builder::{
    Builder, HEALTH_PATIENCE_SECONDS, PROCESS_PATIENCE_SECONDS, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS, gate,
};
use super::{Action, Gate, Stage, StageKind, Step, georep, packages};

/// How long to wait for the clients to go, once everything is staged: their owners have to be told.
const CLIENTS_PATIENCE_SECONDS: u64 = 3600;

/// Returns the stages up to the finish. None where every server is at the target already.
pub(super) fn stages(builder: &mut Builder<'_>, preparing: bool) -> Vec<Stage> {
    let behind: Vec<HostName> = builder.facts.behind().into_iter().cloned().collect();
    if behind.is_empty() {
        return Vec::new();
    }
    let mut stages: Vec<Stage> = builder.packages(&behind.iter().collect::<Vec<_>>()).into_iter().collect();
    let mut steps = builder.put_all_aside(&behind, preparing);
    steps.extend(builder.stop_volumes(preparing));
    steps.extend(builder.replace(&behind, preparing));
    steps.extend(builder.start_volumes());
    steps.extend(builder.bring_servers_back(&behind));
    steps.extend(builder.prove_all());
    stages.push(Stage { kind: StageKind::Downtime, steps });
    stages
}

/// Returns the same action for several servers, side by side.
fn together<'a, T: 'a>(targets: impl IntoIterator<Item = T>, action: impl Fn(T) -> Action) -> Action {
    Action::Together { actions: targets.into_iter().map(action).collect() }
}

impl Builder<'_> {
    /// The server through which volumes are stopped and started.
    fn via(&self) -> Option<HostName> {
        self.facts.servers.first().map(|(host, ..)| host.clone())
    }

    /// Heals what the clients left when they went. A client of a dispersed volume that unmounts leaves the files it
    /// wrote last marked as dirty (12 entries on every brick, seen on 10.3); the self-heal daemon looks at them every
    /// ten minutes only.
    fn heal_first(&mut self, preparing: bool) -> Option<Step> {
        let heals = |name: &&VolumeName| {
            let kind = self.facts.state.volumes.known().ok()?.get(*name).map(|volume| &volume.volume.kind)?;
            match kind {
                VolumeKind::Replicate { .. } | VolumeKind::Disperse { .. } => Some(()),
                VolumeKind::Distribute | VolumeKind::Other(_) => None,
            }
        };
        let volumes: Vec<VolumeName> =
            self.facts.started.iter().filter(|name| heals(name).is_some()).cloned().collect();
        let via = self.via().filter(|_| !volumes.is_empty())?;
        let mut fit = self.health(None, preparing);
        fit.extend([Check::DefinitionsUnchanged, Check::OpVersionStill, Check::NoTasks, Check::NoClients]);
        let enter = gate(fit, CLIENTS_PATIENCE_SECONDS, SETTLE_LOOKS);
        let leave = gate(vec![Check::NothingToHeal], HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS);
        Some(self.step(Action::Heal { via, volumes }, enter.clone(), enter, leave))
    }

    /// Stops the volumes. Until the first one stops, all is served; the whole health of the pool is its gate.
    fn stop_volumes(&mut self, preparing: bool) -> Vec<Step> {
        let mut steps: Vec<Step> = self.heal_first(preparing).into_iter().collect();
        let Some(via) = self.via() else { return steps };
        for volume in self.facts.started.clone() {
            // Volumes that are stopped by then are not asked about.
            let mut fit = self.health(None, preparing);
            fit.extend([Check::DefinitionsUnchanged, Check::OpVersionStill]);
            fit.extend([Check::NothingToHeal, Check::NoTasks, Check::NoClients]);
            let enter = gate(fit, CLIENTS_PATIENCE_SECONDS, SETTLE_LOOKS);
            let stopped = vec![Check::VolumeStopped { volume: volume.clone() }];
            let leave = gate(stopped, PROCESS_PATIENCE_SECONDS, 1);
            let stop = Action::StopVolume { via: via.clone(), volume };
            steps.push(self.step(stop, enter.clone(), enter, leave));
        }
        steps
    }

    /// Stops all of Gluster everywhere, replaces it, and starts it, with no volume started.
    fn replace(&mut self, behind: &[HostName], preparing: bool) -> Vec<Step> {
        let (hosts, release) = (self.hosts(), self.to);
        let reached = || gate(vec![Check::Reached], PROCESS_PATIENCE_SECONDS, 1);
        let all_down = || gate(vec![Check::GlusterDownEverywhere], PROCESS_PATIENCE_SECONDS, 1);
        let mut steps = Vec::new();

        let started = self.facts.started.clone();
        let mut stopped = vec![Check::Reached];
        stopped.extend(started.into_iter().map(|volume| Check::VolumeStopped { volume }));
        // What was mounted here since the plan was made would end with Gluster, and nothing would bring it back.
        stopped.extend(hosts.iter().map(|host| Check::VolumesUnused { host: host.clone() }));
        let enter = gate(stopped, PROCESS_PATIENCE_SECONDS, 1);
        let stop = together(&hosts, |host| Action::StopGluster { host: host.clone() });
        // Taken up again, servers may be down that would have to tell.
        steps.push(self.step(stop, enter, reached(), all_down()));

        if preparing {
            let drop = together(&hosts, |host| Action::DropNfsLines { host: host.clone() });
            let gone = vec![Check::NfsLinesGoneEverywhere, Check::StoredVolumesAgree { ignoring_nfs: false }];
            let leave = gate(gone, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(drop, all_down(), all_down(), leave));
        }

        // By kind: what is converted on one server is converted on all before the next is begun.
        let of = |host| georep::changelogs(self.facts.state, host, release).into_iter().enumerate();
        let mut kinds: BTreeMap<usize, Vec<Action>> = BTreeMap::new();
        for (place, action) in hosts.iter().flat_map(of) {
            kinds.entry(place).or_default().push(action);
        }
        for actions in kinds.into_values() {
            steps.push(self.step(Action::Together { actions }, all_down(), all_down(), all_down()));
        }

        let install = behind.iter().filter_map(|host| Some((host, self.installs(host)?)));
        let install = together(install, |(host, offer)| packages::install(host, release, offer));
        let mut installed = vec![Check::AllAtRelease { release }, Check::GlusterDownEverywhere];
        installed.extend(behind.iter().flat_map(|host| self.only_installed(host)));
        let leave = gate(installed, PROCESS_PATIENCE_SECONDS, 1);
        steps.push(self.step(install, all_down(), all_down(), leave));
        steps.push(self.start_all(&hosts));
        steps
    }

    /// Starts Gluster on all servers. What they have stored is compared while nothing depends on it yet.
    fn start_all(&mut self, hosts: &[HostName]) -> Step {
        let start = together(hosts, |host| Action::StartGluster { host: host.clone() });
        let at_release = || Check::AllAtRelease { release: self.to };
        let fit = vec![at_release(), Check::StoredVolumesAgree { ignoring_nfs: false }];
        let enter = gate(fit, PROCESS_PATIENCE_SECONDS, 1);
        let reenter = gate(vec![at_release()], PROCESS_PATIENCE_SECONDS, 1);
        let mut back = vec![Check::GlusterdUpEverywhere, at_release()];
        back.extend(hosts.iter().map(|host| self.runs_release(host)));
        back.extend([
            Check::PeersConnected { without: None },
            Check::StoredVolumesAgree { ignoring_nfs: false },
            Check::DefinitionsUnchanged,
            Check::OpVersionStill,
        ]);
        // Several looks: an upgraded glusterd rewrites what it has stored some moments after its start.
        let leave = gate(back, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS);
        self.step(start, enter, reenter, leave)
    }

    /// The code that runs there is the one that was installed.
    fn runs_release(&self, host: &HostName) -> Check {
        Check::RunsRelease { host: host.clone(), release: self.to }
    }

    /// Starts the volumes that were started before. The last one is left when the pool is well, all of it.
    fn start_volumes(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(via) = self.via() else { return steps };
        let volumes = self.facts.started.clone();
        for (at, volume) in volumes.iter().enumerate() {
            let fit = vec![
                Check::Reached,
                Check::PeersConnected { without: None },
                Check::StoredVolumesAgree { ignoring_nfs: false },
            ];
            let enter = gate(fit, RETURN_PATIENCE_SECONDS, 1);
            let leave = if at + 1 == volumes.len() {
                self.served()
            } else {
                let started = vec![Check::VolumeStarted { volume: volume.clone() }];
                gate(started, PROCESS_PATIENCE_SECONDS, 1)
            };
            let start = Action::StartVolume { via: via.clone(), volume: volume.clone() };
            steps.push(self.step(start, enter.clone(), enter, leave));
        }
        steps
    }

    /// The pool is well with all its volumes started, all of it at the target.
    fn served(&self) -> Gate {
        let mut whole = self.health(None, false);
        whole.extend(self.hosts().iter().map(|host| self.runs_release(host)));
        // That all volumes are started again is part of the configuration.
        whole.extend(frozen());
        whole.extend([Check::BricksSteady, Check::NothingToHeal]);
        gate(whole, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
    }

    /// Proves that the volumes can be used, at the end: by then nothing that servers had put aside is still away, so
    /// that a proof which is not to be had keeps nothing down.
    fn prove_all(&mut self) -> Option<Step> {
        let via = self.via()?;
        let leave = self.served();
        self.prove(&via, leave)
    }
}
