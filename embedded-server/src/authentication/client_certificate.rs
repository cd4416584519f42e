//! Users that show a certificate: the common name is the user, the organizations are the groups.
//!
//! Source: `apiserver/pkg/authentication/request/x509/x509.go`.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use tokio::sync::watch;

use super::{Authenticator, Authorities, Credentials, Rejected};
use crate::clock::Clock;
use crate::meta::UserInfo;

/// Believes certificates for client authentication that chain up to an authority.
#[derive(Debug)]
pub struct ClientCertificate {
    authorities: watch::Receiver<Option<Arc<Authorities>>>,
    clock: Arc<dyn Clock>,
}

impl ClientCertificate {
    /// Returns the authenticator that trusts, at any time, the authorities of that time; while there are none it
    /// looks at no certificate.
    pub fn new(authorities: watch::Receiver<Option<Arc<Authorities>>>, clock: Arc<dyn Clock>) -> Self {
        Self { authorities, clock }
    }

    /// Returns the authenticator that always trusts the same authorities.
    pub fn trusting(authorities: Authorities, clock: Arc<dyn Clock>) -> Self {
        let (_, authorities) = watch::channel(Some(Arc::new(authorities)));
        Self::new(authorities, clock)
    }
}

#[async_trait]
impl Authenticator for ClientCertificate {
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        if credentials.peer.certificates().is_empty() {
            return Ok(None);
        }
        let Some(authorities) = self.authorities.borrow().clone() else { return Ok(None) };
        authorities.verify(credentials.peer, self.clock.now())?.user.clone()
    }

    fn reads(&self, _: &HeaderName) -> bool {
        false
    }
}
