//! Puts together, from what the flags say and what the cluster does, who is let in and how far.

use std::path::Path;
use std::sync::Arc;

use embedded_server::admission::Chain;
use embedded_server::authentication::{
    self, Authorities, BearerToken, ClientCertificate, FrontProxies, FrontProxy, FrontProxyConfig,
    ReviewTokens, TokenReviews,
};
use embedded_server::authorization::{self, AccessReviews, PrivilegedGroup, ReviewAccess};
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::metrics::Metrics;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::admission::{self, Known};
use crate::cluster::{self, CaFile, Follower, Lookup};
use crate::commands::serve::server::Check;
use crate::config::{ClusterConfig, FrontProxyFlags, Source};

type ClientAuthorities = Option<Arc<Authorities>>;

/// Who is let in, and how far, as the cluster says.
pub(super) struct Delegated {
    pub(super) authenticators: authentication::Union,
    pub(super) authorizer: authorization::Union,
    pub(super) admission: Chain,
    pub(super) progress: Progress,
}

/// How much of the cluster is known. What follows the cluster ends with this.
pub(super) struct Progress {
    proxies: watch::Receiver<FrontProxies>,
    admission: Known,
    _following: JoinSet<()>,
}

impl Delegated {
    /// Leaves it to the cluster; begins to follow it, but does not wait for it.
    ///
    /// # Errors
    ///
    /// The flags name files that cannot be used, or no cluster.
    pub(super) async fn to(config: &ClusterConfig, metrics: &Metrics) -> anyhow::Result<Self> {
        let reviewer = cluster::connect(config.authentication.as_deref()).await?;
        let decider = cluster::connect(config.authorization.as_deref()).await?;
        let mut following = JoinSet::new();
        let trusted = Trusted::known(config, &mut following).await?;
        let proxies = trusted.proxies.clone();
        if trusted.lookup.is_wanted() {
            following.spawn(Follower::new(trusted.lookup).follow(reviewer.clone()));
        }
        let reviews = cluster::token_reviews(reviewer, metrics.clone());
        let (admission, known) = admission::begin(config, metrics, &mut following).await?;
        Ok(Self {
            authenticators: authenticators(config, trusted.proxies, trusted.clients, reviews),
            authorizer: authorizer(config, cluster::access_reviews(decider, metrics.clone())),
            admission,
            progress: Progress { proxies, admission: known, _following: following },
        })
    }
}

fn authenticators(
    config: &ClusterConfig,
    proxies: watch::Receiver<FrontProxies>,
    clients: watch::Receiver<ClientAuthorities>,
    reviewer: Arc<dyn ReviewTokens>,
) -> authentication::Union {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = TokenReviews::new(reviewer, Vec::new(), config.tokens, Arc::clone(&clock));
    authentication::Union::new(vec![
        Arc::new(FrontProxy::new(proxies, Arc::clone(&clock))),
        Arc::new(ClientCertificate::new(clients, clock)),
        Arc::new(BearerToken::new(tokens)),
    ])
}

fn authorizer(config: &ClusterConfig, decider: Arc<dyn ReviewAccess>) -> authorization::Union {
    let reviews = AccessReviews::new(decider, config.access, Arc::new(SystemClock));
    authorization::Union::new(vec![
        Arc::new(PrivilegedGroup),
        Arc::new(config.always_allowed.clone()),
        Arc::new(reviews),
    ])
}

/// Whom to trust: from the flags, or to be looked up.
struct Trusted {
    proxies: watch::Receiver<FrontProxies>,
    clients: watch::Receiver<ClientAuthorities>,
    lookup: Lookup,
}

impl Trusted {
    async fn known(config: &ClusterConfig, following: &mut JoinSet<()>) -> anyhow::Result<Self> {
        let mut lookup = Lookup::default();
        let proxies = match &config.front_proxies {
            Source::Flags(flags) => proxies_of(flags, following).await?,
            Source::Cluster => {
                let first = match config.tolerates_lookup_failure {
                    true => FrontProxies::Absent,
                    false => FrontProxies::Unknown,
                };
                lookup.proxies.insert(watch::Sender::new(first)).subscribe()
            }
            Source::Nowhere => watch::Sender::new(FrontProxies::Absent).subscribe(),
        };
        let clients = match &config.client_authorities {
            Source::Flags(path) => clients_of(path, following).await?,
            Source::Cluster => lookup.clients.insert(watch::Sender::new(None)).subscribe(),
            Source::Nowhere => watch::Sender::new(None).subscribe(),
        };
        Ok(Self { proxies, clients, lookup })
    }
}

async fn proxies_of(
    flags: &FrontProxyFlags,
    following: &mut JoinSet<()>,
) -> anyhow::Result<watch::Receiver<FrontProxies>> {
    let (file, authorities) = CaFile::open(&flags.authorities).await?;
    let FrontProxyFlags { allowed_names, headers, .. } = flags.clone();
    let known = move |authorities| {
        let (allowed_names, headers) = (allowed_names.clone(), headers.clone());
        FrontProxies::Known(Arc::new(FrontProxyConfig { authorities, allowed_names, headers }))
    };
    let (sender, proxies) = watch::channel(known(authorities));
    following.spawn(file.follow(move |authorities| {
        sender.send_replace(known(authorities));
    }));
    Ok(proxies)
}

async fn clients_of(
    path: &Path,
    following: &mut JoinSet<()>,
) -> anyhow::Result<watch::Receiver<ClientAuthorities>> {
    let (file, authorities) = CaFile::open(path).await?;
    let (sender, clients) = watch::channel(Some(Arc::new(authorities)));
    following.spawn(file.follow(move |authorities| {
        sender.send_replace(Some(Arc::new(authorities)));
    }));
    Ok(clients)
}

impl Progress {
    /// Waits until all is known that has to be.
    pub(super) async fn done(&self) {
        let mut proxies = self.proxies.clone();
        // Whoever would tell is gone only when the server is.
        let _ = proxies.wait_for(|proxies| !matches!(proxies, FrontProxies::Unknown)).await;
        self.admission.all().await;
    }

    /// Returns what `/readyz` says until then.
    pub(super) fn checks(&self) -> Vec<Check> {
        let proxies = self.proxies.clone();
        let configured = move || match *proxies.borrow() {
            FrontProxies::Unknown => Err("it is not known yet which front proxies to trust".to_owned()),
            FrontProxies::Absent | FrontProxies::Known(_) => Ok(()),
        };
        let mut checks = vec![Check { name: "authentication-configuration", probe: Arc::new(configured) }];
        checks.extend(self.admission.check());
        checks
    }
}
