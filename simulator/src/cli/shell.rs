//! `simulator shell` and `simulator exec`: on a host of a pool that is up, by way of the engine, so that a host whose SSH
//! or network is broken is reached as well.

use std::io::{IsTerminal, Read as _, Write as _};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::playing::{self, HostArgs};
use super::{Context, Exit, Failure};
use crate::engine::{Attached, Engine, Piece, Stdin};

/// Bash where there is one.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null && exec bash -l; exec sh -l"];

/// How much is read at once of what is typed.
const TYPED: usize = 4096;

/// Open a shell on a host of a pool that is up, by way of the engine
///
/// It works where the host's SSH or network does not. Without a terminal the shell reads its commands from stdin.
#[derive(Debug, clap::Args)]
pub(super) struct ShellArgs {
    #[command(flatten)]
    host: HostArgs,
}

/// Run a command on a host of a pool that is up, by way of the engine
///
/// It reads nothing. What it writes comes out as it is, and its exit status is that of this program, where nothing else
/// goes wrong.
#[derive(Debug, clap::Args)]
pub(super) struct ExecArgs {
    #[command(flatten)]
    host: HostArgs,
    /// The command and its arguments; no shell reads them
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) async fn exec(args: ExecArgs, context: &Context) -> Result<(), Failure> {
    let ExecArgs { host, command } = args;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let container = &playing::running(&runs, &host)?.container;
    let mut attached = engine.attach(container, &command, Vec::new(), Stdin::None).await?;
    loop {
        tokio::select! {
            piece = attached.next() => match piece? {
                Some(piece) => write(&piece)?,
                None => break,
            },
            () = context.cancelled.cancelled() => return Err(interrupted()),
        }
    }
    match attached.status().await? {
        0 => Ok(()),
        status => Err(Failure {
            exit: u8::try_from(status).map_or(Exit::Unknown, Exit::Theirs),
            error: format!("`{}` on {} ended with {status}", command.join(" "), host.host).into(),
            hint: None,
        }),
    }
}

pub(super) async fn shell(args: ShellArgs, context: &Context) -> Result<(), Failure> {
    let ShellArgs { host } = args;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let container = &playing::running(&runs, &host)?.container;
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let stdin = if is_terminal { Stdin::Terminal } else { Stdin::Piped };
    // The kind of the terminal, so that editors there know what they are drawn on.
    let env = std::env::var("TERM").map(|kind| vec![format!("TERM={kind}")]).unwrap_or_default();
    let mut attached = engine.attach(container, &SHELL.map(str::to_owned), env, stdin).await?;
    let _raw = if is_terminal { Some(Raw::enter().map_err(of_the_terminal)?) } else { None };
    converse(&mut attached, is_terminal, context).await
}

/// Passes on what is typed and what comes of it, until the shell ends.
async fn converse(attached: &mut Attached, is_terminal: bool, context: &Context) -> Result<(), Failure> {
    let mut typed = typed();
    let mut is_open = true;
    let mut resized = signal(SignalKind::window_change()).map_err(of_the_terminal)?;
    if is_terminal {
        fit(attached).await;
    }
    loop {
        tokio::select! {
            piece = attached.next() => match piece? {
                Some(piece) => write(&piece)?,
                None => return Ok(()),
            },
            bytes = typed.recv(), if is_open => {
                let passed = match &bytes {
                    Some(bytes) => attached.input.write_all(bytes).await,
                    None => attached.input.shutdown().await,
                };
                // A shell that has ended reads no more; its last words are still to come.
                is_open = bytes.is_some() && passed.is_ok();
            }
            _ = resized.recv(), if is_terminal => fit(attached).await,
            () = context.cancelled.cancelled() => return Err(interrupted()),
        }
    }
}

/// Tells the terminal in the host how large this one is. Where that fails, lines are as long as they are.
async fn fit(attached: &Attached) {
    if let Ok(size) = tcgetwinsize(std::io::stdout()) {
        let _ = attached.resize(size.ws_row, size.ws_col).await;
    }
}

/// Reads stdin in a thread that nobody waits for: a read that is under way cannot be taken back.
fn typed() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut bytes = [0; TYPED];
        while let Ok(count @ 1..) = std::io::stdin().read(&mut bytes) {
            if sender.blocking_send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Passes on a piece of what was said. It goes to whoever asked for it, as it is.
fn write(piece: &Piece) -> Result<(), Failure> {
    let written = match piece {
        Piece::Out(bytes) => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        Piece::Err(bytes) => std::io::stderr().lock().write_all(bytes),
    };
    written.map_err(|error| Failure { exit: Exit::Unknown, error: error.into(), hint: None })
}

fn interrupted() -> Failure {
    Failure {
        exit: Exit::Unknown,
        error: "interrupted; what was started on the host may go on there".into(),
        hint: None,
    }
}

fn of_the_terminal(error: impl Into<std::io::Error>) -> Failure {
    Failure { exit: Exit::Unknown, error: format!("the terminal: {}", error.into()).into(), hint: None }
}

/// A terminal that passes on each key, until this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> rustix::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone has no manners to get back.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
