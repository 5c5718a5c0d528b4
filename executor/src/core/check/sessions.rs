//! Geo-replication sessions at gates: stopped, copying again, with the settings they had.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Code, Finding, Subject};
use super::super::georep::{PoolRole, Session, SessionName};
use super::super::pool::PoolState;
use super::SessionBefore;
use super::georep::not_copying;

/// How a worker looks for changes that has caught up with all that was.
const FOLLOWING: &str = "Changelog Crawl";

/// Finds a session by its ends, in this pool or a primary of it.
fn find<'a>(state: &'a PoolState, name: &SessionName) -> Result<&'a Session, Finding> {
    let lists = std::iter::once(&state.sessions).chain(
        state.other_pools.iter().filter(|pool| pool.role == PoolRole::Primary).map(|pool| &pool.sessions),
    );
    let mut reason = "no pool that was asked has it".to_owned();
    for list in lists {
        match list.known() {
            Ok(sessions) => {
                if let Some(session) = sessions.iter().find(|session| session.name == *name) {
                    return Ok(session);
                }
            }
            Err(why) => reason = why.to_owned(),
        }
    }
    let what = format!("the session to {}: {reason}", name.secondary);
    Err(Finding::unknown(Code::GeorepNotHealthy, Subject::Volume(name.primary.clone()), what))
}

/// No worker of the sessions runs.
pub(super) fn sessions_stopped(state: &PoolState, sessions: &[SessionName]) -> Vec<Finding> {
    let judge = |name: &SessionName| match find(state, name) {
        Err(finding) => Some(finding),
        Ok(session) if session.is_stopped() => None,
        Ok(session) => {
            let each: Vec<String> =
                session.workers.iter().map(|worker| format!("{} {}", worker.node, worker.status)).collect();
            let what = format!("the session to {}: {}", name.secondary, each.join(", "));
            Some(Finding::seen(Code::GeorepNotStopped, Subject::Volume(name.primary.clone()), what))
        }
    };
    sessions.iter().filter_map(judge).collect()
}

/// The sessions copy again as they did before: as many workers at least, none in trouble, and the same kind of
/// crawl, or the one that every session comes to.
pub(super) fn sessions_back(state: &PoolState, sessions: &[SessionBefore]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for before in sessions {
        let session = match find(state, &before.name) {
            Ok(session) => session,
            Err(finding) => {
                findings.push(finding);
                continue;
            }
        };
        let subject = || Subject::Volume(before.name.primary.clone());
        let far = &before.name.secondary;
        findings.extend(not_copying(session));
        // More where a server of the primary was away when it was planned.
        if session.workers.len() < before.workers {
            let what =
                format!("the session to {far} has {} of {} workers", session.workers.len(), before.workers);
            findings.push(Finding::unknown(Code::GeorepNotHealthy, subject(), what));
        }
        let crawls = crawls(session);
        // A plan that was made right after a start saw the history being crawled, which passes by itself.
        let fit = |crawl: &String| crawl == FOLLOWING || before.crawls.contains(crawl);
        let others: Vec<&str> = crawls.iter().filter(|crawl| !fit(crawl)).map(String::as_str).collect();
        if !before.crawls.is_empty() && !others.is_empty() {
            let once: Vec<&str> = before.crawls.iter().map(String::as_str).collect();
            let what = format!("the session to {far}: {}, before: {}", others.join(", "), once.join(", "));
            findings.push(Finding::seen(Code::GeorepNotHealthy, subject(), what));
        }
    }
    findings
}

/// Returns how the Active workers look for what to copy.
pub(crate) fn crawls(session: &Session) -> BTreeSet<String> {
    session.workers.iter().filter_map(|worker| worker.crawl.clone()).collect()
}

/// The session's settings are the ones from before: those that both releases have, but for paths, which move.
pub(super) fn session_config_kept(
    state: &PoolState,
    name: &SessionName,
    before: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let subject = || Subject::Volume(name.primary.clone());
    let session = match find(state, name) {
        Ok(session) => session,
        Err(finding) => return vec![finding],
    };
    let now = match session.config.known() {
        Ok(config) => config,
        Err(reason) => {
            let what = format!("the settings of the session to {}: {reason}", name.secondary);
            return vec![Finding::unknown(Code::GeorepConfigChanged, subject(), what)];
        }
    };
    let is_path = |value: &str| value.starts_with('/');
    let changed: Vec<String> = before
        .iter()
        .filter_map(|(key, value)| {
            let found = now.get(key)?;
            let same = found == value || is_path(found) || is_path(value);
            (!same).then(|| format!("{key}: `{value}` before, `{found}` now"))
        })
        .collect();
    if changed.is_empty() {
        return Vec::new();
    }
    let what = format!("the session to {}: {}", name.secondary, changed.join("; "));
    vec![Finding::seen(Code::GeorepConfigChanged, subject(), what)]
}
