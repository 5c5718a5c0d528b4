//! Gluster's processes and what they are for.

use std::collections::BTreeSet;

use super::{LOOK, ScriptError, complete, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::Release;
use crate::core::system::{Daemon, Role};

const ACT: &str = "looking at Gluster's processes";
const SCRIPT: &str =
    concat!("# daemons.sh\n", include_str!("../service/files/common.sh"), include_str!("files/daemons.sh"));

/// Returns the command that lists Gluster's processes.
pub fn daemons() -> Command {
    Command::script(Effect::Reads, SCRIPT, [""], LOOK)
}

/// Reads what [`daemons`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_daemons(output: &Output) -> Result<Vec<Daemon>, ScriptError> {
    complete(ACT, output)?.into_iter().map(|line| read(line).ok_or_else(|| unreadable(ACT, line))).collect()
}

/// Reads `process PID NAME STATE RELEASES`, a tab, and the arguments with tabs between them.
fn read(line: &str) -> Option<Daemon> {
    let (head, arguments) = line.split_once('\t')?;
    let words: Vec<&str> = head.split(' ').collect();
    let ["process", pid, name, state, releases] = words[..] else { return None };
    let arguments: Vec<&str> = arguments.split('\t').filter(|argument| !argument.is_empty()).collect();
    let (role, subject) = role_of(name, &arguments);
    // A directory of another name (`glusterfs/hooks`) is no release.
    let releases: BTreeSet<Release> = releases.split(',').filter_map(|text| text.parse().ok()).collect();
    Some(Daemon {
        pid: pid.parse().ok()?,
        role,
        subject: subject.to_owned(),
        replaced: match state {
            "replaced" => Some(true),
            "current" => Some(false),
            "unknown" => None,
            _ => return None,
        },
        releases,
    })
}

/// Tells what a process is for by what glusterd or mount.glusterfs starts it with: a volfile-id of its kind
/// (glusterd-svc-mgmt.c, glusterd-snapd-svc.c, glusterd-utils.c, glusterd-rebalance.c, 3.7 to 11), for mounts a
/// `--process-name fuse` (from 3.11 or so) or a mount point as the last argument.
fn role_of<'a>(name: &str, arguments: &[&'a str]) -> (Role, &'a str) {
    let after = |flag: &str| {
        let mut pairs = arguments.windows(2).filter(|pair| pair[0] == flag);
        pairs.next().map_or("", |pair| pair[1])
    };
    let says = |word: &str| arguments.iter().any(|argument| argument.contains(word));
    if name == "glusterd" {
        return (Role::Glusterd, "");
    }
    if !["glusterfs", "glusterfsd"].contains(&name) {
        let role = if says("glustereventsd") {
            Role::Events
        } else if says("gsyncd") {
            Role::Gsyncd
        } else {
            Role::Other
        };
        return (role, "");
    }
    let last = arguments.last().copied().unwrap_or_default();
    match after("--volfile-id").split_once('/') {
        Some(("snapd", volume)) => (Role::Snapshots, volume),
        Some(("rebalance", volume)) => (Role::Rebalance, volume),
        // One of all volumes up to 6, one of each from 7 on.
        Some(("shd", _)) | Some(("gluster", "glustershd")) => (Role::SelfHeal, ""),
        Some(("gluster", "quotad")) => (Role::Quota, ""),
        Some(("gluster", "bitd")) => (Role::Bitrot, ""),
        Some(("gluster", "scrub")) => (Role::Scrub, ""),
        Some(("gluster", "nfs")) => (Role::Nfs, ""),
        _ if name == "glusterfsd" => (Role::Brick, after("--brick-name")),
        _ if after("--process-name") == "fuse" || (says("--volfile-server") && last.starts_with('/')) => {
            (Role::Mount, last)
        }
        _ => (Role::Other, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;
    use rstest::rstest;
    use std::fs;
    use std::path::Path;
    use std::process::{Command as Process, Stdio};

    #[rstest]
    #[case("glusterd", "/usr/sbin/glusterd -p /run/glusterd.pid", Role::Glusterd, "")]
    #[case(
        "glusterfsd",
        "/usr/sbin/glusterfsd -s g1 --volfile-id vol0.g1.b -S /run/x.socket --brick-name /bricks/vol0 -l x.log",
        Role::Brick,
        "/bricks/vol0"
    )]
    #[case(
        "glusterfs",
        "/usr/sbin/glusterfs -s localhost --volfile-id shd/vol0 -p x.pid --process-name glustershd --client-pid=-6",
        Role::SelfHeal,
        ""
    )]
    #[case(
        "glusterfs",
        "/usr/sbin/glusterfs -s localhost --volfile-id gluster/glustershd -p x",
        Role::SelfHeal,
        ""
    )]
    #[case("glusterfs", "/usr/sbin/glusterfs -s localhost --volfile-id gluster/quotad -p x", Role::Quota, "")]
    #[case("glusterfs", "/usr/sbin/glusterfs -s localhost --volfile-id gluster/bitd -p x", Role::Bitrot, "")]
    #[case("glusterfs", "/usr/sbin/glusterfs -s localhost --volfile-id gluster/scrub -p x", Role::Scrub, "")]
    #[case("glusterfs", "/usr/sbin/glusterfs -s localhost --volfile-id gluster/nfs -p x", Role::Nfs, "")]
    #[case(
        "glusterfsd",
        "/usr/sbin/glusterfsd -s localhost --volfile-id snapd/vol0",
        Role::Snapshots,
        "vol0"
    )]
    #[case(
        "glusterfs",
        "/usr/sbin/glusterfs -s localhost --volfile-id rebalance/vol0 x",
        Role::Rebalance,
        "vol0"
    )]
    #[case(
        "glusterfs",
        "/usr/sbin/glusterfs --process-name fuse --volfile-server=g1 --volfile-id=vol0 /mnt/vol0",
        Role::Mount,
        "/mnt/vol0"
    )]
    #[case(
        "glusterfs",
        "/usr/sbin/glusterfs --volfile-server=g1 --volfile-id=/vol0 /mnt/vol0",
        Role::Mount,
        "/mnt/vol0"
    )]
    #[case(
        "python3",
        "python3 /usr/libexec/glusterfs/python/syncdaemon/gsyncd.py worker vol0",
        Role::Gsyncd,
        ""
    )]
    #[case("python3.11", "/usr/bin/python3 /usr/sbin/glustereventsd", Role::Events, "")]
    #[case("glusterfs", "/usr/sbin/glusterfs -f novelty.vol", Role::Other, "")]
    fn roles(#[case] name: &str, #[case] arguments: &str, #[case] role: Role, #[case] subject: &str) {
        let arguments = arguments.replace(' ', "\t");
        let line = format!("process 12 {name} replaced 10.3,11.1,\t{arguments}\t\n");
        let daemons = parse_daemons(&printed(&line)).unwrap();
        assert_eq!((daemons[0].role, daemons[0].subject.as_str()), (role, subject));
        assert_eq!((daemons[0].pid, daemons[0].replaced, daemons[0].releases.len()), (12, Some(true), 2));
    }

    /// Writes a process with what it has mapped into the `/proc` of a root directory.
    fn write_process(root: &Path, pid: u32, maps: &str) {
        let directory = root.join("proc").join(pid.to_string());
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("comm"), "glusterfs\n").unwrap();
        fs::write(directory.join("status"), "State:\tS (sleeping)\n").unwrap();
        fs::write(directory.join("cmdline"), "glusterfs\0").unwrap();
        fs::write(directory.join("maps"), maps).unwrap();
    }

    #[test]
    fn a_process_that_has_only_just_begun_is_looked_at_anew() {
        const MAPS: &str = "7f00 r-xp 0 08:01 7 /usr/lib/glusterfs/10.3/xlator/mount/fuse.so\n";
        let root = tempfile::tempdir().unwrap();
        write_process(root.path(), 12, MAPS);
        write_process(root.path(), 13, "");
        write_process(root.path(), 14, "");
        let mut argv = daemons().argv;
        *argv.last_mut().unwrap() = root.path().to_str().unwrap().to_owned();
        let script = Process::new(&argv[0]).args(&argv[1..]).stdout(Stdio::piped()).spawn().unwrap();
        // Meanwhile one ends and one gets on; which of them the script sees of this makes no difference.
        fs::remove_dir_all(root.path().join("proc/13")).unwrap();
        fs::write(root.path().join("proc/14/maps"), MAPS).unwrap();
        let said = String::from_utf8(script.wait_with_output().unwrap().stdout).unwrap();
        let found = parse_daemons(&Output { stdout: said, ..Output::default() }).unwrap();
        let release: Release = "10.3".parse().unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.pid, one.releases.contains(&release))).collect();
        assert_eq!(told, [(12, true), (14, true)]);
    }

    #[test]
    fn a_process_that_stays_as_it_is_is_told_and_one_that_ends_is_not() {
        let root = tempfile::tempdir().unwrap();
        write_process(root.path(), 11, "");
        fs::write(root.path().join("proc/11/cmdline"), "").unwrap();
        write_process(root.path(), 12, "7f00 r-xp 0 08:01 7 /usr/lib/libc.so.6\n");
        let mut argv = daemons().argv;
        *argv.last_mut().unwrap() = root.path().to_str().unwrap().to_owned();
        let said = Process::new(&argv[0]).args(&argv[1..]).output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        let found = parse_daemons(&Output { stdout: said, ..Output::default() }).unwrap();
        assert!(found.len() == 1 && found[0].pid == 12 && found[0].releases.is_empty(), "{found:?}");
    }

    #[test]
    fn other_lines_are_refused() {
        for line in ["process 12 glusterd current -\n", "process x glusterd current -\t\n", "novelty\tx\n"] {
            assert!(parse_daemons(&printed(line)).is_err(), "{line}");
        }
        assert!(parse_daemons(&printed("process 12 glusterd late -\t\n")).is_err());
        assert_eq!(parse_daemons(&printed("")).unwrap(), []);
    }
}
