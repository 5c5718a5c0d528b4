//! Judgements on the engine's machine: is there enough of everything for a pool?

use super::facts::Disk;
use super::{EngineFacts, Grade, Look, MachineFacts, Need};

const MIB: u64 = 1 << 20;

/// What a node takes at most: 55 MiB of a server with a replicated volume at rest (75 with systemd), 130 were seen while
/// its packages were replaced.
const NODE_MEMORY: u64 = 150 * MIB;
/// What the simulator, the executor and the engine take besides.
const OTHER_MEMORY: u64 = 256 * MIB;
/// How many nodes a core carries, with every gate within its patience.
const NODES_A_CORE: u64 = 6;
/// With one, the executor and what it upgrades wait for each other.
const FEWEST_CORES: u64 = 2;
/// What a node writes: 47 MiB beside the image by each release that is installed, logs, and what a client has on bricks.
const NODE_DISK: u64 = 200 * MIB;
/// What an image takes that may have to be built first: 800 MB, and the same again on its way.
const IMAGE_DISK: u64 = 2048 * MIB;
/// Bricks refuse writes where less than 1 % of their disk is free (`storage.reserve`), and a run needs some of it.
const RESERVE_PERCENT: u64 = 2;
/// The inotify instances that systemd takes in a node (252, counted).
const NODE_INOTIFY: u64 = 5;
/// What the rest of the machine may take of them.
const OTHER_INOTIFY: u64 = 48;
/// The files that the processes of a node open: 330 at rest with one volume (counted), many more with clients and heals.
const NODE_FILES: u64 = 2000;
/// The files that this program opens for a node: its commands there, and the lines they write.
const OWN_NODE_FILES: u64 = 32;
/// The files that it opens besides.
const OWN_OTHER_FILES: u64 = 128;

/// Every node is given the device, so that none starts without.
pub(super) fn fuse(_: &EngineFacts, machine: &MachineFacts, _: Need) -> Look {
    match &machine.fuse {
        Ok(true) => Look::ok("fuse", "/dev/fuse is there"),
        Ok(false) => Look::bad(
            Grade::Failure,
            "fuse",
            "there is no /dev/fuse, which every client's mount needs",
            "modprobe fuse",
        ),
        Err(why) => {
            Look::unknown("fuse", format!("whether the engine's machine has /dev/fuse cannot be seen: {why}"))
        }
    }
}

pub(super) fn memory(engine: &EngineFacts, machine: &MachineFacts, need: Need) -> Look {
    let name = "memory";
    let needed = need.nodes * NODE_MEMORY + OTHER_MEMORY;
    let for_what = format!("{} nodes need {}", need.nodes, size(needed));
    let Some(total) = engine.memory else {
        return Look::unknown(name, format!("the engine does not say how much there is; {for_what}"));
    };
    if total < needed {
        let found = format!("{} in all; {for_what}", size(total));
        return Look::bad(Grade::Failure, name, found, "rehearse with fewer servers, or on a larger machine");
    }
    match &machine.memory_available {
        Ok(available) if *available < needed => Look::bad(
            Grade::Warning,
            name,
            format!("{} of {} can be had now; {for_what}", size(*available), size(total)),
            "end something else first; `simulator ps` shows which pools are up",
        ),
        Ok(available) => {
            Look::ok(name, format!("{} of {} can be had now; {for_what}", size(*available), size(total)))
        }
        Err(why) => Look::unknown(
            name,
            format!(
                "{} in all, how much of it can be had now cannot be seen: {why}; {for_what}",
                size(total)
            ),
        ),
    }
}

pub(super) fn cores(engine: &EngineFacts, _: &MachineFacts, need: Need) -> Look {
    let Some(cores) = engine.cores else {
        return Look::unknown("cores", "the engine does not say how many there are");
    };
    let found = format!("{cores} for {} nodes", need.nodes);
    if cores < FEWEST_CORES || cores * NODES_A_CORE < need.nodes {
        let remedy =
            "expect gates to be waited for and stalls to be longer; a verdict on stalls means little here";
        return Look::bad(Grade::Warning, "cores", found, remedy);
    }
    Look::ok("cores", found)
}

pub(super) fn disk(engine: &EngineFacts, machine: &MachineFacts, need: Need) -> Look {
    let name = "disk";
    let needed = need.nodes * NODE_DISK;
    let root = &engine.root;
    let Disk { free, total } = match &machine.disk {
        Ok(disk) => *disk,
        Err(why) => {
            let needed = size(needed + IMAGE_DISK);
            return Look::unknown(
                name,
                format!("how much is free in {root} cannot be seen: {why}; needed: {needed}"),
            );
        }
    };
    let found = format!(
        "{} free of {} in {root}; {} nodes need {}",
        size(free),
        size(total),
        need.nodes,
        size(needed)
    );
    let remedy = "make room: `docker system df` tells what takes it, `simulator clean` removes what is left over, \
                  `simulator images list` shows outdated images";
    if free < needed {
        return Look::bad(Grade::Failure, name, found, remedy);
    }
    if free / RESERVE_PERCENT < total / 100 {
        let found = format!("{found}; bricks refuse writes where less than 1 % is free");
        return Look::bad(Grade::Failure, name, found, remedy);
    }
    if free < needed + IMAGE_DISK {
        let found = format!("{found}, and an image that is to be built {} more", size(IMAGE_DISK));
        return Look::bad(Grade::Warning, name, found, remedy);
    }
    Look::ok(name, found)
}

/// systemd takes some in every node, all of them on the account of one user: root.
pub(super) fn inotify(_: &EngineFacts, machine: &MachineFacts, need: Need) -> Look {
    let name = "inotify";
    if !need.systemd {
        return Look::ok(name, "nodes without systemd need none");
    }
    let needed = need.nodes * NODE_INOTIFY + OTHER_INOTIFY;
    match &machine.inotify_instances {
        Ok(limit) if *limit < needed => Look::bad(
            Grade::Warning,
            name,
            format!(
                "{limit} instances a user; {} nodes with systemd and the rest of the machine need {needed}",
                need.nodes
            ),
            format!("sysctl fs.inotify.max_user_instances={}", needed.next_power_of_two()),
        ),
        Ok(limit) => Look::ok(name, format!("{limit} instances a user, {needed} needed")),
        Err(why) => {
            Look::unknown(name, format!("the limit cannot be seen: {why}; {needed} instances are needed"))
        }
    }
}

pub(super) fn files(_: &EngineFacts, machine: &MachineFacts, need: Need) -> Look {
    let name = "files";
    let own = need.nodes * OWN_NODE_FILES + OWN_OTHER_FILES;
    if let Some(limit) = machine.own_files
        && limit < own
    {
        let found = format!("this program may open {limit} files; {} nodes may need {own}", need.nodes);
        return Look::bad(Grade::Warning, name, found, format!("ulimit -n {}", own.next_power_of_two()));
    }
    let needed = need.nodes * NODE_FILES;
    match &machine.files_free {
        Ok(free) if *free < needed => Look::bad(
            Grade::Warning,
            name,
            format!("{free} more files can be opened on the machine; {} nodes may need {needed}", need.nodes),
            "sysctl fs.file-max tells the limit; raise it",
        ),
        Ok(free) => Look::ok(name, format!("{free} more can be opened on the machine, {needed} needed")),
        Err(why) => Look::unknown(
            name,
            format!("how many more can be opened cannot be seen: {why}; {needed} are needed"),
        ),
    }
}

/// Returns a number of bytes for people.
fn size(bytes: u64) -> String {
    const GIB: u64 = 1024 * MIB;
    if bytes < GIB { format!("{} MiB", bytes / MIB) } else { format!("{:.1} GiB", bytes as f64 / GIB as f64) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::facts::testing::{engine, machine};
    use super::*;

    const GIB: u64 = 1024 * MIB;
    const SYSTEMD: Need = Need { nodes: 10, systemd: true };

    fn nodes(nodes: u64) -> Need {
        Need { nodes, systemd: false }
    }

    fn unseen<T>() -> Result<T, String> {
        Err("it is elsewhere".to_owned())
    }

    #[rstest]
    #[case(Ok(true), Grade::Ok)]
    #[case(Ok(false), Grade::Failure)]
    #[case(unseen(), Grade::Unknown)]
    fn fuse_devices(#[case] fuse: Result<bool, String>, #[case] grade: Grade) {
        let look = super::fuse(&engine(), &MachineFacts { fuse, ..machine() }, Need::USUAL);
        assert_eq!(look.grade, grade, "{look:?}");
    }

    #[rstest]
    #[case::enough(Some(8 * GIB), Ok(4 * GIB), 9, Grade::Ok)]
    #[case::in_use(Some(8 * GIB), Ok(GIB), 9, Grade::Warning)]
    #[case::too_little(Some(GIB), Ok(GIB), 9, Grade::Failure)]
    #[case::too_little_wherever(Some(GIB), unseen(), 9, Grade::Failure)]
    #[case::enough_for_few(Some(GIB), Ok(GIB), 4, Grade::Ok)]
    #[case::unseen(Some(8 * GIB), unseen(), 9, Grade::Unknown)]
    #[case::unsaid(None, Ok(4 * GIB), 9, Grade::Unknown)]
    fn memories(
        #[case] total: Option<u64>,
        #[case] memory_available: Result<u64, String>,
        #[case] count: u64,
        #[case] grade: Grade,
    ) {
        let engine = EngineFacts { memory: total, ..engine() };
        let look = memory(&engine, &MachineFacts { memory_available, ..machine() }, nodes(count));
        assert_eq!(look.grade, grade, "{look:?}");
    }

    #[rstest]
    #[case(Some(2), 9, Grade::Ok)]
    #[case(Some(1), 4, Grade::Warning)]
    #[case(Some(2), 13, Grade::Warning)]
    #[case(None, 4, Grade::Unknown)]
    fn core_counts(#[case] cores: Option<u64>, #[case] count: u64, #[case] grade: Grade) {
        let look = super::cores(&EngineFacts { cores, ..engine() }, &machine(), nodes(count));
        assert_eq!(look.grade, grade, "{look:?}");
    }

    #[rstest]
    #[case::enough(Ok(Disk { free: 50 * GIB, total: 100 * GIB }), Grade::Ok)]
    #[case::no_image_fits(Ok(Disk { free: 2 * GIB, total: 20 * GIB }), Grade::Warning)]
    #[case::too_little(Ok(Disk { free: GIB / 2, total: 20 * GIB }), Grade::Failure)]
    #[case::below_the_reserve(Ok(Disk { free: 50 * GIB, total: 4000 * GIB }), Grade::Failure)]
    #[case::unseen(unseen(), Grade::Unknown)]
    fn disks(#[case] disk: Result<Disk, String>, #[case] grade: Grade) {
        let look = super::disk(&engine(), &MachineFacts { disk, ..machine() }, nodes(4));
        assert_eq!(look.grade, grade, "{look:?}");
        assert!(look.found.contains("/var/lib/docker"), "{look:?}");
    }

    #[rstest]
    #[case::none_needed(Ok(1), nodes(10), Grade::Ok)]
    #[case::none_needed_unseen(unseen(), nodes(10), Grade::Ok)]
    #[case::exactly(Ok(98), SYSTEMD, Grade::Ok)]
    #[case::one_short(Ok(97), SYSTEMD, Grade::Warning)]
    #[case::unseen(unseen(), SYSTEMD, Grade::Unknown)]
    fn inotify_limits(#[case] limit: Result<u64, String>, #[case] need: Need, #[case] grade: Grade) {
        let machine = MachineFacts { inotify_instances: limit, ..machine() };
        let look = inotify(&engine(), &machine, need);
        assert_eq!(look.grade, grade, "{look:?}");
    }

    #[rstest]
    #[case::enough(Some(1024), Ok(1_000_000), Grade::Ok, None)]
    #[case::no_limit(None, Ok(1_000_000), Grade::Ok, None)]
    #[case::few_for_us(Some(256), Ok(1_000_000), Grade::Warning, Some("ulimit -n 512"))]
    #[case::few_left(Some(1024), Ok(5000), Grade::Warning, Some("fs.file-max"))]
    #[case::unseen(Some(1024), unseen(), Grade::Unknown, None)]
    fn file_limits(
        #[case] own_files: Option<u64>,
        #[case] files_free: Result<u64, String>,
        #[case] grade: Grade,
        #[case] remedy: Option<&str>,
    ) {
        let look = files(&engine(), &MachineFacts { own_files, files_free, ..machine() }, nodes(9));
        assert_eq!(look.grade, grade, "{look:?}");
        assert_eq!(look.remedy.is_some(), remedy.is_some());
        assert!(look.remedy.unwrap_or_default().contains(remedy.unwrap_or_default()));
    }

    #[rstest]
    #[case(400 * MIB, "400 MiB")]
    #[case(1536 * MIB, "1.5 GiB")]
    fn sizes(#[case] bytes: u64, #[case] expected: &str) {
        assert_eq!(size(bytes), expected);
    }
}
