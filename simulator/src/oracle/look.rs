//! One look at one server: its programs, packages, processes, and the files in which glusterd keeps the pool.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shell::{self, Shell};

const SCRIPT: &str = include_str!("scripts/look.py");
/// A look takes a fraction of a second; `get-state` alone may wait for glusterd's lock, up to 20 s.
const LIMIT: Duration = Duration::from_secs(40);

/// A part of a look: read, or the reason why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part<T> {
    Ok(T),
    Error(String),
}

impl<T> Part<T> {
    pub(crate) fn as_result(&self) -> Result<&T, String> {
        match self {
            Self::Ok(value) => Ok(value),
            Self::Error(reason) => Err(reason.clone()),
        }
    }
}

/// An installed package that was built from Gluster's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) status: String,
}

impl Package {
    /// Returns the release a package's version stands for: 11.1 of `1:11.1-6`.
    pub(crate) fn release(&self) -> &str {
        let upstream = self.version.rsplit_once('-').map_or(self.version.as_str(), |(upstream, _)| upstream);
        upstream.split_once(':').map_or(upstream, |(_, upstream)| upstream)
    }
}

/// A process whose program is one of Gluster's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// One letter, see proc(5): `Z` is a zombie, `T` is stopped.
    pub(crate) state: String,
    /// Ticks since the machine booted; with the pid it tells one process from every other.
    pub(crate) start: u64,
    /// The program's file; " (deleted)" at the end where it was replaced after the start.
    pub(crate) exe: String,
    pub(crate) cmdline: Vec<String>,
    /// Files of Gluster that it has in memory and that were replaced on disk.
    pub(crate) deleted: Vec<String>,
    /// TCP ports it listens on.
    pub(crate) ports: Vec<u16>,
}

/// What a process of Gluster is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    Glusterd,
    Brick { path: String },
    SelfHeal,
    Rebalance,
    Other,
}

impl Process {
    /// Returns the argument after the given option.
    fn option(&self, name: &str) -> Option<&str> {
        let place = self.cmdline.iter().position(|argument| argument == name)?;
        self.cmdline.get(place + 1).map(String::as_str)
    }

    /// Returns what the process is for, by its command line (the same from 3.7 to 11 where it matters here:
    /// glusterd-utils.c `--brick-name`, glusterd-svc-helper.c and glusterd-shd-svc.c `--volfile-id`).
    pub(crate) fn role(&self) -> Role {
        let program =
            self.cmdline.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
        let volfile = self.option("--volfile-id").unwrap_or_default();
        if program == "glusterd" {
            Role::Glusterd
        } else if let Some(path) = self.option("--brick-name") {
            Role::Brick { path: path.to_owned() }
        } else if volfile == "gluster/glustershd" || volfile.starts_with("shd/") {
            Role::SelfHeal
        } else if volfile.starts_with("rebalance/") {
            Role::Rebalance
        } else {
            Role::Other
        }
    }

    /// Returns whether the process does its work: not a zombie, not dead, not stopped by a signal.
    pub(crate) fn works(&self) -> bool {
        !matches!(self.state.as_str(), "Z" | "X" | "T" | "t")
    }
}

/// What glusterd stores of a volume on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredVolume {
    /// `/var/lib/glusterd/vols/VOL/info`.
    pub(crate) info: String,
    /// `/var/lib/glusterd/vols/VOL/cksum`, which peers compare.
    pub(crate) cksum: String,
}

impl StoredVolume {
    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.info.lines().filter_map(|line| line.split_once('='))
    }

    /// Returns the options: the keys of options hold a dot, those of glusterd's own records do not (glusterd-store.c).
    pub(crate) fn options(&self) -> BTreeMap<String, String> {
        let options = self.lines().filter(|(key, _)| key.contains('.'));
        options.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Returns what makes the volume this volume: its kind, its id, its bricks. Versions and counters are left out.
    pub(crate) fn layout(&self) -> BTreeMap<String, String> {
        const KEPT: [&str; 9] = [
            "type",
            "count",
            "status",
            "sub_count",
            "replica_count",
            "arbiter_count",
            "disperse_count",
            "redundancy_count",
            "volume-id",
        ];
        let layout = self.lines().filter(|(key, _)| KEPT.contains(key) || key.starts_with("brick-"));
        layout.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

/// One look at one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) version: Part<String>,
    pub(crate) packages: Part<Vec<Package>>,
    pub(crate) glusterd_info: Part<String>,
    pub(crate) processes: Part<Vec<Process>>,
    pub(crate) volumes: Part<BTreeMap<String, StoredVolume>>,
    /// Per brick, what waits to be healed: entries of `.glusterfs/indices/xattrop` but for the base file (index.c).
    pub(crate) indices: BTreeMap<String, Part<Vec<String>>>,
    /// `gluster get-state`: the pool as this server's glusterd sees it.
    pub(crate) state: Part<String>,
}

impl Look {
    /// Looks at a server whose bricks are at the given paths.
    pub(crate) async fn at(shell: &dyn Shell, server: &str, bricks: &[&str]) -> Result<Self, String> {
        let text = shell::python(shell, server, SCRIPT, bricks, LIMIT).await?;
        serde_json::from_str(&text).map_err(|error| format!("unreadable look at {server}: {error}"))
    }

    /// Returns the release of the program on disk, from the first line of `glusterfs --version`: `glusterfs 11.1`,
    /// or `glusterfs 3.8.15 built on …` on old releases.
    pub(crate) fn release(&self) -> Result<String, String> {
        let text = self.version.as_result()?;
        let mut words = text.lines().next().unwrap_or_default().split_whitespace();
        match (words.next(), words.next()) {
            (Some("glusterfs"), Some(release)) => Ok(release.to_owned()),
            _ => Err(format!("glusterfs --version said: {text}")),
        }
    }

    fn info(&self, key: &str) -> Result<&str, String> {
        let text = self.glusterd_info.as_result()?;
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim());
        found.ok_or_else(|| format!("no {key} in glusterd.info"))
    }

    /// Returns the op-version that glusterd stored.
    pub(crate) fn op_version(&self) -> Result<String, String> {
        self.info("operating-version").map(str::to_owned)
    }

    /// Returns the server's UUID.
    pub(crate) fn uuid(&self) -> Result<String, String> {
        self.info("UUID").map(str::to_owned)
    }

    /// Returns the processes of one role.
    pub(crate) fn processes(&self, role: &Role) -> Result<Vec<&Process>, String> {
        let processes = self.processes.as_result()?;
        Ok(processes.iter().filter(|process| process.role() == *role).collect())
    }

    /// Returns the state as glusterd sees it, its lines `key: value` by key.
    pub(crate) fn state(&self) -> Result<BTreeMap<&str, &str>, String> {
        let text = self.state.as_result()?;
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        Ok(lines.map(|(key, value)| (key.trim(), value.trim())).collect())
    }
}

/// Looks at all servers side by side.
pub(crate) async fn everywhere(
    shell: &dyn Shell,
    servers: &[(String, Vec<String>)],
) -> BTreeMap<String, Result<Look, String>> {
    let looks = servers.iter().map(async |(server, bricks)| {
        let bricks: Vec<&str> = bricks.iter().map(String::as_str).collect();
        (server.clone(), Look::at(shell, server, &bricks).await)
    });
    futures_util::future::join_all(looks).await.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("11.1-6", "11.1")]
    #[case("1:9.2-1+deb11u1", "9.2")]
    #[case("3.8.15", "3.8.15")]
    fn a_package_tells_its_release(#[case] version: &str, #[case] release: &str) {
        let package =
            Package { name: "glusterfs-server".into(), version: version.into(), status: "installed".into() };
        assert_eq!(package.release(), release);
    }

    #[rstest]
    #[case("glusterfs 10.3\nRepository …", Ok("10.3"))]
    #[case("glusterfs 3.8.15 built on Sep  1 2016 10:00:00", Ok("3.8.15"))]
    #[case("bash: glusterfs", Err(()))]
    fn a_program_tells_its_release(#[case] text: &str, #[case] release: Result<&str, ()>) {
        let mut look = testing::look("g1");
        look.version = Part::Ok(text.to_owned());
        assert_eq!(look.release().map_err(|_| ()), release.map(str::to_owned));
    }

    #[test]
    fn options_have_a_dot_and_the_layout_has_bricks() {
        let volume = testing::stored_volume();
        assert_eq!(volume.options()["nfs.disable"], "on");
        assert!(!volume.options().contains_key("op-version"));
        assert_eq!(volume.layout()["brick-0"], "g1:-bricks-vol");
        assert!(!volume.layout().contains_key("version"));
    }

    #[test]
    fn processes_have_roles() {
        let look = testing::look("g1");
        let roles: Vec<Role> = look.processes.as_result().unwrap().iter().map(Process::role).collect();
        assert_eq!(roles, [Role::Glusterd, Role::Brick { path: "/bricks/vol".into() }, Role::SelfHeal]);
    }
}
