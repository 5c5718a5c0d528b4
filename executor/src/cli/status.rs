//! `status`: how the pool stands, and how far the last run came.

use serde_json::json;

use super::last::{holder, last_run, name_of};
use super::look::{read_inventory, transport, usage, viewed};
use super::run::pool_identity;
use super::say::{answer, print_json, say};
use super::{OutputFormat, StatusArgs};
use crate::core::check::{Check, Fact, look_all, well};
use crate::core::exit::Exit;
use crate::journal;
use crate::observe::{self, Scope};
use crate::render::{self, LastRun};
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
    let folder = args.pool.state_folder();
    let last = last_run(&folder, &inventory).unwrap_or_else(|error| {
        say!("{}", render::printable(format!("warning: {error}\n")));
        None
    });
    let held_by = last.as_ref().and_then(|(_, progress)| holder(&folder, &progress.pool));
    let to = args.to.or(last.as_ref().map(|(_, progress)| progress.plan.to));
    match args.output {
        OutputFormat::Human => {
            let commands = to.map(|to| args.pool.commands(to));
            let words = last.as_ref().map(|(path, _)| {
                let torn = journal::contents(path).ok().and_then(|contents| contents.torn);
                (name_of(path), torn.map(|torn| torn.to_string()))
            });
            let run = last.as_ref().zip(words.as_ref()).map(|((path, progress), (name, torn))| LastRun {
                name,
                progress,
                held_by: held_by.as_deref(),
                asked_to_pause: journal::is_asked_to_pause(path),
                torn: torn.as_deref(),
            });
            answer!("{}", render::status(&state, &findings, run.as_ref(), to, commands.as_ref()));
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
                    "held_by": held_by,
                    "asked_to_pause": journal::is_asked_to_pause(path),
                })
            });
            print_json(
                &json!({ "identity": pool_identity(&state), "pool": state, "findings": viewed(&findings), "run": run }),
            )?;
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Refused })
}
