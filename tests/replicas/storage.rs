//! What replicas share: a real storage server behind a relay.

use super::etcd::Server;
use super::relay::Relay;

/// A server of a test's own.
pub(crate) struct Storage {
    server: Server,
    pub(crate) relay: Relay,
}

impl Storage {
    /// Starts a server that stores nothing.
    pub(crate) async fn start() -> Self {
        let server = Server::start(&[]);
        Self { relay: Relay::to(&server.address).await, server }
    }

    /// Returns where it is, for `--storage`.
    pub(crate) fn url(&self) -> String {
        format!("etcd://{}/replicas?compaction=off", self.relay.address)
    }

    /// Stops it where it is: it keeps its connections, and says nothing.
    pub(crate) fn pause(&self) {
        self.server.signal("STOP");
    }

    pub(crate) fn go_on(&self) {
        self.server.signal("CONT");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        self.server.kill();
    }

    pub(crate) fn restart(&self) {
        self.server.restart();
    }
}
