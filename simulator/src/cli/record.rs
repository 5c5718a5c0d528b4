//! `simulator record`: records what a release's CLI says.

use std::path::PathBuf;

use jiff::Timestamp;

use super::catalogs::Catalogs;
use super::{Context, Exit, Failure, say};
use crate::engine::{Engine, Run, with_run};
use crate::images::{self, Catalog, CatalogError, Family, Release};
use crate::record::{self, Part, RecordError, Recording, Stage, WriteError};

/// Record what a release's gluster command says, for the tests of the executor's parsers
///
/// For each release two pools of three servers are brought up: one bare, one with volumes of every kind and a client
/// that writes. They are taken through states that an upgrade may meet: a brick killed and healed, a server down and
/// back, glusterd stopped, a volume stopped, a rebalance, a rejected peer, a pool that is busy, op-versions refused
/// and raised. In each state the questions of the executor are asked, and the answers kept byte for byte.
///
/// The answers go to FOLDER/RELEASE/STATE/QUESTION, standard output as it is; beside it QUESTION.exit has an exit
/// status other than 0, and QUESTION.err what was said on standard error. FOLDER/RELEASE/README tells the states. An
/// earlier recording of a release is replaced when the new one is complete, and not before. A release takes some
/// minutes.
///
/// What differs between two recordings of a release: process ids, ports, byte counts, UUIDs, addresses, times. Any
/// other difference is one of the release or of this program, and worth a look.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The release, as the catalog has it; may be given several times
    #[arg(long = "release", value_name = "RELEASE", required = true)]
    releases: Vec<String>,
    /// The family of images [default: the first in the catalog that has the release]
    #[arg(long)]
    family: Option<String>,
    /// The folder that gets one folder a release
    #[arg(long, value_name = "FOLDER", default_value = "executor/tests/replies")]
    into: PathBuf,
    #[command(flatten)]
    catalogs: Catalogs,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let catalog = args.catalogs.read()?;
    // All of them are looked up before the first is recorded: a mistake in the last one is known at once.
    let mut chosen = Vec::new();
    for release in &args.releases {
        chosen.push(choose(&catalog, args.family.as_deref(), release)?);
    }
    let engine = Engine::connect().await?;
    for (family, release) in chosen {
        let recording = Recording::begin(&args.into, &release.version)?;
        for part in Part::ALL {
            record_part(context, &engine, family, release, part, &recording).await?;
        }
        let place = recording.finish(&family.name, Timestamp::now())?;
        println!("{}", place.display());
    }
    Ok(())
}

/// Returns the family and release that were asked for.
fn choose<'a>(
    catalog: &'a Catalog,
    family: Option<&str>,
    release: &str,
) -> Result<(&'a Family, &'a Release), CatalogError> {
    let family = match family {
        Some(name) => catalog.family(name)?,
        None => {
            let mut with_it = catalog.families.iter().filter(|family| family.release(release).is_ok());
            // Where none has it, the first one's error names what there is.
            match with_it.next().or_else(|| catalog.families.first()) {
                Some(family) => family,
                None => catalog.family("")?,
            }
        }
    };
    Ok((family, family.release(release)?))
}

async fn record_part(
    context: &Context,
    engine: &Engine,
    family: &Family,
    release: &Release,
    part: Part,
    recording: &Recording,
) -> Result<(), Failure> {
    let run = Run::new("record");
    let keys = tempfile::tempdir().map_err(|error| Failure {
        exit: Exit::Unknown,
        error: error.into(),
        hint: Some("is the disk full? TMPDIR names another folder"),
    })?;
    with_run(engine, &run, &context.cancelled, async {
        let image = images::ensure(engine, &run, family, &say).await?;
        if image.missing.contains(&release.version) {
            return Err(Failure {
                exit: Exit::Unknown,
                error: format!("the image of {} was built without {}", family.name, release.version).into(),
                hint: Some("the archive has lost its packages"),
            });
        }
        let stage = Stage { engine, run: &run, image: &image.tag, folder: keys.path(), release, say: &say };
        Ok(record::record(stage, part, recording).await?)
    })
    .await?;
    Ok(())
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self {
            exit: Exit::Unknown,
            error: error.into(),
            hint: Some("is the disk full? is the folder ours to write?"),
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let hint = match &error {
            RecordError::Pool { source, .. } => source.hint(),
            RecordError::Write(_) | RecordError::NoLineBefore(_) => None,
        };
        Self { exit: Exit::Unknown, error: error.into(), hint }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn releases_are_looked_up_in_every_family_unless_one_is_named() {
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
        let catalog = Catalog::load(&images).unwrap();
        let (family, release) = choose(&catalog, None, "11.1").unwrap();
        assert_eq!((family.name.as_str(), release.op_version), ("debian-bookworm", 110_000));
        assert!(choose(&catalog, Some("debian-bookworm"), "9.2").is_ok());
        let unknown = choose(&catalog, None, "4.2").unwrap_err();
        assert!(unknown.to_string().contains("4.2"), "{unknown}");
        assert!(choose(&catalog, Some("none"), "9.2").is_err());
    }
}
