//! From a scenario's text to one that makes sense, or to all that is wrong with it: where, what, and what instead.
//!
//! What can be looked at by itself is, whatever is wrong with the rest: names are taken from the file as it is written.

#[cfg(test)]
mod extends_tests;
mod faults;
#[cfg(test)]
mod faults_tests;
mod hop;
#[cfg(test)]
mod hop_tests;
#[cfg(test)]
mod manual_tests;
mod matrix;
#[cfg(test)]
mod matrix_tests;
mod orders;
#[cfg(test)]
mod places_tests;
mod pool;
mod shape;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use super::error::ScenarioErrors;
use super::file::{self, File};
use super::file_orders;
use super::placed::Placed;
use super::sources::{Checked, Sources, every};
use super::{Expect, Hop, Scenario, Which, Workload};
use crate::images::{Catalog, Family};
use crate::oracle::Allowance;

/// Reads a scenario's text and all that it extends; returns its cases.
pub(super) fn scenarios(
    path: &Path,
    text: &str,
    catalog: &Catalog,
    hop: &Hop,
) -> Result<Vec<Scenario>, ScenarioErrors> {
    let sources = Sources::gather(path, text);
    let checked = shape::file(&sources).and_then(|mut file| {
        hop::apply(&sources, &mut file, hop, catalog)?;
        let cases = matrix::cases(&sources, file)?;
        every(cases.into_iter().map(|(case, file)| {
            let scenario = scenario(&sources, path, case, &file, catalog)?;
            Ok(Scenario { asked: hop.clone(), ..scenario })
        }))
    });
    sources.verdict(checked)
}

fn scenario(
    sources: &Sources,
    path: &Path,
    case: Option<String>,
    file: &File,
    catalog: &Catalog,
) -> Checked<Scenario> {
    let family = family(sources, file, catalog);
    // Of a family that nobody knows, nobody knows the releases.
    let look = Look { sources, file, family: family.ok() };
    let pools = pool::pools(&look);
    let users = pool::users(&look);
    let workload = file.workload.as_ref().map(|load| workload(&look, load)).transpose();
    let orders = orders::orders(&look);
    let expect = expect(sources, &file.expect);
    let (family, pools, users) = (family?, pools?, users?);
    let pool::Pools { pool, secondary, clients } = pools;
    let pool::Users { sessions, mounts, applications } = users;
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Ok(Scenario {
        name: case.as_ref().map_or(stem.clone(), |case| format!("{stem}@{case}")),
        case,
        asked: Hop::default(),
        path: path.to_owned(),
        catalog: catalog.own.clone(),
        about: file.about.clone(),
        tags: file.tags.clone(),
        family: family.name.clone(),
        init: file.pool.get_ref().init.unwrap_or(family.init),
        pool,
        secondary,
        sessions,
        clients,
        mounts,
        applications,
        workload: workload?,
        orders: orders?,
        expect: expect?,
    })
}

/// What a check looks at.
struct Look<'a> {
    sources: &'a Sources,
    file: &'a File,
    /// The family, unless there is no such one.
    family: Option<&'a Family>,
}

impl Look<'_> {
    /// Sees that the family has a release.
    fn known_release(&self, release: &Placed<String>) -> Checked<String> {
        let Some(family) = self.family else { return Ok(release.get_ref().clone()) };
        let versions = family.versions();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        self.sources.known(release, "release", &versions)
    }

    /// Sees that a name is that of a pool's volume.
    fn known_volume(&self, name: &Placed<String>, which: Which) -> Checked<String> {
        let what = match which {
            Which::Pool => "volume of the pool",
            Which::Secondary => "volume of the secondary",
        };
        self.sources.known(name, what, &self.file.volume_names(which))
    }
}

fn family<'c>(sources: &Sources, file: &File, catalog: &'c Catalog) -> Checked<&'c Family> {
    let name = &file.pool.get_ref().family;
    let names: Vec<&str> = catalog.families.iter().map(|family| family.name.as_str()).collect();
    let known = sources.known(name, "family", &names)?;
    let mut families = catalog.families.iter();
    let hint = "see images/catalog.toml";
    families
        .find(|family| family.name == known)
        .ok_or_else(|| sources.error(name.at(), "no such family", hint))
}

fn workload(look: &Look<'_>, load: &file::Workload) -> Checked<Workload> {
    let Look { sources, file, .. } = look;
    let client = sources.known(&load.client, "client", &file.client_names());
    let once = sources.once(std::iter::once(&load.volume).chain(&load.also));
    let operations_per_second = *load.operations_per_second.get_ref();
    let pace = if (0.1..=1000.0).contains(&operations_per_second) {
        Ok(operations_per_second)
    } else {
        let at = load.operations_per_second.at();
        Err(sources.error(at, "expected 0.1 to 1000 operations a second", "25 suits most rehearsals"))
    };
    let client = client?;
    let own = file.clients.iter().filter(|other| *other.name.get_ref() == client);
    let mounts: Vec<&str> =
        own.flat_map(|client| &client.mounts).map(|mount| mount.get_ref().as_str()).collect();
    let volumes = std::iter::once(&load.volume).chain(&load.also);
    let volumes = every(volumes.map(|volume| sources.known(volume, "mount of that client", &mounts)));
    once?;
    Ok(Workload {
        client,
        volumes: volumes?,
        operations_per_second: pace?,
        stops_for_downtime: load.stops_for_downtime,
    })
}

fn expect(sources: &Sources, expect: &file_orders::Expect) -> Checked<Expect> {
    sources.once(expect.lost_options.iter().map(|lost| &lost.option))?;
    let allowance = |lost: &file_orders::LostOption| {
        let file_orders::LostOption { option, value, reason } = lost;
        Allowance { option: option.get_ref().clone(), value: value.clone(), reason: reason.clone() }
    };
    Ok(Expect {
        longest_stall: Duration::from_secs(expect.longest_stall_seconds),
        stored: expect.stored,
        old_names: expect.old_names.clone(),
        lost_options: expect.lost_options.iter().map(allowance).collect(),
    })
}
