//! Clients that are programs of their own.

use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::follower::{Follower, Reports};
use super::picture::Picture;
use super::selection::Selection;
use super::stage::Stage;

/// A program whose output is read while it runs; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    errors: ChildStderr,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let errors = child.stderr.take().unwrap();
        Self { child, errors, lines }
    }

    /// Waits until it has ended; shows how, and what it said last, with the test's own output.
    pub(crate) async fn ended(mut self) {
        let mut errors = String::new();
        self.errors.read_to_string(&mut errors).await.unwrap();
        eprintln!("{}: {errors}", self.child.wait().await.unwrap());
    }
}

/// Starts a client that takes a kubeconfig and a selection as JSON, and whenever it has seen a new mark prints
/// a line: what it keeps, as a list of objects.
pub(crate) fn follow(stage: &Stage, name: &str, mut command: Command, selection: Selection) -> Follower {
    let directory = tempfile::tempdir().unwrap();
    command
        .arg(stage.kubeconfig())
        .arg(serde_json::to_string(&selection).unwrap())
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path());
    Follower::start(name, selection, Picture::Whole, |reports| tell(command, directory, reports))
}

async fn tell(mut command: Command, _home: TempDir, reports: Reports) {
    let mut program = Program::start(&mut command);
    while let Some(line) = program.lines.next_line().await.unwrap() {
        let objects: Vec<Value> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        reports.tell(&objects);
    }
    program.ended().await;
}
