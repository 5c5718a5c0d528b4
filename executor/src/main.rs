//! The program `executor`.

use std::process::ExitCode;

use clap::Parser;
use executor::cli::{self, Cli};
use executor::core::exit::Exit;

#[tokio::main]
async fn main() -> ExitCode {
    // Usage errors end with 2 within clap, which is our code for them too.
    match cli::run(Cli::parse()).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Defect.into()
        }
    }
}
