//! `gluster volume status VOLUME clients --xml`: who is connected to each brick.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;

use super::status::{Process, by_volume, process_of, rows_of_bricks};
use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::core::names::{Brick, OpVersion};
use crate::gluster::error::ReplyError;

const ASKED: &str = "gluster volume status VOLUME clients";

/// Reads the addresses (without ports) of the clients on each brick. The servers' own daemons are among them.
///
/// A brick that is offline, and one whose server is down or rejected, is not in the answer: who would be
/// connected to it is unknown.
///
/// # Errors
/// See [`ReplyError`].
pub fn clients(output: &Output) -> Result<BTreeMap<Brick, BTreeSet<String>>, ReplyError> {
    let answer = Answer::read(ASKED, output)?;
    let volumes = by_volume(&answer, |answer, volume| {
        let mut clients = BTreeMap::new();
        for row in rows_of_bricks(answer, volume)? {
            let brick = match process_of(answer, row)? {
                Process::Brick(brick) => brick,
                Process::SelfHealDaemon(_) | Process::Other => continue,
            };
            if answer.flag(row, "status")? && clients.insert(brick, read_clients(answer, row)?).is_some() {
                return Err(answer.unreadable(row, "one row for each brick", "another one"));
            }
        }
        Ok(clients)
    })?;
    Ok(volumes.into_values().flatten().collect())
}

/// Reads the lowest op-version that the clients at each address say they can speak. The element `opVersion` is
/// new in 3.10 (`cli_xml_output_vol_status_clients` in cli-xml-output.c).
///
/// # Errors
/// See [`ReplyError`]; [`ReplyError::Unreadable`] where a client's op-version is not said.
pub fn client_op_versions(output: &Output) -> Result<BTreeMap<String, OpVersion>, ReplyError> {
    let answer = Answer::read(ASKED, output)?;
    let volumes = by_volume(&answer, |answer, volume| {
        let mut lowest = BTreeMap::new();
        for row in rows_of_bricks(answer, volume)? {
            if !answer.flag(row, "status")? {
                continue;
            }
            for client in answer.children(answer.child(row, "clientsStatus")?, "client")? {
                let address = read_address(answer, client)?;
                let op_version = OpVersion(answer.value(client, "opVersion", "an op-version")?);
                let known = lowest.entry(address).or_insert(op_version);
                *known = op_version.min(*known);
            }
        }
        Ok(lowest)
    })?;
    Ok(volumes.into_values().flatten().collect())
}

/// Tells whether this is how a volume is refused that nobody is connected to, not even a self-heal daemon of its own:
/// "Commit failed" (`server_priv_to_dict` in server.c fails with no client to tell of; seen on 10.3). Of a volume
/// with self-heal daemons it means trouble.
pub fn nobody_is_connected(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { said, .. } => said.to_string().contains("Commit failed"),
        ReplyError::GlusterdDown { .. }
        | ReplyError::Busy { .. }
        | ReplyError::NotYet { .. }
        | ReplyError::Silent { .. }
        | ReplyError::Unreadable { .. } => false,
    }
}

fn read_clients<'a>(answer: &Answer<'a>, row: Node<'_, 'a>) -> Result<BTreeSet<String>, ReplyError> {
    let status = answer.child(row, "clientsStatus")?;
    let elements = answer.children(status, "client")?;
    let count: usize = answer.value(status, "clientCount", "a number")?;
    if count != elements.len() {
        return Err(answer.unreadable(status, &format!("{count} clients"), elements.len()));
    }
    elements.into_iter().map(|client| read_address(answer, client)).collect()
}

fn read_address<'a>(answer: &Answer<'a>, client: Node<'_, 'a>) -> Result<String, ReplyError> {
    let peer = answer.text(client, "hostname")?;
    address_of(peer).ok_or_else(|| answer.unreadable(client, "an address and a port", quoted(peer)))
}

/// Returns the address of `ADDRESS:PORT`. Both are always numeric, IPv6 is without brackets
/// (`fill_inet6_inet_identifiers` in name.c, 3.7 to 11), hence the last colon; an IPv4 address that came over
/// IPv6 was converted there.
fn address_of(peer: &str) -> Option<String> {
    let (address, port) = peer.rsplit_once(':')?;
    // A link-local address has its interface behind it: `fe80::1%eth0`.
    let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
    let numeric = bare.parse::<std::net::IpAddr>().is_ok()
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok();
    numeric.then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("172.18.0.2:49112", Some("172.18.0.2"))]
    #[case("fd00::5:49152", Some("fd00::5"))]
    #[case("::1:1023", Some("::1"))]
    #[case("fe80::1%eth0:49152", Some("fe80::1%eth0"))]
    #[case("172.18.0.2", None)]
    #[case("172.18.0.2:", None)]
    #[case("172.18.0.2:+1", None)]
    #[case("172.18.0.2:70000", None)]
    #[case(":49152", None)]
    #[case(":", None)]
    #[case("", None)]
    fn addresses_end_at_the_last_colon(#[case] peer: &str, #[case] address: Option<&str>) {
        assert_eq!(address_of(peer).as_deref(), address);
    }

    fn read(status: u8, inner: &str) -> Result<BTreeMap<Brick, BTreeSet<String>>, ReplyError> {
        let stdout = format!(
            "<cliOutput><opRet>0</opRet><volStatus><volumes><volume><volName>v</volName>\
             <nodeCount>1</nodeCount><node><hostname>g1</hostname><path>/b</path><status>{status}</status>\
             {inner}</node></volume></volumes></volStatus></cliOutput>"
        );
        clients(&Output { stdout, ..Output::default() })
    }

    fn listed(count: u8, peers: &[&str]) -> String {
        let list: String =
            peers.iter().map(|peer| format!("<client><hostname>{peer}</hostname></client>")).collect();
        format!("<clientsStatus><clientCount>{count}</clientCount>{list}</clientsStatus>")
    }

    #[test]
    fn a_client_counts_once_however_often_it_is_connected() {
        let clients = read(1, &listed(3, &["10.0.0.1:1", "10.0.0.1:2", "fd00::5:3"])).unwrap();
        let expected = BTreeSet::from(["10.0.0.1".to_owned(), "fd00::5".to_owned()]);
        assert_eq!(clients, BTreeMap::from([("g1:/b".parse().unwrap(), expected)]));
    }

    #[test]
    fn an_address_has_the_op_version_of_its_oldest_client() {
        let client = |peer: &str, op_version: &str| {
            format!("<client><hostname>{peer}</hostname>{op_version}</client>")
        };
        let versions = |one: &str| {
            let list =
                [client("10.0.0.1:1", "<opVersion>110000</opVersion>"), client("10.0.0.1:2", one)].concat();
            let stdout = format!(
                "<cliOutput><opRet>0</opRet><volStatus><volumes><volume><volName>v</volName>\
                 <nodeCount>1</nodeCount><node><hostname>g1</hostname><path>/b</path><status>1</status>\
                 <clientsStatus><clientCount>2</clientCount>{list}</clientsStatus></node></volume></volumes>\
                 </volStatus></cliOutput>"
            );
            client_op_versions(&Output { stdout, ..Output::default() })
        };
        let expected = BTreeMap::from([("10.0.0.1".to_owned(), OpVersion(90_000))]);
        assert_eq!(versions("<opVersion>90000</opVersion>").unwrap(), expected);
        assert!(versions("").is_err(), "3.9 and older do not say");
    }

    #[rstest]
    #[case::nobody(
        "<opRet>-1</opRet><opErrno>0</opErrno><opErrstr>Commit failed on localhost. Please check log file for details.</opErrstr>",
        true
    )]
    #[case::another(
        "<opRet>-1</opRet><opErrno>0</opErrno><opErrstr>Volume v does not exist</opErrstr>",
        false
    )]
    #[case::no_answer("", false)]
    fn a_volume_that_nobody_is_connected_to_is_refused(#[case] reply: &str, #[case] nobody: bool) {
        let stdout = format!("<cliOutput>{reply}</cliOutput>");
        let error = client_op_versions(&Output { stdout, ..Output::default() }).unwrap_err();
        assert_eq!(nobody_is_connected(&error), nobody, "{error}");
    }

    #[test]
    fn nobody_is_an_answer_but_an_offline_brick_is_none() {
        assert_eq!(read(1, &listed(0, &[])).unwrap().len(), 1);
        assert_eq!(read(0, "").unwrap().len(), 0);
    }

    #[rstest]
    #[case::each_alone(3, &["a", "b", "c"], true)]
    #[case::two_together(4, &["a", "b", "a"], true)]
    #[case::too_few(4, &["a", "b", "c"], false)]
    #[case::too_few_for_two_together(5, &["a", "b", "a"], false)]
    #[case::none(1, &[], false)]
    fn bricks_on_the_asked_server_are_counted_twice_but_for_the_first(
        #[case] count: u8,
        #[case] servers: &[&str],
        #[case] readable: bool,
    ) {
        let row = |(at, server): (usize, &&str)| {
            format!(
                "<node><hostname>{server}</hostname><path>/b{at}</path><peerid>{server}</peerid>\
                 <status>1</status>{}</node>",
                listed(0, &[])
            )
        };
        let rows: String = servers.iter().enumerate().map(row).collect();
        let stdout = format!(
            "<cliOutput><opRet>0</opRet><volStatus><volumes><volume><volName>v</volName>\
             <nodeCount>{count}</nodeCount>{rows}</volume></volumes></volStatus></cliOutput>"
        );
        let clients = clients(&Output { stdout, ..Output::default() });
        assert_eq!(clients.map(|bricks| bricks.len()).ok(), readable.then_some(servers.len()));
    }

    #[rstest]
    #[case::not_said("")]
    #[case::too_few(&listed(2, &["10.0.0.1:1"]))]
    #[case::no_address(&listed(1, &["somewhere"]))]
    fn an_online_brick_has_all_its_clients_or_the_reply_is_unreadable(#[case] inner: &str) {
        assert!(matches!(read(1, inner), Err(ReplyError::Unreadable { at: Some(_), .. })));
    }
}
