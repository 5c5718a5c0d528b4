//! Every brick online, by three witnesses: its process, its server's glusterd, and the volume's status.
//!
//! A pool with `cluster.brick-multiplex` on has one process for several bricks, whose command line names the first
//! alone; such a pool's other bricks are judged to be out. No scenario of ours uses it.

use super::super::look::{Look, Process, Role};
use super::super::verdict::Judge;
use super::super::{Brick, Expected, ExpectedVolume, Stored, Verdict};
use super::Looks;
use super::status::Status;

/// Judges every brick of a volume, and the self-heal daemons that the status lists.
pub(super) fn judge(
    looks: &Looks,
    expected: &Expected,
    volume: &ExpectedVolume,
    status: &Status,
    judge: &mut Judge,
) {
    let is_out = |host: &str| expected.out.contains_key(host);
    // One that rejects others lists nothing of theirs.
    let lists_all = expected.stored == Stored::Alike;
    for brick in volume.bricks.iter().filter(|brick| !is_out(&brick.host)) {
        let look = match looks.get(&brick.host) {
            Some(look) => look.as_ref().map_err(Clone::clone),
            None => Err("its server was not looked at".to_owned()),
        };
        let mut witnesses = vec![
            ("process", look.clone().and_then(|look| process(look, brick))),
            ("glusterd", look.and_then(|look| glusterd(look, brick))),
        ];
        let listed = row(status, &format!("Brick {brick}"));
        // A status that could not be read at all is missed, whatever it would have listed.
        if listed.is_ok() || lists_all || status.is_err() {
            witnesses.push(("status", listed));
        }
        let (verdict, found) = weigh(&witnesses);
        judge.assert(
            "brick online",
            format!("{} {brick}", volume.name),
            verdict,
            "process alive and listening; glusterd and status say online",
            found,
        );
    }
    if volume.kind.heals() {
        let wrong = status.clone().and_then(|rows| {
            let of_one_that_serves = |name: &str| {
                let server = name.strip_prefix("Self-heal Daemon on ");
                name.starts_with("Self-heal Daemon") && !server.is_some_and(is_out)
            };
            let daemons: Vec<_> = rows.iter().filter(|(name, _)| of_one_that_serves(name)).collect();
            if daemons.is_empty() {
                return Err("volume status lists no self-heal daemon".to_owned());
            }
            let servers = expected.serving().count();
            let mut wrong: Vec<String> = daemons
                .iter()
                .filter(|(_, online)| !**online)
                .map(|(name, _)| format!("{name}: N"))
                .collect();
            if daemons.len() < servers && lists_all {
                wrong.push(format!("{} of {servers} listed", daemons.len()));
            }
            Ok(wrong)
        });
        let name = "self-heal daemons online, by volume status";
        judge.none_wrong(name, &volume.name, "one on every server, each online", wrong, "all online");
    }
}

/// What a witness said: online or not, and in which words; or why it could not be heard.
type Said = Result<(bool, String), String>;

/// Puts the witnesses together: one that says no makes it fail, one that could not be heard makes it unknown.
fn weigh(witnesses: &[(&str, Said)]) -> (Verdict, String) {
    let mut verdict = Verdict::Pass;
    let found = witnesses.iter().map(|(witness, said)| {
        let (one, words) = match said {
            Ok((true, words)) => (Verdict::Pass, words),
            Ok((false, words)) => (Verdict::Fail, words),
            Err(reason) => (Verdict::Unknown, reason),
        };
        verdict = verdict.max(one);
        format!("{witness}: {words}")
    });
    let found = found.collect::<Vec<_>>().join("; ");
    (verdict, found)
}

fn process(look: &Look, brick: &Brick) -> Said {
    let processes = look.processes(&Role::Brick { path: brick.path.clone() })?;
    Ok(match processes.as_slice() {
        [] => (false, "none".to_owned()),
        [Process { pid, ports, .. }] if ports.is_empty() => (false, format!("pid {pid}, not listening")),
        [process] if !process.works() => (false, format!("pid {} in state {}", process.pid, process.state)),
        [Process { pid, ports, .. }] => (true, format!("pid {pid}, port {}", ports[0])),
        several => (false, format!("{} of them", several.len())),
    })
}

fn glusterd(look: &Look, brick: &Brick) -> Said {
    let state = look.state()?;
    let shown = brick.to_string();
    let mut keys = state.iter().filter(|(key, value)| key.contains(".Brick") && **value == shown);
    let key = keys.find(|(key, _)| key.ends_with(".path")).map(|(key, _)| key.trim_end_matches("path"));
    // Only the brick's own server says its status (glusterd-handler.c).
    let status = key.and_then(|key| state.get(format!("{key}status").as_str()));
    match status {
        Some(status) => Ok((*status == "Started", (*status).to_owned())),
        None => Err("get-state does not say".to_owned()),
    }
}

fn row(status: &Status, name: &str) -> Said {
    match status.as_ref().map_err(Clone::clone)?.get(name) {
        Some(true) => Ok((true, "Y".to_owned())),
        Some(false) => Ok((false, "N".to_owned())),
        // A server whose glusterd is down has no rows at all: absent is unknown.
        None => Err("no row".to_owned()),
    }
}
