//! `wfctl serve` behind the stand-in, as a process of its own.

use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;

use tempfile::TempDir;

use super::client::Client;
use super::kube::Kube;
use super::process::Process;
use super::wire::Wire;
use crate::pki::{Authority, Identity};

/// A server that listens, and that is killed when this is dropped.
pub(crate) struct Server {
    process: Process,
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

/// A server that need not listen yet.
pub(crate) struct Starting {
    process: Process,
    authority: Authority,
    home: TempDir,
}

impl Setup {
    /// Listens on any port, keeps nothing, asks `kube`, and shows a certificate that is in files.
    pub(crate) fn of(kube: &Kube) -> Self {
        Self::bare(kube).with_files()
    }

    /// The same as Deployments start it that were written for a server without subcommands.
    pub(crate) fn without_a_subcommand(kube: &Kube) -> Self {
        let mut setup = Self::of(kube);
        setup.arguments.remove(0);
        setup
    }

    fn with_files(self) -> Self {
        let (certificate, key) = self.authority.server().pem();
        let (certificate, key) = (self.file("tls.crt", &certificate), self.file("tls.key", &key));
        self.with("--tls-cert-file", certificate).with("--tls-private-key-file", key)
    }

    /// The same without a certificate.
    pub(crate) fn bare(kube: &Kube) -> Self {
        let setup = Self {
            home: tempfile::tempdir().unwrap(),
            authority: Authority::new("own"),
            arguments: vec!["serve".to_owned()],
        };
        let kubeconfig = setup.file("kubeconfig", &kube.kubeconfig());
        setup
            .with("--storage", "memory:")
            .with("--bind-address", "127.0.0.1")
            .with("--secure-port", "0")
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

    /// Starts the server.
    pub(crate) fn started(self) -> Starting {
        let process = Process::start(&self.arguments);
        Starting { process, authority: self.authority, home: self.home }
    }

    /// Starts the server and waits until it listens; it need not be ready.
    pub(crate) fn listening(self) -> Server {
        self.started().listening()
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn ready(self) -> Server {
        let mut server = self.listening();
        server.is_ready();
        server
    }
}

impl Starting {
    /// Waits for a line that the server writes, each of which counts once.
    pub(crate) fn says(&mut self, words: &str) {
        self.process.says(words);
    }

    /// Returns who issues the certificate that clients of this server trust.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) fn stopped(mut self) -> ExitStatus {
        self.process.terminate();
        self.process.ended()
    }

    /// Waits until the server listens.
    pub(crate) fn listening(mut self) -> Server {
        let line = self.process.will_say("listening; ");
        let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Server { process: self.process, authority: self.authority, address, _home: self.home }
    }
}

impl Server {
    /// Waits until the server says that it is ready.
    pub(crate) fn is_ready(&mut self) {
        self.says("wfctl serves https://127.0.0.1:");
    }

    /// Waits for a line that the server writes, each of which counts once.
    pub(crate) fn says(&mut self, words: &str) {
        self.process.says(words);
    }

    /// Asks the server to stop, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until the server has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.ended()
    }

    /// Returns a client that shows a certificate.
    pub(crate) fn client(&self, identity: &Identity) -> Client {
        Client::new(&self.address, &self.authority, Some(identity))
    }

    /// Returns a client that shows a certificate and trusts another authority than the server had first.
    pub(crate) fn client_trusting(&self, authority: &Authority, identity: &Identity) -> Client {
        Client::new(&self.address, authority, Some(identity))
    }

    /// Returns a client that shows none.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(&self.address, &self.authority, None)
    }

    /// Returns a client that writes its requests byte by byte.
    pub(crate) fn wire<'a>(&'a self, identity: Option<&'a Identity>) -> Wire<'a> {
        Wire { server: &self.address, authority: &self.authority, identity }
    }
}
