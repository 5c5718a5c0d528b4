//! What to run on a server to learn its Gluster's state, or to change it.
//!
//! `--mode=script` answers every question of the CLI's with yes; without it, `volume set all` may wait for a
//! terminal for ever. `--xml` is given wherever the release understands it.

use std::time::Duration;

use crate::core::command::{Command, Effect};
use crate::core::names::{OpVersion, VolumeName};

/// For what only reads a file or prints a constant. Long, since a server under load may be slow to start
/// any process at all.
pub const LOCAL_DEADLINE: Duration = Duration::from_secs(30);

/// For one request to glusterd. The CLI itself gives up after 120 s (`CLI_DEFAULT_CONN_TIMEOUT` in cli.h)
/// and says so; ending it sooner would lose the reason.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(150);

/// For `volume … all`, which makes one request after another, one for each volume (cli-rpc-ops.c).
pub const REQUESTS_DEADLINE: Duration = Duration::from_secs(300);

/// For launching a heal, for which the CLI waits ten minutes (`CLI_TEN_MINUTES_TIMEOUT` in cli-cmd.c).
pub const HEAL_DEADLINE: Duration = Duration::from_secs(630);

/// For `heal info`, which looks at every entry of the backlog and has no limit of its own (glfs-heal.c).
/// A backlog that takes longer than this is in no state to go on with.
pub const HEAL_INFO_DEADLINE: Duration = Duration::from_secs(600);

/// Where glusterd keeps its state, unless it was built or configured otherwise.
const GLUSTERD_INFO: &str = "/var/lib/glusterd/glusterd.info";
const STORED_VOLUMES: &str = "/var/lib/glusterd/vols";

/// Prints each stored volume of the directory `$1`, line by line, framed so that nothing can be lost unseen.
///
/// * Directories without `info` are told, since glusterd does not start with one
///   (`glusterd_store_retrieve_volumes` in glusterd-store.c, 3.7 to 11).
/// * The password with which servers mount the volume stays on the host: its checksum is enough to tell
///   whether two servers have stored the same one.
/// * Only what every POSIX shell has, and `cksum`.
const PRINT_STORED_VOLUMES: &str = r#"
cd "$1" || exit 1
count=0
for directory in */; do
    [ -d "$directory" ] || continue
    volume=${directory%/}
    printf 'volume %s\n' "$volume"
    if [ -e "./$volume/info" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
            password=*)
                sum=$(printf %s "$line" | cksum) || exit 1
                line="password=(cksum $sum)"
                ;;
            esac
            printf 'info %s\n' "$line"
        done < "./$volume/info" || exit 1
    else
        printf 'no info\n'
    fi
    if [ -e "./$volume/quota.cksum" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            printf 'quota %s\n' "$line"
        done < "./$volume/quota.cksum" || exit 1
    fi
    printf 'end %s\n' "$volume"
    count=$((count + 1))
done
printf 'volumes %s in all\n' "$count"
"#;

fn gluster<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    ["gluster", "--mode=script"].into_iter().chain(words).collect()
}

/// Asks a server for its release. Needs no glusterd.
pub fn version() -> Command {
    Command::reads(["gluster", "--version"], LOCAL_DEADLINE)
}

/// Asks a client machine for its release: clients have the `glusterfs` program and need not have the CLI.
pub fn client_version() -> Command {
    Command::reads(["glusterfs", "--version"], LOCAL_DEADLINE)
}

/// Asks for the other servers, as this one sees them.
pub fn peer_status() -> Command {
    Command::reads(gluster(["peer", "status", "--xml"]), REQUEST_DEADLINE)
}

/// Asks for the definitions of all volumes.
pub fn volume_info() -> Command {
    Command::reads(gluster(["volume", "info", "all", "--xml"]), REQUESTS_DEADLINE)
}

/// Asks for the processes and tasks of all started volumes.
pub fn volume_status() -> Command {
    Command::reads(gluster(["volume", "status", "all", "--xml"]), REQUESTS_DEADLINE)
}

/// Asks for the tasks of all started volumes.
pub fn volume_status_tasks() -> Command {
    Command::reads(gluster(["volume", "status", "all", "tasks", "--xml"]), REQUESTS_DEADLINE)
}

/// Asks for the clients of a volume's bricks. By volume, since `all` leaves out the volumes it could not ask
/// and does not say so.
pub fn volume_status_clients(volume: &VolumeName) -> Command {
    Command::reads(gluster(["volume", "status", volume.as_str(), "clients", "--xml"]), REQUEST_DEADLINE)
}

/// Asks for the heal backlog of a volume that heals (replicated or dispersed).
///
/// `info summary` would count only, but exists from 3.13 on.
pub fn heal_info(volume: &VolumeName) -> Command {
    Command::reads(gluster(["volume", "heal", volume.as_str(), "info", "--xml"]), HEAL_INFO_DEADLINE)
}

/// Asks for the entries in split-brain of a replicated volume. Refused for all others, dispersed ones included
/// (`Volume ec is not of type replicate`, recorded on 3.7.20 to 3.9.1; glfs-heal.c, 11).
pub fn heal_info_split_brain(volume: &VolumeName) -> Command {
    Command::reads(
        gluster(["volume", "heal", volume.as_str(), "info", "split-brain", "--xml"]),
        HEAL_INFO_DEADLINE,
    )
}

/// Launches the heal of a volume's backlog. The answer is text in all releases: XML was never written for it
/// (`gf_cli_heal_volume_cbk` in cli-rpc-ops.c, 3.7 to 11).
pub fn heal(volume: &VolumeName) -> Command {
    Command::changes(gluster(["volume", "heal", volume.as_str()]), HEAL_DEADLINE)
}

/// Stops a volume. Never with `force`, which would leave out every check of glusterd's own.
pub fn stop_volume(volume: &VolumeName) -> Command {
    Command::changes(gluster(["volume", "stop", volume.as_str(), "--xml"]), REQUEST_DEADLINE)
}

/// Starts a volume.
pub fn start_volume(volume: &VolumeName) -> Command {
    Command::changes(gluster(["volume", "start", volume.as_str(), "--xml"]), REQUEST_DEADLINE)
}

/// Raises the op-version of the pool. There is no way back, and saying it twice is an error.
pub fn set_op_version(op_version: OpVersion) -> Command {
    let op_version = op_version.to_string();
    Command::changes(
        gluster(["volume", "set", "all", "cluster.op-version", &op_version, "--xml"]),
        REQUEST_DEADLINE,
    )
}

/// Asks for the highest op-version all servers of the pool can speak. From 3.10 on; before that refused with
/// `Volume all does not exist` (recorded on 3.7.20 to 3.9.1).
pub fn max_op_version() -> Command {
    Command::reads(gluster(["volume", "get", "all", "cluster.max-op-version", "--xml"]), REQUEST_DEADLINE)
}

/// Reads a server's identity and stored op-version. Needs no glusterd.
pub fn glusterd_info() -> Command {
    Command::reads(["cat", GLUSTERD_INFO], LOCAL_DEADLINE)
}

/// Reads the volumes as a server has them stored. Needs no glusterd.
pub fn stored_volumes() -> Command {
    Command::script(Effect::Reads, PRINT_STORED_VOLUMES, [STORED_VOLUMES], LOCAL_DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_ones_that_were_recorded() {
        let rep: VolumeName = "rep".parse().unwrap();
        let words = |command: Command| command.argv.join(" ");
        assert_eq!(words(version()), "gluster --version");
        assert_eq!(words(peer_status()), "gluster --mode=script peer status --xml");
        assert_eq!(words(volume_info()), "gluster --mode=script volume info all --xml");
        assert_eq!(words(volume_status()), "gluster --mode=script volume status all --xml");
        assert_eq!(words(volume_status_tasks()), "gluster --mode=script volume status all tasks --xml");
        assert_eq!(
            words(volume_status_clients(&rep)),
            "gluster --mode=script volume status rep clients --xml"
        );
        assert_eq!(words(heal_info(&rep)), "gluster --mode=script volume heal rep info --xml");
        assert_eq!(
            words(heal_info_split_brain(&rep)),
            "gluster --mode=script volume heal rep info split-brain --xml"
        );
        assert_eq!(words(heal(&rep)), "gluster --mode=script volume heal rep");
        assert_eq!(words(stop_volume(&rep)), "gluster --mode=script volume stop rep --xml");
        assert_eq!(words(start_volume(&rep)), "gluster --mode=script volume start rep --xml");
        assert_eq!(
            words(set_op_version(OpVersion(110_000))),
            "gluster --mode=script volume set all cluster.op-version 110000 --xml"
        );
        assert_eq!(
            words(max_op_version()),
            "gluster --mode=script volume get all cluster.max-op-version --xml"
        );
    }

    #[test]
    fn only_what_is_meant_to_changes_anything() {
        let rep: VolumeName = "rep".parse().unwrap();
        let reads = [
            version(),
            client_version(),
            peer_status(),
            volume_info(),
            volume_status(),
            volume_status_tasks(),
            volume_status_clients(&rep),
            heal_info(&rep),
            heal_info_split_brain(&rep),
            max_op_version(),
            glusterd_info(),
            stored_volumes(),
        ];
        assert!(reads.iter().all(|command| command.effect == Effect::Reads));
        for changes in [heal(&rep), stop_volume(&rep), start_volume(&rep)] {
            assert_eq!(changes.effect, Effect::Changes);
        }
        assert_eq!(set_op_version(OpVersion(1)).effect, Effect::Changes);
    }
}
