//! The volumes as a server has them stored under `/var/lib/glusterd/vols`.

use std::collections::{BTreeMap, BTreeSet};

use super::server::{success, unreadable};
use super::xml::quoted;
use crate::core::command::Output;
use crate::core::names::VolumeName;
use crate::core::pool::StoredVolume;
use crate::gluster::error::ReplyError;

const ASKED: &str = "read /var/lib/glusterd/vols";

/// Reads the stored volumes as [`stored_volumes`](crate::gluster::commands::stored_volumes) prints them:
///
/// ```text
/// volume rep
/// info type=2
/// info nfs.disable=on
/// quota cksum=1405647489
/// quota version=1
/// end rep
/// volumes 1 in all
/// ```
///
/// glusterd compares the checksum of the sorted `info` and, where quota is enabled (3.7: in any case), the `cksum=` of
/// `quota.cksum` with its peers' (`glusterd_compare_friend_volume` in glusterd-utils.c, 3.7 to 11).
/// A directory without `info` is an error: glusterd does not start with one (glusterd-store.c, 3.7 to 11).
///
/// # Errors
/// See [`ReplyError`].
pub fn stored_volumes(output: &Output) -> Result<BTreeMap<VolumeName, StoredVolume>, ReplyError> {
    let text = success(ASKED, output)?;
    let mut volumes = BTreeMap::new();
    let mut lines = text.lines();
    loop {
        let line = lines.next().unwrap_or_default();
        match line.split_once(' ') {
            Some(("volume", name)) => {
                let expected = "a volume name";
                let name: VolumeName =
                    name.parse().map_err(|_| unreadable(ASKED, "", expected, quoted(name)))?;
                let volume = read_volume(&name, &mut lines)?;
                if volumes.insert(name.clone(), volume).is_some() {
                    return Err(unreadable(ASKED, "", "each volume once", format!("{name} twice")));
                }
            }
            _ if line == format!("volumes {} in all", volumes.len()) => break,
            _ => return Err(unreadable(ASKED, "", "`volume NAME` or the count of all", quoted(line))),
        }
    }
    match lines.next() {
        None => Ok(volumes),
        Some(line) => Err(unreadable(ASKED, "", "nothing behind the count of all", quoted(line))),
    }
}

/// Errors here quote the line in question only, not the reply: `info` has more than a report should show.
fn read_volume<'a>(
    name: &VolumeName,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<StoredVolume, ReplyError> {
    let mut info = BTreeSet::new();
    let mut quota = Vec::new();
    let end = name.as_str();
    loop {
        let line = lines.next().unwrap_or_default();
        match line.split_once(' ') {
            Some(("info", line)) => {
                info.insert(line.to_owned());
            }
            Some(("quota", line)) => quota.push(line),
            Some(("end", found)) if found == end => break,
            _ if line == "no info" => {
                let found = "none, with which glusterd will not start".to_owned();
                return Err(unreadable(ASKED, "", &format!("`info` of the volume {name}"), found));
            }
            _ => return Err(unreadable(ASKED, "", &format!("a line of the volume {name}"), quoted(line))),
        }
    }
    if info.is_empty() {
        return Err(unreadable(ASKED, "", &format!("lines in `info` of {name}"), "none".to_owned()));
    }
    let checksum = quota.iter().find_map(|line| line.strip_prefix("cksum="));
    if checksum.is_none() && !quota.is_empty() {
        let expected = format!("`cksum=` in `quota.cksum` of {name}");
        return Err(unreadable(ASKED, "", &expected, quoted(&quota.join(" "))));
    }
    Ok(StoredVolume { info, quota_checksum: checksum.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(stdout: &str) -> Result<BTreeMap<VolumeName, StoredVolume>, ReplyError> {
        stored_volumes(&Output { stdout: stdout.to_owned(), ..Output::default() })
    }

    #[test]
    fn volumes_have_their_lines_and_their_quota_checksum() {
        let volumes = read(
            "volume a\ninfo type=2\ninfo nfs.disable=on\nquota cksum=14\nquota version=1\nend a\n\
             volume b\ninfo \ninfo end b\nend b\nvolumes 2 in all\n",
        )
        .unwrap();
        let a = &volumes[&"a".parse().unwrap()];
        assert_eq!(a.info, BTreeSet::from(["type=2".to_owned(), "nfs.disable=on".to_owned()]));
        assert_eq!(a.quota_checksum.as_deref(), Some("14"));
        assert_eq!(a.nfs_lines().collect::<Vec<_>>(), ["nfs.disable=on"]);
        let b = &volumes[&"b".parse().unwrap()];
        assert_eq!((b.info.len(), &b.quota_checksum), (2, &None));
    }

    #[test]
    fn no_volumes_is_an_answer() {
        assert_eq!(read("volumes 0 in all\n").unwrap(), BTreeMap::new());
    }

    #[rstest]
    #[case::cut_in_a_volume("volume a\ninfo x\n")]
    #[case::cut_in_a_line("volume a\ninfo x\nen")]
    #[case::cut_behind_a_volume("volume a\ninfo x\nend a\n")]
    #[case::cut_in_the_count("volume a\ninfo x\nend a\nvolumes 1")]
    #[case::wrong_count("volume a\ninfo x\nend a\nvolumes 2 in all\n")]
    #[case::more_behind("volumes 0 in all\nvolume a\n")]
    #[case::wrong_end("volume a\ninfo x\nend b\nvolumes 1 in all\n")]
    #[case::twice("volume a\ninfo x\nend a\nvolume a\ninfo x\nend a\nvolumes 1 in all\n")]
    #[case::no_info("volume a\nno info\nend a\nvolumes 1 in all\n")]
    #[case::empty_info("volume a\nend a\nvolumes 1 in all\n")]
    #[case::odd_name("volume a b\ninfo x\nend a b\nvolumes 1 in all\n")]
    #[case::odd_line("volume a\nwhat is this\nend a\nvolumes 1 in all\n")]
    #[case::odd_quota("volume a\ninfo x\nquota version=1\nend a\nvolumes 1 in all\n")]
    fn what_is_cut_or_odd_is_unreadable(#[case] stdout: &str) {
        assert!(matches!(read(stdout), Err(ReplyError::Unreadable { .. })));
    }

    #[test]
    fn a_failed_read_is_told() {
        let stderr = "sh: 2: cd: can't cd to /var/lib/glusterd/vols".to_owned();
        let error = stored_volumes(&Output { status: 1, stderr, ..Output::default() }).unwrap_err();
        assert!(matches!(error, ReplyError::Refused { status: 1, .. }), "{error}");
    }
}
