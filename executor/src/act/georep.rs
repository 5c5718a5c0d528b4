//! Acting on geo-replication.

use super::{ActError, ask_until_ready};
use crate::core::command::Command;
use crate::core::names::HostName;
use crate::core::plan::Action;
use crate::gluster::{ReplyError, georep, replies};
use crate::transport::Transport;

/// Does what concerns geo-replication; any other action is none of it, and nothing is done.
pub(super) async fn act(transport: &dyn Transport, action: &Action, run: &str) -> Result<String, ActError> {
    if let Action::StopReplication { via, session } = action {
        change_session(transport, via, &georep::stop(session)).await
    } else if let Action::StartReplication { via, session, .. } = action {
        change_session(transport, via, &georep::start(session)).await
    } else if let Action::ConvertChangelogs { host, bricks } = action {
        let mut said = Vec::new();
        for brick in bricks {
            let output = transport.run(host, &georep::convert(brick)).await?;
            said.push(format!("{brick}: {}", replies::converted(&output)?));
        }
        Ok(said.join("\n"))
    } else if let Action::CloseChangelogs { host, bricks } = action {
        let output = transport.run(host, &georep::close(bricks)).await?;
        Ok(replies::closed(&output)?)
    } else if let Action::ProveReplication { via, session } = action {
        let output = transport.run(via, &georep::canary(session, run)).await?;
        replies::canary(&output)
            .map_err(|source| ActError::NotReplicated { session: session.clone(), source })
    } else {
        Ok(String::new())
    }
}

/// Starts or stops a geo-replication session. Saying it twice does no harm, and right after servers came back glusterd
/// may not be ready to.
async fn change_session(
    transport: &dyn Transport,
    via: &HostName,
    command: &Command,
) -> Result<String, ActError> {
    let may_pass = |error: &ReplyError| error.may_pass() || matches!(error, ReplyError::Refused { .. });
    ask_until_ready(transport, via, command, replies::session_changed, may_pass).await?;
    Ok("done".to_owned())
}
