//! A scenario file as it is written: the part of its language that an import needs. `scenario::file` reads it.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) about: String,
    pub(super) pool: Pool,
    pub(super) volumes: Vec<Volume>,
    pub(super) clients: Vec<Client>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mounts: Vec<HostMount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) applications: Vec<Application>,
    pub(super) workload: Option<Workload>,
    pub(super) orders: Vec<Order>,
    pub(super) expect: Expect,
}

#[derive(Debug, Serialize)]
pub(super) struct Pool {
    pub(super) family: String,
    pub(super) release: String,
    pub(super) servers: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Volume {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) replica: Option<usize>,
    pub(super) data: Option<usize>,
    pub(super) redundancy: Option<usize>,
    pub(super) bricks_per_server: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) options: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) mounts: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct HostMount {
    pub(super) host: String,
    pub(super) volume: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Application {
    pub(super) host: String,
    pub(super) volume: String,
    pub(super) program: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Workload {
    pub(super) client: String,
    pub(super) volume: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) also: Vec<String>,
    pub(super) operations_per_second: u32,
    pub(super) stops_for_downtime: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Order {
    pub(super) to: String,
    pub(super) offline: bool,
    pub(super) clients_at_once: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) waive: Vec<String>,
    pub(super) outcome: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Expect {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lost_options: Vec<LostOption>,
}

#[derive(Debug, Serialize)]
pub(super) struct LostOption {
    pub(super) option: String,
    pub(super) value: String,
    pub(super) reason: String,
}
