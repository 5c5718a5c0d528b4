//! Judgements on the engine: which it is, where it is, and what it can do.

use super::{EngineFacts, Facts, Grade, Look, MachineFacts, Need};

/// The oldest Docker, by major and minor version: the first one with API 1.41.
const OLDEST_DOCKER: (u64, u64) = (20, 10);
/// The oldest Podman: the first one whose compatible API is 1.41.
const OLDEST_PODMAN: (u64, u64) = (4, 0);
/// What Podman calls itself, and Docker.
const PODMAN: &str = "Podman Engine";
const DOCKER: &str = "Engine";

/// Storage drivers that layer an image under all its containers. The first two and the last ones are one driver by the
/// names that Docker, its containerd store and Podman have for it.
const LAYERED: [&str; 4] = ["overlay2", "overlayfs", "overlay", "fuse-overlayfs"];
/// A driver that copies the whole image for each container.
const COPYING: &str = "vfs";

/// What a container of ours is given, with the kernel's bit (linux/capability.h).
const CAPABILITIES: [(&str, u32); 3] = [("SYS_ADMIN", 21), ("NET_ADMIN", 12), ("SYS_PTRACE", 19)];

pub(super) fn reached(facts: &Facts) -> Look {
    let name = "engine";
    let address = &facts.address;
    let engine = match &facts.engine {
        Ok(engine) => engine,
        Err(reason) => {
            return Look::bad(
                Grade::Failure,
                name,
                format!("nothing answers at {address}: {reason}"),
                "start Docker (`systemctl start docker`), or point DOCKER_HOST at a running engine; \
                 the user needs access to its socket",
            );
        }
    };
    let EngineFacts { product, version, api, .. } = engine;
    let (product, oldest) = match product.as_str() {
        DOCKER => ("Docker", OLDEST_DOCKER),
        PODMAN if has(engine, "name=rootless") => ("rootless Podman", OLDEST_PODMAN),
        PODMAN => ("rootful Podman", OLDEST_PODMAN),
        other => (other, OLDEST_DOCKER),
    };
    let found = format!("{product} {version}, API {api}, at {address}");
    match major_and_minor(version) {
        Some(version) if version < oldest => {
            let remedy = format!("{product} {}.{} or later is needed", oldest.0, oldest.1);
            Look::bad(Grade::Failure, name, found, remedy)
        }
        Some(_) if product == "Docker" => Look::ok(name, found),
        Some(_) if oldest == OLDEST_PODMAN => Look::bad(
            Grade::Unknown,
            name,
            format!("{found}: its compatible API was not tried"),
            "where a pool does not come up, use Docker",
        ),
        Some(_) | None => Look::bad(
            Grade::Unknown,
            name,
            format!("{found}: nobody tried that"),
            "Docker 20.10 or later is known to do",
        ),
    }
}

/// Tells whether the engine has a security option.
fn has(engine: &EngineFacts, word: &str) -> bool {
    engine.security.iter().any(|option| option.split(',').any(|part| part == word))
}

/// Reads the two first numbers of a version.
fn major_and_minor(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Nodes publish their SSH on loopback, so that no pool is open to a network: the engine's loopback.
pub(super) fn place(engine: &EngineFacts, _: &MachineFacts, _: Need) -> Look {
    match &engine.here {
        Ok(()) => Look::ok("place", "on this machine"),
        Err(why) => Look::bad(
            Grade::Unknown,
            "place",
            format!("not on this machine, as far as can be seen: {why}"),
            "the executor logs in to nodes at 127.0.0.1, where the engine publishes them: use an engine on this machine, \
             or one that forwards them to it",
        ),
    }
}

pub(super) fn storage(engine: &EngineFacts, _: &MachineFacts, _: Need) -> Look {
    match engine.storage.as_deref() {
        Some(driver) if LAYERED.contains(&driver) => Look::ok("storage", format!("driver {driver}")),
        Some(COPYING) => Look::bad(
            Grade::Warning,
            "storage",
            "driver vfs: the whole image is copied for each node",
            "use overlay2 (`storage-driver` of /etc/docker/daemon.json), or have 2 GB of disk and patience for each node",
        ),
        Some(driver) => Look::bad(
            Grade::Unknown,
            "storage",
            format!("driver {driver}: nobody tried that"),
            "overlay2 and fuse-overlayfs are known to do",
        ),
        None => Look::unknown("storage", "the engine does not say which driver it has"),
    }
}

pub(super) fn cgroups(engine: &EngineFacts, _: &MachineFacts, need: Need) -> Look {
    match (engine.cgroups.as_deref(), need.systemd) {
        (Some("1"), _) => Look::ok("cgroups", "version 1"),
        (Some("2"), false) => Look::ok("cgroups", "version 2"),
        (Some("2"), true) => Look::bad(
            Grade::Warning,
            "cgroups",
            "version 2, and the nodes are to run systemd, which was tried with version 1 only",
            "write init = \"bare\" into the scenario, or use an engine with version 1",
        ),
        (Some(other), _) => Look::unknown("cgroups", format!("version {other}: nobody tried that")),
        (None, _) => Look::unknown("cgroups", "the engine does not say which version it has"),
    }
}

pub(super) fn privileges(engine: &EngineFacts, machine: &MachineFacts, _: Need) -> Look {
    let name = "privileges";
    if has(engine, "name=rootless") {
        return Look::bad(
            Grade::Failure,
            name,
            "rootless: its containers can neither set trusted.* attributes nor mount",
            "use a rootful engine: Gluster keeps its own attributes on every file of a brick",
        );
    }
    if has(engine, "name=userns") {
        return Look::bad(
            Grade::Failure,
            name,
            "users of containers are mapped (userns-remap): root there can set no trusted.* attributes",
            "take `userns-remap` out of /etc/docker/daemon.json, or use another engine",
        );
    }
    let bits = match &machine.capabilities {
        Ok(bits) => *bits,
        Err(why) => {
            return Look::unknown(
                name,
                format!("rootful; what it can grant to containers cannot be seen: {why}"),
            );
        }
    };
    let missing: Vec<&str> =
        CAPABILITIES.into_iter().filter(|(_, bit)| bits & (1 << bit) == 0).map(|(name, _)| name).collect();
    if !missing.is_empty() {
        return Look::bad(
            Grade::Failure,
            name,
            format!("the engine itself lacks {}", missing.join(", ")),
            "run the engine with all capabilities: it is confined, such as by a container around it",
        );
    }
    if has(engine, "name=selinux") {
        return Look::bad(
            Grade::Unknown,
            name,
            "rootful, with SELinux: nobody tried that",
            "where mounts are refused, see what `ausearch -m avc` says",
        );
    }
    Look::ok(name, format!("rootful, can grant {}", CAPABILITIES.map(|(name, _)| name).join(", ")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::facts::testing::{engine, facts, machine, no_engine};
    use super::super::{EngineFacts, Grade, MachineFacts, Need};
    use super::*;

    const SYSTEMD: Need = Need { nodes: 4, systemd: true };

    #[rstest]
    #[case("Engine", "20.10.24+dfsg1", Grade::Ok, "Docker 20.10.24+dfsg1, API 1.41, at unix:")]
    #[case("Engine", "29.0.0-rc.1", Grade::Ok, "Docker 29.0")]
    #[case("Engine", "19.03.15", Grade::Failure, "Docker 19.03")]
    #[case("Podman Engine", "4.3.1", Grade::Unknown, "rootful Podman 4.3.1, API 1.41")]
    #[case("Podman Engine", "3.4.4", Grade::Failure, "Podman 3.4.4")]
    #[case("balenaEngine", "20.10.26", Grade::Unknown, "nobody tried that")]
    #[case("Engine", "dev", Grade::Unknown, "nobody tried that")]
    fn engines(#[case] product: &str, #[case] version: &str, #[case] grade: Grade, #[case] says: &str) {
        let engine = EngineFacts { product: product.to_owned(), version: version.to_owned(), ..engine() };
        let look = reached(&Facts { engine: Ok(engine), ..facts() });
        assert_eq!(look.grade, grade, "{look:?}");
        assert!(look.found.contains(says), "{look:?}");
        assert_eq!(look.remedy.is_none(), grade == Grade::Ok);
    }

    #[test]
    fn an_engine_that_does_not_answer_is_told_with_its_address() {
        let look = reached(&no_engine());
        assert_eq!(look.grade, Grade::Failure);
        assert!(look.found.contains("/var/run/docker.sock: no such file"), "{look:?}");
        assert!(look.remedy.unwrap().contains("DOCKER_HOST"));
    }

    #[rstest]
    #[case::overlay(Some("overlay2"), Grade::Ok)]
    #[case::fuse(Some("fuse-overlayfs"), Grade::Ok)]
    #[case::copies(Some("vfs"), Grade::Warning)]
    #[case::untried(Some("zfs"), Grade::Unknown)]
    #[case::unsaid(None, Grade::Unknown)]
    fn storage_drivers(#[case] driver: Option<&str>, #[case] grade: Grade) {
        let engine = EngineFacts { storage: driver.map(str::to_owned), ..engine() };
        assert_eq!(storage(&engine, &machine(), Need::USUAL).grade, grade);
    }

    #[rstest]
    #[case(Some("1"), Need::USUAL, Grade::Ok)]
    #[case(Some("1"), SYSTEMD, Grade::Ok)]
    #[case(Some("2"), Need::USUAL, Grade::Ok)]
    #[case(Some("2"), SYSTEMD, Grade::Warning)]
    #[case(Some("3"), Need::USUAL, Grade::Unknown)]
    #[case(None, Need::USUAL, Grade::Unknown)]
    fn control_groups(#[case] version: Option<&str>, #[case] need: Need, #[case] grade: Grade) {
        let engine = EngineFacts { cgroups: version.map(str::to_owned), ..engine() };
        assert_eq!(cgroups(&engine, &machine(), need).grade, grade);
    }

    #[rstest]
    #[case::all(&[], Ok(u64::MAX), Grade::Ok, "can grant SYS_ADMIN, NET_ADMIN, SYS_PTRACE")]
    #[case::just_those(&[], Ok(1 << 21 | 1 << 12 | 1 << 19), Grade::Ok, "can grant")]
    #[case::one_missing(&[], Ok(1 << 21 | 1 << 19), Grade::Failure, "lacks NET_ADMIN")]
    #[case::unseen(&[], Err("elsewhere"), Grade::Unknown, "cannot be seen: elsewhere")]
    #[case::rootless(&["name=rootless"], Ok(u64::MAX), Grade::Failure, "rootless")]
    #[case::rootless_elsewhere(&["name=rootless"], Err("elsewhere"), Grade::Failure, "rootless")]
    #[case::mapped(&["name=seccomp,profile=default", "name=userns"], Ok(u64::MAX), Grade::Failure, "userns-remap")]
    #[case::selinux(&["name=selinux"], Ok(u64::MAX), Grade::Unknown, "SELinux")]
    fn what_containers_may_do(
        #[case] security: &[&str],
        #[case] capabilities: Result<u64, &str>,
        #[case] grade: Grade,
        #[case] says: &str,
    ) {
        let engine =
            EngineFacts { security: security.iter().map(|word| (*word).to_owned()).collect(), ..engine() };
        let machine = MachineFacts { capabilities: capabilities.map_err(str::to_owned), ..machine() };
        let look = privileges(&engine, &machine, Need::USUAL);
        assert_eq!(look.grade, grade, "{look:?}");
        assert!(look.found.contains(says), "{look:?}");
    }

    #[test]
    fn an_engine_elsewhere_is_unknown_and_told_why() {
        let engine = EngineFacts { here: Err("it is reached over the network".to_owned()), ..engine() };
        let look = place(&engine, &machine(), Need::USUAL);
        assert_eq!(look.grade, Grade::Unknown);
        assert!(look.found.contains("over the network") && look.remedy.unwrap().contains("127.0.0.1"));
    }
}
