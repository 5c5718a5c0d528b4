//! Journals that are whole, torn, damaged, old, copied, and asked to pause.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::core::claim::RunId;
use crate::core::resume;

/// A journal of format 3, the last one without checksums, as the program of that time wrote it.
const FORMAT_3: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journal/format-3.jsonl");

fn journal(folder: &Path) -> Journal {
    Journal::create(folder, "11.1".parse().unwrap(), Timestamp::UNIX_EPOCH).unwrap()
}

fn with_records(folder: &Path) -> PathBuf {
    let mut journal = journal(folder);
    journal.append(Event::StepStarted { step: 1 }).unwrap();
    journal.append(Event::RunFinished).unwrap();
    journal.path().to_owned()
}

#[test]
fn what_is_appended_is_read_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    let (mut journal, records) = Journal::reopen(&path).unwrap();
    assert_eq!((records.len(), journal.torn()), (2, None));
    assert_eq!(journal.append(Event::RunFinished).unwrap().sequence, 3);
    assert_eq!(read(&path).unwrap().len(), 3);
}

#[test]
fn the_runs_of_a_folder_are_told_by_name_and_start() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(runs(folder.path()), BTreeMap::new());
    let path = with_records(folder.path());
    let since = read(&path).unwrap()[0].at;
    let broken = with_records(folder.path());
    fs::write(broken, "{\"format\"").unwrap();
    let id = RunId { run: "19700101T000000Z-11.1".into(), since };
    assert_eq!(runs(folder.path()), BTreeMap::from([(id, path)]));
}

#[test]
fn two_runs_in_one_second_have_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    assert_ne!(journal(folder.path()).path(), journal(folder.path()).path());
}

/// By name alone, the tenth would come before the second.
#[test]
fn the_latest_of_many_in_one_second_is_the_one_that_began_last() {
    let folder = tempfile::tempdir().unwrap();
    let whole = read(Path::new(FORMAT_3)).unwrap();
    for _ in 0..11 {
        journal(folder.path()).append(whole[0].event.clone()).unwrap();
    }
    let (path, _) = latest(folder.path(), |_| true).unwrap().unwrap();
    assert!(path.ends_with("19700101T000000Z-11.1-11/journal.jsonl"), "{}", path.display());
}

/// By the clock alone, `resume` would take up a run that is over.
#[test]
fn the_latest_run_began_last_though_the_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let whole = read(Path::new(FORMAT_3)).unwrap();
    let begun = |to: &str, second| {
        let now = Timestamp::from_second(second).unwrap();
        let mut journal = Journal::create(folder.path(), to.parse().unwrap(), now).unwrap();
        journal.append(whole[0].event.clone()).unwrap();
    };
    let latest_run = || {
        let (path, _) = latest(folder.path(), |_| true).unwrap().unwrap();
        path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
    };
    begun("10.3", 1_700_000_000);
    assert_eq!(latest_run(), "20231114T221320Z-10.3");
    // What somebody keeps there is no run: a copy of this one before it went on, by whatever name.
    let runs = folder.path().join("runs");
    for kept in ["keep-11.1-7", "save", "20231114T221320Z-10.3.bak", "20231114T221320Z-10.3-2-old"] {
        fs::create_dir(runs.join(kept)).unwrap();
        fs::copy(runs.join("20231114T221320Z-10.3").join(FILE_NAME), runs.join(kept).join(FILE_NAME))
            .unwrap();
    }
    assert_eq!(latest_run(), "20231114T221320Z-10.3");
    begun("11.1", 0);
    assert_eq!(latest_run(), "20231114T221320Z-11.1-2");
    begun("11.1", 1_699_999_999);
    assert_eq!(latest_run(), "20231114T221320Z-11.1-3");
    begun("11.1", 1_700_000_001);
    assert_eq!(latest_run(), "20231114T221321Z-11.1");
}

#[test]
fn only_the_owner_may_look() {
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    let _lock = PoolLock::take(&state, "p").unwrap();
    let path = with_records(&state);
    ask_to_pause(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [state.clone(), state.join("runs"), path.parent().unwrap().to_owned()] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    for file in [state.join("p.lock"), path.clone(), path.with_file_name("pause")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Every length of a last record that a crash may leave.
#[test]
fn a_torn_last_record_is_dropped_told_and_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    let whole = fs::read(&path).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in second + 1..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (mut journal, records) = Journal::reopen(&path).unwrap();
        let torn = Torn { line: 2, offset: second as u64, bytes: (length - second) as u64 };
        assert_eq!((records.len(), journal.torn()), (1, Some(torn)));
        journal.append(Event::RunFinished).unwrap();
        assert_eq!(contents(&path).unwrap().torn, None);
        assert_eq!(read(&path).unwrap().len(), 2);
    }
}

#[test]
fn any_other_damage_is_an_error_with_its_line_and_byte_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    let second = text.find('\n').unwrap() as u64 + 1;
    for (damage, line, at) in [
        (text.replacen("\"step\":1", "\"step\":2", 1), 1, 0),
        (text.replacen("step_started", "step_sparted", 1), 1, 0),
        (text.lines().skip(1).map(|line| format!("{line}\n")).collect(), 1, 0),
        (text.replacen("run_finished", "nothing_to_do", 1), 2, second),
        (format!("{text}\n"), 3, text.len() as u64),
        (format!("{text}\0\0\0\n"), 3, text.len() as u64),
    ] {
        fs::write(&path, damage).unwrap();
        let error = read(&path).unwrap_err();
        let place = matches!(error, JournalError::Damaged { line: found, offset, .. } if (found, offset) == (line, at));
        assert!(place, "{error}");
        let said = error.to_string();
        assert!(said.contains(&format!("damaged at byte {at}")) && said.contains("executor plan"), "{said}");
        assert_eq!(said.contains(&format!("truncate -s {at} ")), at > 0, "{said}");
    }
}

/// What the message says to do does what it says.
#[test]
fn a_journal_that_is_cut_before_its_damage_is_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    let text = fs::read_to_string(&path).unwrap().replacen("run_finished", "run_finnished", 1);
    fs::write(&path, &text).unwrap();
    let JournalError::Damaged { offset, .. } = read(&path).unwrap_err() else { panic!("it is damaged") };
    OpenOptions::new().write(true).open(&path).unwrap().set_len(offset).unwrap();
    let (_, records) = Journal::reopen(&path).unwrap();
    assert_eq!(records.len(), 1);
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    let mut record = read(&path).unwrap().remove(0);
    record.format = 90;
    fs::write(&path, format!("{}\n", line::sealed(&record).unwrap())).unwrap();
    assert!(matches!(read(&path), Err(JournalError::Newer { found: 90, .. })));
    fs::write(&path, format!("{}\n", serde_json::to_string(&record).unwrap())).unwrap();
    assert!(matches!(read(&path), Err(JournalError::Newer { found: 90, .. })), "sums may change, too");
}

/// For ever: whoever began an upgrade with the program of that time goes on with this one.
#[test]
fn a_journal_without_checksums_is_read_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::copy(FORMAT_3, &path).unwrap();
    let (mut journal, records) = Journal::reopen(&path).unwrap();
    assert!(records.iter().all(|record| record.format == 3));
    let before = resume::progress(&records).unwrap();
    assert_eq!((before.plan.servers.len(), before.complete), (3, false));
    let doubt = before.in_doubt.unwrap();
    assert_eq!(before.finished.last(), Some(&(doubt - 1)));
    assert!(matches!(before.stopped, Some(Event::StepFailed { step, .. }) if step == doubt));
    assert_eq!(before.plan.waivers.len(), 1);
    journal.append(Event::RunResumed { in_doubt: Some(doubt) }).unwrap();
    let after = read(&path).unwrap();
    assert_eq!(after.last().map(|record| record.format), Some(FORMAT));
    assert_eq!(resume::progress(&after).unwrap().stopped, None);
}

#[rstest]
#[case::a_flipped_byte("\"sequence\":2", "\"sequence\":7")]
#[case::a_word("gate_passed", "gate_pissed")]
fn damage_of_an_old_journal_is_found_as_far_as_it_can_be(#[case] from: &str, #[case] to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(&path, fs::read_to_string(FORMAT_3).unwrap().replacen(from, to, 1)).unwrap();
    assert!(matches!(read(&path), Err(JournalError::Damaged { line: 2, .. })));
}

/// A run goes with its folder: to another machine, or another `--state-dir`.
#[test]
fn a_copied_folder_is_the_same_run() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = with_records(here.path());
    let name = path.parent().unwrap().file_name().unwrap();
    let copy = there.path().join("runs").join(name);
    fs::create_dir_all(&copy).unwrap();
    fs::copy(&path, copy.join(FILE_NAME)).unwrap();
    let (of_here, of_there) = (runs(here.path()), runs(there.path()));
    assert!(of_here.keys().eq(of_there.keys()), "the same run");
    assert!(!of_here.values().eq(of_there.values()), "and claims on the servers tell the two places apart");
    let (mut journal, records) = Journal::reopen(&copy.join(FILE_NAME)).unwrap();
    assert_eq!(records, read(&path).unwrap());
    journal.append(Event::RunFinished).unwrap();
    assert_eq!(read(&path).unwrap().len(), 2, "the first one is left as it was");
}

#[test]
fn a_wish_to_pause_stays_until_the_run_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_records(folder.path());
    assert!(!is_asked_to_pause(&path));
    assert!(!ask_to_pause(&path).unwrap());
    assert!(ask_to_pause(&path).unwrap(), "it was asked already");
    assert!(is_asked_to_pause(&path));
    drop(Journal::reopen(&path).unwrap());
    assert!(!is_asked_to_pause(&path));
}
