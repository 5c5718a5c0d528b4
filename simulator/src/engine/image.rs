//! Images: pulled, imported, built, tagged last. What a build leaves on the way carries the labels of its run.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{BuildInfo, ImageSummary};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio_util::io::ReaderStream;

use super::label::{IMAGE_LABEL, PROJECT, RUN_LABEL};
use super::{Engine, EngineError, Run, label_filter};

/// How often a removal looks again. Twice is usual: what there was, and nothing.
const REMOVAL_PASSES: u32 = 20;

/// What the classic builder says at its end, before the image's id. The answer has a field for it too, whose Rust type
/// depends on the features that other crates of a workspace switch on in bollard.
const BUILT: &str = "Successfully built ";

/// An image on the engine.
#[derive(Debug, Clone)]
pub struct ImageFound {
    /// The engine's id.
    pub id: String,
    /// Its names, `repository:tag`.
    pub tags: Vec<String>,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Its size in bytes.
    pub size: i64,
}

/// What a build is made of.
#[derive(Debug)]
pub struct BuildInput {
    /// The context, a tar archive with the `Dockerfile` in it.
    pub context: Vec<u8>,
    /// Values for the `ARG`s of the Dockerfile.
    pub arguments: HashMap<String, String>,
    /// Its name; none until a build is to be seen as finished.
    pub tag: Option<String>,
}

impl Engine {
    /// Returns an image by name, or nothing where there is none.
    ///
    /// # Errors
    ///
    /// Whatever else the engine answers.
    pub async fn image(&self, name: &str) -> Result<Option<ImageFound>, EngineError> {
        let inspected = self
            .docker()
            .inspect_image(name)
            .await
            .map_err(EngineError::api(|| format!("looking for image {name}")));
        match inspected {
            Ok(image) => Ok(Some(ImageFound {
                id: image.id.unwrap_or_default(),
                tags: image.repo_tags.unwrap_or_default(),
                labels: image.config.and_then(|config| config.labels).unwrap_or_default(),
                size: image.size.unwrap_or_default(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns this project's images, the youngest first; those that others stand on are not among them.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn images(&self) -> Result<Vec<ImageFound>, EngineError> {
        let mut images = self.list_images(false, IMAGE_LABEL, PROJECT).await?;
        images.sort_by_key(|image| std::cmp::Reverse(image.created));
        Ok(images.into_iter().map(found).collect())
    }

    /// Pulls a public image, within a time limit.
    ///
    /// # Errors
    ///
    /// The registry's or the network's refusal, and [`EngineError::Unexpected`] when the time is up.
    pub async fn pull(&self, image: &str, limit: Duration) -> Result<(), EngineError> {
        let options = CreateImageOptionsBuilder::new().from_image(image).build();
        let pull =
            self.docker().create_image(Some(options), None, None).try_for_each(|_progress| async { Ok(()) });
        match tokio::time::timeout(limit, pull).await {
            Ok(result) => result.map_err(EngineError::api(|| format!("pulling {image}"))),
            Err(_elapsed) => Err(EngineError::Unexpected {
                what: format!("pulling {image}"),
                expected: format!("an end within {} s", limit.as_secs()),
                found: "none".to_owned(),
            }),
        }
    }

    /// Makes an image from the archive of a root file system, under this name; labelled as ours.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers, and an archive that cannot be read.
    pub async fn import(&self, archive: &Path, repository: &str, tag: &str) -> Result<(), EngineError> {
        let what = || format!("importing {repository}:{tag}");
        let file = tokio::fs::File::open(archive)
            .await
            .map_err(|source| EngineError::Archive { what: what(), source })?;
        let options = CreateImageOptionsBuilder::new()
            .from_src("-")
            .repo(repository)
            .tag(tag)
            .changes(vec![format!("LABEL {IMAGE_LABEL}={PROJECT}")])
            .build();
        let body = bollard::body_try_stream(ReaderStream::new(file));
        self.docker()
            .create_image(Some(options), Some(body), None)
            .try_for_each(|_progress| async { Ok(()) })
            .await
            .map_err(EngineError::api(what))
    }

    /// Builds an image with the classic builder and returns its id; `heard` gets each line of its output.
    ///
    /// # Errors
    ///
    /// A failed step, or whatever else the engine answers.
    pub async fn build(
        &self,
        input: BuildInput,
        heard: &mut (dyn FnMut(&str) + Send),
    ) -> Result<String, EngineError> {
        let what = || "building an image".to_owned();
        // No cache: the archive moves on, and a step that "did not change" would install what it had months ago.
        let mut options =
            BuildImageOptionsBuilder::new().rm(true).forcerm(true).nocache(true).buildargs(&input.arguments);
        if let Some(tag) = &input.tag {
            options = options.t(tag);
        }
        let body = bollard::body_full(input.context.into());
        let mut stream = self.docker().build_image(options.build(), None, Some(body));
        let mut id = None;
        while let Some(piece) = stream.next().await {
            let BuildInfo { stream, .. } = piece.map_err(EngineError::api(what))?;
            for line in stream.iter().flat_map(|text| text.lines()) {
                id = line.strip_prefix(BUILT).map(str::to_owned).or(id);
                heard(line);
            }
        }
        id.ok_or_else(|| EngineError::Unexpected {
            what: what(),
            expected: "the id of the image at its end".to_owned(),
            found: "none".to_owned(),
        })
    }

    /// Removes an image's name, and the image with its last one. One that is not there is fine.
    ///
    /// # Errors
    ///
    /// Whatever else the engine answers, such as a container that still uses it.
    pub async fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveImageOptionsBuilder::new().build();
        let removed = self
            .docker()
            .remove_image(name, Some(options), None)
            .await
            .map_err(EngineError::api(|| format!("removing image {name}")));
        match removed {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Removes what a run left, builds included: containers, networks, volumes, and its images except those that a
    /// finished one stands on.
    ///
    /// It looks again until it finds nothing: the engine hears of an interrupted build only when its client is gone,
    /// and may be at the next step by then.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn remove_build(&self, run: &Run) -> Result<(), EngineError> {
        for _ in 0..REMOVAL_PASSES {
            let things = self.remove_run(&run.id).await?;
            let images = self.remove_unfinished(run).await?;
            if things + images == 0 {
                return Ok(());
            }
        }
        Err(EngineError::Unexpected {
            what: format!("removing what {} left", run.id),
            expected: "an end".to_owned(),
            found: format!("something new after {REMOVAL_PASSES} passes"),
        })
    }

    /// Removes a build's images and returns how many went.
    async fn remove_unfinished(&self, run: &Run) -> Result<usize, EngineError> {
        let mut images = self.list_images(true, RUN_LABEL, &run.id).await?;
        images.sort_by_key(|image| std::cmp::Reverse(image.created));
        let mut removed = 0;
        for image in images {
            match self.remove_image(&image.id).await {
                // In use by an image with a name: part of a finished one.
                Err(error) if error.api_status() == Some(409) => {}
                Err(error) => return Err(error),
                Ok(()) => removed += 1,
            }
        }
        Ok(removed)
    }

    async fn list_images(
        &self,
        intermediate: bool,
        key: &str,
        value: &str,
    ) -> Result<Vec<ImageSummary>, EngineError> {
        let options =
            ListImagesOptionsBuilder::new().all(intermediate).filters(&label_filter(key, value)).build();
        self.docker()
            .list_images(Some(options))
            .await
            .map_err(EngineError::api(|| "listing images".to_owned()))
    }
}

fn found(image: ImageSummary) -> ImageFound {
    ImageFound {
        id: image.id,
        // The engine's way to say that an image has no name.
        tags: image.repo_tags.into_iter().filter(|tag| tag != "<none>:<none>").collect(),
        labels: image.labels,
        size: image.size,
    }
}
