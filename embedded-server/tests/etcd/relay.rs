//! A way to etcd that can be cut, and that can lose what comes back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What happens to what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It arrives.
    Open,
    /// What goes to etcd arrives; what comes back does not.
    Deaf,
    /// Connections are cut, and new ones too.
    Closed,
}

/// A relay until this is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    way: watch::Sender<Way>,
    _accepting: JoinSet<()>,
}

impl Relay {
    /// Begins to relay to `server`.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = watch::Sender::new(Way::Open);
        let accepting = JoinSet::from_iter([accept(listener, server.to_owned(), way.subscribe())]);
        Self { address, way, _accepting: accepting }
    }

    /// Lets nothing come back from now on.
    pub(crate) fn deafen(&self) {
        self.way.send_replace(Way::Deaf);
    }

    /// Cuts all connections, and every new one.
    pub(crate) fn close(&self) {
        self.way.send_replace(Way::Closed);
    }

    /// Lets everything through again, on new connections.
    pub(crate) fn open(&self) {
        self.way.send_replace(Way::Open);
    }

    /// Cuts all connections; new ones can be made.
    pub(crate) fn cut(&self) {
        self.close();
        self.open();
    }
}

async fn accept(listener: TcpListener, server: String, way: watch::Receiver<Way>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        tokio::spawn(relay(client, server.clone(), way.clone()));
    }
}

async fn relay(client: TcpStream, server: String, mut way: watch::Receiver<Way>) {
    if *way.borrow_and_update() == Way::Closed {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        // Small packets are not to wait for each other.
        let _ = stream.set_nodelay(true);
    }
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut cut = way.clone();
    tokio::select! {
        // How a connection ended is for its two sides to find out.
        _ = copy(&mut from_client, &mut to_server) => {}
        () = bring_back(from_server, to_client, way) => {}
        // What was closed and is open again was closed.
        () = async { while cut.changed().await.is_ok() && *cut.borrow_and_update() == Way::Deaf {} } => {}
    }
}

async fn bring_back(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    way: watch::Receiver<Way>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if *way.borrow() == Way::Open && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
