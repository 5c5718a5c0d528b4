//! A build as the operator sees it.

use std::collections::VecDeque;
use std::time::Instant;

use super::Say;

/// The lines of a failed build that a message quotes.
const LAST_LINES: usize = 20;

/// What a line begins with by which a script of an image tells what it is about to do.
const MARK: &str = "==> ";

/// Shows a build as it goes: a line for each step, and for what the scripts of an image tell; and the last lines of all for
/// when it fails.
pub(super) struct Progress<'a> {
    say: Say<'a>,
    begun: Instant,
    last: VecDeque<String>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(say: Say<'a>) -> Progress<'a> {
        Progress { say, begun: Instant::now(), last: VecDeque::new() }
    }

    pub(super) fn hear(&mut self, line: &str) {
        // The builder paints what a step writes to stderr.
        let line = line.replace("\x1b[91m", "").replace("\x1b[0m", "");
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        // Instructions are quoted by the builder with the marks in them, never at the begin of a line.
        if let Some(step) = line.strip_prefix("Step ").or_else(|| line.strip_prefix(MARK)) {
            (self.say)(&format!("  {:>4} s  {step}", self.begun.elapsed().as_secs()));
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    pub(super) fn last_lines(&self) -> String {
        let lines: Vec<String> = self.last.iter().map(|line| format!("  | {line}")).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn steps_are_shown_and_the_last_lines_kept() {
        let shown = Mutex::new(Vec::new());
        let say = |line: &str| shown.lock().unwrap().push(line.to_owned());
        let mut progress = Progress::new(&say);
        progress.hear("Step 1/2 : FROM x\n");
        progress.hear("==> downloading\n");
        for line in 0..LAST_LINES {
            progress.hear(&format!("\x1b[91mline {line}\x1b[0m"));
        }
        progress.hear("  ");
        assert_eq!(shown.lock().unwrap().len(), 2);
        assert!(shown.lock().unwrap()[1].ends_with(" s  downloading"));
        assert!(shown.lock().unwrap()[0].ends_with("1/2 : FROM x"));
        let last = progress.last_lines();
        assert!(last.starts_with("  | line 0\n"), "{last}");
        assert!(last.ends_with("  | line 19"), "{last}");
    }
}
