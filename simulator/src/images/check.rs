//! From the catalog's text to families that make sense, or to an error that says where and what instead.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::catalog::{Base, Catalog, Family, Init, Packages, Release};
use super::catalog_error::CatalogError;
use super::context::{ADDED_DOCKERFILE, DOCKERFILE};

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
    init: Option<Init>,
    preinstalled: Option<Spanned<String>>,
    base: RawBase,
    release: Vec<RawRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBase {
    public: Option<String>,
    bootstrap: Option<Spanned<String>>,
    family: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelease {
    version: Spanned<String>,
    suite: Option<Spanned<String>>,
    packages: Option<Spanned<PathBuf>>,
    op_version: u32,
    #[serde(default)]
    optional: bool,
}

/// Reads and checks all families; those of an operator's own may stand on those of the `built_in` catalog.
pub(super) fn families(
    path: &Path,
    text: &str,
    built_in: Option<&Catalog>,
) -> Result<Vec<Family>, CatalogError> {
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
            match family.base.family.clone() {
                None => on_distribution(place, family),
                Some(base) => on_family(place, family, &base, built_in),
            }
        })
        .collect()
}

/// A family on a bare distribution, with a folder of its own that makes an image of it.
fn on_distribution(place: Place<'_>, raw: RawFamily) -> Result<Family, CatalogError> {
    let name = &raw.name;
    let public = raw.base.public.ok_or_else(|| place.missing(name, "base.public"))?;
    let init = raw.init.ok_or_else(|| place.missing(name, "init"))?;
    let preinstalled = raw.preinstalled.ok_or_else(|| place.missing(name, "preinstalled"))?;
    let mut versions = HashSet::new();
    let mut releases = Vec::new();
    for release in raw.release {
        place.version(&release.version, &mut versions)?;
        let suite = release.suite.ok_or_else(|| place.missing(&release.version, "suite"))?;
        place.word("suite", &suite)?;
        if let Some(packages) = &release.packages {
            let hint = "give the family the base `family = \"...\"` to add packages of your own to it";
            return Err(place.surplus(packages.span(), "packages", hint));
        }
        releases.push(Release {
            version: release.version.into_inner(),
            packages: Packages::Suite(suite.into_inner()),
            op_version: release.op_version,
            optional: release.optional,
        });
    }
    let known: Vec<&str> = releases.iter().map(|release| release.version.as_str()).collect();
    if !known.contains(&preinstalled.get_ref().as_str()) {
        let expected = format!("one of this family's releases ({})", known.join(", "));
        let hint = "name one of its [[family.release]] tables, or add one for it";
        return Err(place.meaning("preinstalled release", expected, &preinstalled, hint));
    }
    let folder = place.path.with_file_name(name.get_ref());
    let candidates = [folder.join(DOCKERFILE), place.path.with_file_name(DOCKERFILE)];
    let dockerfile = candidates.into_iter().find(|file| file.is_file()).filter(|_| folder.is_dir());
    let Some(dockerfile) = dockerfile else {
        let expected = format!(
            "a folder of that name ({}), with a Dockerfile in it or beside the catalog",
            folder.display()
        );
        let hint = "make the folder with a Dockerfile, or correct the name";
        return Err(place.meaning("name of a family", expected, name, hint));
    };
    Ok(Family {
        name: raw.name.into_inner(),
        about: raw.about,
        tried: raw.tried,
        init,
        preinstalled: preinstalled.into_inner(),
        base: Base::Distribution { public, bootstrap: raw.base.bootstrap.map(Spanned::into_inner) },
        releases,
        folder,
        dockerfile,
    })
}

/// A family on the finished image of another one: all of its releases, and packages of the operator's own.
fn on_family(
    place: Place<'_>,
    raw: RawFamily,
    base: &Spanned<String>,
    built_in: Option<&Catalog>,
) -> Result<Family, CatalogError> {
    let known: &[Family] = built_in.map_or(&[], |catalog| &catalog.families);
    let Some(below) = known.iter().find(|family| family.name == *base.get_ref()) else {
        let names: Vec<&str> = known.iter().map(|family| family.name.as_str()).collect();
        let expected = format!("a family of the project's catalog ({})", names.join(", "));
        return Err(place.meaning("base of a family", expected, base, "`simulator images list` shows them"));
    };
    let inherited = "remove it: the family that this one stands on has it";
    if let Some(preinstalled) = &raw.preinstalled {
        return Err(place.surplus(preinstalled.span(), "preinstalled", inherited));
    }
    if raw.init.is_some() || raw.base.public.is_some() || raw.base.bootstrap.is_some() {
        return Err(place.surplus(base.span(), "init, public or bootstrap beside it", inherited));
    }
    let mut releases = below.releases.clone();
    let mut versions = releases.iter().map(|release| release.version.clone()).collect();
    for release in raw.release {
        place.version(&release.version, &mut versions)?;
        let packages = release.packages.ok_or_else(|| place.missing(&release.version, "packages"))?;
        if let Some(suite) = &release.suite {
            let hint = "remove it: the packages of this release are in a folder";
            return Err(place.surplus(suite.span(), "suite", hint));
        }
        let folder = place.path.with_file_name("").join(packages.get_ref());
        if !folder.is_dir() {
            return Err(place.meaning_at(
                packages.span(),
                "packages",
                "a folder with the packages of this release, named from where this file is".to_owned(),
                packages.get_ref().display().to_string(),
                "put the packages there, or correct the path",
            ));
        }
        releases.push(Release {
            version: release.version.into_inner(),
            packages: Packages::Folder(folder),
            op_version: release.op_version,
            optional: false,
        });
    }
    Ok(Family {
        name: raw.name.into_inner(),
        about: raw.about,
        tried: raw.tried,
        init: below.init,
        preinstalled: below.preinstalled.clone(),
        releases,
        folder: place.path.with_file_name(""),
        dockerfile: below.dockerfile.with_file_name(ADDED_DOCKERFILE),
        base: Base::Family(Box::new(below.clone())),
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
        self.meaning_at(found.span(), what, expected, found.get_ref().clone(), hint)
    }

    fn meaning_at(
        self,
        at: Range<usize>,
        what: &'static str,
        expected: String,
        found: String,
        hint: &'static str,
    ) -> CatalogError {
        CatalogError::Meaning { path: self.path.to_owned(), line: self.line(at), what, expected, found, hint }
    }

    /// What a family or release of that name needs, and has not.
    fn missing(self, name: &Spanned<String>, field: &str) -> CatalogError {
        CatalogError::Syntax {
            path: self.path.to_owned(),
            line: self.line(name.span()),
            message: format!("missing field `{field}` of `{}`", name.get_ref()),
        }
    }

    /// What has no place there.
    fn surplus(self, at: Range<usize>, field: &'static str, hint: &'static str) -> CatalogError {
        self.meaning_at(at, field, "nothing".to_owned(), field.to_owned(), hint)
    }

    /// Refuses the version of a release that is none, or is there already.
    fn version(self, version: &Spanned<String>, seen: &mut HashSet<String>) -> Result<(), CatalogError> {
        self.word("version", version)?;
        self.once("version", version, seen)
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
        families(&folder.path().join("catalog.toml"), text, None)
    }

    #[test]
    fn a_family_has_its_own_dockerfile_or_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::create_dir(place("some-distribution")).unwrap();
        let read =
            || families(&place("catalog.toml"), GOOD, None).map(|families| families[0].dockerfile.clone());
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
    #[case::missing_init("init = \"bare\"\n", "", 2, "missing field `init` of `some-distribution`")]
    #[case::missing_suite("suite = \"next\"\n", "", 14, "missing field `suite` of `11.1`")]
    #[case::packages(
        "suite = \"some\"",
        "suite = \"some\"\npackages = \"p\"",
        12,
        "packages: expected nothing"
    )]
    #[case::on_another(
        "public = \"some:image\"",
        "family = \"other\"",
        7,
        "base of a family: expected a family of"
    )]
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
        assert_eq!(parse(GOOD).unwrap()[0].base.needed_from_registry(), None);
        let families = parse(&GOOD.replace("bootstrap = \"some\"\n", "")).unwrap();
        assert_eq!(families[0].base.needed_from_registry(), Some("some:image"));
    }

    #[test]
    fn a_family_twice() {
        let error = parse(&format!("{GOOD}{GOOD}")).unwrap_err().to_string();
        assert!(error.contains("catalog.toml:19: "), "{error}");
        assert!(error.contains("expected each once"), "{error}");
    }
}
