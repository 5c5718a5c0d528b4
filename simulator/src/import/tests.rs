//! A pool of 10.3 as `executor inspect` saw it, and what it might be besides.

use std::path::Path;

use insta::assert_snapshot;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::scenario::Scenario;

/// A replica 3 with an option, and a client, in containers.
const INSPECTED: &str = include_str!("../../tests/data/inspections/replica-3-10.3.json");

fn catalog() -> Catalog {
    Catalog::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../images")).unwrap()
}

fn wish() -> Wish {
    Wish { to: "11.1".to_owned(), ..Wish::default() }
}

fn changed(change: impl FnOnce(&mut Value)) -> PoolState {
    let mut inspected: Value = serde_json::from_str(INSPECTED).unwrap();
    change(&mut inspected["pool"]);
    inspection(&inspected.to_string()).unwrap()
}

fn volume(pool: &mut Value) -> &mut Value {
    &mut pool["volumes"]["known"]["vol0"]["volume"]
}

/// Gives the volume so many bricks, each on the server of that number.
fn bricks(pool: &mut Value, on: &[usize]) {
    let peers: Vec<Value> = [1, 2, 3]
        .map(|number| pool["hosts"][format!("g{number}")]["glusterd_info"]["known"]["uuid"].clone())
        .to_vec();
    let brick = |(at, number): (usize, &usize)| json!({ "brick": format!("g{number}:/bricks/vol0/{at}"), "peer": peers[number - 1], "arbiter": false });
    volume(pool)["bricks"] = on.iter().enumerate().map(brick).collect();
}

/// Imports what was changed; the scenario has to be one.
fn imported(wish: &Wish, change: impl FnOnce(&mut Value)) -> Imported {
    let imported = import(&changed(change), wish, &catalog()).unwrap();
    if let Err(errors) = Scenario::parse(Path::new("my-pool.toml"), &imported.text, &catalog()) {
        panic!("{errors}\n{}", imported.text);
    }
    imported
}

fn refused(wish: &Wish, change: impl FnOnce(&mut Value)) -> String {
    import(&changed(change), wish, &catalog()).unwrap_err().to_string()
}

#[test]
fn a_pool_becomes_a_scenario_of_its_shape() {
    assert_snapshot!("replica-3", imported(&wish(), |_| {}).text);
}

fn options_of_acme(volume: &mut Value) {
    volume["options"]["user.acme-billing"] = json!("on");
    volume["options"]["nfs-ganesha"] = json!("disable");
}

/// Of every kind of thing some that a rehearsal can have, and some that it cannot.
#[test]
fn what_a_rehearsal_cannot_have_is_told() {
    let odd = |pool: &mut Value| {
        bricks(pool, &[1, 2, 3, 3, 1, 2]);
        let options = &mut volume(pool)["options"];
        options["auth.allow"] = json!("192.0.2.*");
        options["diagnostics.client-log-level"] = json!("WARNING");
        options["server.statedump-path"] = json!("/srv/acme/dumps");
        options.as_object_mut().unwrap().remove("storage.fips-mode-rchecksum");
        volume(pool)["started"] = json!(false);
        pool["hosts"]["g2"]["glusterd_info"]["known"]["op_version"] = json!(90_000);
        let far =
            json!({ "inventory": "far.toml", "role": "secondary", "hosts": {}, "sessions": { "known": [] } });
        pool["other_pools"] = json!([far]);
        let usage = pool["clients"]["c1"]["usage"]["known"].clone();
        pool["hosts"]["g3"]["usage"]["known"]["mounts"] = usage["mounts"].clone();
        let user = |program: &str, volume: Value| {
            let process = json!({ "pid": 9, "program": program });
            json!({ "process": process, "gfapi": true, "unit": null, "volume": volume, "release": "10.3", "deleted": false })
        };
        pool["clients"]["c1"]["usage"]["known"]["library_users"]["known"] = json!([
            user("qemu-system-x86", json!("vol0")),
            user("qemu-img", json!("vol0")),
            user("acme-archiver", json!("vol0")),
            user("fio", Value::Null),
        ]);
        pool["clients"]["c1"]["release"] = json!({ "known": "9.2" });
        pool["clients"]["c1"]["usage"]["known"]["mounts"][0]["source"] = json!("g1:/vol0/folder");
        options_of_acme(volume(pool));
        pool["volumes"]["known"]["vol0"]["clients"]["known"]["g1:/bricks/vol0/1"] =
            json!(["192.0.2.7", "192.0.2.8"]);
    };
    assert_snapshot!("odd", imported(&wish(), odd).text);
    let anonymous = imported(&Wish { anonymise: true, ..wish() }, |pool| {
        odd(pool);
        let hosts = pool["hosts"].as_object_mut().unwrap();
        let host = hosts.remove("g1").unwrap();
        hosts.insert("ACME-db.example.com".to_owned(), host);
    });
    let text = anonymous.text.to_lowercase();
    assert!(!text.contains("acme") && !text.contains("192.0.2"), "{text}");
    assert!(text.contains("vol0 is without server.statedump-path: its value may tell"), "{text}");
}

#[rstest]
#[case::as_in_the_pool(json!({ "replicate": { "replica": 3 } }), &[1, 2, 3, 1, 2, 3], None, ("replica", 2, false))]
#[case::sets_of_others(json!({ "replicate": { "replica": 3 } }), &[1, 3, 2], None, ("replica", 1, false))]
#[case::two_on_one(json!({ "replicate": { "replica": 2 } }), &[1, 1, 2, 2, 3, 3], None, ("replica", 2, true))]
#[case::on_two_of_three(json!({ "replicate": { "replica": 2 } }), &[1, 2], None, ("replica", 2, true))]
#[case::coded(json!({ "disperse": { "disperse": 3, "redundancy": 1 } }), &[1, 2, 3], None, ("disperse", 1, false))]
#[case::alone("distribute".into(), &[2], None, ("distribute", 1, true))]
#[case::smaller(json!({ "disperse": { "disperse": 3, "redundancy": 1 } }), &[1, 2, 3, 1, 2, 3], Some(2), ("disperse", 3, true))]
fn bricks_lie_as_in_the_pool_or_it_is_told(
    #[case] kind: Value,
    #[case] on: &[usize],
    #[case] servers: Option<usize>,
    #[case] (word, each, told): (&str, usize, bool),
) {
    let imported = imported(&Wish { servers, ..wish() }, |pool| {
        volume(pool)["kind"] = kind;
        bricks(pool, on);
    });
    let Imported { text, notes } = imported;
    assert!(
        text.contains(&format!("kind = \"{word}\""))
            && text.contains(&format!("bricks_per_server = {each}\n")),
        "{text}"
    );
    assert_eq!(notes.iter().any(|note| note.contains("across neighbouring servers")), told, "{notes:?}");
    assert_eq!(text.contains("offline = true"), word != "replica", "{text}");
    assert_eq!(text.contains("stops_for_downtime = true"), word != "replica", "{text}");
}

#[test]
fn an_arbiter_is_one() {
    let text = imported(&wish(), |pool| volume(pool)["bricks"][2]["arbiter"] = json!(true)).text;
    assert!(text.contains("kind = \"arbiter\"") && !text.contains("replica ="), "{text}");
}

#[test]
fn servers_are_in_the_order_of_the_sets_and_keep_their_names() {
    let text = imported(&wish(), |pool| bricks(pool, &[3, 1, 2])).text;
    assert!(
        text.contains("servers = [\n    \"g3\",\n    \"g1\",\n    \"g2\",\n]")
            || text.contains("servers = [\"g3\", \"g1\", \"g2\"]"),
        "{text}"
    );
    let text = imported(&wish(), |pool| {
        let hosts = pool["hosts"].as_object_mut().unwrap();
        for (old, new) in [("g2", "192.0.2.1"), ("g1", "db-1.example.com")] {
            let host = hosts.remove(old).unwrap();
            hosts.insert(new.to_owned(), host);
        }
    })
    .text;
    assert!(text.contains("\"db-1\"") && text.contains("\"g1\"") && text.contains("\"g3\""), "{text}");
}

#[rstest]
#[case::volumes(wish(), |pool: &mut Value| pool["volumes"] = json!({ "unknown": "no server was reached" }), "its volumes are unknown: no server was reached")]
#[case::kind(wish(), |pool: &mut Value| volume(pool)["kind"] = json!({ "other": "Tier" }), "volume vol0 is of a kind that no rehearsal has: Tier")]
#[case::half_done(wish(), |pool: &mut Value| pool["hosts"]["g2"]["release"] = json!({ "known": "11.1" }), "(10.3 on g1, g3; 11.1 on g2); --from names")]
#[case::release(wish(), |pool: &mut Value| {
    for host in ["g1", "g2", "g3"] {
        pool["hosts"][host]["release"] = json!({ "known": "10.2" });
    }
}, "no family of images has both 10.2 and 11.1")]
#[case::family(Wish { family: Some("centos-7".into()), ..wish() }, |_: &mut Value| {}, "no family centos-7 of images has both 10.3 and 11.1")]
#[case::no_volume(wish(), |pool: &mut Value| pool["volumes"] = json!({ "known": {} }), "it has no volumes")]
#[case::fewer(Wish { servers: Some(2), ..wish() }, |_: &mut Value| {}, "2 servers cannot carry volume vol0 online")]
#[case::more(Wish { servers: Some(4), ..wish() }, |_: &mut Value| {}, "4 servers are asked for, and the pool has 3")]
fn where_nothing_alike_could_come_up_it_is_refused(
    #[case] wish: Wish,
    #[case] change: fn(&mut Value),
    #[case] says: &str,
) {
    let said = refused(&wish, change);
    assert!(said.contains(says), "{said}");
}

#[test]
fn all_reasons_are_told_at_once() {
    let wish = Wish { servers: Some(9), to: "12.0".to_owned(), ..wish() };
    let said = refused(&wish, |_| {});
    assert_eq!(said.matches("\n  - ").count(), 2, "{said}");
}

#[test]
fn only_an_inspection_is_read() {
    let said = |text: &str| inspection(text).unwrap_err().to_string();
    assert!(said("{").contains("line 1 column"), "{}", said("{"));
    assert!(said("{}").contains("missing field `format`"));
    assert_eq!(said("{\"format\":1}"), "an inspection of format 1; expected 2");
    let lacks = INSPECTED.replacen("\"hosts\"", "\"guests\"", 1);
    assert!(said(&lacks).contains("line "), "{}", said(&lacks));
}
