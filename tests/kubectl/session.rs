//! A kubectl and a server of its own, as if at a terminal.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::support::{Feature, Home, Lines, Server, Tool};

/// Runs `test` with every kubectl, each with an empty server.
pub(crate) fn with_each_kubectl(test: impl Fn(&Session)) {
    for tool in Tool::all() {
        let home = Home::new();
        let session = Session { tool, _server: home.start(), directory: tempfile::tempdir().unwrap(), home };
        test(&session);
    }
}

/// Somebody who types commands. A command is written as in a shell; words may be in single quotes.
#[derive(Debug)]
pub(crate) struct Session {
    tool: Tool,
    _server: Server,
    home: Home,
    /// The home directory of kubectl, where it keeps what it discovered, and where manifests are written.
    directory: TempDir,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Session {
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.tool.has(feature)
    }

    /// Writes a file in the current directory of the commands.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.directory.path().join(name), content).unwrap();
    }

    /// Runs `kubectl {command}`, which must succeed, and returns what it prints.
    #[track_caller]
    pub(crate) fn ok(&self, command: &str) -> String {
        self.ok_with(command, "")
    }

    /// As [`Session::ok`], with standard input.
    #[track_caller]
    pub(crate) fn ok_with(&self, command: &str, input: &str) -> String {
        let finished = self.run(command, input);
        assert_eq!(finished.code, Some(0), "{}", self.told(command, &finished));
        finished.stdout
    }

    /// Runs `kubectl {command}`, which must fail with status 1 and print nothing on standard output; returns what
    /// it says about that.
    #[track_caller]
    pub(crate) fn fails(&self, command: &str) -> String {
        self.fails_with(command, "")
    }

    /// As [`Session::fails`], with standard input.
    #[track_caller]
    pub(crate) fn fails_with(&self, command: &str, input: &str) -> String {
        let finished = self.run(command, input);
        assert_eq!(finished.code, Some(1), "{}", self.told(command, &finished));
        assert_eq!(finished.stdout, "", "{}", self.told(command, &finished));
        finished.stderr
    }

    pub(crate) fn run(&self, command: &str, input: &str) -> Finished {
        let mut process = self.command(command).stdin(Stdio::piped()).spawn().unwrap();
        // A kubectl that does not read its input may have ended before it is written.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let output = process.wait_with_output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a `kubectl {command}` that goes on by itself.
    pub(crate) fn start(&self, command: &str) -> Running {
        let mut process = self.command(command).stdin(Stdio::null()).spawn().unwrap();
        let stdout = Lines::of(process.stdout.take().unwrap());
        let stderr = Lines::of(process.stderr.take().unwrap());
        Running { process, stdout: Some(stdout), stderr }
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(&self.tool.path);
        command
            .args(split(words))
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("KUBECONFIG", self.home.kubeconfig())
            .env("KUBE_EDITOR", "sed -i -f script.sed")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn told(&self, command: &str, finished: &Finished) -> String {
        let Finished { code, stdout, stderr } = finished;
        format!("{} {command}\nstatus {code:?}\n{stdout}\n{stderr}", self.tool.path.display())
    }
}

/// A command that has not ended; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    stdout: Option<Lines>,
    pub(crate) stderr: Lines,
}

impl Running {
    /// Waits for a line with all the words, which may be separated by anything.
    pub(crate) fn wait_for(&mut self, words: &[&str]) -> String {
        self.stdout.as_mut().unwrap().wait_for(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Waits until it ends by itself and returns its exit status and what it printed.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let stdout = self.stdout.take().unwrap().all();
        (self.process.wait().unwrap().code(), stdout)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is no error.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Splits a command into words as a shell does, without more than spaces and single quotes.
fn split(command: &str) -> Vec<String> {
    let (mut words, mut quoted, mut open) = (Vec::new(), false, false);
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                open = false;
                continue;
            }
            _ => {}
        }
        if !open {
            words.push(String::new());
            open = true;
        }
        if c != '\'' {
            words.last_mut().unwrap().push(c);
        }
    }
    words
}

/// Returns the cells of a printed table, without its headings.
pub(crate) fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect()
}

/// Returns the first column of a printed table, without its heading.
pub(crate) fn names(table: &str) -> Vec<&str> {
    rows(table).iter().map(|row| row[0]).collect()
}
