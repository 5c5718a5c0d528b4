//! `simulator logs`: what a host has written, also one that has no power.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Cursor};

use super::playing::{self, HostArgs};
use super::{Exit, Failure, print};
use crate::engine::Engine;

/// Where Gluster's programs log.
const FOLDER: &str = "/var/log/glusterfs";

/// Print the last lines of a host's logs: of its main process, and of every program of Gluster's
///
/// They are read by way of the engine, so that a host without power has them, too.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// How many lines of each
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    lines: u32,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { host, lines } = args;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let (_, found) = playing::host(&runs, &host)?;
    let own = engine.logs(&found.container, lines).await?;
    print::text(&section(&found.name, "its main process", own.lines()))?;
    let archive = match engine.download_tar(&found.container, FOLDER).await {
        Ok(archive) => archive,
        // Nothing of Gluster's was ever started there.
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let ends = ends(&archive, lines as usize).map_err(|error| Failure {
        exit: Exit::Unknown,
        error: format!("{FOLDER} of {}: {error}", found.name).into(),
        hint: None,
    })?;
    for (path, lines) in ends {
        print::text(&section(&found.name, &path, lines.iter().map(String::as_str)))?;
    }
    Ok(())
}

/// Returns lines below what they are of, as `tail` prints them.
fn section<'a>(host: &str, what: &str, lines: impl Iterator<Item = &'a str>) -> String {
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("==> {host}: {what} <==\n{lines}\n")
}

/// Returns the last lines of each file of an archive, by path; of logs alone: what was compressed is no text.
fn ends(archive: &[u8], count: usize) -> std::io::Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(Cursor::new(archive)).entries()? {
        let entry = entry?;
        let path = entry.path()?.display().to_string();
        if !entry.header().entry_type().is_file() || !path.ends_with(".log") {
            continue;
        }
        let mut last = VecDeque::new();
        for line in BufReader::new(entry).split(b'\n') {
            last.push_back(String::from_utf8_lossy(&line?).into_owned());
            if last.len() > count {
                last.pop_front();
            }
        }
        found.push((path, last.into()));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_each_log_are_returned() {
        let mut builder = tar::Builder::new(Vec::new());
        let files: [(&str, &[u8]); 4] = [
            ("glusterfs/glusterd.log", b"one\ntwo\nthree\n"),
            ("glusterfs/bricks/b.log", b"only \xff"),
            ("glusterfs/glusterd.log.1.gz", b"\x1f\x8b"),
            ("glusterfs/empty.log", b""),
        ];
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            builder.append_data(&mut header, path, bytes).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let found = ends(&archive, 2).unwrap();
        let expected = [
            ("glusterfs/bricks/b.log", vec!["only \u{fffd}"]),
            ("glusterfs/empty.log", vec![]),
            ("glusterfs/glusterd.log", vec!["two", "three"]),
        ];
        assert_eq!(found.len(), expected.len());
        for ((path, lines), (expected_path, expected_lines)) in found.iter().zip(&expected) {
            assert_eq!(
                (path.as_str(), lines),
                (*expected_path, &expected_lines.iter().map(|line| (*line).to_owned()).collect())
            );
        }
    }

    #[test]
    fn an_archive_that_is_cut_short_is_no_empty_one() {
        assert!(ends(&[1; 512], 2).is_err());
    }
}
