//! `gluster volume status VOL`, as text: what one server's glusterd says of every brick and daemon.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::shell;
use super::super::{Expected, Shell};
use super::Looks;

/// glusterd gives a lock up after some time by itself; the command waits for it.
const LIMIT: Duration = Duration::from_secs(30);

/// Rows of the status by their first column, with whether the column "Online" says `Y`.
pub(super) type Status = Result<BTreeMap<String, bool>, String>;

/// Reads the status on the first server that could be looked at and serves.
pub(super) async fn read(shell: &dyn Shell, looks: &Looks, expected: &Expected, volume: &str) -> Status {
    let server = asked(looks, expected).ok_or("no server could be looked at")?;
    let argv = ["gluster", "--mode=script", "volume", "status", volume];
    parse(&shell::read(shell, server, &argv, LIMIT).await?, volume)
}

/// Returns the server to ask about a volume: the first one that could be looked at and serves.
pub(super) fn asked<'a>(looks: &'a Looks, expected: &Expected) -> Option<&'a str> {
    let mut serve = looks.iter().filter(|(server, _)| !expected.out.contains_key(*server));
    serve.find(|(_, look)| look.is_ok()).map(|(server, _)| server.as_str())
}

/// Reads the rows. A long first column is broken over several lines at any letter (cli-rpc-ops.c,
/// `cli_print_brick_status`); the row ends where the four columns ports, online and pid stand.
fn parse(text: &str, volume: &str) -> Status {
    if !text.lines().any(|line| line.trim_end() == format!("Status of volume: {volume}")) {
        return Err(format!("volume status said: {}", text.trim().lines().next().unwrap_or("nothing")));
    }
    let (mut rows, mut name) = (BTreeMap::new(), String::new());
    for line in text.lines().take_while(|line| !line.starts_with("Task Status")) {
        if name.is_empty() && !line.starts_with("Brick ") && !line.starts_with("Self-heal Daemon") {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let columns = words.len().saturating_sub(4);
        match words[columns..] {
            [_, _, online @ ("Y" | "N"), _] => {
                name += &words[..columns].join(" ");
                rows.insert(std::mem::take(&mut name), online == "Y");
            }
            _ => name += line.trim_end(),
        }
    }
    if rows.is_empty() { Err("volume status has no row".to_owned()) } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_long_names_joined() {
        let text = "Status of volume: v\n\
            Gluster process                             TCP Port  RDMA Port  Online  Pid\n\
            -----------------------\n\
            Brick g1:/bricks/vol                        60817     0          Y       126  \n\
            Brick a-very-long-name.example.com:/bricks/\n\
            vol                                         N/A       N/A        N       N/A  \n\
            Self-heal Daemon on localhost               N/A       N/A        Y       143  \n \n\
            Task Status of Volume v\n----\nThere are no active volume tasks\n";
        let rows = parse(text, "v").unwrap();
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert!(rows["Brick g1:/bricks/vol"]);
        assert!(!rows["Brick a-very-long-name.example.com:/bricks/vol"]);
        assert!(rows["Self-heal Daemon on localhost"]);
    }

    #[test]
    fn anything_else_is_no_status() {
        assert!(parse("Connection failed. Please check if gluster daemon is operational.\n", "v").is_err());
        assert!(parse("Volume v is not started\n", "v").is_err());
        assert!(parse("Status of volume: v\n", "v").is_err());
    }
}
