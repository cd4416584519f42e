//! The cluster, the two programs that ask it, and the one installation in it.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

/// How long anything may take; controllers of a cluster take their time.
const PATIENCE: Duration = Duration::from_secs(180);
pub(crate) const API_SERVICE: &str = "apiservice/v1alpha1.workflow.example.com";

static TURN: Mutex<()> = Mutex::new(());

/// The installation, for one test at a time.
pub(crate) struct Installation {
    _turn: MutexGuard<'static, ()>,
}

impl Installation {
    /// Waits for the turn of this test, and makes the installation whole.
    pub(crate) fn whole() -> Self {
        let installation = Self { _turn: TURN.lock() };
        installation.is_made_whole();
        installation
    }

    /// Installs again what the test took away, in the same turn.
    pub(crate) fn is_made_whole(&self) {
        succeeded(&wfctl(&format!("install --image {}", image())));
        self.recovers();
    }

    /// Changes the APIService.
    pub(crate) fn register(&self, spec: &Value) {
        kubectl(&["patch", API_SERVICE, "--type=merge", "-p", &json!({ "spec": spec }).to_string()]);
    }

    /// Changes something in the namespace of the installation.
    pub(crate) fn patch(&self, what: &str, patch: &Value) {
        self.kubectl(&["patch", what, "--type=merge", "-p", &patch.to_string()]);
    }

    /// Asks kubectl about the namespace of the installation.
    pub(crate) fn kubectl(&self, words: &[&str]) -> String {
        kubectl(&[&["--namespace=workflow-system"], words].concat())
    }

    /// Looks until a check fails that is called so and says these words. Returns it.
    pub(crate) fn complains_of(&self, name: &str, words: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = report();
            let found = failed(&report).find(|check| {
                check["name"].as_str().unwrap().starts_with(name)
                    && check["message"].as_str().unwrap().contains(words)
            });
            if let Some(found) = found {
                assert!(found["hint"].is_string(), "{found}");
                return found.clone();
            }
            assert!(Instant::now() < deadline, "no {name} with {words}: {report:#}");
        }
    }

    /// Waits until nothing fails any more.
    pub(crate) fn recovers(&self) {
        succeeded(&wfctl("status --wait --timeout 3m"));
    }
}

/// Returns what `wfctl status` says, whose exit status has to fit.
pub(crate) fn report() -> Value {
    let output = wfctl("status -o json");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let expected = if report["healthy"] == true { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(expected), "{report:#}");
    report
}

/// Returns the checks of a report that failed.
pub(crate) fn failed(report: &Value) -> impl Iterator<Item = &Value> {
    report["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "failed")
}

/// Runs wfctl to its end, without a terminal.
pub(crate) fn wfctl(line: &str) -> Output {
    command(line).output().unwrap()
}

/// Returns the command that runs wfctl.
pub(crate) fn command(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    command
}

/// Returns stdout of a program that has succeeded.
#[track_caller]
pub(crate) fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Runs kubectl, which succeeds, and returns what it prints.
#[track_caller]
pub(crate) fn kubectl(words: &[&str]) -> String {
    kubectl_with(words, "")
}

/// The same with standard input.
#[track_caller]
pub(crate) fn kubectl_with(words: &[&str], input: &str) -> String {
    let program = std::env::var_os("KUBECTL").unwrap_or("kubectl".into());
    let mut process = Command::new(program)
        .args(words)
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl runs");
    // A kubectl that does not read its input may have ended before it is written.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    succeeded(&process.wait_with_output().unwrap())
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the name of the image in the cluster.
fn image() -> String {
    std::env::var("WFCTL_E2E_IMAGE").expect("WFCTL_E2E_IMAGE names an image in the cluster")
}
