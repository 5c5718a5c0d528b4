//! Text from hosts, made safe to print: no terminal obeys it.

/// Characters that show nothing and change how others are shown: they turn the direction of a line, or hide.
const UNSEEN: &[(char, char)] =
    &[('\u{200b}', '\u{200f}'), ('\u{202a}', '\u{202e}'), ('\u{2066}', '\u{2069}'), ('\u{feff}', '\u{feff}')];

/// Returns a text with every control character but line ends written out, such as `\u{1b}`.
///
/// Names, options and messages come from hosts: one that holds an escape sequence could otherwise move the cursor,
/// clear the screen, or write a line that looks like ours.
pub fn printable(text: String) -> String {
    if !text.chars().any(is_unseen) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            // Widths of tabs differ from terminal to terminal, which does no harm.
            '\t' => shown.push(' '),
            char if is_unseen(char) => shown.extend(char.escape_unicode()),
            char => shown.push(char),
        }
    }
    shown
}

/// Returns the text of some JSON with what no terminal should get written as JSON writes characters: it is the same JSON.
/// What is below a space is written so already; it can be nowhere but in strings.
pub fn printable_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        if is_unseen(char) {
            // None of them takes two units.
            shown.push_str(&format!("\\u{:04x}", u32::from(char)));
        } else {
            shown.push(char);
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
    fn what_a_terminal_would_obey_is_written_out() {
        let hostile = "a\u{1b}[2J\u{1b}]0;title\u{7}\rb\u{9b}31m\u{202e}c\u{8}\td\n";
        let shown = printable(hostile.to_owned());
        assert_eq!(shown, "a\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{d}b\\u{9b}31m\\u{202e}c\\u{8} d\n");
        assert_eq!(printable("plain ä → ok\n".into()), "plain ä → ok\n");
    }

    #[test]
    fn json_is_the_same_and_no_terminal_obeys_it() {
        let hostile = serde_json::json!({ "a\u{9b}31m": "b\u{1b}[2J\u{7f}\u{202e}\u{feff}c\t\nä" });
        for text in [hostile.to_string(), format!("{hostile:#}")] {
            let shown = printable_json(&text);
            assert!(!shown.chars().any(is_unseen), "{shown:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), hostile);
        }
    }
}
