//! Tests of the checks, by their lines.

use std::path::Path;

use rstest::rstest;

use super::super::{Ask, Deed, Outcome, ScenarioError, Which};
use super::*;

pub(super) const GOOD: &str = r#"about = "x"
[pool]
family = "debian-bookworm"
release = "10.3"
servers = ["g1", "g2", "g3"]
[[volumes]]
name = "vol0"
kind = "replica"
replica = 3
[[clients]]
name = "c1"
mounts = ["vol0"]
[workload]
client = "c1"
volume = "vol0"
operations_per_second = 25
[[orders]]
to = "11.1"
outcome = "upgraded"
"#;

/// What makes two pools of it, with a session between them.
const SECONDARY: &str = r#"[secondary]
servers = ["s1"]
release = "9.2"
[[volumes]]
name = "copy"
pool = "secondary"
kind = "distribute"
[[sessions]]
primary = "vol0"
secondary = "copy"
[[orders]]
on = "secondary"
to = "10.3"
outcome = "upgraded"
"#;

pub(super) fn catalog() -> Catalog {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../images"));
    Catalog::load(path).unwrap()
}

/// Reads all cases of a scenario.
pub(super) fn read_all(text: &str) -> Result<Vec<Scenario>, Vec<ScenarioError>> {
    read_hop(text, &Hop::default())
}

/// As `read_all`, with releases in place of the file's.
pub(super) fn read_hop(text: &str, hop: &Hop) -> Result<Vec<Scenario>, Vec<ScenarioError>> {
    scenarios(Path::new("scenarios/x.toml"), text, &catalog(), hop).map_err(|errors| errors.0)
}

/// Reads a scenario that has one case, or the first that is wrong with it.
pub(super) fn read(text: &str) -> Result<Scenario, ScenarioError> {
    read_all(text).map(|mut cases| cases.remove(0)).map_err(|mut errors| errors.remove(0))
}

#[test]
fn a_good_one_is_read() {
    let scenario = read(GOOD).unwrap();
    assert_eq!(scenario.name, "x");
    assert_eq!(scenario.orders[0].upgraded.len(), 3);
    assert_eq!(scenario.orders[0].ask, Ask::Run);
    assert!(!scenario.orders[0].offline && !scenario.workload.unwrap().stops_for_downtime);
}

/// Those below `registry` are run by nobody here, so this is all that stands between them and a slip of the pen.
#[rstest]
fn every_scenario_of_the_project_makes_sense(
    #[files("../scenarios/**/*.toml")]
    #[exclude("\\.base\\.toml$")]
    #[base_dir = "${CARGO_MANIFEST_DIR}"]
    path: std::path::PathBuf,
) {
    let catalog = catalog();
    for scenario in Scenario::cases(&path, &catalog).unwrap() {
        let registry = path.parent().unwrap().ends_with("registry");
        let base = &catalog.family(&scenario.family).unwrap().base;
        assert_eq!(
            registry,
            base.needed_from_registry().is_some(),
            "scenarios/registry is for what needs a registry"
        );
        // The judge has to know what to expect before and after every order.
        for orders in 0..=scenario.orders.len() {
            let release = scenario.standing(Which::Pool, orders).op_version_of;
            assert!(scenario.op_version(&catalog, &release).is_some(), "no op-version of {release}");
        }
    }
}

#[test]
fn a_downtime_is_asked_for_in_so_many_words() {
    let text = GOOD.replace("to = \"11.1\"", "to = \"11.1\"\noffline = true");
    let text = text.replace("[[orders]]", "stops_for_downtime = true\n[[orders]]");
    let scenario = read(&text).unwrap();
    assert!(scenario.orders[0].offline && scenario.workload.unwrap().stops_for_downtime);
}

#[test]
fn two_pools_stand_where_their_own_orders_took_them() {
    let scenario = read(&format!("{GOOD}{SECONDARY}")).unwrap();
    let secondary = scenario.secondary.as_ref().unwrap();
    assert_eq!((secondary.servers[0].release.as_str(), secondary.volumes[0].name.as_str()), ("9.2", "copy"));
    assert_eq!(scenario.pool.volumes.len(), 1);
    let standing = |which, orders| {
        let standing = scenario.standing(which, orders);
        (standing.releases.into_values().collect::<Vec<_>>().join(" "), standing.op_version_of)
    };
    let at = |releases: &str, op_version: &str| (releases.to_owned(), op_version.to_owned());
    assert_eq!(standing(Which::Pool, 0), at("10.3 10.3 10.3", "10.3"));
    assert_eq!(standing(Which::Pool, 1), at("11.1 11.1 11.1", "11.1"));
    assert_eq!(standing(Which::Secondary, 1), at("9.2", "9.2"));
    assert_eq!(standing(Which::Secondary, 2), at("10.3", "10.3"));
}

#[test]
fn orders_follow_each_other() {
    let kept = GOOD.replace("outcome = \"upgraded\"", "keep_op_version = true\noutcome = \"upgraded\"");
    let text = format!(
        "{kept}[[orders]]\nask = \"finalize\"\nbefore = [{{ reset_option = {{ volume = \"vol0\", option = \
         \"a.b\" }} }}]\noutcome = \"upgraded\"\n"
    );
    let scenario = read(&text).unwrap();
    assert_eq!(scenario.standing(Which::Pool, 1).op_version_of, "10.3");
    assert_eq!(scenario.standing(Which::Pool, 2).op_version_of, "11.1");
    assert_eq!(scenario.standing(Which::Pool, 1).releases["g2"], "11.1");
    let order = &scenario.orders[1];
    assert_eq!(
        (order.ask, order.to.to_string().as_str(), order.outcome),
        (Ask::Finalize, "11.1", Outcome::Upgraded)
    );
    assert_eq!(order.before, [Deed::ResetOption { volume: "vol0".to_owned(), option: "a.b".to_owned() }]);
}

#[test]
fn a_way_back_leaves_the_op_version_and_needs_a_run_before_it() {
    let kept = GOOD.replace("outcome = \"upgraded\"", "keep_op_version = true\noutcome = \"upgraded\"");
    let back = "[[orders]]\nask = \"rollback\"\nto = \"10.3\"\noutcome = \"upgraded\"\n";
    let scenario = read(&format!("{kept}{back}")).unwrap();
    let standing = |orders| {
        let standing = scenario.standing(Which::Pool, orders);
        (standing.releases["g2"].clone(), standing.op_version_of)
    };
    assert_eq!(standing(1), ("11.1".to_owned(), "10.3".to_owned()));
    assert_eq!(standing(2), ("10.3".to_owned(), "10.3".to_owned()));
    let order = &scenario.orders[1];
    assert_eq!(
        (order.ask, order.words().as_str()),
        (Ask::Rollback, "rollback to 10.3 on the pool, to be upgraded")
    );
    for (text, problem) in [
        (format!("{kept}{}", back.replace("to = \"10.3\"\n", "")), "`to` is missing"),
        (GOOD.replace("[[orders]]", "[[orders]]\nask = \"rollback\""), "nothing was run"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.problem.contains(problem), "{error}");
    }
}

#[test]
fn what_was_set_by_a_deed_stays_until_it_is_put_back() {
    let deed =
        |kind: &str, value: &str| format!("{{ {kind} = {{ volume = \"vol0\", option = \"a.b\"{value} }} }}");
    let set = deed("set_option", ", value = \"1\"");
    let halted = "outcome = \"halted\"\nfindings = [\"CONFIG_CHANGED:vol0\"]";
    let text = GOOD.replace("outcome = \"upgraded\"", halted);
    let fault = format!("[[orders.faults]]\nafter = {{ step = \"install\", host = \"g1\" }}\ndeed = {set}\n");
    let back = format!("before = [{}]\noutcome = \"upgraded\"\n", deed("reset_option", ""));
    let scenario = read(&format!("{text}{fault}[[orders]]\nask = \"resume\"\n{back}")).unwrap();
    let set = |orders| scenario.standing(Which::Pool, orders).set_since.remove("vol0").unwrap_or_default();
    assert_eq!(set(0).len(), 0);
    assert_eq!(set(1)["a.b"], "1");
    assert_eq!(set(2).len(), 0);
    assert_eq!(scenario.standing(Which::Pool, 1).op_version_of, "10.3");
    assert_eq!(scenario.standing(Which::Pool, 2).op_version_of, "11.1");
}

#[rstest]
#[case::unknown_key("outcome = \"upgraded\"", "outcme = \"upgraded\"", 19, "unknown field `outcme`")]
#[case::missing_field("outcome = \"upgraded\"\n", "", 17, "missing field `outcome`")]
#[case::no_target("to = \"11.1\"\n", "", 17, "`to` is missing")]
#[case::nothing_to_resume("to = \"11.1\"", "ask = \"resume\"", 17, "nothing was run on this pool by then")]
#[case::no_such_pool("to = \"11.1\"", "on = \"secondary\"\nto = \"11.1\"", 17, "there is no secondary pool")]
#[case::no_such_deed(
    "to = \"11.1\"",
    "to = \"11.1\"\nbefore = [{ reset_option = { volume = \"vol1\", option = \"a.b\" } }]",
    19,
    "no volume `vol1`"
)]
#[case::unknown_family("\"debian-bookworm\"", "\"suse\"", 3, "no family `suse`")]
#[case::unknown_release(
    "release = \"10.3\"",
    "release = \"10.9\"",
    4,
    "no release `10.9`: expected one of 9.2"
)]
#[case::unknown_target("to = \"11.1\"", "to = \"11.9\"", 18, "no release `11.9`")]
#[case::no_release("to = \"11.1\"", "to = \"eleven\"", 18, "no release `eleven`")]
#[case::server_twice("\"g2\", \"g3\"", "\"g2\", \"g2\"", 5, "two nodes are called g2")]
#[case::half_a_set(
    "[\"g1\", \"g2\", \"g3\"]",
    "[\"g1\", \"g2\"]",
    7,
    "has 2 bricks; expected a multiple of 3"
)]
#[case::no_replica("replica = 3\n", "", 8, "`replica` is missing")]
#[case::of_no_use("replica = 3\n", "replica = 3\ndata = 2\n", 8, "for kind disperse only")]
#[case::no_such_mount("mounts = [\"vol0\"]", "mounts = [\"vol1\"]", 12, "no volume `vol1`")]
#[case::no_such_host(
    "[workload]",
    "[[mounts]]\nhost = \"c1\"\nvolume = \"vol0\"\n[workload]",
    14,
    "no server `c1`: expected one of g1, g2, g3"
)]
#[case::no_such_program(
    "[workload]",
    "[[applications]]\nhost = \"c1\"\nvolume = \"vol0\"\nprogram = \"vi\"\n[workload]",
    16,
    "unknown variant `vi`"
)]
#[case::stray_volume(
    "kind = \"replica\"",
    "pool = \"secondary\"\nkind = \"replica\"",
    7,
    "no secondary pool for volume"
)]
#[case::no_such_writer("client = \"c1\"", "client = \"c2\"", 14, "no client `c2`")]
#[case::no_such_other_mount(
    "volume = \"vol0\"",
    "volume = \"vol0\"\nalso = [\"vol1\"]",
    16,
    "no mount of that client `vol1`"
)]
#[case::too_fast("second = 25", "second = 25000", 16, "expected 0.1 to 1000")]
#[case::bad_waiver("to = \"11.1\"", "to = \"11.1\"\nwaive = [\"SPLIT_BRAIN:v\"]", 19, "cannot be waived")]
#[case::no_such_code("\"upgraded\"", "\"refused\"\nfindings = [\"NOPE:v\"]", 20, "no finding `NOPE:v`")]
#[case::no_such_code_besides(
    "\"upgraded\"",
    "\"refused\"\nfindings = [\"BRICK_OFFLINE:v\"]\nmay_find = [\"NOPE\"]",
    21,
    "no finding `NOPE`"
)]
#[case::besides_nothing(
    "\"upgraded\"",
    "\"upgraded\"\nmay_find = [\"PEER_REJECTED\"]",
    20,
    "besides `findings`"
)]
#[case::refused_for_nothing("\"upgraded\"", "\"refused\"", 19, "a refusal have `findings`")]
#[case::killed_for_good(
    "outcome = \"upgraded\"",
    "killed_at_every_event = true\noutcome = \"refused\"\nfindings = [\"BRICK_OFFLINE:v\"]",
    20,
    "is to come to its end"
)]
#[case::no_toml("[[orders]]", "[[orders]", 17, "")]
#[case::key_twice("replica = 3", "replica = 3\nreplica = 2", 10, "duplicate key")]
#[case::mount_twice("mounts = [\"vol0\"]", "mounts = [\"vol0\", \"vol0\"]", 12, "`vol0` is there twice")]
#[case::volume_twice(
    "[[clients]]",
    "[[volumes]]\nname = \"vol0\"\nkind = \"distribute\"\n[[clients]]",
    11,
    "two volumes are called vol0"
)]
#[case::client_twice(
    "[workload]",
    "[[clients]]\nname = \"c1\"\nmounts = []\n[workload]",
    14,
    "two nodes are called c1"
)]
#[case::written_to_twice(
    "volume = \"vol0\"",
    "volume = \"vol0\"\nalso = [\"vol0\"]",
    16,
    "`vol0` is there twice"
)]
#[case::waiver_twice(
    "to = \"11.1\"",
    "to = \"11.1\"\nwaive = [\"CLIENT_TOO_OLD:c1\",\n\"CLIENT_TOO_OLD:c1\"]",
    20,
    "`CLIENT_TOO_OLD:c1` is there twice"
)]
#[case::waiver_of_nobody(
    "to = \"11.1\"",
    "to = \"11.1\"\nwaive = [\"CLIENT_TOO_OLD:c9\"]",
    19,
    "no client `c9`: expected one of c1"
)]
#[case::finding_twice(
    "\"upgraded\"",
    "\"refused\"\nfindings = [\"BRICK_OFFLINE:v\", \"BRICK_OFFLINE:v\"]",
    20,
    "`BRICK_OFFLINE:v` is there twice"
)]
#[case::option_lost_twice(
    "outcome = \"upgraded\"",
    "outcome = \"upgraded\"\n[[expect.lost_options]]\noption = \"a.b\"\nvalue = \"1\"\nreason = \"x\"\n\
     [[expect.lost_options]]\noption = \"a.b\"\nvalue = \"2\"\nreason = \"y\"",
    25,
    "`a.b` is there twice"
)]
fn what_is_wrong_is_said_with_its_line(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] line: usize,
    #[case] says: &str,
) {
    assert!(GOOD.contains(right));
    let error = read(&GOOD.replacen(right, wrong, 1)).unwrap_err();
    assert_eq!(error.line, Some(line), "{error}");
    assert!(error.problem.contains(says), "{error}");
}

#[rstest]
#[case::same_name("[\"s1\"]", "[\"g1\"]", "two nodes are called g1")]
#[case::wrong_end("primary = \"vol0\"", "primary = \"copy\"", "no volume of the pool `copy`")]
#[case::wrong_release("release = \"9.2\"", "release = \"9.9\"", "no release `9.9`")]
fn what_is_wrong_with_a_second_pool_is_said(#[case] right: &str, #[case] wrong: &str, #[case] says: &str) {
    assert!(SECONDARY.contains(right));
    let error = read(&format!("{GOOD}{}", SECONDARY.replacen(right, wrong, 1))).unwrap_err();
    assert!(error.problem.contains(says) && error.line.is_some(), "{error}");
}

#[rstest]
#[case::half_a_set("[\"g1\", \"g2\", \"g3\"]", "[\"g1\", \"g2\"]", "must fill whole sets")]
#[case::no_host_name("\"g3\"", "\"g 3\"", "rename it, such as g1")]
#[case::server_twice("\"g2\", \"g3\"", "\"g2\", \"g2\"", "rename one of the two")]
#[case::mount_twice("mounts = [\"vol0\"]", "mounts = [\"vol0\", \"vol0\"]", "remove one of the two")]
#[case::key_twice("replica = 3", "replica = 3\nreplica = 2", "remove one of the two")]
fn each_trouble_has_a_remedy_of_its_own(#[case] right: &str, #[case] wrong: &str, #[case] hint: &str) {
    let error = read(&GOOD.replacen(right, wrong, 1)).unwrap_err();
    assert!(error.hint.contains(hint), "{error}: {}", error.hint);
}
