//! The servers under measurement, which are one to their clients.

use std::path::Path;
use std::time::Duration;

use crate::client::Access;
use crate::options::Options;
use crate::server::Server;

/// How long after its start a server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_millis(1500);

/// Running servers on one store, at least one.
#[derive(Debug)]
pub(crate) struct Fleet {
    servers: Vec<Server>,
    /// The longest time from the start of a process to the first answer that it is ready.
    pub(crate) start: Duration,
}

impl Fleet {
    /// Starts the servers, one after the other, with what they write in `directory`.
    pub(crate) async fn start(options: &Options, storage: &str, directory: &Path) -> anyhow::Result<Self> {
        let mut servers = Vec::new();
        for number in 0..options.replicas {
            servers.push(Server::start(&options.server, storage, directory, number).await?);
        }
        let start = servers.iter().map(|server| server.start).max().unwrap_or_default();
        Ok(Self { servers, start })
    }

    /// Returns how to reach the servers, by turns and without an end.
    pub(crate) fn access(&self) -> impl Iterator<Item = &Access> {
        self.servers.iter().map(|server| &server.access).cycle()
    }

    /// Returns the seconds of CPU that all have used.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.servers.iter().map(Server::cpu_seconds).sum()
    }

    /// Returns the resident memory of a server, of the largest, once they are idle, in MB.
    pub(crate) async fn idle_megabytes(&self) -> anyhow::Result<f64> {
        tokio::time::sleep(SETTLE).await;
        let megabytes = self.servers.iter().map(Server::megabytes);
        megabytes.collect::<anyhow::Result<Vec<_>>>().map(|all| all.into_iter().fold(0.0, f64::max))
    }

    /// Stops them politely and waits until they are gone.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.servers.into_iter().try_for_each(Server::stop)
    }
}
