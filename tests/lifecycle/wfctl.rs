//! The program, run by one test at a time.

use std::process::{Child, Command, Stdio};

use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

static TURN: Mutex<()> = Mutex::new(());

/// The cluster, as long as it is this test's turn.
pub(crate) struct Turn {
    _turn: MutexGuard<'static, ()>,
    image: String,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Turn {
    /// Waits for the turn; nothing is installed then.
    pub(crate) fn with_nothing() -> Self {
        let image = std::env::var("WFCTL_E2E_IMAGE").expect("WFCTL_E2E_IMAGE names an image in the cluster");
        let turn = Self { _turn: TURN.lock(), image };
        let ended = run(&["uninstall", "--yes", "--purge", "--timeout", "3m"]);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        turn
    }

    /// Waits for the turn; everything is installed then.
    pub(crate) fn installed() -> Self {
        let turn = Self::with_nothing();
        turn.install(&[]);
        turn
    }

    /// Installs, which succeeds, and returns the report.
    #[track_caller]
    pub(crate) fn install(&self, flags: &[&str]) -> Value {
        let ended = self.try_install(&[flags, &["-o", "json"]].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// Installs, whatever comes of it.
    pub(crate) fn try_install(&self, flags: &[&str]) -> Ended {
        run(&[&["install", "--image", &self.image], flags].concat())
    }

    /// Begins to install.
    pub(crate) fn start_install(&self, flags: &[&str]) -> Child {
        let mut command = wfctl(&[&["install", "--image", &self.image], flags].concat());
        command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    }
}

fn run(arguments: &[&str]) -> Ended {
    let output = wfctl(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn wfctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    command.args(arguments).stdin(Stdio::null());
    command
}
