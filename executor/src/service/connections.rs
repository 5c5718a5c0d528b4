//! Who is connected to the bricks of a host, and which connections are its own daemons': from `/proc`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{LOOK, ScriptError, complete};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::VolumeName;
use crate::core::pool::Connections;

const ACT: &str = "listing connections";

/// States of `/proc/net/tcp` (include/net/tcp_states.h of Linux).
const ESTABLISHED: &str = "01";
const LISTEN: &str = "0A";

/// Returns the command that lists the connections of Gluster's processes. Reads `/proc` only.
pub fn connections() -> Command {
    Command::script(Effect::Reads, script!("connections.sh"), [""], LOOK)
}

/// Reads what [`connections`] printed.
///
/// A connection of a brick's process counts as one *to* it where its near end is a port it listens on; all others
/// are its own, to glusterd.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_connections(output: &Output) -> Result<Connections, ScriptError> {
    let mut connections = Connections::default();
    let mut process = Process::default();
    for line in complete(ACT, output)? {
        let unreadable = || ScriptError::Unreadable { act: ACT, line: line.to_owned() };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["brick", _, volume] => {
                process.tell(&mut connections);
                let volume = Some(volume.parse().map_err(|_| unreadable())?);
                process = Process { volume, ..Process::default() };
            }
            ["daemon", _] => {
                process.tell(&mut connections);
                process = Process::default();
            }
            ["socket", near, far, state] => {
                let near = end(near).ok_or_else(unreadable)?;
                let far = end(far).ok_or_else(unreadable)?;
                match state {
                    LISTEN => drop(process.ports.insert(near.port())),
                    ESTABLISHED => process.established.push((near, far)),
                    // Coming or going: nothing passes through it.
                    _ => {}
                }
            }
            _ => return Err(unreadable()),
        }
    }
    process.tell(&mut connections);
    Ok(connections)
}

/// A process while its sockets are read.
#[derive(Default)]
struct Process {
    /// The volume whose brick it is; none for a daemon.
    volume: Option<VolumeName>,
    ports: BTreeSet<u16>,
    established: Vec<(SocketAddr, SocketAddr)>,
}

impl Process {
    fn tell(&mut self, connections: &mut Connections) {
        for (near, far) in self.established.drain(..) {
            match &self.volume {
                Some(volume) if self.ports.contains(&near.port()) => {
                    connections.to_bricks.insert(far, volume.clone());
                }
                Some(_) | None => drop(connections.own.insert(near)),
            }
        }
    }
}

/// Reads an end as the kernel writes it: each 32-bit word of the address in the host's byte order, in hexadecimal
/// (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c). Hosts are taken to be little-endian, as all that Gluster is packaged
/// for are but one. An IPv4 address that came over IPv6 is the IPv4 address.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut octets = Vec::new();
    for at in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        octets.extend(word.to_le_bytes());
    }
    let address = match <[u8; 4]>::try_from(octets.as_slice()) {
        Ok(octets) => IpAddr::V4(Ipv4Addr::from(octets)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets.as_slice()).ok()?)),
    };
    Some(SocketAddr::new(address.to_canonical(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0202A8C0:5EC7", Some("192.168.2.2:24263"))]
    #[case("0100007F:1F90", Some("127.0.0.1:8080"))]
    #[case("0000000000000000FFFF00000302A8C0:C001", Some("192.168.2.3:49153"))]
    #[case("B80D01200000000000000000010000FF:0016", Some("[2001:db8::ff00:1]:22"))]
    #[case("0202A8:5EC7", None)]
    #[case("0202A8C0", None)]
    #[case("0202A8C0:5EC7F", None)]
    fn ends_are_read_as_the_kernel_writes_them(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(end(text).map(|end| end.to_string()).as_deref(), expected);
    }

    fn read(stdout: &str) -> Result<Connections, ScriptError> {
        parse_connections(&Output { stdout: stdout.to_owned(), ..Output::default() })
    }

    #[test]
    fn what_comes_in_at_a_brick_is_told_from_what_goes_out() {
        let found = read(
            "brick 232 coded\n\
             socket 00000000:C001 00000000:0000 0A\n\
             socket 0202A8C0:C001 0902A8C0:BFFE 01\n\
             socket 0202A8C0:C001 0302A8C0:BFFD 01\n\
             socket 0202A8C0:C001 0802A8C0:BFFD 08\n\
             socket 0202A8C0:BFFF 0202A8C0:5DC7 01\n\
             daemon 240\n\
             socket 0202A8C0:BFFC 0302A8C0:C001 01\n\
             end\n",
        )
        .unwrap();
        let far: Vec<String> = found.to_bricks.keys().map(SocketAddr::to_string).collect();
        assert_eq!(far, ["192.168.2.3:49149", "192.168.2.9:49150"]);
        let own: Vec<String> = found.own.iter().map(SocketAddr::to_string).collect();
        assert_eq!(own, ["192.168.2.2:49148", "192.168.2.2:49151"]);
    }

    #[rstest]
    #[case::cut_short("daemon 7\n")]
    #[case::unknown_line("brick 7\nend\n")]
    #[case::no_end("daemon 7\nsocket 0202A8C0:1 x 01\nend\n")]
    fn half_an_answer_is_none(#[case] stdout: &str) {
        assert!(read(stdout).is_err());
    }

    #[test]
    fn nothing_of_gluster_has_no_connections() {
        assert_eq!(read("end\n").unwrap(), Connections::default());
    }
}
