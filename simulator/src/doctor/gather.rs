//! Gathers the facts: a few questions to the engine, a few files of this machine. Nothing is judged here, and nothing is
//! started: it takes some milliseconds.

use std::fmt::Display;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use bollard::models::{SystemInfo, SystemVersion};
use jiff::Timestamp;
use rustix::process::{Resource, getrlimit};

use super::facts::{Disk, EngineFacts, Facts, MachineFacts, Seen};
use crate::causes::with_causes;
use crate::engine::{Engine, EngineError, own_routes};

const DEFAULT_ADDRESS: &str = "unix:///var/run/docker.sock";
/// Where Docker writes down its process; Podman does not.
const PID_FILE: &str = "/var/run/docker.pid";
const DAEMON: &str = "dockerd";

/// Gathers everything that is judged. An engine that was not reached is a fact, too.
pub async fn gather(engine: Result<&Engine, &EngineError>) -> Facts {
    let address = std::env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
    let engine = match engine {
        Ok(engine) => ask(engine, &address).await,
        Err(EngineError::NotReached { reason }) => Err(reason.clone()),
        Err(error) => Err(with_causes(error)),
    };
    let here = match &engine {
        Ok(engine) => engine.here.clone(),
        Err(_) => Err("the engine was not reached".to_owned()),
    };
    let root = engine.as_ref().map(|engine| engine.root.clone()).unwrap_or_default();
    Facts { address, engine, machine: look(&here, &root) }
}

async fn ask(engine: &Engine, address: &str) -> Seen<EngineFacts> {
    let (version, info) =
        tokio::try_join!(engine.docker().version(), engine.docker().info()).map_err(said)?;
    let (subnets, runs) = tokio::join!(engine.subnets_in_use(), engine.runs());
    let SystemVersion { components, version, api_version, .. } = version;
    let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    Ok(EngineFacts {
        product: components.unwrap_or_default().into_iter().next().map(|part| part.name).unwrap_or_default(),
        version: version.unwrap_or_default(),
        api: api_version.unwrap_or_default(),
        here: is_here(address, &info, &read("/proc/sys/kernel/hostname"), memory_line("MemTotal")),
        storage: info.driver.filter(|driver| !driver.is_empty()),
        cgroups: info.cgroup_version.map(|version| version.to_string()).filter(|version| !version.is_empty()),
        security: info.security_options.unwrap_or_default(),
        memory: number(info.mem_total),
        cores: number(info.ncpu),
        root: info.docker_root_dir.unwrap_or_default(),
        ranges: engine.ranges().clone(),
        subnets: subnets.map_err(|error| with_causes(&error)),
        runs: runs.map_err(|error| with_causes(&error)),
    })
}

/// Tells whether the engine is on this machine. Its socket may be brought here from elsewhere, or be lent to a container
/// that this program runs in: so name, memory and folder have to be those of this machine, too.
fn is_here(address: &str, info: &SystemInfo, hostname: &Seen<String>, memory: Seen<u64>) -> Seen<()> {
    if !address.starts_with("unix://") {
        return Err(format!("it is reached by {address}"));
    }
    let name = info.name.as_deref().unwrap_or_default();
    let hostname = hostname.as_deref().unwrap_or_default().trim();
    if name != hostname {
        return Err(format!("its machine is called {name}, and this one {hostname}"));
    }
    if info.mem_total.and_then(|total| u64::try_from(total).ok()) != memory.ok() {
        return Err("its machine has another memory than this one".to_owned());
    }
    let root = info.docker_root_dir.as_deref().unwrap_or_default();
    match Path::new(root).is_dir() {
        true => Ok(()),
        false => Err(format!("{root}, where it keeps its data, is not to be found here")),
    }
}

/// Looks at this machine; what would be about the engine's machine only where that is this one.
fn look(here: &Seen<()>, root: &str) -> MachineFacts {
    let limit = getrlimit(Resource::Nofile).current;
    MachineFacts {
        fuse: here.clone().and_then(|()| is_device("/dev/fuse")),
        capabilities: here.clone().and_then(|()| capabilities()),
        memory_available: here.clone().and_then(|()| memory_line("MemAvailable")),
        disk: here.clone().and_then(|()| disk(root)),
        inotify_instances: here.clone().and_then(|()| number("/proc/sys/fs/inotify/max_user_instances")),
        files_free: here.clone().and_then(|()| files_free(&read("/proc/sys/fs/file-nr")?)),
        own_files: limit,
        routes: own_routes().map_err(said),
        now: Timestamp::now(),
    }
}

fn is_device(path: &str) -> Seen<bool> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.file_type().is_char_device()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

/// Returns the capabilities that the engine's process could hand on to a container: its bounding set.
fn capabilities() -> Seen<u64> {
    let pid = number(PID_FILE)?;
    let name = read(&format!("/proc/{pid}/comm"))?;
    if name.trim() != DAEMON {
        return Err(format!("process {pid} of {PID_FILE} is {}", name.trim()));
    }
    bounding_set(&read(&format!("/proc/{pid}/status"))?)
}

fn bounding_set(status: &str) -> Seen<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.ok_or_else(|| "its process has no line CapBnd".to_owned())
}

fn memory_line(name: &str) -> Seen<u64> {
    in_meminfo(&read("/proc/meminfo")?, name)
}

/// Returns a line of /proc/meminfo, in bytes.
fn in_meminfo(text: &str, name: &str) -> Seen<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    number.map(|number| number * 1024).ok_or_else(|| format!("/proc/meminfo has no line {name}"))
}

/// Returns how many more files can be opened, from /proc/sys/fs/file-nr: open, free, at most.
fn files_free(text: &str) -> Seen<u64> {
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [open, unused, most] => Ok((most + unused).saturating_sub(open)),
        _ => Err("/proc/sys/fs/file-nr has other than three numbers".to_owned()),
    }
}

fn disk(folder: &str) -> Seen<Disk> {
    let found = rustix::fs::statvfs(folder).map_err(said)?;
    Ok(Disk { free: found.f_bavail * found.f_frsize, total: found.f_blocks * found.f_frsize })
}

fn number(path: &str) -> Seen<u64> {
    read(path)?.trim().parse().map_err(|_| format!("{path} has no number"))
}

fn read(path: &str) -> Seen<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

fn said(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn info(name: &str, memory: i64, root: &str) -> SystemInfo {
        SystemInfo {
            name: Some(name.to_owned()),
            mem_total: Some(memory),
            docker_root_dir: Some(root.to_owned()),
            ..Default::default()
        }
    }

    #[rstest]
    #[case::here("unix:///var/run/docker.sock", info("vm", 1024, "/"), None)]
    #[case::over_the_network("tcp://127.0.0.1:2375", info("vm", 1024, "/"), Some("tcp://127.0.0.1:2375"))]
    #[case::a_socket_from_elsewhere(
        "unix:///tmp/s",
        info("other", 1024, "/"),
        Some("called other, and this one vm")
    )]
    #[case::another_of_that_name("unix:///tmp/s", info("vm", 2048, "/"), Some("another memory"))]
    #[case::from_a_container("unix:///tmp/s", info("vm", 1024, "/nonexistent"), Some("/nonexistent"))]
    fn where_the_engine_is(#[case] address: &str, #[case] info: SystemInfo, #[case] not: Option<&str>) {
        let found = is_here(address, &info, &Ok("vm\n".to_owned()), Ok(1024));
        match not {
            None => assert_eq!(found, Ok(())),
            Some(words) => {
                let why = found.unwrap_err();
                assert!(why.contains(words), "{why}");
            }
        }
    }

    #[test]
    fn what_is_on_another_machine_is_unknown_whatever_this_one_has() {
        let machine = look(&Err("it is elsewhere".to_owned()), "/");
        let seen = [
            machine.fuse.map(drop),
            machine.capabilities.map(drop),
            machine.memory_available.map(drop),
            machine.disk.map(drop),
            machine.inotify_instances.map(drop),
            machine.files_free.map(drop),
        ];
        assert!(seen.iter().all(|one| *one == Err("it is elsewhere".to_owned())), "{seen:?}");
    }

    #[test]
    fn on_this_machine_its_files_are_read() {
        let machine = look(&Ok(()), "/");
        assert!(machine.memory_available.unwrap() > 0);
        let Disk { free, total } = machine.disk.unwrap();
        assert!(free <= total && total > 0);
        assert!(machine.files_free.unwrap() > 0 && machine.inotify_instances.unwrap() > 0);
        machine.routes.unwrap();
    }

    #[rstest]
    #[case("MemTotal:       24684084 kB\nMemFree:        1 kB\n", Ok(24_684_084 * 1024))]
    #[case("MemTotalNot:    1 kB\n", Err(()))]
    #[case("MemTotal:       much kB\n", Err(()))]
    fn memory_is_read(#[case] text: &str, #[case] expected: Result<u64, ()>) {
        assert_eq!(in_meminfo(text, "MemTotal").map_err(drop), expected);
    }

    #[rstest]
    #[case("2969\t0\t2466170\n", Ok(2_463_201))]
    #[case("10 0 5", Ok(0))]
    #[case("10 5", Err(()))]
    fn files_are_counted(#[case] text: &str, #[case] expected: Result<u64, ()>) {
        assert_eq!(files_free(text).map_err(drop), expected);
    }

    #[rstest]
    #[case("Name:\tdockerd\nCapBnd:\t000001fffeffffff\n", Ok(0x1ff_feff_ffff))]
    #[case("Name:\tdockerd\n", Err(()))]
    fn a_bounding_set_is_read(#[case] status: &str, #[case] expected: Result<u64, ()>) {
        assert_eq!(bounding_set(status).map_err(drop), expected);
    }
}
