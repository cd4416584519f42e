//! The scripts of shells that take more than the ones that come with `clap_complete` give.
//!
//! bash parts words at `=` and `:` before it asks: its script puts them together again, so that `--context=a` and
//! `sled:/data` are words as everywhere else. zsh puts a space behind whatever it completes: not where more is to come,
//! says its script.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::{self, EnvCompleter};

/// bash.
pub(super) const BASH: Scripted = Scripted { shell: &env::Bash, script: include_str!("wfctl.bash") };
/// zsh.
pub(super) const ZSH: Scripted = Scripted { shell: &env::Zsh, script: include_str!("wfctl.zsh") };

/// Asks for a shell by a script of its own.
pub(super) struct Scripted {
    shell: &'static dyn EnvCompleter,
    script: &'static str,
}

impl EnvCompleter for Scripted {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        _name: &str,
        program: &str,
        asked: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        let filled = self.script.replace("VARIABLE", variable).replace("PROGRAM", program);
        script.write_all(filled.replace("ASKED", &quoted(asked)).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        directory: Option<&Path>,
        offer: &mut dyn Write,
    ) -> io::Result<()> {
        self.shell.write_complete(command, words, directory, offer)
    }
}

fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}
