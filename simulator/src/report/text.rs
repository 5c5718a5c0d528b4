//! The report as text: verdict first, then what is wrong, then everything.

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::{Colour, Counts, HostVersions, Report};
use crate::oracle::{Assertion, Verdict};

/// Renders the whole report.
pub(super) fn render(report: &Report, colour: Colour, width: u16) -> String {
    let Report {
        format: _,
        verdict,
        scenario,
        description,
        seed,
        started,
        duration,
        executor,
        versions,
        longest_stall,
        counts,
        judgement,
        notes,
        artifacts,
        repeat,
    } = report;
    let mut text = format!("{}  {scenario}\n", paint(*verdict, colour));
    if !description.is_empty() {
        text += &format!("{description}\n");
    }
    text += "\n";
    let mut facts = vec![
        ("started", started.to_string()),
        ("took", seconds(*duration)),
        ("executor", executor.clone()),
        (
            "longest stall",
            longest_stall.map_or("not known".to_owned(), |stall| format!("{} ms", stall.as_millis())),
        ),
    ];
    let Counts { acknowledged, lost, too_many_out, faults } = counts;
    facts.push((
        "counted",
        format!(
            "{acknowledged} writes acknowledged, {lost} lost; {too_many_out} looks with too many bricks of a set out; \
             {faults} faults struck"
        ),
    ));
    facts.extend(seed.map(|seed| ("seed", seed.to_string())));
    facts.extend(notes.iter().map(|note| ("note", note.clone())));
    let mut table = plain(width);
    for (name, fact) in facts {
        table.add_row([name, &fact]);
    }
    text += &format!("{}\n\n", trimmed(&table));

    text += &versions_table(versions, width);
    text += &assertions(&judgement.assertions, colour, width);
    text += &format!("artifacts  {}\nrepeat     {repeat}\n", artifacts.display());
    text
}

fn versions_table(versions: &[HostVersions], width: u16) -> String {
    if versions.is_empty() {
        return String::new();
    }
    let mut table = plain(width);
    table.set_header(["host", "before", "after"]);
    let show = |release: &Result<String, String>| match release {
        Ok(release) => release.clone(),
        Err(reason) => format!("unknown: {reason}"),
    };
    for HostVersions { host, before, after } in versions {
        table.add_row([host.clone(), show(before), show(after)]);
    }
    format!("{}\n\n", trimmed(&table))
}

/// Lists the assertions by phase; within a phase those that did not pass come first, with both sides on lines of
/// their own, since they are what the reader came for.
pub(super) fn assertions(assertions: &[Assertion], colour: Colour, width: u16) -> String {
    let mut phases: Vec<&str> = Vec::new();
    for assertion in assertions {
        if !phases.contains(&assertion.phase.as_str()) {
            phases.push(&assertion.phase);
        }
    }
    let mut text = String::new();
    for phase in phases {
        let here: Vec<&Assertion> = assertions.iter().filter(|assertion| assertion.phase == phase).collect();
        let count = |verdict: Verdict| here.iter().filter(|assertion| assertion.verdict == verdict).count();
        text += &format!(
            "{phase}: {} passed, {} failed, {} unknown\n",
            count(Verdict::Pass),
            count(Verdict::Fail),
            count(Verdict::Unknown)
        );
        for verdict in [Verdict::Fail, Verdict::Unknown] {
            for Assertion { phase: _, name, subject, verdict, expected, found } in
                here.iter().filter(|assertion| assertion.verdict == verdict)
            {
                text += &format!("  {}  {name}: {subject}\n", paint(*verdict, colour));
                text += &format!("           expected  {expected}\n           found     {found}\n");
            }
        }
        let mut table = plain(width);
        for assertion in here.iter().filter(|assertion| assertion.verdict == Verdict::Pass) {
            let Assertion { phase: _, name, subject, verdict: _, expected: _, found } = assertion;
            table.add_row(["  pass  ", name, subject, found]);
        }
        if !table.is_empty() {
            text += &format!("{}\n", trimmed(&table));
        }
        text += "\n";
    }
    text
}

fn plain(width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// Returns a table without the spaces that it fills its lines up with, and without its own margin.
fn trimmed(table: &Table) -> String {
    let text = table.to_string();
    text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

/// Returns the verdict as a word, in capitals unless it is good, so that it stands out without colour, too.
fn paint(verdict: Verdict, colour: Colour) -> String {
    let (word, code) = match verdict {
        Verdict::Pass => ("PASS   ", "32"),
        Verdict::Unknown => ("UNKNOWN", "33"),
        Verdict::Fail => ("FAIL   ", "31"),
    };
    match colour {
        Colour::On => format!("\u{1b}[{code}m{word}\u{1b}[0m"),
        Colour::Off => word.to_owned(),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{Judge, Judgement};

    fn report() -> Report {
        let mut judge = Judge::new("after the upgrade");
        judge.assert("op-version", "g1", Verdict::Pass, "110000", "110000");
        judge.assert("op-version", "g2", Verdict::Fail, "110000", "100000");
        judge.assert("peers", "g3", Verdict::Unknown, "g1, g2", "g3 not reached");
        let judgement: Judgement = judge.done();
        Report {
            format: super::super::FORMAT,
            verdict: judgement.verdict(),
            scenario: "online-replicated".into(),
            description: "Three servers, rolling.".into(),
            seed: Some(7),
            started: "2026-01-02T03:04:05Z".parse().unwrap(),
            duration: Duration::from_millis(81_240),
            executor: "0, done".into(),
            versions: vec![HostVersions {
                host: "g1".into(),
                before: Ok("10.3".into()),
                after: Err("no route".into()),
            }],
            longest_stall: Some(Duration::from_millis(147)),
            counts: Counts { acknowledged: 90, lost: 1, too_many_out: 0, faults: 2 },
            judgement,
            notes: Vec::new(),
            artifacts: "runs/x".into(),
            repeat: "simulator run scenarios/online-replicated.toml --seed 7".into(),
        }
    }

    #[test]
    fn a_report_reads_well_without_colour() {
        let expected = "\
FAIL     online-replicated
Three servers, rolling.

started        2026-01-02T03:04:05Z
took           81.2 s
executor       0, done
longest stall  147 ms
counted        90 writes acknowledged, 1 lost; 0 looks with too many bricks of a set out; 2 faults
               struck
seed           7

host  before  after
g1    10.3    unknown: no route

after the upgrade: 1 passed, 1 failed, 1 unknown
  FAIL     op-version: g2
           expected  110000
           found     100000
  UNKNOWN  peers: g3
           expected  g1, g2
           found     g3 not reached
  pass    op-version  g1  110000

artifacts  runs/x
repeat     simulator run scenarios/online-replicated.toml --seed 7
";
        assert_eq!(report().render(Colour::Off, 100), expected);
    }

    #[test]
    fn colour_is_never_the_only_carrier() {
        let coloured = report().render(Colour::On, 100);
        let plain = coloured.replace("\u{1b}[31m", "").replace("\u{1b}[33m", "").replace("\u{1b}[0m", "");
        assert_eq!(plain, report().render(Colour::Off, 100));
    }
}
