//! `simulator judge`: the oracle, on a pool that is up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::sync::Arc;

use super::catalogs::Catalogs;
use super::failure::by_verdict;
use super::{Exit, Failure, Output, playing, print, say};
use crate::director::{Known, KnownError, KnownPool};
use crate::engine::{Engine, RunFound};
use crate::images::Catalog;
use crate::oracle::after::{self, Settle};
use crate::oracle::{Assertion, EngineShell, Judgement, Shell, Stored, Verdict};
use crate::report::{Colour, render_judgement};
use crate::scenario::Which;

/// Judge a pool that is up: what the oracle judges at the end of a rehearsal, any time
///
/// By what its scenario says it has to be as far as it has come: as it was brought up, or, where it was kept after a
/// rehearsal, as that left it; --at names the release that it is at by now. Options, UUIDs and the like are compared with how it
/// came up. Data is judged where a rehearsal has written it; sessions of geo-replication are not, nor who uses the volumes.
///
/// Each assertion has a name, and can be asked for alone. Exit status: as for a rehearsal, by the verdict.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  simulator judge
  simulator upgrade run --to 11.1 && simulator judge --at 11.1
  simulator judge --assertion 'brick online' --assertion peers")]
pub(super) struct Args {
    /// The run whose pool it is, as `simulator ps` shows it [default: the only one]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The release that every server of the pool (not of a secondary one) is at, with its op-version, and serves
    #[arg(long, value_name = "RELEASE")]
    at: Option<String>,
    /// Only the assertions of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    assertion: Vec<String>,
    #[command(flatten)]
    catalogs: Catalogs,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { run, at, assertion, catalogs, output } = args;
    let op_version = at.as_deref().map(|release| op_version(&catalogs.read()?, release)).transpose()?;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let run = playing::pool(&runs, run.as_deref())?;
    let known = known(run)?;
    let containers: BTreeMap<String, String> =
        run.hosts.iter().map(|host| (host.name.clone(), host.container.clone())).collect();
    let shell: Arc<dyn Shell> = Arc::new(EngineShell::new(engine.clone(), containers));
    let mut judgement = Judgement::default();
    for KnownPool { which, mut expected, baseline } in known.pools {
        if let (Some(release), Some(op_version), Which::Pool) = (&at, op_version, which) {
            expected.releases.values_mut().for_each(|is| is.clone_from(release));
            expected.op_version = op_version;
            // Whatever a halt had left: at that release all of it serves again.
            expected.out.clear();
            expected.stored = Stored::Alike;
        }
        let phase = format!("the {} now", which.name());
        let written = expected.volumes.iter().any(|volume| volume.truth.is_some());
        let (shell, expected, baseline) = (shell.clone(), Arc::new(expected), Arc::new(baseline));
        judgement.extend(if written {
            after::judge(shell, expected, baseline, &phase, Settle::default()).await
        } else {
            say("note: no rehearsal has written to it: its data is not judged");
            after::judge_state(shell, expected, baseline, &phase, Settle::default()).await
        });
    }
    let judgement = only(judgement, &assertion)?;
    match output {
        Output::Text => {
            let colour = Colour::for_terminal(std::io::stdout().is_terminal());
            print::data(&render_judgement(&judgement, colour, 100))?;
        }
        Output::Json => print::json(&judgement)?,
    }
    by_verdict(judgement.verdict(), None)
}

/// Returns the op-version of a release, of whatever family.
fn op_version(catalog: &Catalog, release: &str) -> Result<u32, Failure> {
    let found = catalog.families.iter().find_map(|family| family.release(release).ok());
    found.map(|release| release.op_version).ok_or_else(|| Failure {
        exit: Exit::BadInput,
        error: format!("no family has a release {release}").into(),
        hint: Some("`simulator images list` shows the releases of each family"),
    })
}

fn known(run: &RunFound) -> Result<Known, Failure> {
    let hint = Some("`simulator up` and `simulator run --keep` leave what the oracle has to know");
    let bad = |error: Box<dyn std::error::Error + Send + Sync>| Failure { exit: Exit::BadInput, error, hint };
    let folder = run.folder.as_deref().ok_or_else(|| bad(format!("{} has no folder", run.id).into()))?;
    Known::read(folder).map_err(|error: KnownError| bad(error.into()))
}

/// What is asserted where something could not be looked at; then other assertions about it are missing.
const BLIND: [&str; 3] = [after::CAN_BE_READ, after::STATE, after::DATA];

/// Returns the assertions of these names, and of those that say what nobody could see; all, where none is named.
fn only(mut judgement: Judgement, names: &[String]) -> Result<Judgement, Failure> {
    let known: BTreeSet<String> =
        judgement.assertions.iter().map(|assertion| assertion.name.clone()).collect();
    let blind = |assertion: &Assertion| {
        assertion.verdict != Verdict::Pass && BLIND.contains(&assertion.name.as_str())
    };
    if !names.is_empty() && judgement.assertions.iter().any(blind) {
        judgement.assertions.retain(|assertion| names.contains(&assertion.name) || blind(assertion));
        return Ok(judgement);
    }
    if let Some(name) = names.iter().find(|name| !known.contains(*name)) {
        let known = known.into_iter().map(|name| format!("\n  - {name}")).collect::<String>();
        return Err(Failure {
            exit: Exit::BadInput,
            error: format!("no assertion is called {name:?}: expected one of{known}").into(),
            hint: Some("put it into quotes, spaces and all"),
        });
    }
    if !names.is_empty() {
        judgement.assertions.retain(|assertion| names.contains(&assertion.name));
    }
    Ok(judgement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement() -> Judgement {
        let assertion = |name: &str, verdict| Assertion {
            phase: "now".into(),
            name: name.into(),
            subject: "g1".into(),
            verdict,
            expected: String::new(),
            found: String::new(),
        };
        let assertions = vec![assertion("peers", Verdict::Pass), assertion("brick online", Verdict::Fail)];
        Judgement { assertions, ..Judgement::default() }
    }

    #[test]
    fn what_is_asked_for_alone_decides() {
        assert_eq!(only(judgement(), &[]).unwrap().verdict(), Verdict::Fail);
        let peers = only(judgement(), &["peers".to_owned()]).unwrap();
        assert_eq!((peers.assertions.len(), peers.verdict()), (1, Verdict::Pass));
        // A server that nobody could look at is missing among them, and that is told.
        let mut blind = judgement();
        blind.assertions[1].name = after::CAN_BE_READ.to_owned();
        blind.assertions[1].verdict = Verdict::Unknown;
        for names in [["peers"], ["op-version"]] {
            let found = only(blind.clone(), &names.map(str::to_owned)).unwrap();
            assert_eq!(found.verdict(), Verdict::Unknown, "{found:?}");
        }
        let failure = only(judgement(), &["peer".to_owned()]).unwrap_err();
        assert!(
            failure.message().contains("expected one of\n  - brick online\n  - peers"),
            "{}",
            failure.message()
        );
    }
}
