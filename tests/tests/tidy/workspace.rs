//! The workspace's files, found and read once a rule.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::source::Source;

/// Returns the workspace's root.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let own = std::env::var("CARGO_MANIFEST_DIR").context("cargo says where the package is")?;
    Ok(Path::new(&own).parent().context("the package is in the workspace")?.to_owned())
}

/// Returns every text file of the project with its path from the root: what git would commit, or,
/// where there is no git, all but what is built and reported.
pub(crate) fn texts() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let root = root()?;
    let names = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let listed = Command::new("git").args(names).current_dir(&root).output();
    let mut paths: Vec<PathBuf> = match listed {
        Ok(output) if output.status.success() => {
            String::from_utf8(output.stdout)?.split_terminator('\0').map(PathBuf::from).collect()
        }
        Ok(_) | Err(_) => walk(&root, Path::new(""))?,
    };
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        // A file that is gone from the folder but not yet from git's list has no text; binary files have none either.
        match fs::read_to_string(root.join(&path)) {
            Ok(text) => texts.push((path, text)),
            Err(error)
                if [std::io::ErrorKind::NotFound, std::io::ErrorKind::InvalidData]
                    .contains(&error.kind()) => {}
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        }
    }
    anyhow::ensure!(texts.len() > 10, "{} files are not the project", texts.len());
    Ok(texts)
}

fn walk(root: &Path, below: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if [".git", "target", "runs"].iter().any(|skipped| path == Path::new(skipped)) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(walk(root, &path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns every Rust file of the project, read.
pub(crate) fn sources() -> anyhow::Result<Vec<Source>> {
    let rust = texts()?.into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "rs"));
    let mut sources =
        rust.map(|(path, text)| Source::read(&path, &text)).collect::<anyhow::Result<Vec<_>>>()?;
    let only: Vec<PathBuf> = sources.iter().flat_map(|source| source.test_files.clone()).collect();
    for source in &mut sources {
        if only.iter().any(|path| source.path.starts_with(path)) {
            source.all_test();
        }
    }
    Ok(sources)
}
