//! Recognises what is sent to a host: scripts of ours by being equal to the ones that the program sends, all else by its
//! words. What is not known here is a test of something that the fake pool does not have: it panics.

use std::sync::LazyLock;

use crate::core::command::Command;
use crate::core::georep::SessionName;
use crate::core::names::{Release, VolumeName};
use crate::core::usage::Mount;
use crate::gluster::{canary, commands, georep};
use crate::package::{self, PackageManager};
use crate::service::{self, usage};
use crate::system;
use crate::transport::first_words;

/// The scripts that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Processes,
    StoredVolumes,
    Connections,
    Usage,
    ReadClaim,
    TakeClaim,
    ReleaseClaim,
    Detect,
    Offer,
    /// Fetches, too: by its third argument.
    Install,
    Packages,
    Daemons,
    Disks,
    Network,
    Platform,
    StoredFiles,
    SyncTools,
    StopGlusterd,
    StopGluster,
    StartGlusterd,
    DropNfsLines,
    Unmount,
    Mount,
    ProveMount,
    ProveVolume,
    SendFile,
    CloseChangelogs,
}

/// What is sent to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent<'a> {
    /// A script, with its arguments.
    Script(Script, &'a [String]),
    /// `gluster --mode=script` with these words.
    Gluster(Vec<&'a str>),
    /// `gluster --version` or `glusterfs --version`.
    Version,
    /// `cat /var/lib/glusterd/glusterd.info`.
    Info,
    /// `date`.
    Date,
}

/// Every script by its text, worked out from the functions that the program itself calls.
static SCRIPTS: LazyLock<Vec<(String, Script)>> = LazyLock::new(|| {
    let text = |command: Command| command.argv.into_iter().nth(2).unwrap_or_default();
    let release: Release = "11.1".parse().unwrap_or_else(|error| panic!("{error}"));
    let volume: VolumeName = "v".parse().unwrap_or_else(|error| panic!("{error}"));
    let mount: Mount =
        serde_json::from_value(serde_json::json!({ "source": "g1:/v", "point": "/m", "options": [] }))
            .unwrap_or_else(|error| panic!("{error}"));
    let secondary = "h::v".parse().unwrap_or_else(|error| panic!("{error}"));
    let session = SessionName { primary: volume.clone(), secondary };
    let apt = PackageManager::Apt;
    [
        (service::processes(), Script::Processes),
        (commands::stored_volumes(), Script::StoredVolumes),
        (service::connections(), Script::Connections),
        (usage::usage([]), Script::Usage),
        (service::read_claim(""), Script::ReadClaim),
        (service::take_claim("", "", None), Script::TakeClaim),
        (service::release_claim("", ""), Script::ReleaseClaim),
        (package::detect(), Script::Detect),
        (package::offer(apt, release), Script::Offer),
        (package::install(apt, "", release), Script::Install),
        (system::packages(), Script::Packages),
        (system::daemons(), Script::Daemons),
        (system::disks([]), Script::Disks),
        (system::network(), Script::Network),
        (system::platform(), Script::Platform),
        (system::stored(), Script::StoredFiles),
        (georep::tools(), Script::SyncTools),
        (service::stop_glusterd(), Script::StopGlusterd),
        (service::stop_gluster(), Script::StopGluster),
        (service::start_glusterd(), Script::StartGlusterd),
        (service::drop_nfs_lines(""), Script::DropNfsLines),
        (usage::unmount(&mount, false), Script::Unmount),
        (usage::mount(&mount), Script::Mount),
        (usage::prove_mount(&mount), Script::ProveMount),
        (canary::prove(&volume, ""), Script::ProveVolume),
        (georep::canary(&session, "", georep::FIRST_PATIENCE), Script::SendFile),
        (georep::close(&[]), Script::CloseChangelogs),
    ]
    .map(|(command, script)| (text(command), script))
    .to_vec()
});

/// Recognises a command.
pub(super) fn recognise(command: &Command) -> Sent<'_> {
    let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
    match words[..] {
        ["sh", "-c", text, "executor", ..] => Sent::Script(named(command, text), &command.argv[4..]),
        ["python3", "-c", text, ..] => Sent::Script(named(command, text), &command.argv[3..]),
        ["gluster" | "glusterfs", "--version"] => Sent::Version,
        ["gluster", "--mode=script", ref words @ ..] => Sent::Gluster(words.to_vec()),
        ["cat", "/var/lib/glusterd/glusterd.info"] => Sent::Info,
        ["date", "+%s.%N"] => Sent::Date,
        _ => unknown(command),
    }
}

fn named(command: &Command, text: &str) -> Script {
    let script = SCRIPTS.iter().find(|(known, _)| known == text).map(|(_, script)| *script);
    script.unwrap_or_else(|| unknown(command))
}

/// Nothing is ever answered by default.
pub(super) fn unknown(command: &Command) -> ! {
    panic!("the fake pool does not know: {}", first_words(command))
}
