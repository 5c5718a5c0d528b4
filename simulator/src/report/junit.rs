//! JUnit XML, for those who gather what tests found: an assertion is a test case.

use std::io;
use std::path::{Path, PathBuf};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Report, ReportError};
use crate::oracle::{Assertion, Verdict};
use crate::printable::printable;

/// The name of what all suites are in.
const NAME: &str = "simulator";

/// The document of all scenarios of one call: written anew with each, so that a call that dies leaves what it knew.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    suites: Vec<TestSuite>,
}

impl Junit {
    /// Begins the document, empty: a place where it cannot be is known before anything is run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(path: &Path) -> Result<Self, ReportError> {
        let junit = Self { path: path.to_owned(), suites: Vec::new() };
        junit.write()?;
        Ok(junit)
    }

    /// Adds a scenario that has a report.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, report: &Report) -> Result<(), ReportError> {
        self.suites.push(suite(report));
        self.write()
    }

    /// Adds a scenario that could not be judged, and why.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add_unjudged(&mut self, scenario: &str, why: &str) -> Result<(), ReportError> {
        self.suites.push(unjudged(&printable(scenario), &printable(why)));
        self.write()
    }

    fn write(&self) -> Result<(), ReportError> {
        let cannot = |source| ReportError::Write { path: self.path.clone(), source };
        let text = document(self.suites.clone()).map_err(io::Error::other).map_err(cannot)?;
        std::fs::write(&self.path, text).map_err(cannot)
    }
}

/// Renders one run.
///
/// # Errors
/// Never, unless XML cannot be written to memory.
pub(super) fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    document(vec![suite(report)])
}

fn document(suites: Vec<TestSuite>) -> Result<String, quick_junit::SerializeError> {
    let mut document = quick_junit::Report::new(NAME);
    document.add_test_suites(suites);
    document.to_string()
}

fn suite(report: &Report) -> TestSuite {
    // The library drops what XML cannot hold; written out, it can be read.
    let report = report.printable();
    let mut suite = TestSuite::new(report.scenario.as_str());
    // Its type of a time is another library's, which reads what ours writes.
    suite.timestamp = report.started.to_string().parse().ok();
    suite.set_time(report.duration);
    let seed = report.seed.map(|seed| seed.to_string());
    let properties = [
        ("verdict", Some(report.verdict.to_string())),
        ("executor", Some(report.executor.clone())),
        ("seed", seed),
        ("artifacts", Some(report.artifacts.display().to_string())),
        ("repeat", Some(report.repeat.clone())),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            suite.add_property((name, value.as_str()));
        }
    }
    if !report.notes.is_empty() {
        suite.set_system_out(report.notes.join("\n"));
    }
    suite.add_test_cases(
        report.judgement.assertions.iter().map(|assertion| case(&report.scenario, assertion)),
    );
    suite
}

fn case(scenario: &str, assertion: &Assertion) -> TestCase {
    let Assertion { phase, name, subject, verdict, expected, found } = assertion;
    let status = match verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => not_passed(NonSuccessKind::Failure, "fail", expected, found),
        Verdict::Unknown => not_passed(NonSuccessKind::Error, "unknown", expected, found),
    };
    let mut case = TestCase::new(format!("{name}: {subject}"), status);
    case.set_classname(format!("{scenario}: {phase}"));
    case
}

fn not_passed(kind: NonSuccessKind, verdict: &str, expected: &str, found: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(verdict);
    status.set_message(format!("expected {expected}; found {found}"));
    status.set_description(format!("expected  {expected}\nfound     {found}"));
    status
}

fn unjudged(scenario: &str, why: &str) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("unknown");
    status.set_message("it could not be judged");
    status.set_description(why);
    let mut case = TestCase::new("it could be judged", status);
    case.set_classname(scenario);
    let mut suite = TestSuite::new(scenario);
    suite.add_test_case(case);
    suite
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use super::*;
    use crate::report::testing::{HOSTILE, hostile, report};

    fn find<'a>(node: Node<'a, 'a>, name: &str) -> Vec<Node<'a, 'a>> {
        node.descendants().filter(|node| node.has_tag_name(name)).collect()
    }

    fn attribute<'a>(node: Node<'a, 'a>, name: &str) -> &'a str {
        node.attribute(name).unwrap_or_else(|| panic!("no {name} at {node:?}"))
    }

    #[test]
    fn an_assertion_is_a_test_case() {
        let text = render(&report()).unwrap();
        let document = Document::parse(&text).unwrap();
        let suites = find(document.root(), "testsuite");
        let [suite] = suites[..] else { panic!("{text}") };
        let count = |name| attribute(suite, name);
        assert_eq!(["name", "tests", "failures", "errors"].map(count), ["online-replicated", "5", "1", "1"]);
        assert!(count("timestamp").starts_with("2026-01-02T03:04:05"), "{text}");
        assert_eq!(find(suite, "testcase").len(), 5);
        let failures = find(suite, "failure");
        let [failure] = failures[..] else { panic!("{text}") };
        assert_eq!(failure.text(), Some("expected  110000\nfound     100000"));
        let case = failure.parent().unwrap();
        assert_eq!(attribute(case, "name"), "op-version: g2");
        assert_eq!(attribute(case, "classname"), "online-replicated: after the upgrade");
        let errors = find(suite, "error");
        let [error] = errors[..] else { panic!("{text}") };
        assert_eq!(attribute(error, "message"), "expected g1, g2; found g3 not reached");
    }

    #[test]
    fn no_text_from_outside_breaks_the_xml() {
        let text = render(&hostile()).unwrap();
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let failure = find(document.root(), "failure")[0];
        let case = failure.parent().unwrap();
        let shown = printable(HOSTILE);
        assert!(attribute(case, "name").contains(&shown.replace('\n', " ")), "{text}");
        assert!(failure.text().unwrap().contains(&shown), "{text}");
        assert_eq!(find(document.root(), "testcase").len(), 5, "{text}");
    }

    #[test]
    fn a_call_of_several_scenarios_is_one_document_that_is_there_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.xml");
        let read = || std::fs::read_to_string(&path).unwrap();
        let mut junit = Junit::begin(&path).unwrap();
        assert!(Document::parse(&read()).unwrap().root_element().has_tag_name("testsuites"));
        junit.add(&report()).unwrap();
        junit.add_unjudged("other", "the engine \u{1b}[31m went away").unwrap();
        let text = read();
        let document = Document::parse(&text).unwrap();
        let suites: Vec<&str> =
            find(document.root(), "testsuite").into_iter().map(|suite| attribute(suite, "name")).collect();
        assert_eq!(suites, ["online-replicated", "other"]);
        let error = find(document.root(), "error").pop().unwrap();
        assert_eq!(error.text(), Some("the engine \\u{1b}[31m went away"));
    }

    #[test]
    fn a_place_where_it_cannot_be_is_known_at_once() {
        let error = Junit::begin(Path::new("/nonexistent/all.xml")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/all.xml"), "{error}");
    }
}
