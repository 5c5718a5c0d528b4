//! The file as it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{Ask, Deed, Outcome, Which};
use crate::images::Init;
use crate::oracle::Stored;
use crate::pool::GfapiProgram;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) about: String,
    #[serde(default)]
    pub(super) tags: BTreeSet<String>,
    pub(super) pool: Pool,
    pub(super) secondary: Option<Secondary>,
    pub(super) volumes: Vec<Volume>,
    #[serde(default)]
    pub(super) sessions: Vec<Session>,
    #[serde(default)]
    pub(super) clients: Vec<Client>,
    #[serde(default)]
    pub(super) mounts: Vec<HostMount>,
    #[serde(default)]
    pub(super) applications: Vec<Application>,
    pub(super) workload: Option<Workload>,
    pub(super) orders: Spanned<Vec<Spanned<Order>>>,
    #[serde(default)]
    pub(super) expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) family: Spanned<String>,
    pub(super) release: Spanned<String>,
    pub(super) servers: Spanned<Vec<Spanned<String>>>,
    pub(super) init: Option<Init>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secondary {
    pub(super) release: Option<Spanned<String>>,
    pub(super) servers: Spanned<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    pub(super) primary: Spanned<String>,
    pub(super) secondary: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostMount {
    pub(super) host: Spanned<String>,
    pub(super) volume: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) host: Spanned<String>,
    pub(super) volume: Spanned<String>,
    pub(super) program: GfapiProgram,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) pool: Which,
    pub(super) kind: Spanned<Kind>,
    pub(super) replica: Option<usize>,
    pub(super) data: Option<usize>,
    pub(super) redundancy: Option<usize>,
    #[serde(default = "one")]
    pub(super) bricks_per_server: usize,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Replica,
    Arbiter,
    Disperse,
    Distribute,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) name: Spanned<String>,
    pub(super) mounts: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    pub(super) client: Spanned<String>,
    pub(super) volume: Spanned<String>,
    /// Further volumes that the same client writes to.
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
    pub(super) operations_per_second: Spanned<f64>,
    #[serde(default)]
    pub(super) stops_for_downtime: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    #[serde(default)]
    pub(super) ask: Ask,
    #[serde(default)]
    pub(super) on: Which,
    pub(super) to: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) offline: bool,
    #[serde(default)]
    pub(super) keep_op_version: bool,
    #[serde(default)]
    pub(super) waive: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) clients_at_once: usize,
    #[serde(default)]
    pub(super) before: Vec<Spanned<Deed>>,
    #[serde(default)]
    pub(super) faults: Vec<Spanned<Fault>>,
    #[serde(default)]
    pub(super) killed_at_every_event: bool,
    pub(super) outcome: Spanned<Outcome>,
    #[serde(default)]
    pub(super) findings: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) may_find: Vec<Spanned<String>>,
    pub(super) says: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) upgraded: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) down: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) out: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) after: Option<Step>,
    pub(super) during: Option<During>,
    pub(super) waiting: Option<Waiting>,
    pub(super) deed: Spanned<Deed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) step: String,
    pub(super) host: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct During {
    pub(super) step: String,
    pub(super) host: Spanned<String>,
    pub(super) runs: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    pub(super) step: Option<String>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) finding: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    pub(super) longest_stall_seconds: u64,
    pub(super) stored: Stored,
    pub(super) old_names: Option<String>,
    pub(super) lost_options: Vec<LostOption>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            longest_stall_seconds: 10,
            stored: Stored::default(),
            old_names: None,
            lost_options: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LostOption {
    pub(super) option: Spanned<String>,
    pub(super) value: String,
    pub(super) reason: String,
}

fn one() -> usize {
    1
}
