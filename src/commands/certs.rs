//! `wfctl certs`.

mod list;
mod rotate;

use super::output::print;
use super::runtime::block_on;
use crate::cli::CertsCommand;
use crate::failure::Failure;
use crate::printer::Printer;

/// Runs the command below it that was typed.
pub(super) fn run(command: &CertsCommand, printer: &Printer) -> Result<(), Failure> {
    match command {
        CertsCommand::Rotate(arguments) => rotate::run(arguments, printer),
        CertsCommand::List(arguments) => list::run(arguments, printer),
    }
}
