//! Tests of files that extend each other: what is merged, and where what is wrong is said to stand.

use std::path::{Path, PathBuf};

use rstest::rstest;
use tempfile::TempDir;

use super::super::{Scenario, ScenarioError};
use super::tests::{GOOD, catalog};

/// A folder of scenario files.
struct Folder(TempDir);

impl Folder {
    /// Writes files into a fresh folder.
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Result<Vec<Scenario>, Vec<ScenarioError>> {
        Scenario::cases(&self.path(name), &catalog()).map_err(|errors| errors.0)
    }

    /// Returns the only error of a file, its own file from the folder.
    fn error(&self, name: &str) -> (String, ScenarioError) {
        let mut errors = self.read(name).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        let error = errors.remove(0);
        let file = error.file.strip_prefix(self.0.path()).unwrap_or(Path::new("another"));
        (file.display().to_string(), error)
    }
}

#[test]
fn tables_are_merged_and_anything_else_is_replaced() {
    let base = GOOD.replace("replica = 3", "replica = 3\noptions = { \"a.b\" = \"1\", \"c.d\" = \"2\" }");
    let base = format!("{base}[expect]\nlongest_stall_seconds = 7\n");
    let over = "extends = \"base.toml\"\nabout = \"y\"\n\
                [pool]\nservers = [\"h1\", \"h2\", \"h3\"]\n\
                [expect]\nold_names = \"why\"\n\
                [[clients]]\nname = \"c1\"\nmounts = [\"vol0\"]\n[[clients]]\nname = \"c2\"\nmounts = []\n";
    let folder = Folder::of(&[("base.toml", &base), ("over.toml", over)]);
    let scenario = folder.read("over.toml").unwrap().remove(0);
    assert_eq!((scenario.name.as_str(), scenario.about.as_str()), ("over", "y"));
    let servers: Vec<&str> = scenario.pool.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(servers, ["h1", "h2", "h3"], "a list takes the place of the base's");
    assert_eq!(scenario.pool.servers[0].release, "10.3", "what a table does not say, the base says");
    assert_eq!(scenario.expect.longest_stall.as_secs(), 7);
    assert_eq!(scenario.expect.old_names.as_deref(), Some("why"));
    assert_eq!(scenario.clients.len(), 2);
    assert_eq!(scenario.pool.volumes[0].options.len(), 2);
    // The base is what it was.
    assert_eq!(folder.read("base.toml").unwrap()[0].about, "x");
}

#[test]
fn a_base_may_extend_another_one_by_its_own_path() {
    let folder = Folder::of(&[
        ("bases/deep/good.toml", GOOD),
        ("bases/middle.base.toml", "extends = \"deep/good.toml\"\ntags = [\"m\"]\n"),
        ("over.toml", "extends = \"bases/middle.base.toml\"\n[workload]\noperations_per_second = 3\n"),
    ]);
    let scenario = folder.read("over.toml").unwrap().remove(0);
    assert!(scenario.tags.contains("m"));
    assert_eq!(scenario.workload.unwrap().operations_per_second, 3.0);
}

#[test]
fn a_scenario_becomes_a_matrix_by_extending_it() {
    let over = "extends = \"base.toml\"\n[matrix]\nreleases = [[\"9.2\", \"10.3\"], [\"10.3\", \"11.1\"]]\n";
    let folder = Folder::of(&[("base.toml", GOOD), ("hops.toml", over)]);
    let cases = folder.read("hops.toml").unwrap();
    let names: Vec<&str> = cases.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(names, ["hops@9.2-10.3", "hops@10.3-11.1"]);
}

#[rstest]
#[case::in_the_base("", "second = 25", "second = 2500", "base.toml", 16, 25, "expected 0.1 to 1000")]
#[case::in_the_file("[workload]\nclient = \"c9\"\n", "", "", "over.toml", 4, 10, "no client `c9`")]
#[case::in_the_base_because_of_the_file(
    "[pool]\nservers = [\"h1\", \"h2\", \"h3\"]\n[[orders]]\nto = \"11.1\"\noutcome = \"upgraded\"\n",
    "[[orders]]",
    "[[mounts]]\nhost = \"g1\"\nvolume = \"vol0\"\n[[orders]]",
    "base.toml",
    18,
    8,
    "no server `g1`: expected one of h1, h2, h3"
)]
#[case::a_key_of_the_base("", "outcome", "outcme", "base.toml", 19, 1, "unknown field `outcme`")]
#[case::a_key_of_both(
    "[pool]\nrelaese = \"9.2\"\n",
    "family",
    "family",
    "over.toml",
    4,
    1,
    "unknown field `relaese`"
)]
#[case::a_type_of_the_base("", "replica = 3", "replica = []", "base.toml", 9, 11, "invalid type")]
#[case::no_toml_in_the_base("", "[pool]", "[pool", "base.toml", 2, 6, "")]
#[case::first_line_of_the_base(
    "",
    "about = \"x\"",
    "abuot = \"x\"",
    "base.toml",
    1,
    1,
    "unknown field `abuot`"
)]
fn an_error_names_the_file_in_which_the_value_stands(
    #[case] over: &str,
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] file: &str,
    #[case] line: usize,
    #[case] column: usize,
    #[case] says: &str,
) {
    let about = if wrong.starts_with("abuot") { "about = \"y\"" } else { "# the base's sentence" };
    let over = format!("extends = \"base.toml\"\n{about}\n{over}");
    let folder = Folder::of(&[("base.toml", &GOOD.replacen(right, wrong, 1)), ("over.toml", &over)]);
    let (found, error) = folder.error("over.toml");
    let place = (found.as_str(), error.line.unwrap(), error.column.unwrap());
    assert_eq!(place, (file, line, column), "{error}");
    assert!(error.problem.contains(says), "{error}");
}

#[rstest]
#[case::itself("over.toml", "would extend itself", "out")]
#[case::itself_by_another_way("sub/../over.toml", "would extend itself", "out")]
#[case::a_circle("a.base.toml", "would extend itself", "out")]
#[case::nothing_there("nowhere.toml", "nowhere.toml cannot be read: No such file", "name a scenario file")]
#[case::a_folder("sub", "sub is no file", "name a scenario file")]
#[case::no_text("bytes.toml", "bytes.toml cannot be read: ", "name a scenario file")]
#[case::never_an_end("/dev/zero", "/dev/zero is no file", "name a scenario file")]
#[case::far_too_long("long.toml", "more than 1048576", "name a scenario file")]
fn a_base_that_is_none_is_said_where_it_is_named(#[case] base: &str, #[case] says: &str, #[case] hint: &str) {
    let over = GOOD.replacen("about", &format!("extends = \"{base}\"\nabout"), 1);
    let folder = Folder::of(&[
        ("over.toml", &over),
        ("a.base.toml", "extends = \"b.base.toml\"\n"),
        ("b.base.toml", "\nextends = \"over.toml\"\n"),
        ("sub/any.toml", ""),
        ("long.toml", &"#\n".repeat(1 << 20)),
    ]);
    std::fs::write(folder.path("bytes.toml"), b"about = \"\xff\"").unwrap();
    let (file, error) = folder.error("over.toml");
    assert!(error.problem.contains(says) && error.hint.contains(hint), "{error}: {}", error.hint);
    let place = if base == "a.base.toml" { ("b.base.toml", 2, 11) } else { ("over.toml", 1, 11) };
    assert_eq!((file.as_str(), error.line.unwrap(), error.column.unwrap()), place, "{error}");
}

#[test]
fn a_row_of_bases_has_an_end() {
    let texts: Vec<(String, String)> =
        (0..20).map(|at| (format!("{at}.toml"), format!("extends = \"{}.toml\"\n", at + 1))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::of(&files);
    let errors = folder.read("0.toml").unwrap_err();
    let told = errors.iter().find(|error| error.problem == "more than 8 files extend one another").unwrap();
    assert_eq!(told.file, folder.path("7.toml"));
}

#[test]
fn a_path_that_is_no_text_is_a_wrong_type() {
    let folder = Folder::of(&[("over.toml", &GOOD.replacen("about", "extends = 5\nabout", 1))]);
    let (_, error) = folder.error("over.toml");
    assert_eq!((error.line, error.column), (Some(1), Some(11)), "{error}");
    assert!(error.problem.contains("expected a string"), "{error}");
}
