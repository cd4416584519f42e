//! Who has a say in writes: the plugins that are on, and what they follow of the cluster.

use std::sync::Arc;

use embedded_server::admission::webhook::{
    Ground, Hooks, MutatingWebhooks, NamespaceLabels, ValidatingWebhooks,
};
use embedded_server::admission::{Chain, Mutate, NamespaceLifecycle, Validate};
use embedded_server::metrics::Metrics;
use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::{self, Client, WatchedNamespaces, WebhookClient};
use crate::commands::serve::server::Check;
use crate::config::{ClusterConfig, Plugins};

type Followed = watch::Receiver<Option<Hooks>>;

/// What is followed, and whether it is known yet.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// None when nobody wants to know of them.
    namespaces: Option<WatchedNamespaces>,
    mutating: Option<Followed>,
    validating: Option<Followed>,
}

/// Begins to follow what the plugins need to know.
///
/// # Errors
///
/// There is no cluster.
pub(super) async fn begin(
    config: &ClusterConfig,
    metrics: &Metrics,
    following: &mut JoinSet<()>,
) -> anyhow::Result<(Chain, Known)> {
    let Plugins { namespace_lifecycle, mutating_webhooks, validating_webhooks } = config.plugins;
    if !namespace_lifecycle && !mutating_webhooks && !validating_webhooks {
        return Ok((Chain::default(), Known { namespaces: None, mutating: None, validating: None }));
    }
    let core = cluster::connect(config.core.as_deref()).await?;
    let (namespaces, watching) = WatchedNamespaces::watch(core.clone());
    following.spawn(watching);
    let known = Known {
        mutating: mutating_webhooks.then(|| followed(cluster::mutating_webhooks, &core, following)),
        validating: validating_webhooks.then(|| followed(cluster::validating_webhooks, &core, following)),
        namespaces: Some(namespaces.clone()),
    };
    Ok((known.chain(namespaces, namespace_lifecycle, metrics), known))
}

fn followed<F: Future<Output = ()> + Send + 'static>(
    follow: fn(Client) -> (Followed, F),
    core: &Client,
    following: &mut JoinSet<()>,
) -> Followed {
    let (followed, watching) = follow(core.clone());
    following.spawn(watching);
    followed
}

impl Known {
    fn chain(&self, namespaces: WatchedNamespaces, lifecycle: bool, metrics: &Metrics) -> Chain {
        let namespaces = Arc::new(namespaces);
        let labels: Arc<dyn NamespaceLabels> = Arc::clone(&namespaces) as _;
        let caller = Arc::new(WebhookClient::default());
        let ground = Ground { namespaces: labels, caller, metrics: metrics.clone() };
        let guard = || Arc::new(NamespaceLifecycle::new(namespaces)) as Arc<dyn Validate>;
        let mutating = self.mutating.clone().map(|hooks| MutatingWebhooks::new(hooks, ground.clone()));
        let validating = self.validating.clone().map(|hooks| ValidatingWebhooks::new(hooks, ground));
        Chain::new(validating.map(|plugin| Arc::new(plugin) as Arc<dyn Validate>).into_iter().collect())
            .mutating(mutating.map(|plugin| Arc::new(plugin) as Arc<dyn Mutate>).into_iter().collect())
            .guarded(lifecycle.then(guard).into_iter().collect())
    }

    /// Waits until all of it is known.
    pub(super) async fn all(&self) {
        if let Some(namespaces) = &self.namespaces {
            NamespaceLabels::known(namespaces).await;
        }
        for hooks in self.mutating.iter().chain(&self.validating) {
            // Whoever would tell is gone only when the server is.
            let _ = hooks.clone().wait_for(Option::is_some).await;
        }
    }

    /// Returns what `/readyz` says until then; nothing when nothing is followed.
    pub(super) fn check(&self) -> Option<Check> {
        self.namespaces.as_ref()?;
        let known = self.clone();
        let synced = move || match known.unknown() {
            Some(what) => Err(format!("the {what} are not known yet")),
            None => Ok(()),
        };
        Some(Check { name: "informer-sync", probe: Arc::new(synced) })
    }

    fn unknown(&self) -> Option<&'static str> {
        let is_unknown =
            |hooks: &Option<Followed>| hooks.as_ref().is_some_and(|hooks| hooks.borrow().is_none());
        let namespaces = self.namespaces.as_ref();
        if namespaces.is_some_and(|namespaces| NamespaceLabels::known(namespaces).now_or_never().is_none()) {
            return Some("namespaces");
        }
        let webhooks = is_unknown(&self.mutating) || is_unknown(&self.validating);
        webhooks.then_some("admission webhooks")
    }
}
