//! What is on offer on a host: by its package manager, or by the operator's own command.

use super::{NOT_ASKED, Scope, ask};
use crate::core::inventory::Host;
use crate::core::names::HostName;
use crate::core::packages::{PackageOffer, own_command};
use crate::core::pool::Observed;
use crate::package;
use crate::transport::Transport;

/// Asks what installing the scope's release would do on a host, where it has one. A package manager that is not supported offers nothing that
/// we could use; where the operator has a command of their own, none is asked.
pub(super) async fn offer(
    transport: &dyn Transport,
    host: &HostName,
    declared: &Host,
    scope: &Scope,
) -> Observed<PackageOffer> {
    let Some(to) = scope.target() else { return Observed::Unknown(NOT_ASKED.to_owned()) };
    if let Some(argv) = &declared.install {
        let command = Some(own_command(argv, host, to));
        return Observed::Known(PackageOffer { command, ..PackageOffer::default() });
    }
    match ask(transport, host, package::detect(), package::parse_detect).await {
        Observed::Known(manager) => {
            ask(transport, host, package::offer(manager, to), package::parse_offer).await
        }
        Observed::Unknown(reason) => Observed::Unknown(reason),
    }
}
