//! Scenario and catalog files that nobody wrote: no panic, no hang, no memory without end.
//!
//! A fixed few thousand inputs here; `make fuzz` tries many more from a fresh number.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../executor/tests/fuzz/mutation.rs"]
mod mutation;

use std::path::{Path, PathBuf};

use mutation::fuzz;
use simulator::images::Catalog;
use simulator::scenario::Scenario;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn scenarios(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scenarios(&path, found);
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn scenario_files() {
    let catalog = Catalog::load(&root().join("images")).unwrap();
    let mut seeds = Vec::new();
    scenarios(&root().join("scenarios"), &mut seeds);
    // These extend each other, and are read beside their bases.
    let folder = root().join("simulator/tests/broken");
    scenarios(&folder, &mut seeds);
    fuzz("scenarios", seeds, move |_, input, _| {
        let text = String::from_utf8_lossy(input);
        std::hint::black_box(Scenario::parse(&folder.join("scenario.toml"), &text, &catalog).is_ok());
    });
}

#[test]
fn the_catalog_of_images() {
    let path = root().join("images/catalog.toml");
    let seeds = vec![std::fs::read(&path).unwrap()];
    fuzz("catalogs", seeds, move |_, input, _| {
        std::hint::black_box(Catalog::parse(&path, &String::from_utf8_lossy(input)).is_ok());
    });
}
