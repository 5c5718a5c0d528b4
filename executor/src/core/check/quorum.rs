//! May this server go down now? Whether all the others can carry its data, by layout and by quorum.

use super::super::finding::{Code, Finding, Subject};
use super::super::names::HostName;
use super::super::pool::{PoolState, Volume, VolumeKind};
use super::volume::started;

pub(super) fn others_can_carry(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let mut findings = started(state, Code::ClientQuorum, |volume| {
        let mut findings = sets_apart(state, &volume.volume, host);
        findings.extend(client_quorum(state, &volume.volume, host));
        findings
    });
    findings.extend(server_quorum(state, 1));
    findings
}

/// Finds replica sets with several bricks on this server: the guide's "multiple replicas of a replica
/// set are not part of the same server".
fn sets_apart(state: &PoolState, volume: &Volume, host: &HostName) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !matches!(volume.kind, VolumeKind::Replicate { .. }) {
        return findings;
    }
    let Some(uuid) = state.uuid_of(host) else { return findings };
    for set in volume.sets() {
        let here: Vec<String> =
            set.iter().filter(|brick| brick.peer == *uuid).map(|brick| brick.brick.to_string()).collect();
        if here.len() > 1 {
            findings.push(Finding::seen(
                Code::SetSharesServer,
                Subject::Volume(volume.name.clone()),
                format!("{host} holds {} of one replica set", here.join(" and ")),
            ));
        }
    }
    findings
}

/// Finds replica sets whose clients lose quorum while a server is out.
///
/// `cluster.quorum-type`: `auto` by default from replica 3 on, else `none`; `auto` wants more than half,
/// or exactly half with the first brick among them (afr-common.c, all releases since 3.7).
fn client_quorum(state: &PoolState, volume: &Volume, host: &HostName) -> Vec<Finding> {
    let VolumeKind::Replicate { replica } = volume.kind else { return Vec::new() };
    let quorum_type = volume.options.get("cluster.quorum-type").map(String::as_str);
    let fixed = volume.options.get("cluster.quorum-count").and_then(|count| count.parse::<usize>().ok());
    let subject = || Subject::Volume(volume.name.clone());
    let mut findings = Vec::new();
    let uuid = state.uuid_of(host);
    for set in volume.sets() {
        let left: Vec<bool> = set.iter().map(|brick| Some(&brick.peer) != uuid).collect();
        let standing = left.iter().filter(|stands| **stands).count();
        if standing == set.len() {
            continue;
        }
        let enough = match quorum_type {
            Some("none") => standing > 0,
            Some("fixed") => fixed.is_some_and(|count| standing >= count) && standing > 0,
            Some("auto") => standing * 2 > set.len() || (standing * 2 == set.len() && left[0]),
            None if replica >= 3 => standing * 2 > set.len() || (standing * 2 == set.len() && left[0]),
            None => standing > 0,
            Some(other) => {
                let what = format!("cluster.quorum-type is `{other}`, which this tool does not know");
                findings.push(Finding::unknown(Code::ClientQuorum, subject(), what));
                continue;
            }
        };
        if !enough {
            let bricks: Vec<String> = set.iter().map(|brick| brick.brick.to_string()).collect();
            let what = format!("without {host}, {standing} of {} are not a quorum", bricks.join(", "));
            findings.push(Finding::seen(Code::ClientQuorum, subject(), what));
        }
    }
    findings
}

/// Finds volumes whose clients go on to write with one copy while a server is out, which no quorum of theirs forbids.
pub(crate) fn one_copy_is_written(state: &PoolState) -> Vec<Finding> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let told = |volume: &Volume| {
        let VolumeKind::Replicate { replica } = volume.kind else { return None };
        let option = |name: &str| volume.options.get(name).map(String::as_str);
        let why = match (option("cluster.quorum-type"), option("cluster.quorum-count")) {
            (Some("none"), _) => "cluster.quorum-type is `none`",
            (Some("fixed"), Some("1")) => "cluster.quorum-count is 1",
            (None, _) if replica < 3 => "two copies have no quorum",
            (_, _) => return None,
        };
        let what = format!("{why}: clients write while one copy is left");
        Some(Finding::seen(Code::WritesWithOneCopy, Subject::Volume(volume.name.clone()), what))
    };
    volumes.values().map(|volume| &volume.volume).filter(|volume| volume.started).filter_map(told).collect()
}

/// Finds volumes whose server quorum is lost while so many servers are out.
///
/// With `cluster.server-quorum-type server`, glusterd stops its own bricks unless more than
/// `cluster.server-quorum-ratio` of all peers are there (default: more than half; glusterd-server-quorum.c).
pub(crate) fn server_quorum(state: &PoolState, out: usize) -> Vec<Finding> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let servers = state.hosts.len();
    let standing = servers.saturating_sub(out);
    volumes
        .values()
        .filter(|volume| {
            volume.volume.options.get("cluster.server-quorum-type").is_some_and(|kind| kind == "server")
        })
        .filter_map(|volume| {
            let subject = Subject::Volume(volume.volume.name.clone());
            let ratio = match volume.volume.options.get("cluster.server-quorum-ratio") {
                None => None,
                Some(text) => match text.trim_end_matches('%').parse::<f64>() {
                    Ok(percent) => Some(percent),
                    Err(_) => {
                        let what = format!("cluster.server-quorum-ratio is `{text}`");
                        return Some(Finding::unknown(Code::ServerQuorum, subject, what));
                    }
                },
            };
            let share = 100.0 * standing as f64 / servers as f64;
            let enough = ratio.map_or(standing * 2 > servers, |percent| share >= percent);
            (!enough).then(|| {
                let what = format!("with {out} of {servers} servers out its bricks are stopped");
                Finding::seen(Code::ServerQuorum, subject, what)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::super::sample::{change_volume, pool, volume};
    use super::*;

    #[rstest]
    #[case::two(2, &[], true)]
    #[case::two_with_a_quorum(2, &[("cluster.quorum-type", "auto")], false)]
    #[case::three(3, &[], false)]
    #[case::three_without(3, &[("cluster.quorum-type", "none")], true)]
    #[case::fixed_to_one(3, &[("cluster.quorum-type", "fixed"), ("cluster.quorum-count", "1")], true)]
    #[case::fixed_to_two(3, &[("cluster.quorum-type", "fixed"), ("cluster.quorum-count", "2")], false)]
    fn whether_one_copy_would_be_written(
        #[case] replica: usize,
        #[case] options: &[(&str, &str)],
        #[case] told: bool,
    ) {
        let servers: Vec<usize> = (1..=replica).collect();
        let volume = volume("vol0", VolumeKind::Replicate { replica }, &servers);
        let mut state = pool(replica, "10.3", vec![volume], "11.1-6");
        change_volume(&mut state, "vol0", |volume| {
            volume.volume.options =
                options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        });
        let codes: Vec<&str> =
            one_copy_is_written(&state).iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, if told { vec!["WRITES_WITH_ONE_COPY"] } else { vec![] });
    }
}
