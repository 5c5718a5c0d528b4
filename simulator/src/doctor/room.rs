//! Judgements on what is on the engine already: networks, and what earlier runs left.

use jiff::Timestamp;

use super::text::age;
use super::{EngineFacts, Grade, Look, MachineFacts, Need};
use crate::engine::{RANGES_VARIABLE, RunFound, Standing};

/// So few free subnets are soon none.
const FEW: usize = 4;

pub(super) fn networks(engine: &EngineFacts, machine: &MachineFacts, _: Need) -> Look {
    let name = "networks";
    let ranges = &engine.ranges;
    let subnets = match &engine.subnets {
        Ok(subnets) => subnets,
        Err(why) => return Look::unknown(name, format!("the engine's networks cannot be seen: {why}")),
    };
    let routes = machine.routes.as_ref().map(Vec::as_slice).unwrap_or_default();
    let free = ranges.free(&[subnets.as_slice(), routes].concat()).count();
    let found = format!("{free} of {} subnets are free in {ranges}", ranges.count());
    let remedy = format!("name a range that nothing else uses, such as {RANGES_VARIABLE}=10.87.0.0/16");
    match (free, &machine.routes) {
        (0, _) => Look::bad(Grade::Failure, name, found, remedy),
        (1..FEW, _) => Look::bad(Grade::Warning, name, found, remedy),
        (FEW.., Err(why)) => Look::unknown(
            name,
            format!("{found}, as far as the engine's networks go; this machine's routes: {why}"),
        ),
        (FEW.., Ok(_)) => Look::ok(name, found),
    }
}

pub(super) fn leftovers(engine: &EngineFacts, machine: &MachineFacts, _: Need) -> Look {
    let name = "leftovers";
    let runs = match &engine.runs {
        Ok(runs) => runs,
        Err(why) => return Look::unknown(name, format!("what is on the engine cannot be seen: {why}")),
    };
    let with = |standing: Standing| -> Vec<String> {
        let some = runs.iter().filter(|run| run.standing() == standing);
        some.map(|run| words(run, machine.now)).collect()
    };
    let left = with(Standing::LeftOver);
    let others = [
        ("live", with(Standing::Live)),
        ("kept", with(Standing::Kept)),
        ("of other machines", with(Standing::Elsewhere)),
    ];
    let others: Vec<String> = others
        .into_iter()
        .filter(|(_, runs)| !runs.is_empty())
        .map(|(word, runs)| format!("{word}: {}", runs.join("; ")))
        .collect();
    let found = |first: String| std::iter::once(first).chain(others).collect::<Vec<_>>().join("; ");
    if left.is_empty() {
        return Look::ok(name, found("none".to_owned()));
    }
    let found = found(format!("left by runs whose process is gone: {}", left.join("; ")));
    Look::bad(Grade::Warning, name, found, "simulator clean")
}

/// Returns a run in words.
fn words(run: &RunFound, now: Timestamp) -> String {
    let RunFound { id, scenario, owner: _, kept: _, folder: _, begun, hosts, networks, volumes } = run;
    format!(
        "{id} ({scenario}, {}; containers: {}, networks: {networks}, volumes: {volumes})",
        age(*begun, now),
        hosts.len()
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::facts::testing::{engine, machine};
    use super::*;
    use crate::engine::{Kept, OwnerState};

    #[rstest]
    #[case::enough("10.213.0.0/16", "172.17.0.0/16", Ok(""), Grade::Ok, "256 of 256")]
    #[case::one_taken("10.213.0.0/16", "10.213.0.0/24", Ok(""), Grade::Ok, "255 of 256")]
    #[case::a_route("10.213.0.0/16", "", Ok("10.213.0.0/17"), Grade::Ok, "128 of 256")]
    #[case::few("10.213.0.0/22", "10.213.1.0/24", Ok(""), Grade::Warning, "3 of 4")]
    #[case::none("10.213.0.0/16", "", Ok("10.0.0.0/8"), Grade::Failure, "0 of 256")]
    #[case::none_unseen("10.213.0.0/24", "10.213.0.0/25", Err("no such file"), Grade::Failure, "0 of 1")]
    #[case::unseen("10.213.0.0/16", "", Err("no such file"), Grade::Unknown, "routes: no such file")]
    fn free_networks(
        #[case] ranges: &str,
        #[case] subnets: &str,
        #[case] routes: Result<&str, &str>,
        #[case] grade: Grade,
        #[case] says: &str,
    ) {
        let nets = |text: &str| text.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let engine = EngineFacts { ranges: ranges.parse().unwrap(), subnets: Ok(nets(subnets)), ..engine() };
        let machine = MachineFacts { routes: routes.map(nets).map_err(str::to_owned), ..machine() };
        let look = networks(&engine, &machine, Need::USUAL);
        assert_eq!(look.grade, grade, "{look:?}");
        assert!(look.found.contains(says), "{look:?}");
    }

    fn run(id: &str, owner: OwnerState, kept: Option<Kept>) -> RunFound {
        RunFound {
            id: id.to_owned(),
            scenario: "online".to_owned(),
            owner,
            kept,
            folder: None,
            begun: Some(Timestamp::from_second(1_800_000_000 - 3 * 3600).unwrap()),
            hosts: Vec::new(),
            networks: 1,
            volumes: 3,
        }
    }

    #[test]
    fn what_is_left_over_is_told_with_its_age_and_what_removes_it() {
        let runs = vec![
            run("gu-1", OwnerState::Gone, None),
            run("gu-2", OwnerState::Gone, Some(Kept::ByHand)),
            run("gu-3", OwnerState::Alive, None),
            run("gu-4", OwnerState::Unknown, None),
        ];
        let look = leftovers(&EngineFacts { runs: Ok(runs), ..engine() }, &machine(), Need::USUAL);
        assert_eq!((look.grade, look.remedy.as_deref()), (Grade::Warning, Some("simulator clean")));
        let left = "gone: gu-1 (online, 3 h old; containers: 0, networks: 1, volumes: 3); live: gu-3";
        assert!(look.found.contains(left), "{look:?}");
        assert!(
            look.found.contains("kept: gu-2") && look.found.contains("of other machines: gu-4"),
            "{look:?}"
        );
    }

    #[rstest]
    #[case::kept(run("gu-2", OwnerState::Gone, Some(Kept::ByHand)))]
    #[case::live(run("gu-3", OwnerState::Alive, Some(Kept::Always)))]
    #[case::elsewhere(run("gu-4", OwnerState::Unknown, None))]
    fn nothing_else_is_left_over(#[case] run: RunFound) {
        let id = run.id.clone();
        let look = leftovers(&EngineFacts { runs: Ok(vec![run]), ..engine() }, &machine(), Need::USUAL);
        assert_eq!(look.grade, Grade::Ok);
        assert!(look.found.starts_with("none; ") && look.found.contains(&id), "{look:?}");
    }

    #[test]
    fn what_cannot_be_listed_is_not_nothing() {
        let engine = EngineFacts { runs: Err("no answer".to_owned()), ..engine() };
        assert_eq!(leftovers(&engine, &machine(), Need::USUAL).grade, Grade::Unknown);
    }
}
