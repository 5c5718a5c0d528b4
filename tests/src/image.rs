//! The image that containers of these tests are made of.

use std::path::Path;

use anyhow::Context;
use simulator::engine::{Engine, Run};
use simulator::images::{self, Catalog};
use tokio::sync::OnceCell;

/// The family that nodes are of.
const FAMILY: &str = "debian-bookworm";

/// Returns the image's name, building the image where it is not there. Once a process, and kept as a name
/// only: what a static holds is never dropped.
///
/// # Errors
/// The engine's troubles, and whatever a build ends with.
pub async fn node_image(engine: &Engine) -> anyhow::Result<String> {
    static IMAGE: OnceCell<String> = OnceCell::const_new();
    let ensure = async || {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package is in the workspace")?;
        let catalog = Catalog::load(&root.join("images"))?;
        let say = |line: &str| eprintln!("{line}");
        let run = Run::new("images");
        let image = images::ensure(engine, &run, catalog.family(FAMILY)?, &say).await?;
        anyhow::Ok(image.tag)
    };
    IMAGE.get_or_try_init(ensure).await.cloned()
}
