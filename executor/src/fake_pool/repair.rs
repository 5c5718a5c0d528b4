//! What an operator does who reads a finding and its hint, and how the pool stands at the end.

use super::shape::mount;
use super::state::{Packages, State};
use super::strokes::Stroke;
use super::{FakePool, Shape};
use crate::core::finding::{Code, Finding, Subject};
use crate::core::names::HostName;
use crate::core::usage::Mount;

/// What came of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Something was done about these findings; the run is resumed.
    Done(Vec<&'static str>),
    /// The hint says to plan anew, or there is nothing to do but that.
    PlanAnew(Vec<&'static str>),
}

impl FakePool {
    /// Does what the hints of these findings say.
    pub fn repair(&self, findings: &[Finding]) -> Repair {
        let mut inner = self.caught_up();
        let inner = &mut *inner;
        let mut done: Vec<&'static str> =
            findings.iter().filter(|one| inner.state.mend(one)).map(|one| one.code.as_str()).collect();
        done.dedup();
        if done.is_empty() {
            let mut codes: Vec<&'static str> = findings.iter().map(|one| one.code.as_str()).collect();
            codes.dedup();
            Repair::PlanAnew(codes)
        } else {
            Repair::Done(done)
        }
    }

    /// Does what the warning of a run says that could not take its claims away.
    pub fn remove_claims(&self) {
        self.caught_up().state.servers.values_mut().for_each(|server| server.claim = None);
    }

    /// Returns in what the pool differs from one that was upgraded well.
    pub fn short_of_goal(&self, shape: &Shape, raised: bool, clients: bool) -> Vec<String> {
        self.caught_up().state.short_of_goal(shape, raised, clients)
    }
}

impl State {
    /// Mends what a finding is about. `false`: its hint is to wait or to plan anew.
    fn mend(&mut self, finding: &Finding) -> bool {
        match (finding.code, &finding.subject) {
            (Code::ClientGone | Code::MountMissing, _) => return self.mount_by_hand(),
            // `umount`, after what mounted it again was found
            (Code::MountStillThere, Subject::Host(host)) => {
                self.machine_mut(host).mounts.clear();
                return true;
            }
            (Code::PeerRejected, Subject::Host(host)) => return self.agree_by_hand(&host.clone()),
            // `gluster volume geo-replication VOL HOST::VOL stop`, and `start`
            (Code::GeorepNotStopped, _) => return self.stop_session_by_hand(),
            (Code::GeorepNotHealthy, _) => return self.start_session_by_hand(),
            _ => {} // What is about servers.
        }
        let hosts: Vec<HostName> = match &finding.subject {
            Subject::Host(host) => vec![host.clone()],
            Subject::Pool | Subject::Volume(_) | Subject::Client(_) => self.servers.keys().cloned().collect(),
        };
        let hosts = hosts.into_iter().filter(|host| self.servers.contains_key(host) && self.is_up(host));
        let hosts: Vec<HostName> = hosts.collect();
        let mut mended = false;
        for host in hosts {
            mended |= match finding.code {
                // `systemctl start glusterd`
                Code::GlusterdDown | Code::PeerDisconnected if self.server(&host).glusterd.is_none() => {
                    self.start_glusterd(&host);
                    true
                }
                // `mount` what a brick lies on, and `gluster volume start VOL force`
                Code::BrickOffline | Code::SelfHealDaemonDown if self.lacks_processes(&host) => {
                    for brick in self.bricks_of(&host) {
                        self.brick_mut(&brick).stays_down = false;
                    }
                    self.start_bricks(&host);
                    true
                }
                // `systemctl stop glusterd`, after what started it was found
                Code::GlusterdRunning => {
                    let server = self.server_mut(&host);
                    server.glusterd = None;
                    server.self_heal = None;
                    true
                }
                // `systemctl stop glusterd glustereventsd`, `killall glusterfs glusterfsd`, after `executor ok-to-stop`
                Code::StillRunning if self.could_go(&host) => {
                    self.stop_by_hand(&host);
                    true
                }
                // `dpkg --configure -a && apt-get -f install`
                Code::PackagesBroken
                | Code::PackagesHalfInstalled
                | Code::PackagesMixed
                | Code::NotObserved
                    if self.is_half(&host) =>
                {
                    self.finish_packages(&host);
                    true
                }
                // One file by hand, and glusterd anew: compared with the others, it is behind.
                Code::OpVersionDiffers => {
                    let newest = self.servers.values().map(|server| server.op_version).max();
                    let server = self.server_mut(&host);
                    server.op_version = newest.unwrap_or(server.op_version);
                    true
                }
                _ => false, // Waiting and planning anew are all that their hints say.
            };
        }
        mended
    }

    /// Whether a server's glusterd runs, and not all that belongs to it: what could not be seen is no reason to mend it.
    fn lacks_processes(&self, host: &HostName) -> bool {
        let bricks = self.bricks_of(host);
        let down = |brick: &crate::core::names::Brick| self.brick(brick).process.is_none();
        let server = self.server(host);
        server.glusterd.is_some() && (bricks.iter().any(down) || server.self_heal.is_none())
    }

    fn stop_by_hand(&mut self, host: &HostName) {
        for brick in self.bricks.keys().filter(|brick| brick.host == *host).cloned().collect::<Vec<_>>() {
            self.apply(host, &Stroke::EndBrick(brick));
        }
        self.apply(host, &Stroke::EndGlusterd);
        self.apply(host, &Stroke::EndMountsAndDaemons);
        self.server_mut(host).events = None;
    }

    /// Mounts again what a client has mounted all the time, and lost.
    fn mount_by_hand(&mut self) -> bool {
        let clients: Vec<HostName> =
            self.machines.keys().filter(|host| self.is_client(host)).cloned().collect();
        let mut mended = false;
        for host in clients.iter().filter(|host| self.is_up(host)).collect::<Vec<_>>() {
            for mount in self.volumes.keys().map(|name| mount(name.as_str())).collect::<Vec<_>>() {
                let machine = self.machine(host);
                let point = mount.point.as_str();
                if !machine.mounts.contains_key(point)
                    && !machine.aside.contains_key(point)
                    && self.serves(&mount)
                {
                    self.mount(host, &mount);
                    mended = true;
                }
            }
        }
        mended
    }

    /// Deletes what only this server has stored, and starts its glusterd anew (tried on 11.1).
    fn agree_by_hand(&mut self, host: &HostName) -> bool {
        if self.server(host).glusterd.is_none() {
            return false;
        }
        for lines in self.server_mut(host).stored.values_mut() {
            lines.retain(|line| !line.starts_with("nfs."));
        }
        self.start_glusterd(host);
        true
    }

    fn is_half(&self, host: &HostName) -> bool {
        !matches!(self.machine(host).packages, Packages::Whole(_))
    }

    fn finish_packages(&mut self, host: &HostName) {
        let offered = self.offered;
        let machine = self.machine_mut(host);
        machine.packages = match machine.packages {
            Packages::Unpacking { .. } => Packages::Whole(offered),
            Packages::Whole(release) | Packages::Unconfigured(release) => Packages::Whole(release),
        };
    }

    fn short_of_goal(&self, shape: &Shape, raised: bool, clients: bool) -> Vec<String> {
        let mut short = Vec::new();
        for (host, server) in &self.servers {
            let runs =
                |process: Option<super::state::Process>| process.is_some_and(|p| p.release == shape.to);
            for (what, well) in [
                ("glusterd", runs(server.glusterd)),
                ("the self-heal daemon", server.self_heal.is_none() || runs(server.self_heal)),
                ("the events daemon", !server.events_due || server.events.is_some()),
                ("its claim", server.claim.is_none()),
                ("its peers", server.rejects.is_empty()),
            ] {
                if !well {
                    short.push(format!("{host}: {what} is not as it should be"));
                }
            }
            let goal = if raised { shape.to.line_op_version() } else { shape.op_version_before() };
            if server.op_version != goal {
                short.push(format!("{host}: op-version {}", server.op_version));
            }
        }
        for (host, machine) in self.machines.iter().filter(|(host, _)| !self.is_outside(host)) {
            let upgraded = clients || self.servers.contains_key(host);
            let release = if upgraded { shape.to } else { shape.from };
            if machine.packages != Packages::Whole(release) {
                short.push(format!("{host}: packages {:?}", machine.packages));
            }
            if !machine.aside.is_empty() {
                let points: Vec<&Mount> = machine.aside.values().collect();
                short.push(format!("{host}: left aside {points:?}"));
            }
            let expected = if self.servers.contains_key(host) { 0 } else { shape.volumes.len() };
            if machine.mounts.len() != expected {
                short.push(format!("{host}: {} mounts of {expected}", machine.mounts.len()));
            }
        }
        for (brick, state) in &self.bricks {
            let well = state.process.is_some_and(|process| process.release == shape.to);
            if !well || state.behind > 0 {
                short.push(format!("{brick}: {state:?}"));
            }
        }
        short.extend(self.session_short_of_goal());
        short.extend(
            self.volumes.iter().filter(|(_, one)| !one.started).map(|(name, _)| format!("{name} stopped")),
        );
        short
    }
}
