//! Which scenarios a command is about: files that are named, all below a folder, or those of them with a tag.

use std::path::{Path, PathBuf};

use super::catalogs::Catalogs;
use super::{Exit, Failure};
use crate::images::Catalog;
use crate::printable::printable;
use crate::scenario::{Hop, Scenario, ScenarioError, ScenarioErrors};

/// How a file's name ends that is there to be extended, and no scenario by itself.
const BASE: &str = ".base.toml";

/// Which scenarios a command is about that starts nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// The scenario files [default: all below --scenarios]
    #[arg(value_name = "FILE", conflicts_with = "tag")]
    files: Vec<PathBuf>,
    /// Every scenario with this tag, in place of files
    #[arg(long)]
    tag: Option<String>,
    /// Where scenarios are looked for that are not named, in folders of it, too; files that end in .base.toml are none
    #[arg(long, value_name = "FOLDER", default_value = "scenarios")]
    scenarios: PathBuf,
    #[command(flatten)]
    catalogs: Catalogs,
}

/// Releases in place of those that the files have.
#[derive(Debug, clap::Args)]
pub(super) struct Releases {
    /// The release that pools start with, in place of the file's and of its matrix'
    #[arg(long, value_name = "RELEASE")]
    from: Option<String>,
    /// The release that the upgrade goes to, in place of the file's and of its matrix'
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
}

impl Releases {
    /// Returns what is asked for.
    pub(super) fn hop(&self) -> Hop {
        Hop { from: self.from.clone(), to: self.to.clone() }
    }
}

impl Selection {
    /// Reads the catalog.
    ///
    /// # Errors
    /// Where it cannot be read, or makes no sense.
    pub(super) fn catalog(&self) -> Result<Catalog, Failure> {
        self.catalogs.read()
    }

    /// Returns the scenarios that make sense, and what is wrong with the others.
    ///
    /// # Errors
    /// Where there is nothing to read, or no scenario has the tag.
    pub(super) fn read(
        &self,
        catalog: &Catalog,
        hop: &Hop,
    ) -> Result<(Vec<Scenario>, Vec<ScenarioError>), Failure> {
        let (mut scenarios, errors) = read(&files(&self.files, &self.scenarios)?, catalog, hop);
        if let Some(tag) = &self.tag {
            scenarios.retain(|scenario| scenario.tags.contains(tag));
            if scenarios.is_empty() && errors.is_empty() {
                return Err(no_such_tag(&self.scenarios, tag));
            }
        }
        Ok((scenarios, errors))
    }
}

/// Returns the files that are named, or all scenarios below a folder, in the order of their paths.
///
/// # Errors
/// Where the folder cannot be read, or has none.
pub(super) fn files(named: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let mut files = Vec::new();
    files_below(folder, &mut files).map_err(|error| Failure {
        exit: Exit::BadInput,
        error: format!("cannot read {}: {error}", folder.display()).into(),
        hint: Some("name the folder of the scenarios with --scenarios"),
    })?;
    files.sort();
    if files.is_empty() {
        return Err(Failure {
            exit: Exit::BadInput,
            error: format!("no scenario is below {}", folder.display()).into(),
            hint: Some("scenarios are files that end in .toml; name another folder with --scenarios"),
        });
    }
    Ok(files)
}

/// Returns every case of files that are named.
///
/// # Errors
/// All that is wrong with any of them.
pub(super) fn named(files: &[PathBuf], catalog: &Catalog, hop: &Hop) -> Result<Vec<Scenario>, Failure> {
    let (scenarios, errors) = read(files, catalog, hop);
    if errors.is_empty() { Ok(scenarios) } else { Err(ScenarioErrors(errors).into()) }
}

/// Returns every scenario below a folder that has a tag, in the order of their paths.
///
/// # Errors
/// Where one of them makes no sense, and where none has the tag: nothing run would be nothing seen.
pub(super) fn tagged(
    folder: &Path,
    tag: &str,
    catalog: &Catalog,
    hop: &Hop,
) -> Result<Vec<Scenario>, Failure> {
    let mut scenarios = named(&files(&[], folder)?, catalog, hop)?;
    scenarios.retain(|scenario| scenario.tags.contains(tag));
    if scenarios.is_empty() { Err(no_such_tag(folder, tag)) } else { Ok(scenarios) }
}

/// Returns those of the scenarios that are the case of this name; all of them where none is asked for.
///
/// # Errors
/// Where none of them is.
pub(super) fn picked(scenarios: Vec<Scenario>, case: Option<&str>) -> Result<Vec<Scenario>, Failure> {
    let Some(case) = case else { return Ok(scenarios) };
    let (picked, others): (Vec<_>, Vec<_>) =
        scenarios.into_iter().partition(|scenario| scenario.is_called(case));
    if picked.is_empty() {
        let names: Vec<&str> = others.iter().map(|scenario| scenario.name.as_str()).collect();
        return Err(Failure {
            exit: Exit::BadInput,
            error: format!("no case `{case}`: expected one of {}", names.join(", ")).into(),
            hint: Some("a case is named as a whole, or by what stands behind the @"),
        });
    }
    Ok(picked)
}

/// Says what is wrong with scenarios beside others that were answered for.
///
/// # Errors
/// Where something is.
pub(super) fn close(errors: Vec<ScenarioError>) -> Result<(), Failure> {
    if errors.is_empty() { Ok(()) } else { Err(ScenarioErrors(errors).into()) }
}

/// Reads files; returns their cases, and all that is wrong with any of them.
fn read(files: &[PathBuf], catalog: &Catalog, hop: &Hop) -> (Vec<Scenario>, Vec<ScenarioError>) {
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        match Scenario::cases_of(file, catalog, hop) {
            Ok(cases) => scenarios.extend(cases),
            // What is wrong with a base is wrong with each file that extends it, and is said once.
            Err(found) => {
                errors.extend(found.0.into_iter().filter(|error| !errors.contains(error)).collect::<Vec<_>>())
            }
        }
    }
    (scenarios, errors)
}

fn no_such_tag(folder: &Path, tag: &str) -> Failure {
    Failure {
        exit: Exit::BadInput,
        error: format!("no scenario below {} has the tag `{tag}`", folder.display()).into(),
        hint: Some("tags are in the files: tags = [\"faults\"]"),
    }
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, files)?;
        } else if is_scenario(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_scenario(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".toml") && !name.ends_with(BASE)
}

impl From<ScenarioErrors> for Failure {
    fn from(errors: ScenarioErrors) -> Self {
        // Each with its own remedy, as if it were the only one.
        let texts = errors.0.iter().map(|error| format!("{error}\nhint: {}", error.hint));
        let text = texts.collect::<Vec<_>>().join("\nerror: ");
        Self { exit: Exit::BadInput, error: printable(&text).into(), hint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn catalog() -> Catalog {
        Catalog::load(&root().join("images")).unwrap()
    }

    #[test]
    fn a_tag_selects_its_scenarios_in_order_and_none_is_an_error() {
        let text = std::fs::read_to_string(root().join("scenarios/online-replicated.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        for (name, tags) in [("z", "tags = [\"x\"]\n"), ("a/b", "tags = [\"y\", \"x\"]\n"), ("c", "")] {
            std::fs::write(folder.path().join(format!("{name}.toml")), format!("{tags}{text}")).unwrap();
        }
        std::fs::write(folder.path().join("README.md"), "no scenario").unwrap();
        std::fs::write(folder.path().join("part.base.toml"), "about = \"no scenario by itself\"").unwrap();
        let names = |tag| {
            let found =
                tagged(folder.path(), tag, &catalog(), &Hop::default()).map_err(|failure| failure.exit);
            found.map(|found| found.into_iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(names("x"), Ok(vec!["b".to_owned(), "z".to_owned()]));
        assert_eq!(names("y"), Ok(vec!["b".to_owned()]));
        assert_eq!(names("none"), Err(Exit::BadInput));
        std::fs::write(folder.path().join("bad.toml"), "about").unwrap();
        assert_eq!(names("x"), Err(Exit::BadInput));
    }

    #[test]
    fn a_case_is_picked_by_either_name() {
        let text = std::fs::read_to_string(root().join("scenarios/online-replicated.toml")).unwrap();
        let text = format!("{text}[matrix]\nreleases = [[\"9.2\", \"10.3\"], [\"10.3\", \"11.1\"]]\n");
        let names = |case| {
            let cases = Scenario::parse(Path::new("x.toml"), &text, &catalog()).unwrap();
            let found = picked(cases, case).map_err(|failure| failure.error.to_string());
            found.map(|found| found.into_iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(names(None).unwrap(), ["x@9.2-10.3", "x@10.3-11.1"]);
        assert_eq!(names(Some("x@10.3-11.1")).unwrap(), ["x@10.3-11.1"]);
        assert_eq!(names(Some("9.2-10.3")).unwrap(), ["x@9.2-10.3"]);
        assert_eq!(names(Some("x")).unwrap_err(), "no case `x`: expected one of x@9.2-10.3, x@10.3-11.1");
    }
}
