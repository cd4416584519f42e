//! `wfctl serve --dev` in a directory that goes away with the test.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use kube::Client;
use tempfile::TempDir;

use super::client::{self, Protocol};
use super::lines::Lines;

/// Where a server keeps what outlives it: data, certificates, the kubeconfig.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.0.path().join("wfctl-dev/kubeconfig")
    }

    /// Starts a server on what is here, on any free port, and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Server {
        self.start_with(&[], self.kubeconfig())
    }

    /// Starts a server on a storage that others share; its certificates are those of all that are started here.
    pub(crate) fn start_replica(&self, number: usize, storage: &str) -> Server {
        let kubeconfig = format!("wfctl-dev/replica-{number}");
        let arguments = ["--storage", storage, "--write-kubeconfig", &kubeconfig];
        self.start_with(&arguments, self.0.path().join(&kubeconfig))
    }

    fn start_with(&self, arguments: &[&str], kubeconfig: PathBuf) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wfctl"))
            .args(["serve", "--dev", "--secure-port", "0"])
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Lines::of(process.stderr.take().unwrap());
        let mut server = Server { process, log: Some(log), kubeconfig };
        server.log.as_mut().unwrap().wait_for(|line| line.starts_with("wfctl serves https://"));
        server
    }
}

/// A server that runs; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    log: Option<Lines>,
    kubeconfig: PathBuf,
}

impl Server {
    /// Returns a client with connections of its own.
    pub(crate) async fn client(&self, protocol: Protocol) -> Client {
        client::connect(&self.kubeconfig, protocol).await
    }

    /// Returns how much memory it has, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Ends the server as a power cut would end it: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks the server to stop, as Kubernetes and Ctrl-C do: SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -TERM "$0""#, &pid]).status().unwrap();
        assert!(sent.success(), "SIGTERM could not be sent");
    }

    /// Waits until the server has ended; returns how, and what it wrote on standard error.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let log = self.log.take().unwrap().all();
        (self.process.wait().unwrap(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is no error.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
