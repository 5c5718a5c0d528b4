//! Ports of bricks, the firewall before them, and how names resolve.

use std::collections::{BTreeMap, BTreeSet};

use super::{LOOK, ScriptError, complete, firewall, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::pool::Observed;
use crate::core::system::Network;

const ACT: &str = "looking at the network";

/// Gluster's own range, where glusterd.vol says none: `GF_IANA_PRIV_PORTS_START` and `GF_PORT_MAX` in
/// glusterd-pmap.h up to 9; 60999 in the packaged glusterd.vol from 6 or so, and in the code from 10 on.
const PORTS: (u16, u16) = (49152, 60999);

/// Returns the command that looks at ports, firewall and names.
pub fn network() -> Command {
    const NONE: [String; 0] = [];
    Command::script(Effect::Reads, include_str!("files/network.sh"), NONE, LOOK)
}

/// Reads what [`network`] printed.
///
/// # Errors
/// When the script failed or printed something else. A firewall that could not be read is unknown by itself.
pub fn parse_network(output: &Output) -> Result<Network, ScriptError> {
    let mut network = Network {
        base_port: PORTS.0,
        max_port: PORTS.1,
        transport_types: BTreeSet::new(),
        closed: Observed::Unknown("the firewall was not asked".to_owned()),
        names: BTreeMap::new(),
    };
    let mut kind = None;
    let mut rules = String::new();
    for line in complete(ACT, output)? {
        let bad = || unreadable(ACT, line);
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match (key, value) {
            ("nft" | "iptables" | "no-firewall", "") => kind = Some((key, "")),
            ("unreadable", why) => kind = Some((key, why)),
            ("rules", line) => {
                rules.push_str(line);
                rules.push('\n');
            }
            ("port", value) => match value.split_once(' ').ok_or_else(bad)? {
                ("base", port) => network.base_port = port.parse().map_err(|_| bad())?,
                ("max", port) => network.max_port = port.parse().map_err(|_| bad())?,
                _ => return Err(bad()),
            },
            ("transport", word) => network.transport_types.extend([word.to_owned()]),
            ("unresolved", name) => drop(network.names.entry(name.parse().map_err(|_| bad())?).or_default()),
            ("name", value) => {
                let (name, address) = value.split_once(' ').ok_or_else(bad)?;
                let known = network.names.entry(name.parse().map_err(|_| bad())?).or_default();
                known.insert(address.to_owned());
            }
            _ => return Err(bad()),
        }
    }
    let range = (network.base_port, network.max_port);
    network.closed = match kind {
        Some(("nft", _)) => Observed::from(firewall::nft(&rules, range)),
        Some(("iptables", _)) => Observed::from(firewall::iptables(&rules, range)),
        Some(("unreadable", why)) => Observed::Unknown(why.to_owned()),
        Some(_) => Observed::Known(Vec::new()),
        None => return Err(ScriptError::CutShort { act: ACT }),
    };
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;

    #[test]
    fn a_network_is_read_whole() {
        let lines = "port base 49152\nport max 50000\ntransport socket\ntransport rdma\n\
                     name g1 192.0.2.1\nname g1 fd00::1\nunresolved g2\nno-firewall\n";
        let network = parse_network(&printed(lines)).unwrap();
        assert_eq!((network.max_port, network.transport_types.len()), (50000, 2));
        assert_eq!(network.names[&"g1".parse().unwrap()].len(), 2);
        assert!(network.names[&"g2".parse().unwrap()].is_empty());
        assert_eq!(network.closed, Observed::Known(vec![]));
    }

    #[test]
    fn the_firewall_is_judged_over_the_ports_of_bricks() {
        let lines = "port max 49160\niptables\nrules *filter\nrules :INPUT DROP [0:0]\n\
                     rules -A INPUT -p tcp -m tcp --dport 49152:49155 -j ACCEPT\nrules COMMIT\n";
        let network = parse_network(&printed(lines)).unwrap();
        assert_eq!(network.closed, Observed::Known(vec![(49156, 49160)]));
        let network = parse_network(&printed("unreadable nft: Operation not permitted\n")).unwrap();
        assert!(network.closed.known().is_err());
    }

    #[test]
    fn other_lines_are_refused() {
        for lines in ["", "port base x\nno-firewall\n", "name g1\nno-firewall\n", "novelty\nno-firewall\n"] {
            assert!(parse_network(&printed(lines)).is_err(), "{lines}");
        }
    }
}
