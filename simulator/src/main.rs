//! The simulator's program: arguments in, signals caught, an exit status out.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use simulator::cli::{Cli, Context, Exit, say};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .log_internal_errors(false) // they would be told by a panic, where the terminal is gone
        .init();
    match start(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            say(&format!("error: {error:#}"));
            Exit::Unknown.into()
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        let context = Context::default();
        catch_signals(context.cancelled.clone())?;
        Ok(match cli.run(&context).await {
            Ok(()) => Exit::Passed,
            Err(failure) => {
                say(&failure.message());
                failure.exit
            }
        })
    })
}

/// Turns the first SIGINT, SIGTERM or SIGHUP into a cancellation, so that what was started is removed in order. More
/// of them change nothing: a removal that is cut short leaves things behind.
fn catch_signals(cancelled: CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut hangup = if ignores_hangups() {
        None
    } else {
        Some(signal(SignalKind::hangup()).context("listening for SIGHUP")?)
    };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = hung_up(&mut hangup) => {}
            }
            cancelled.cancel();
            say("interrupted: removing what was started, a moment");
        }
    });
    Ok(())
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether SIGHUP was ignored when the program began (its bit of `SigIgn` in proc_pid_status(5)): `nohup` does
/// that, and whoever types it wants the rehearsal to go on.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
