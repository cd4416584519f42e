//! What somebody sees who runs commands one after another, compared with what is expected: `tests/golden/flows/`.
//! `UPDATE_GOLDENS=1 cargo test --test install` rewrites it.

use super::golden;
use super::standin::{Cluster, Output};
use super::words::{Words, lasting};

/// Commands and what they told.
pub(crate) struct Transcript {
    words: Words,
    text: String,
}

impl Transcript {
    pub(crate) fn new() -> Self {
        Self { words: Words::default(), text: String::new() }
    }

    /// Says what happens between two commands.
    pub(crate) fn note(&mut self, what: &str) {
        self.text += &format!("# {what}\n");
    }

    /// Runs a command, expects its exit status, and adds what it told.
    pub(crate) async fn run(&mut self, cluster: &Cluster, line: &str, code: i32) -> Output {
        let output = run(cluster, line).await.expect(code);
        self.add(line, &output);
        output
    }

    /// Adds a command that has been run.
    pub(crate) fn add(&mut self, line: &str, output: &Output) {
        let code = output.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let section = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {name}\n{text}"),
        };
        let streams = section("stdout", &output.stdout) + &section("stderr", &lasting(&output.stderr));
        let told = self.words.stable(&streams);
        self.text += &format!("$ wfctl {line}\n{told}--- exit status {code}\n\n");
    }

    /// Compares all of it.
    pub(crate) fn check(self, name: &str) {
        golden::check(&format!("flows/{name}.txt"), &self.text);
    }
}

/// Runs a command on a terminal of the usual width.
pub(crate) async fn run(cluster: &Cluster, line: &str) -> Output {
    let mut command = cluster.wfctl(line.split_whitespace());
    Output::of(command.env("COLUMNS", "80").spawn().unwrap()).await
}
