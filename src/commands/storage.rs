//! `wfctl storage`: what can be done with stored objects while no server uses them. Knows nothing of backends.

mod check;
mod export;
mod import;
mod kinds;
pub(super) mod lines;
mod migrate;
#[cfg(test)]
mod testing;
mod writing;

use anyhow::{Context, anyhow};
use tokio::runtime::Builder;

use crate::cli::StorageCommand;
use crate::config::{ConfigError, StorageUrl};
use crate::failure::Failure;
use crate::printer::Printer;

/// Runs a command about stored objects.
pub(super) fn run(command: &StorageCommand, printer: &Printer) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        match command {
            StorageCommand::Migrate(arguments) => migrate::run(arguments, printer).await,
            StorageCommand::Check(arguments) => check::run(arguments, printer).await,
            StorageCommand::Export(arguments) => export::run(arguments, printer).await,
            StorageCommand::Import(arguments) => import::run(arguments, printer).await,
        }
    })
}

/// Understands the storage URL that was typed for `what`.
fn url(what: &str, text: &str) -> Result<StorageUrl, Failure> {
    let url = text.parse().map_err(|error: ConfigError| {
        let hint = error.hint();
        Failure::usage(anyhow!("{what}: {error}"), hint)
    })?;
    match url {
        StorageUrl::Memory => {
            let why = anyhow!("{what}: memory: keeps nothing from one command to the next");
            Err(Failure::usage(why, "write sled:PATH, for example sled:wfctl-dev/data"))
        }
        url => Ok(url),
    }
}
