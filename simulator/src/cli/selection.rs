//! Which scenarios are run: those that are named, or all that have a tag.

use std::path::{Path, PathBuf};

use super::{Exit, Failure};
use crate::images::Catalog;
use crate::scenario::Scenario;

/// Returns every scenario below a folder that has a tag, in the order of their paths.
///
/// # Errors
/// Where one of them makes no sense, and where none has the tag: nothing run would be nothing seen.
pub(super) fn tagged(folder: &Path, tag: &str, catalog: &Catalog) -> Result<Vec<Scenario>, Failure> {
    let mut files = Vec::new();
    files_below(folder, &mut files).map_err(|error| Failure {
        exit: Exit::BadInput,
        error: format!("cannot read {}: {error}", folder.display()).into(),
        hint: Some("name the folder of the scenarios with --scenarios"),
    })?;
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let scenario = Scenario::load(&file, catalog)?;
        if scenario.tags.contains(tag) {
            scenarios.push(scenario);
        }
    }
    if scenarios.is_empty() {
        return Err(Failure {
            exit: Exit::BadInput,
            error: format!("no scenario below {} has the tag `{tag}`", folder.display()).into(),
            hint: Some("tags are in the files: tags = [\"faults\"]"),
        });
    }
    Ok(scenarios)
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_selects_its_scenarios_in_order_and_none_is_an_error() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let catalog = Catalog::load(&root.join("images")).unwrap();
        let text = std::fs::read_to_string(root.join("scenarios/online-replicated.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        for (name, tags) in [("z", "tags = [\"x\"]\n"), ("a/b", "tags = [\"y\", \"x\"]\n"), ("c", "")] {
            std::fs::write(folder.path().join(format!("{name}.toml")), format!("{tags}{text}")).unwrap();
        }
        std::fs::write(folder.path().join("README.md"), "no scenario").unwrap();
        let names = |tag| {
            let found = tagged(folder.path(), tag, &catalog).map_err(|failure| failure.exit);
            found.map(|found| found.into_iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(names("x"), Ok(vec!["b".to_owned(), "z".to_owned()]));
        assert_eq!(names("y"), Ok(vec!["b".to_owned()]));
        assert_eq!(names("none"), Err(Exit::BadInput));
        std::fs::write(folder.path().join("bad.toml"), "about").unwrap();
        assert_eq!(names("x"), Err(Exit::BadInput));
    }
}
