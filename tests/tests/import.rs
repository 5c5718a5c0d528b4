//! A pool of real Gluster, inspected, imported as a scenario and brought up from it: the same again, but for addresses.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::collections::BTreeMap;

use acceptance::asked::text;
use acceptance::play::{Play, simulator};
use serde_json::Value;

/// Two volumes of two kinds, with options that somebody set, a client and a mount on a server.
const POOL: &str = r#"
about = "A pool that stands for one of production."

[pool]
family = "debian-bookworm"
release = "9.2"
servers = ["db1", "db2", "db3"]

[[volumes]]
name = "arb"
kind = "arbiter"
options = { "performance.cache-size" = "64MB", "diagnostics.client-log-level" = "WARNING", "network.ping-timeout" = "20" }

[[volumes]]
name = "Coded_2"
kind = "disperse"
data = 2
redundancy = 1
bricks_per_server = 2
options = { "disperse.eager-lock" = "off", "cluster.min-free-disk" = "7%" }

[[clients]]
name = "web"
mounts = ["arb"]

[[mounts]]
host = "db2"
volume = "Coded_2"

[[orders]]
to = "10.3"
offline = true
outcome = "upgraded"
"#;

#[test]
#[ignore = "minutes: `make regression`"]
fn a_pool_that_is_imported_comes_up_as_it_was() {
    let mut pool = Play::of(POOL);
    pool.up();
    let state = inspected(&pool);
    pool.down();

    let file = pool.scenario().with_file_name("pool.json");
    std::fs::write(&file, state.to_string()).unwrap();
    let imported = simulator(&["import", file.to_str().unwrap(), "--to", "10.3"]);
    assert_eq!(imported.status.code(), Some(0), "{}", text(&imported.stderr));
    let scenario = text(&imported.stdout);
    // What it says that differs is that somebody writes, and no more.
    assert_eq!(
        text(&imported.stderr),
        "note: writer is added: a client that mounts all volumes, and writes\n"
    );

    let mut again = Play::of(&scenario);
    again.up();
    assert_eq!(shape(&inspected(&again)), shape(&state));
    again.down();
}

/// Returns what the executor sees of a pool.
fn inspected(play: &Play) -> Value {
    let printed = simulator(&["upgrade", "--run", &play.run, "inspect", "--output", "json"]);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    serde_json::from_slice(&printed.stdout).unwrap()
}

/// What is the same in two pools of one shape: all but addresses, identities, process numbers and the like.
fn shape(state: &Value) -> BTreeMap<String, Value> {
    let pool = &state["pool"];
    let mut shape = BTreeMap::new();
    let mounts = |usage: &Value| -> Vec<Value> {
        let mounts = usage["known"]["mounts"].as_array().unwrap();
        mounts.iter().map(|mount| mount["again"]["known"].clone()).collect()
    };
    for (host, found) in pool["hosts"].as_object().unwrap() {
        let facts = [&found["release"], &found["glusterd_info"]["known"]["op_version"]].map(Value::clone);
        shape.insert(format!("server {host}"), Value::from([&facts[..], &mounts(&found["usage"])].concat()));
    }
    for (name, volume) in pool["volumes"]["known"].as_object().unwrap() {
        let volume = &volume["volume"];
        let bricks = volume["bricks"].as_array().unwrap().iter();
        let bricks =
            bricks.map(|brick| Value::from(vec![brick["brick"].clone(), brick["arbiter"].clone()])).collect();
        let facts = ["kind", "transport", "started", "options"].map(|fact| volume[fact].clone());
        shape.insert(format!("volume {name}"), Value::from([&facts[..], &[Value::Array(bricks)]].concat()));
    }
    for (host, found) in pool["clients"].as_object().unwrap().iter().filter(|(host, _)| *host != "writer") {
        let facts = [&[found["release"].clone()], &mounts(&found["usage"])[..]].concat();
        shape.insert(format!("client {host}"), Value::from(facts));
    }
    assert_eq!(shape.len(), 6, "three servers, two volumes, a client: {shape:?}");
    shape
}
