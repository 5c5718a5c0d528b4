//! Building a family's image, so that its name appears on the engine only when all of it is there.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Say;
use super::base::{self, BaseKind};
use super::catalog::{Base, Family};
use super::context::{self, Context};
use super::error::ImageError;
use super::progress::Progress;
use crate::engine::{BuildInput, ContainerSpec, Engine, EngineError, IMAGE_LABEL, ImageFound, PROJECT, Run};

/// The repositories of finished images on the engine; a family's name follows.
const REPOSITORY: &str = "gluster-upgrade";
/// What a build may take: a minute or two is usual, a slow mirror needs some.
pub(super) const BUILD_LIMIT: Duration = Duration::from_secs(1200);
/// Label: the family.
const FAMILY_LABEL: &str = "gluster-upgrade.family";
/// Label: the releases inside, by comma.
const RELEASES_LABEL: &str = "gluster-upgrade.releases";
/// Label: the releases that the archive no longer had, by comma.
const MISSING_LABEL: &str = "gluster-upgrade.missing";
/// Label: where the base came from.
const BASE_LABEL: &str = "gluster-upgrade.base";
/// Where the Dockerfile writes down which releases went in, a line each: version, version in full.
const RELEASES_FILE: &str = "/opt/gluster/releases";
/// Where it writes down which did not.
const MISSING_FILE: &str = "/opt/gluster/missing";

/// A finished image of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    /// Its name on the engine.
    pub tag: String,
    /// The releases inside.
    pub releases: Vec<String>,
    /// The releases of the catalog that are not inside: the archive no longer had them.
    pub missing: Vec<String>,
    /// Where its base came from.
    pub base: String,
    /// Its size in bytes.
    pub size: i64,
}

/// Returns a family's finished image if it is on the engine and is what its folder and the catalog say today.
///
/// # Errors
///
/// The engine's troubles, and a folder that cannot be read.
pub async fn find(engine: &Engine, family: &Family) -> Result<Option<NodeImage>, ImageError> {
    find_for(engine, family, &read(family)?).await
}

/// Returns the finished images of a family that are on the engine, whatever they were built from, the youngest first.
///
/// # Errors
///
/// The engine's troubles.
pub async fn on_engine(engine: &Engine, family: &str) -> Result<Vec<NodeImage>, EngineError> {
    let images = engine.images().await?.into_iter();
    Ok(images
        .filter(|image| image.labels.get(FAMILY_LABEL).map(String::as_str) == Some(family))
        .flat_map(|image| {
            let tags = image.tags.clone();
            tags.into_iter().map(move |tag| node_image(tag, &image))
        })
        .collect())
}

/// Returns a family's image, and builds it where it is not there.
///
/// Dropping the future interrupts the build; [`Engine::remove_build`] then removes what it left, with the run given here.
///
/// # Errors
///
/// No base, a failed step, the engine's troubles. Nothing that looks finished is left then.
pub async fn ensure(
    engine: &Engine,
    run: &Run,
    family: &Family,
    say: Say<'_>,
) -> Result<NodeImage, ImageError> {
    let context = read(family)?;
    if let Some(image) = find_for(engine, family, &context).await? {
        return Ok(image);
    }
    let begun = Instant::now();
    say(&format!("image {}: building", family.name));
    let built = build(engine, run, family, &context, say).await;
    let removed = engine.remove_build(run).await;
    let image = built?;
    removed?;
    say(&format!(
        "image {}: built in {} s, {} with {}",
        family.name,
        begun.elapsed().as_secs(),
        image.tag,
        image.releases.join(", ")
    ));
    if !image.missing.is_empty() {
        say(&format!(
            "image {}: without {}: no longer in the archive",
            family.name,
            image.missing.join(", ")
        ));
    }
    Ok(image)
}

fn read(family: &Family) -> Result<Context, ImageError> {
    Context::read(family).map_err(|source| ImageError::Context { folder: family.folder.clone(), source })
}

async fn find_for(
    engine: &Engine,
    family: &Family,
    context: &Context,
) -> Result<Option<NodeImage>, ImageError> {
    // Either base will do: what can be pulled today could perhaps not be when the image was built.
    for kind in BaseKind::ALL {
        let tag = tag_for(family, context, kind);
        if let Some(found) = engine.image(&tag).await? {
            return Ok(Some(node_image(tag, &found)));
        }
    }
    Ok(None)
}

async fn build(
    engine: &Engine,
    run: &Run,
    family: &Family,
    context: &Context,
    say: Say<'_>,
) -> Result<NodeImage, ImageError> {
    let (kind, base) = match &family.base {
        Base::Distribution { public, bootstrap } => {
            base::obtain(engine, public, bootstrap.as_deref(), say).await?
        }
        Base::Family(below) => {
            // A family that another one stands on stands on none itself: this goes no deeper.
            let image = Box::pin(ensure(engine, run, below, say)).await?;
            (kind_of(&image)?, image.tag)
        }
    };
    // The base with the run's labels: every container and image on the way inherits them, and can be found.
    let mut labels = run.labels();
    labels.insert(IMAGE_LABEL.to_owned(), PROJECT.to_owned());
    let base = labelled(engine, &base, &labels, None).await?;
    let input = BuildInput {
        context: context
            .archive()
            .map_err(|source| ImageError::Context { folder: family.folder.clone(), source })?,
        arguments: context.arguments_on(&base),
        tag: None,
    };
    let mut progress = Progress::new(say);
    let mut heard = |line: &str| progress.hear(line);
    let built = tokio::time::timeout(BUILD_LIMIT, engine.build(input, &mut heard)).await;
    let id = match built {
        Ok(Ok(id)) => id,
        Ok(Err(source)) => {
            return Err(ImageError::Build {
                family: family.name.clone(),
                last_lines: progress.last_lines(),
                source: Box::new(source),
            });
        }
        Err(_elapsed) => {
            return Err(ImageError::TooLong {
                family: family.name.clone(),
                last_lines: progress.last_lines(),
            });
        }
    };
    let labels = finished_labels(engine, run, family, kind, &id).await?;
    let tag = tag_for(family, context, kind);
    labelled(engine, &id, &labels, Some(tag.clone())).await?;
    let found = engine.image(&tag).await?.ok_or_else(|| EngineError::Unexpected {
        what: format!("building {tag}"),
        expected: "the image at its end".to_owned(),
        found: "none".to_owned(),
    })?;
    Ok(node_image(tag, &found))
}

/// Returns what the base of an image was made of, as its label says.
fn kind_of(image: &NodeImage) -> Result<BaseKind, EngineError> {
    let mut kinds = BaseKind::ALL.into_iter();
    kinds.find(|kind| kind.as_str() == image.base).ok_or_else(|| EngineError::Unexpected {
        what: format!("the label {BASE_LABEL} of {}", image.tag),
        expected: BaseKind::ALL.map(BaseKind::as_str).join(" or "),
        found: image.base.clone(),
    })
}

fn tag_for(family: &Family, context: &Context, kind: BaseKind) -> String {
    format!("{REPOSITORY}/{}:{}", family.name, context.tag(kind))
}

/// Makes an image that is another one with more labels.
async fn labelled(
    engine: &Engine,
    image: &str,
    labels: &HashMap<String, String>,
    tag: Option<String>,
) -> Result<String, EngineError> {
    let context = context::archive_that_labels(labels)
        .map_err(|source| EngineError::Archive { what: "packing a Dockerfile".to_owned(), source })?;
    let input =
        BuildInput { context, arguments: HashMap::from([("BASE".to_owned(), image.to_owned())]), tag };
    engine.build(input, &mut |_line| {}).await
}

/// The labels of a finished image. It belongs to no run any more: the run's labels are overwritten.
async fn finished_labels(
    engine: &Engine,
    run: &Run,
    family: &Family,
    kind: BaseKind,
    id: &str,
) -> Result<HashMap<String, String>, EngineError> {
    // Made, never started: an image's files can be read only through a container.
    let spec = ContainerSpec {
        name: run.id.clone(),
        hostname: "image".to_owned(),
        image: id.to_owned(),
        command: Some(vec!["true".to_owned()]),
        ..Default::default()
    };
    let container = engine.create_container(run, &spec).await?;
    let releases = first_words(&engine.download(&container, RELEASES_FILE).await?);
    let missing = first_words(&engine.download(&container, MISSING_FILE).await?);
    engine.remove_container(&container).await?;
    let mut labels: HashMap<String, String> =
        run.labels().into_keys().map(|key| (key, String::new())).collect();
    labels.extend([
        (IMAGE_LABEL.to_owned(), PROJECT.to_owned()),
        (FAMILY_LABEL.to_owned(), family.name.clone()),
        (BASE_LABEL.to_owned(), kind.as_str().to_owned()),
        (RELEASES_LABEL.to_owned(), releases.join(",")),
        (MISSING_LABEL.to_owned(), missing.join(",")),
    ]);
    Ok(labels)
}

fn node_image(tag: String, found: &ImageFound) -> NodeImage {
    let list = |label: &str| -> Vec<String> {
        let text = found.labels.get(label).map_or("", String::as_str);
        text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    NodeImage {
        tag,
        releases: list(RELEASES_LABEL),
        missing: list(MISSING_LABEL),
        base: found.labels.get(BASE_LABEL).cloned().unwrap_or_default(),
        size: found.size,
    }
}

fn first_words(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}
