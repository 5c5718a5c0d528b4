//! Whether a host is this machine, and whether its turn could cut this program off.

use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, lookup_host};

/// Returns whether an address or name is one of this machine: only such an address can be listened on.
pub async fn is_here(address: &str) -> bool {
    let Ok(found) = lookup_host((address, 0)).await else { return false };
    for address in found {
        if TcpListener::bind(address).await.is_ok() {
            return true;
        }
    }
    false
}

/// Returns the Gluster mount that a file is on, where it is on one. Stopping Gluster on its host ends that mount,
/// and a program that lives there with it.
pub fn gluster_mount_of(path: &Path) -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    // What does not exist yet will be made in a folder that does.
    let there = path.ancestors().find_map(|part| part.canonicalize().ok())?;
    mount_in(&mounts, &there)
}

/// Finds the mount that holds a path in the text of `/proc/self/mounts`, if Gluster's client serves it.
fn mount_in(mounts: &str, path: &Path) -> Option<PathBuf> {
    let mut holds: Option<(PathBuf, bool)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (words.next(), words.next()) else { continue };
        // The kernel writes blanks and backslashes in octal.
        let place = place.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
        let place = PathBuf::from(place);
        // The last one at a place, or the deepest, is what one sees.
        let deeper = holds.as_ref().is_none_or(|(held, _)| place.starts_with(held));
        if path.starts_with(&place) && deeper {
            holds = Some((place, kind == "fuse.glusterfs"));
        }
    }
    holds.and_then(|(place, gluster)| gluster.then_some(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const MOUNTS: &str = "overlay / overlay rw 0 0\ng1:/vol /mnt/my\\040vol fuse.glusterfs rw 0 0\n\
                          tmpfs /mnt/my\\040vol/inner tmpfs rw 0 0\n/dev/sda1 /mnt2 ext4 rw 0 0\nbad\n";

    #[rstest]
    #[case("/mnt/my vol/pool.toml", Some("/mnt/my vol"))]
    #[case("/mnt/my vol/inner/pool.toml", None)]
    #[case("/mnt/my volume/pool.toml", None)]
    #[case("/mnt2/pool.toml", None)]
    #[case("/etc/pool.toml", None)]
    fn the_mount_that_holds_a_file(#[case] path: &str, #[case] expected: Option<&str>) {
        assert_eq!(mount_in(MOUNTS, Path::new(path)), expected.map(PathBuf::from));
    }

    #[tokio::test]
    async fn only_own_addresses_are_here() {
        assert!(is_here("127.0.0.1").await);
        // Of a network for documentation: nobody's.
        assert!(!is_here("192.0.2.7").await);
        assert!(!is_here("no-such-host.invalid").await);
    }
}
