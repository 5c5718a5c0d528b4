//! `status`: how the pool stands, and how far the last run came.

use std::collections::BTreeSet;

use serde_json::json;

use super::look::{read_inventory, transport, usage, viewed};
use super::run::pool_identity;
use super::{OutputFormat, StatusArgs};
use crate::core::check::{Check, Fact, look_all, well};
use crate::core::exit::Exit;
use crate::core::names::HostName;
use crate::journal;
use crate::observe::{self, Scope};
use crate::render;
use crate::transport::{ReadOnly, Transport};

pub(super) async fn status(args: StatusArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let mut health = well();
    health.extend([Check::Members, Check::OpVersionsAgree]);
    let scope = Scope::of(&health).and(Fact::Release).and(Fact::Claims);
    let transport = ReadOnly(transport(&inventory)?);
    let state = observe::look(&transport as &dyn Transport, &inventory, &scope).await;
    transport.0.close().await;
    let findings = look_all(&health, &state);
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    let latest = journal::latest(&args.pool.state_folder(), |progress| {
        names == progress.plan.servers.iter().map(|row| &row.host).collect()
    });
    let last = match latest {
        Ok(last) => last,
        Err(error) => {
            eprintln!("warning: {error}");
            None
        }
    };
    let to = args.to.or(last.as_ref().map(|(_, progress)| progress.plan.to));
    match args.output {
        OutputFormat::Human => {
            let progress = last.as_ref().map(|(_, progress)| progress);
            let commands = to.map(|to| args.pool.commands(to));
            print!("{}", render::status(&state, &findings, progress, to, commands.as_ref()));
        }
        OutputFormat::Json => {
            let run = last.as_ref().map(|(path, progress)| {
                json!({
                    "journal": path,
                    "to": progress.plan.to,
                    "complete": progress.complete,
                    "finished": progress.finished,
                    "in_doubt": progress.in_doubt,
                    "stopped": progress.stopped,
                })
            });
            println!(
                "{:#}",
                json!({ "identity": pool_identity(&state), "pool": state, "findings": viewed(&findings), "run": run })
            );
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Refused })
}
