//! Why ssh could not get in, told from what it printed: ssh says it in text only and exits with 255.

use crate::core::pool::Unreachable;

/// Returns the kind of trouble that ssh's messages tell of (ssh.c, sshconnect.c, packet.c of OpenSSH;
/// texts of 7.4 to 10.0).
pub(super) fn of_ssh_messages(messages: &str) -> Unreachable {
    const TELLTALES: &[(&str, Unreachable)] = &[
        // A changed key also ends in "Host key verification failed", hence first.
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", Unreachable::HostKeyChanged),
        ("has changed and you have requested strict checking", Unreachable::HostKeyChanged),
        ("host key is known for", Unreachable::HostKeyUnknown),
        ("Host key verification failed", Unreachable::HostKeyUnknown),
        ("Permission denied", Unreachable::PermissionDenied),
        ("Too many authentication failures", Unreachable::PermissionDenied),
        ("Could not resolve hostname", Unreachable::NameNotResolved),
        ("Connection refused", Unreachable::Refused),
        ("timed out", Unreachable::TimedOut),
        ("Connection reset", Unreachable::Reset),
        ("Connection closed by", Unreachable::Reset),
        ("kex_exchange_identification", Unreachable::Reset),
    ];
    TELLTALES
        .iter()
        .find(|(telltale, _)| messages.contains(telltale))
        .map_or(Unreachable::Other, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\n\
         Host key verification failed.",
        Unreachable::HostKeyUnknown
    )]
    #[case(
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key verification failed.",
        Unreachable::HostKeyChanged
    )]
    #[case("root@g1: Permission denied (publickey).", Unreachable::PermissionDenied)]
    #[case(
        "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
        Unreachable::PermissionDenied
    )]
    #[case("ssh: Could not resolve hostname g9: Name or service not known", Unreachable::NameNotResolved)]
    #[case("ssh: connect to host 127.0.0.1 port 9: Connection refused", Unreachable::Refused)]
    #[case("ssh: connect to host 192.0.2.1 port 22: Connection timed out", Unreachable::TimedOut)]
    #[case("Connection timed out during banner exchange", Unreachable::TimedOut)]
    #[case(
        "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 10.0.0.1 port 22",
        Unreachable::Reset
    )]
    #[case("ssh: connect to host g1 port 22: Network is unreachable", Unreachable::Other)]
    #[case("", Unreachable::Other)]
    fn told_from_the_text(#[case] messages: &str, #[case] expected: Unreachable) {
        assert_eq!(of_ssh_messages(messages), expected);
    }
}
