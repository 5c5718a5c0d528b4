//! Text from hosts, files and programs, made safe to show: no terminal and no page obeys it, and no XML breaks at it.

/// Characters that show nothing and change how others are shown, or that XML does not allow: they turn the direction of
/// a line, hide, or are none.
const UNSEEN: &[(char, char)] = &[
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2066}', '\u{2069}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fffe}', '\u{ffff}'),
];

/// Returns a text with every control character but line ends written out, such as `\u{1b}`.
///
/// The executor has the like for what it prints. This is not shared: the simulator knows its wire types alone.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\t' => shown.push(' '),
            char if is_unseen(char) => shown.extend(char.escape_unicode()),
            char => shown.push(char),
        }
    }
    shown
}

fn is_unseen(char: char) -> bool {
    let control = char.is_control() && char != '\n';
    control || UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_written_out() {
        let hostile = "a\u{1b}[2J\u{7}\rb\u{9b}31m\u{202e}c\u{8}\td\u{0}\u{ffff}\n";
        let shown = printable(hostile);
        assert_eq!(shown, "a\\u{1b}[2J\\u{7}\\u{d}b\\u{9b}31m\\u{202e}c\\u{8} d\\u{0}\\u{ffff}\n");
        assert_eq!(printable("plain ä → ok\n"), "plain ä → ok\n");
    }
}
