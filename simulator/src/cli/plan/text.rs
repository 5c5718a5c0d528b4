//! A plan as text: the stage, then what happens on it, then what is expected of it all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::print::columns;
use crate::oracle::{Allowance, Out, Stored};
use crate::scenario::plan::{Plan, PlannedHost, PlannedOrder, PlannedVolume, PlannedWorkload};
use crate::scenario::{Outcome, Which};

/// Renders a plan.
pub(super) fn render(plan: &Plan) -> String {
    let mut text = format!("{}\n{}\n\n", plan.name, plan.about);
    let mut facts = vec![row(["file", &plan.file.display().to_string()])];
    if !plan.tags.is_empty() {
        facts.push(row(["tags", &plan.tags.iter().cloned().collect::<Vec<_>>().join(", ")]));
    }
    facts.push(row(["nodes", &format!("{}, init {}", plan.family, plan.init)]));
    text += &columns(&facts);
    text += &format!("\n{}", hosts(plan));
    for volume in &plan.volumes {
        text += &format!("\n{}", self::volume(volume));
    }
    text += &users(plan);
    text += "\nwhat would happen\n\n";
    for (place, what) in happenings(plan).iter().enumerate() {
        let _ = writeln!(text, "{:>3}  {what}", place + 1);
    }
    let expected = expected(plan);
    if !expected.is_empty() {
        text += &format!("\nexpected of all of it\n\n{expected}");
    }
    text + &format!("\nnext: {}\n", plan.command)
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn hosts(plan: &Plan) -> String {
    let mut rows = vec![row(["host", "what", "starts with", "mounts"])];
    for PlannedHost { name, server_of, release, mounts } in &plan.hosts {
        let what = server_of.map_or("client".to_owned(), |pool| format!("server{}", of(pool)));
        let mounts: Vec<String> = mounts.iter().map(|volume| format!("{volume} at /mnt/{volume}")).collect();
        rows.push(row([name, &what, release, &mounts.join(", ")]));
    }
    columns(&rows)
}

/// Tells the pool, where it is not the one that there always is.
fn of(pool: Which) -> &'static str {
    match pool {
        Which::Pool => "",
        Which::Secondary => " of the secondary",
    }
}

fn volume(volume: &PlannedVolume) -> String {
    let PlannedVolume { name, pool, kind, sets, options } = volume;
    let mut text = format!("volume {name}{}: {kind}, {}\n", of(*pool), counted(sets.len(), "set"));
    let mut rows = Vec::new();
    for (place, set) in sets.iter().enumerate() {
        let mut cells = vec![format!("  set {}", place + 1)];
        cells.extend(set.iter().map(|brick| {
            let arbiter = if brick.arbiter { " (arbiter)" } else { "" };
            format!("{}:{}{arbiter}", brick.server, brick.path)
        }));
        rows.push(cells);
    }
    text += &columns(&rows);
    for (option, value) in options {
        let _ = writeln!(text, "  option  {option} = {value}");
    }
    text
}

fn users(plan: &Plan) -> String {
    let mut rows = Vec::new();
    for session in &plan.sessions {
        rows.push(row(["geo-replication", &format!("{} to {}", session.primary, session.secondary)]));
    }
    for application in &plan.applications {
        let what = format!("{} on {} uses {}", application.program, application.host, application.volume);
        rows.push(row(["application", &what]));
    }
    if rows.is_empty() { String::new() } else { format!("\n{}", columns(&rows)) }
}

fn counted(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

/// Returns what would happen, each with its details on further lines.
fn happenings(plan: &Plan) -> Vec<String> {
    let servers = plan.hosts.iter().filter(|host| host.server_of.is_some()).count();
    let clients = plan.hosts.len() - servers;
    let far = plan.hosts.iter().any(|host| host.server_of == Some(Which::Secondary));
    let come = if far { "both pools come up" } else { "the pool comes up" };
    let mut happenings = vec![format!(
        "{come}, with {} and {}; the oracle notes how all of it is",
        counted(servers, "server"),
        counted(clients, "client"),
    )];
    happenings.extend(plan.orders.iter().map(|order| self::order(order, plan.workload.as_ref())));
    if plan.restarted {
        happenings.push("every server loses its power at once, comes back, and is judged again".to_owned());
    }
    if plan.asked_again {
        happenings
            .push("the executor is asked for the same once more, and must find nothing to do".to_owned());
    }
    happenings
}

fn order(order: &PlannedOrder, workload: Option<&PlannedWorkload>) -> String {
    let words: Vec<&str> =
        std::iter::once(order.ask.word()).chain(order.arguments.iter().map(String::as_str)).collect();
    let on = match order.on {
        Which::Pool => "",
        Which::Secondary => ", on the secondary",
    };
    let mut rows: Vec<Vec<String>> = order.before.iter().map(|deed| row(["before", deed])).collect();
    if let Some(workload) = workload {
        let offline = order.arguments.iter().any(|word| word == "--offline");
        rows.push(row(["client", &writes(workload, offline)]));
    }
    if order.killed_at_every_event {
        let what = "as soon as it tells an event for the first time, and resumed, until it ends";
        rows.push(row(["killed", what]));
    }
    for fault in &order.faults {
        rows.push(row(["fault", &format!("{}: {}", fault.cue, fault.deed)]));
    }
    rows.push(row(["expected", &ending(order)]));
    let details = columns(&rows);
    let details: Vec<String> = details.lines().map(|line| format!("       {line}")).collect();
    format!("executor {}{on}\n{}", words.join(" "), details.join("\n"))
}

fn writes(workload: &PlannedWorkload, offline: bool) -> String {
    let PlannedWorkload { client, volumes, operations_per_second, stops_for_downtime } = workload;
    let volumes = volumes.join(", ");
    let pace = format!("at most {operations_per_second} operations a second");
    if offline && *stops_for_downtime {
        format!(
            "{client} has written to {volumes}, {pace}, and has unmounted it; after the upgrade it goes on"
        )
    } else {
        format!("{client} writes to {volumes}, {pace}")
    }
}

/// Returns how the executor ends, and how the pool stands then.
fn ending(order: &PlannedOrder) -> String {
    let mut text = format!("exit code {}, {}", order.exit_code, order.outcome.word());
    if !order.findings.is_empty() {
        let findings: Vec<&str> = order.findings.iter().map(String::as_str).collect();
        text += &format!(" with {}", findings.join(", "));
    }
    if !order.may_find.is_empty() {
        let besides: Vec<&str> = order.may_find.iter().map(String::as_str).collect();
        text += &format!(", and perhaps {}", besides.join(", "));
    }
    if let Some(says) = &order.says {
        text += &format!(", saying \"{says}\"");
    }
    if order.outcome == Outcome::Refused {
        text += "; nothing is changed";
    }
    let mut at: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (host, release) in order.releases.iter().chain(&order.clients) {
        at.entry(release).or_default().push(host);
    }
    let at = at.iter().map(|(release, hosts)| format!("{} at {release}", hosts.join(", ")));
    let mut stands: Vec<String> = at.collect();
    stands.extend(order.op_version.map(|op_version| format!("op-version {op_version}")));
    for (server, out) in &order.out {
        stands.push(match out {
            Out::Down => format!("{server} without power"),
            Out::NotServing => format!("no brick of {server} serving"),
        });
    }
    format!("{text}; {}", stands.join("; "))
}

fn expected(plan: &Plan) -> String {
    let mut lines = Vec::new();
    if plan.orders.len() > 1 {
        lines.push("  a call of the executor that does not end as expected is the last".to_owned());
    }
    if plan.workload.is_some() {
        lines.push("  every acknowledged write is found again, byte for byte".to_owned());
        lines
            .push(format!("  no operation of the client takes longer than {} s", plan.longest_stall_seconds));
    }
    match plan.stored {
        Stored::Alike => {}
        Stored::Differing => {
            lines.push("  at a halt the servers have stored the volumes differently".to_owned());
        }
    }
    for Allowance { option, value, reason } in &plan.lost_options {
        lines.push(format!("  {option} = {value} may be gone: {reason}"));
    }
    if let Some(why) = &plan.old_names {
        lines.push(format!("  a renamed file may be on the secondary by its old name: {why}"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;
    use crate::images::Catalog;
    use crate::scenario::Scenario;

    /// Renders a scenario of the project as it is called from its root.
    fn rendered(name: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let catalog = Catalog::load(&root.join("images")).unwrap();
        let path = Path::new("scenarios").join(name);
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let scenarios = Scenario::parse(&path, &text, &catalog).unwrap();
        scenarios.iter().map(|scenario| render(&scenario.plan(&catalog))).collect()
    }

    #[rstest]
    #[case::writes_through("online-replicated")]
    #[case::downtime("offline-dispersed")]
    #[case::refused("offline-refused-online")]
    #[case::fault_and_resume("faults/disk-full")]
    #[case::two_pools("long/geo-replication")]
    #[case::several_sets_and_an_arbiter("long/online-shapes")]
    #[case::applications("long/gfapi-application")]
    #[case::killed("long/killed")]
    #[case::way_back("long/rollback")]
    #[case::halted("hazards/peer-rejected")]
    fn plans(#[case] name: &str) {
        insta::assert_snapshot!(
            format!("plan-{}", name.replace('/', "-")),
            rendered(&format!("{name}.toml"))
        );
    }
}
