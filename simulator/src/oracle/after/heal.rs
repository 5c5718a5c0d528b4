//! Nothing to heal and no split-brain: by each brick's index, and by what `heal info` says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::shell;
use super::super::verdict::{Judge, shorten};
use super::super::{Expected, ExpectedVolume, Shell, Verdict, VolumeKind};
use super::{Looks, status};

/// `heal info` walks every entry; a backlog of thousands takes long, and is a failure anyway.
const LIMIT: Duration = Duration::from_secs(60);

/// Judges what waits to be healed in one volume. While a brick of it is out, whatever is written waits for it, and only
/// that nothing is split can be asked.
pub(super) async fn judge(
    shell: &dyn Shell,
    looks: &Looks,
    expected: &Expected,
    volume: &ExpectedVolume,
    judge: &mut Judge,
) {
    let is_out = |host: &str| expected.out.contains_key(host);
    let whole = !volume.bricks.iter().any(|brick| is_out(&brick.host));
    for brick in volume.bricks.iter().filter(|_| whole) {
        let look = match looks.get(&brick.host) {
            Some(look) => look.as_ref().map_err(Clone::clone),
            None => Err("its server was not looked at".to_owned()),
        };
        let pending = look.and_then(|look| match look.indices.get(&brick.path) {
            Some(entries) => entries.as_result().cloned(),
            None => Err("its index was not looked at".to_owned()),
        });
        let (verdict, found) = match pending {
            Ok(entries) if entries.is_empty() => (Verdict::Pass, "0 entries".to_owned()),
            Ok(entries) => (Verdict::Fail, format!("{} entries: {}", entries.len(), shorten(&entries))),
            Err(reason) => (Verdict::Unknown, reason),
        };
        let subject = format!("{} {brick}", volume.name);
        judge.assert("nothing to heal, by the brick's index", subject, verdict, "0 entries", found);
    }
    let server = status::asked(looks, expected);
    let mut questions = Vec::new();
    if whole {
        questions.push(("nothing to heal, by heal info", &["info"][..]));
    }
    match volume.kind {
        VolumeKind::Replicate { .. } => questions.push(("no split-brain", &["info", "split-brain"])),
        // Fragments cannot be split-brained; the command fails on such volumes ("Volume heal failed.").
        VolumeKind::Disperse { .. } | VolumeKind::Distribute => {}
    }
    for (name, arguments) in questions {
        let counts = match server {
            Some(server) => counts(shell, server, &volume.name, arguments).await,
            None => Err("no server could be looked at".to_owned()),
        };
        let (verdict, found) = weigh(counts, volume, is_out);
        let bricks = volume.bricks.iter().filter(|brick| !is_out(&brick.host)).count();
        judge.assert(name, &volume.name, verdict, format!("0 on each of {bricks} bricks"), found);
    }
}

/// Number of entries by brick, or the status that stands in its place.
type Counts = Result<BTreeMap<String, Result<u64, String>>, String>;

async fn counts(shell: &dyn Shell, server: &str, volume: &str, arguments: &[&str]) -> Counts {
    let mut argv = vec!["gluster", "--mode=script", "volume", "heal", volume];
    argv.extend(arguments);
    parse(&shell::read(shell, server, &argv, LIMIT).await?)
}

/// Reads blocks of `Brick HOST:PATH`, the entries, `Status: …`, `Number of entries[ in split-brain]: N` (glfs-heal.c).
/// A brick that is down has `-` for a number: not known, and not zero.
fn parse(text: &str) -> Counts {
    let (mut bricks, mut brick, mut status) = (BTreeMap::new(), None, "no status");
    for line in text.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix("Brick ") {
            brick = Some(name);
            status = "no status";
        } else if let Some(said) = line.strip_prefix("Status: ") {
            status = said;
        } else if let (true, Some((_, number))) =
            (line.starts_with("Number of entries"), line.rsplit_once(": "))
        {
            let name = brick.take().ok_or("heal info counts entries of no brick")?;
            let count = match number.parse() {
                Ok(count) if status == "Connected" => Ok(count),
                Ok(_) | Err(_) => Err(status.to_owned()),
            };
            bricks.insert(name.to_owned(), count);
        }
    }
    if bricks.is_empty() {
        return Err(format!("heal info said: {}", text.trim().lines().next().unwrap_or("nothing")));
    }
    Ok(bricks)
}

fn weigh(counts: Counts, volume: &ExpectedVolume, is_out: impl Fn(&str) -> bool) -> (Verdict, String) {
    let counts = match counts {
        Ok(counts) => counts,
        Err(reason) => return (Verdict::Unknown, reason),
    };
    let (mut verdict, mut found) = (Verdict::Pass, Vec::new());
    for brick in volume.bricks.iter().filter(|brick| !is_out(&brick.host)) {
        let (one, words) = match counts.get(&brick.to_string()) {
            Some(Ok(0)) => continue,
            Some(Ok(count)) => (Verdict::Fail, format!("{brick}: {count}")),
            Some(Err(status)) => (Verdict::Unknown, format!("{brick}: {status}")),
            None => (Verdict::Unknown, format!("{brick}: not listed")),
        };
        verdict = verdict.max(one);
        found.push(words);
    }
    let found = if found.is_empty() { "0 on each".to_owned() } else { shorten(&found) };
    (verdict, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brick_that_is_down_has_no_count() {
        let text = "Brick g1:/b\n/ \n/Status: odd name \n/f1 \nStatus: Connected\nNumber of entries: 3\n\n\
            Brick g2:/b\nStatus: Transport endpoint is not connected\nNumber of entries: -\n\n\
            Brick g3:/b\nStatus: Connected\nNumber of entries in split-brain: 0\n";
        let counts = parse(text).unwrap();
        assert_eq!(counts["g1:/b"], Ok(3));
        assert_eq!(counts["g2:/b"], Err("Transport endpoint is not connected".to_owned()));
        assert_eq!(counts["g3:/b"], Ok(0));
    }

    #[test]
    fn anything_else_has_no_counts() {
        assert!(parse("Launching heal operation failed\n").is_err());
        assert!(parse("").is_err());
    }
}
