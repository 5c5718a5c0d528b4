//! Acting on geo-replication.

use super::{ActError, ask_until_ready};
use crate::core::command::Command;
use crate::core::georep::SessionName;
use crate::core::names::HostName;
use crate::core::plan::Action;
use crate::gluster::replies::CanaryError;
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
        prove(transport, via, session, run).await
    } else {
        Ok(String::new())
    }
}

/// Sends a file. Where it does not arrive soon, the session is started anew, once, and another file is waited for longer:
/// a worker that starts while its host is busy may be Active in Changelog Crawl and never be told of a changelog (seen on
/// 10.3 and 11.1, two starts out of four under load), and nothing but a new start helps it.
async fn prove(
    transport: &dyn Transport,
    via: &HostName,
    session: &SessionName,
    run: &str,
) -> Result<String, ActError> {
    let sent = async |patience| {
        let output = transport.run(via, &georep::canary(session, run, patience)).await?;
        Ok::<_, ActError>(replies::canary(&output))
    };
    let failed = |source| ActError::NotReplicated { session: session.clone(), source };
    match sent(georep::FIRST_PATIENCE).await? {
        Ok(said) => Ok(said),
        Err(CanaryError::Lost(what)) => {
            tracing::warn!(%session, what, "the session is started anew");
            change_session(transport, via, &georep::stop(session)).await?;
            change_session(transport, via, &georep::start(session)).await?;
            let said = sent(georep::SECOND_PATIENCE).await?.map_err(failed)?;
            Ok(format!("{what}; the session was started anew, and then: {said}"))
        }
        Err(other @ (CanaryError::Unseen(_) | CanaryError::Failed(..))) => Err(failed(other)),
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::core::command::Output;
    use crate::transport::TransportError;

    /// A primary whose canaries fare like this, one after the other.
    struct Primary {
        canaries: Mutex<Vec<&'static str>>,
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Transport for Primary {
        async fn run(&self, _: &HostName, command: &Command) -> Result<Output, TransportError> {
            let word = command.argv.last().map_or("", String::as_str);
            if ["stop", "start"].contains(&word) {
                self.asked.lock().unwrap().push(word.to_owned());
                let stdout = format!("{word} has been successful\n");
                return Ok(Output { stdout, ..Output::default() });
            }
            self.asked.lock().unwrap().push("canary".to_owned());
            let stdout = self.canaries.lock().unwrap().remove(0).to_owned();
            let status = i32::from(!stdout.starts_with("arrived"));
            Ok(Output { status, stdout, ..Output::default() })
        }
    }

    async fn proved(canaries: &[&'static str]) -> (Result<String, String>, String) {
        let primary = Primary { canaries: Mutex::new(canaries.to_vec()), asked: Mutex::default() };
        let session = SessionName { primary: "v".parse().unwrap(), secondary: "l1::copy".parse().unwrap() };
        let action = Action::ProveReplication { via: "m1".parse().unwrap(), session };
        let done = act(&primary, &action, "run").await.map_err(|error| error.to_string());
        (done, primary.asked.into_inner().unwrap().join(" "))
    }

    #[tokio::test]
    async fn a_session_whose_file_does_not_arrive_is_started_anew_once() {
        let (done, asked) = proved(&["arrived after 4 s\n"]).await;
        assert!(done.is_ok() && asked == "canary", "{done:?} {asked}");
        let (done, asked) = proved(&["lost: no file\n", "arrived after 9 s\n"]).await;
        assert!(done.unwrap().contains("started anew") && asked == "canary stop start canary", "{asked}");
        let (done, asked) = proved(&["lost: no file\n", "lost: no file\n"]).await;
        assert!(
            done.unwrap_err().contains("is not proved") && asked == "canary stop start canary",
            "{asked}"
        );
        let (done, asked) = proved(&["unseen: no mount\n"]).await;
        assert!(done.is_err() && asked == "canary", "{asked}");
    }
}
