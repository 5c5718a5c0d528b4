//! Several pools: which one is geo-replicated to which, as their inventories say.
//!
//! Each pool has an inventory of its own, which names those at the other ends. Their servers are taken up from there, so
//! that they can be looked at, and sessions stopped on a primary; they are never upgraded along.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::georep::PoolRole;
use super::inventory::{Host, Inventory, InventoryError, InventoryFile};
use super::names::HostName;

/// `[[secondaries]]` and `[[primaries]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSection {
    /// The pool's own inventory, relative to this one.
    pub inventory: Spanned<PathBuf>,
}

/// A pool at the other end of geo-replication, as its own inventory declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPool {
    /// At which end it is.
    pub role: PoolRole,
    /// Its inventory.
    pub file: PathBuf,
    /// Its servers.
    pub servers: BTreeMap<HostName, Host>,
}

impl Inventory {
    /// Returns every host that is named, those of other pools too.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, &Host)> {
        let others = self.other_pools.iter().flat_map(|pool| &pool.servers);
        self.servers.iter().chain(&self.clients).chain(others)
    }

    /// Takes up the servers of a pool at the other end, from its own inventory.
    ///
    /// # Errors
    /// A name that two inventories give to different hosts: messages and commands go by names.
    pub fn relate(&mut self, role: PoolRole, other: Inventory) -> Result<(), InventoryError> {
        if let Some((name, host)) =
            other.servers.iter().find(|(name, _)| self.hosts().any(|(known, _)| known == *name))
        {
            return Err(InventoryError {
                file: other.file.clone(),
                line: Some(host.line),
                problem: format!("`{name}` is a name in {} too", self.file.display()),
                hint: "give it another `name` in one of the two, and what it had as `address`".to_owned(),
            });
        }
        self.other_pools.push(DeclaredPool { role, file: other.file, servers: other.servers });
        Ok(())
    }
}

/// Returns the pools that a file names, with their inventories' paths relative to its folder.
///
/// # Errors
/// An inventory that is named twice, or is this one: where its place is, what is wrong, what to do about it.
pub(super) fn named_pools(
    file: &Path,
    parsed: &InventoryFile,
) -> Result<Vec<(PoolRole, PathBuf)>, (usize, NamedTwice)> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let secondaries = parsed.secondaries.iter().map(|section| (PoolRole::Secondary, &section.inventory));
    let primaries = parsed.primaries.iter().map(|section| (PoolRole::Primary, &section.inventory));
    let mut pools: Vec<(PoolRole, PathBuf)> = Vec::new();
    let mut places: Vec<(PathBuf, usize)> = Vec::new();
    for (role, named) in secondaries.chain(primaries) {
        let (at, path) = (named.span().start, folder.join(named.get_ref()));
        // `./dr.toml` and `dr.toml` are the same.
        let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
        let first = places.iter().find(|(known, _)| *known == plain).map(|(_, at)| *at);
        let itself = file.components().filter(|part| *part != Component::CurDir).eq(plain.components());
        if itself || first.is_some() {
            return Err((at, NamedTwice { inventory: named.get_ref().clone(), first }));
        }
        places.push((plain, at));
        pools.push((role, path));
    }
    Ok(pools)
}

/// An inventory that one file names twice.
#[derive(Debug)]
pub(super) struct NamedTwice {
    /// As the file writes it.
    pub(super) inventory: PathBuf,
    /// Where it is named first; none where it is the file itself.
    pub(super) first: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::super::inventory::parse;
    use super::*;

    fn read(text: &str) -> Result<Inventory, InventoryError> {
        parse(Path::new("pools/prod.toml"), text)
    }

    #[test]
    fn other_pools_are_taken_up_by_their_own_inventories() {
        let mut prod =
            read("[[servers]]\nname = \"m1\"\n[[secondaries]]\ninventory = \"dr.toml\"\n").unwrap();
        assert_eq!(prod.named_pools, [(PoolRole::Secondary, PathBuf::from("pools/dr.toml"))]);
        prod.relate(PoolRole::Secondary, read("[[servers]]\nname = \"l1\"\n").unwrap()).unwrap();
        assert_eq!(prod.hosts().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["m1", "l1"]);
        let same = read("[[servers]]\nname = \"l2\"\n[[servers]]\nname = \"m1\"\n").unwrap();
        let error = prod.relate(PoolRole::Secondary, same).unwrap_err();
        assert_eq!((error.line, error.problem.contains("`m1` is a name")), (Some(4), true), "{error}");
    }
}
