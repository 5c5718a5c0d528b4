//! From the catalog's text to families that make sense, or to an error that says where and what instead.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::catalog::{Base, Family, Init, Release};
use super::context::DOCKERFILE;

/// What is wrong with the catalog, or with a question to it.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no TOML, or has keys or values that the catalog does not know.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// The text is well formed and makes no sense.
    #[error("{}:{line}: {what}: expected {expected}, found `{found}`", path.display())]
    Meaning {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the value is.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A family is asked for that the catalog does not have.
    #[error("no family `{name}` in {}: expected one of {}", path.display(), known.join(", "))]
    UnknownFamily {
        /// The catalog.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A release is asked for that the family does not have.
    #[error("no release `{version}` in family `{family}`: expected one of {}", known.join(", "))]
    UnknownRelease {
        /// The family.
        family: String,
        /// The version asked for.
        version: String,
        /// The versions that there are.
        known: Vec<String>,
    },
}

impl CatalogError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            CatalogError::Read { .. } => {
                "run it in the project's folder, or name the folder of the images with --images"
            }
            CatalogError::Syntax { message, .. } if message.starts_with("duplicate key") => {
                "remove one of the two"
            }
            CatalogError::Syntax { .. } => {
                "correct that line; the head of the project's own catalog explains the keys"
            }
            CatalogError::Meaning { hint, .. } => hint,
            CatalogError::UnknownFamily { .. } => {
                "`simulator images list` shows the families; a new one is a table in the catalog and a folder beside it"
            }
            CatalogError::UnknownRelease { .. } => {
                "`simulator images list` shows the releases; a new one is a [[family.release]] in the catalog"
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalog {
    family: Vec<RawFamily>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFamily {
    name: Spanned<String>,
    about: String,
    tried: Option<String>,
    init: Init,
    preinstalled: Spanned<String>,
    base: Base,
    release: Vec<RawRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelease {
    version: Spanned<String>,
    suite: Spanned<String>,
    op_version: u32,
    #[serde(default)]
    optional: bool,
}

/// Reads and checks all families.
pub(super) fn families(path: &Path, text: &str) -> Result<Vec<Family>, CatalogError> {
    let place = Place { path, text };
    let raw: RawCatalog = toml::from_str(text).map_err(|error| CatalogError::Syntax {
        path: path.to_owned(),
        line: place.line(error.span().unwrap_or_default()),
        message: error.message().replace('\n', " "),
    })?;
    let mut names = HashSet::new();
    raw.family
        .into_iter()
        .map(|family| {
            place.word("name of a family", &family.name)?;
            place.once("name of a family", &family.name, &mut names)?;
            check_family(place, family)
        })
        .collect()
}

fn check_family(place: Place<'_>, raw: RawFamily) -> Result<Family, CatalogError> {
    let mut versions = HashSet::new();
    let mut releases = Vec::new();
    for release in raw.release {
        place.word("version", &release.version)?;
        place.word("suite", &release.suite)?;
        place.once("version", &release.version, &mut versions)?;
        releases.push(Release {
            version: release.version.into_inner(),
            suite: release.suite.into_inner(),
            op_version: release.op_version,
            optional: release.optional,
        });
    }
    let known: Vec<&str> = releases.iter().map(|release| release.version.as_str()).collect();
    if !known.contains(&raw.preinstalled.get_ref().as_str()) {
        let expected = format!("one of this family's releases ({})", known.join(", "));
        let hint = "name one of its [[family.release]] tables, or add one for it";
        return Err(place.meaning("preinstalled release", expected, &raw.preinstalled, hint));
    }
    let folder = place.path.with_file_name(raw.name.get_ref());
    let candidates = [folder.join(DOCKERFILE), place.path.with_file_name(DOCKERFILE)];
    let dockerfile = candidates.into_iter().find(|file| file.is_file()).filter(|_| folder.is_dir());
    let Some(dockerfile) = dockerfile else {
        let expected = format!(
            "a folder of that name ({}), with a Dockerfile in it or beside the catalog",
            folder.display()
        );
        let hint = "make the folder with a Dockerfile, or correct the name";
        return Err(place.meaning("name of a family", expected, &raw.name, hint));
    };
    Ok(Family {
        name: raw.name.into_inner(),
        about: raw.about,
        tried: raw.tried,
        init: raw.init,
        preinstalled: raw.preinstalled.into_inner(),
        base: raw.base,
        releases,
        folder,
        dockerfile,
    })
}

/// The file, for the place of an error.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn line(self, span: Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    fn meaning(
        self,
        what: &'static str,
        expected: String,
        found: &Spanned<String>,
        hint: &'static str,
    ) -> CatalogError {
        CatalogError::Meaning {
            path: self.path.to_owned(),
            line: self.line(found.span()),
            what,
            expected,
            found: found.get_ref().clone(),
            hint,
        }
    }

    /// Refuses what cannot be part of an image's name, a path and a build argument alike.
    fn word(self, what: &'static str, text: &Spanned<String>) -> Result<(), CatalogError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let word = text.get_ref();
        let starts_well = word.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts_well && word.chars().all(fits) {
            return Ok(());
        }
        let expected = "lower-case letters, digits, `-` and `.`".to_owned();
        Err(self.meaning(what, expected, text, "rename it: it becomes part of an image's name"))
    }

    fn once(
        self,
        what: &'static str,
        text: &Spanned<String>,
        seen: &mut HashSet<String>,
    ) -> Result<(), CatalogError> {
        if seen.insert(text.get_ref().clone()) {
            return Ok(());
        }
        let expected = "each once".to_owned();
        Err(self.meaning(what, expected, text, "rename or remove one of the two"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: &str = r#"[[family]]
name = "some-distribution"
about = "a family"
init = "bare"
preinstalled = "10.3"
[family.base]
public = "some:image"
bootstrap = "some"
[[family.release]]
version = "10.3"
suite = "some"
op_version = 100000
[[family.release]]
version = "11.1"
suite = "next"
op_version = 110000
optional = true
"#;

    fn parse(text: &str) -> Result<Vec<Family>, CatalogError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("some-distribution")).unwrap();
        std::fs::write(folder.path().join("some-distribution/Dockerfile"), "").unwrap();
        families(&folder.path().join("catalog.toml"), text)
    }

    #[test]
    fn a_family_has_its_own_dockerfile_or_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::create_dir(place("some-distribution")).unwrap();
        let read = || families(&place("catalog.toml"), GOOD).map(|families| families[0].dockerfile.clone());
        assert!(read().unwrap_err().to_string().contains("with a Dockerfile in it or beside the catalog"));
        std::fs::write(place("Dockerfile"), "").unwrap();
        assert_eq!(read().unwrap(), place("Dockerfile"));
        std::fs::write(place("some-distribution/Dockerfile"), "").unwrap();
        assert_eq!(read().unwrap(), place("some-distribution/Dockerfile"));
    }

    #[test]
    fn a_good_catalog() {
        let families = parse(GOOD).unwrap();
        assert_eq!(families[0].versions(), ["10.3", "11.1"]);
        assert!(!families[0].releases[0].optional);
        assert!(families[0].releases[1].optional);
    }

    #[rstest]
    #[case::unknown_key("about =", "abuot =", 3, "unknown field `abuot`, expected one of `name`")]
    #[case::unknown_release_key("optional = true", "opt = true", 17, "unknown field `opt`")]
    #[case::missing_field("about = \"a family\"\n", "", 1, "missing field `about`")]
    #[case::wrong_type("100000", "\"high\"", 12, "expected u32")]
    #[case::unknown_init("\"bare\"", "\"runit\"", 4, "expected `bare` or `systemd`")]
    #[case::no_toml("[family.base]", "[family.base", 6, "")]
    #[case::key_twice("suite = \"some\"", "suite = \"a\"\nsuite = \"b\"", 12, "duplicate key")]
    #[case::release_twice("\"11.1\"", "\"10.3\"", 14, "version: expected each once, found `10.3`")]
    #[case::unknown_preinstalled(
        "preinstalled = \"10.3\"",
        "preinstalled = \"9.2\"",
        5,
        "expected one of this family's releases (10.3, 11.1), found `9.2`"
    )]
    #[case::no_word("\"next\"", "\"a suite\"", 15, "suite: expected lower-case letters")]
    #[case::no_folder("some-distribution", "another", 2, "a folder of that name")]
    fn a_bad_catalog(#[case] good: &str, #[case] bad: &str, #[case] line: usize, #[case] message: &str) {
        let text = GOOD.replace(good, bad);
        assert_ne!(text, GOOD);
        let error = parse(&text).unwrap_err().to_string();
        let place = format!("catalog.toml:{line}: ");
        assert!(error.contains(&place), "{error}");
        assert!(error.contains(message), "{error}");
    }

    #[rstest]
    #[case::release_twice("\"11.1\"", "\"10.3\"", "rename or remove one of the two")]
    #[case::key_twice("suite = \"some\"", "suite = \"a\"\nsuite = \"b\"", "remove one of the two")]
    #[case::unknown_preinstalled("preinstalled = \"10.3\"", "preinstalled = \"9.2\"", "name one of its")]
    #[case::no_word("\"next\"", "\"a suite\"", "part of an image's name")]
    #[case::no_folder("some-distribution", "another", "make the folder")]
    #[case::unknown_key("about =", "abuot =", "explains the keys")]
    fn each_trouble_has_a_remedy_of_its_own(#[case] good: &str, #[case] bad: &str, #[case] hint: &str) {
        let error = parse(&GOOD.replace(good, bad)).unwrap_err();
        assert!(error.hint().contains(hint), "{error}: {}", error.hint());
    }

    #[test]
    fn a_base_without_a_bootstrap_needs_a_registry() {
        assert_eq!(parse(GOOD).unwrap()[0].base.bootstrap.as_deref(), Some("some"));
        let families = parse(&GOOD.replace("bootstrap = \"some\"\n", "")).unwrap();
        assert_eq!(families[0].base.bootstrap, None);
    }

    #[test]
    fn a_family_twice() {
        let error = parse(&format!("{GOOD}{GOOD}")).unwrap_err().to_string();
        assert!(error.contains("catalog.toml:19: "), "{error}");
        assert!(error.contains("expected each once"), "{error}");
    }
}
