//! Where networks come from: each run gets a small subnet of its own, which nothing else uses.
//!
//! Left to itself the engine takes a whole /16 for each network, out of about fifteen. So subnets are chosen here, from
//! ranges that are known and can be named otherwise. What they must not collide with: the networks of the engine, and the
//! routes of this machine, for which a network of the engine would be the nearer way.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::EngineError;

/// The environment variable that names other ranges.
pub const RANGES_VARIABLE: &str = "SIMULATOR_NETWORKS";

/// Private addresses (RFC 1918) that no engine's default pools hold, with no meaning that we know of. The second one is for
/// machines that reach all of 10.0.0.0/8 through a tunnel.
const DEFAULT: &str = "10.213.0.0/16,172.16.0.0/16";

/// The size of a subnet: 253 hosts, which is more than a machine carries.
const SUBNET: u8 = 24;

/// The sizes of a range: not the half of all addresses, and a pool of some size still fits in.
const PREFIXES: std::ops::RangeInclusive<u8> = 8..=26;

/// A route that holds so much is another word for the default route: tunnels set two of them (0.0.0.0/1, 128.0.0.0/1).
const DEFAULT_ROUTE: u8 = 1;

/// The ranges that subnets are taken from, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges(Vec<Ipv4Net>);

impl Ranges {
    /// Returns the ranges that the environment names, or the default ones.
    ///
    /// # Errors
    ///
    /// [`EngineError::Ranges`] where they make no sense.
    pub fn from_environment() -> Result<Ranges, EngineError> {
        match std::env::var_os(RANGES_VARIABLE) {
            Some(text) if !text.is_empty() => text.to_string_lossy().parse(),
            Some(_) | None => DEFAULT.parse(),
        }
    }

    /// Returns how many subnets there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.subnets().count()
    }

    /// Returns the subnets that share no address with any of these, in order.
    pub fn free(&self, taken: &[Ipv4Net]) -> impl Iterator<Item = Ipv4Net> {
        self.subnets().filter(|subnet| !taken.iter().any(|other| overlap(*subnet, *other)))
    }

    fn subnets(&self) -> impl Iterator<Item = Ipv4Net> {
        // A range that is smaller than a subnet is one.
        self.0.iter().flat_map(|range| range.subnets(range.prefix_len().max(SUBNET)).into_iter().flatten())
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges: Vec<String> = self.0.iter().map(Ipv4Net::to_string).collect();
        f.write_str(&ranges.join(","))
    }
}

impl FromStr for Ranges {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Ranges, EngineError> {
        let ranges = text.split(',').map(str::trim).map(|word| {
            let range: Option<Ipv4Net> = word.parse().ok();
            let range = range.filter(|range| PREFIXES.contains(&range.prefix_len()));
            range.map(|range| range.trunc()).ok_or_else(|| EngineError::Ranges { found: word.to_owned() })
        });
        Ok(Ranges(ranges.collect::<Result<_, _>>()?))
    }
}

/// Tells whether two networks share an address.
fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// Reads the kernel's routing table, as /proc/net/route has it, without default routes: they lead to everything that is
/// nowhere nearer. A line that makes no sense is none.
pub(super) fn routes(table: &str) -> Vec<Ipv4Net> {
    let route = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = ipv4(words.get(1)?)?;
        let mask = ipv4(words.get(7)?)?;
        Ipv4Net::with_netmask(address, mask).ok()
    };
    table.lines().skip(1).filter_map(route).filter(|route| route.prefix_len() > DEFAULT_ROUTE).collect()
}

/// Reads an address as the kernel prints it: the number that its bytes are on this machine.
fn ipv4(word: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(word, 16).ok().map(|number| Ipv4Addr::from(number.to_ne_bytes()))
}

/// Tells whether the engine refused a network because somebody has its addresses: Docker says "Pool overlaps with other
/// one on this address space" or "networks have overlapping IPv4", Podman "subnet … is already used".
pub(super) fn is_taken(error: &bollard::errors::Error) -> bool {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => {
            message.contains("overlap")
                || message.contains("already used")
                || message.contains("already being used")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn nets(text: &str) -> Vec<Ipv4Net> {
        text.split_whitespace().map(|word| word.parse().unwrap()).collect()
    }

    #[rstest]
    #[case::nothing_taken("10.1.0.0/16", "", "10.1.0.0/24")]
    #[case::the_first_is("10.1.0.0/16", "10.1.0.0/24", "10.1.1.0/24")]
    #[case::a_part_of_it_is("10.1.0.0/16", "10.1.0.128/25 10.1.1.7/32", "10.1.2.0/24")]
    #[case::more_than_it_is("10.1.0.0/16", "10.1.0.0/17", "10.1.128.0/24")]
    #[case::not_in_order("10.1.0.0/16", "10.1.1.0/24 10.1.0.0/24", "10.1.2.0/24")]
    #[case::others("10.1.0.0/16", "172.17.0.0/16 192.168.0.0/20", "10.1.0.0/24")]
    #[case::all_of_it_is("10.1.0.0/16", "10.0.0.0/8", "")]
    #[case::the_next_range("10.1.0.0/16,172.16.0.0/16", "10.0.0.0/8", "172.16.0.0/24")]
    #[case::a_subnet_of_one("10.1.2.0/24", "", "10.1.2.0/24")]
    #[case::less_than_a_subnet("10.1.2.64/26", "", "10.1.2.64/26")]
    #[case::less_and_taken("10.1.2.64/26", "10.1.2.0/24", "")]
    #[case::inside_it("10.1.2.3/16", "", "10.1.0.0/24")]
    fn the_first_free_one_is_chosen(#[case] ranges: &str, #[case] taken: &str, #[case] expected: &str) {
        let ranges: Ranges = ranges.parse().unwrap();
        let chosen = ranges.free(&nets(taken)).next();
        assert_eq!(chosen.map(|subnet| subnet.to_string()).unwrap_or_default(), expected);
    }

    #[test]
    fn whatever_is_taken_none_that_is_free_collides_and_all_have_their_turn() {
        let ranges: Ranges = DEFAULT.parse().unwrap();
        let mut taken = nets("10.213.7.0/24 172.16.128.0/17");
        let free = ranges.free(&taken).count();
        assert_eq!((ranges.count(), free), (512, 512 - 1 - 128));
        for _ in 0..free {
            let next = ranges.free(&taken).next().unwrap();
            assert!(!taken.iter().any(|other| overlap(next, *other)), "{next}");
            taken.push(next);
        }
        assert_eq!(ranges.free(&taken).next(), None);
    }

    #[rstest]
    #[case("10.1.0.0/16", true)]
    #[case("10.1.0.0/16, 10.2.0.0/24", true)]
    #[case("10.1.0.0", false)]
    #[case("10.1.0.0/16,", false)]
    #[case("10.1.0.0/7", false)]
    #[case("10.1.0.0/27", false)]
    #[case("fd00::/64", false)]
    #[case("mine", false)]
    fn ranges_are_read(#[case] text: &str, #[case] makes_sense: bool) {
        assert_eq!(text.parse::<Ranges>().is_ok(), makes_sense);
    }

    /// As a machine with two bridges and a tunnel for everything else has it.
    #[cfg(target_endian = "little")]
    #[test]
    fn routes_are_read_and_default_routes_are_none() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
            tun0\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n\
            tun0\t00000080\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n\
            docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
            eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
            nonsense\n";
        assert_eq!(routes(table), nets("172.17.0.0/16 192.0.2.0/24"));
    }

    #[rstest]
    #[case::docker(403, "Pool overlaps with other one on this address space", true)]
    #[case::its_bridge(
        403,
        "cannot create network a (br-1): conflicts with network b (br-2): networks have overlapping IPv4",
        true
    )]
    #[case::podman(500, "subnet 10.213.0.0/24 is already used on the host or by another config", true)]
    #[case::something_else(403, "network with name a already exists", false)]
    fn a_collision_is_told_from_other_refusals(
        #[case] status_code: u16,
        #[case] message: &str,
        #[case] expected: bool,
    ) {
        let message = message.to_owned();
        let error = bollard::errors::Error::DockerResponseServerError { status_code, message };
        assert_eq!(is_taken(&error), expected);
    }
}
