//! kubectl, as somebody, somewhere.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use crate::lines::Lines;

/// Somebody at a terminal. Commands are words between spaces.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    kubeconfig: String,
    who_and_where: Vec<String>,
}

/// A command that goes on until this is dropped.
pub(crate) struct Running {
    process: Child,
    stdout: Lines,
}

impl Kubectl {
    /// Whoever the kubeconfig says.
    pub(crate) fn admin() -> Self {
        let kubeconfig = std::env::var("KUBECONFIG").expect("KUBECONFIG names the cluster to test in");
        Self { kubeconfig, who_and_where: Vec::new() }
    }

    /// Whoever another kubeconfig says.
    pub(crate) fn with_kubeconfig(path: &str) -> Self {
        Self { kubeconfig: path.to_owned(), who_and_where: Vec::new() }
    }

    pub(crate) fn to_namespace(&self, name: &str) -> Self {
        self.and(format!("--namespace={name}"))
    }

    /// In the name of somebody else.
    pub(crate) fn as_user(&self, name: &str) -> Self {
        self.and(format!("--as={name}"))
    }

    fn and(&self, flag: String) -> Self {
        let mut other = self.clone();
        other.who_and_where.push(flag);
        other
    }

    /// Runs a command that succeeds, and returns what it prints.
    #[track_caller]
    pub(crate) fn ok(&self, command: &str) -> String {
        self.ok_with(command, "")
    }

    /// The same with standard input.
    #[track_caller]
    pub(crate) fn ok_with(&self, command: &str, input: &str) -> String {
        let output = self.run(command, input);
        assert!(output.status.success(), "kubectl {command}: {}", text(output.stderr));
        text(output.stdout)
    }

    /// Runs a command that fails, and returns what it says of that.
    #[track_caller]
    pub(crate) fn fails(&self, command: &str) -> String {
        self.fails_with(command, "")
    }

    /// The same with standard input.
    #[track_caller]
    pub(crate) fn fails_with(&self, command: &str, input: &str) -> String {
        let output = self.run(command, input);
        assert!(!output.status.success(), "kubectl {command}: {}", text(output.stdout));
        text(output.stderr)
    }

    /// Runs a command, and tells whether it succeeds.
    pub(crate) fn succeeds(&self, command: &str) -> bool {
        self.run(command, "").status.success()
    }

    /// Starts a command that goes on by itself.
    pub(crate) fn start(&self, command: &str) -> Running {
        let mut process = self.command(command).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = Lines::of(process.stdout.take().unwrap());
        Running { process, stdout }
    }

    fn run(&self, command: &str, input: &str) -> Output {
        let mut process = self.command(command).stdin(Stdio::piped()).spawn().expect("kubectl runs");
        // A kubectl that does not read its input may have ended before it is written.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        process.wait_with_output().unwrap()
    }

    /// What kubectl remembers of the cluster is kept among what was built.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(std::env::var_os("KUBECTL").unwrap_or("kubectl".into()));
        command
            .args(words.split(' '))
            .args(&self.who_and_where)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Running {
    /// Waits for a line with all the words.
    pub(crate) fn prints(&mut self, words: &[&str]) {
        self.stdout.wait_for(|line| words.iter().all(|word| line.contains(word)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is no error.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
