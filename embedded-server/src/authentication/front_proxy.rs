//! Users that a front proxy vouches for: kube-apiserver, when it passes a request on.
//!
//! Source: `apiserver/pkg/authentication/request/headerrequest/requestheader.go`,
//! `apiserver/pkg/authentication/request/x509/x509.go`.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use tokio::sync::watch;

use super::{Authenticator, Authorities, Credentials, Rejected, RemoteHeaders};
use crate::clock::Clock;
use crate::meta::UserInfo;

/// Which front proxies are believed, and in which headers they say who asked them.
#[derive(Debug)]
pub struct FrontProxyConfig {
    /// Who issues the proxies' certificates.
    pub authorities: Authorities,
    /// The common names that they have; none allows any.
    pub allowed_names: Vec<String>,
    /// Where they name the user.
    pub headers: RemoteHeaders,
}

/// What is known of front proxies at some time.
#[derive(Clone, Debug)]
pub enum FrontProxies {
    /// It has yet to be found out: who shows a certificate cannot be told from a front proxy.
    Unknown,
    /// There are none.
    Absent,
    /// These are believed.
    Known(Arc<FrontProxyConfig>),
}

impl FrontProxyConfig {
    /// Source: `apiserver/pkg/authentication/request/x509/x509.go`, `verifySubject`.
    fn check_name(&self, name: &str) -> Result<(), Rejected> {
        if self.allowed_names.is_empty() || self.allowed_names.iter().any(|allowed| allowed == name) {
            return Ok(());
        }
        Err(Rejected(format!("x509: subject with cn={name} is not in the allowed list")))
    }
}

/// Believes the headers of who proves to be a front proxy.
#[derive(Debug)]
pub struct FrontProxy {
    proxies: watch::Receiver<FrontProxies>,
    clock: Arc<dyn Clock>,
}

impl FrontProxy {
    /// Returns the authenticator that believes, at any time, the front proxies of that time.
    pub fn new(proxies: watch::Receiver<FrontProxies>, clock: Arc<dyn Clock>) -> Self {
        Self { proxies, clock }
    }

    fn config(&self) -> Result<Option<Arc<FrontProxyConfig>>, Rejected> {
        match &*self.proxies.borrow() {
            FrontProxies::Unknown => {
                Err(Rejected("it is not known yet which front proxies to trust".to_owned()))
            }
            FrontProxies::Absent => Ok(None),
            FrontProxies::Known(config) => Ok(Some(Arc::clone(config))),
        }
    }
}

#[async_trait]
impl Authenticator for FrontProxy {
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        if credentials.peer.certificates().is_empty() {
            return Ok(None);
        }
        let Some(config) = self.config()? else { return Ok(None) };
        let proxy = config.authorities.verify(credentials.peer, self.clock.now())?;
        config.check_name(&proxy.common_name)?;
        let user = config.headers.user(credentials.headers)?;
        Ok(user.map(|user| Arc::new(user.authenticated())))
    }

    fn reads(&self, header: &HeaderName) -> bool {
        match &*self.proxies.borrow() {
            FrontProxies::Known(config) => config.headers.contain(header),
            FrontProxies::Unknown | FrontProxies::Absent => false,
        }
    }
}
