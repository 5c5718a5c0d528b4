//! From a matrix to the cases that it makes of a scenario.

use std::collections::BTreeSet;

use super::super::Ask;
use super::super::file::{File, Matrix, Pair};
use super::super::file_orders::Order;
use super::super::placed::Placed;
use super::super::sources::{Checked, Sources};
use crate::images::Init;

/// The most cases of one file: they take minutes each.
const CASES_MAX: usize = 64;

/// Returns the scenario of each case, which no longer has a matrix; a scenario without one is its only case.
pub(super) fn cases(sources: &Sources, file: File) -> Checked<Vec<(Option<String>, File)>> {
    let Some(matrix) = &file.matrix else { return Ok(vec![(None, file)]) };
    let at = matrix.at();
    let Matrix { releases, init } = matrix.get_ref();
    if releases.is_none() && init.is_none() {
        let hint = "give it a list, such as releases = [[\"9.2\", \"10.3\"]], or take it out";
        return Err(sources.error(at, "a matrix of nothing: expected `releases` or `init`", hint));
    }
    let pairs = releases.as_ref().map(|releases| pairs(sources, &file, releases)).transpose();
    let inits = init.as_ref().map(|init| inits(sources, init)).transpose();
    let (pairs, inits) = (options(pairs?), options(inits?));
    let count = pairs.len() * inits.len();
    if count > CASES_MAX {
        let problem = format!("a matrix of {count} cases, expected {CASES_MAX} at most");
        return Err(sources.error(at, problem, "make several files of it"));
    }
    let mut cases = Vec::new();
    for pair in &pairs {
        for init in &inits {
            cases.push(case(&file, pair.as_ref(), *init));
        }
    }
    Ok(cases)
}

/// Returns each value to choose, or the choice of none where there is nothing to choose from.
fn options<T>(values: Option<Vec<T>>) -> Vec<Option<T>> {
    values.map_or_else(|| vec![None], |values| values.into_iter().map(Some).collect())
}

/// Returns the pairs of releases. Whether there are such releases is seen where a case is checked.
fn pairs(sources: &Sources, file: &File, releases: &Placed<Vec<Pair>>) -> Checked<Vec<[Placed<String>; 2]>> {
    one_run(sources, file)?;
    let mut pairs = Vec::new();
    let mut seen = BTreeSet::new();
    let mut noted = none(sources, releases.at(), releases.get_ref().is_empty(), "releases");
    for pair in releases.get_ref() {
        let [from, to] = &pair.get_ref()[..] else {
            let problem = format!("expected two releases, from and to, found {}", pair.get_ref().len());
            noted = Err(sources.error(pair.at(), problem, "write a pair, such as [\"9.2\", \"10.3\"]"));
            continue;
        };
        if !seen.insert((from.get_ref(), to.get_ref())) {
            let problem = format!("{} to {} is there twice", from.get_ref(), to.get_ref());
            noted = Err(sources.error(pair.at(), problem, "remove one of the two"));
        }
        pairs.push([from.clone(), to.clone()]);
    }
    noted.map(|()| pairs)
}

fn inits(sources: &Sources, init: &Placed<Vec<Placed<Init>>>) -> Checked<Vec<Init>> {
    let mut inits = Vec::new();
    let mut noted = none(sources, init.at(), init.get_ref().is_empty(), "init");
    for init in init.get_ref() {
        if inits.contains(init.get_ref()) {
            let problem = format!("`{}` is there twice, expected once", init.get_ref());
            noted = Err(sources.error(init.at(), problem, "remove one of the two"));
        }
        inits.push(*init.get_ref());
    }
    noted.map(|()| inits)
}

/// Sees that a list is not empty.
fn none(sources: &Sources, at: usize, is_empty: bool, key: &str) -> Checked<()> {
    if !is_empty {
        return Ok(());
    }
    Err(sources.error(at, format!("no case: `{key}` is empty"), "name one at least, or take the key out"))
}

/// Sees that one order asks to run: which of several a target is meant for, nobody could tell.
fn one_run(sources: &Sources, file: &File) -> Checked<()> {
    let orders = file.orders.get_ref();
    let runs: Vec<&Placed<Order>> = orders.iter().filter(|order| order.get_ref().ask == Ask::Run).collect();
    let hint = "leave one order to `run`, or write each case as a file of its own";
    let (at, found) = match runs[..] {
        [_] => return Ok(()),
        [] => (file.orders.at(), "none".to_owned()),
        [_, second, ..] => (second.at(), runs.len().to_string()),
    };
    let problem = format!("a matrix of releases is for one order to run, found {found}");
    Err(sources.error(at, problem, hint))
}

/// Returns the scenario with these values in their places.
fn case(file: &File, pair: Option<&[Placed<String>; 2]>, init: Option<Init>) -> (Option<String>, File) {
    let mut file = File { matrix: None, ..file.clone() };
    let mut words = Vec::new();
    if let Some([from, to]) = pair {
        words.extend([from.get_ref().clone(), to.get_ref().clone()]);
        file.pool.get_mut().release = Some(from.clone());
        for order in file.orders.get_mut() {
            let order = order.get_mut();
            match order.ask {
                Ask::Run => order.to = Some(to.clone()),
                Ask::Rollback => order.to = Some(from.clone()),
                Ask::Resume | Ask::Finalize => {}
            }
        }
    }
    if let Some(init) = init {
        words.push(init.to_string());
        file.pool.get_mut().init = Some(init);
    }
    (Some(words.join("-")), file)
}
