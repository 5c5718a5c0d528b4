//! `finalize`: raises the op-version that an earlier run left as it was.

use super::FinalizeArgs;
use super::look::{decide_by, read_inventory, usage};
use super::run::begin;
use crate::core::exit::Exit;
use crate::core::plan;
use crate::observe::Scope;

pub(super) async fn finalize(args: FinalizeArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let scope = plan::FINALIZE_NEEDS.iter().fold(Scope::of([]), |scope, fact| scope.and(*fact));
    let (state, outcome) =
        decide_by(&args.pool, &inventory, &scope, |state| plan::finalize(state, &args.waive)).await?;
    let mut again = args.pool.finalize_command();
    for waiver in &args.waive {
        again.push_str(&format!(" --waive {waiver}"));
    }
    let nothing =
        "Nothing to do: the op-version is the newest that every server knows, and the pool is well.\n";
    begin(&args.pool, &args.act, &inventory, (&state, outcome), &again, nothing).await
}
