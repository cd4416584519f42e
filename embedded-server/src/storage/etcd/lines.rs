//! The way to etcd: one connection to one of its servers at a time, and to the next when that one fails.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::fault::Fault;
use super::{EtcdConfig, EtcdTls};

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(2);

/// After how long without a word, while something is awaited, the server is asked whether it is there, and how
/// long it may take to say so. etcd ends connections that ask more often than every five seconds.
const ALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// How many bytes may be on their way for one request, and for all of them.
const WINDOWS: (u32, u32) = (1 << 20, 4 << 20);

/// Connections to the servers of one etcd.
#[derive(Debug)]
pub(super) struct Lines {
    addresses: Vec<String>,
    tls: Option<EtcdTls>,
    current: Mutex<Line>,
}

/// A connection, made when it is first used and again when it is lost.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// How many there were before it.
    number: usize,
    pub(super) channel: Channel,
}

impl Lines {
    /// Prepares connections; none is made yet.
    pub(super) fn to(config: &EtcdConfig) -> Result<Self, Fault> {
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let addresses: Vec<_> = config.endpoints.iter().map(|host| format!("{scheme}://{host}")).collect();
        let first = addresses.first().ok_or(Fault::Malformed { missing: "address" })?;
        let channel = dial(first, config.tls.as_ref())?;
        Ok(Self { current: Mutex::new(Line { number: 0, channel }), addresses, tls: config.tls.clone() })
    }

    /// Returns how many servers there are.
    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn current(&self) -> Line {
        self.current.lock().clone()
    }

    /// Takes the next server from now on, unless somebody else has left this one before. Reads certificates anew.
    pub(super) fn leave(&self, line: &Line) {
        let mut current = self.current.lock();
        if current.number != line.number {
            return;
        }
        let number = current.number.wrapping_add(1);
        match dial(&self.addresses[number % self.addresses.len()], self.tls.as_ref()) {
            Ok(channel) => *current = Line { number, channel },
            Err(error) => tracing::warn!(%error, "the connection to etcd stays as it was made"),
        }
    }
}

fn dial(address: &str, tls: Option<&EtcdTls>) -> Result<Channel, Fault> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(Fault::Settings)?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(ALIVE.0)
        .keep_alive_timeout(ALIVE.1)
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1);
    match tls {
        Some(tls) => Ok(endpoint.tls_config(trusting(tls)?).map_err(Fault::Settings)?.connect_lazy()),
        None => Ok(endpoint.connect_lazy()),
    }
}

fn trusting(tls: &EtcdTls) -> Result<ClientTlsConfig, Fault> {
    let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(&tls.ca)?));
    match &tls.client {
        Some((certificate, key)) => Ok(config.identity(Identity::from_pem(read(certificate)?, read(key)?))),
        None => Ok(config),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|source| Fault::File { path: path.to_owned(), source })
}
