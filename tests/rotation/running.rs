//! A rotation that is under way.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::installation::rotation;
use super::standin::{Cluster, Output};

const PATIENCE: Duration = Duration::from_secs(120);

/// A process, and what it says.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    said: String,
}

impl Running {
    pub(crate) fn start(cluster: &Cluster, flags: &str) -> Self {
        let mut child = cluster.wfctl(rotation(flags)).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, said: String::new() }
    }

    /// Waits until it says this.
    pub(crate) async fn says(&mut self, words: &str) {
        while !self.said.lines().last().is_some_and(|line| line.contains(words)) {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.expect("a process says something or ends").unwrap();
            self.said += &line.unwrap_or_else(|| panic!("it ended without {words:?}:\n{}", self.said));
            self.said += "\n";
        }
    }

    /// Kills it at once.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end.
    pub(crate) async fn interrupt(self) -> Output {
        let id = self.child.id().unwrap();
        let sent = Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await;
        assert!(sent.unwrap().success());
        self.end().await
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Output {
        while let Some(line) = timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap() {
            self.said += &line;
            self.said += "\n";
        }
        Output { stderr: self.said, ..Output::of(self.child).await }
    }
}
