//! `simulator ps`: what is up.

use std::path::PathBuf;

use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, Output, print};
use crate::doctor::age;
use crate::engine::{Engine, HostFound, Kept, RunFound, Standing};
use crate::printable::printable;

/// Show what is up: pools that were brought up by hand or kept, rehearsals that go on, and what is left over
///
/// Live: its process removes it at its end. Kept: until `simulator down RUN`. Left over: its process is gone, `simulator
/// clean` removes it. Elsewhere: its process is on another machine.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How to print it on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// A run, as `--output json` has it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    run: &'a str,
    scenario: &'a str,
    standing: Standing,
    /// Why it is kept, or may be at its end.
    kept: Option<Kept>,
    begun: Option<Timestamp>,
    age_seconds: Option<i64>,
    /// The executor's inventory; null where the run has none that is kept.
    inventory: Option<PathBuf>,
    hosts: Vec<HostRow<'a>>,
}

/// A host, as `--output json` has it.
#[derive(Debug, Serialize)]
struct HostRow<'a> {
    name: &'a str,
    container: &'a str,
    state: &'a str,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let runs = Engine::connect().await?.runs().await?;
    let now = Timestamp::now();
    match args.output {
        Output::Text if runs.is_empty() => super::say("nothing is up"),
        Output::Text => print::text(&format!("{}\n", table(&runs, now)))?,
        Output::Json => {
            let rows: Vec<Row<'_>> = runs.iter().map(|run| row(run, now)).collect();
            print::json(&rows)?;
        }
    }
    Ok(())
}

fn row(run: &RunFound, now: Timestamp) -> Row<'_> {
    let RunFound { id, scenario, owner: _, kept, folder, begun, hosts, networks: _, volumes: _ } = run;
    Row {
        run: id,
        scenario,
        standing: run.standing(),
        kept: *kept,
        begun: *begun,
        age_seconds: begun.map(|begun| now.duration_since(begun).as_secs()),
        inventory: folder.as_ref().map(|folder| folder.join("pool.toml")),
        hosts: hosts
            .iter()
            .map(|HostFound { name, container, state }| HostRow { name, container, state })
            .collect(),
    }
}

fn table(runs: &[RunFound], now: Timestamp) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["RUN", "SCENARIO", "STANDING", "AGE", "HOSTS", "INVENTORY"]);
    for run in runs {
        let standing = match (run.standing(), run.kept) {
            (Standing::Live, _) => "live".to_owned(),
            (Standing::Kept, why) => format!("kept ({})", why.map_or("", Kept::as_str)),
            (Standing::LeftOver, _) => "left over".to_owned(),
            (Standing::Elsewhere, _) => "elsewhere".to_owned(),
        };
        let host = |host: &HostFound| match host.state.as_str() {
            "running" => host.name.clone(),
            state => format!("{} ({state})", host.name),
        };
        let folder = run.folder.as_ref().map(|folder| folder.join("pool.toml").display().to_string());
        let cells = [
            run.id.clone(),
            run.scenario.clone(),
            standing,
            age(run.begun, now),
            run.hosts.iter().map(host).collect::<Vec<_>>().join(" "),
            folder.unwrap_or_default(),
        ];
        table.add_row(cells.map(|cell| printable(&cell)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::playing::testing::kept;
    use super::*;
    use crate::engine::OwnerState;

    fn runs() -> Vec<RunFound> {
        let begun = Some(Timestamp::from_second(1_800_000_000 - 180 * 60).unwrap());
        let mut by_hand = RunFound { begun, ..kept("gu-1", &["g1", "g2"]) };
        by_hand.hosts[1].state = "exited".to_owned();
        let left = RunFound { kept: None, folder: None, ..kept("gu-2", &[]) };
        let live =
            RunFound { owner: OwnerState::Alive, scenario: "a\x1b[2J".to_owned(), ..kept("gu-3", &["g1"]) };
        vec![by_hand, left, live]
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn what_is_up_is_shown_with_its_age_and_where_its_inventory_is() {
        let text = table(&runs(), now()).to_string();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let by_hand = [
            "gu-1",
            "online",
            "kept",
            "(by-hand)",
            "3",
            "h",
            "old",
            "g1",
            "g2",
            "(exited)",
            "/runs/gu-1/pool.toml",
        ];
        assert_eq!(lines[1], by_hand);
        assert!(lines[2].starts_with(&["gu-2", "online", "left", "over"]), "{text}");
        assert!(lines[3].starts_with(&["gu-3", "a\\u{1b}[2J", "live"]), "{text}");
    }

    #[test]
    fn a_script_reads_the_same() {
        let runs = runs();
        let row = serde_json::to_value(row(&runs[0], now())).unwrap();
        let expected = serde_json::json!({
            "run": "gu-1", "scenario": "online", "standing": "kept", "kept": "by-hand",
            "begun": "2027-01-15T05:00:00Z", "age_seconds": 10800, "inventory": "/runs/gu-1/pool.toml",
            "hosts": [
                {"name": "g1", "container": "gu-1-g1", "state": "running"},
                {"name": "g2", "container": "gu-1-g2", "state": "exited"},
            ],
        });
        assert_eq!(row, expected);
    }
}
