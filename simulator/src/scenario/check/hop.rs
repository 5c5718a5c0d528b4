//! Releases that are asked for in place of those that a file has.

use super::super::file::{File, Matrix};
use super::super::placed::Placed;
use super::super::sources::{Checked, Noted, Sources};
use super::super::{Ask, Hop};
use crate::images::Catalog;

/// Puts the releases that are asked for in the place of the file's: as if its matrix had this one pair of them.
pub(super) fn apply(sources: &Sources, file: &mut File, hop: &Hop, catalog: &Catalog) -> Checked<()> {
    if hop.is_empty() {
        return Ok(());
    }
    let pool = file.pool.get_ref();
    let (place, at) = (file.pool.span(), file.pool.at());
    // Of a family that nobody knows, nobody knows the releases; it is told of where the scenario is checked.
    let family = catalog.families.iter().find(|family| family.name == *pool.family.get_ref());
    let mut noted = Ok(());
    for release in hop.from.iter().chain(&hop.to) {
        if let Some(family) = family.filter(|family| family.release(release).is_err()) {
            let versions = family.versions().join(", ");
            let problem = format!("no release `{release}`, which is asked for: expected one of {versions}");
            noted =
                Err(sources.error(at, problem, "`simulator images list` shows the releases of each family"));
        }
    }
    let own_from = pool.release.as_ref().map(|release| release.get_ref().clone());
    let runs = file.orders.get_ref().iter().map(Placed::get_ref).filter(|order| order.ask == Ask::Run);
    let own_to = runs.filter_map(|order| order.to.as_ref()).map(|to| to.get_ref().clone()).next();
    let (Some(from), Some(to)) = (hop.from.clone().or(own_from), hop.to.clone().or(own_to)) else {
        let problem = "one release is asked for, and the file has none for the other end of the upgrade";
        return Err(sources.error(at, problem, "name both, with --from and --to"));
    };
    noted?;
    let placed = |release| Placed::new(place.clone(), release);
    let pair = Placed::new(place.clone(), vec![placed(from), placed(to)]);
    let init = file.matrix.as_ref().and_then(|matrix| matrix.get_ref().init.clone());
    let matrix = Matrix { releases: Some(Placed::new(place.clone(), vec![pair])), init };
    file.matrix = Some(Placed::new(place, matrix));
    Ok::<(), Noted>(())
}
