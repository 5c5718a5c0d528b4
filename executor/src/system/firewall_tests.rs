//! Firewalls as operators have them: open, opened for a few bricks, opened for all.

use super::*;
use rstest::rstest;

const RANGE: (u16, u16) = (49152, 60999);

/// A table with one input chain and another one to jump to, as `nft -j` prints it.
fn table(policy: &str, rules: &str) -> String {
    format!(
        r#"{{"nftables": [{{"metainfo": {{"version": "1.0.6"}}}},
            {{"table": {{"family": "inet", "name": "filter"}}}},
            {{"chain": {{"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input",
                         "prio": 0, "policy": "{policy}"}}}}{rules}]}}"#
    )
}

fn rule(chain: &str, statements: &str) -> String {
    format!(
        r#", {{"rule": {{"family": "inet", "table": "filter", "chain": "{chain}", "expr": [{statements}]}}}}"#
    )
}

fn dport(ports: &str) -> String {
    format!(
        r#"{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "tcp", "field": "dport"}}}}, "right": {ports}}}}}"#
    )
}

const ACCEPT: &str = r#", {"accept": null}"#;
const DROP: &str = r#", {"drop": null}"#;
const ESTABLISHED: &str =
    r#"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}"#;
const FROM_HERE: &str = r#"{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
    "right": {"prefix": {"addr": "192.0.2.0", "len": 24}}}}"#;

#[test]
fn an_open_firewall_closes_nothing() {
    assert_eq!(nft(r#"{"nftables": [{"metainfo": {}}]}"#, RANGE), Ok(vec![]));
    assert_eq!(nft(&table("accept", ""), RANGE), Ok(vec![]));
    assert_eq!(iptables("", RANGE), Ok(vec![]));
    assert_eq!(iptables("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", RANGE), Ok(vec![]));
}

#[test]
fn what_is_not_let_in_is_closed_where_the_policy_drops() {
    let rules = rule("input", &(ESTABLISHED.to_owned() + ACCEPT))
        + &rule("input", &(dport(r#"{"range": [49152, 49155]}"#) + ACCEPT))
        + &rule("input", &(dport(r#"{"set": [22, 24007, {"range": [60000, 60999]}]}"#) + ACCEPT));
    assert_eq!(nft(&table("drop", &rules), RANGE), Ok(vec![(49156, 59999)]));
    let all = rule("input", &(dport(r#"{"range": [49152, 65535]}"#) + ACCEPT));
    assert_eq!(nft(&table("drop", &all), RANGE), Ok(vec![]));
}

#[test]
fn a_rule_that_drops_closes_its_ports_alone() {
    let rules = rule("input", &(dport(r#"{"range": [49156, 50000]}"#) + DROP));
    assert_eq!(nft(&table("accept", &rules), RANGE), Ok(vec![(49156, 50000)]));
}

#[test]
fn peers_may_be_whom_a_condition_is_for() {
    let let_in = rule("input", &format!("{FROM_HERE}{ACCEPT}"));
    assert_eq!(nft(&table("drop", &let_in), RANGE), Ok(vec![]), "peers may be in that network");
    let kept_out = rule("input", &format!("{FROM_HERE}{DROP}"));
    assert_eq!(nft(&table("accept", &kept_out), RANGE), Ok(vec![]), "and may not");
}

#[test]
fn chains_jump_to_each_other() {
    let rules = rule("input", r#"{"jump": {"target": "bricks"}}"#)
        + &rule("bricks", &(dport(r#"{"range": [49152, 50000]}"#) + r#", {"return": null}"#))
        + &rule("bricks", &(dport(r#"{"range": [49152, 52000]}"#) + DROP))
        + &rule("input", &(dport(r#"{"range": [49152, 51000]}"#) + ACCEPT));
    assert_eq!(nft(&table("drop", &rules), RANGE), Ok(vec![(50001, 60999)]));
    let forever = rule("input", r#"{"jump": {"target": "input"}}"#);
    assert_eq!(nft(&table("drop", &forever), RANGE), Ok(vec![RANGE]));
}

#[rstest]
#[case("-A INPUT -p tcp -m tcp --dport 49152:49155 -j ACCEPT\n", vec![(49156, 60999)])]
#[case("-A INPUT -p tcp -m multiport --dports 24007,49152:60999 -j ACCEPT\n", vec![])]
#[case("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", vec![(49152, 60999)])]
#[case("-A INPUT -s 192.0.2.0/24 -j ACCEPT\n", vec![])]
#[case("-A INPUT -i lo -j ACCEPT\n", vec![(49152, 60999)])]
#[case("-A INPUT -j OWN\n-A OWN -p tcp -m tcp --dport 49152:60998 -j ACCEPT\n", vec![(60999, 60999)])]
#[case("-A INPUT -p udp -j ACCEPT\n", vec![(49152, 60999)])]
fn rules_of_iptables(#[case] rules: &str, #[case] closed: PortRanges) {
    let text = format!("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n{rules}COMMIT\n");
    assert_eq!(iptables(&text, RANGE), Ok(closed));
}

#[test]
fn what_is_no_list_of_rules_is_unknown() {
    assert!(nft("", RANGE).is_err());
    assert!(nft("{}", RANGE).is_err());
    assert!(iptables("*filter\nCOMMIT\n", RANGE).is_err());
}
