//! What an inventory may say, and what is said of one that is wrong.

use super::*;
use rstest::rstest;

fn read(text: &str) -> Result<Inventory, InventoryError> {
    parse(Path::new("pools/prod.toml"), text)
}

#[test]
fn a_host_takes_what_it_does_not_say_from_ssh() {
    let inventory = read(
        "[ssh]\nuser = \"root\"\nidentity = \"id\"\n[[servers]]\nname = \"g1\"\n\
         [[servers]]\nname = \"g2\"\naddress = \"192.0.2.2\"\nport = 2222\nuser = \"ops\"\n",
    )
    .unwrap();
    let g1 = &inventory.servers[&"g1".parse().unwrap()].ssh;
    assert_eq!((g1.address.as_str(), g1.user.as_deref()), ("g1", Some("root")));
    assert_eq!(g1.identity.as_deref(), Some(Path::new("pools/id")));
    let g2 = &inventory.servers[&"g2".parse().unwrap()].ssh;
    assert_eq!((g2.address.as_str(), g2.port, g2.user.as_deref()), ("192.0.2.2", Some(2222), Some("ops")));
}

#[test]
fn a_host_takes_its_way_and_its_install_from_above_or_says_its_own() {
    let inventory = read(
        "transport = { exec = [\"docker\", \"exec\", \"{address}\"] }\n[packages]\n\
         install = [\"/opt/up\", \"{release}\"]\n[[servers]]\nname = \"g1\"\naddress = \"pool-g1\"\n\
         [[servers]]\nname = \"g2\"\ntransport = \"local\"\ninstall = [\"/opt/other\"]\n",
    )
    .unwrap();
    let (g1, g2) = (&inventory.servers[&"g1".parse().unwrap()], &inventory.servers[&"g2".parse().unwrap()]);
    assert_eq!(g1.way, Way::Exec(["docker", "exec", "pool-g1"].map(str::to_owned).to_vec()));
    assert_eq!(g1.install.as_deref(), Some(&["/opt/up".to_owned(), "{release}".to_owned()][..]));
    assert_eq!((&g2.way, g2.install.as_deref()), (&Way::Local, Some(&["/opt/other".to_owned()][..])));
}

#[test]
fn a_host_names_its_applications() {
    let inventory = read(
        "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"shares\"\nunit = \"smbd.service\"\n\
         [[clients]]\nname = \"c1\"\n[[clients.applications]]\nname = \"vm1\"\nprocess = \"qemu-system-x86_64\"\n\
         stop = [\"virsh\", \"shutdown\", \"vm1\"]\nstart = [\"virsh\", \"start\", \"vm1\"]\n",
    )
    .unwrap();
    let on_server = &inventory.servers[&"g1".parse().unwrap()].applications;
    assert_eq!((on_server.len(), on_server[0].key().as_str()), (1, "unit:smbd.service"));
    let on_client = &inventory.clients[&"c1".parse().unwrap()].applications;
    assert_eq!((on_client.len(), on_client[0].key().as_str()), (1, "process:qemu-system-x86_64"));
}

#[rstest]
#[case::unknown_key("[[servers]]\nname = \"g1\"\nadress = \"x\"\n", Some(3), "unknown field `adress`")]
#[case::missing_name("[[servers]]\naddress = \"x\"\n", Some(1), "missing field `name`")]
#[case::no_servers("servers = []\n", Some(1), "no servers")]
#[case::key_twice("[[servers]]\nname = \"g1\"\nname = \"g2\"\n", Some(3), "duplicate key")]
#[case::jump_with_a_blank(
    "[[servers]]\nname = \"g1\"\njump = \"a b\"\n",
    Some(3),
    "jump `a b` is no jump host"
)]
#[case::jump_for_all(
    "[ssh]\njump = \"-oX\"\n[[servers]]\nname = \"g1\"\n",
    Some(2),
    "jump `-oX` is no jump host"
)]
#[case::port_of_nobody("[[servers]]\nname = \"g1\"\nport = 0\n", Some(3), "expected 1 to 65535")]
#[case::port_for_all("[ssh]\nport = 0\n[[servers]]\nname = \"g1\"\n", Some(2), "expected 1 to 65535")]
#[case::secondaries_twice(
    "[[servers]]\nname = \"g1\"\n[[secondaries]]\ninventory = \"dr.toml\"\n[[secondaries]]\ninventory = \"./dr.toml\"\n",
    Some(6),
    "`./dr.toml` is named already on line 4"
)]
#[case::at_both_ends(
    "[[servers]]\nname = \"g1\"\n[[secondaries]]\ninventory = \"dr.toml\"\n[[primaries]]\ninventory = \"dr.toml\"\n",
    Some(6),
    "is named already on line 4"
)]
#[case::its_own_secondary(
    "[[servers]]\nname = \"g1\"\n[[secondaries]]\ninventory = \"prod.toml\"\n",
    Some(4),
    "is this inventory itself"
)]
#[case::no_section("[ssh]\nuser = \"root\"\n", Some(1), "missing field `servers`")]
#[case::duplicate(
    "[[servers]]\nname = \"g1\"\n\n[[clients]]\nname = \"g1\"\n",
    Some(5),
    "named already on line 2"
)]
#[case::same_address(
    "[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g2\"\naddress = \"g1\"\n",
    Some(5),
    "same address and port as `g1`"
)]
#[case::bad_name("[[servers]]\nname = \"g1;reboot\"\n", Some(2), "is not a host name")]
#[case::bad_address("[[servers]]\nname = \"g1\"\naddress = \"-oProxyCommand=x\"\n", Some(3), "not a host")]
#[case::not_toml("[[servers]\n", Some(1), "")]
#[case::transport("[[servers]]\nname = \"g1\"\ntransport = \"telnet\"\n", Some(3), "no transport `telnet`")]
#[case::transport_of_no_kind("transport = 7\n[[servers]]\nname = \"g1\"\n", Some(1), "expected \"ssh\"")]
#[case::exec_for_all(
    "transport = { exec = [\"docker\"] }\n[[servers]]\nname = \"g1\"\n",
    Some(1),
    "names no host"
)]
#[case::two_locals(
    "transport = \"local\"\n[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g2\"\n",
    Some(5),
    "is `local`, and so is `g1`"
)]
#[case::install_by_no_path(
    "[packages]\ninstall = [\"upgrade\"]\n[[servers]]\nname = \"g1\"\n",
    Some(2),
    "no absolute path"
)]
#[case::half_a_placeholder(
    "[[servers]]\nname = \"g1\"\ninstall = [\"/opt/up\", \"v{release}\"]\n",
    Some(3),
    "whole arguments"
)]
#[case::application_of_nobody(
    "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"a\"\n",
    Some(4),
    "does not say how it is recognised"
)]
#[case::application_of_two_minds(
    "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"a\"\nunit = \"a.service\"\nstop = [\"x\"]\n",
    Some(4),
    "has a unit and commands too"
)]
#[case::application_without_a_program(
    "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"a\"\nprocess = \"p\"\nstop = []\nstart = [\"x\"]\n",
    Some(4),
    "`stop` names no program"
)]
#[case::application_twice(
    "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"a\"\nunit = \"a.service\"\n\
     [[servers.applications]]\nname = \"a\"\nunit = \"b.service\"\n",
    Some(7),
    "named already on line 4"
)]
#[case::no_unit(
    "[[servers]]\nname = \"g1\"\n[[servers.applications]]\nname = \"a\"\nunit = \"a.socket\"\n",
    Some(5),
    "is not a service of systemd"
)]
fn what_is_wrong_is_said_with_its_line(#[case] text: &str, #[case] line: Option<usize>, #[case] says: &str) {
    let error = read(text).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.problem.contains(says), "{error}");
    assert!(error.to_string().starts_with("pools/prod.toml"), "{error}");
    assert!(error.to_string().contains("hint: "), "{error}");
}

#[rstest]
#[case::unknown_section("[[server]]\nname = \"g1\"\n", "`[[secondaries]]` and `[[primaries]]`")]
#[case::no_name("[[servers]]\naddress = \"x\"\n", "add it to that section")]
#[case::key_twice("[[servers]]\nname = \"g1\"\nname = \"g2\"\n", "remove one of the two")]
#[case::no_servers("servers = []\n", "name every server of the pool")]
#[case::no_port("[[servers]]\nname = \"g1\"\nport = \"ssh\"\n", "write that line as")]
#[case::secondaries_twice(
    "[[servers]]\nname = \"g1\"\n[[secondaries]]\ninventory = \"a\"\n[[secondaries]]\ninventory = \"a\"\n",
    "remove the second"
)]
fn each_trouble_has_a_remedy_of_its_own(#[case] text: &str, #[case] remedy: &str) {
    let error = read(text).unwrap_err();
    assert!(error.hint.contains(remedy), "{error}");
}

#[rstest]
#[case("bastion", &["bastion"])]
#[case("root@g2.example.org:2222", &["g2.example.org"])]
#[case("ssh://admin@bastion:22,root@g2", &["bastion", "g2"])]
#[case("root@[2001:db8::2]:22", &["2001:db8::2"])]
fn jumps_are_read_as_ssh_reads_them(#[case] jump: &str, #[case] hosts: &[&str]) {
    let settings = SshSettings { jump: Some(jump.to_owned()), ..SshSettings::default() };
    assert_eq!(settings.jumps().collect::<Vec<_>>(), hosts);
}

#[rstest]
#[case::by_its_name("jump = \"root@g2\"", "", true)]
#[case::by_its_address("jump = \"G2.example.org:22\"", "", true)]
#[case::another("jump = \"bastion\"", "", false)]
#[case::none("", "", false)]
#[case::only_its_own("", "jump = \"g2\"", false)]
fn a_server_that_others_are_reached_through(#[case] shared: &str, #[case] own: &str, #[case] leads: bool) {
    let text = format!(
        "[ssh]\n{shared}\n[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g2\"\naddress = \"g2.example.org\"\n{own}\n"
    );
    let inventory = parse(Path::new("pool.toml"), &text).unwrap();
    assert_eq!(inventory.leads_through(&"g2".parse().unwrap()), leads);
    assert!(!inventory.leads_through(&"g1".parse().unwrap()));
}

/// A parser that lost count here would overflow its stack, and the program would be gone without a word.
#[rstest]
#[case("{{}=")]
#[case("{[]a")]
#[case("={[]")]
fn nesting_without_end_is_an_error_like_any_other(#[case] piece: &str) {
    let error = parse(Path::new("pool.toml"), &format!("x = {}", piece.repeat(6000))).unwrap_err();
    assert_eq!(error.line, Some(1), "{error}");
}
