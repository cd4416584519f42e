//! The entry point: parse, run, print what went wrong, choose the exit code. The only place that ends the
//! process.

mod audit_log;
mod build;
mod cli;
mod cluster;
mod commands;
mod completion;
mod config;
mod failure;
mod files;
mod kubeconfig;
mod logging;
mod manifest;
mod names;
mod oci;
mod pki;
mod pods;
mod printer;
mod proof;
mod rotation;
mod settings;
mod signals;
mod status;
mod store;
mod uninstall;
mod values;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, ColorWhen};
use crate::completion::Question;
use crate::failure::Failure;
use crate::printer::Printer;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(question) = Question::asked(&arguments) {
        let printer = Printer::new(ColorWhen::Never);
        return conclude(&printer, question.answer(&printer));
    }
    let arguments = Cli::completed(arguments);
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => {
            let printer = Printer::new(cli.global.color);
            conclude(&printer, commands::run(&cli, &printer))
        }
        Err(error) => reject(&Printer::new(ColorWhen::peek(&arguments)), &error),
    }
}

/// Reports how a command ended: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
fn conclude(printer: &Printer, outcome: Result<(), Failure>) -> ExitCode {
    let (error, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => (error, 1),
        Err(Failure::Usage(error)) => (error, 2),
        Err(Failure::Interrupted(error)) => (error, 130),
    };
    printer.error(&error);
    ExitCode::from(code)
}

/// Reports arguments that are no command: help and version as data with code 0, the rest as wrong usage.
fn reject(printer: &Printer, error: &clap::Error) -> ExitCode {
    match printer.parser_message(error) {
        Ok(()) if error.exit_code() == 0 => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(2),
        Err(_) => ExitCode::FAILURE,
    }
}
