//! Whether a host's address means anything on this machine, before anything is started.

use tokio::net::lookup_host;
use tokio::process::Command;

use crate::core::inventory::SshSettings;

/// Returns the name that has no address, where ssh would have to resolve it on this machine: the host's own, or that of
/// its first jump host. Further ones are resolved by the one before them, and the host by the last.
///
/// `~/.ssh/config` may stand another name for it, or reach it by a proxy that does the resolving: `ssh -G`
/// tells both without connecting. Where ssh itself cannot be asked, the name is taken as it is.
pub async fn unresolved(settings: &SshSettings) -> Option<String> {
    let first = settings.jumps().next();
    // ssh's word for no jump host, whatever its configuration says.
    if first.is_some_and(|hop| hop.eq_ignore_ascii_case("none")) {
        return None;
    }
    let named = first.unwrap_or(&settings.address);
    let mut name = named.to_owned();
    let mut proxied = false;
    let asked = Command::new("ssh").args(["-G", "--", named]).output().await;
    if let Ok(output) = asked {
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            match line.split_once(' ') {
                Some(("hostname", found)) => name = found.to_owned(),
                Some(("proxycommand" | "proxyjump", by)) if by != "none" => proxied = true,
                _ => {}
            }
        }
    }
    if proxied {
        return None;
    }
    let found = lookup_host((name.as_str(), 22)).await.is_ok_and(|mut addresses| addresses.next().is_some());
    (!found).then_some(name)
}
