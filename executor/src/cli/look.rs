//! `check` and `plan`: look, decide, print. The transport refuses every change by type.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::keeper::own;
use super::last::last_run;
use super::say::{answer, print_json, sayln};
use super::{CheckArgs, OutputFormat, PoolArgs};
use crate::core::baseline::{Before, KnownEntries};
use crate::core::exit::Exit;
use crate::core::finding::Finding;
use crate::core::inventory::{self, Host, Inventory, InventoryError};
use crate::core::names::HostName;
use crate::core::plan::{self, Outcome, Procedure, Refusal, Request};
use crate::core::pool::PoolState;
use crate::core::way::Way;
use crate::observe::{self, Scope};
use crate::render;
use crate::transport::{ReadOnly, Routes, Transport, gluster_mount_of, is_here, unresolved, unwritable};

/// Reads an inventory file and sees that its names have addresses.
pub(super) async fn read_inventory(file: &Path) -> Result<Inventory, InventoryError> {
    let mut inventory = parse_file(file)?;
    for (role, other) in inventory.named_pools.clone() {
        inventory.relate(role, parse_file(&other)?)?;
    }
    let hosts: Vec<(&HostName, &Host)> = inventory.hosts().collect();
    for (name, host) in hosts.iter().filter(|(_, host)| host.way == Way::Local) {
        if let Some(error) = not_here(file, name, host).await {
            return Err(error);
        }
    }
    if let Some(error) = not_for_ssh(file, &hosts) {
        return Err(error);
    }
    // A prefix of the operator's makes of an address what it will.
    let by_ssh = async |host: &Host| match host.way {
        Way::Ssh => unresolved(&host.ssh).await,
        Way::Local | Way::Exec(_) => None,
    };
    let resolved = futures_util::future::join_all(hosts.iter().map(|(_, host)| by_ssh(host))).await;
    let missing: Vec<(usize, String)> = hosts
        .iter()
        .zip(resolved)
        .filter_map(|((name, host), unresolved)| {
            let whose = if host.ssh.jump.is_some() { "its jump host" } else { "the name" };
            unresolved.map(|address| (host.line, format!("`{name}`: {whose} `{address}` has no address")))
        })
        .collect();
    let hint = "correct `address` or `jump`, or add the name to DNS, /etc/hosts or ~/.ssh/config";
    match by_line(file, missing, hint) {
        None => Ok(inventory),
        Some(error) => Err(error),
    }
}

/// Returns which settings ssh cannot be given: each host that has one, by its line.
fn not_for_ssh(file: &Path, hosts: &[(&HostName, &Host)]) -> Option<InventoryError> {
    let by_ssh = hosts.iter().filter(|(_, host)| host.way == Way::Ssh);
    let wrong = by_ssh
        .filter_map(|(name, host)| Some((host.line, format!("`{name}`: {}", unwritable(&host.ssh)?))))
        .collect();
    let hint = "correct `user`, `identity` or `known_hosts` of that host, or of the whole inventory";
    by_line(file, wrong, hint)
}

/// Returns one error of all that is wrong, each with its line; none where nothing is.
fn by_line(file: &Path, mut wrong: Vec<(usize, String)>, hint: &str) -> Option<InventoryError> {
    wrong.sort();
    let ((line, first), rest) = wrong.split_first()?;
    Some(InventoryError {
        file: file.to_owned(),
        line: Some(*line),
        problem: rest.iter().fold(first.clone(), |all, (line, more)| format!("{all}\n  line {line}: {more}")),
        hint: hint.to_owned(),
    })
}

fn parse_file(file: &Path) -> Result<Inventory, InventoryError> {
    let text = std::fs::read_to_string(file).map_err(|error| InventoryError {
        file: file.to_owned(),
        line: None,
        problem: format!("cannot be read: {error}"),
        hint: "`executor --help` shows what an inventory looks like".to_owned(),
    })?;
    inventory::parse(file, &text)
}

/// Returns the way to all hosts of an inventory.
pub(super) fn transport(inventory: &Inventory) -> anyhow::Result<Routes> {
    Ok(Routes::new(inventory)?)
}

/// Sees that a host which is said to be this machine is it, and that its turn would not end this program.
async fn not_here(file: &Path, name: &HostName, host: &Host) -> Option<InventoryError> {
    let problem = |problem: String, hint: &str| InventoryError {
        file: file.to_owned(),
        line: Some(host.line),
        problem,
        hint: hint.to_owned(),
    };
    if !is_here(&host.ssh.address).await {
        let what = format!("`{name}` is `local`, but `{}` is no address of this machine", host.ssh.address);
        return Some(problem(what, "set `address` to one of its own, or reach it by \"ssh\""));
    }
    let program = std::env::current_exe().ok();
    // Journals are kept below the home folder, unless told otherwise.
    let (folder, home) = (std::env::current_dir().ok(), std::env::home_dir());
    let on_mount = [Some(file.to_owned()), program, folder, home]
        .into_iter()
        .flatten()
        .find_map(|path| gluster_mount_of(&path).map(|mount| (path, mount)));
    on_mount.map(|(path, mount)| {
        let what = format!(
            "`{name}` is this machine, and {} is on the Gluster mount {}, which its turn ends",
            path.display(),
            mount.display()
        );
        problem(what, "start this program, with its inventory, from a folder on a disk of the machine's own")
    })
}

/// How long findings that often pass by themselves are looked at again before they count.
pub(super) const PASSING_PATIENCE: Duration = Duration::from_secs(20);

/// How long to wait between two looks.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How many looks must find an entry before it counts as stale: one that is only being written to is gone by then.
const STALE_LOOKS: u32 = 3;

/// Looks at the pool, changing nothing, and plans. Where nothing but what often passes stands in the way, it
/// looks again for a while: one look at a pool that is written to is not a verdict.
pub(super) async fn decide(
    pool: &PoolArgs,
    inventory: &Inventory,
    request: &Request,
) -> anyhow::Result<(PoolState, Outcome)> {
    decide_by(pool, inventory, &Scope::Plan(request.to), |state| plan::plan(inventory, state, request)).await
}

/// Looks at so much of the pool and decides, again and again while nothing but what often passes stands in
/// the way.
pub(super) async fn decide_by(
    pool: &PoolArgs,
    inventory: &Inventory,
    scope: &Scope,
    plan: impl Fn(&PoolState) -> Outcome,
) -> anyhow::Result<(PoolState, Outcome)> {
    let transport = ReadOnly(transport(inventory)?);
    let began = Instant::now();
    let (mut stale, mut looks) = (None, 0);
    let own = own(&pool.state_folder());
    // One that cannot be read is no reason not to look: `run` itself refuses then.
    let last = last_run(&pool.state_folder(), inventory).ok().flatten().filter(|(_, last)| !last.complete);
    let unfinished = last.map(|(_, last)| last.plan.baseline.clients).unwrap_or_default();
    loop {
        let mut state = observe::look(&transport as &dyn Transport, inventory, scope).await;
        state.before = Arc::new(Before {
            stale: stale.clone(),
            own: own.clone(),
            unfinished: unfinished.clone(),
            ..Before::default()
        });
        let outcome = plan(&state);
        if began.elapsed() < PASSING_PATIENCE && may_pass(&outcome) {
            tracing::info!("looking again: what stands in the way often passes by itself");
            sleep(LOOK_INTERVAL).await;
            continue;
        }
        looks += 1;
        if let Some(known) = called_stale(&outcome).filter(|_| looks < STALE_LOOKS) {
            tracing::info!("looking again: what is stale is there at every look");
            stale = Some(known.clone());
            sleep(LOOK_INTERVAL).await;
            continue;
        }
        transport.0.close().await;
        return Ok((state, outcome));
    }
}

/// Returns the entries that a plan takes for stale, where there are any.
fn called_stale(outcome: &Outcome) -> Option<&KnownEntries> {
    match outcome {
        Outcome::Plan(plan) => Some(&plan.baseline.known_entries).filter(|known| !known.is_empty()),
        Outcome::NothingToDo | Outcome::Refusal(_) => None,
    }
}

fn may_pass(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Plan(_) | Outcome::NothingToDo => false,
        Outcome::Refusal(refusal) => refusal.findings.iter().all(|finding| finding.often_passes()),
    }
}

/// Prints an error of the inventory as usage errors are.
pub(super) fn usage(error: &InventoryError) -> Exit {
    sayln!("error: {error}");
    Exit::Usage
}

pub(super) async fn check(args: CheckArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let request = args.wish.request();
    let (_, outcome) = decide(&args.pool, &inventory, &request).await?;
    let (exit, findings, answered, waived) = match &outcome {
        Outcome::Plan(plan) => (Exit::Done, &[][..], &plan.answered[..], &plan.waived[..]),
        Outcome::NothingToDo => (Exit::Done, &[][..], &[][..], &[][..]),
        Outcome::Refusal(refusal) => (Exit::Refused, &refusal.findings[..], &[][..], &refusal.waived[..]),
    };
    match args.output {
        OutputFormat::Json => {
            let answer = json!({
                "to": args.wish.to,
                "findings": viewed(findings),
                "answered_by_the_plan": viewed(answered),
                "waived": viewed(waived),
            });
            print_json(&answer)?;
        }
        OutputFormat::Human => match &outcome {
            Outcome::Plan(plan) => {
                answer!("{}", render::fit(plan, &args.pool.command("plan", &request)));
            }
            Outcome::NothingToDo => {
                answer!("{}", render::nothing_to_do(args.wish.to, request.keep_op_version))
            }
            Outcome::Refusal(refusal) => {
                answer!("{}", render::refusal(refusal, &args.pool.command("check", &request)));
                answer!("{}", offline_way(&args.pool, refusal, &request));
            }
        },
    }
    Ok(exit)
}

pub(super) async fn plan(args: CheckArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let request = args.wish.request();
    let (_, outcome) = decide(&args.pool, &inventory, &request).await?;
    if args.output == OutputFormat::Json {
        let answer = match &outcome {
            Outcome::Plan(plan) => json!({ "plan": plan }),
            Outcome::NothingToDo => json!({ "nothing_to_do": { "to": args.wish.to } }),
            Outcome::Refusal(refusal) => {
                json!({ "refusal": { "findings": viewed(&refusal.findings), "waived": viewed(&refusal.waived) } })
            }
        };
        print_json(&answer)?;
    }
    let human = args.output == OutputFormat::Human;
    Ok(match &outcome {
        Outcome::Plan(plan) => {
            if human {
                answer!("{}", render::plan(plan, &args.pool.command("run", &request)));
            }
            Exit::Done
        }
        Outcome::NothingToDo => {
            if human {
                answer!("{}", render::nothing_to_do(args.wish.to, request.keep_op_version));
            }
            Exit::Done
        }
        Outcome::Refusal(refusal) => {
            if human {
                answer!("{}", render::refusal(refusal, &args.pool.command("plan", &request)));
                answer!("{}", offline_way(&args.pool, refusal, &request));
            }
            Exit::Refused
        }
    })
}

/// Returns the words on the offline procedure, where it is what would do.
pub(super) fn offline_way(pool: &PoolArgs, refusal: &Refusal, request: &Request) -> String {
    let offline = Request { procedure: Procedure::Offline, ..request.clone() };
    render::offline_way(refusal, &pool.command("plan", &offline))
}

/// Returns findings with what a script would otherwise have to look up.
pub(super) fn viewed(findings: &[Finding]) -> Vec<serde_json::Value> {
    let view = |finding: &Finding| {
        let Finding { code, subject, ground, what } = finding;
        json!({
            "code": code,
            "subject": subject.to_string(),
            "ground": ground,
            "what": what,
            "hint": code.hint(),
            "waivable": code.waivable(),
        })
    };
    findings.iter().map(view).collect()
}
