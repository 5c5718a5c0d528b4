//! Acting on geo-replication.

use super::{ActError, ask_until_ready};
use crate::core::command::Command;
use crate::core::georep::{SessionName, WorkerStatus};
use crate::core::names::HostName;
use crate::core::plan::Action;
use crate::gluster::replies::{CanaryError, Switched};
use crate::gluster::{ReplyError, georep, replies};
use crate::transport::Transport;

/// Does what concerns geo-replication; any other action is none of it, and nothing is done.
pub(super) async fn act(transport: &dyn Transport, action: &Action, run: &str) -> Result<String, ActError> {
    if let Action::StopReplication { via, session } = action {
        change_session(transport, via, &georep::stop(session)).await?;
        Ok("done".to_owned())
    } else if let Action::StartReplication { via, session, .. } = action {
        start(transport, via, session).await
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
    if is_stopped_somewhere(transport, via, session).await {
        // As where an earlier run broke off while it started the session anew. A file may arrive all the same.
        start_anew(transport, via, session).await?;
    }
    match sent(georep::FIRST_PATIENCE).await? {
        Ok(said) => Ok(said),
        Err(CanaryError::Lost(what)) => {
            tracing::warn!(%session, what, "the session is started anew");
            start_anew(transport, via, session).await?;
            let said = sent(georep::SECOND_PATIENCE).await?.map_err(failed)?;
            Ok(format!("{what}; the session was started anew, and then: {said}"))
        }
        Err(other @ (CanaryError::Unseen(_) | CanaryError::Failed(..))) => Err(failed(other)),
    }
}

/// Starts a session. Each server keeps a state of its own, so that one which is started already may be so on some servers
/// only, as where a start broke off. Gluster refuses to start the others until all are stopped
/// (`glusterd_op_verify_gsync_start_options` in glusterd-geo-rep.c).
async fn start(transport: &dyn Transport, via: &HostName, session: &SessionName) -> Result<String, ActError> {
    match change_session(transport, via, &georep::start(session)).await? {
        Switched::Now => Ok("done".to_owned()),
        Switched::Already => {
            start_anew(transport, via, session).await?;
            Ok("it was started already, on one server at least; it was stopped and started anew".to_owned())
        }
    }
}

async fn start_anew(
    transport: &dyn Transport,
    via: &HostName,
    session: &SessionName,
) -> Result<(), ActError> {
    change_session(transport, via, &georep::stop(session)).await?;
    change_session(transport, via, &georep::start(session)).await?;
    Ok(())
}

/// Looks whether the session is seen to be stopped on a server. What is not seen is for the gates to judge.
async fn is_stopped_somewhere(transport: &dyn Transport, via: &HostName, session: &SessionName) -> bool {
    let Ok(output) = transport.run(via, &georep::status()).await else { return false };
    let sessions = replies::sessions(&output).unwrap_or_default();
    let workers = sessions.iter().filter(|found| found.name == *session).flat_map(|found| &found.workers);
    workers.into_iter().any(|worker| worker.status == WorkerStatus::Stopped)
}

/// Starts or stops a geo-replication session. Saying it twice does no harm, and right after servers came back glusterd
/// may not be ready to.
async fn change_session(
    transport: &dyn Transport,
    via: &HostName,
    command: &Command,
) -> Result<Switched, ActError> {
    let may_pass = |error: &ReplyError| error.may_pass() || matches!(error, ReplyError::Refused { .. });
    ask_until_ready(transport, via, command, replies::session_changed, may_pass).await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::core::command::Output;
    use crate::transport::TransportError;

    /// A primary whose canaries fare like this, one after the other.
    #[derive(Default)]
    struct Primary {
        /// Whether it runs on one of two servers.
        runs: Mutex<bool>,
        /// Whether it does not on the other.
        partly: Mutex<bool>,
        canaries: Mutex<Vec<&'static str>>,
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Transport for Primary {
        async fn run(&self, _: &HostName, command: &Command) -> Result<Output, TransportError> {
            let word = command.argv.last().map_or("", String::as_str);
            if ["stop", "start"].contains(&word) {
                self.asked.lock().unwrap().push(word.to_owned());
                let started = std::mem::replace(&mut *self.runs.lock().unwrap(), word == "start");
                if word == "start" && started {
                    let stderr = "geo-replication session between v & l1::copy already started\n".to_owned();
                    return Ok(Output { status: 1, stderr, ..Output::default() });
                }
                *self.partly.lock().unwrap() = false;
                let stdout = format!("{word} has been successful\n");
                return Ok(Output { stdout, ..Output::default() });
            }
            if word == "--xml" {
                return Ok(status(*self.partly.lock().unwrap()));
            }
            self.asked.lock().unwrap().push("canary".to_owned());
            let stdout = self.canaries.lock().unwrap().remove(0).to_owned();
            let status = i32::from(!stdout.starts_with("arrived"));
            Ok(Output { status, stdout, ..Output::default() })
        }
    }

    fn status(partly: bool) -> Output {
        let pair = |host: &str, status: &str| {
            format!(
                "<pair><primary_node>{host}</primary_node><primary_brick>/b</primary_brick>\
                 <secondary_user>root</secondary_user><secondary>ssh://l1::copy</secondary><status>{status}</status>\
                 <crawl_status>N/A</crawl_status></pair>"
            )
        };
        let (one, other) = (pair("m1", "Active"), pair("m2", if partly { "Stopped" } else { "Passive" }));
        let stdout = format!(
            "<cliOutput><opRet>0</opRet><opErrno>0</opErrno><geoRep><volume><name>v</name><sessions><session>\
             {one}{other}</session></sessions></volume></geoRep></cliOutput>"
        );
        Output { stdout, ..Output::default() }
    }

    fn session() -> SessionName {
        SessionName { primary: "v".parse().unwrap(), secondary: "l1::copy".parse().unwrap() }
    }

    async fn proved(canaries: &[&'static str]) -> (Result<String, String>, String) {
        proved_by(Primary { canaries: Mutex::new(canaries.to_vec()), ..Primary::default() }).await
    }

    async fn proved_by(primary: Primary) -> (Result<String, String>, String) {
        let action = Action::ProveReplication { via: "m1".parse().unwrap(), session: session() };
        let done = act(&primary, &action, "run").await.map_err(|error| error.to_string());
        (done, primary.asked.into_inner().unwrap().join(" "))
    }

    #[tokio::test]
    async fn a_session_that_is_started_on_some_servers_only_is_started_anew() {
        let partly = || Primary { runs: true.into(), partly: true.into(), ..Primary::default() };
        let primary = partly();
        let action =
            Action::StartReplication { via: "m1".parse().unwrap(), session: session(), before: None };
        assert!(act(&primary, &action, "run").await.unwrap().contains("started anew"));
        assert_eq!(primary.asked.into_inner().unwrap().join(" "), "start stop start");
        assert!(*primary.runs.lock().unwrap() && !*primary.partly.lock().unwrap());

        // A file arrives by way of the servers where it runs, which proves nothing about the others.
        let arrives = Primary { canaries: vec!["arrived after 4 s\n"].into(), ..partly() };
        let (done, asked) = proved_by(arrives).await;
        assert!(done.is_ok() && asked == "stop start canary", "{done:?} {asked}");
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
