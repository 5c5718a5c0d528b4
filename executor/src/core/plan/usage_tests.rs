//! Plans for hosts that use volumes themselves: mounts and applications on servers and clients.

use std::collections::BTreeSet;

use rstest::rstest;

use super::super::application::{Application, Control};
use super::super::check::look_all;
use super::super::finding::Code;
use super::super::inventory::Inventory;
use super::super::pool::{Observed, PoolState, Reach, Unreachable};
use super::super::sample::{change_host, host, inventory, mount_state, replica_3, request};
use super::super::system::ClientFacts;
use super::super::usage::{LibraryUser, ProcessName, Usage};
use super::*;
use crate::render;

fn outcome(inventory: &Inventory, state: &PoolState, waivers: &[&str], at_once: usize) -> Outcome {
    plan(inventory, state, &Request { clients_at_once: at_once, ..request("11.1", waivers) })
}

fn planned(inventory: &Inventory, state: &PoolState, at_once: usize) -> Plan {
    match outcome(inventory, state, &[], at_once) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn refused(inventory: &Inventory, state: &PoolState) -> Vec<String> {
    match outcome(inventory, state, &[], 1) {
        Outcome::Refusal(refusal) => refusal.findings.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn on_server(state: &mut PoolState, number: usize, change: impl FnOnce(&mut Usage)) {
    change_host(state, number, |host| {
        let Observed::Known(usage) = &mut host.usage else { panic!() };
        change(usage);
    });
}

fn on_client(state: &mut PoolState, change: impl FnOnce(&mut Usage)) {
    let client = state.clients.values_mut().next().unwrap();
    let Observed::Known(usage) = &mut client.usage else { panic!() };
    change(usage);
}

fn process(pid: u32, program: &str) -> ProcessName {
    ProcessName { pid, program: program.to_owned() }
}

fn gfapi(pid: u32, program: &str, unit: Option<&str>) -> LibraryUser {
    LibraryUser {
        process: process(pid, program),
        gfapi: true,
        unit: unit.map(str::to_owned),
        volume: Some("vol0".parse().unwrap()),
        release: Some("10.3".parse().unwrap()),
        deleted: false,
    }
}

fn application() -> Application {
    let control = Control::Commands {
        process: "fio".parse().unwrap(),
        stop: vec!["/usr/local/sbin/bench".into(), "stop".into()],
        start: vec!["/usr/local/sbin/bench".into(), "start".into()],
    };
    Application { name: "bench".parse().unwrap(), control }
}

/// g1 mounts the volume and runs smbd as a service; the client runs a program on libgfapi that the inventory knows.
fn in_use() -> (Inventory, PoolState) {
    let (mut inventory, mut state) = (inventory(3), replica_3());
    inventory.clients.values_mut().next().unwrap().applications.push(application());
    on_server(&mut state, 1, |usage| {
        usage.mounts.push(mount_state("/srv/share"));
        usage.library_users = Observed::Known(vec![gfapi(40, "smbd", Some("smbd.service"))]);
    });
    on_client(&mut state, |usage| {
        usage.library_users = Observed::Known(vec![gfapi(50, "fio", None)]);
        usage.running.insert("process:fio".into(), BTreeSet::from([50]));
    });
    (inventory, state)
}

#[test]
fn what_uses_volumes_is_put_aside_and_brought_back() {
    let (inventory, state) = in_use();
    let plan = planned(&inventory, &state, 1);
    insta::assert_snapshot!("mounts-and-applications", render::plan(&plan, "executor run"));
    let turn = plan.stages.iter().find(|stage| stage.kind == StageKind::Turn(host(1))).unwrap();
    let health = Check::NothingToHeal;
    assert!(turn.steps[0].enter.checks.contains(&health), "the first that leaves is entered like the stop");
    assert!(turn.steps.last().unwrap().leave.checks.contains(&health), "the turn ends when all is back");
    // The last one starts a program; a client that was rebooted before that has lost its mount.
    let client = plan.stages.iter().find(|stage| matches!(stage.kind, StageKind::Clients(_))).unwrap();
    let last = client.steps.last().unwrap();
    assert!(matches!(last.action, Action::StartApplication { .. }), "{}", last.action);
    assert!(last.leave.checks.iter().any(|check| matches!(check, Check::Mounted { .. })), "{:?}", last.leave);
}

#[test]
fn several_clients_go_together() {
    let (mut inventory, mut state) = in_use();
    let second: HostName = "c2".parse().unwrap();
    let (client, mut declared) =
        (state.clients.values().next().unwrap().clone(), inventory.clients.values().next().unwrap().clone());
    declared.ssh.address = "c2".into();
    state.clients.insert(second.clone(), client);
    inventory.clients.insert(second, declared);
    let clients = |plan: &Plan| {
        plan.stages
            .iter()
            .filter(|stage| matches!(stage.kind, StageKind::Clients(_)))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(clients(&planned(&inventory, &state, 1)).len(), 2);
    let together = clients(&planned(&inventory, &state, 2));
    assert_eq!(together.len(), 1);
    assert!(together[0].steps.iter().all(|step| matches!(step.action, Action::Together { .. })));
    assert_eq!(clients(&planned(&inventory, &state, 0)), []);
}

/// After a downtime all clients are away, and those of later stages still are when the first one is back.
#[test]
fn one_client_does_not_wait_for_those_that_come_after_it() {
    let waits = |procedure| {
        let (inventory, state) = in_use();
        let Outcome::Plan(plan) =
            plan(&inventory, &state, &Request { procedure, clients_at_once: 1, ..request("11.1", &[]) })
        else {
            panic!("a plan")
        };
        let stages = plan.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Clients(_)));
        stages.flat_map(|stage| &stage.steps).any(|step| step.leave.checks.contains(&Check::ClientsBack))
    };
    assert!(waits(Procedure::Online));
    assert!(!waits(Procedure::Offline));
}

/// The turn of a server may come hours after the plan was made.
#[rstest]
#[case::online(Procedure::Online)]
#[case::offline(Procedure::Offline)]
fn what_is_mounted_after_the_plan_was_made_is_seen_before_gluster_is_stopped(#[case] procedure: Procedure) {
    let (inventory, mut state) = (inventory(3), replica_3());
    let Outcome::Plan(plan) = plan(&inventory, &state, &Request { procedure, ..request("11.1", &[]) }) else {
        panic!("a plan")
    };
    let stops = |step: &&Step| {
        step.action.hosts().contains(&&host(2)) && step.action.to_string().starts_with("stop gluster on")
    };
    let stop = plan.steps().find(stops).unwrap();
    on_server(&mut state, 2, |usage| usage.mounts.push(mount_state("/mnt/since")));
    let codes: Vec<Code> = look_all(&stop.enter.checks, &state).iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&Code::MountStillThere), "{codes:?}");
}

#[test]
fn who_is_not_accounted_for_is_named() {
    let (inventory, mut state) = (inventory(3), replica_3());
    on_server(&mut state, 2, |usage| {
        let mut mount = mount_state("/srv/share");
        mount.users = Observed::Known(vec![process(70, "postgres")]);
        usage.mounts.push(mount);
    });
    on_client(&mut state, |usage| {
        // What was started over ssh is in sshd's own cgroup, which is nobody's to stop.
        usage.library_users = Observed::Known(vec![gfapi(50, "fio", Some("ssh.service"))]);
        usage.mounts[0].again = Observed::Unknown("no process serves it: it is dead".into());
    });
    assert_eq!(
        refused(&inventory, &state),
        [
            "MOUNT_BUSY g2: /srv/share is used by postgres (pid 70)",
            "MOUNT_NOT_REPEATABLE c1: g1:/vol0 at /mnt/vol0: no process serves it: it is dead",
            "GFAPI_APPLICATION c1: fio (pid 50) of ssh.service on volume vol0 uses libgfapi; nothing says how to stop it",
        ]
    );
}

#[test]
fn a_busy_mount_goes_lazily_only_where_that_is_waived() {
    let (inventory, mut state) = (inventory(3), replica_3());
    on_client(&mut state, |usage| {
        usage.mounts[0].users = Observed::Known(vec![process(70, "postgres")]);
    });
    let Outcome::Plan(plan) = outcome(&inventory, &state, &["MOUNT_BUSY:c1"], 1) else { panic!() };
    assert!(plan.steps().any(|step| matches!(step.action, Action::Unmount { lazy: true, .. })));
}

#[test]
fn what_cannot_be_seen_or_reached_stands_in_the_way() {
    let (inventory, mut state) = (inventory(3), replica_3());
    change_host(&mut state, 3, |host| host.usage = Observed::Unknown("no answer".into()));
    let client = state.clients.values_mut().next().unwrap();
    client.reach = Reach::NotReached { cause: Unreachable::TimedOut, reason: "no route".into() };
    assert_eq!(
        refused(&inventory, &state),
        ["CLIENT_UNREACHABLE c1: no route", "NOT_OBSERVED g3: unknown: no answer"]
    );
}

#[test]
fn what_an_earlier_run_left_away_comes_back() {
    let (inventory, mut state) = in_use();
    on_client(&mut state, |usage| {
        let mount = usage.mounts.remove(0);
        usage.put_aside.mounts.insert(mount.again.known().unwrap().clone());
        usage.put_aside.applications.insert("bench".parse().unwrap());
        usage.library_users = Observed::Known(Vec::new());
        usage.running.insert("process:fio".into(), BTreeSet::new());
    });
    let client = state.clients.values_mut().next().unwrap();
    client.release = Observed::Known(Some("11.1".parse().unwrap()));
    let plan = planned(&inventory, &state, 1);
    let last = plan.stages.iter().find(|stage| matches!(stage.kind, StageKind::Clients(_))).unwrap();
    assert!(last.steps.iter().any(|step| matches!(step.action, Action::Mount { .. })));
    assert!(last.steps.iter().any(|step| matches!(step.action, Action::StartApplication { .. })));
    assert!(!last.steps.iter().any(|step| matches!(step.action, Action::Install { .. })));
}

#[test]
fn a_clients_system_is_judged_as_a_servers_is() {
    let (inventory, mut state) = (inventory(3), replica_3());
    let system = &mut state.clients.values_mut().next().unwrap().system;
    let (Observed::Known(packages), Observed::Known(directories)) =
        (&mut system.packages, &mut system.directories)
    else {
        panic!()
    };
    packages.busy = Some("apt-get (pid 7) holds /var/lib/dpkg/lock".into());
    packages.broken.insert("glusterfs-client".into(), "half-configured".into());
    directories.values_mut().for_each(|disk| disk.free_kib = 10 << 10);
    let found = refused(&inventory, &state);
    for expected in [
        "PACKAGE_MANAGER_BUSY c1",
        "PACKAGES_BROKEN c1: glusterfs-client",
        "SPACE_LOW c1: /usr has 10 MiB left",
    ] {
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "no {expected} in {found:?}");
    }
    let refusal = outcome(&inventory, &state, &[], 0);
    assert!(matches!(refusal, Outcome::Plan(_)), "they stay what they are: {refusal:?}");

    state.clients.values_mut().for_each(|client| client.system = ClientFacts::unknown("no answer"));
    let found = refused(&inventory, &state);
    for expected in ["PACKAGES_MIXED c1: unknown: no answer", "SPACE_LOW c1: unknown: no answer"] {
        assert!(found.iter().any(|finding| finding == expected), "no {expected} in {found:?}");
    }
}
