//! What a pool leaves on disk before it goes: the logs and the state of every node.

use std::fmt::Write;
use std::io::Cursor;
use std::path::Path;

use futures_util::future::join_all;

use super::node::{Node, Role};
use super::{Pool, PoolError};

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

impl Pool {
    /// Saves logs and state of every node, in a folder for each. What cannot be had is said in the place where it
    /// would be: a node that is down still has a log.
    ///
    /// # Errors
    ///
    /// Only where this machine's own disk refuses.
    pub async fn save_logs(&self, folder: &Path) -> Result<(), PoolError> {
        let saved = join_all(self.nodes().map(|node| self.save_node(node, folder))).await;
        saved.into_iter().collect()
    }

    async fn save_node(&self, node: &Node, folder: &Path) -> Result<(), PoolError> {
        let folder = folder.join(&node.name);
        write(&folder, |path| std::fs::create_dir_all(path))?;
        let mut state = String::new();
        for argv in COMMANDS {
            self.ask(node, argv, &mut state).await;
        }
        if node.role == Role::Server {
            for words in QUESTIONS {
                let argv: Vec<&str> = ["gluster", "--mode=script"].iter().chain(words).copied().collect();
                self.ask(node, &argv, &mut state).await;
            }
            for volume in &self.volumes {
                let argv = ["gluster", "--mode=script", "volume", "heal", &volume.name, "info"];
                self.ask(node, &argv, &mut state).await;
            }
        }
        write(&folder.join("state.txt"), |path| std::fs::write(path, &state))?;
        for (inside, name) in FOLDERS {
            match self.engine.download_tar(&node.container, inside).await {
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
    async fn ask(&self, node: &Node, argv: &[&str], text: &mut String) {
        let answer = match self.engine.exec(&node.container, argv).await {
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
