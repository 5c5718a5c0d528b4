//! Which ports a firewall closes: rules of nftables and of iptables, reduced to what a new TCP connection meets.
//!
//! Not a simulation of the kernel's: what a rule asks besides the port (where a packet comes from, say) cannot be
//! answered for peers and clients that are not known here. Such a rule is taken to let them through if it accepts,
//! and not to concern them if it drops. So what is found closed is closed to all.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::system::PortRanges;

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Accept,
    Drop,
    Jump(String),
    /// Back to the chain that jumped here.
    Return,
    /// Counts, logs and the like: the next rule decides.
    Continue,
}

/// A rule, as far as a new TCP connection to a port is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// The ports it is for; `None` for all.
    ports: Option<PortRanges>,
    /// Whether it can be for a new TCP connection from outside at all.
    concerns: bool,
    /// Whether it asks for more than the port.
    conditional: bool,
    verdict: Verdict,
}

/// The chains of one table, by name.
#[derive(Debug, Default)]
struct Chains {
    rules: BTreeMap<String, Vec<Rule>>,
    /// The chains that incoming packets enter, and whether those that reach their end are dropped.
    inputs: Vec<(String, bool)>,
}

/// Chains jump to each other; no sane firewall does it so often.
const DEPTH: u32 = 16;

impl Chains {
    /// Returns which of these ports the chains close.
    fn closed(&self, range: (u16, u16)) -> PortRanges {
        let mut closed: Vec<u16> = Vec::new();
        for (chain, drops) in &self.inputs {
            let mut open: Vec<u16> = (range.0..=range.1).collect();
            self.walk(chain, &mut open, &mut closed, DEPTH);
            if *drops {
                closed.append(&mut open);
            }
        }
        closed.sort_unstable();
        closed.dedup();
        ranges(&closed)
    }

    /// Takes the ports that a chain decides about out of `undecided`, the dropped ones into `closed`.
    fn walk(&self, chain: &str, undecided: &mut Vec<u16>, closed: &mut Vec<u16>, depth: u32) {
        if depth == 0 {
            return;
        }
        let mut returned: Vec<u16> = Vec::new();
        for rule in self.rules.get(chain).into_iter().flatten().filter(|rule| rule.concerns) {
            let (mut met, others): (Vec<u16>, Vec<u16>) =
                undecided.drain(..).partition(|port| rule.meets(*port));
            *undecided = others;
            match &rule.verdict {
                Verdict::Accept => {}
                Verdict::Drop if rule.conditional => undecided.append(&mut met),
                Verdict::Drop => closed.append(&mut met),
                Verdict::Jump(chain) => {
                    let mut dropped = Vec::new();
                    self.walk(chain, &mut met, &mut dropped, depth - 1);
                    undecided.append(&mut met);
                    // What a chain drops of packets that came there on a condition is not dropped for all.
                    if rule.conditional {
                        undecided.append(&mut dropped)
                    } else {
                        closed.append(&mut dropped)
                    }
                }
                Verdict::Return if !rule.conditional => returned.append(&mut met),
                Verdict::Return | Verdict::Continue => undecided.append(&mut met),
            }
        }
        undecided.append(&mut returned);
    }
}

impl Rule {
    fn meets(&self, port: u16) -> bool {
        self.ports
            .as_ref()
            .is_none_or(|ranges| ranges.iter().any(|(first, last)| (*first..=*last).contains(&port)))
    }
}

fn ranges(ports: &[u16]) -> PortRanges {
    let mut ranges: PortRanges = Vec::new();
    for port in ports {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*port) => *last = *port,
            _ => ranges.push((*port, *port)),
        }
    }
    ranges
}

/// Returns which ports of the range `nft -j list ruleset` closes, or why that cannot be told.
pub(super) fn nft(text: &str, range: (u16, u16)) -> Result<PortRanges, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("the rules of nft: {error}"))?;
    let entries = value["nftables"].as_array().ok_or("the rules of nft: no list of them")?;
    let mut tables: BTreeMap<String, Chains> = BTreeMap::new();
    for entry in entries {
        let of = |kind: &Value| format!("{} {}", word(&kind["family"]), word(&kind["table"]));
        if let Some(chain) = entry.get("chain") {
            if word(&chain["hook"]) == "input" && word(&chain["type"]) == "filter" {
                let input = (word(&chain["name"]).to_owned(), word(&chain["policy"]) == "drop");
                tables.entry(of(chain)).or_default().inputs.push(input);
            }
        } else if let Some(rule) = entry.get("rule") {
            let statements = rule["expr"].as_array().ok_or("the rules of nft: one without statements")?;
            let chain = word(&rule["chain"]).to_owned();
            tables.entry(of(rule)).or_default().rules.entry(chain).or_default().push(nft_rule(statements));
        }
    }
    let mut closed: Vec<u16> = Vec::new();
    // Rules for IPv6 alone say nothing of a pool that speaks IPv4.
    for (_, chains) in
        tables.iter().filter(|(table, _)| table.starts_with("ip ") || table.starts_with("inet "))
    {
        closed.extend(chains.closed(range).into_iter().flat_map(|(first, last)| first..=last));
    }
    closed.sort_unstable();
    closed.dedup();
    Ok(ranges(&closed))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn nft_rule(statements: &[Value]) -> Rule {
    let mut rule = Rule { ports: None, concerns: true, conditional: false, verdict: Verdict::Continue };
    for statement in statements {
        let Some((kind, body)) = statement.as_object().and_then(|object| object.iter().next()) else {
            rule.conditional = true;
            continue;
        };
        match kind.as_str() {
            "accept" => rule.verdict = Verdict::Accept,
            "drop" | "reject" => rule.verdict = Verdict::Drop,
            "return" => rule.verdict = Verdict::Return,
            "jump" | "goto" => rule.verdict = Verdict::Jump(word(&body["target"]).to_owned()),
            "counter" | "log" | "comment" => {}
            "match" => nft_match(&mut rule, body),
            _ => rule.conditional = true,
        }
    }
    rule
}

fn nft_match(rule: &mut Rule, body: &Value) {
    let (left, right) = (&body["left"], &body["right"]);
    let equal = matches!(word(&body["op"]), "==" | "in");
    let field = |kind: &str| word(&left[kind]["key"]).to_owned();
    let protocol = word(&left["payload"]["protocol"]);
    match (protocol, word(&left["payload"]["field"])) {
        ("tcp" | "th", "dport") => match ports(right).filter(|_| equal) {
            Some(ranges) => rule.ports = Some(ranges),
            None => rule.conditional = true,
        },
        ("udp" | "icmp" | "icmpv6", _) => rule.concerns = false,
        ("ip", "protocol") if equal => rule.concerns &= says(right, "tcp"),
        ("", _) if field("meta") == "l4proto" && equal => rule.concerns &= says(right, "tcp"),
        ("", _) if field("ct") == "state" && equal => rule.concerns &= says(right, "new"),
        ("", _) if field("meta") == "iifname" && equal && right == "lo" => rule.concerns = false,
        _ => rule.conditional = true,
    }
}

/// Whether a value is this word or a set or list with it.
fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(list) => list.iter().any(|one| says(one, wanted)),
        Value::Object(object) => object.get("set").is_some_and(|set| says(set, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Reads a port, a range of ports or a set of both.
fn ports(value: &Value) -> Option<PortRanges> {
    let port = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok());
    if let Some(port) = port(value) {
        return Some(vec![(port, port)]);
    }
    if let Some([first, last]) = value["range"].as_array().map(Vec::as_slice) {
        return Some(vec![(port(first)?, port(last)?)]);
    }
    let all: Option<Vec<PortRanges>> = value["set"].as_array()?.iter().map(ports).collect();
    all.map(|all| all.concat())
}

/// Returns which ports of the range the rules of `iptables-save` close, or why that cannot be told.
pub(super) fn iptables(text: &str, range: (u16, u16)) -> Result<PortRanges, String> {
    let mut chains = Chains::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [":INPUT", policy, ..] => chains.inputs.push(("INPUT".to_owned(), policy == "DROP")),
            ["-A", chain, ref rest @ ..] => {
                chains.rules.entry(chain.to_owned()).or_default().push(iptables_rule(rest));
            }
            _ => {}
        }
    }
    if chains.inputs.is_empty() && !text.trim().is_empty() {
        return Err("the rules of iptables: no chain INPUT".to_owned());
    }
    Ok(chains.closed(range))
}

fn iptables_rule(words: &[&str]) -> Rule {
    let mut rule = Rule { ports: None, concerns: true, conditional: false, verdict: Verdict::Continue };
    let mut rest = words;
    while let [flag, tail @ ..] = rest {
        let value = tail.first().copied().unwrap_or_default();
        let mut takes = 1;
        match *flag {
            "-p" => rule.concerns &= ["tcp", "all"].contains(&value),
            "-m" | "--comment" | "--reject-with" | "--log-prefix" | "--log-level" => {}
            "--dport" | "--dports" => match iptables_ports(value) {
                Some(ranges) => rule.ports = Some(ranges),
                None => rule.conditional = true,
            },
            "--state" | "--ctstate" => rule.concerns &= value.split(',').any(|state| state == "NEW"),
            "-i" if value == "lo" => rule.concerns = false,
            "-j" | "-g" => {
                rule.verdict = match value {
                    "ACCEPT" => Verdict::Accept,
                    "DROP" | "REJECT" => Verdict::Drop,
                    "RETURN" => Verdict::Return,
                    "LOG" | "NFLOG" => Verdict::Continue,
                    chain => Verdict::Jump(chain.to_owned()),
                };
            }
            _ => {
                rule.conditional = true;
                takes = usize::from(!value.starts_with('-'));
            }
        }
        rest = tail.get(takes..).unwrap_or_default();
    }
    rule
}

fn iptables_ports(text: &str) -> Option<PortRanges> {
    let one = |text: &str| -> Option<(u16, u16)> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.split(',').map(one).collect()
}

#[cfg(test)]
#[path = "firewall_tests.rs"]
mod tests;
