//! Tests of pages: what is shown, what is missing, and what nobody may do to a reader.

use std::path::Path;

use super::*;
use crate::report::Index;
use crate::report::testing::{HOSTILE, hostile, recorded_run, report, write_run};

fn page(folder: &Path) -> String {
    Recorded::read(folder).unwrap().page()
}

/// A copy of the recorded run that a test may break.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), &report(), "");
    folder
}

/// Returns the elements of a page in order, without what they hold.
fn elements(page: &str) -> Vec<&str> {
    let name =
        |rest: &'_ str| rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '/').unwrap_or(0);
    page.split('<').skip(1).map(|rest| &rest[..name(rest)]).collect()
}

#[test]
fn the_page_of_the_recorded_run() {
    insta::assert_snapshot!("page", page(&recorded_run()));
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = page(&recorded_run());
    for part in
        ["http:", "https:", "url(", "@import", "src=", "<script", "<link", "<iframe", "<form", "javascript:"]
    {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.contains(POLICY), "a browser is told so, too");
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("width=device-width"));
}

#[test]
fn every_link_leads_to_a_step_or_to_a_file_beside_the_page() {
    let page = page(&recorded_run());
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.contains(&"./hosts/g1/log/glusterfs/glusterd.log"), "{links:?}");
    for link in &links {
        match link.strip_prefix('#') {
            Some(id) => assert!(page.contains(&format!("id=\"{id}\"")), "{link}"),
            None => assert!(recorded_run().join(link).is_file(), "{link}"),
        }
    }
}

#[test]
fn a_hostile_run_has_the_elements_of_a_harmless_one_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), &hostile(), HOSTILE);
    let harmless = tempfile::tempdir().unwrap();
    // A tail that is as long, so that the same bars have room for the same words.
    write_run(harmless.path(), &report(), &"x".repeat(HOSTILE.len()));
    let (page, harmless) = (page(folder.path()), page(harmless.path()));
    assert_eq!(elements(&page), elements(&harmless));
    assert!(page.chars().all(|char| char == '\n' || !char.is_control()), "no control character is left");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{ffff}'));
    let shown = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;&quot; onload='x' &amp;lt; ]]&gt;";
    // Scenario, finding, file, fault, release, note: each from another source.
    assert!(page.matches(shown).count() > 20, "{}", page.matches(shown).count());
    assert!(page.contains("\\u{1b}[2J\\u{0}\\u{7}\\u{9b}31m\\u{202e}gnp"));
}

#[test]
fn a_file_of_a_hostile_name_is_a_link_to_that_file() {
    let folder = copy();
    let name = "javascript:alert(1)\"><script>x %2e\u{202e}.log";
    std::fs::write(folder.path().join(name), "").unwrap();
    let page = page(folder.path());
    assert!(
        page.contains("href=\"./javascript%3Aalert%281%29%22%3E%3Cscript%3Ex%20%252e%E2%80%AE.log\""),
        "{page}"
    );
    assert!(!page.contains("<script"));
}

#[test]
fn the_plot_and_the_timeline_have_what_happened() {
    let page = page(&recorded_run());
    let path = page.split("class=\"latency\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(path.matches('M').count() > 40, "{path}");
    assert_eq!(page.matches("class=\"stall\"").count(), 1);
    assert_eq!(page.matches("class=\"failed\"").count(), 1);
    assert!(page.contains("4.2 s on d01/f000038, acknowledged"));
    assert!(page.contains("310 ms on d01/f000045, failed: ENOTCONN in fsync"));
    for lane in ["g1", "g2", "g3"] {
        assert!(page.contains(&format!("<title>{lane}</title>{lane}</text>")), "{lane}");
    }
    assert!(page.contains(
        "F1: power off (host g3), while start_gluster on g2 waits for HEAL_PENDING: it has no power"
    ));
    assert_eq!(page.matches("class=\"out\"").count(), 3, "g1, g2 and g3 were out");
    assert_eq!(page.matches("class=\"unseen\"").count(), 1);
}

#[rstest::rstest]
#[case::report("report.json", "no report.json: it is not there. The run did not come to its end.")]
#[case::events(
    "executor.events.jsonl",
    "no events: the executor was not called, or its events were not kept"
)]
#[case::workload("workload.jsonl", "no plot: no client wrote")]
#[case::samples("samples.json", "no samples: nobody watched the bricks")]
fn what_is_missing_is_told_in_its_place(#[case] file: &str, #[case] says: &str) {
    let folder = copy();
    assert!(!page(folder.path()).contains(says), "{file} is there");
    std::fs::remove_file(folder.path().join(file)).unwrap();
    let page = page(folder.path());
    assert!(page.contains(&format!("<p class=\"missing\">{says}</p>")), "{page}");
}

#[rstest::rstest]
#[case::report("report.json", "no report.json: it cannot be read: ")]
#[case::events(
    "executor.events.jsonl",
    "executor.events.jsonl: line 1: expected value at line 1 column 1: \u{fffd}PNG"
)]
#[case::workload("workload.jsonl", "workload.jsonl: it tells of no operation")]
#[case::samples("samples.json", "samples.json: it cannot be read: ")]
#[case::faults("faults.jsonl", "faults.jsonl: line 1: expected value")]
fn what_is_broken_is_told_in_its_place(#[case] file: &str, #[case] says: &str) {
    let folder = copy();
    std::fs::write(folder.path().join(file), b"\x89PNG\r\n\x1a\n\x00").unwrap();
    let page = page(folder.path());
    assert!(page.contains(&format!("<p class=\"missing\">{says}")), "{page}");
}

#[test]
fn a_folder_with_nothing_in_it_has_a_page_too() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    for says in ["no report.json: it is not there", "no timeline", "no plot", "no events"] {
        assert!(page.contains(says), "{says}: {page}");
    }
}

#[test]
fn the_index_has_all_runs_newest_first_and_says_what_is_missing() {
    let runs = tempfile::tempdir().unwrap();
    let run = |name: &str, change: &dyn Fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        write_run(&runs.path().join(name), &report, "");
        Recorded::read(&runs.path().join(name)).unwrap().write_page(&runs.path().join(name)).unwrap();
    };
    run("20260102T030405Z-online-replicated", &|_| {});
    run("20260103T030405Z-passed", &|report| {
        report.scenario = "passed".into();
        report.verdict = Verdict::Pass;
        report.started = "2026-01-03T03:04:05Z".parse().unwrap();
        report.longest_stall = None;
        report.versions.truncate(2);
    });
    run("20260101T030405Z-hostile", &|report| {
        *report = Report { started: "2026-01-01T03:04:05Z".parse().unwrap(), ..hostile() }
    });
    std::fs::create_dir(runs.path().join("20260104T030405Z-died")).unwrap();
    std::os::unix::fs::symlink("20260103T030405Z-passed", runs.path().join("latest")).unwrap();
    std::fs::write(runs.path().join("index.html"), "old").unwrap();

    let index = Index::read(runs.path()).unwrap();
    let page = std::fs::read_to_string(index.write().unwrap()).unwrap();
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let expected = [
        "./20260104T030405Z-died",
        "./20260103T030405Z-passed/report.html",
        "./20260102T030405Z-online-replicated/report.html",
        "./20260101T030405Z-hostile/report.html",
    ];
    assert_eq!(links, expected);
    assert!(links.iter().all(|link| runs.path().join(link).exists()));
    assert!(page.contains("4 runs, the newest first: 1 passed, 2 failed, 1 unknown"), "{page}");
    assert!(page.contains("10.3 → 11.1") && page.contains("4200 ms") && page.contains("1m 21s"), "{page}");
    assert!(page.contains("2026-01-04 03:04:05"), "the name of the folder has the time");
    assert!(page.contains("no report.json: it is not there"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
}
