//! What a pool leaves on disk before it goes: the logs and the state of every node.

use std::fmt::Write;
use std::io::Cursor;
use std::path::Path;

use futures_util::future::join_all;

use super::node::Role;
use super::{Pool, PoolError};
use crate::engine::{Engine, Run};

/// The folders of a node that are kept, and what they are called then.
const FOLDERS: [(&str, &str); 2] = [("/var/log", "log"), ("/var/lib/glusterd", "glusterd")];

/// What `gluster` is asked on each server.
const QUESTIONS: [&[&str]; 5] = [
    &["peer", "status"],
    &["pool", "list"],
    &["volume", "info"],
    &["volume", "status", "all", "detail"],
    &["volume", "status", "all", "clients"],
];

/// What else a node is asked.
const COMMANDS: [&[&str]; 3] = [
    &["gluster", "--version"],
    &["ps", "axo", "pid,ppid,stat,lstart,args"],
    &["dpkg-query", "-W", "*gluster*", "libgf*"],
];

/// A node, as far as what it leaves is concerned.
struct Source<'a> {
    engine: &'a Engine,
    name: &'a str,
    container: &'a str,
    /// Whether `gluster` is asked.
    serves: bool,
    volumes: Vec<&'a str>,
}

impl Pool {
    /// Saves logs and state of every node, in a folder for each. What cannot be had is said in the place where it
    /// would be: a node that is down still has a log.
    ///
    /// # Errors
    ///
    /// Only where this machine's own disk refuses.
    pub async fn save_logs(&self, folder: &Path) -> Result<(), PoolError> {
        let saved = join_all(self.nodes().map(|node| {
            let source = Source {
                engine: &self.engine,
                name: &node.name,
                container: &node.container,
                serves: node.role == Role::Server,
                volumes: self.volumes.iter().map(|volume| volume.name.as_str()).collect(),
            };
            async move { source.save(folder).await }
        }))
        .await;
        saved.into_iter().collect()
    }
}

/// Saves logs and state of all that a run has on the engine: of a pool that did not come up, whatever there is of it.
///
/// # Errors
///
/// The engine's troubles, and where this machine's own disk refuses.
pub async fn save_what_is_there(engine: &Engine, run: &Run, folder: &Path) -> Result<(), PoolError> {
    let runs = engine.runs().await?;
    let hosts = runs.iter().filter(|found| found.id == run.id).flat_map(|found| &found.hosts);
    let saved = join_all(hosts.map(|host| {
        let (name, container) = (host.name.as_str(), host.container.as_str());
        // Which of them are servers is not known; where there is no glusterd, that is what is saved.
        let source = Source { engine, name, container, serves: true, volumes: Vec::new() };
        async move { source.save(folder).await }
    }))
    .await;
    saved.into_iter().collect()
}

impl Source<'_> {
    async fn save(&self, folder: &Path) -> Result<(), PoolError> {
        let folder = folder.join(self.name);
        write(&folder, |path| std::fs::create_dir_all(path))?;
        let mut state = String::new();
        for argv in COMMANDS {
            self.ask(argv, &mut state).await;
        }
        if self.serves {
            for words in QUESTIONS {
                let argv: Vec<&str> = ["gluster", "--mode=script"].iter().chain(words).copied().collect();
                self.ask(&argv, &mut state).await;
            }
            for volume in &self.volumes {
                self.ask(&["gluster", "--mode=script", "volume", "heal", volume, "info"], &mut state).await;
            }
        }
        write(&folder.join("state.txt"), |path| std::fs::write(path, &state))?;
        for (inside, name) in FOLDERS {
            match self.engine.download_tar(self.container, inside).await {
                Ok(archive) => write(&folder.join(name), |path| unpack(&archive, path))?,
                Err(error) => {
                    let text = format!("{inside}: {error}\n");
                    write(&folder.join(format!("{name}.missing")), |path| std::fs::write(path, &text))?;
                }
            }
        }
        Ok(())
    }

    /// Asks a node something and appends question and answer.
    async fn ask(&self, argv: &[&str], text: &mut String) {
        let answer = match self.engine.exec(self.container, argv).await {
            Ok(output) => format!("{}{}[ended with {}]", output.stdout, output.stderr, output.status),
            Err(error) => format!("[no answer: {error}]"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "$ {}\n{answer}\n", argv.join(" "));
    }
}

/// Unpacks the files of one archived folder, without the name of that folder. No links, no sockets: what points
/// elsewhere or is no file says nothing about the pool.
fn unpack(archive: &[u8], folder: &Path) -> std::io::Result<()> {
    for entry in tar::Archive::new(Cursor::new(archive)).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let below: std::path::PathBuf = path.components().skip(1).collect();
        let plain = below.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !plain || below.as_os_str().is_empty() {
            continue;
        }
        let target = folder.join(below);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::io::copy(&mut entry, &mut std::fs::File::create(target)?)?;
    }
    Ok(())
}

fn write(path: &Path, act: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), PoolError> {
    act(path).map_err(|source| PoolError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            header.set_mode(0o644);
            header.set_entry_type(*kind);
            // Set by hand: the builder would refuse a path that leads out, and a container need not be so kind.
            let field = &mut header.as_old_mut().name;
            field[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, std::io::empty()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn only_plain_files_are_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&[
            ("log/glusterfs/one.log", tar::EntryType::Regular),
            ("log/../../out", tar::EntryType::Regular),
            ("log/link", tar::EntryType::Symlink),
        ]);
        unpack(&archive, &folder.path().join("log")).unwrap();
        assert!(folder.path().join("log/glusterfs/one.log").is_file());
        assert!(!folder.path().join("out").exists());
        assert!(!folder.path().join("log/link").exists());
    }
}
