//! Checks of file systems: what bricks live on, and what an upgrade writes to.

use std::collections::BTreeMap;

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{AbsolutePath, HostName};
use super::super::pool::{BrickOf, Observed, PoolState, VolumeState};
use super::super::system::{BrickDirectory, FileSystem};

/// What must be free where packages are kept and unpacked, in KiB. All packages of Gluster with what they need are
/// some 30 MiB to download and 100 MiB to unpack (11.1 with its libraries on bookworm); the rest is for logs.
const ROOM_KIB: u64 = 256 << 10;

/// Inodes that must be free there: Gluster's packages bring some hundreds of files.
const ROOM_INODES: u64 = 2000;

/// Percent of a brick's file system that Gluster keeps free unless `storage.reserve` says otherwise: below it
/// writes fail (posix.c, from 3.13 on).
const RESERVE_PERCENT: u64 = 1;

/// Room above the reserve, in percent: heals write, too.
const MARGIN_PERCENT: u64 = 1;

/// Whether there is room for the packages on a host.
pub(crate) fn room(
    host: &HostName,
    directories: &Observed<BTreeMap<AbsolutePath, FileSystem>>,
) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    let directories = match directories.known() {
        Ok(directories) => directories,
        Err(reason) => return vec![Finding::unknown(Code::SpaceLow, subject(), reason)],
    };
    let wrong = directories.iter().filter_map(|(path, found)| {
        let FileSystem { free_kib, free_inodes, read_only, .. } = found;
        let what = if *read_only {
            "is on a read-only file system".to_owned()
        } else if *free_kib < ROOM_KIB {
            format!("has {} MiB left; the packages and their logs need {}", free_kib >> 10, ROOM_KIB >> 10)
        } else if free_inodes.is_some_and(|inodes| inodes < ROOM_INODES) {
            "has hardly an inode left".to_owned()
        } else {
            return None;
        };
        Some(Finding::seen(Code::SpaceLow, subject(), format!("{path} {what}")))
    });
    wrong.collect()
}

/// Whether the bricks' directories are those of their volumes, and can be written to.
pub(crate) fn bricks(state: &PoolState) -> Vec<Finding> {
    // Where the volumes are unknown, others say so.
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let bricks = volumes
        .values()
        .filter(|volume| volume.volume.started)
        .flat_map(|volume| volume.volume.bricks.iter().map(move |brick| (volume, brick)));
    // One of a server that was not reached is no finding of its own.
    bricks
        .filter_map(|(volume, brick)| Some((volume, brick, state.host_of(&brick.peer)?)))
        .flat_map(|(volume, brick, host)| match state.hosts[host].system.bricks.known() {
            Ok(found) => match found.get(&brick.brick.path) {
                Some(found) => of_brick(volume, brick, found),
                None => unknown(volume, brick, "its directory was not looked at"),
            },
            Err(reason) => unknown(volume, brick, reason),
        })
        .collect()
}

fn unknown(volume: &VolumeState, brick: &BrickOf, reason: &str) -> Vec<Finding> {
    let subject = Subject::Volume(volume.volume.name.clone());
    vec![Finding::unknown(Code::BrickDirectory, subject, format!("{}: {reason}", brick.brick))]
}

fn of_brick(volume: &VolumeState, of: &BrickOf, found: &BrickDirectory) -> Vec<Finding> {
    let brick = &of.brick;
    let seen = |code, what: String| {
        vec![Finding::seen(code, Subject::Volume(volume.volume.name.clone()), format!("{brick} {what}"))]
    };
    let Some(disk) = &found.file_system else {
        return seen(Code::BrickDirectory, "has no directory".to_owned());
    };
    if disk.read_only {
        return seen(
            Code::BrickReadOnly,
            format!("is on {}, where nothing can be written", disk.mount_point),
        );
    }
    let mut findings = match &found.volume_id {
        Observed::Unknown(reason) => unknown(volume, of, reason),
        Observed::Known(Some(id)) if *id == volume.volume.id.as_str() => Vec::new(),
        Observed::Known(Some(id)) => seen(Code::BrickDirectory, format!("belongs to volume-id {id}")),
        Observed::Known(None) => {
            let what =
                format!("bears no volume-id: is its file system mounted? It is on {}", disk.mount_point);
            seen(Code::BrickDirectory, what)
        }
    };
    let option = volume.volume.options.get("storage.reserve");
    // It may be a number of bytes, too, from 7 or so on; then the default is as good a guess.
    let reserve = option
        .and_then(|value| value.trim_end_matches('%').parse().ok())
        .filter(|percent| *percent <= 100)
        .unwrap_or(RESERVE_PERCENT);
    let wanted = u128::from(disk.size_kib) * u128::from(reserve + MARGIN_PERCENT);
    if u128::from(disk.free_kib) * 100 < wanted || disk.free_inodes == Some(0) {
        let what = format!(
            "is full: {} MiB of {} left on {}, and {reserve} % are kept free",
            disk.free_kib >> 10,
            disk.size_kib >> 10,
            disk.mount_point
        );
        findings.extend(seen(Code::BrickFull, what));
    }
    findings
}
