//! `wfctl serve` behind the stand-in, as a process of its own.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::client::Client;
use super::kube::Kube;
use super::pki::{Authority, Identity};
use crate::lines::Lines;

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// What it said before it listened, as far as no test has asked for it.
    early: Vec<String>,
    log: Lines,
    authority: Authority,
    address: String,
    _home: TempDir,
}

/// What a server is started with.
pub(crate) struct Setup {
    home: TempDir,
    authority: Authority,
    arguments: Vec<String>,
}

impl Setup {
    /// Listens on any port, keeps nothing, and asks `kube`.
    pub(crate) fn of(kube: &Kube) -> Self {
        let setup =
            Self { home: tempfile::tempdir().unwrap(), authority: Authority::new("own"), arguments: vec![] };
        let (certificate, key) = setup.authority.server().pem();
        let kubeconfig = setup.file("kubeconfig", &kube.kubeconfig());
        let (certificate, key) = (setup.file("tls.crt", &certificate), setup.file("tls.key", &key));
        setup
            .with("--storage", "memory:")
            .with("--bind-address", "127.0.0.1")
            .with("--secure-port", "0")
            .with("--tls-cert-file", certificate)
            .with("--tls-private-key-file", key)
            .with("--authentication-kubeconfig", kubeconfig.clone())
            .with("--authorization-kubeconfig", kubeconfig)
    }

    pub(crate) fn with(mut self, flag: &str, value: impl Into<String>) -> Self {
        self.arguments.push(format!("{flag}={}", value.into()));
        self
    }

    /// Writes a file that the server can be pointed to.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.home.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Starts the server and waits until it listens; it need not be ready.
    pub(crate) fn listening(self) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wfctl"))
            .arg("serve")
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = Lines::of(process.stderr.take().unwrap());
        let early = RefCell::new(Vec::new());
        let line = log.wait_for(|line| {
            early.borrow_mut().push(line.to_owned());
            line.contains("listening")
        });
        let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Server {
            process,
            early: early.into_inner(),
            log,
            authority: self.authority,
            address,
            _home: self.home,
        }
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn ready(self) -> Server {
        let mut server = self.listening();
        server.is_ready();
        server
    }
}

impl Server {
    /// Waits until the server says that it is ready.
    pub(crate) fn is_ready(&mut self) {
        self.says("wfctl serves https://127.0.0.1:");
    }

    /// Waits for a line that the server writes, each of which counts once.
    pub(crate) fn says(&mut self, words: &str) {
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

    /// Returns a client that shows a certificate.
    pub(crate) fn client(&self, identity: &Identity) -> Client {
        Client::new(&self.address, &self.authority, Some(identity))
    }

    /// Returns a client that shows none.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(&self.address, &self.authority, None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is no error.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
