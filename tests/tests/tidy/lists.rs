//! What must be complete: the scenarios' README, the codes of findings, the reasons of dependencies.

use std::path::{Path, PathBuf};

use crate::source::Source;

/// Returns the scenarios that the README beside them does not name.
pub(crate) fn unlisted_scenarios(texts: &[(PathBuf, String)]) -> Vec<String> {
    let readme = Path::new("scenarios/README.md");
    let listed = texts.iter().find(|(path, _)| path == readme).map_or("", |(_, text)| text);
    let scenarios = texts
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("scenarios") && path.extension().is_some_and(|end| end == "toml"));
    let missing = scenarios.filter(|path| {
        let name = path.strip_prefix("scenarios").unwrap_or(path).display().to_string();
        !listed
            .split(|c: char| !(c.is_alphanumeric() || "._-/".contains(c)))
            .any(|word| word.trim_start_matches("scenarios/").trim_end_matches('.') == name)
    });
    missing.map(|path| format!("{}:1: is not in {}", path.display(), readme.display())).collect()
}

/// Returns the codes that nothing but their own declaration, and tests, ever name.
pub(crate) fn unused_codes(finding: &str, sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for (at, line) in finding.lines().enumerate() {
        let Some(code) = declared_code(line) else { continue };
        let ends = [format!("Code::{code}"), format!("Code::{code}::")];
        let used = sources.iter().filter(|source| !source.path.ends_with("core/code.rs")).any(|source| {
            source
                .paths
                .iter()
                .any(|found| !found.test && (found.what.ends_with(&ends[0]) || found.what.contains(&ends[1])))
        });
        if !used {
            violations.push(format!("executor/src/core/code.rs:{}: nothing produces Code::{code}", at + 1));
        }
    }
    violations
}

/// Returns the code that a line of the table declares: `Variant "TEXT" waivable`.
fn declared_code(line: &str) -> Option<&str> {
    let (variant, rest) = line.trim().split_once(" \"")?;
    let (text, waivable) = rest.split_once('"')?;
    let is_code = !variant.is_empty()
        && variant.chars().all(char::is_alphanumeric)
        && text.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
        && ["true", "false"].contains(&waivable.trim());
    is_code.then_some(variant)
}

/// Returns the dependencies, in any manifest, that do not say what they are for. Ours, and those that
/// the workspace's manifest gives the reason of, need none.
pub(crate) fn unreasoned_dependencies(path: &Path, text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']).ends_with("dependencies");
        } else if inside && line.contains('=') && !line.starts_with('#') {
            let (entry, reason) = line.split_once(" # ").unwrap_or((line, ""));
            let ours = entry.contains("path =") || entry.replace(' ', "").contains("workspace=true");
            if !ours && reason.trim().is_empty() {
                violations.push(format!("{}:{}: no reason: {entry}", path.display(), at + 1));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{lines_of, source};

    #[test]
    fn unlisted_scenarios_can_fail() {
        let file = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
        let mut texts = vec![file("scenarios/a.toml", ""), file("scenarios/hazards/b.toml", "")];
        assert_eq!(unlisted_scenarios(&texts).len(), 2, "no README at all");
        texts.push(file("scenarios/README.md", "`a.toml` is it, and scenarios/not-b.toml."));
        assert_eq!(unlisted_scenarios(&texts), ["scenarios/hazards/b.toml:1: is not in scenarios/README.md"]);
        texts.push(file("scenarios/c.toml", ""));
        texts[2].1 = "| [a.toml](a.toml) | scenarios/hazards/b.toml | c.toml.".to_owned();
        assert!(unlisted_scenarios(&texts).is_empty());
    }

    #[test]
    fn unused_codes_can_fail() {
        let finding =
            "codes! {\n    Lost \"LOST\" false\n        \"hint\";\n    Found \"FOUND\" true\n \"\";\n}";
        let used = "fn f() { Finding::seen(Code::Found) }\n#[cfg(test)] mod t { fn g() { h(Code::Lost); } }";
        let own = source("executor/src/core/code.rs", "fn f() { g(Code::Lost); }");
        assert_eq!(lines_of(&unused_codes(finding, &[own, source("executor/src/core/check.rs", used)])), [2]);
        assert_eq!(unused_codes(finding, &[]).len(), 2);
    }

    #[test]
    fn unreasoned_dependencies_can_fail() {
        let text = "[package]\nname = \"a\"\n[workspace.dependencies]\nown = { path = \"own\" }\n\
                    told = \"1\" # why\nuntold = \"1\"\n[dev-dependencies]\nshared.workspace = true\nbare = \"2\" #\n";
        assert_eq!(lines_of(&unreasoned_dependencies(Path::new("Cargo.toml"), text)), [6, 9]);
    }
}
