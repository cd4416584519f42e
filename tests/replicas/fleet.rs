//! Servers that share a store, and the clients of each.

use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::timeout;

use super::support::{Home, PATIENCE, Protocol, Server, Workflows, workflows};

/// How much memory a server may take, in KiB: a debug build with some thousand small objects and their history.
const MOST_MEMORY: u64 = 400 << 10;

/// Servers that run until this is dropped.
pub(crate) struct Fleet {
    home: Home,
    storage: String,
    replicas: Vec<Replica>,
}

/// A server, and the next one in its place.
struct Replica {
    server: Mutex<Option<Server>>,
    client: watch::Sender<Client>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) retry_after: bool,
    pub(crate) text: String,
}

impl Fleet {
    /// Starts a number of servers on one store.
    pub(crate) async fn start(replicas: usize, storage: &str) -> Self {
        let mut fleet = Self { home: Home::new(), storage: storage.to_owned(), replicas: Vec::new() };
        for number in 0..replicas {
            let server = fleet.home.start_replica(number, storage);
            let client = watch::Sender::new(server.client(Protocol::Http2).await);
            fleet.replicas.push(Replica { server: Mutex::new(Some(server)), client });
        }
        fleet
    }

    pub(crate) fn len(&self) -> usize {
        self.replicas.len()
    }

    /// Returns the Workflows as one of the servers shows them.
    pub(crate) fn workflows(&self, replica: usize) -> Workflows {
        workflows(self.client(replica))
    }

    /// Returns the Workflows as any of the servers shows them.
    pub(crate) fn any(&self) -> Workflows {
        self.workflows(fastrand::usize(..self.len()))
    }

    /// Kills a server, and starts another in its place.
    pub(crate) async fn replace(&self, replica: usize) {
        let Replica { server, client } = &self.replicas[replica];
        let old = server.lock().take();
        old.unwrap().kill();
        let new = self.home.start_replica(replica, &self.storage);
        client.send_replace(new.client(Protocol::Http2).await);
        *server.lock() = Some(new);
    }

    /// Returns a client of any of the servers.
    pub(crate) fn any_client(&self) -> Client {
        self.client(fastrand::usize(..self.len()))
    }

    /// Asks a server for a path.
    pub(crate) async fn get(&self, replica: usize, path: &str) -> Answer {
        self.send(replica, Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a request to a server.
    pub(crate) async fn send(&self, replica: usize, request: Request<Body>) -> Answer {
        let client = self.client(replica);
        let answer = timeout(PATIENCE, client.send(request)).await.expect("an answer in time").unwrap();
        let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Answer { code, retry_after: headers.contains_key("retry-after"), text }
    }

    /// Asks a server whether it is ready until it says what is wanted.
    pub(crate) async fn until_ready_is(&self, replica: usize, code: u16) -> Answer {
        let asking = async {
            loop {
                let answer = self.get(replica, "/readyz?verbose").await;
                if answer.code == code {
                    return answer;
                }
            }
        };
        timeout(PATIENCE, asking).await.expect("readiness changes in time")
    }

    /// Fails when a server takes more memory than it may.
    pub(crate) fn check_memory(&self) {
        for replica in 0..self.len() {
            let memory = self.memory(replica);
            assert!(memory < MOST_MEMORY, "a server takes {memory} KiB");
        }
    }

    /// Returns how much memory a server has, in KiB.
    pub(crate) fn memory(&self, replica: usize) -> u64 {
        self.replicas[replica].server.lock().as_ref().unwrap().memory()
    }

    fn client(&self, replica: usize) -> Client {
        self.replicas[replica].client.borrow().clone()
    }
}
