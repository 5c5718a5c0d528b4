//! What a rehearsal leaves on disk: one folder a run, the latest one linked, everything in it to be read later.

use std::io;
use std::path::{Path, PathBuf};

use executor::core::application::ApplicationSection;
use executor::core::inventory::{HostSection, InventoryFile, SshSection};
use executor::core::pools::PoolSection;
use jiff::Timestamp;
use toml::Spanned;

use crate::pool::{Application, Node, Pool};
use crate::scenario::{Scenario, Which};

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct Artifacts {
    folder: PathBuf,
}

/// Why a folder or a file of a run cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct ArtifactError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Names the file an error is about.
fn at(path: &Path) -> impl FnOnce(io::Error) -> ArtifactError + '_ {
    move |source| ArtifactError { path: path.to_owned(), source }
}

impl Artifacts {
    /// Makes the folder of a run of this scenario, `TIME-SCENARIO` below `runs`, and links `runs/latest` to it.
    ///
    /// # Errors
    /// The folder or link that cannot be made.
    pub fn create(runs: &Path, scenario: &str, now: Timestamp) -> Result<Self, ArtifactError> {
        std::fs::create_dir_all(runs).map_err(at(runs))?;
        let runs = std::path::absolute(runs).map_err(at(runs))?;
        let name = format!("{}-{scenario}", now.strftime("%Y%m%dT%H%M%SZ"));
        let mut folder = runs.join(&name);
        let mut count = 1;
        // Two runs may begin in one second; the folder's own making decides who has it.
        while let Err(error) = std::fs::create_dir(&folder) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(at(&folder)(error));
            }
            count += 1;
            folder = runs.join(format!("{name}-{count}"));
        }
        let latest = runs.join("latest");
        let fresh = runs.join(format!(".latest-{}", std::process::id()));
        let target = folder.file_name().unwrap_or_default();
        // Renamed into place, so that there is a latest one at all times.
        std::os::unix::fs::symlink(target, &fresh)
            .and_then(|()| std::fs::rename(&fresh, &latest))
            .map_err(at(&latest))?;
        Ok(Self { folder })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a file or folder of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file of the run.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf, ArtifactError> {
        let path = self.path(name);
        std::fs::write(&path, content).map_err(at(&path))?;
        Ok(path)
    }

    /// Adds a line to a file of the run.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn append(&self, name: &str, line: &str) -> Result<(), ArtifactError> {
        let path = self.path(name);
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
        io::Write::write_all(&mut file, format!("{line}\n").as_bytes()).map_err(at(&path))
    }

    /// Writes the executor's inventory of a pool by itself, with all its clients.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn write_inventory(&self, pool: &Pool) -> Result<PathBuf, ArtifactError> {
        self.write_inventory_file("pool.toml", &inventory(pool, None, &[]))
    }

    /// Writes the executor's inventories of a scenario's pools, each naming the other; without the client that is left
    /// to itself, with the applications of each host.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn write_inventories(
        &self,
        scenario: &Scenario,
        pool: &Pool,
        secondary: Option<&Pool>,
    ) -> Result<Inventories, ArtifactError> {
        let mut near = inventory(pool, scenario.left_to_itself(), &scenario.applications);
        let secondary = match secondary {
            Some(secondary) => {
                let mut far = inventory(secondary, None, &[]);
                far.primaries.push(PoolSection { inventory: Spanned::new(0..0, "pool.toml".into()) });
                near.secondaries.push(PoolSection { inventory: Spanned::new(0..0, "secondary.toml".into()) });
                Some(self.write_inventory_file("secondary.toml", &far)?)
            }
            None => None,
        };
        Ok(Inventories { pool: self.write_inventory_file("pool.toml", &near)?, secondary })
    }

    fn write_inventory_file(&self, name: &str, file: &InventoryFile) -> Result<PathBuf, ArtifactError> {
        let path = self.path(name);
        let text = toml::to_string(file).map_err(io::Error::other).map_err(at(&path))?;
        self.write(name, &text)
    }
}

/// The inventories of a scenario's pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventories {
    pool: PathBuf,
    secondary: Option<PathBuf>,
}

impl Inventories {
    /// Returns the inventory of a pool.
    pub fn of(&self, which: Which) -> PathBuf {
        match which {
            Which::Pool => self.pool.clone(),
            Which::Secondary => self.secondary.clone().unwrap_or_else(|| self.pool.clone()),
        }
    }
}

/// Returns the inventory of a pool, without one of its clients.
fn inventory(pool: &Pool, without: Option<&str>, applications: &[Application]) -> InventoryFile {
    let section = |node: &Node| -> Option<HostSection> {
        let own = applications.iter().filter(|application| application.host == node.name);
        Some(HostSection {
            name: Spanned::new(0..0, node.name.parse().ok()?),
            address: Some(Spanned::new(0..0, node.door.address.ip().to_string())),
            user: None,
            port: Some(node.door.address.port()),
            identity: None,
            jump: None,
            known_hosts: None,
            applications: own.filter_map(|application| section_of(pool, application)).collect(),
            transport: None,
            install: None,
            install_back: None,
        })
    };
    let door = pool.nodes().next().map(|node| &node.door);
    let listed = pool.clients().iter().filter(|client| without != Some(client.name.as_str()));
    InventoryFile {
        transport: None,
        packages: None,
        ssh: SshSection {
            user: door.map(|door| door.user.clone()),
            identity: door.map(|door| door.identity.clone()),
            known_hosts: door.map(|door| door.known_hosts.clone()),
            ..SshSection::default()
        },
        servers: pool.servers().iter().filter_map(section).collect(),
        clients: listed.filter_map(section).collect(),
        secondaries: Vec::new(),
        primaries: Vec::new(),
    }
}

/// Returns how an operator would declare an application.
fn section_of(pool: &Pool, application: &Application) -> Option<ApplicationSection> {
    let process = application.program.process();
    Some(ApplicationSection {
        name: Spanned::new(0..0, process.parse().ok()?),
        unit: None,
        process: Some(process.parse().ok()?),
        stop: Some(application.stop()),
        start: Some(pool.start_words(application)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_second_have_folders_of_their_own_and_the_last_is_linked() {
        let runs = tempfile::tempdir().unwrap();
        let first = Artifacts::create(runs.path(), "s", Timestamp::UNIX_EPOCH).unwrap();
        let second = Artifacts::create(runs.path(), "s", Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(first.folder(), second.folder());
        second.write("report.txt", "x").unwrap();
        assert_eq!(std::fs::read_to_string(runs.path().join("latest/report.txt")).unwrap(), "x");
    }
}
