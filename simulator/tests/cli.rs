//! The program as it is called, where nothing is started: bad input, and no engine.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rstest::rstest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the simulator with no engine within reach: what needs one before it looks at its input shows.
fn simulator(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulator"));
    command.args(arguments).env("DOCKER_HOST", "unix:///nonexistent/engine.sock");
    command.env_remove("SIMULATOR_NETWORKS").current_dir(root()).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a scenario that is the online one with one text replaced, and runs it.
fn run_changed(right: &str, wrong: &str) -> Output {
    let scenario = std::fs::read_to_string(root().join("scenarios/online-replicated.toml")).unwrap();
    assert!(scenario.contains(right));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.toml");
    std::fs::write(&path, scenario.replacen(right, wrong, 1)).unwrap();
    simulator(&["run", path.to_str().unwrap(), "--executor", env!("CARGO_BIN_EXE_simulator")])
}

#[rstest]
#[case::unknown_key("outcome", "outcme", "changed.toml:26:1: unknown field `outcme`")]
#[case::unknown_release(
    "\"10.3\"",
    "\"10.9\"",
    "changed.toml:5:11: no release `10.9`: expected one of 9.2, 10.3, 11.1"
)]
#[case::unknown_family("\"debian-bookworm\"", "\"suse\"", "changed.toml:4:10: no family `suse`")]
#[case::no_toml("[pool]", "[pool", "changed.toml:3:")]
fn a_bad_scenario_ends_with_2_before_any_engine_is_asked(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] says: &str,
) {
    let output = run_changed(right, wrong);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(says) && stderr.contains("hint: "), "{stderr}");
    assert_eq!(text(&output.stdout), "", "stdout is for data");
}

#[rstest]
#[case(&["run"], "required")]
#[case(&["run", "--tag", "nope"], "no scenario below scenarios has the tag `nope`")]
#[case(&["run", "nowhere.toml", "--tag", "faults"], "cannot be used with")]
#[case(&["run", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["run", "scenarios/online-replicated.toml", "--executor", "/nonexistent"], "the executor's program is not there")]
#[case(&["run", "scenarios/online-replicated.toml", "--case", "9.2-10.3"], "no case `9.2-10.3`: expected one of online-replicated")]
#[case(&["run", "scenarios/online-replicated.toml", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["run", "scenarios/online-replicated.toml", "--to", "9.9"], "no release `9.9`, which is asked for: expected one of 9.2")]
#[case(&["check", "nowhere.toml", "--schema"], "cannot be used with")]
#[case(&["check", "--scenarios", "docs"], "no scenario is below docs")]
#[case(&["check", "--images", "/nonexistent"], "cannot read /nonexistent/catalog.toml")]
#[case(&["plan", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["plan", "scenarios/online-replicated.toml", "--case", "nope"], "no case `nope`")]
#[case(&["list", "nowhere.toml", "--tag", "faults"], "cannot be used with")]
#[case(&["list", "--tag", "nope"], "no scenario below scenarios has the tag `nope`")]
#[case(&["list", "--scenarios", "/nonexistent"], "cannot read /nonexistent")]
#[case(&["run", "scenarios/online-replicated.toml", "--repeat", "0"], "invalid value '0'")]
#[case(&["images", "--images", "/nonexistent", "list"], "cannot read /nonexistent/catalog.toml")]
#[case(&["up", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["doctor", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["down"], "required")]
#[case(&["down", "gu-1-2-0", "--all"], "cannot be used with")]
#[case(&["exec", "g1", "true"], "unexpected argument 'true'")]
#[case(&["upgrade", "--executor", "/nonexistent", "status"], "the executor's program is not there")]
fn bad_input_ends_with_2(#[case] arguments: &[&str], #[case] says: &str) {
    let output = simulator(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
}

/// Broken files that lie in `simulator/tests/broken`: for each the place and the words of what is wrong, and of what to do.
#[rstest]
#[case::no_toml("no-toml.toml:3:6: ", "mend the TOML of this line")]
#[case::key_twice("key-twice.toml:3:1: duplicate key", "remove one of the two")]
#[case::unknown_key(
    "unknown-key.toml:5:1: unknown field `outcme`, expected one of ",
    "correct it, or take it out"
)]
#[case::wrong_type("wrong-type.toml:4:25: invalid type: string \"ten\", expected f64", "write it as")]
#[case::unknown_word(
    "unknown-word.toml:5:8: unknown variant `replicated`, expected one of ",
    "one of these words"
)]
#[case::missing_key("missing-key.toml:3:1: missing field `outcome`", "add it; scenarios/README.md")]
#[case::unknown_release(
    "unknown-release.toml:2:16: no release `10.9`: expected one of 9.2, 10.3, 11.1",
    "use a name that the scenario or the catalog has"
)]
#[case::half_a_set(
    "good.base.toml:10:8: volume vol0 has 2 bricks; expected a multiple of 3",
    "must fill whole sets: change one of the two"
)]
#[case::halt_without_findings("halt-without-findings.toml:5:11: a halt", "name every code that is expected")]
#[case::fault_on_nobody(
    "fault-on-nobody.toml:8:36: no host `g9`: expected one of g1, g2, g3, c1",
    "use a name that the scenario"
)]
#[case::matrix_twice("matrix-twice.toml:7:5: 9.2 to 10.3 is there twice", "remove one of the two")]
#[case::matrix_of_nothing(
    "matrix-of-nothing.toml:3:1: a matrix of nothing",
    "releases = [[\"9.2\", \"10.3\"]]"
)]
#[case::base_missing("base-missing.toml:1:11: the base ", "by its path from the file that extends it")]
#[case::circle("circle.base.toml:2:11: ", "take one `extends` of this circle out")]
#[case::wrong_in_its_base("wrong.base.toml:4:10: no client `c2`: expected one of c1", "use a name")]
#[case::several_at_once("several-at-once.toml:4:11: no release `8.6`", "use a name")]
fn a_broken_scenario_is_told_with_its_place_and_a_remedy_and_starts_nothing(
    #[case] says: &str,
    #[case] remedy: &str,
) {
    let name = match says {
        says if says.starts_with("good.base") => "half-a-set.toml",
        says if says.starts_with("circle.base") => "circle.toml",
        says if says.starts_with("wrong.base") => "wrong-in-its-base.toml",
        says => says.split(':').next().unwrap(),
    };
    let file = format!("simulator/tests/broken/{name}");
    let checked = simulator(&["check", &file]);
    let run = simulator(&["run", &file, "--executor", env!("CARGO_BIN_EXE_simulator")]);
    // A list of findings is the answer of one, and what the other has to say instead of one.
    for (output, told) in [(&checked, &checked.stdout), (&run, &run.stderr)] {
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        let told = text(told);
        let place = format!("simulator/tests/broken/{says}");
        let at = told.find(&place).unwrap_or_else(|| panic!("{place}: {told}"));
        let hint = told[at..].lines().nth(1).unwrap();
        assert!(hint.trim_start().starts_with("hint: ") && hint.contains(remedy), "{told}");
    }
    assert_eq!(text(&run.stdout), "", "stdout is for data");
    assert!(!text(&checked.stdout).contains(": well\n"), "{}", text(&checked.stdout));
}

#[test]
fn all_errors_of_all_files_are_told_at_once() {
    let output = simulator(&["check", "--scenarios", "simulator/tests/broken"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("check-broken", text(&output.stdout));
    assert!(text(&output.stderr).starts_with("error: 16 of 16 scenario files are not well\nhint: "));
}

#[test]
fn what_is_well_is_told_in_a_line_each() {
    let output = simulator(&["check"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let told = text(&output.stdout);
    assert!(
        told.lines().all(|line| line.starts_with("scenarios/") && line.ends_with(".toml: well")),
        "{told}"
    );
    assert!(told.lines().count() > 25 && told.contains("scenarios/faults/disk-full.toml: well\n"), "{told}");
    let output = simulator(&["check", "scenarios/clients.toml", "simulator/tests/broken/missing-key.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stdout);
    assert!(
        told.starts_with("scenarios/clients.toml: well\nsimulator/tests/broken/missing-key.toml:3:1: "),
        "{told}"
    );
}

fn json(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let output = simulator(&[arguments, &["--output", "json"]].concat());
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// Writes a scenario with two cases; the file lives as long as the folder.
fn two_hops() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let base = root().join("scenarios/online-replicated.toml").canonicalize().unwrap();
    let matrix = "[matrix]\nreleases = [[\"9.2\", \"10.3\"], [\"10.3\", \"11.1\"]]\n";
    let path = folder.path().join("hops.toml");
    std::fs::write(&path, format!("extends = \"{}\"\ntags = [\"two\"]\n{matrix}", base.display())).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_script_reads_what_check_finds() {
    let (_folder, hops) = two_hops();
    let (code, checked) = json(&["check", &hops, "simulator/tests/broken/wrong-in-its-base.toml"]);
    assert_eq!(code, Some(2));
    assert_eq!(checked[0]["cases"], serde_json::json!(["hops@9.2-10.3", "hops@10.3-11.1"]));
    assert_eq!(checked[0]["errors"], serde_json::json!([]));
    let error = &checked[1]["errors"][0];
    let file = error["file"].as_str().unwrap();
    assert_eq!(
        (file, &error["line"], &error["column"]),
        ("simulator/tests/broken/wrong.base.toml", &4.into(), &10.into())
    );
    assert!(error["problem"].as_str().unwrap().starts_with("no client `c2`"), "{error}");
    assert!(error["hint"].as_str().unwrap().starts_with("use a name"), "{error}");
}

#[test]
fn the_schema_is_printed_as_it_is_published() {
    let output = simulator(&["check", "--schema"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let published = std::fs::read_to_string(root().join("docs/scenario.schema.json")).unwrap();
    assert_eq!(text(&output.stdout), published);
}

#[test]
fn scenarios_are_listed_one_a_line() {
    let output = simulator(&["list", "--tag", "faults"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let told = text(&output.stdout);
    let disk_full = told.lines().find(|line| line.starts_with("disk-full ")).unwrap();
    let words: Vec<&str> = disk_full.split_whitespace().take(3).collect();
    assert_eq!(words, ["disk-full", "scenarios/faults/disk-full.toml", "faults"]);
    assert!(disk_full.ends_with("with room again and resumed, all are upgraded."), "{disk_full}");
    assert!(!told.contains("online-replicated"), "{told}");
    let all = text(&simulator(&["list"]).stdout);
    assert!(all.lines().count() > told.lines().count(), "{all}");
}

#[test]
fn each_case_of_a_matrix_is_listed_and_what_is_broken_beside_it_is_told() {
    let (_folder, hops) = two_hops();
    let (code, listed) = json(&["list", &hops]);
    assert_eq!(code, Some(0));
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hops@9.2-10.3", "hops@10.3-11.1"]);
    assert_eq!(
        (&listed[0]["file"], &listed[0]["case"], &listed[0]["tags"][0]),
        (&hops.as_str().into(), &"9.2-10.3".into(), &"two".into())
    );
    let output = simulator(&["list", &hops, "simulator/tests/broken/unknown-key.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout).lines().count(), 2);
    assert!(text(&output.stderr).contains("unknown-key.toml:5:1: "), "{}", text(&output.stderr));
}

#[test]
fn a_plan_is_shown_of_each_case_or_of_one() {
    let (_folder, hops) = two_hops();
    let output = simulator(&["plan", &hops]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let told = text(&output.stdout);
    for part in ["hops@9.2-10.3\n", "executor run --to 10.3 ", "hops@10.3-11.1\n", "executor run --to 11.1 "]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let again = format!("next: simulator run {hops} --case 10.3-11.1\n");
    assert!(told.ends_with(&again), "{told}");
    let (code, plans) = json(&["plan", &hops, "--case", "hops@9.2-10.3"]);
    assert_eq!((code, plans.as_array().unwrap().len()), (Some(0), 1));
    let plan = &plans[0];
    assert_eq!(
        plan["hosts"][0],
        serde_json::json!({ "name": "g1", "server_of": "pool", "release": "9.2", "mounts": [] })
    );
    assert_eq!(plan["volumes"][0]["sets"][0][2]["path"], "/bricks/vol0/1");
    let order = &plan["orders"][0];
    assert_eq!((&order["exit_code"], &order["op_version"]), (&0.into(), &100_000.into()));
}

#[test]
fn every_scenario_of_the_project_has_a_plan() {
    let (code, plans) = json(&["plan"]);
    assert_eq!(code, Some(0));
    let plans = plans.as_array().unwrap();
    assert!(plans.len() > 25 && plans.iter().all(|plan| !plan["orders"].as_array().unwrap().is_empty()));
    let text = text(&simulator(&["plan"]).stdout);
    assert_eq!(text.matches("what would happen").count(), plans.len());
}

#[test]
fn a_case_that_there_is_comes_as_far_as_the_engine() {
    let (_folder, hops) = two_hops();
    let executor = ["--executor", env!("CARGO_BIN_EXE_simulator")];
    let output = simulator(&[&["run", &hops, "--case", "hops@10.3-11.1"], &executor[..]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .arg("plan")
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn what_a_file_says_moves_no_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.toml");
    std::fs::write(&path, "about = \"x\"\n\"\\u001b[2J\" = 1\n").unwrap();
    for command in ["check", "list", "run"] {
        let output = simulator(&[command, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stdout) + &text(&output.stderr);
        assert!(told.contains("\\u{1b}[2J") && !told.contains('\u{1b}'), "{command}: {told:?}");
    }
}

#[rstest]
#[case(&["clean"])]
#[case(&["images", "list"])]
#[case(&["doctor"])]
#[case(&["up", "scenarios/online-replicated.toml"])]
#[case(&["ps"])]
#[case(&["down", "--all"])]
#[case(&["shell", "g1"])]
#[case(&["exec", "g1", "--", "true"])]
#[case(&["logs", "g1"])]
#[case(&["upgrade", "--executor", env!("CARGO_BIN_EXE_simulator"), "status"])]
#[case(&["run", "scenarios/online-replicated.toml", "--executor", env!("CARGO_BIN_EXE_simulator")])]
fn without_an_engine_nobody_can_tell(#[case] arguments: &[&str]) {
    let output = simulator(arguments);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("hint: "), "{}", text(&output.stderr));
}

#[test]
fn ranges_of_networks_that_make_no_sense_are_bad_input_whether_or_not_there_is_an_engine() {
    for arguments in [["doctor"], ["ps"]] {
        let output = command(&arguments).env("SIMULATOR_NETWORKS", "10.213.0.0/16,mine").output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("SIMULATOR_NETWORKS: found `mine`, expected") && said.contains("hint: "),
            "{said}"
        );
    }
}

#[test]
fn without_an_engine_the_doctor_shows_every_look_and_calls_none_of_them_fine() {
    let output = simulator(&["doctor", "--output", "json"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let looks = answer["looks"].as_array().unwrap();
    assert_eq!((&answer["grade"], &looks[0]["name"]), (&"failure".into(), &"engine".into()));
    assert!(looks.len() > 10 && looks.iter().all(|look| look["grade"] != "ok"), "{answer}");
    assert!(looks[0]["remedy"].as_str().unwrap().contains("DOCKER_HOST"), "{answer}");
}

#[test]
fn the_manual_names_every_exit_status_and_what_a_verdict_means() {
    let output = simulator(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    let statuses = help.lines().skip_while(|line| !line.starts_with("Exit status:")).skip(1);
    let told: Vec<&str> =
        statuses.take_while(|line| !line.is_empty()).filter_map(|line| line.get(2..4)).collect();
    let numbered: Vec<&str> = told.into_iter().filter(|number| *number != "  ").collect();
    assert_eq!(numbered, ["0 ", "1 ", "2 ", "3 "], "{help}");
    for part in [
        "\"pass\"",
        "\"unknown\"",
        "a judge crashed",
        "DOCKER_HOST",
        "SIMULATOR_NETWORKS",
        "NO_COLOR",
        "RUST_LOG",
        "runs/latest",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
