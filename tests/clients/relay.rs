//! The way between clients and a server: a TCP relay whose connections can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A relay on a port of its own, which stays the same when the server behind it changes.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    /// Where new connections lead; nowhere while it is closed. Whenever it is set, the old ones break.
    target: watch::Sender<Option<SocketAddr>>,
    relayed: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Relay {
    /// Starts a relay that leads nowhere.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, relayed) = (watch::Sender::new(None), Arc::default());
        let accepting = accept(listener, target.subscribe(), Arc::clone(&relayed));
        Self { address, target, relayed, _task: JoinSet::from_iter([accepting]) }
    }

    /// Breaks all connections; new ones lead to `target`.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Breaks all connections; new ones lead where they led before.
    pub(crate) fn cut(&self) {
        self.target.send_modify(|_| {});
    }

    /// Breaks all connections; new ones break at once.
    pub(crate) fn close(&self) {
        self.target.send_replace(None);
    }

    /// Returns how many connections came through so far.
    pub(crate) fn relayed(&self) -> usize {
        self.relayed.load(Ordering::SeqCst)
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<Option<SocketAddr>>,
    relayed: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.unwrap();
                connections.spawn(relay(client, target.clone(), Arc::clone(&relayed)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries bytes in both directions until one side ends or the connection is cut.
async fn relay(
    mut client: TcpStream,
    mut target: watch::Receiver<Option<SocketAddr>>,
    relayed: Arc<AtomicUsize>,
) {
    let Some(address) = *target.borrow_and_update() else { return };
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    relayed.fetch_add(1, Ordering::SeqCst);
    tokio::select! {
        // How a connection ended is for its two sides to find out.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = target.changed() => {}
    }
}
