//! A process of its own: what it says, and how it ends.

use std::process::{Child, Command, ExitStatus, Stdio};

use crate::lines::Lines;

/// A process that is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    log: Lines,
    /// What it said before it was asked for, each line of which counts once.
    early: Vec<String>,
}

impl Process {
    /// Starts `wfctl` with nothing but these arguments.
    pub(super) fn start(arguments: &[String]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wfctl"))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        Self { child, log, early: Vec::new() }
    }

    /// Waits for a line with `words`, keeps those before it for later, and returns it.
    pub(super) fn will_say(&mut self, words: &str) -> String {
        loop {
            let line = self.log.wait_for(|_| true);
            self.early.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Waits for a line with `words`; those before it no longer count.
    pub(super) fn says(&mut self, words: &str) {
        match self.early.iter().position(|line| line.contains(words)) {
            Some(said) => {
                self.early.drain(..=said);
            }
            None => {
                self.early.clear();
                self.log.wait_for(|line| line.contains(words));
            }
        }
    }

    /// Asks it to stop, as Kubernetes does: SIGTERM.
    pub(super) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -TERM "$0""#, &pid]).status().unwrap();
        assert!(sent.success(), "SIGTERM could not be sent");
    }

    /// Waits until it has ended.
    pub(super) fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
