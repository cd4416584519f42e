//! The commands, one file each.

mod certs;
mod completions;
pub(crate) mod deadline;
mod example;
mod image;
mod install;
mod output;
mod runtime;
mod serve;
mod status;
mod storage;
mod uninstall;
mod version;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::printer::Printer;

/// Runs the command that was typed.
pub(crate) fn run(cli: &Cli, printer: &Printer) -> Result<(), Failure> {
    match &cli.command {
        Command::Serve(arguments) => serve::run(arguments, cli.global.verbose, printer),
        Command::Install(arguments) => install::run(arguments, printer),
        Command::Status(arguments) => status::run(arguments, printer),
        Command::Uninstall(arguments) => uninstall::run(arguments, printer),
        Command::Certs(command) => certs::run(command, printer),
        Command::Image(command) => image::run(command, printer),
        Command::Storage(command) => storage::run(command, printer),
        Command::Example => example::run(printer),
        Command::Version(arguments) => version::run(arguments, printer),
        Command::Completions { shell } => completions::run(*shell, printer),
    }
}
