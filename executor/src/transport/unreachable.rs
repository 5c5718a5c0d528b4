//! Why ssh could not get in, told from what it printed: ssh says it in text only and exits with 255.

use std::fmt;

/// The kind of trouble in reaching a host, as far as an operator would do something else about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// No key of the host is known yet. Somebody has to compare it and add it to the known hosts.
    HostKeyUnknown,
    /// The host shows another key than the known one: reinstalled, or not the host.
    HostKeyChanged,
    /// The host let no key of ours in, or the user who logs in may not become root.
    PermissionDenied,
    /// The name has no address.
    NameNotResolved,
    /// Nobody listens.
    Refused,
    /// The connection was accepted and then cut: what a running sshd does whose programs and libraries
    /// were replaced under it and who was not restarted (seen with openssh 9.2 replaced by 10.0).
    Reset,
    /// No answer in time.
    TimedOut,
    /// Anything else. The reason says what.
    Other,
}

impl Unreachable {
    /// Returns the kind of trouble that ssh's messages tell of (ssh.c, sshconnect.c, packet.c of OpenSSH;
    /// texts of 7.4 to 10.0).
    pub(crate) fn of_ssh_messages(messages: &str) -> Self {
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
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostKeyUnknown => "host key unknown",
            Self::HostKeyChanged => "host key changed",
            Self::PermissionDenied => "permission denied",
            Self::NameNotResolved => "name not resolved",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::TimedOut => "timed out",
            Self::Other => "other",
        })
    }
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
        assert_eq!(Unreachable::of_ssh_messages(messages), expected);
    }
}
