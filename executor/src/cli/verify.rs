//! `verify` and `ok-to-stop`: questions about a pool as it stands. Both change nothing.

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::look::{LOOK_INTERVAL, PASSING_PATIENCE, read_inventory, transport, usage, viewed};
use super::say::{answer, print_json, sayln};
use super::{OkToStopArgs, OutputFormat, VerifyArgs};
use crate::core::exit::Exit;
use crate::core::finding::Finding;
use crate::core::inventory::Inventory;
use crate::core::ok_to_stop::{Answer, needs, ok_to_stop};
use crate::core::pool::PoolState;
use crate::core::verify::{Verdict, verify as judge};
use crate::observe::{self, Scope};
use crate::render;
use crate::transport::{ReadOnly, Transport};

/// Looks until nothing is found, or something that does not often pass by itself, or for a while.
async fn look<T>(
    inventory: &Inventory,
    scope: &Scope,
    judge: impl Fn(&PoolState) -> (T, Vec<Finding>),
) -> anyhow::Result<(T, Vec<Finding>)> {
    let transport = ReadOnly(transport(inventory)?);
    let began = Instant::now();
    loop {
        let state = observe::look(&transport as &dyn Transport, inventory, scope).await;
        let (answer, findings) = judge(&state);
        let may_pass = !findings.is_empty() && findings.iter().all(|finding| finding.often_passes());
        if may_pass && began.elapsed() < PASSING_PATIENCE {
            sleep(LOOK_INTERVAL).await;
            continue;
        }
        transport.0.close().await;
        return Ok((answer, findings));
    }
}

pub(super) async fn verify(args: VerifyArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let all = |state: &PoolState| {
        let verdicts = judge(state, args.to, args.keep_op_version);
        let findings = verdicts.iter().flat_map(|verdict| verdict.findings.clone()).collect();
        (verdicts, findings)
    };
    let (verdicts, findings) = look(&inventory, &Scope::Plan(args.to), all).await?;
    match args.output {
        OutputFormat::Human => answer!("{}", render::verified(&verdicts, args.to)),
        OutputFormat::Json => {
            let point =
                |Verdict { what, findings }: &Verdict| json!({ "what": what, "findings": viewed(findings) });
            let points: Vec<_> = verdicts.iter().map(point).collect();
            let answer = json!({ "to": args.to, "verified": findings.is_empty(), "points": points });
            print_json(&answer)?;
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Refused })
}

pub(super) async fn may_stop(args: OkToStopArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let OkToStopArgs { host, output, .. } = &args;
    if !inventory.servers.contains_key(host) {
        sayln!("error: {} names no server `{host}`", args.pool.inventory.display());
        let names: Vec<String> = inventory.servers.keys().map(ToString::to_string).collect();
        sayln!("hint: its servers are {}", names.join(", "));
        return Ok(Exit::Usage);
    }
    let scope = needs(host).into_iter().fold(Scope::of([]), Scope::and);
    let (answer, findings) = look(&inventory, &scope, |state| ok_to_stop(state, host)).await?;
    match output {
        OutputFormat::Human => answer!("{}", render::ok_to_stop(host, answer, &findings)),
        OutputFormat::Json => {
            print_json(&json!({ "host": host, "ok_to_stop": answer, "findings": viewed(&findings) }))?;
        }
    }
    Ok(match answer {
        Answer::Yes => Exit::Done,
        Answer::No => Exit::Refused,
        Answer::CannotTell => Exit::Failed,
    })
}
