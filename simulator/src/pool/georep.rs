//! Geo-replication from one pool to another.

use std::time::Duration;

use super::{Look, Pool, PoolError, until};

/// What a session may take to come to Active, Passive and changelogs; 15 to 30 s are usual.
const LIMIT: Duration = Duration::from_secs(180);

/// What a folder may take to arrive; changelogs are closed every 15 s.
const ARRIVAL: Duration = Duration::from_secs(90);

/// How often a session is started until it carries something.
const STARTS: usize = 4;

/// The states of a worker that is well, and the crawl of one that has caught up (gluster-georep status, 3.7 to 11).
const ACTIVE: &str = "Active";
const PASSIVE: &str = "Passive";
const CAUGHT_UP: &str = "Changelog Crawl";

/// Lets a node log in on another one, and know its host key.
const LET_IN: &str = "mkdir -p -m 700 /root/.ssh && \
    { [ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; } && \
    ssh-keyscan -t ed25519 \"$1\" >>/root/.ssh/known_hosts 2>/dev/null && cat /root/.ssh/id_ed25519.pub";

/// A geo-replication session: of which volume, to which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The volume of the primary pool.
    pub primary: String,
    /// The volume of the secondary pool.
    pub secondary: String,
}

impl Pool {
    /// Makes a session from a volume of this pool to one of another pool, starts it, and waits until it has caught up.
    ///
    /// The files go through tar, which is there wherever Gluster is; rsync 3.4 and Gluster do not fit together (see
    /// `GEOREP_RSYNC_TRAP`).
    ///
    /// # Errors
    /// [`PoolError`] where a command fails, or the session does not come to run.
    pub async fn replicate(&self, session: &Session, far: &Pool) -> Result<(), PoolError> {
        let (Some(near), Some(there)) = (self.servers.first(), far.servers.first()) else {
            return Ok(());
        };
        let key = self.engine.exec_ok(&near.container, &["sh", "-c", LET_IN, "let-in", &there.name]).await?;
        let admit = "mkdir -p -m 700 /root/.ssh && printf '%s\\n' \"$1\" >>/root/.ssh/authorized_keys";
        let admit = ["sh", "-c", admit, "admit", key.stdout.trim()];
        self.engine.exec_ok(&there.container, &admit).await?;
        self.change(near, &["system::", "execute", "gsec_create"]).await?;
        let secondary = format!("{}::{}", there.name, session.secondary);
        let command = ["volume", "geo-replication", &session.primary, &secondary];
        let say = |words: &[&'static str]| [&command[..], words].concat();
        self.change(near, &say(&["create", "push-pem"])).await?;
        self.change(near, &say(&["config", "sync-method", "tarssh"])).await?;
        self.change(near, &say(&["start"])).await?;
        // A session whose workers look well may still be deaf: see the executor's proof of replication.
        for _ in 0..STARTS {
            self.wait_for_session(session, far).await?;
            if self.arrives(session, far).await? {
                return Ok(());
            }
            self.change(near, &say(&["stop"])).await?;
            self.change(near, &say(&["start"])).await?;
        }
        Err(PoolError::NotReady {
            what: format!("a file of {} to arrive in {secondary}", session.primary),
            limit: ARRIVAL,
            last_seen: format!("no file, after {STARTS} starts of the session"),
        })
    }

    async fn wait_for_session(&self, session: &Session, far: &Pool) -> Result<(), PoolError> {
        let what = format!("geo-replication {} to {} to catch up", session.primary, session.secondary);
        until(what, LIMIT, async || {
            Ok(match self.session(session, far).await? {
                Ok(_) => Look::Ready(()),
                Err(wrong) => Look::NotYet(wrong),
            })
        })
        .await
    }

    /// Makes a folder on the primary volume and waits for it on the bricks of the secondary.
    async fn arrives(&self, session: &Session, far: &Pool) -> Result<bool, PoolError> {
        let (Some(near), Some(there)) = (self.servers.first(), far.servers.first()) else {
            return Ok(false);
        };
        // Its name is nobody's: the client has a folder of its own, and this one is gone before anybody writes.
        const PUT: &str = "at=$(mktemp -d) && mount -t glusterfs \"localhost:/$1\" \"$at\" && mkdir -p \"$at/arrival\"; \
            umount \"$at\"; rmdir \"$at\"";
        const TAKE: &str = "at=$(mktemp -d) && mount -t glusterfs \"localhost:/$1\" \"$at\" && rmdir \"$at/arrival\"; \
            umount \"$at\"; rmdir \"$at\"";
        self.engine.exec_ok(&near.container, &["sh", "-c", PUT, "put", &session.primary]).await?;
        let place = there.bricks.iter().find(|brick| brick.volume == session.secondary);
        let place = place.map_or_else(String::new, |brick| format!("{}/arrival", brick.path));
        let seen = async |wanted: bool| {
            let look = async || {
                let there = self.engine.exec(&there.container, &["test", "-d", &place]).await?.success();
                Ok(if there == wanted { Look::Ready(()) } else { Look::NotYet("not yet".to_owned()) })
            };
            match until(format!("{place} to come or go"), ARRIVAL, look).await {
                Ok(()) => Ok(true),
                Err(PoolError::NotReady { .. }) => Ok(false),
                Err(other) => Err(other),
            }
        };
        let came = seen(true).await?;
        self.engine.exec_ok(&near.container, &["sh", "-c", TAKE, "take", &session.primary]).await?;
        Ok(came && seen(false).await?)
    }

    /// Looks at a session: which workers it has, in words, or what is wrong with one.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn session(&self, session: &Session, far: &Pool) -> Result<Result<String, String>, PoolError> {
        let (Some(near), Some(there)) = (self.servers.first(), far.servers.first()) else {
            return Ok(Err("a pool without servers".to_owned()));
        };
        let secondary = format!("{}::{}", there.name, session.secondary);
        let words = ["volume", "geo-replication", &session.primary, &secondary, "status"];
        let answer = self.gluster(near, &words).await?;
        if !answer.success() {
            return Ok(Err(answer.last_words().to_owned()));
        }
        let bricks = self.volumes.iter().filter(|volume| volume.name == session.primary);
        let bricks: usize = bricks.map(|volume| volume.bricks_per_server * self.servers.len()).sum();
        let sets = self.volumes.iter().find(|volume| volume.name == session.primary);
        let sets = sets.map_or(1, |volume| bricks / volume.kind.set_size().max(1));
        Ok(workers(&answer.stdout, &secondary, bricks, sets))
    }
}

/// Reads the workers of a session from its status: all of them Active or Passive, one Active a set, caught up.
fn workers(status: &str, secondary: &str, bricks: usize, sets: usize) -> Result<String, String> {
    let lines: Vec<&str> = status.lines().filter(|line| line.contains(secondary)).collect();
    let in_state = |line: &&&str, state: &str| line.split_whitespace().any(|word| word == state);
    let active: Vec<&&str> = lines.iter().filter(|line| in_state(line, ACTIVE)).collect();
    let passive = lines.iter().filter(|line| in_state(line, PASSIVE)).count();
    let words = format!("{} Active, {passive} Passive of {bricks} workers", active.len());
    if active.len() != sets || active.len() + passive != bricks {
        return Err(format!("{words}: {}", lines.join(" | ")));
    }
    match active.iter().find(|line| !line.contains(CAUGHT_UP)) {
        Some(behind) => Err(format!("not caught up: {behind}")),
        None => Ok(format!("{words}, {CAUGHT_UP}")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const HEAD: &str = "PRIMARY NODE    PRIMARY VOL    PRIMARY BRICK    SECONDARY USER    SECONDARY    \
        SECONDARY NODE    STATUS     CRAWL STATUS       LAST_SYNCED\n---\n";

    fn line(node: &str, state: &str, crawl: &str) -> String {
        format!("{node}    vol0    /bricks/vol0/1    root    l1::copy    l1    {state}    {crawl}    N/A\n")
    }

    #[rstest]
    #[case::well("Active", "Changelog Crawl", "Passive", None)]
    #[case::behind("Active", "History Crawl", "Passive", Some("not caught up"))]
    #[case::faulty("Active", "Changelog Crawl", "Faulty", Some("1 Active, 0 Passive of 2"))]
    #[case::two_active("Active", "Changelog Crawl", "Active", Some("2 Active"))]
    #[case::stopped("Stopped", "N/A", "Stopped", Some("0 Active"))]
    fn workers_are_counted(
        #[case] first: &str,
        #[case] crawl: &str,
        #[case] second: &str,
        #[case] wrong: Option<&str>,
    ) {
        let status = format!("{HEAD}{}{}", line("m1", first, crawl), line("m2", second, "N/A"));
        let found = workers(&status, "l1::copy", 2, 1);
        match wrong {
            None => assert_eq!(found.unwrap(), "1 Active, 1 Passive of 2 workers, Changelog Crawl"),
            Some(wrong) => {
                let said = found.unwrap_err();
                assert!(said.contains(wrong), "{said}");
            }
        }
    }
}
