//! Waivers as the executor is given them: a scenario names a client, the executor knows clients by their addresses.

use executor::core::finding::Waiver;

use crate::pool::{Pool, PoolError};

/// Puts the address of a client in place of its name.
///
/// # Errors
/// When a client does not tell its address.
pub(super) async fn as_given(pool: &Pool, waivers: &[Waiver]) -> Result<Vec<Waiver>, PoolError> {
    let mut given = waivers.to_vec();
    for waiver in &mut given {
        let client = pool.clients().iter().find(|client| client.name == waiver.subject);
        if let Some(client) = client {
            let said = pool.engine().exec_ok(&client.container, &["hostname", "--ip-address"]).await?;
            waiver.subject = said.stdout.trim().to_owned();
        }
    }
    Ok(given)
}
