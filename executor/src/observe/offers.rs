//! What is on offer on a host: by its package manager, or by the operator's own command.

use super::ask;
use crate::core::inventory::Host;
use crate::core::names::{HostName, Release};
use crate::core::packages::{PackageOffer, own_command};
use crate::core::pool::Observed;
use crate::package;
use crate::transport::Transport;

/// Asks what installing a release would do on a host. A package manager that is not supported offers nothing that
/// we could use; where the operator has a command of their own, none is asked.
pub(super) async fn offer(
    transport: &dyn Transport,
    host: &HostName,
    declared: Option<&Host>,
    to: Release,
) -> Observed<PackageOffer> {
    if let Some(argv) = declared.and_then(|declared| declared.install.as_ref()) {
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
