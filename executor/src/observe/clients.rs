//! Looking at client machines.

use super::{NOT_ASKED, ask, asked, hosts, offers, reach, usage};
use crate::core::check::Fact;
use crate::core::inventory::Host;
use crate::core::names::HostName;
use crate::core::pool::{ClientState, Observed, Reach};
use crate::core::system::ClientFacts;
use crate::gluster::{commands, replies};
use crate::observe::scope::Scope;
use crate::package;
use crate::system;
use crate::transport::Transport;

/// Looks at a client machine.
pub(super) async fn client(
    transport: &dyn Transport,
    host: &HostName,
    declared: &Host,
    scope: &Scope,
) -> ClientState {
    if let Err((cause, reason)) = reach(transport, host, package::detect()).await {
        return ClientState {
            release: Observed::Unknown(reason.clone()),
            offer: Observed::Unknown(reason.clone()),
            usage: Observed::Unknown(reason.clone()),
            system: ClientFacts::unknown(&reason),
            reach: Reach::NotReached { cause, reason },
        };
    }
    let system = async {
        if scope.whole() {
            hosts::client_facts(transport, host, &system::CLIENT_DIRECTORIES).await
        } else {
            ClientFacts::unknown(NOT_ASKED)
        }
    };
    let (release, offer, usage, system) = tokio::join!(
        asked(scope, Fact::Release, ask(transport, host, commands::client_version(), replies::version)),
        offers::offer(transport, host, declared, scope),
        usage(transport, host, declared, scope),
        system,
    );
    ClientState { reach: Reach::Reached, release, offer, usage, system }
}
