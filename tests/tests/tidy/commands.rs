//! Commands that the documents tell to type: the programs read them, and what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a command may name.
pub(crate) struct Known<'a> {
    /// The targets of the Makefile.
    pub(crate) targets: BTreeSet<&'a str>,
    /// The integration tests, each with its package.
    pub(crate) tests: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Known<'a> {
    /// Finds them among the project's files.
    pub(crate) fn of(texts: &'a [(PathBuf, String)]) -> Self {
        let makefile = texts.iter().find(|(path, _)| path == Path::new("Makefile"));
        let rules = makefile.into_iter().flat_map(|(_, text)| text.lines());
        let named = rules.filter(|line| !line.starts_with(['\t', '.', '#', ' '])).filter_map(|line| {
            let (target, _) = line.split_once(':')?;
            Some(target)
        });
        Self { targets: named.collect(), tests: texts.iter().filter_map(|(path, _)| test(path)).collect() }
    }
}

/// Returns the package and the name of an integration test, where a file is the root of one.
fn test(path: &Path) -> Option<(&str, &str)> {
    let mut parts = path.iter().map(|part| part.to_str().unwrap_or_default());
    let package = match parts.next()? {
        "tests" => "acceptance",
        package => package,
    };
    match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
        ("tests", file, None, None) => Some((package, file.strip_suffix(".rs")?)),
        ("tests", folder, Some("main.rs"), None) => Some((package, folder)),
        _ => None,
    }
}

/// Returns the commands of a document's blocks of shell, each with its line.
pub(crate) fn commands(text: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut commands = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let command = line.split_once(" #").map_or(line, |(command, _)| command).trim();
            commands.push((at + 1, command));
        }
    }
    commands.retain(|(_, command)| !command.is_empty());
    commands
}

/// Returns the commands of a document that cannot be typed as they stand there.
pub(crate) fn untypable(path: &Path, text: &str, known: &Known<'_>) -> Vec<String> {
    let fault = |(line, command): (usize, &str)| {
        let why = fault(command, known)?;
        Some(format!("{}:{line}: `{command}`: {why}", path.display()))
    };
    commands(text).into_iter().filter_map(fault).collect()
}

/// Returns why a command cannot be typed, where it cannot.
fn fault(command: &str, known: &Known<'_>) -> Option<String> {
    let set = |word: &&str| word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-'));
    // Where stdout goes is the shell's affair.
    let typed = command.split_once(" > ").map_or(command, |(typed, _)| typed);
    let words: Vec<&str> = typed.split_whitespace().skip_while(set).collect();
    let (program, arguments) = words.split_first()?;
    match program.trim_start_matches("target/debug/") {
        "executor" => executor::cli::Cli::fault(words.iter().copied()),
        "simulator" => simulator::cli::Cli::fault(words.iter().copied()).or_else(|| missing(arguments)),
        "make" => {
            let stranger = arguments.iter().find(|target| !known.targets.contains(*target))?;
            Some(format!("the Makefile has no target `{stranger}`"))
        }
        "cargo" => {
            let after = |option: &str| {
                let at = arguments.iter().position(|argument| *argument == option)?;
                arguments.get(at + 1).copied()
            };
            let (package, test) = (after("-p").unwrap_or_default(), after("--test")?);
            let there = known.tests.contains(&(package, test));
            (!there).then(|| format!("package `{package}` has no test `{test}`"))
        }
        other => Some(format!("nobody knows whether there is a program `{other}`")),
    }
}

/// Returns the scenario among these words that is not there. One without a folder is the reader's own.
fn missing(words: &[&str]) -> Option<String> {
    let root = crate::workspace::root().ok()?;
    let ours = |word: &&&str| word.ends_with(".toml") && word.contains('/');
    let scenario = words.iter().filter(ours).find(|word| !root.join(word).is_file())?;
    Some(format!("there is no {scenario}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn texts() -> Vec<(PathBuf, String)> {
        let makefile = ".PHONY: test\n# Not this: one\ntest:\n\t@echo 'not: this'\n";
        let files =
            [("Makefile", makefile), ("executor/tests/crashes/main.rs", ""), ("tests/tests/images.rs", "")];
        files.map(|(path, text)| (PathBuf::from(path), text.to_owned())).to_vec()
    }

    #[rstest]
    #[case("executor check -i pool.toml --to 11.1", true)]
    #[case("executor check -i pool.toml", false)]
    #[case("target/debug/executor path --from 9.2 --to 12.0", false)]
    #[case("target/debug/simulator run scenarios/online-replicated.toml --seed 7", true)]
    #[case("target/debug/simulator run scenarios/nowhere.toml", false)]
    #[case("target/debug/simulator run my-pool.toml", true)]
    #[case("target/debug/executor inspect -i pool.toml --output json > pool.json", true)]
    #[case("target/debug/executor inspect --nothing > pool.json", false)]
    #[case("target/debug/simulator perform", false)]
    #[case("make test", true)]
    #[case("make fun", false)]
    #[case("NAME=value cargo test -p executor --lib", true)]
    #[case("cargo test -p executor --test crashes", true)]
    #[case("cargo test -p acceptance --test images -- one", true)]
    #[case("cargo test -p executor --test images", false)]
    #[case("sudo reboot", false)]
    fn untypable_commands_can_fail(#[case] command: &str, #[case] typable: bool) {
        let texts = texts();
        let known = Known::of(&texts);
        let text = format!("words\n```sh\n{command}    # why\n```\nno command\n");
        let found = untypable(Path::new("README.md"), &text, &known);
        assert_eq!(found.is_empty(), typable, "{found:?}");
        assert!(found.iter().all(|one| one.starts_with("README.md:3: ")), "{found:?}");
    }
}
