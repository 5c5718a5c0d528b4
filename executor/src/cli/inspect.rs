//! `inspect`: everything that can be seen of a pool.

use std::path::PathBuf;

use clap::Args;
use schemars::{JsonSchema, schema_for};
use serde::Serialize;

use super::OutputFormat;
use super::look::{read_inventory, transport, usage};
use super::say::{answer, print_json};
use crate::core::exit::Exit;
use crate::core::names::Release;
use crate::core::pool::PoolState;
use crate::observe::{self, Scope};
use crate::render;
use crate::transport::{ReadOnly, Transport};

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The inventory: which servers form the pool, and how to reach them
    #[arg(short, long, value_name = "FILE", required_unless_present = "schema")]
    inventory: Option<PathBuf>,

    /// Asks the package managers as well what they would do for this release
    #[arg(long, value_name = "RELEASE")]
    to: Option<Release>,

    /// Prints the JSON schema of `--output json`, and looks at no pool
    #[arg(long, conflicts_with_all = ["inventory", "to"])]
    schema: bool,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

/// What `inspect --output json` prints. A fact is `{"known": …}` or `{"unknown": "why"}`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Inspection {
    /// The version of this format. It is raised when something is renamed or removed, not when something is added.
    pub(super) format: u32,
    /// What was observed.
    pub(super) pool: PoolState,
}

impl Inspection {
    /// Returns an inspection in today's format.
    pub(super) fn of(pool: PoolState) -> Self {
        Self { format: 2, pool }
    }

    /// Returns the published schema, as it is printed and kept in docs/inspect.schema.json.
    ///
    /// # Errors
    /// Never, unless the schema itself is no JSON.
    pub(super) fn schema() -> serde_json::Result<String> {
        serde_json::to_string_pretty(&schema_for!(Self)).map(|text| text + "\n")
    }
}

pub(super) async fn inspect(args: InspectArgs) -> anyhow::Result<Exit> {
    if args.schema {
        answer!("{}", Inspection::schema()?);
        return Ok(Exit::Done);
    }
    // clap sees to it that there is one.
    let file = args.inventory.unwrap_or_default();
    let inventory = match read_inventory(&file).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let transport = ReadOnly(transport(&inventory)?);
    let scope = Scope::Inspect(args.to);
    let state = observe::look(&transport as &dyn Transport, &inventory, &scope).await;
    transport.0.close().await;
    match args.output {
        OutputFormat::Human => answer!("{}", render::inspect(&state)),
        OutputFormat::Json => print_json(&Inspection::of(state))?,
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::core::pool::{Observed, Reach, Unreachable, VolumeKind};
    use crate::core::sample::{change_host, change_volume, pool, replica_3, replicated, volume};

    const PUBLISHED: &str = include_str!("../../../docs/inspect.schema.json");

    #[test]
    fn the_published_schema_is_todays() {
        let today = Inspection::schema().unwrap();
        // Accepted like a golden text, to be read in the diff.
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/inspect.schema.json");
            std::fs::write(file, &today).unwrap();
            return;
        }
        assert!(
            today == PUBLISHED,
            "INSTA_UPDATE=always writes docs/inspect.schema.json anew; read the difference"
        );
    }

    fn published() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(PUBLISHED).unwrap()).unwrap()
    }

    /// A pool of an old release with volumes of every kind.
    fn mixed() -> PoolState {
        let volumes = vec![
            volume("coded", VolumeKind::Disperse { disperse: 3, redundancy: 1 }, &[1, 2, 3]),
            volume("copies", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]),
            volume("single", VolumeKind::Distribute, &[1, 2, 3]),
            volume("odd", VolumeKind::Other("Tier".to_owned()), &[1, 2, 3]),
        ];
        pool(3, "3.8.15", volumes, "3.9.1-1.el7")
    }

    /// A pool of which little is known.
    fn unknown() -> PoolState {
        fn lost<T>() -> Observed<T> {
            Observed::Unknown("no answer".to_owned())
        }
        let mut state = replica_3();
        change_host(&mut state, 1, |host| {
            host.reach = Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer".to_owned() };
            (host.release, host.processes, host.peers) = (lost(), lost(), lost());
            (host.glusterd_info, host.usage, host.offer) = (lost(), lost(), lost());
        });
        change_host(&mut state, 2, |host| {
            (host.release, host.system.platform) = (Observed::Known(None), lost());
            (host.system.daemons, host.system.network, host.system.bricks) = (lost(), lost(), lost());
        });
        change_volume(&mut state, "vol0", |volume| {
            (volume.clients, volume.tasks, volume.heal_pending) = (lost(), lost(), lost());
        });
        (state.sessions, state.max_op_version) = (lost(), Observed::Known(None));
        state
    }

    #[rstest]
    #[case::healthy(replica_3())]
    #[case::geo_replicated(replicated("10.3"))]
    #[case::old_and_mixed(mixed())]
    #[case::hardly_known(unknown())]
    fn what_is_printed_is_valid_by_the_published_schema(#[case] state: PoolState) {
        let printed = serde_json::to_value(Inspection::of(state)).unwrap();
        let errors: Vec<String> = published()
            .iter_errors(&printed)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }

    #[rstest]
    #[case::a_member_that_is_gone(|printed: &mut serde_json::Value| {
        drop(printed["pool"].as_object_mut().unwrap().remove("volumes"));
    })]
    #[case::a_bare_fact(|printed: &mut serde_json::Value| printed["pool"]["volumes"] = serde_json::json!({}))]
    #[case::another_word(|printed: &mut serde_json::Value| {
        printed["pool"]["hosts"]["g1"]["reach"] = serde_json::json!("perhaps");
    })]
    fn what_is_broken_is_not(#[case] break_it: fn(&mut serde_json::Value)) {
        let mut printed = serde_json::to_value(Inspection::of(replica_3())).unwrap();
        break_it(&mut printed);
        assert!(!published().is_valid(&printed));
    }
}
