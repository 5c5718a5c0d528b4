//! The safety rule. It is asked at every stroke that takes a brick away and at every second of a mounted client, so that
//! no test can forget it. It panics: whatever the test is about, this is its report.

use super::state::{Layout, Served, State, Volume};
use crate::core::names::{Brick, HostName, VolumeName};

impl State {
    /// Panics where a brick may not go now: all others of its set must be there, whole, and reached by every client.
    pub(super) fn may_go(&self, brick: &Brick, why: &str) {
        if let Some(problem) = self.goes_amiss(brick) {
            panic!(
                "the safety rule is broken at second {}: {why} takes {brick} out, and {problem}",
                self.now
            );
        }
    }

    /// Returns whether all the bricks of a server could go at once: whether a fault of its own breaks nothing.
    pub(super) fn could_go(&self, host: &HostName) -> bool {
        self.bricks_of(host).iter().all(|brick| self.goes_amiss(brick).is_none())
    }

    /// Tells what forbids that a brick goes. One that does not run is not missed any more.
    fn goes_amiss(&self, brick: &Brick) -> Option<String> {
        self.brick(brick).process?;
        let (name, volume) = self
            .volumes
            .iter()
            .find(|(_, volume)| volume.started && volume.bricks.iter().any(|(other, _)| other == brick))?;
        let clients: Vec<&Served> = self.mounts_of(name).collect();
        if clients.is_empty() {
            return None;
        }
        let set = volume.sets().find(|set| set.iter().any(|(other, _)| other == brick))?;
        let lacking: Vec<String> = set
            .iter()
            .filter(|(other, _)| other != brick)
            .filter_map(|(other, _)| self.lacks(other, &clients))
            .collect();
        let spare = match volume.layout {
            // Whole copies: one of a set at a time, however many there are.
            Layout::Replica(_) | Layout::Arbiter => usize::from(volume.layout.set() > 1),
            Layout::Disperse { redundancy, .. } => redundancy,
            Layout::Distribute => 0,
        };
        match (lacking.len() + 1 > spare, spare) {
            (false, _) => None,
            (true, 0) => Some(format!("no other brick of {name} has its data, which a client uses")),
            (true, _) => Some(lacking.join(", ")),
        }
    }

    /// Tells what a brick lacks to stand in for another one.
    fn lacks(&self, brick: &Brick, clients: &[&Served]) -> Option<String> {
        let state = self.brick(brick);
        if state.process.is_none() {
            return Some(format!("{brick} does not run"));
        }
        if let Some(away) = clients.iter().find(|served| !self.reaches(served, brick)) {
            return Some(format!("the mount {} has not reached {brick} yet", away.mount));
        }
        (state.behind > 0).then(|| format!("{brick} has {} writes to heal", state.behind))
    }

    /// Panics where a client is cut off by a command: a volume that is stopped under it.
    pub(super) fn may_stop(&self, name: &VolumeName) {
        if let Some(served) = self.mounts_of(name).next() {
            panic!(
                "the safety rule is broken at second {}: {name} is stopped under {}",
                self.now, served.mount
            );
        }
    }

    /// Lets every mounted client write to every set of its volume. Panics where such a write fails or would be lost.
    pub(super) fn write(&mut self) {
        let mut missed: Vec<Brick> = Vec::new();
        for (name, volume) in self.volumes.iter().filter(|(_, volume)| volume.started) {
            for served in self.mounts_of(name) {
                for set in volume.sets() {
                    let reached = |brick: &&(Brick, HostName)| self.reaches(served, &brick.0);
                    let (there, away): (Vec<_>, Vec<_>) = set.iter().partition(reached);
                    if let Some(problem) = self.fails(volume, set.len(), &there) {
                        let mount = &served.mount;
                        panic!(
                            "a write is lost at second {}: {mount} reaches {there:?}, {problem}",
                            self.now
                        );
                    }
                    missed.extend(away.into_iter().map(|(brick, _)| brick.clone()));
                }
            }
        }
        for brick in missed {
            let brick = self.brick_mut(&brick);
            // The same few files are written again and again.
            brick.behind = (brick.behind + 1).min(FILES);
        }
    }

    /// Tells why a write to a set fails that a client reaches these bricks of.
    fn fails(&self, volume: &Volume, size: usize, there: &[&(Brick, HostName)]) -> Option<&'static str> {
        let good = |brick: &&&(Brick, HostName)| self.brick(&brick.0).behind == 0;
        let whole = there.iter().filter(good).filter(|(brick, _)| !volume.is_arbiter(brick)).count();
        let quorum = match volume.layout {
            Layout::Replica(copies) if copies < 3 => 1,
            Layout::Replica(_) | Layout::Arbiter => size / 2 + 1,
            Layout::Disperse { bricks, redundancy } => {
                let enough = there.iter().filter(good).count() >= bricks - redundancy;
                return (!enough).then_some("too few of which have all pieces");
            }
            Layout::Distribute => 1,
        };
        if there.len() < quorum {
            Some("which are no quorum")
        } else if whole == 0 {
            Some("none of which has a good copy")
        } else {
            None
        }
    }
}

/// How many files the clients write.
const FILES: u64 = 12;
