//! Words as they can be pasted into a shell.

/// Returns a word as it can be pasted into a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_commands_can_be_pasted() {
        assert_eq!(quoted("pools/prod.toml"), "pools/prod.toml");
        assert_eq!(quoted("my pool's.toml"), r"'my pool'\''s.toml'");
        assert_eq!(quoted(""), "''");
    }
}
