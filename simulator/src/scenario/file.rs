//! The file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Outcome;
use crate::images::Init;
use crate::oracle::Stored;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) about: String,
    pub(super) pool: Pool,
    pub(super) volumes: Vec<Volume>,
    #[serde(default)]
    pub(super) clients: Vec<Client>,
    pub(super) workload: Option<Workload>,
    pub(super) upgrade: Upgrade,
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
pub(super) struct Volume {
    pub(super) name: Spanned<String>,
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
pub(super) struct Upgrade {
    pub(super) to: Spanned<String>,
    #[serde(default)]
    pub(super) offline: bool,
    #[serde(default)]
    pub(super) waive: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) clients_at_once: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) outcome: Spanned<Outcome>,
    #[serde(default)]
    pub(super) findings: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) upgraded: Vec<Spanned<String>>,
    #[serde(default = "ten")]
    pub(super) longest_stall_seconds: u64,
    #[serde(default)]
    pub(super) stored: Stored,
    #[serde(default)]
    pub(super) lost_options: Vec<LostOption>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LostOption {
    pub(super) option: String,
    pub(super) value: String,
    pub(super) reason: String,
}

fn one() -> usize {
    1
}

fn ten() -> u64 {
    10
}
