//! `simulator run --keep`: which pools stay when their run has ended, and what to do with one.

use std::path::Path;

use super::say;
use crate::engine::{Kept, Run};
use crate::oracle::Verdict;

/// Which pools stay when their run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Keep {
    /// None
    #[default]
    Never,
    /// That of a scenario that did not pass
    OnFailure,
    /// All
    Always,
}

impl Keep {
    /// Returns the run with its things labelled as what may stay, where they may.
    pub(super) fn label(self, run: Run, folder: &Path) -> Run {
        match self {
            Keep::Never => run,
            Keep::OnFailure => run.kept(Kept::OnFailure, folder),
            Keep::Always => run.kept(Kept::Always, folder),
        }
    }

    /// Decides whether a pool stays after a run that ended with this verdict, or with none. An operator who interrupts
    /// wants it gone.
    pub(super) fn stays(self, verdict: Option<Verdict>, is_interrupted: bool) -> bool {
        let asked = match self {
            Keep::Never => false,
            Keep::OnFailure => verdict != Some(Verdict::Pass),
            Keep::Always => true,
        };
        asked && !is_interrupted
    }
}

/// Says how a pool that stays is reached and removed.
pub(super) fn say_how_to_reach(run: &Run, folder: &Path) {
    for line in how_to_reach(&run.id, folder) {
        say(&line);
    }
}

fn how_to_reach(id: &str, folder: &Path) -> Vec<String> {
    vec![
        format!(
            "kept: the pool of {id} is still up, its inventory is {}",
            folder.join("pool.toml").display()
        ),
        format!("  simulator shell HOST --run {id}, and likewise exec, logs and upgrade"),
        "  simulator ps shows its hosts, and everything else that is up".to_owned(),
        format!("  simulator down {id} removes it; `simulator clean` leaves it alone"),
    ]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::never(Keep::Never, Some(Verdict::Fail), false, false)]
    #[case::passed(Keep::OnFailure, Some(Verdict::Pass), false, false)]
    #[case::failed(Keep::OnFailure, Some(Verdict::Fail), false, true)]
    #[case::unknown(Keep::OnFailure, Some(Verdict::Unknown), false, true)]
    #[case::in_trouble(Keep::OnFailure, None, false, true)]
    #[case::always(Keep::Always, Some(Verdict::Pass), false, true)]
    #[case::interrupted(Keep::Always, None, true, false)]
    #[case::interrupted_at_the_end(Keep::Always, Some(Verdict::Pass), true, false)]
    fn what_stays(
        #[case] keep: Keep,
        #[case] verdict: Option<Verdict>,
        #[case] is_interrupted: bool,
        #[case] expected: bool,
    ) {
        assert_eq!(keep.stays(verdict, is_interrupted), expected);
    }

    #[rstest]
    #[case(Keep::Never, None)]
    #[case(Keep::OnFailure, Some(Kept::OnFailure))]
    #[case(Keep::Always, Some(Kept::Always))]
    fn what_may_stay_is_labelled(#[case] keep: Keep, #[case] expected: Option<Kept>) {
        assert_eq!(keep.label(Run::new("x"), Path::new("/runs/x")).kept, expected);
    }

    #[test]
    fn whoever_keeps_a_pool_is_told_how_to_remove_it() {
        let text = how_to_reach("gu-1-2-0", Path::new("/runs/x")).join("\n");
        for words in ["/runs/x/pool.toml", "simulator shell HOST --run gu-1-2-0", "simulator down gu-1-2-0"] {
            assert!(text.contains(words), "{text}");
        }
    }
}
