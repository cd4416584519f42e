//! What a shell offers behind what was typed so far: the script that lets it ask, and the answers. The script asks this
//! very program, each time, by an environment variable that names the shell and with the words behind `--`: so what is
//! offered always fits what the program takes, and can come from a kubeconfig or a cluster.
//!
//! Nothing here ever complains: who presses a key wants an offer, or nothing.

mod scripts;
mod urls;
mod values;

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf, absolute};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell};

use self::scripts::{BASH, ZSH};
use crate::cli::Cli;
use crate::failure::Failure;
use crate::printer::Printer;

/// Names the shell that asks.
const VARIABLE: &str = "WFCTL_COMPLETE";
const PROGRAM: &str = "wfctl";

/// How does the last of these words go on?
pub(crate) struct Question {
    shell: &'static dyn EnvCompleter,
    words: Vec<OsString>,
}

impl Question {
    /// Returns what a shell asks with `arguments`, if it is one that asks.
    pub(crate) fn asked(arguments: &[OsString]) -> Option<Self> {
        let shell = adapter(env::var(VARIABLE).ok()?.as_str())?;
        match arguments {
            [_, dashes, words @ ..] if dashes == "--" && !words.is_empty() => {
                Some(Self { shell, words: words.to_vec() })
            }
            _ => None,
        }
    }

    /// Prints what can stand there, in the form that the shell wants.
    pub(crate) fn answer(self, printer: &Printer) -> Result<(), Failure> {
        let mut command = values::offered(Cli::command(), &self.words);
        let (here, mut offer) = (env::current_dir().ok(), Vec::new());
        let answered = self.shell.write_complete(&mut command, self.words, here.as_deref(), &mut offer);
        let printed = answered.and_then(|()| printer.data(&String::from_utf8_lossy(&offer)));
        Ok(printed.context("cannot write what can stand there")?)
    }
}

/// Returns the script that lets `shell` ask.
pub(crate) fn script(shell: Shell) -> io::Result<String> {
    let mut script = Vec::new();
    let adapter = adapter(&shell.to_string()).ok_or(io::ErrorKind::Unsupported)?;
    adapter.write_registration(VARIABLE, PROGRAM, PROGRAM, &asked_program(), &mut script)?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

fn adapter(shell: &str) -> Option<&'static dyn EnvCompleter> {
    const ALL: [&dyn EnvCompleter; 5] = [&BASH, &Elvish, &Fish, &Powershell, &ZSH];
    ALL.into_iter().find(|adapter| adapter.name() == shell)
}

/// Returns how this program was called; by a path that holds in any directory, if by one.
fn asked_program() -> String {
    let called = env::args_os().next().map_or_else(|| PROGRAM.into(), PathBuf::from);
    let is_found = called.parent() == Some(Path::new(""));
    let path = if is_found { called } else { absolute(&called).unwrap_or(called) };
    path.to_string_lossy().into_owned()
}
