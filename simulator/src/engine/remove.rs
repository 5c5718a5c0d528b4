//! Taking away what a run left on the engine, and never anything else.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use bollard::query_parameters::RemoveVolumeOptionsBuilder;

use super::found::Found;
use super::label::{Kept, Owner, OwnerState, PROJECT, PROJECT_LABEL, RUN_LABEL};
use super::{Engine, EngineError};

/// How long a network may have endpoints of containers that are gone. Docker (20.10: `daemon/monitor.go`) calls a
/// container stopped before it releases its network, so that a removal may end a moment before the endpoint does.
const ENDPOINTS_GO: Duration = Duration::from_secs(30);
/// The time between two tries to remove such a network.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What kind of thing is on the engine. In the order in which things can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// An image.
    Image,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Container => "container",
            Kind::Network => "network",
            Kind::Volume => "volume",
            Kind::Image => "image",
        })
    }
}

/// Something that was removed, or was meant to be.
#[derive(Debug)]
pub struct Removed {
    /// What kind of thing.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The run it belonged to; images belong to none.
    pub run: String,
    /// Why it is still there; nothing when it is gone.
    pub error: Option<EngineError>,
}

/// What to remove.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// What belongs to this run, whoever owns it.
    Run(&'a str),
    /// What belongs to runs whose owner is gone, and what else is asked for.
    Leftovers {
        /// What was left on purpose, too.
        kept: bool,
        /// What belongs to runs whose owner lives, or is not to be seen from here, too.
        live: bool,
    },
}

impl Engine {
    /// Removes containers, networks and volumes of a scope, and says of each whether it is gone.
    ///
    /// # Errors
    ///
    /// Only where the engine cannot even list them; what cannot be removed is in the answer.
    pub async fn remove(&self, scope: Scope<'_>) -> Result<Vec<Removed>, EngineError> {
        let _alone = self.creating.write().await;
        let found = self.find_all().await?;
        let mut removed = Vec::new();
        for kind in [Kind::Container, Kind::Network, Kind::Volume] {
            let of_kind = found.iter().filter(|thing| {
                thing.kind == kind && selected(scope, &thing.labels, Owner::state_in(&thing.labels))
            });
            // All of a kind at once, as far as the engine can take it: its files take it up to a second each.
            let removals = of_kind.map(|thing| self.remove_found(thing));
            removed.extend(futures_util::future::join_all(removals).await);
        }
        Ok(removed)
    }

    /// Removes everything of one run and returns how many things that were: its owner's last act.
    ///
    /// # Errors
    ///
    /// As [`Engine::remove`], or the first thing that is still there.
    pub async fn remove_run(&self, run: &str) -> Result<usize, EngineError> {
        let removed = self.remove(Scope::Run(run)).await?;
        let count = removed.len();
        match removed.into_iter().find_map(|thing| thing.error) {
            Some(error) => Err(error),
            None => Ok(count),
        }
    }

    /// Removes this project's images, finished ones included, the youngest first: an image cannot go before
    /// those that were built on it.
    ///
    /// # Errors
    ///
    /// Only where the engine cannot list them.
    pub async fn remove_images(&self) -> Result<Vec<Removed>, EngineError> {
        let mut removed = Vec::new();
        for image in self.images().await? {
            let names = if image.tags.is_empty() { vec![image.id] } else { image.tags };
            for name in names {
                let error = self.remove_image(&name).await.err();
                removed.push(Removed { kind: Kind::Image, name, run: String::new(), error });
            }
        }
        Ok(removed)
    }

    async fn remove_found(&self, thing: &Found) -> Removed {
        let result = match thing.kind {
            Kind::Container => return self.removed(thing, self.remove_container(&thing.id).await),
            Kind::Network => self.remove_network(&thing.id).await,
            Kind::Volume => {
                let options = RemoveVolumeOptionsBuilder::new().force(true).build();
                self.docker.remove_volume(&thing.id, Some(options)).await
            }
            Kind::Image => return self.removed(thing, self.remove_image(&thing.id).await),
        };
        let what = || format!("removing {} {}", thing.kind, thing.name);
        self.removed(thing, result.map_err(EngineError::api(what)))
    }

    /// Removes a network as soon as nothing is on it any more. Whose endpoint it is that keeps it is not ours to say:
    /// none is taken off.
    async fn remove_network(&self, id: &str) -> Result<(), bollard::errors::Error> {
        let begun = Instant::now();
        loop {
            match self.docker.remove_network(id).await {
                Err(error) if has_endpoints(&error) && begun.elapsed() < ENDPOINTS_GO => {
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                result => return result,
            }
        }
    }

    fn removed(&self, thing: &Found, result: Result<(), EngineError>) -> Removed {
        Removed {
            kind: thing.kind,
            name: thing.name.clone(),
            run: thing.labels.get(RUN_LABEL).cloned().unwrap_or_default(),
            // Gone by another hand is gone.
            error: result.err().filter(|error| !error.is_not_found()),
        }
    }
}

/// Tells whether the engine keeps a network because something is still on it.
fn has_endpoints(error: &bollard::errors::Error) -> bool {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code: 403, message } => {
            message.contains("active endpoints")
        }
        _ => false,
    }
}

/// Decides whether a thing is to be removed. What does not carry our label never is, whatever listed it.
fn selected(scope: Scope<'_>, labels: &HashMap<String, String>, owner: OwnerState) -> bool {
    if labels.get(PROJECT_LABEL).map(String::as_str) != Some(PROJECT) {
        return false;
    }
    match scope {
        Scope::Run(run) => labels.get(RUN_LABEL).map(String::as_str) == Some(run),
        Scope::Leftovers { kept, live } => {
            let is_kept = Kept::in_labels(labels).is_some();
            match owner {
                // As long as its owner lives, it is not kept: it is in use.
                OwnerState::Alive => live,
                OwnerState::Gone => kept || !is_kept,
                OwnerState::Unknown => live && (kept || !is_kept),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::super::Run;
    use super::*;

    const LEFT: Scope<'_> = Scope::Leftovers { kept: false, live: false };
    const LEFT_AND_KEPT: Scope<'_> = Scope::Leftovers { kept: true, live: false };
    const LEFT_AND_LIVE: Scope<'_> = Scope::Leftovers { kept: false, live: true };
    const ALL: Scope<'_> = Scope::Leftovers { kept: true, live: true };

    #[rstest]
    #[case::own_run(Scope::Run("a"), false, OwnerState::Alive, true)]
    #[case::own_run_kept(Scope::Run("a"), true, OwnerState::Gone, true)]
    #[case::other_run(Scope::Run("b"), false, OwnerState::Gone, false)]
    #[case::left_over(LEFT, false, OwnerState::Gone, true)]
    #[case::kept(LEFT, true, OwnerState::Gone, false)]
    #[case::live(LEFT, false, OwnerState::Alive, false)]
    #[case::live_to_be_kept(LEFT, true, OwnerState::Alive, false)]
    #[case::elsewhere(LEFT, false, OwnerState::Unknown, false)]
    #[case::kept_too(LEFT_AND_KEPT, true, OwnerState::Gone, true)]
    #[case::kept_too_left_over(LEFT_AND_KEPT, false, OwnerState::Gone, true)]
    #[case::kept_too_live(LEFT_AND_KEPT, true, OwnerState::Alive, false)]
    #[case::kept_too_elsewhere(LEFT_AND_KEPT, true, OwnerState::Unknown, false)]
    #[case::live_too(LEFT_AND_LIVE, false, OwnerState::Alive, true)]
    #[case::live_too_elsewhere(LEFT_AND_LIVE, false, OwnerState::Unknown, true)]
    #[case::live_too_kept(LEFT_AND_LIVE, true, OwnerState::Gone, false)]
    #[case::live_too_kept_elsewhere(LEFT_AND_LIVE, true, OwnerState::Unknown, false)]
    #[case::all_of_ours(ALL, true, OwnerState::Unknown, true)]
    fn what_is_removed(
        #[case] scope: Scope<'_>,
        #[case] is_kept: bool,
        #[case] owner: OwnerState,
        #[case] expected: bool,
    ) {
        let run = Run { id: "a".to_owned(), ..Run::new("x") };
        let run = if is_kept { run.kept(Kept::OnFailure, Path::new("/runs/a")) } else { run };
        assert_eq!(selected(scope, &run.labels(), owner), expected);
    }

    #[rstest]
    #[case(ALL)]
    #[case(Scope::Run("a"))]
    fn what_is_not_ours_is_never_removed(#[case] scope: Scope<'_>) {
        let mut labels = Run { id: "a".to_owned(), ..Run::new("x") }.labels();
        labels.insert(PROJECT_LABEL.to_owned(), "something else".to_owned());
        assert!(!selected(scope, &labels, OwnerState::Gone));
    }

    #[test]
    fn no_label_is_not_ours() {
        let labels = HashMap::new();
        assert!(!selected(ALL, &labels, OwnerState::Gone));
    }
}
