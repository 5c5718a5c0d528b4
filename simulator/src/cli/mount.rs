//! `simulator mount`: a volume of a pool that is up, on one of its hosts.

use futures_util::future::try_join_all;

use super::playing::{self, HostArgs};
use super::{Exit, Failure, print, say};
use crate::engine::{Engine, EngineError, HostFound, RunFound};

/// Where glusterd keeps a folder for each volume of its pool.
const STORED: &str = "/var/lib/glusterd/vols";

/// Mount a volume of a pool that is up on one of its hosts, at /mnt/VOLUME
///
/// Any host does, a server too. What is mounted there is found by the servers that have the volume, so that one of them may
/// go. One that is mounted already is left as it is. The mount is printed on stdout; it goes with the pool, or with `simulator
/// exec HOST -- umount /mnt/VOLUME`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  simulator mount c1 vol0
  simulator exec c1 -- ls -l /mnt/vol0")]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// The volume
    volume: String,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { host, volume } = args;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let (run, _) = playing::host(&runs, &host)?;
    let container = &playing::running(&runs, &host)?.container;
    let stored = stored(&engine, run).await?;
    let servers = servers_of(&stored, &volume)?;
    let point = format!("/mnt/{volume}");
    if engine.exec(container, &["mountpoint", "-q", &point]).await?.success() {
        say(&format!("{point} is mounted on {} already", host.host));
    } else {
        engine.exec_ok(container, &["mkdir", "-p", &point]).await?;
        let argv = argv(&servers, &volume, &point);
        engine.exec_ok(container, &argv.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    }
    print::text(&format!("{point}\n"))
}

/// Returns which volumes the hosts of a run have stored; those that are no servers have none, and those without power
/// cannot be asked.
async fn stored(engine: &Engine, run: &RunFound) -> Result<Vec<(String, Vec<String>)>, EngineError> {
    let running = run.hosts.iter().filter(|host| host.state == "running");
    try_join_all(running.map(async |HostFound { name, container, .. }| {
        let listed = engine.exec(container, &["ls", STORED]).await?;
        // Without such a folder nothing is listed.
        Ok((name.clone(), listed.stdout.lines().map(str::to_owned).collect()))
    }))
    .await
}

/// Returns the servers that have a volume.
fn servers_of<'a>(stored: &'a [(String, Vec<String>)], volume: &str) -> Result<Vec<&'a str>, Failure> {
    let have = stored.iter().filter(|(_, volumes)| volumes.iter().any(|stored| stored == volume));
    let servers: Vec<&str> = have.map(|(server, _)| server.as_str()).collect();
    if !servers.is_empty() {
        return Ok(servers);
    }
    let mut known: Vec<&str> = stored.iter().flat_map(|(_, volumes)| volumes).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Failure {
        exit: Exit::BadInput,
        error: format!("no server that runs has a volume {volume}: expected one of {known}").into(),
        hint: Some("volumes are called as in the scenario; `simulator ps` shows which hosts run"),
    })
}

fn argv(servers: &[&str], volume: &str, point: &str) -> Vec<String> {
    let mut argv = ["mount", "-t", "glusterfs"].map(str::to_owned).to_vec();
    if let [first, others @ ..] = servers {
        if !others.is_empty() {
            argv.extend(["-o".to_owned(), format!("backup-volfile-servers={}", others.join(":"))]);
        }
        argv.push(format!("{first}:/{volume}"));
    }
    argv.push(point.to_owned());
    argv
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Vec<(String, Vec<String>)> {
        let host = |name: &str, volumes: &[&str]| {
            (name.to_owned(), volumes.iter().map(|volume| (*volume).to_owned()).collect())
        };
        vec![
            host("c1", &[]),
            host("g1", &["vol0", "vol1"]),
            host("g2", &["vol0", "vol1"]),
            host("s1", &["copy"]),
        ]
    }

    #[test]
    fn a_volume_is_found_by_the_servers_that_have_it() {
        let pool = pool();
        let servers = servers_of(&pool, "vol1").unwrap();
        let expected = "mount -t glusterfs -o backup-volfile-servers=g2 g1:/vol1 /mnt/vol1";
        assert_eq!(argv(&servers, "vol1", "/mnt/vol1").join(" "), expected);
        let alone = servers_of(&pool, "copy").unwrap();
        assert_eq!(argv(&alone, "copy", "/mnt/copy").join(" "), "mount -t glusterfs s1:/copy /mnt/copy");
    }

    #[test]
    fn an_unknown_volume_is_refused_with_those_that_there_are() {
        for wrong in ["vol9", "../peers", "", "-o"] {
            let failure = servers_of(&pool(), wrong).unwrap_err();
            assert_eq!(failure.exit, Exit::BadInput);
            assert!(failure.message().contains("expected one of copy, vol0, vol1"), "{}", failure.message());
        }
        assert!(servers_of(&pool()[..1], "vol0").unwrap_err().message().contains("expected one of none"));
    }
}
