//! Checks of how hosts use volumes: mounts, applications, and whose libraries are old. Servers and clients alike.

use super::super::application::Application;
use super::super::finding::{Code, Finding, Subject};
use super::super::names::{AbsolutePath, HostName, Release};
use super::super::pool::{Observed, PoolState, Reach};
use super::super::usage::{LibraryUser, Mount, Usage};
use super::Check;

impl Check {
    /// Returns the application that the check is about, so that a look knows what to look for.
    pub fn application(&self) -> Option<&Application> {
        if let Self::ApplicationStopped { application, .. } | Self::ApplicationRunning { application, .. } =
            self
        {
            Some(application)
        } else {
            None
        }
    }
}

/// Returns how a host uses volumes, or the finding that it could not be seen.
fn usage_of<'a>(state: &'a PoolState, host: &HostName, code: Code) -> Result<&'a Usage, Vec<Finding>> {
    let on_server = state.hosts.get(host).map(|server| &server.usage);
    let usage = on_server.or_else(|| state.clients.get(host).map(|client| &client.usage));
    let subject = Subject::Host(host.clone());
    match usage.map(Observed::known) {
        Some(Ok(usage)) => Ok(usage),
        Some(Err(reason)) => Err(vec![Finding::unknown(code, subject, reason)]),
        None => Err(vec![Finding::unknown(Code::NotObserved, subject, "this host was not looked at")]),
    }
}

/// Puts a question to a host's usage; the answer is what is wrong.
fn ask(
    state: &PoolState,
    host: &HostName,
    code: Code,
    wrong: impl FnOnce(&Usage) -> Vec<Finding>,
) -> Vec<Finding> {
    usage_of(state, host, code).map_or_else(|findings| findings, wrong)
}

pub(super) fn client_reached(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let subject = Subject::Host(host.clone());
    match state.clients.get(host).map(|client| &client.reach) {
        Some(Reach::Reached) => Vec::new(),
        Some(Reach::NotReached { reason, .. }) => {
            vec![Finding::seen(Code::ClientUnreachable, subject, reason.clone())]
        }
        None => vec![Finding::unknown(Code::NotObserved, subject, "this client was not looked at")],
    }
}

pub(super) fn unmounted(state: &PoolState, host: &HostName, point: &AbsolutePath) -> Vec<Finding> {
    ask(state, host, Code::MountStillThere, |usage| {
        let found = usage.mount_at(point).map(|mount| format!("{} is mounted at {point}", mount.source));
        let subject = Subject::Host(host.clone());
        found.map(|what| Finding::seen(Code::MountStillThere, subject, what)).into_iter().collect()
    })
}

pub(super) fn mounted(state: &PoolState, host: &HostName, mount: &Mount) -> Vec<Finding> {
    ask(state, host, Code::MountMissing, |usage| {
        let point = &mount.point;
        let seen = |what: String| vec![Finding::seen(Code::MountMissing, Subject::Host(host.clone()), what)];
        match usage.mount_at(point) {
            None => seen(format!("nothing is mounted at {point}")),
            Some(found) => match found.again.known() {
                Err(reason) => seen(format!("{point}: {reason}")),
                Ok(again) if again != mount => seen(format!("it is {again}, and was {mount}")),
                Ok(_) if !found.readable => seen(format!("{point} answers no look into it")),
                Ok(_) => Vec::new(),
            },
        }
    })
}

pub(super) fn application_stopped(state: &PoolState, host: &HostName, one: &Application) -> Vec<Finding> {
    application(state, host, one, Code::ApplicationRunning, |pids| {
        let pids: Vec<String> = pids.iter().map(|pid| pid.to_string()).collect();
        (!pids.is_empty()).then(|| format!("{one} runs (pid {})", pids.join(", ")))
    })
}

pub(super) fn application_running(state: &PoolState, host: &HostName, one: &Application) -> Vec<Finding> {
    application(state, host, one, Code::ApplicationDown, |pids| {
        pids.is_empty().then(|| format!("{one} does not run"))
    })
}

fn application(
    state: &PoolState,
    host: &HostName,
    application: &Application,
    code: Code,
    wrong: impl FnOnce(&std::collections::BTreeSet<u32>) -> Option<String>,
) -> Vec<Finding> {
    ask(state, host, code, |usage| {
        let subject = Subject::Host(host.clone());
        match usage.running.get(&application.key()) {
            Some(pids) => wrong(pids).map(|what| Finding::seen(code, subject, what)).into_iter().collect(),
            None => vec![Finding::unknown(code, subject, format!("{application} was not looked for"))],
        }
    })
}

pub(super) fn no_old_library(state: &PoolState, host: &HostName, release: Release) -> Vec<Finding> {
    libraries(state, host, |user| {
        let other = user.release.filter(|found| *found != release);
        let what = match (user.deleted, other) {
            (false, None) => return None,
            (true, None) => "a library that was replaced".to_owned(),
            (_, Some(other)) => format!("the library of {other}"),
        };
        let code = if user.gfapi { Code::GfapiApplication } else { Code::OldLibrary };
        Some((code, format!("{} goes on with {what}", called(user))))
    })
}

pub(super) fn volumes_unused(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let mut findings = ask(state, host, Code::MountStillThere, |usage| {
        let found = |mount: &super::super::usage::MountState| {
            let what = format!("{} is mounted at {}", mount.source, mount.point);
            Finding::seen(Code::MountStillThere, Subject::Host(host.clone()), what)
        };
        usage.mounts.iter().map(found).collect()
    });
    findings.extend(libraries(state, host, |user| {
        user.gfapi.then(|| (Code::GfapiApplication, format!("{} uses libgfapi", called(user))))
    }));
    findings
}

/// How a process is called in a finding.
pub(crate) fn called(user: &LibraryUser) -> String {
    let unit = user.unit.as_ref().map_or(String::new(), |unit| format!(" of {unit}"));
    let volume = user.volume.as_ref().map_or(String::new(), |volume| format!(" on volume {volume}"));
    format!("{}{unit}{volume}", user.process)
}

/// Puts a question to each process with Gluster's libraries.
fn libraries(
    state: &PoolState,
    host: &HostName,
    wrong: impl Fn(&LibraryUser) -> Option<(Code, String)>,
) -> Vec<Finding> {
    ask(state, host, Code::OldLibrary, |usage| match usage.library_users.known() {
        Err(reason) => vec![Finding::unknown(Code::OldLibrary, Subject::Host(host.clone()), reason)],
        Ok(users) => users
            .iter()
            .filter_map(wrong)
            .map(|(code, what)| Finding::seen(code, Subject::Host(host.clone()), what))
            .collect(),
    })
}
