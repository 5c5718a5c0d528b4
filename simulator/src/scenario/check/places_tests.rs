//! Tests of many errors at once: all are told, each with its line and column.

use super::super::ScenarioError;
use super::tests::{GOOD, read_all};

/// Returns line and column of each error.
fn places(errors: &[ScenarioError]) -> Vec<(usize, usize)> {
    errors.iter().map(|error| (error.line.unwrap(), error.column.unwrap())).collect()
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_line_and_column() {
    let text = GOOD
        .replace("\"10.3\"", "\"10.9\"")
        .replace("mounts = [\"vol0\"]", "mounts = [\"vol1\", \"vol2\"]")
        .replace("client = \"c1\"", "client = \"c2\"")
        .replace("second = 25", "second = 25000")
        .replace(
            "to = \"11.1\"",
            "to = \"11.9\"\nwaive = [\"SPLIT_BRAIN:v\", \"NOPE\"]\ndown = [\"g1\", \"g9\"]",
        );
    let errors = read_all(&text).unwrap_err();
    let expected =
        [(4, 11), (12, 11), (12, 19), (14, 10), (16, 25), (18, 6), (19, 10), (19, 27), (20, 9), (20, 15)];
    assert_eq!(places(&errors), expected, "{errors:#?}");
    // Where nothing else can be known, nothing is made up: `c2` has no mounts that could be missing.
    assert!(!errors.iter().any(|error| error.problem.contains("mount of that client")), "{errors:#?}");
}

#[test]
fn of_each_section_its_shape_is_told() {
    let text = GOOD
        .replace("replica = 3", "replica = \"three\"")
        .replace("outcome = \"upgraded\"", "outcme = \"upgraded\"")
        .replace("[workload]", "[wrokload]\nx = 1\n[workload]\nclint = \"c1\"");
    let errors = read_all(&text).unwrap_err();
    assert_eq!(places(&errors), [(9, 11), (13, 2), (16, 1), (22, 1)], "{errors:#?}");
    let hint = |says: &str| errors.iter().find(|error| error.problem.contains(says)).unwrap().hint;
    assert!(hint("unknown field `outcme`").starts_with("correct it, or take it out"));
    assert!(hint("invalid type").starts_with("write it as scenarios/README.md does"));
}

#[test]
fn all_lines_that_are_no_toml_are_told() {
    let text = GOOD.replace("[pool]", "[pool").replace("[[orders]]", "[[orders]");
    let errors = read_all(&text).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|error| error.line.unwrap()).collect();
    assert_eq!(lines, [2, 17], "{errors:#?}");
    let row = GOOD.replace("servers = [", "servers = [[ = = ").replace("about = \"x\"", "about = \"x");
    let errors = read_all(&row).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|error| error.line.unwrap()).collect();
    assert!(lines.is_sorted() && lines.windows(2).all(|pair| pair[0] < pair[1]), "once a line: {errors:#?}");
    assert_eq!((lines[0], lines[1], errors[1].hint), (1, 5, "mend the TOML of this line"), "{errors:#?}");
}

#[test]
fn a_file_of_errors_is_told_in_part() {
    let text = format!("{GOOD}{}", "[[clients]]\nname = 1\n".repeat(60));
    let errors = read_all(&text).unwrap_err();
    assert_eq!((errors.len(), errors[49].line, errors[50].line), (51, Some(119), Some(121)), "{errors:#?}");
    assert_eq!(errors[50].problem, "and 10 more, from here on");
}

/// A file that is long and wrong from end to end takes no longer than it takes to read it.
#[test]
fn a_long_file_of_nonsense_is_refused() {
    for piece in ["= ", "=\n", "[[orders]]\n", "x = 1\n", "\"a\" = [\n"] {
        assert!(read_all(&piece.repeat((1 << 17) / piece.len())).is_err());
    }
}

#[test]
fn a_column_counts_characters_and_a_mark_of_byte_order_is_none() {
    let text = format!("\u{feff}{}", GOOD.replace("about = \"x\"", "tags = [\"ä\"]; about = \"x\""));
    assert_eq!(places(&read_all(&text).unwrap_err())[0], (1, 13));
}
