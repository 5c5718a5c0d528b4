//! Checks of what lies between hosts: names, ports, certificates.

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, OpVersion, Release};
use super::super::pool::{HostState, PoolState};

/// From here on bricks take any port of their range, not the lowest that is free (glusterfs pull request 1670,
/// first in 10.0), and certificates are looked for in OpenSSL's own directory (commit a7dc43f533, 10.0).
const TEN: OpVersion = OpVersion(100_000);

/// Whether every name that volumes and peers go by has an address on every server. glusterd does not start with a
/// brick whose host it cannot resolve.
pub(crate) fn names(state: &PoolState) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (host, host_state) in &state.hosts {
        let subject = || Subject::Host(host.clone());
        match host_state.system.network.known() {
            Ok(network) => {
                let lost = network.names.iter().filter(|(_, addresses)| addresses.is_empty());
                findings.extend(lost.map(|(name, _)| {
                    Finding::seen(Code::NameUnresolved, subject(), format!("{name} has no address here"))
                }));
            }
            Err(reason) => findings.push(Finding::unknown(Code::NameUnresolved, subject(), reason)),
        }
    }
    findings
}

/// Whether the firewall leaves to bricks all the ports that the target gives them.
pub(crate) fn ports(host: &HostName, state: &HostState, bricks: usize, to: Release) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    if to.line_op_version() < TEN {
        return Vec::new();
    }
    // A server that is at 10 already has its bricks anywhere: there only what is seen counts.
    let crosses = now(state).is_none_or(|now| now.line_op_version() < TEN);
    let network = match state.system.network.known() {
        Ok(network) => network,
        Err(reason) if crosses => return vec![Finding::unknown(Code::FirewallNarrow, subject(), reason)],
        Err(_) => return Vec::new(),
    };
    let (first, last) = (network.base_port, network.max_port);
    let mut findings = match network.closed.known() {
        Ok(closed) if closed.is_empty() => Vec::new(),
        Ok(closed) => {
            let closed = closed.iter().map(|(first, last)| format!("{first}-{last}")).collect::<Vec<_>>();
            let what = format!(
                "{to} gives bricks any port of {first}-{last}; the firewall closes {}",
                closed.join(", ")
            );
            vec![Finding::seen(Code::FirewallNarrow, subject(), what)]
        }
        Err(reason) if crosses => vec![Finding::unknown(Code::FirewallNarrow, subject(), reason)],
        Err(_) => Vec::new(),
    };
    // A brick that returns may find its old port still taken (glusterfs issue 4505).
    let there = usize::from(last.saturating_sub(first)) + 1;
    if there < 2 * bricks {
        let what = format!("{bricks} bricks share {there} ports ({first}-{last})");
        findings.push(Finding::seen(Code::PortsFew, subject(), what));
    }
    findings
}

/// Whether certificates are where the target looks for them.
pub(crate) fn certificates(
    host: &HostName,
    state: &HostState,
    pool: &PoolState,
    to: Release,
) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    if to.line_op_version() < TEN || now(state).is_some_and(|now| now.line_op_version() >= TEN) {
        return Vec::new();
    }
    let on = |value: &String| matches!(value.as_str(), "on" | "enable" | "true" | "yes" | "1");
    let by_volume = pool.volumes.known().is_ok_and(|volumes| {
        let options = volumes.values().flat_map(|volume| &volume.volume.options);
        let mut ssl = options.filter(|(name, _)| ["client.ssl", "server.ssl"].contains(&name.as_str()));
        ssl.any(|(_, value)| on(value))
    });
    let stored = match state.system.stored.known() {
        Ok(stored) => stored,
        Err(reason) => return vec![Finding::unknown(Code::CertificatesMove, subject(), reason)],
    };
    if !by_volume && !stored.secure_access {
        return Vec::new();
    }
    match state.system.platform.known().map(|platform| platform.openssl_dir.as_deref()) {
        Ok(Some(directory)) if stored.certificates.contains(directory) => Vec::new(),
        Ok(Some(directory)) => {
            let what = format!(
                "{to} looks for glusterfs.pem, .key and .ca in {directory}, where not all of them are"
            );
            vec![Finding::seen(Code::CertificatesMove, subject(), what)]
        }
        Ok(None) => {
            let what = "there is no `openssl` that says where certificates are looked for";
            vec![Finding::unknown(Code::CertificatesMove, subject(), what)]
        }
        Err(reason) => vec![Finding::unknown(Code::CertificatesMove, subject(), reason)],
    }
}

fn now(state: &HostState) -> Option<Release> {
    state.release.known().ok().copied().flatten()
}
