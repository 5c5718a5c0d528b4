//! The command line: what can be said to the simulator, and how it answers. One file a command.

mod catalogs;
mod check;
mod clean;
mod doctor;
mod down;
mod failure;
mod images;
mod import;
mod judge;
mod keep;
mod list;
mod logs;
mod mount;
mod plan;
mod playing;
mod print;
mod program;
mod ps;
mod record;
mod report;
mod run;
mod selection;
mod shell;
mod totals;
mod up;
mod upgrade;

use std::io::Write as _;

use clap::{Parser, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;

pub use self::failure::{Exit, Failure};

/// Rehearses a GlusterFS upgrade on a disposable pool of real Gluster in containers, and judges it.
///
/// Each rehearsal brings up a pool of its own: servers, bricks, volumes and clients, all of them containers on
/// this machine's engine. What it makes is labelled and removed at its end; what is not its own is never touched.
#[derive(Debug, Parser)]
#[command(name = "simulator", version, after_help = EXITS)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXITS: &str = "\
A first rehearsal, and what is left of it:
  simulator run scenarios/online-replicated.toml
  less runs/latest/report.txt      (report.html beside it has drawings, for a browser)

Before one, with no engine:
  simulator list                      which scenarios there are
  simulator check my-scenario.toml    all that is wrong with a file, with places and remedies
  simulator plan my-scenario.toml     who is on the stage, and what would happen

A pool to play with by hand:
  simulator up scenarios/online-replicated.toml
  simulator ps
  simulator down --all

Exit status:
  0  it went well; of a rehearsal: every verdict is \"pass\"
  1  it failed: something was seen that must not be
  2  bad input: the command line, a scenario, the catalog; nothing was started
  3  could not tell: a verdict is \"unknown\" (something could not be looked at, a judge crashed),
     or there was trouble with the host or its container engine, or an interruption
     exec and upgrade end with the status of what they run, where that was run

Environment:
  DOCKER_HOST         another engine
  SIMULATOR_NETWORKS  where networks are taken from, each a subnet of its own; networks parted by commas
                      [default: 10.213.0.0/16,172.16.0.0/16]
  NO_COLOR            is honoured
  RUST_LOG            what is told besides on stderr, such as simulator=debug

Data goes to stdout, everything else to stderr. What a rehearsal leaves is below runs/.";

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::Args),
    Run(run::Args),
    Check(check::Args),
    Plan(plan::Args),
    List(list::Args),
    Report(report::Args),
    Up(up::Args),
    Ps(ps::Args),
    Upgrade(upgrade::Args),
    Judge(judge::Args),
    Shell(shell::ShellArgs),
    Exec(shell::ExecArgs),
    Logs(logs::Args),
    Mount(mount::Args),
    Down(down::Args),
    Images(images::Args),
    Import(import::Args),
    Record(record::Args),
    Clean(clean::Args),
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// What every command gets.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Cancelled when the operator interrupts.
    pub cancelled: CancellationToken,
}

impl Cli {
    /// Says what is wrong with a command line, the program's name first; nothing where it could be typed.
    pub fn fault<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let error = Self::try_parse_from(words).err().filter(clap::Error::use_stderr)?;
        Some(error.to_string())
    }

    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// [`Failure`] with the exit status and what to tell the operator.
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.command {
            Command::Doctor(args) => doctor::run(args).await,
            Command::Run(args) => run::run(args, context).await,
            Command::Check(args) => check::run(&args),
            Command::Plan(args) => plan::run(&args),
            Command::List(args) => list::run(&args),
            Command::Report(args) => report::run(&args),
            Command::Up(args) => up::run(args, context).await,
            Command::Ps(args) => ps::run(args).await,
            Command::Upgrade(args) => upgrade::run(args).await,
            Command::Judge(args) => judge::run(args).await,
            Command::Shell(args) => shell::shell(args, context).await,
            Command::Exec(args) => shell::exec(args, context).await,
            Command::Logs(args) => logs::run(args).await,
            Command::Mount(args) => mount::run(args).await,
            Command::Down(args) => down::run(args).await,
            Command::Images(args) => images::run(args, context).await,
            Command::Import(args) => import::run(args),
            Command::Record(args) => record::run(args, context).await,
            Command::Clean(args) => clean::run(args).await,
        }
    }
}

/// Tells the operator a line. A terminal that was closed reads no more, and what was started is to be removed all the
/// same.
pub fn say(line: &str) {
    // `eprintln!` would panic there.
    let _ = writeln!(std::io::stderr(), "{line}");
}
