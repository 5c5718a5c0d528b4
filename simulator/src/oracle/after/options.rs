//! The stored volumes: the same on every server, and what the operator set unchanged.

use std::collections::BTreeMap;

use super::super::look::StoredVolume;
use super::super::verdict::{Judge, shorten};
use super::super::{Allowance, Baseline, Expected, Stored, Verdict};
use super::Looks;

/// Judges the stored volumes of every server against the baseline and against each other.
pub(super) fn judge(looks: &Looks, expected: &Expected, baseline: &Baseline, judge: &mut Judge) {
    for volume in &expected.volumes {
        let name = &volume.name;
        for server in expected.releases.keys().filter(|server| !expected.is_down(server)) {
            let subject = format!("{name} on {server}");
            let pair = stored(looks, server, name)
                .and_then(|now| baseline.volume(server, name).map(|before| (before, now)));
            let (verdict, found) = match &pair {
                Err(reason) => (Verdict::Unknown, reason.clone()),
                Ok((before, now)) => {
                    let mut wanted = before.options();
                    wanted.extend(expected.set_since.get(name).cloned().unwrap_or_default());
                    compare_options(&wanted, &now.options(), &expected.allowances)
                }
            };
            judge.assert("options unchanged", &subject, verdict, "as before the run", found);
            let changes =
                pair.map(|(before, now)| describe_changes(&before.layout(), &now.layout(), &[]).unexpected);
            judge.none_wrong("layout unchanged", &subject, "as before the run", changes, "as before");
        }
        alike(looks, expected, name, judge);
    }
    no_other_volume(looks, expected, judge);
}

fn stored<'a>(looks: &'a Looks, server: &str, volume: &str) -> Result<&'a StoredVolume, String> {
    let look = looks.get(server).ok_or("it was not looked at")?.as_ref().map_err(Clone::clone)?;
    look.volumes.as_result()?.get(volume).ok_or_else(|| format!("{volume} is not stored on {server}"))
}

/// Asserts that all servers hold the same checksum of a volume: where they differ, peers reject each other at the
/// next handshake, although all looks well until then.
fn alike(looks: &Looks, expected: &Expected, volume: &str, judge: &mut Judge) {
    let sums: Result<Vec<(&String, &str)>, String> = looks
        .keys()
        .filter(|server| !expected.is_down(server))
        .map(|server| stored(looks, server, volume).map(|stored| (server, stored.cksum.trim())))
        .collect();
    let (verdict, found) = match sums {
        Err(reason) => (Verdict::Unknown, reason),
        Ok(sums) if sums.is_empty() => (Verdict::Unknown, "no server".to_owned()),
        Ok(sums) if sums.iter().any(|(_, sum)| sum.is_empty()) => {
            (Verdict::Unknown, "an empty checksum".to_owned())
        }
        Ok(sums) if sums.iter().all(|(_, sum)| *sum == sums[0].1) => (Verdict::Pass, sums[0].1.to_owned()),
        Ok(sums) => {
            let each = sums.iter().map(|(server, sum)| format!("{server} {sum}"));
            (Verdict::Fail, each.collect::<Vec<_>>().join("; "))
        }
    };
    let (name, verdict, wanted) = match expected.stored {
        Stored::Alike => ("stored alike on every server", verdict, "one checksum"),
        // What a scenario is about must have happened, or its verdict says nothing.
        Stored::Differing => {
            let turned = match verdict {
                Verdict::Pass => Verdict::Fail,
                Verdict::Fail => Verdict::Pass,
                Verdict::Unknown => Verdict::Unknown,
            };
            ("stored differently, as the scenario expects", turned, "several checksums")
        }
    };
    judge.assert(name, volume, verdict, wanted, found);
}

/// Asserts that nobody made or lost a volume.
fn no_other_volume(looks: &Looks, expected: &Expected, judge: &mut Judge) {
    let names: Vec<&str> = expected.volumes.iter().map(|volume| volume.name.as_str()).collect();
    for (server, look) in looks.iter().filter(|(server, _)| !expected.is_down(server)) {
        let wrong =
            look.as_ref().map_err(Clone::clone).and_then(|look| look.volumes.as_result()).map(|volumes| {
                let missing = names.iter().filter(|name| !volumes.contains_key(**name));
                let missing = missing.map(|name| format!("{name} is missing"));
                let more = volumes.keys().filter(|name| !names.contains(&name.as_str()));
                missing.chain(more.map(|name| format!("{name} is new"))).collect()
            });
        let expected = format!("exactly {}", names.join(", "));
        judge.none_wrong("volumes", server, &expected, wrong, &names.join(", "));
    }
}

fn compare_options(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    allowances: &[Allowance],
) -> (Verdict, String) {
    let Changes { unexpected, allowed } = describe_changes(before, now, allowances);
    if !unexpected.is_empty() {
        return (Verdict::Fail, shorten(&unexpected));
    }
    let mut found = vec![format!("{} options as before", before.len() - allowed.len())];
    found.extend(allowed);
    (Verdict::Pass, found.join("; "))
}

struct Changes {
    unexpected: Vec<String>,
    allowed: Vec<String>,
}

/// Lists what differs. An allowance covers only an option that is gone and had exactly the stated value.
fn describe_changes(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    allowances: &[Allowance],
) -> Changes {
    let mut changes = Changes { unexpected: Vec::new(), allowed: Vec::new() };
    for (key, value) in before {
        match now.get(key) {
            Some(same) if same == value => {}
            Some(other) => changes.unexpected.push(format!("{key} was {value}, is {other}")),
            None => match allowances.iter().find(|one| one.option == *key && one.value == *value) {
                Some(Allowance { option, value, reason }) => {
                    changes.allowed.push(format!("{option}={value} is gone, allowed: {reason}"));
                }
                None => changes.unexpected.push(format!("{key}={value} is gone")),
            },
        }
    }
    let new = now.iter().filter(|(key, _)| !before.contains_key(*key));
    changes.unexpected.extend(new.map(|(key, value)| format!("{key}={value} is new")));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_allowance_covers_only_its_value_and_only_its_loss() {
        let allowances =
            [Allowance { option: "nfs.disable".into(), value: "on".into(), reason: "gone".into() }];
        let verdict = |before: &[(&str, &str)], now: &[(&str, &str)]| {
            compare_options(&options(before), &options(now), &allowances).0
        };
        assert_eq!(verdict(&[("nfs.disable", "on")], &[]), Verdict::Pass);
        assert_eq!(verdict(&[("nfs.disable", "off")], &[]), Verdict::Fail);
        assert_eq!(verdict(&[("nfs.disable", "on")], &[("nfs.disable", "off")]), Verdict::Fail);
        assert_eq!(verdict(&[("auth.allow", "on")], &[]), Verdict::Fail);
        assert_eq!(verdict(&[], &[("auth.allow", "*")]), Verdict::Fail);
    }
}
