//! What every way to a host has to keep, whatever it is: one contract, put to each of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use executor::core::command::{Command, Effect};
use executor::core::names::HostName;
use executor::transport::{ReadOnly, Transport, TransportError};

/// A host, a way to it, and a look at it past that way.
#[async_trait(?Send)]
pub(crate) trait Bench {
    /// Returns the way that is put to the test.
    fn transport(&self) -> &dyn Transport;

    /// Returns whether a process with exactly these words runs on the host.
    async fn runs(&self, words: &[&str]) -> bool;

    /// Returns whether a file is on the host.
    async fn has(&self, path: &str) -> bool;

    /// Cuts the way while a command with this word runs, as a network or a host that fails would.
    async fn cut(&self, word: &str);
}

/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Texts that a shell, ssh or a program's options would make something of.
const HOSTILE: &[&str] = &[
    "two words",
    "",
    "it's",
    "\"quoted\"",
    "$HOME `id` $(id) ${PATH}",
    "a;b|c&d>e<f\\",
    "line\nbreak\ttab\r",
    "!history !!",
    "*?[a]{b,c}~",
    "-n",
    "--",
    "-oProxyCommand=reboot",
    "ünïcode ☃ \u{202e}",
    "#comment",
    "%h %%",
    "vol; touch /tmp/injected #",
    "$(touch /tmp/injected)",
    "`touch /tmp/injected`",
    "'; touch /tmp/injected; '",
    "\n touch /tmp/injected\n",
    "g1:/bricks/$(touch /tmp/injected)",
];

/// Puts the whole contract to a way.
pub(crate) async fn holds(bench: &dyn Bench) {
    arguments_arrive_unchanged(bench).await;
    status_and_streams_are_the_commands_own(bench).await;
    output_is_bounded(bench).await;
    a_deadline_is_kept_on_the_host(bench).await;
    what_is_cut_midway_is_lost(bench).await;
    looking_only_changes_nothing(bench).await;
}

fn g1() -> HostName {
    "g1".parse().unwrap()
}

fn reads(argv: &[&str], seconds: u64) -> Command {
    Command::reads(argv.iter().copied(), Duration::from_secs(seconds))
}

fn script(text: &'static str, arguments: &[&str]) -> Command {
    Command::script(Effect::Reads, text, arguments.iter().copied(), Duration::from_secs(60))
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !look().await {
        assert!(begun.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn arguments_arrive_unchanged(bench: &dyn Bench) {
    let argv = [&["printf", "%s\\0"], HOSTILE].concat();
    let output = bench.transport().run(&g1(), &reads(&argv, 60)).await.unwrap();
    let arrived: Vec<&str> = output.stdout.strip_suffix('\0').unwrap().split('\0').collect();
    assert_eq!(arrived, HOSTILE, "as words of a command");

    let echo = script("# Echoes.\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done", HOSTILE);
    assert_eq!(
        bench.transport().run(&g1(), &echo).await.unwrap().stdout,
        output.stdout,
        "as arguments of a script"
    );
    // A program is a word as well.
    for name in ["$(touch /tmp/injected)", "no such;touch /tmp/injected", "-no-such"] {
        let output = bench.transport().run(&g1(), &reads(&[name], 60)).await.unwrap();
        assert!(output.status != 0, "{name} ran: {output:?}");
    }
    assert!(!bench.has("/tmp/injected").await, "a shell has read an argument");
}

async fn status_and_streams_are_the_commands_own(bench: &dyn Bench) {
    for status in [0, 1, 2, 75, 124, 125, 126, 127, 137, 254, 255] {
        let output =
            bench.transport().run(&g1(), &script("# Exits.\nexit $1", &[&status.to_string()])).await.unwrap();
        assert_eq!(output.status, status);
    }
    let missing = bench.transport().run(&g1(), &reads(&["no-such-program"], 60)).await.unwrap();
    assert_eq!(missing.status, 127);
    assert!(missing.stderr.contains("no-such-program"), "{missing:?}");
    let killed = bench.transport().run(&g1(), &script("# Dies.\nkill -TERM $$", &[])).await.unwrap();
    assert_eq!(killed.status, 128 + 15);
    // Streams apart, and nothing to read: `cat` would wait for ever.
    let both = script("# Prints.\ncat; printf out; printf err >&2; exit 3", &[]);
    let output = bench.transport().run(&g1(), &both).await.unwrap();
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (3, "out", "err"));
    let none = bench.transport().run(&g1(), &reads(&["true"], 60)).await.unwrap();
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", ""));
}

async fn output_is_bounded(bench: &dyn Bench) {
    // Bytes that are no text: they are read, and what is no UTF-8 is replaced.
    let binary = script("# Prints bytes.\nprintf 'a\\377\\000\\376b'", &[]);
    assert_eq!(bench.transport().run(&g1(), &binary).await.unwrap().stdout, "a\u{fffd}\0\u{fffd}b");
    // Large, and whole.
    let large = reads(&["head", "-c", "5000000", "/dev/zero"], 120);
    assert_eq!(bench.transport().run(&g1(), &large).await.unwrap().stdout.len(), 5_000_000);
    // Too large, on either stream: said, not cut in silence.
    for flood in ["# Floods.\nhead -c 40000000 /dev/zero", "# Floods.\nhead -c 40000000 /dev/zero >&2"] {
        let result = bench.transport().run(&g1(), &script(flood, &[])).await;
        assert!(
            matches!(result, Err(TransportError::TooMuchOutput { .. })),
            "{:?}",
            result.map(|o| o.status)
        );
    }
}

/// Returns a number that no other test of this machine has: by it a process is told from all others.
fn own(kind: &str) -> String {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    format!("{kind}{}{:03}", std::process::id(), TAKEN.fetch_add(1, Ordering::Relaxed))
}

async fn a_deadline_is_kept_on_the_host(bench: &dyn Bench) {
    let begun = Instant::now();
    let time = own("4321.");
    let result = bench.transport().run(&g1(), &reads(&["sleep", &time], 1)).await;
    assert!(matches!(result, Err(TransportError::Deadline { seconds: 1, .. })), "{result:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!(!bench.runs(&["sleep", &time]).await, "it still runs on the host");
}

async fn what_is_cut_midway_is_lost(bench: &dyn Bench) {
    // Long enough to be seen, short enough to be gone by its deadline, which the host keeps without us.
    let time = own("1234.");
    let long = Command::changes(["sleep", &time], Duration::from_secs(15));
    let host = g1();
    let (result, ()) = tokio::join!(bench.transport().run(&host, &long), async {
        until("the command to run", async || bench.runs(&["sleep", &time]).await).await;
        bench.cut(&time).await;
    });
    assert!(matches!(result, Err(TransportError::Lost { .. })), "{result:?}");
    until("its deadline to end it on the host", async || !bench.runs(&["sleep", &time]).await).await;
    // The next command finds a way again.
    assert_eq!(bench.transport().run(&g1(), &reads(&["true"], 60)).await.unwrap().status, 0);
}

async fn looking_only_changes_nothing(bench: &dyn Bench) {
    struct Borrowed<'a>(&'a dyn Transport);
    #[async_trait]
    impl Transport for Borrowed<'_> {
        async fn run(
            &self,
            host: &HostName,
            command: &Command,
        ) -> Result<executor::core::command::Output, TransportError> {
            self.0.run(host, command).await
        }
    }
    let looking = ReadOnly(Borrowed(bench.transport()));
    let mark = &own("/tmp/contract-");
    let change = Command::changes(["touch", mark.as_str()], Duration::from_secs(60));
    let refused = looking.run(&g1(), &change).await;
    assert!(matches!(refused, Err(TransportError::ReadOnly { .. })), "{refused:?}");
    assert!(!bench.has(mark).await);
    assert_eq!(looking.run(&g1(), &reads(&["true"], 60)).await.unwrap().status, 0);
    // The same command does it where changes are allowed.
    assert_eq!(bench.transport().run(&g1(), &change).await.unwrap().status, 0);
    assert!(bench.has(mark).await);
    let gone = Command::changes(["rm", mark.as_str()], Duration::from_secs(60));
    assert_eq!(bench.transport().run(&g1(), &gone).await.unwrap().status, 0);
    assert!(!bench.has(mark).await);
}
