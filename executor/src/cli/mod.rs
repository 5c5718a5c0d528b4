//! The command line: what was asked for, who does it, how it ends.

mod drive;
mod explain;
mod finalize;
mod hazards;
mod inspect;
mod interrupt;
mod keeper;
mod last;
mod look;
mod manual;
mod own_claims;
mod path;
mod pause;
mod quoted;
mod resume;
mod rollback;
mod run;
mod say;
mod status;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::quoted::quoted;
use crate::core::exit::Exit;
use crate::core::finding::Waiver;
use crate::core::names::{HostName, Release};
use crate::core::plan::{Direction, Procedure, Request};
use crate::render::Commands;

/// Upgrades a GlusterFS trusted storage pool, one gated step at a time.
///
/// Online (rolling) for pools whose volumes are all replicated: one server at a time is stopped, upgraded and
/// started, while the others carry its data. Offline (`--offline`) for any other pool, with a dispersed or a purely
/// distributed volume: all servers together, within a downtime of its clients. Clients and geo-replication have their
/// place in both. Before each step and after it the pool is looked at; what could not be seen counts as not well. A run
/// that cannot go on safely halts, says what it waits for, what is safe and what to type, and is taken up again with
/// `executor resume`.
#[derive(Debug, Parser)]
#[command(name = "executor", version, after_long_help = format!("{}\n\n{}", manual::AFTER_HELP, Exit::HELP), max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Says more on stderr: -v what is done on hosts, -vv every command
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows everything that can be seen of the pool: hosts, packages, disks, processes, volumes, clients
    ///
    /// Judges nothing and changes nothing. What could not be seen is told with its reason. Exit code 0: here it is.
    Inspect(inspect::InspectArgs),
    /// Looks at the pool and prints every finding that stands in the way, all at once
    ///
    /// Changes nothing. Exit code 0: an upgrade can be planned; 10: findings stand in the way.
    Check(CheckArgs),
    /// Shows what an upgrade would do, step by step, with the gates of each step
    ///
    /// Changes nothing. Exit code 0: here is the plan, or nothing to do; 10: refused, with every finding.
    Plan(CheckArgs),
    /// Upgrades the pool: shows the plan, asks, then does it
    ///
    /// On a terminal it asks before it acts. In a script, --yes answers for you; with neither, it does not act.
    Run(RunArgs),
    /// Says whether a server may be stopped now, and which volume and set speaks against it
    ///
    /// Asks what the gate in front of a stop asks. Changes nothing. Exit code 0: yes; 10: no; 12: it cannot tell,
    /// since not everything could be seen.
    OkToStop(OkToStopArgs),
    /// Judges a pool after an upgrade, point by point, at any time
    ///
    /// Changes nothing. Exit code 0: the pool is at the release and well; 10: it is not, or not all could be seen.
    Verify(VerifyArgs),
    /// Raises the op-version, alone: what a run with --keep-op-version left for later
    ///
    /// Shows what it will do, asks, then does it, with the same gates as the last stage of a run. There is no way
    /// back after it. Every server must run one release, and every connected client must be able to follow.
    Finalize(FinalizeArgs),
    /// Takes the pool back to the release from before an upgrade, until the op-version is raised
    ///
    /// Clients first, then server by server, or all within a downtime where the upgrade had one. Shows it, asks, does it.
    Rollback(rollback::RollbackArgs),
    /// Goes on with the last run of this pool, where it stopped
    ///
    /// It looks at the pool before each step, as the first run did: a step whose effect is there is not done
    /// again. What was mended by hand in the meantime is believed as far as the pool shows it.
    Resume(ResumeArgs),
    /// Asks the live run of this pool to stop where nothing is out, such as between two servers
    ///
    /// From another terminal. It first finishes what it has begun: a server that is down is brought up again and seen
    /// to be well. It ends with 11 then, and `executor resume` goes on. Ctrl-C in its own terminal does the same.
    Pause(pause::PauseArgs),
    /// Shows how the pool stands and how far the last run came
    ///
    /// Changes nothing, and works while a run is alive. Exit code 0: the pool is well; 10: there are findings.
    Status(StatusArgs),
    /// Tells what stands behind the code of a finding: why it matters, the remedy, the source
    ///
    /// Looks at no pool. Exit code 0: here it is; 2: there is no such code, and the nearest ones are named.
    Explain(explain::ExplainArgs),
    /// Shows the way from one release to another: the chain of upgrades that the guides allow
    ///
    /// Looks at no pool. Exit code 0: here it is, or nothing to do; 10: there is no way (backward, or to a release
    /// never to stop at); 2: a release that is in no line from 3.7 to 11.
    Path(path::PathArgs),
    /// Lists the known breaks of an upgrade, on every hop of its way, and what is done about each
    ///
    /// Looks at no pool: `executor check` tells which of them concern yours. Exit codes as for `path`.
    Hazards(hazards::HazardsArgs),
}

/// Where the pool is.
#[derive(Debug, Args)]
struct PoolArgs {
    /// The inventory: which servers form the pool, and how to reach them
    #[arg(short, long, value_name = "FILE")]
    inventory: PathBuf,

    /// Where journals and locks are kept [default: $XDG_STATE_HOME/gluster-upgrade or ~/.local/state/gluster-upgrade]
    #[arg(long, value_name = "DIR", env = "GLUSTER_UPGRADE_STATE_DIR")]
    state_dir: Option<PathBuf>,
}

/// What is wished for.
#[derive(Debug, Args)]
struct WishArgs {
    /// The release to upgrade to, such as 11.1
    #[arg(long, value_name = "RELEASE", value_parser = path::target)]
    to: Release,

    /// Lets a finding stand, by code and subject, such as NFS_OPTIONS_DROPPED:vol0; may be repeated.
    /// Findings about data cannot be waived. Waivers are shown in the plan and kept in the journal
    #[arg(long, value_name = "CODE:SUBJECT")]
    waive: Vec<Waiver>,

    /// Upgrades all servers together within a downtime, in place of one after the other while the pool serves.
    /// The only way for a pool with a dispersed or a purely distributed volume
    #[arg(long)]
    offline: bool,

    /// Leaves the op-version as it is: the way back stays open. `executor finalize` raises it another day
    #[arg(long)]
    keep_op_version: bool,

    /// How many client machines of the inventory are upgraded at once, after the servers; 0 leaves them to you
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients_at_once: usize,
}

impl WishArgs {
    /// Returns the wish as planning takes it.
    fn request(&self) -> Request {
        let Self { to, waive, offline, keep_op_version, clients_at_once } = self;
        Request {
            to: *to,
            direction: Direction::Up,
            only: Default::default(),
            procedure: if *offline { Procedure::Offline } else { Procedure::Online },
            waivers: waive.clone(),
            keep_op_version: *keep_op_version,
            clients_at_once: *clients_at_once,
        }
    }
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    pool: PoolArgs,

    #[command(flatten)]
    wish: WishArgs,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    pool: PoolArgs,

    #[command(flatten)]
    wish: WishArgs,

    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
struct OkToStopArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// The server, by its name in the inventory
    #[arg(value_name = "HOST")]
    host: HostName,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// The release the pool is meant to be at
    #[arg(long, value_name = "RELEASE", value_parser = path::target)]
    to: Release,

    /// The op-version is meant to be the old one still
    #[arg(long)]
    keep_op_version: bool,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

#[derive(Debug, Args)]
struct FinalizeArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// Lets a finding stand, by code and subject, such as CLIENT_TOO_OLD:192.0.2.7; may be repeated
    #[arg(long, value_name = "CODE:SUBJECT")]
    waive: Vec<Waiver>,

    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
struct ResumeArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// With --yes, goes on with a copy of a run too: nobody works on it in the other place any more
    #[arg(long)]
    take_over: bool,

    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
struct ActArgs {
    /// Acts without asking
    #[arg(long)]
    yes: bool,

    /// Writes every event as a line of JSON to this file, or to stdout with `-`
    #[arg(long, value_name = "FILE|-", value_parser = run::events_target)]
    events: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// Judges the pool against this release [default: the one of the last run]
    #[arg(long, value_name = "RELEASE", value_parser = path::target)]
    to: Option<Release>,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum OutputFormat {
    /// For people
    #[default]
    Human,
    /// For scripts
    Json,
}

impl Cli {
    /// Says what is wrong with a command line, the program's name first; nothing where it could be typed.
    pub fn fault<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let error = Self::try_parse_from(words).err().filter(clap::Error::use_stderr)?;
        Some(error.to_string())
    }
}

/// Does what the command line asks for.
///
/// # Errors
/// Only what no exit code speaks for: a defect, or an output that cannot be written.
pub async fn run(cli: Cli) -> anyhow::Result<Exit> {
    say::listen(cli.verbose);
    let exit = match cli.command {
        Command::Inspect(args) => inspect::inspect(args).await,
        Command::Check(args) => look::check(args).await,
        Command::Plan(args) => look::plan(args).await,
        Command::Run(args) => run::run(args).await,
        Command::OkToStop(args) => verify::may_stop(args).await,
        Command::Verify(args) => verify::verify(args).await,
        Command::Finalize(args) => finalize::finalize(args).await,
        Command::Resume(args) => resume::resume(args).await,
        Command::Pause(args) => pause::pause(args).await,
        Command::Rollback(args) => rollback::rollback(args).await,
        Command::Status(args) => status::status(args).await,
        Command::Explain(args) => Ok(explain::explain(&args)),
        Command::Path(args) => Ok(path::path(&args)),
        Command::Hazards(args) => Ok(hazards::hazards(&args)),
    };
    exit.map(say::told)
}

impl PoolArgs {
    /// Returns where journals are kept.
    fn state_folder(&self) -> PathBuf {
        let from_env =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        self.state_dir
            .clone()
            .or_else(|| from_env("XDG_STATE_HOME").map(|base| base.join("gluster-upgrade")))
            .or_else(|| from_env("HOME").map(|home| home.join(".local/state/gluster-upgrade")))
            .unwrap_or_else(|| PathBuf::from("/var/lib/gluster-upgrade"))
    }

    /// Returns a command for this pool, as it would be typed again.
    fn named(&self, name: &str) -> String {
        let inventory = quoted(&self.inventory.display().to_string());
        let state = self
            .state_dir
            .as_ref()
            .map_or(String::new(), |dir| format!(" --state-dir {}", quoted(&dir.display().to_string())));
        format!("executor {name} -i {inventory}{state}")
    }

    /// Returns the commands to name in messages.
    fn commands(&self, to: Release) -> Commands {
        Commands {
            status: self.named("status"),
            resume: self.named("resume"),
            plan: format!("{} --to {to}", self.named("plan")),
            pause: self.named("pause"),
        }
    }

    fn finalize_command(&self) -> String {
        self.named("finalize")
    }

    /// Returns the command of this name that asks for the same.
    fn command(&self, name: &str, request: &Request) -> String {
        let Request { to, direction, only, procedure, waivers, keep_op_version, clients_at_once } = request;
        let name = if *direction == Direction::Back { "rollback" } else { name };
        let mut command = self.commands(*to).plan.replacen("executor plan", &format!("executor {name}"), 1);
        match procedure {
            Procedure::Online => {}
            Procedure::Offline => command.push_str(" --offline"),
        }
        for waiver in waivers {
            command.push_str(&format!(" --waive {waiver}"));
        }
        if *keep_op_version && *direction == Direction::Up {
            command.push_str(" --keep-op-version");
        }
        if *clients_at_once != 1 {
            command.push_str(&format!(" --clients-at-once {clients_at_once}"));
        }
        only.iter().for_each(|host| command.push_str(&format!(" {host}")));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
