//! From a scenario's text to one that makes sense, or to an error that says where and what instead.

mod faults;
#[cfg(test)]
mod faults_tests;
mod orders;
mod pool;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;

use super::file::{self, File};
use super::{Expect, Scenario, ScenarioError, Workload};
use crate::images::{Catalog, Family};
use crate::oracle::Allowance;
use crate::pool::ClientSpec;

/// A text and where it is from, for errors with lines.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: usize, problem: impl Into<String>, hint: &'static str) -> ScenarioError {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        ScenarioError { path: self.path.to_owned(), line: Some(line), problem: problem.into(), hint }
    }

    /// Parses a value of the file into one of ours.
    fn parsed<T>(&self, value: &Spanned<String>, hint: &'static str) -> Result<T, ScenarioError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let parse = value.get_ref().parse();
        parse.map_err(|error: T::Err| self.error(value.span().start, error.to_string(), hint))
    }

    /// Sees that a name is one of those that there are.
    fn known<'n>(
        &self,
        name: &Spanned<String>,
        what: &str,
        mut known: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<String, ScenarioError> {
        if known.clone().any(|other| other == name.get_ref()) {
            return Ok(name.get_ref().clone());
        }
        let names: Vec<&str> = known.by_ref().collect();
        let problem = format!("no {what} `{}`: expected one of {}", name.get_ref(), names.join(", "));
        Err(self.error(name.span().start, problem, "use a name that the scenario or the catalog has"))
    }

    /// Sees that a list has each of its texts once.
    fn once<'n>(&self, texts: impl IntoIterator<Item = &'n Spanned<String>>) -> Result<(), ScenarioError> {
        let mut seen = BTreeSet::new();
        match texts.into_iter().find(|text| !seen.insert(text.get_ref())) {
            None => Ok(()),
            Some(twice) => {
                let problem = format!("`{}` is there twice, expected once", twice.get_ref());
                Err(self.error(twice.span().start, problem, "remove one of the two"))
            }
        }
    }
}

pub(super) fn scenario(path: &Path, text: &str, catalog: &Catalog) -> Result<Scenario, ScenarioError> {
    let source = Source { path, text };
    let file: File = toml::from_str(text).map_err(|error| ScenarioError {
        path: path.to_owned(),
        line: error.span().map(|span| source.error(span.start, "", "").line.unwrap_or(1)),
        problem: error.message().to_owned(),
        hint: if error.message().starts_with("duplicate key") {
            "remove one of the two"
        } else {
            "scenarios/README.md explains every key"
        },
    })?;
    let families = catalog.families.iter().map(|family| family.name.as_str());
    let family_name = source.known(&file.pool.family, "family", families)?;
    let family = catalog.families.iter().find(|family| family.name == family_name);
    let Some(family) = family else {
        return Err(source.error(file.pool.family.span().start, "no such family", "see images/catalog.toml"));
    };
    let pools = pool::pools(&source, family, &file)?;
    let users = pool::users(&source, &file, &pools)?;
    let workload = file.workload.as_ref().map(|load| workload(&source, load, &pools.clients)).transpose()?;
    let orders = orders::orders(&source, family, &file, &pools)?;
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let pool::Users { sessions, mounts, applications } = users;
    Ok(Scenario {
        name,
        path: path.to_owned(),
        about: file.about,
        tags: file.tags,
        family: family_name,
        init: file.pool.init.unwrap_or(family.init),
        pool: pools.pool,
        secondary: pools.secondary,
        sessions,
        clients: pools.clients,
        mounts,
        applications,
        workload,
        orders,
        expect: expect(&source, file.expect)?,
    })
}

fn known_release(
    source: &Source<'_>,
    family: &Family,
    release: &Spanned<String>,
) -> Result<String, ScenarioError> {
    let versions = family.versions();
    source.known(release, "release", versions.iter().map(String::as_str))
}

fn workload(
    source: &Source<'_>,
    load: &file::Workload,
    clients: &[ClientSpec],
) -> Result<Workload, ScenarioError> {
    let client =
        source.known(&load.client, "client", clients.iter().map(|client| client.node.name.as_str()))?;
    let mounts: Vec<&str> = clients
        .iter()
        .filter(|other| other.node.name == client)
        .flat_map(|client| client.mounts.iter().map(String::as_str))
        .collect();
    source.once(std::iter::once(&load.volume).chain(&load.also))?;
    let volumes = std::iter::once(&load.volume)
        .chain(&load.also)
        .map(|volume| source.known(volume, "mount of that client", mounts.iter().copied()))
        .collect::<Result<Vec<_>, _>>()?;
    let operations_per_second = *load.operations_per_second.get_ref();
    if !(0.1..=1000.0).contains(&operations_per_second) {
        let at = load.operations_per_second.span().start;
        return Err(source.error(at, "expected 0.1 to 1000 operations a second", "25 suits most rehearsals"));
    }
    Ok(Workload { client, volumes, operations_per_second, stops_for_downtime: load.stops_for_downtime })
}

fn expect(source: &Source<'_>, expect: file::Expect) -> Result<Expect, ScenarioError> {
    source.once(expect.lost_options.iter().map(|lost| &lost.option))?;
    let allowance = |lost: file::LostOption| {
        let file::LostOption { option, value, reason } = lost;
        Allowance { option: option.into_inner(), value, reason }
    };
    Ok(Expect {
        longest_stall: Duration::from_secs(expect.longest_stall_seconds),
        stored: expect.stored,
        old_names: expect.old_names,
        lost_options: expect.lost_options.into_iter().map(allowance).collect(),
    })
}
