//! Servers that serve nothing, as a fault left them: that it is so, and that the others know it.

use super::super::look::Role;
use super::super::verdict::{Judge, shorten};
use super::super::{Out, Verdict};
use super::Looks;

/// What the engine says of a container that has ended.
const ENDED: &str = "is not running";

/// Judges that a server is out in the way that the scenario says: otherwise its verdict would be about something else.
pub(super) fn judge(looks: &Looks, server: &str, how: Out, judge: &mut Judge) {
    let look = looks.get(server);
    match how {
        Out::Down => {
            let (verdict, found) = match look {
                Some(Ok(_)) => (Verdict::Fail, "it answers".to_owned()),
                Some(Err(reason)) if reason.contains(ENDED) => (Verdict::Pass, reason.clone()),
                Some(Err(reason)) => (Verdict::Unknown, reason.clone()),
                None => (Verdict::Unknown, "it was not looked at".to_owned()),
            };
            judge.assert("server has no power", server, verdict, "a container that has ended", found);
        }
        Out::NotServing => {
            let look = look.map_or_else(|| Err("it was not looked at".to_owned()), Clone::clone);
            let serving = look.and_then(|look| {
                let processes = look.processes.as_result()?;
                let bricks = processes.iter().filter_map(|process| match process.role() {
                    Role::Brick { path } if !process.ports.is_empty() => Some(path),
                    Role::Brick { .. } | Role::Glusterd | Role::SelfHeal | Role::Rebalance | Role::Other => {
                        None
                    }
                });
                Ok(bricks.collect::<Vec<_>>())
            });
            let (verdict, found) = match serving {
                Ok(serving) if serving.is_empty() => (Verdict::Pass, "none serves".to_owned()),
                Ok(serving) => (Verdict::Fail, shorten(&serving)),
                Err(reason) => (Verdict::Unknown, reason),
            };
            judge.assert("server serves no brick", server, verdict, "no brick with an open port", found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::super::super::testing;
    use super::*;

    #[rstest]
    #[case::down(Out::Down, Err("container 1 is not running"), Verdict::Pass)]
    #[case::unreachable(Out::Down, Err("no engine"), Verdict::Unknown)]
    #[case::up(Out::Down, Ok(false), Verdict::Fail)]
    #[case::serves(Out::NotServing, Ok(true), Verdict::Fail)]
    #[case::serves_not(Out::NotServing, Ok(false), Verdict::Pass)]
    #[case::unreadable(Out::NotServing, Err("no engine"), Verdict::Unknown)]
    fn a_server_that_is_out(#[case] how: Out, #[case] seen: Result<bool, &str>, #[case] verdict: Verdict) {
        let look = seen.map_err(str::to_owned).map(|serves| {
            let mut look = testing::look("g2");
            let super::super::super::look::Part::Ok(processes) = &mut look.processes else {
                panic!("unreadable")
            };
            if !serves {
                processes.retain(|process| process.ports != [50337]);
            }
            look
        });
        let mut judge = Judge::new("test");
        super::judge(&BTreeMap::from([("g2".to_owned(), look)]), "g2", how, &mut judge);
        assert_eq!(judge.done().verdict(), verdict);
    }
}
