//! How much to look at: everything for a plan, or what the checks of a gate ask for.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::application::Application;
use crate::core::check::{Check, Fact};
use crate::core::inventory::Host;
use crate::core::names::{HostName, Release};

/// How much to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything, for a plan to this release: packages on offer and client machines too.
    Plan(Release),
    /// Everything there is to see, and what would be on offer for this release where one is named.
    Inspect(Option<Release>),
    /// These facts. All others are unknown.
    Facts {
        /// The facts.
        facts: BTreeSet<Fact>,
        /// The hosts that the checks name: only theirs is looked at of what is asked host by host, and only
        /// these client machines are asked at all.
        hosts: BTreeSet<HostName>,
        /// The applications that the checks name, by their host, besides the inventory's.
        applications: BTreeMap<HostName, Vec<Application>>,
    },
}

impl Scope {
    /// Returns the scope of what these checks ask for.
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        let mut facts = BTreeSet::new();
        let mut hosts = BTreeSet::new();
        let mut applications: BTreeMap<HostName, Vec<Application>> = BTreeMap::new();
        for check in checks {
            facts.extend(check.needs().iter().copied());
            let Some(host) = check.host() else { continue };
            hosts.insert(host.clone());
            if let Some(application) = check.application() {
                applications.entry(host.clone()).or_default().push(application.clone());
            }
        }
        Self::Facts { facts, hosts, applications }
    }

    /// Returns the scope with a fact more.
    pub fn and(mut self, fact: Fact) -> Self {
        match &mut self {
            Self::Plan(_) | Self::Inspect(_) => {}
            Self::Facts { facts, .. } => drop(facts.insert(fact)),
        }
        self
    }

    /// Returns whether a fact is asked for.
    pub(super) fn asks(&self, fact: Fact) -> bool {
        match self {
            Self::Plan(_) | Self::Inspect(_) => true,
            Self::Facts { facts, .. } => facts.contains(&fact),
        }
    }

    /// Returns whether a fact is asked for of this very host.
    pub(super) fn asks_of(&self, host: &HostName, fact: Fact) -> bool {
        match self {
            Self::Plan(_) | Self::Inspect(_) => true,
            Self::Facts { facts, hosts, .. } => facts.contains(&fact) && hosts.contains(host),
        }
    }

    /// Returns whether client machines and the systems of all hosts are looked at.
    pub(super) fn whole(&self) -> bool {
        match self {
            Self::Plan(_) | Self::Inspect(_) => true,
            Self::Facts { .. } => false,
        }
    }

    /// Returns the release whose packages are asked for.
    pub(super) fn target(&self) -> Option<Release> {
        match self {
            Self::Plan(to) => Some(*to),
            Self::Inspect(to) => *to,
            Self::Facts { .. } => None,
        }
    }

    /// Returns whether a client machine is asked at all.
    pub(super) fn asks_client(&self, host: &HostName) -> bool {
        match self {
            Self::Plan(_) | Self::Inspect(_) => true,
            Self::Facts { hosts, .. } => hosts.contains(host),
        }
    }

    /// Returns the applications to look for on a host, each once.
    pub(super) fn applications<'a>(&'a self, name: &HostName, host: &'a Host) -> Vec<&'a Application> {
        let named = match self {
            Self::Plan(_) | Self::Inspect(_) => None,
            Self::Facts { applications, .. } => applications.get(name),
        };
        let mut applications: Vec<&Application> = Vec::new();
        for application in host.applications.iter().chain(named.into_iter().flatten()) {
            if !applications.iter().any(|known| known.key() == application.key()) {
                applications.push(application);
            }
        }
        applications
    }
}
