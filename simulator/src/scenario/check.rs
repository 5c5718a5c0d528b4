//! From a scenario's text to one that makes sense, or to an error that says where and what instead.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use executor::core::finding::Code;
use toml::Spanned;

use super::file::{self, File, Kind};
use super::{Expect, Outcome, Scenario, ScenarioError, Upgrade, Workload};
use crate::images::{Catalog, Family, Init};
use crate::oracle::Allowance;
use crate::pool::{ClientSpec, NodeSpec, PoolSpec, VolumeKind, VolumeSpec};

/// The most nodes of a scenario: what one machine with memory to spare can carry.
const NODES_MAX: usize = 32;

/// A text and where it is from, for errors with lines.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: usize, problem: impl Into<String>, hint: &'static str) -> ScenarioError {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        ScenarioError { path: self.path.to_owned(), line: Some(line), problem: problem.into(), hint }
    }

    /// Parses a value of the file into one of ours.
    fn parsed<T>(&self, value: &Spanned<String>, hint: &'static str) -> Result<T, ScenarioError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let parse = value.get_ref().parse();
        parse.map_err(|error: T::Err| self.error(value.span().start, error.to_string(), hint))
    }

    /// Sees that a name is one of those that there are.
    fn known<'n>(
        &self,
        name: &Spanned<String>,
        what: &str,
        mut known: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<String, ScenarioError> {
        if known.clone().any(|other| other == name.get_ref()) {
            return Ok(name.get_ref().clone());
        }
        let names: Vec<&str> = known.by_ref().collect();
        let problem = format!("no {what} `{}`: expected one of {}", name.get_ref(), names.join(", "));
        Err(self.error(name.span().start, problem, "use a name that the scenario or the catalog has"))
    }
}

pub(super) fn scenario(path: &Path, text: &str, catalog: &Catalog) -> Result<Scenario, ScenarioError> {
    let source = Source { path, text };
    let file: File = toml::from_str(text).map_err(|error| ScenarioError {
        path: path.to_owned(),
        line: error.span().map(|span| source.error(span.start, "", "").line.unwrap_or(1)),
        problem: error.message().to_owned(),
        hint: "scenarios/README.md explains every key",
    })?;
    let families = catalog.families.iter().map(|family| family.name.as_str());
    let family_name = source.known(&file.pool.family, "family", families)?;
    let family = catalog.families.iter().find(|family| family.name == family_name);
    let Some(family) = family else {
        return Err(source.error(file.pool.family.span().start, "no such family", "see images/catalog.toml"));
    };
    let release = known_release(&source, family, &file.pool.release)?;
    let node = |name: &Spanned<String>| NodeSpec { name: name.get_ref().clone(), release: release.clone() };
    let servers: Vec<NodeSpec> = file.pool.servers.get_ref().iter().map(node).collect();
    let volumes =
        file.volumes.iter().map(|volume| self::volume(&source, volume)).collect::<Result<Vec<_>, _>>()?;
    let mut clients = Vec::new();
    for client in &file.clients {
        let names = || file.volumes.iter().map(|volume| volume.name.get_ref().as_str());
        let mounts = client.mounts.iter().map(|mount| source.known(mount, "volume", names()));
        let mounts = mounts.collect::<Result<Vec<_>, _>>()?;
        clients.push(ClientSpec { node: node(&client.name), mounts });
    }
    possible(&source, &file, &servers, &volumes, &clients)?;
    let workload = file.workload.as_ref().map(|load| workload(&source, load, &clients)).transpose()?;
    let hint = "a target is a release of the family, such as \"11.1\"";
    let to = source.parsed(&file.upgrade.to, hint)?;
    known_release(&source, family, &file.upgrade.to)?;
    let hint = "a waiver is CODE:SUBJECT, such as \"NFS_OPTIONS_DROPPED:vol0\"";
    let waive = file.upgrade.waive.iter().map(|waiver| source.parsed(waiver, hint));
    let waive = waive.collect::<Result<Vec<_>, _>>()?;
    let file::Upgrade { offline, clients_at_once, .. } = file.upgrade;
    let upgrade = Upgrade { to, offline, waive, clients_at_once };
    let expect = expect(&source, &file.expect, &servers)?;
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Ok(Scenario {
        name,
        path: path.to_owned(),
        about: file.about,
        family: family_name,
        init: file.pool.init.unwrap_or(family.init),
        servers,
        volumes,
        clients,
        workload,
        upgrade,
        expect,
    })
}

fn known_release(
    source: &Source<'_>,
    family: &Family,
    release: &Spanned<String>,
) -> Result<String, ScenarioError> {
    let versions = family.versions();
    source.known(release, "release", versions.iter().map(String::as_str))
}

fn volume(source: &Source<'_>, volume: &file::Volume) -> Result<VolumeSpec, ScenarioError> {
    let at = volume.kind.span().start;
    let missing = |key: &str| {
        source.error(
            at,
            format!("`{key}` is missing for this kind of volume"),
            "scenarios/README.md explains the kinds",
        )
    };
    let kind = match volume.kind.get_ref() {
        Kind::Replica => VolumeKind::Replica { count: volume.replica.ok_or_else(|| missing("replica"))? },
        Kind::Arbiter => VolumeKind::Arbiter,
        Kind::Disperse => VolumeKind::Disperse {
            data: volume.data.ok_or_else(|| missing("data"))?,
            redundancy: volume.redundancy.ok_or_else(|| missing("redundancy"))?,
        },
        Kind::Distribute => VolumeKind::Distribute,
    };
    let of_no_use = match kind {
        VolumeKind::Replica { .. } => volume.data.or(volume.redundancy),
        VolumeKind::Disperse { .. } => volume.replica,
        VolumeKind::Arbiter | VolumeKind::Distribute => volume.replica.or(volume.data).or(volume.redundancy),
    };
    if of_no_use.is_some() {
        let problem = "`replica` is for kind replica only, `data` and `redundancy` for kind disperse only";
        return Err(source.error(at, problem, "remove what this kind of volume does not have"));
    }
    source.parsed::<executor::core::names::VolumeName>(&volume.name, "rename the volume")?;
    Ok(VolumeSpec {
        name: volume.name.get_ref().clone(),
        kind,
        bricks_per_server: volume.bricks_per_server,
        options: volume.options.clone().into_iter().collect(),
    })
}

/// Sees that such a pool can be brought up at all.
fn possible(
    source: &Source<'_>,
    file: &File,
    servers: &[NodeSpec],
    volumes: &[VolumeSpec],
    clients: &[ClientSpec],
) -> Result<(), ScenarioError> {
    let at = file.pool.servers.span().start;
    if servers.len() + clients.len() > NODES_MAX {
        let problem = format!("more than {NODES_MAX} nodes");
        return Err(source.error(at, problem, "rehearse with fewer servers of the same layout"));
    }
    let spec = PoolSpec {
        image: String::new(),
        init: Init::Bare,
        servers: servers.to_vec(),
        volumes: volumes.to_vec(),
        clients: clients.to_vec(),
    };
    match spec.fault() {
        None => Ok(()),
        Some(fault) => {
            let at = place_of(&fault, file).unwrap_or(at);
            Err(source.error(
                at,
                fault,
                "servers × bricks_per_server must fill whole sets; names must be unique",
            ))
        }
    }
}

/// Returns where the thing that a fault names is declared last.
fn place_of(fault: &str, file: &File) -> Option<usize> {
    let names = file.volumes.iter().map(|volume| &volume.name);
    let names =
        names.chain(file.clients.iter().map(|client| &client.name)).chain(file.pool.servers.get_ref());
    let named =
        |name: &&Spanned<String>| fault.split([' ', ';', '`', ',']).any(|word| word == name.get_ref());
    names.filter(named).map(|name| name.span().start).max()
}

fn workload(
    source: &Source<'_>,
    load: &file::Workload,
    clients: &[ClientSpec],
) -> Result<Workload, ScenarioError> {
    let client =
        source.known(&load.client, "client", clients.iter().map(|client| client.node.name.as_str()))?;
    let mounts: Vec<&str> = clients
        .iter()
        .filter(|other| other.node.name == client)
        .flat_map(|client| client.mounts.iter().map(String::as_str))
        .collect();
    let volumes = std::iter::once(&load.volume)
        .chain(&load.also)
        .map(|volume| source.known(volume, "mount of that client", mounts.iter().copied()))
        .collect::<Result<Vec<_>, _>>()?;
    let operations_per_second = *load.operations_per_second.get_ref();
    if !(0.1..=1000.0).contains(&operations_per_second) {
        let at = load.operations_per_second.span().start;
        return Err(source.error(at, "expected 0.1 to 1000 operations a second", "25 suits most rehearsals"));
    }
    Ok(Workload { client, volumes, operations_per_second, stops_for_downtime: load.stops_for_downtime })
}

fn expect(source: &Source<'_>, expect: &file::Expect, servers: &[NodeSpec]) -> Result<Expect, ScenarioError> {
    let hint =
        "a finding is CODE:SUBJECT as `executor check` prints it, such as \"VOLUME_NOT_REPLICATED:vol0\"";
    let mut findings = BTreeSet::new();
    for finding in &expect.findings {
        let code = finding.get_ref().split_once(':').map_or("", |(code, _)| code);
        if code.parse::<Code>().is_err() {
            let problem = format!("there is no finding `{}`", finding.get_ref());
            return Err(source.error(finding.span().start, problem, hint));
        }
        findings.insert(finding.get_ref().clone());
    }
    let names = || servers.iter().map(|server| server.name.as_str());
    let upgraded: BTreeSet<String> =
        expect.upgraded.iter().map(|name| source.known(name, "server", names())).collect::<Result<_, _>>()?;
    let outcome = *expect.outcome.get_ref();
    let at = expect.outcome.span().start;
    let wrong = |problem: &str, hint| Err(source.error(at, problem, hint));
    let upgraded = match outcome {
        Outcome::Upgraded if !findings.is_empty() || !upgraded.is_empty() => {
            return wrong("an upgrade has no `findings`, and all servers are `upgraded`", "leave both out");
        }
        Outcome::Upgraded => names().map(str::to_owned).collect(),
        Outcome::Halted | Outcome::Refused if findings.is_empty() => {
            return wrong("a halt and a refusal have `findings`", "name every code that is expected");
        }
        Outcome::Refused if !upgraded.is_empty() => {
            return wrong("after a refusal no server is `upgraded`", "leave it out");
        }
        Outcome::Halted | Outcome::Refused => upgraded,
    };
    let allowance = |lost: &file::LostOption| {
        let file::LostOption { option, value, reason } = lost;
        Allowance { option: option.clone(), value: value.clone(), reason: reason.clone() }
    };
    Ok(Expect {
        outcome,
        findings,
        upgraded,
        longest_stall: Duration::from_secs(expect.longest_stall_seconds),
        stored: expect.stored,
        lost_options: expect.lost_options.iter().map(allowance).collect(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: &str = r#"about = "x"
[pool]
family = "debian-bookworm"
release = "10.3"
servers = ["g1", "g2", "g3"]
[[volumes]]
name = "vol0"
kind = "replica"
replica = 3
[[clients]]
name = "c1"
mounts = ["vol0"]
[workload]
client = "c1"
volume = "vol0"
operations_per_second = 25
[upgrade]
to = "11.1"
[expect]
outcome = "upgraded"
"#;

    fn catalog() -> Catalog {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../images"));
        Catalog::load(path).unwrap()
    }

    fn read(text: &str) -> Result<Scenario, ScenarioError> {
        scenario(Path::new("scenarios/x.toml"), text, &catalog())
    }

    #[test]
    fn a_good_one_is_read() {
        let scenario = read(GOOD).unwrap();
        assert_eq!(scenario.name, "x");
        assert_eq!(scenario.expect.upgraded.len(), 3);
        assert_eq!(scenario.releases_in_the_end()["g2"], "11.1");
        assert!(!scenario.upgrade.offline && !scenario.workload.unwrap().stops_for_downtime);
    }

    #[test]
    fn a_downtime_is_asked_for_in_so_many_words() {
        let text = GOOD.replace("to = \"11.1\"", "to = \"11.1\"\noffline = true");
        let text = text.replace("[upgrade]", "stops_for_downtime = true\n[upgrade]");
        let scenario = read(&text).unwrap();
        assert!(scenario.upgrade.offline && scenario.workload.unwrap().stops_for_downtime);
    }

    #[rstest]
    #[case::unknown_key("outcome = \"upgraded\"", "outcme = \"upgraded\"", 20, "unknown field `outcme`")]
    #[case::missing_field("to = \"11.1\"\n", "", 17, "missing field `to`")]
    #[case::unknown_family("\"debian-bookworm\"", "\"suse\"", 3, "no family `suse`")]
    #[case::unknown_release(
        "release = \"10.3\"",
        "release = \"10.9\"",
        4,
        "no release `10.9`: expected one of 9.2"
    )]
    #[case::unknown_target("to = \"11.1\"", "to = \"11.9\"", 18, "no release `11.9`")]
    #[case::no_release("to = \"11.1\"", "to = \"eleven\"", 18, "is not a Gluster release")]
    #[case::server_twice("\"g2\", \"g3\"", "\"g2\", \"g2\"", 5, "two nodes are called g2")]
    #[case::half_a_set(
        "[\"g1\", \"g2\", \"g3\"]",
        "[\"g1\", \"g2\"]",
        7,
        "has 2 bricks; expected a multiple of 3"
    )]
    #[case::no_replica("replica = 3\n", "", 8, "`replica` is missing")]
    #[case::of_no_use("replica = 3\n", "replica = 3\ndata = 2\n", 8, "for kind disperse only")]
    #[case::no_such_mount("mounts = [\"vol0\"]", "mounts = [\"vol1\"]", 12, "no volume `vol1`")]
    #[case::no_such_writer("client = \"c1\"", "client = \"c2\"", 14, "no client `c2`")]
    #[case::no_such_other_mount(
        "volume = \"vol0\"",
        "volume = \"vol0\"\nalso = [\"vol1\"]",
        16,
        "no mount of that client `vol1`"
    )]
    #[case::too_fast("second = 25", "second = 25000", 16, "expected 0.1 to 1000")]
    #[case::bad_waiver("to = \"11.1\"", "to = \"11.1\"\nwaive = [\"SPLIT_BRAIN:v\"]", 19, "cannot be waived")]
    #[case::no_such_code("\"upgraded\"", "\"refused\"\nfindings = [\"NOPE:v\"]", 21, "no finding `NOPE:v`")]
    #[case::refused_for_nothing("\"upgraded\"", "\"refused\"", 20, "a refusal have `findings`")]
    #[case::no_toml("[expect]", "[expect", 19, "")]
    fn what_is_wrong_is_said_with_its_line(
        #[case] right: &str,
        #[case] wrong: &str,
        #[case] line: usize,
        #[case] says: &str,
    ) {
        assert!(GOOD.contains(right));
        let error = read(&GOOD.replacen(right, wrong, 1)).unwrap_err();
        assert_eq!(error.line, Some(line), "{error}");
        assert!(error.problem.contains(says), "{error}");
    }
}
