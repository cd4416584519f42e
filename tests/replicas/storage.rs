//! What replicas share: a real storage server behind a relay.

use std::fs;
use std::process::Command;

use parking_lot::Mutex;

use super::relay::Relay;
use super::{etcd, postgres};

/// Makes a test of each function, for each kind of storage.
macro_rules! on_every_storage {
    ($($test:ident),+ $(,)?) => {
        mod on_etcd {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs etcd"]
                async fn $test() {
                    super::$test($crate::storage::Kind::Etcd).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs PostgreSQL"]
                async fn $test() {
                    super::$test($crate::storage::Kind::Postgres).await;
                }
            )+
        }
    };
}
pub(crate) use on_every_storage;

/// What servers can share.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Etcd,
    Postgres,
}

/// A server of a test's own.
pub(crate) struct Storage {
    server: Server,
    pub(crate) relay: Relay,
}

/// Sends a signal to the first process, and to those of the others that are still there.
const SIGNALLED: &str = r#"kill -"$0" "$1" && shift && { kill -"$0" "$@" 2>/dev/null || true; }"#;

enum Server {
    Etcd(etcd::Server),
    Postgres(Mutex<postgres::Server>),
}

impl Storage {
    /// Starts a server that stores nothing.
    pub(crate) async fn start(kind: Kind) -> Self {
        let server = match kind {
            Kind::Etcd => Server::Etcd(etcd::Server::start(&[])),
            Kind::Postgres => Server::Postgres(Mutex::new(postgres::Server::start(None))),
        };
        Self { relay: Relay::to(&server.address()).await, server }
    }

    /// Returns where it is behind the relay, for `--storage`.
    pub(crate) fn url(&self) -> String {
        self.url_at(&self.relay.address.to_string())
    }

    /// Returns where it is itself: nobody takes a connection there while it is away.
    pub(crate) fn direct_url(&self) -> String {
        self.url_at(&self.server.address())
    }

    fn url_at(&self, address: &str) -> String {
        match self.server {
            Server::Etcd(_) => format!("etcd://{address}/replicas?compaction=off"),
            Server::Postgres(_) => format!("postgres://tests@{address}/postgres?sslmode=disable"),
        }
    }

    /// Stops it where it is: it keeps its connections, and says nothing.
    pub(crate) fn pause(&self) {
        self.server.signal("STOP");
    }

    pub(crate) fn go_on(&self) {
        self.server.signal("CONT");
    }

    /// Ends it without a chance to tidy up.
    pub(crate) fn kill(&self) {
        match &self.server {
            Server::Etcd(server) => server.kill(),
            Server::Postgres(server) => server.lock().stop("QUIT"),
        }
    }

    pub(crate) fn restart(&self) {
        match &self.server {
            Server::Etcd(server) => server.restart(),
            Server::Postgres(server) => server.lock().resume(),
        }
    }
}

impl Server {
    fn address(&self) -> String {
        match self {
            Self::Etcd(server) => server.address.clone(),
            Self::Postgres(server) => format!("127.0.0.1:{}", server.lock().port()),
        }
    }

    /// Sends a signal to every process of the server.
    fn signal(&self, name: &str) {
        match self {
            Self::Etcd(server) => server.signal(name),
            Self::Postgres(server) => {
                let pids = processes(&server.lock());
                let sent = Command::new("sh").args(["-c", SIGNALLED, name]).args(pids).status().unwrap();
                assert!(sent.success(), "{name} could not be sent");
            }
        }
    }
}

/// Returns the first process of a PostgreSQL, which makes no more of them once it is stopped, and all others.
fn processes(server: &postgres::Server) -> Vec<String> {
    let file = fs::read_to_string(server.directory().join("data/postmaster.pid")).unwrap();
    let first = file.lines().next().unwrap().trim();
    let others = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
    std::iter::once(first).chain(others.split_whitespace()).map(str::to_owned).collect()
}
