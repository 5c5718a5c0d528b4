//! Catalogs of an operator's own: what they add, what they stand in place of, and what is refused of them.

use std::path::PathBuf;

use rstest::rstest;

use super::{Base, Catalog, CatalogError, Packages};

const OWN: &str = r#"[[family]]
name = "debian-bookworm"
about = "Debian 12 with packages of our own"
[family.base]
family = "debian-bookworm"
[[family.release]]
version = "11.9"
packages = "built/11.9"
op_version = 110000
"#;

fn built_in() -> Catalog {
    Catalog::load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../images")).unwrap()
}

/// Joins the project's catalog by this one, in a folder with packages beside it.
fn joined(text: &str) -> (tempfile::TempDir, Result<Catalog, CatalogError>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("built/11.9")).unwrap();
    std::fs::write(folder.path().join("built/11.9/package.deb"), "one").unwrap();
    let own = folder.path().join("own.toml");
    std::fs::write(&own, text).unwrap();
    let joined = built_in().joined_by(&own);
    (folder, joined)
}

#[test]
fn a_family_of_the_same_name_stands_in_its_place_and_has_its_releases_too() {
    let (folder, catalog) = joined(OWN);
    let catalog = catalog.unwrap();
    let names = |catalog: &Catalog| -> Vec<String> {
        catalog.families.iter().map(|family| family.name.clone()).collect()
    };
    assert_eq!(names(&catalog), names(&built_in()));
    let family = catalog.family("debian-bookworm").unwrap();
    let below = built_in().family("debian-bookworm").unwrap().clone();
    assert_eq!(family.versions(), ["9.2", "10.3", "11.1", "11.9"]);
    assert_eq!((family.init, &family.preinstalled), (below.init, &below.preinstalled));
    let packages = &family.release("11.9").unwrap().packages;
    assert_eq!(*packages, Packages::Folder(folder.path().join("built/11.9")));
    assert_eq!(family.base, Base::Family(Box::new(below)));
    assert_eq!(family.tried, None);
}

#[test]
fn a_family_of_another_name_comes_beside_it() {
    let (_folder, catalog) = joined(&OWN.replacen("debian-bookworm", "nightly", 1));
    let catalog = catalog.unwrap();
    assert_eq!(catalog.family("nightly").unwrap().versions().len(), 4);
    assert_eq!(catalog.family("debian-bookworm").unwrap().versions().len(), 3);
}

#[test]
fn a_family_of_ones_own_distribution_has_its_folder_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ours")).unwrap();
    std::fs::write(folder.path().join("ours/Dockerfile"), "").unwrap();
    let text = r#"[[family]]
name = "ours"
about = "an image of our own"
init = "bare"
preinstalled = "11.9"
base = { public = "registry.example/ours:1" }
[[family.release]]
version = "11.9"
suite = "stable"
op_version = 110000
"#;
    std::fs::write(folder.path().join("own.toml"), text).unwrap();
    let catalog = built_in().joined_by(&folder.path().join("own.toml")).unwrap();
    let family = catalog.family("ours").unwrap();
    assert_eq!(family.dockerfile, folder.path().join("ours/Dockerfile"));
    assert_eq!(family.base.needed_from_registry(), Some("registry.example/ours:1"));
}

#[rstest]
#[case::unknown_base(
    "family = \"debian-bookworm\"",
    "family = \"fedora\"",
    5,
    "expected a family of the project's catalog (debian-bookworm, centos-7), found `fedora`"
)]
#[case::no_packages("packages = \"built/11.9\"\n", "", 7, "missing field `packages` of `11.9`")]
#[case::no_folder("built/11.9", "built/12", 8, "expected a folder with the packages of this release")]
#[case::release_there_already(
    "version = \"11.9\"",
    "version = \"11.1\"",
    7,
    "version: expected each once, found `11.1`"
)]
#[case::suite("op_version", "suite = \"sid\"\nop_version", 9, "suite: expected nothing")]
#[case::preinstalled(
    "[family.base]",
    "preinstalled = \"11.9\"\n[family.base]",
    4,
    "preinstalled: expected nothing"
)]
#[case::init("[family.base]", "init = \"bare\"\n[family.base]", 6, "expected nothing")]
#[case::key("packages", "package", 8, "unknown field `package`")]
fn what_makes_no_sense_is_refused(
    #[case] good: &str,
    #[case] bad: &str,
    #[case] line: usize,
    #[case] message: &str,
) {
    // The first name is that of the family.
    let (head, tail) = OWN.split_once("[family.base]").unwrap();
    let text = format!("{head}{}", format!("[family.base]{tail}").replacen(good, bad, 1));
    assert_ne!(text, OWN);
    let (_folder, catalog) = joined(&text);
    let error = catalog.unwrap_err();
    assert!(error.to_string().contains(&format!("own.toml:{line}: ")), "{error}");
    assert!(error.to_string().contains(message), "{error}");
    assert!(!error.hint().is_empty());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = built_in().joined_by(std::path::Path::new("nowhere.toml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read nowhere.toml");
    assert!(error.hint().contains("docs/own-packages.md"), "{}", error.hint());
}

#[test]
fn other_packages_and_another_base_make_another_image() {
    use super::base::BaseKind;
    use super::context::Context;
    let (folder, catalog) = joined(OWN);
    let mut family = catalog.unwrap().family("debian-bookworm").unwrap().clone();
    let tag = |family: &super::Family| Context::read(family).unwrap().tag(BaseKind::Bootstrap);
    let first = tag(&family);
    assert_eq!(first, tag(&family), "the same is the same");
    let Base::Family(below) = &mut family.base else { panic!("{:?}", family.base) };
    assert_ne!(first, tag(below));
    "9.2".clone_into(&mut below.preinstalled);
    assert_ne!(first, tag(&family), "its base is another one");
    let (_again, catalog) = joined(OWN);
    let family = catalog.unwrap().family("debian-bookworm").unwrap().clone();
    assert_eq!(first, tag(&family), "the folder's own place does not count");
    std::fs::write(folder.path().join("built/11.9/package.deb"), "two").unwrap();
    let own = built_in().joined_by(&folder.path().join("own.toml")).unwrap();
    assert_ne!(first, tag(own.family("debian-bookworm").unwrap()), "its packages are others");
}
