//! What is asked for, of which pool: the command, and what it plans.

use std::collections::BTreeSet;

use executor::core::inventory::Inventory;
use executor::core::names::Release;
use executor::core::plan::{self, Direction, Outcome, Procedure, Request};
use executor::core::pool::PoolState;
use executor::fake_pool::Shape;
use executor::observe::Scope;

/// A pool and what is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Upgrade {
    /// What it is called in the report.
    pub(crate) name: String,
    /// The pool.
    pub(crate) shape: Shape,
    /// Online or offline.
    pub(crate) procedure: Procedure,
    /// How many clients are upgraded at once; 0 leaves them alone.
    pub(crate) clients_at_once: usize,
    /// Whether the op-version stays.
    pub(crate) keep_op_version: bool,
    /// Whether all that is asked for is the op-version of what everything runs already: `executor finalize`.
    pub(crate) finish: bool,
}

impl Upgrade {
    /// Plans it, as the command does that is asked for.
    pub(crate) fn plan(&self, inventory: &Inventory, state: &PoolState) -> Outcome {
        if self.finish {
            return plan::finalize(state, &[]);
        }
        let request = self.request();
        match request.direction {
            Direction::Up => plan::plan(inventory, state, &request),
            Direction::Back => plan::rollback(inventory, state, &request, None),
        }
    }

    /// How much of the pool is looked at for a plan.
    pub(crate) fn scope(&self) -> Scope {
        if self.finish {
            return plan::FINALIZE_NEEDS.iter().fold(Scope::of([]), |scope, fact| scope.and(*fact));
        }
        Scope::Plan(self.shape.to)
    }

    /// The release that everything runs in the end.
    pub(crate) fn goal(&self) -> Release {
        if self.finish { self.shape.from } else { self.shape.to }
    }

    fn request(&self) -> Request {
        Request {
            to: self.shape.to,
            direction: if self.shape.to < self.shape.from { Direction::Back } else { Direction::Up },
            only: BTreeSet::new(),
            procedure: self.procedure,
            waivers: Vec::new(),
            clients_at_once: self.clients_at_once,
            keep_op_version: self.keep_op_version,
        }
    }
}
