//! Every server: its release, its op-version, its processes.

use super::super::look::{Look, Package, Process, Role};
use super::super::verdict::Judge;
use super::super::{Baseline, Expected, Verdict};
use super::{Looks, out};

/// Judges every server on its own.
pub(super) fn judge(looks: &Looks, expected: &Expected, baseline: &Baseline, judge: &mut Judge) {
    for (server, release) in &expected.releases {
        if let Some(how) = expected.out.get(server) {
            out::judge(looks, server, *how, judge);
            continue;
        }
        let look = match looks.get(server) {
            Some(Ok(look)) => look,
            Some(Err(reason)) => {
                judge.assert(super::CAN_BE_READ, server, Verdict::Unknown, "a look at it", reason);
                continue;
            }
            None => {
                judge.assert(
                    super::CAN_BE_READ,
                    server,
                    Verdict::Unknown,
                    "a look at it",
                    "it was not looked at",
                );
                continue;
            }
        };
        judge.equal("release of the program", server, release, look.release());
        judge.none_wrong(
            "release of the packages",
            server,
            &format!("every glusterfs package at {release}, wholly installed"),
            look.packages.as_result().map(|packages| wrong_packages(packages, release)),
            &look.packages.as_result().map(|packages| shown(packages)).unwrap_or_default(),
        );
        let processes = look.processes.as_result();
        judge.none_wrong(
            "no replaced program still runs",
            server,
            "every process of Gluster runs the files that are on disk",
            processes.map(|processes| processes.iter().filter_map(replaced).collect()),
            &format!("{} processes", look.processes.as_result().map_or(0, Vec::len)),
        );
        judge.equal("op-version", server, &expected.op_version.to_string(), look.op_version());
        judge.equal(
            "UUID unchanged",
            server,
            &baseline.uuid(server).unwrap_or_else(|reason| reason),
            look.uuid(),
        );
        runs(judge, "glusterd runs", server, look, &Role::Glusterd);
        let heals = |volume: &&super::super::ExpectedVolume| {
            volume.kind.heals() && volume.bricks.iter().any(|brick| brick.host == *server)
        };
        if expected.volumes.iter().any(|volume| heals(&volume)) {
            runs(judge, "self-heal daemon runs", server, look, &Role::SelfHeal);
        }
        no_rebalance(judge, server, look);
    }
}

/// Lists what is wrong with the packages.
///
/// Libraries (`libgf…`, `libglusterd0`) are not judged by their version: 11 has no libglusterd0, and apt leaves the
/// old one behind for `autoremove`; those in use are bound to the exact version by the packages that are judged.
fn wrong_packages(packages: &[Package], release: &str) -> Vec<String> {
    // "config-files": removed but for its configuration, as a package that a newer release no longer has.
    let there: Vec<&Package> = packages.iter().filter(|package| package.status != "config-files").collect();
    let mut wrong: Vec<String> = there
        .iter()
        .filter(|package| package.status != "installed")
        .map(|package| format!("{} is {}", package.name, package.status))
        .collect();
    let named = there.iter().filter(|package| package.name.starts_with("glusterfs"));
    wrong.extend(
        named
            .filter(|package| package.release() != release)
            .map(|package| format!("{} is at {}", package.name, package.version)),
    );
    if !there.iter().any(|package| package.name == "glusterfs-server") {
        wrong.push("glusterfs-server is not installed".to_owned());
    }
    wrong
}

fn shown(packages: &[Package]) -> String {
    let server = packages.iter().find(|package| package.name == "glusterfs-server");
    format!("glusterfs-server {}", server.map_or("absent", |package| &package.version))
}

/// Returns what a process runs that is no longer on disk.
fn replaced(process: &Process) -> Option<String> {
    let pid = process.pid;
    if process.exe.ends_with(" (deleted)") {
        return Some(format!("pid {pid} runs {}", process.exe));
    }
    process.deleted.first().map(|library| format!("pid {pid} uses {library}"))
}

/// Asserts that there is at least one process of a role and that it works.
fn runs(judge: &mut Judge, name: &str, server: &str, look: &Look, role: &Role) {
    let (verdict, found) = match look.processes(role) {
        Err(reason) => (Verdict::Unknown, reason),
        Ok(processes) if processes.is_empty() => (Verdict::Fail, "no such process".to_owned()),
        Ok(processes) => {
            let seen = processes.iter().map(|process| format!("pid {} ({})", process.pid, process.state));
            let all_work = processes.iter().all(|process| process.works());
            let verdict = if all_work { Verdict::Pass } else { Verdict::Fail };
            (verdict, seen.collect::<Vec<_>>().join(", "))
        }
    };
    judge.assert(name, server, verdict, "its process, neither stopped nor a zombie", found);
}

/// Asserts that no data is being moved between bricks, by processes and by what glusterd says.
///
/// The words are those of `gf_defrag_status` in `get-state`: not_started, started, stopped, completed, failed, and
/// layout fix forms of them (glusterd-utils.c).
fn no_rebalance(judge: &mut Judge, server: &str, look: &Look) {
    let running = || -> Result<Vec<String>, String> {
        let mut running: Vec<String> =
            look.processes(&Role::Rebalance)?.iter().map(|process| format!("pid {}", process.pid)).collect();
        for (key, value) in look.state()? {
            if key.ends_with(".rebalance.status") && value.contains("started") && value != "not_started" {
                running.push(format!("{key}: {value}"));
            }
        }
        Ok(running)
    };
    judge.none_wrong("no rebalance", server, "none runs", running(), "none runs");
}
