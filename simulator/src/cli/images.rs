//! `simulator images`: the images that pools run on.

use clap::{Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use serde::Serialize;

use super::catalogs::Catalogs;
use super::{Context, Failure, clean, say};
use crate::engine::{Engine, EngineError, Run, with_run};
use crate::images::{self, Catalog, Family, NodeImage};
use crate::scenario::Scenario;

/// List, build and remove the images that pools run on.
///
/// A family is a distribution with several releases of GlusterFS, all of them in one image, so that a node is
/// upgraded in place and with no network. The catalog says which there are. An image is named after the hash of
/// everything that goes into it: unchanged means no build.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    catalogs: Catalogs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the families, their releases and the images on the engine
    List {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// Build what is missing; a first build takes a minute or two and needs the distribution's archive
    Build {
        /// The family; all that need no registry when none is named
        family: Option<String>,
    },
    /// Remove images, outdated ones included
    Remove {
        /// The family; all of them, and the bases they stand on, when none is named
        family: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// A table
    Text,
    /// One JSON document
    Json,
}

/// A family and its image, as `--output json` has it.
#[derive(Debug, Serialize)]
struct Row {
    family: String,
    about: String,
    tried: Option<String>,
    /// What the catalog says.
    releases: Vec<String>,
    /// What the archive no longer had when the image was built.
    missing: Vec<String>,
    /// The image that is up to date; null when there is none.
    image: Option<String>,
    base: Option<String>,
    size: Option<i64>,
    /// Images of an earlier state of catalog or folder.
    outdated: Vec<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let Args { command, catalogs } = args;
    let catalog = catalogs.read()?;
    match command {
        Command::List { output } => list(&catalog, output).await,
        Command::Build { family } => build(&catalog, family.as_deref(), context).await,
        Command::Remove { family } => remove(&catalog, family.as_deref()).await,
    }
}

async fn list(catalog: &Catalog, output: Output) -> Result<(), Failure> {
    let engine = Engine::connect().await?;
    let mut rows = Vec::new();
    for family in &catalog.families {
        let current = images::find(&engine, family).await?;
        let on_engine = images::on_engine(&engine, &family.name).await?;
        rows.push(row(family, current, on_engine));
    }
    match output {
        Output::Text => println!("{}", table(&rows)),
        Output::Json => {
            let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure {
                exit: super::Exit::Unknown,
                error: error.into(),
                hint: None,
            })?;
            println!("{text}");
        }
    }
    Ok(())
}

fn row(family: &Family, current: Option<NodeImage>, on_engine: Vec<NodeImage>) -> Row {
    let is_current = |tag: &str| current.as_ref().is_some_and(|image| image.tag == tag);
    Row {
        family: family.name.clone(),
        about: family.about.clone(),
        tried: family.tried.clone(),
        releases: family.versions(),
        missing: current.as_ref().map(|image| image.missing.clone()).unwrap_or_default(),
        outdated: on_engine.into_iter().map(|image| image.tag).filter(|tag| !is_current(tag)).collect(),
        image: current.as_ref().map(|image| image.tag.clone()),
        base: current.as_ref().map(|image| image.base.clone()),
        size: current.as_ref().map(|image| image.size),
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["FAMILY", "RELEASES", "TRIED", "IMAGE", "BASE", "SIZE"]);
    for row in rows {
        let releases = row.releases.iter().map(|release| {
            if row.missing.contains(release) {
                format!("{release} (not in this image)")
            } else {
                release.clone()
            }
        });
        table.add_row([
            row.family.clone(),
            releases.collect::<Vec<_>>().join(", "),
            row.tried.clone().unwrap_or_else(|| "not tried".to_owned()),
            row.image.clone().unwrap_or_else(|| "not built".to_owned()),
            row.base.clone().unwrap_or_default(),
            row.size.map(|size| format!("{} MB", size / 1_000_000)).unwrap_or_default(),
        ]);
        for tag in &row.outdated {
            table.add_row(["", "", "", &format!("{tag} (outdated)"), "", ""]);
        }
    }
    table
}

async fn build(catalog: &Catalog, family: Option<&str>, context: &Context) -> Result<(), Failure> {
    let families = chosen(catalog, family)?;
    let engine = Engine::connect().await?;
    // What nobody named is built only where it can be built anywhere; a name is worth waiting for a registry.
    let (families, left_out) = if family.is_none() { buildable(families) } else { (families, Vec::new()) };
    for family in left_out {
        say(&format!(
            "image {}: left out: its base, {}, has to be pulled; `simulator images build {0}` does it",
            family.name,
            family.base.needed_from_registry().unwrap_or_default()
        ));
    }
    for family in families {
        println!("{}", ensured(&engine, family, context).await?.tag);
    }
    Ok(())
}

/// Returns a family's image, and builds it where it is not there. What a build leaves on its way is of a run of its own,
/// and goes whatever becomes of the pool.
///
/// # Errors
/// No image, or an interruption.
pub(super) async fn ensured(
    engine: &Engine,
    family: &Family,
    context: &Context,
) -> Result<NodeImage, Failure> {
    let run = Run::new("image-build");
    let build = images::ensure(engine, &run, family, &say);
    Ok(with_run(engine, &run, &context.cancelled, build).await?)
}

/// Sees that an image has the releases that a scenario is about.
///
/// # Errors
/// Where the archive had lost one of them when the image was built.
pub(super) fn hold(image: &NodeImage, scenario: &Scenario) -> Result<(), Failure> {
    let missing: Vec<String> =
        scenario.releases().into_iter().filter(|release| image.missing.contains(release)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure {
        exit: super::Exit::Unknown,
        error: format!(
            "scenario {} needs {}, and the image {} was built without: the archive had lost its packages",
            scenario.name,
            missing.join(", "),
            image.tag
        )
        .into(),
        hint: Some(
            "choose other releases with --from and --to; a catalog of your own may bring the packages: docs/own-packages.md",
        ),
    })
}

async fn remove(catalog: &Catalog, family: Option<&str>) -> Result<(), Failure> {
    let families = chosen(catalog, family)?;
    let engine = Engine::connect().await?;
    if family.is_none() {
        return clean::report(&engine.remove_images().await?);
    }
    for family in families {
        for image in images::on_engine(&engine, &family.name).await? {
            let removed: Result<(), EngineError> = engine.remove_image(&image.tag).await;
            removed?;
            println!("image {}", image.tag);
        }
    }
    Ok(())
}

fn chosen<'a>(catalog: &'a Catalog, family: Option<&str>) -> Result<Vec<&'a Family>, Failure> {
    match family {
        Some(name) => Ok(vec![catalog.family(name)?]),
        None => Ok(catalog.families.iter().collect()),
    }
}

/// Parts the families into those that can be built with no registry, and the others.
fn buildable(families: Vec<&Family>) -> (Vec<&Family>, Vec<&Family>) {
    families.into_iter().partition(|family| family.base.needed_from_registry().is_none())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn catalog() -> Catalog {
        Catalog::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../images"))).unwrap()
    }

    #[test]
    fn unnamed_families_are_built_where_they_need_no_registry() {
        let catalog = catalog();
        let (built, left_out) = buildable(chosen(&catalog, None).unwrap());
        let names = |families: Vec<&Family>| -> Vec<String> {
            families.into_iter().map(|family| family.name.clone()).collect()
        };
        assert_eq!(names(built), ["debian-bookworm"]);
        assert_eq!(names(left_out), ["centos-7"]);
        assert_eq!(names(chosen(&catalog, Some("centos-7")).unwrap()), ["centos-7"]);
    }

    #[test]
    fn a_release_that_an_image_lacks_is_named_before_anything_is_started() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let scenario = Scenario::load(&root.join("scenarios/online-replicated.toml"), &catalog()).unwrap();
        let image = |missing: &[&str]| NodeImage {
            tag: "some:tag".to_owned(),
            releases: Vec::new(),
            missing: missing.iter().map(|version| (*version).to_owned()).collect(),
            base: "public".to_owned(),
            size: 1,
        };
        assert!(hold(&image(&["9.2"]), &scenario).is_ok());
        let refused = hold(&image(&["9.2", "10.3"]), &scenario).unwrap_err().message();
        assert!(refused.contains("needs 10.3, and the image some:tag was built without"), "{refused}");
        assert!(hold(&image(&["11.1"]), &scenario).is_err());
    }

    #[test]
    fn what_was_never_tried_is_listed_as_such() {
        let catalog = catalog();
        let family = catalog.family("centos-7").unwrap();
        let text = table(&[row(family, None, Vec::new())]).to_string();
        assert!(text.contains("centos-7") && text.contains("3.7.20, 3.8.15, 3.9.1"), "{text}");
        assert!(text.contains("not tried") && text.contains("not built"), "{text}");
    }
}
