//! What a file looks like: its length, its functions' length, and words that have no place in it.

use std::path::Path;

use crate::source::Source;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Returns a file, and functions in it, too long to be read at once.
pub(crate) fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let file = (lines > FILE_LINES_MAX)
        .then(|| source.at(FILE_LINES_MAX + 1, format!("{lines} lines, more than {FILE_LINES_MAX}")));
    let functions = source.functions.iter().filter(|found| found.lines > FUNCTION_LINES_MAX).map(|found| {
        let what = format!("fn {} has {} lines, more than {FUNCTION_LINES_MAX}", found.what, found.lines);
        source.at(found.line, what)
    });
    file.into_iter().chain(functions).collect()
}

/// Returns where code other than tests may panic on purpose.
pub(crate) fn panics(source: &Source) -> Vec<String> {
    let banned = [".unwrap", ".expect", "panic!"];
    let calls = source.calls.iter().filter(|found| !found.test && banned.contains(&found.what.as_str()));
    calls.map(|found| source.at(found.line, format!("{} outside tests", found.what))).collect()
}

/// Returns where a match in the core lets new variants through unseen, without a comment that says why.
pub(crate) fn wildcards(source: &Source) -> Vec<String> {
    if !source.path.starts_with("executor/src/core") {
        return Vec::new();
    }
    let arms = source
        .calls
        .iter()
        .filter(|found| found.what == "_ =>" && !found.test && !source.line(found.line).contains("//"));
    arms.map(|found| source.at(found.line, "`_ =>` hides variants: name them, or say why in a comment"))
        .collect()
}

/// Returns where a lint is silenced for good.
pub(crate) fn allowed(source: &Source) -> Vec<String> {
    let found = source.attributes.iter().filter(|found| found.what == "#allow");
    found.map(|found| source.at(found.line, "`allow`: use `expect` with a reason")).collect()
}

/// Returns the lines of any text that put work off.
pub(crate) fn put_off(path: &Path, text: &str) -> Vec<String> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    lines_with(path, text, |line| marks.iter().copied().find(|mark| line.contains(mark)))
}

/// Returns the lines of any text that name the host of a package registry, or a place on a developer's machine.
pub(crate) fn foreign(path: &Path, text: &str) -> Vec<String> {
    let hosts = [
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("npmjs", ".org"),
        concat!("rubygems", ".org"),
        concat!("proxy.golang", ".org"),
        concat!("ghcr", ".io"),
        concat!("quay", ".io"),
        concat!("registry-1.", "docker"),
        concat!("hub.docker", ".com"),
        concat!("deb.debian", ".org"),
        concat!("archive.ubuntu", ".com"),
    ];
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    // A node's own: that is where root's keys are on any host.
    let nodes = concat!("/ro", "ot/.ssh");
    lines_with(path, text, |line| {
        let host = hosts.iter().copied().find(|host| line.contains(host));
        let without = line.replace(nodes, "");
        host.or_else(|| folders.iter().copied().find(|folder| names_folder(&without, folder)))
    })
}

/// Whether a line has this absolute path, rather than one that goes through a folder of that name.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-$}".contains(c))
    })
}

fn lines_with<'a>(path: &Path, text: &str, find: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| find(line).map(|what| format!("{}:{}: {what}", path.display(), at + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{lines_of, source};
    use rstest::rstest;

    #[test]
    fn length_can_fail() {
        let body = "    f();\n";
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", body.repeat(lines - 2));
        let judged = |text: &str| lines_of(&too_long(&source("simulator/src/a.rs", text)));
        assert_eq!(judged(&function(70)), [0; 0]);
        assert_eq!(judged(&format!("\n{}", function(71))), [2]);
        assert_eq!(judged(&"// A line.\n".repeat(400)), [0; 0]);
        assert_eq!(judged(&"// A line.\n".repeat(401)), [401]);
    }

    #[rstest]
    #[case::unwrap("fn f() { g().unwrap(); }", &[1])]
    #[case::expect("fn f() {\n g()\n .expect(\"it\"); }", &[3])]
    #[case::in_a_macro("fn f() { println!(\"{}\", g().unwrap()); }", &[1])]
    #[case::panic("fn f() { panic!(\"no\"); }", &[1])]
    #[case::panic_in_a_macro("fn f() { select! { () => panic!(\"no\") } }", &[1])]
    #[case::other_words("/// Never `.unwrap()`.\nfn unwrap() { g().unwrap_or(\".unwrap()\"); }", &[])]
    #[case::test("#[test]\nfn f() { g().unwrap(); }", &[])]
    #[case::async_test("#[tokio::test]\nasync fn f() { g().unwrap(); }", &[])]
    #[case::test_module("#[cfg(any(test, feature = \"testing\"))]\nmod t { fn f() { panic!() } }", &[])]
    #[case::not_test("#[cfg(not(test))]\nmod t { fn f() { panic!() } }", &[2])]
    fn panics_can_fail(#[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(lines_of(&panics(&source("executor/src/a.rs", text))), expected);
    }

    #[rstest]
    #[case::hidden("fn f() { match a {\n A::B => 1,\n _ => 2 } }", &[3])]
    #[case::said_why("fn f() { match a {\n A::B => 1,\n _ => 2, // Theirs, and non-exhaustive.\n} }", &[])]
    #[case::slices("fn f() { match a {\n [b] => 1,\n _ => 2 } }", &[])]
    #[case::texts("fn f() { match a {\n \"b\" => 1,\n _ => 2 } }", &[])]
    #[case::test("#[cfg(test)] mod t { fn f() { match a { A::B => 1, _ => 2 } } }", &[])]
    fn wildcards_can_fail(#[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(lines_of(&wildcards(&source("executor/src/core/a.rs", text))), expected);
        assert_eq!(lines_of(&wildcards(&source("executor/src/cli/a.rs", text))), [0; 0]);
    }

    #[rstest]
    #[case::outer("#[allow(dead_code)]\nfn f() {}", &[1])]
    #[case::inner("#![allow(dead_code)]", &[1])]
    #[case::conditional("#[cfg_attr(test, allow(dead_code))]\nfn f() {}", &[1])]
    #[case::expected("#[expect(dead_code, reason = \"allow(it)\")]\nfn f() {}", &[])]
    fn silenced_lints_can_fail(#[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(lines_of(&allowed(&source("executor/src/a.rs", text))), expected);
    }

    #[test]
    fn work_put_off_can_fail() {
        let text = format!("fine\n# {}: later\n// {}\n", concat!("TO", "DO"), concat!("FIX", "ME"));
        assert_eq!(lines_of(&put_off(Path::new("a"), &text)), [2, 3]);
    }

    #[rstest]
    #[case(concat!("see https://", "crates", ".io/x"), true)]
    #[case(concat!("path = \"/wo", "rk/x\""), true)]
    #[case(concat!("cd /ho", "me/someone"), true)]
    #[case(concat!("/ro", "ot/key"), true)]
    #[case(concat!("/ro", "ot/.ssh/authorized_keys"), false)]
    #[case(concat!("images/wo", "rk/base and frame/root/x and $here/home/x"), false)]
    fn foreign_places_can_fail(#[case] text: &str, #[case] bad: bool) {
        assert_eq!(!foreign(Path::new("a"), text).is_empty(), bad, "{text}");
    }
}
