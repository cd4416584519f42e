//! The serving certificate, exchanged when that changes which it comes from: what is found good is served from then
//! on; what is not good is told once, and the last good pair goes on being served.

mod files;
mod secret;

use std::fmt::Display;
use std::sync::Arc;

use embedded_server::clock::Clock;
use embedded_server::server::{ServingCertificate, ServingPair, TlsError};
use tokio::sync::watch;

pub(super) use files::CertificateFiles;
pub(super) use secret::CertificateSecret;

/// Is told whether an exchange of the certificate worked.
pub(super) type Told = Box<dyn Fn(bool) + Send + Sync>;

/// What was found where the certificate should be, or why nothing was.
type Found = Result<Content, String>;

/// A certificate and its key, as PEM, as they were found.
#[derive(Clone, Eq, PartialEq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Where a certificate comes from.
trait Source: Display + Send + 'static {
    /// Waits until there may be something new, and returns what is there then.
    fn look(&mut self) -> impl Future<Output = Found> + Send;
}

/// Follows a source.
struct Follower<S> {
    source: S,
    clock: Arc<dyn Clock>,
    told: Told,
    /// What was found last.
    seen: Option<Found>,
}

impl Content {
    fn pair(&self) -> Result<ServingPair, TlsError> {
        ServingPair::from_pem(&self.certificate, &self.key)
    }
}

impl<S: Source> Follower<S> {
    fn of(source: S, clock: Arc<dyn Clock>, told: Told) -> Self {
        Self { source, clock, told, seen: None }
    }

    /// Waits until there is something to serve, and follows the source in the background from then on.
    async fn begun(mut self) -> ServingCertificate {
        loop {
            match self.news().await {
                Ok(pair) => return self.serving(pair),
                Err(error) => {
                    (self.told)(false);
                    tracing::warn!(source = %self.source, %error, "not listening yet: there is no certificate to serve");
                }
            }
        }
    }

    /// Serves `pair` until there is a better one.
    fn serving(self, pair: ServingPair) -> ServingCertificate {
        if let Err(error) = pair.check_current(self.clock.now()) {
            tracing::warn!(source = %self.source, %error, "serving it until there is a better one");
        }
        let (pairs, current) = watch::channel(Arc::new(pair));
        tokio::spawn(self.exchange(pairs));
        ServingCertificate::following(current)
    }

    async fn exchange(mut self, pairs: watch::Sender<Arc<ServingPair>>) {
        loop {
            let news = tokio::select! {
                news = self.news() => news,
                () = pairs.closed() => return,
            };
            let better = news.and_then(|pair| self.better(pair, &pairs.borrow()));
            match better {
                Ok(pair) => {
                    let not_after = pair.not_after();
                    pairs.send_replace(Arc::new(pair));
                    (self.told)(true);
                    tracing::info!(source = %self.source, %not_after, "serving a new certificate");
                }
                Err(error) => {
                    (self.told)(false);
                    tracing::error!(source = %self.source, %error, "keeping the serving certificate that there is");
                }
            }
        }
    }

    /// Waits for something that was not there before.
    async fn news(&mut self) -> Result<ServingPair, String> {
        loop {
            let found = self.source.look().await;
            if self.seen.as_ref() != Some(&found) {
                let found = self.seen.insert(found);
                return found.clone().and_then(|content| content.pair().map_err(|error| error.to_string()));
            }
        }
    }

    /// Takes what is over only where what is served is over as well: then this clock may be wrong, and whether a
    /// certificate is good is for clients to say.
    fn better(&self, pair: ServingPair, served: &ServingPair) -> Result<ServingPair, String> {
        let now = self.clock.now();
        match pair.check_current(now) {
            Err(error) if served.check_current(now).is_ok() => Err(error.to_string()),
            _ => Ok(pair),
        }
    }
}

#[cfg(test)]
mod testing {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::pki::{Authority, Leaf, San};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    pub(super) fn now() -> Timestamp {
        "2024-01-15T10:00:00Z".parse().unwrap()
    }

    pub(super) fn leaf(days: u32) -> Leaf {
        issued(now(), days)
    }

    /// Returns one whose last day was long ago.
    pub(super) fn expired() -> Leaf {
        expired_after(1)
    }

    pub(super) fn expired_after(days: u32) -> Leaf {
        issued("2023-01-15T10:00:00Z".parse().unwrap(), days)
    }

    fn issued(at: Timestamp, days: u32) -> Leaf {
        let authority = Authority::generate(at, DAY * 1000).unwrap();
        authority.issue_serving(at, DAY * days, "x", &[San::from("localhost")]).unwrap()
    }

    pub(super) fn serves(served: &ServingCertificate, leaf: &Leaf) -> bool {
        let key = leaf.key.expose_pem().as_bytes();
        let pair = ServingPair::from_pem(leaf.certificate.as_bytes(), key).unwrap();
        served.current().not_after() == pair.not_after()
    }
}
