//! Everything that is read from outside, given what nobody wrote: no panic, no hang, no memory without end.
//!
//! A fixed few thousand inputs here; `make fuzz` tries many more from a fresh number.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fuzz/mutation.rs"]
mod mutation;

use std::path::{Path, PathBuf};

use executor::core::claim::Claim;
use executor::core::command::{Command, Output};
use executor::core::event::Record;
use executor::core::inventory;
use executor::gluster::replies;
use executor::journal;
use executor::package::{parse_install, parse_offer};
use executor::service::{self, usage};
use executor::system;
use mutation::fuzz;

/// A parser of what a command printed; its answer is shown, so that all of it is walked over.
type Parser = fn(&Output) -> String;

/// Declares parsers by their paths.
macro_rules! parsers {
    ($($parser:path),* $(,)?) => { &[$({
        fn shown(output: &Output) -> String {
            format!("{:?}", $parser(output))
        }
        shown
    }),*] };
}

const CLI: &[Parser] = parsers![
    replies::clients,
    replies::client_op_versions,
    replies::sessions,
    replies::no_sessions,
    replies::session_config,
    replies::session_changed,
    replies::sync_tools,
    replies::canary,
    replies::converted,
    replies::closed,
    replies::heal_pending,
    replies::heal_backlog,
    replies::split_brain,
    replies::heal_launched,
    replies::op_version_set,
    replies::max_op_version,
    replies::peers,
    replies::version,
    replies::glusterd_info,
    replies::volume_status,
    replies::tasks,
    replies::stored_volumes,
    replies::volume_stopped,
    replies::volume_started,
    replies::volumes,
];

const SCRIPTS: &[Parser] = parsers![
    system::parse_daemons,
    system::parse_network,
    system::parse_packages,
    system::parse_platform,
    system::parse_stored,
    service::parse_processes,
    service::parse_stopped,
    service::parse_started,
    service::parse_dropped,
    service::parse_connections,
    service::parse_claim_text,
    service::parse_claim,
    service::parse_taken,
    service::parse_released,
    usage::parse_usage,
    clock,
    bricks,
    parse_offer,
    install,
];

fn clock(output: &Output) -> impl std::fmt::Debug {
    let second = std::time::Duration::from_secs(1);
    system::parse_clock(output, second, second * 2)
}

fn bricks(output: &Output) -> impl std::fmt::Debug {
    let bricks = ["/bricks/a".parse().unwrap(), "/bricks/b".parse().unwrap()];
    (system::parse_bricks(output, &bricks), system::parse_directories(output, &bricks))
}

fn install(output: &Output) -> impl std::fmt::Debug {
    parse_install(output, "11.1".parse().unwrap())
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(std::fs::read(path).unwrap()) }
    }
}

/// Four parsers of a list read an input: which ones, chance says.
fn read_by(parsers: &[Parser], input: &[u8], chance: &mut mutation::Chance) {
    let text = String::from_utf8_lossy(input).into_owned();
    let status = [0, 0, 0, 1, 2, 127, 255][chance.below(7)];
    let (stdout, stderr) = if chance.below(8) == 0 { (String::new(), text) } else { (text, String::new()) };
    let output = Output { status, stdout, stderr };
    for _ in 0..4 {
        std::hint::black_box(parsers[chance.below(parsers.len())](&output));
    }
}

#[test]
fn what_the_gluster_command_says() {
    let mut seeds = Vec::new();
    files(&here("tests/replies"), &mut seeds);
    seeds.retain(|seed| seed.len() < 64 << 10);
    fuzz("replies of gluster", seeds, |_, input, chance| read_by(CLI, input, chance));
}

/// What the scripts print here, on this machine, and what they print elsewhere.
#[test]
fn what_the_scripts_on_hosts_say() {
    let run = |command: Command| {
        let output = std::process::Command::new(&command.argv[0]).args(&command.argv[1..]).output().unwrap();
        output.stdout
    };
    let looks = [
        system::platform(),
        system::daemons(),
        system::network(),
        system::clock(),
        system::stored(),
        system::disks(["/", "/tmp", "/no/such"]),
        service::processes(),
        service::connections(),
        usage::usage([]),
    ];
    let mut seeds: Vec<Vec<u8>> = looks.into_iter().map(run).filter(|seed| !seed.is_empty()).collect();
    let elsewhere = [
        "hold glusterfs-server\nhalf not wholly installed: libc6\nunattended a.timer is active\nversion 11.1-6\n\
         move libglusterd0 10.3-5 -\nchange libc6\nremove libssl3\nend\n",
        "kept your own file beside /etc/glusterfs/glusterd.vol.dpkg-dist\ninstalled 11.1\n",
        "claim\n{\"format\":1,\"by\":\"a@b\",\"run\":\"r\",\"journal\":\"/j\",\"to\":\"11.1\",\
         \"since\":\"2025-11-24T14:12:00Z\",\"version\":\"0\"}\nend\n",
        "glusterd 7\nglusterfsd 8\nend\n",
    ];
    seeds.extend(elsewhere.map(|seed| seed.as_bytes().to_vec()));
    fuzz("answers of scripts", seeds, |_, input, chance| read_by(SCRIPTS, input, chance));
}

#[test]
fn journals_and_events() {
    let old = std::fs::read(here("tests/journal/format-3.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = "11.1".parse().unwrap();
    let mut journal = journal::Journal::create(folder.path(), to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    for record in journal::parse(Path::new("old"), &old).unwrap().records {
        journal.append(record.event).unwrap();
    }
    let new = std::fs::read(journal.path()).unwrap();
    let whole = journal::read(journal.path()).unwrap();
    fuzz("journals", vec![old, new], move |which, input, _| {
        let read = journal::parse(Path::new("journal"), input);
        // With checksums, what is read is what was written, or the beginning of it.
        if let (1, Ok(contents)) = (which, &read) {
            let original = |(at, record)| whole.get(at) == Some(record) || record_of_old(record);
            assert!(contents.records.iter().enumerate().all(original), "damage went unseen");
        }
        if let Ok(contents) = read {
            std::hint::black_box(executor::core::resume::progress(&contents.records));
        }
        for line in String::from_utf8_lossy(input).lines().take(100) {
            std::hint::black_box(serde_json::from_str::<Record>(line).is_ok());
        }
    });
}

/// Lines of the journal without checksums may have been spliced in whole.
fn record_of_old(record: &Record) -> bool {
    record.format < 4
}

#[test]
fn inventories_and_claims() {
    let inventory = "transport = { exec = [\"docker\", \"exec\", \"{address}\"] }\n[ssh]\nuser = \"root\"\n\
                     identity = \"key\"\n[packages]\ninstall = [\"/opt/up\", \"{release}\"]\n[[servers]]\nname = \"g1\"\n\
                     address = \"192.0.2.1\"\nport = 22\njump = \"ops@gate:22\"\n[[clients]]\nname = \"web1\"\n\
                     [[clients.applications]]\nname = \"vm1\"\nunit = \"smbd.service\"\n[[secondaries]]\n\
                     inventory = \"dr.toml\"\n";
    let claim = "{\"format\":1,\"by\":\"a@b\",\"run\":\"r\",\"journal\":\"/j\",\"to\":\"11.1\",\
                 \"since\":\"2025-11-24T14:12:00.5Z\",\"version\":\"0\"}";
    let seeds = [inventory, claim].map(|seed| seed.as_bytes().to_vec()).to_vec();
    fuzz("inventories and claims", seeds, |_, input, _| {
        let text = String::from_utf8_lossy(input);
        std::hint::black_box(inventory::parse(Path::new("pool.toml"), &text).is_ok());
        if let Ok(claim) = Claim::read(&text) {
            assert!(!claim.to_string().chars().any(char::is_control), "{claim:?}");
        }
    });
}

/// The judge itself can fail, and says how to see it again.
#[test]
#[should_panic(expected = "a panic at the input FUZZ_SEED=")]
fn a_panic_is_told_with_the_number_that_repeats_it() {
    fuzz("a parser that panics", vec![b"x".to_vec()], |_, _, _| panic!("on purpose"));
}
