//! `gluster peer status --xml`: the other servers, as the asked one sees them.

use roxmltree::Node;

use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::core::names::HostName;
use crate::core::pool::{Peer, PeerState};
use crate::gluster::error::ReplyError;

const ASKED: &str = "gluster peer status";

/// Reads the peers. A server without peers has an empty list (`peer status: No peers present`).
///
/// A rejected peer is connected all the same, and one that is down is still `Peer in Cluster`
/// (recorded on 3.7.20 to 3.9.1): both facts are needed.
///
/// # Errors
/// See [`ReplyError`].
pub fn peers(output: &Output) -> Result<Vec<Peer>, ReplyError> {
    let answer = Answer::read(ASKED, output)?;
    let status = answer.child(answer.root(), "peerStatus")?;
    answer.children(status, "peer")?.into_iter().map(|peer| read_peer(&answer, peer)).collect()
}

fn read_peer<'a>(answer: &Answer<'a>, peer: Node<'_, 'a>) -> Result<Peer, ReplyError> {
    let mut names: Vec<HostName> = vec![answer.value(peer, "hostname", "a host name")?];
    // All its names, the first one again among them, where the release has them (cli-xml-output.c).
    if let Some(all) = answer.optional(peer, "hostnames")? {
        for element in answer.children(all, "hostname")? {
            let text = element.text().unwrap_or_default().trim();
            let name: HostName =
                text.parse().map_err(|_| answer.unreadable(element, "a host name", quoted(text)))?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(Peer {
        uuid: answer.value(peer, "uuid", "a UUID")?,
        names,
        connected: answer.flag(peer, "connected")?,
        state: read_state(answer, peer)?,
    })
}

/// The CLI leaves out number or words where glusterd gave none (cli-xml-output.c). Only a peer of which
/// nothing speaks against it is in the cluster (numbers and words in glusterd-sm.h and .c, 3.7 to 11).
fn read_state<'a>(answer: &Answer<'a>, peer: Node<'_, 'a>) -> Result<PeerState, ReplyError> {
    let number = answer.optional_text(peer, "state")?;
    let words = answer.optional_text(peer, "stateStr")?;
    Ok(match (number, words) {
        (None, None) => return Err(answer.unreadable(peer, "`state` or `stateStr`", "none")),
        (Some("3") | None, Some("Peer in Cluster")) | (Some("3"), None) => PeerState::InCluster,
        (Some("6") | None, Some("Peer Rejected")) | (Some("6"), None) => PeerState::Rejected,
        (Some(number), Some(words)) => PeerState::Other(format!("{words} ({number})")),
        (Some(other), None) | (None, Some(other)) => PeerState::Other(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn reply(peers: &str) -> Output {
        let head = "<?xml version=\"1.0\"?><cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/>";
        let stdout = format!("{head}<peerStatus>{peers}</peerStatus></cliOutput>\n");
        Output { stdout, ..Output::default() }
    }

    fn one(inner: &str) -> Result<Vec<Peer>, ReplyError> {
        let uuid = "9cffc545-88a9-4563-9f38-47cb2b1d72b0";
        peers(&reply(&format!("<peer><uuid>{uuid}</uuid><hostname>g2</hostname>{inner}</peer>")))
    }

    #[rstest]
    #[case("<state>3</state><stateStr>Peer in Cluster</stateStr>", PeerState::InCluster)]
    #[case("<state>6</state><stateStr>Peer Rejected</stateStr>", PeerState::Rejected)]
    #[case("<state>3</state>", PeerState::InCluster)]
    #[case("<stateStr>Peer Rejected</stateStr>", PeerState::Rejected)]
    #[case("<state>4</state><stateStr>Accepted peer request</stateStr>", other("Accepted peer request (4)"))]
    #[case("<state>3</state><stateStr>Peer Rejected</stateStr>", other("Peer Rejected (3)"))]
    #[case("<state>7</state>", other("7"))]
    fn a_peer_is_in_the_cluster_only_if_number_and_words_say_so(
        #[case] state: &str,
        #[case] expected: PeerState,
    ) {
        let peers = one(&format!("<connected>1</connected>{state}")).unwrap();
        assert_eq!(peers[0].state, expected);
    }

    fn other(words: &str) -> PeerState {
        PeerState::Other(words.to_owned())
    }

    #[test]
    fn a_peer_has_each_of_its_names_once() {
        let names = "<hostnames><hostname>g2.example.org</hostname><hostname>g2</hostname>\
                     <hostname>fd00::2</hostname></hostnames>";
        let peers = one(&format!("{names}<connected>0</connected><state>3</state>")).unwrap();
        let names: Vec<_> = peers[0].names.iter().map(HostName::as_str).collect();
        assert_eq!(names, ["g2", "g2.example.org", "fd00::2"]);
        assert!(!peers[0].connected);
    }

    #[test]
    fn no_peers_are_an_empty_list_but_no_list_is_an_error() {
        assert_eq!(peers(&reply("")).unwrap(), []);
        let bare = Output { stdout: "<cliOutput><opRet>0</opRet></cliOutput>".into(), ..Output::default() };
        assert!(matches!(peers(&bare), Err(ReplyError::Unreadable { .. })));
    }

    #[rstest]
    #[case::no_state("<connected>1</connected>")]
    #[case::no_connection("<state>3</state>")]
    #[case::odd_connection("<connected>2</connected><state>3</state>")]
    #[case::odd_name(
        "<hostnames><hostname>a b</hostname></hostnames><connected>1</connected><state>3</state>"
    )]
    fn a_peer_of_which_something_is_missing_is_unreadable(#[case] inner: &str) {
        assert!(matches!(one(inner), Err(ReplyError::Unreadable { at: Some(_), .. })));
    }
}
