//! Follows what the cluster tells of its front proxies and clients. What was good last counts until something good
//! replaces it: neither garbage nor a ConfigMap that is gone locks anybody out.

use std::sync::Arc;

use embedded_server::authentication::{Authorities, FrontProxies};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::watch;

use super::configuration::{CLIENT_CA, Data, FRONT_PROXY, Unusable, client_authorities, front_proxies};
use super::watching;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";
const READER: &str = "extension-apiserver-authentication-reader";

/// What is looked up in the cluster: all that is not said otherwise.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// Who wants to know of front proxies.
    pub(crate) proxies: Option<watch::Sender<FrontProxies>>,
    /// Who wants to know of the authorities of clients.
    pub(crate) clients: Option<watch::Sender<Option<Arc<Authorities>>>>,
}

impl Lookup {
    /// Tells whether anybody wants to know anything.
    pub(crate) fn is_wanted(&self) -> bool {
        self.proxies.is_some() || self.clients.is_some()
    }
}

/// Takes over what the ConfigMap says.
#[derive(Debug)]
pub(crate) struct Follower {
    proxies: Option<Part<FrontProxies>>,
    clients: Option<Part<Option<Arc<Authorities>>>>,
    /// Whether the list that is being read has the ConfigMap in it.
    listed: bool,
}

/// One of the things the ConfigMap says.
#[derive(Debug)]
struct Part<T> {
    what: &'static str,
    keys: &'static [&'static str],
    read: fn(&Data) -> Result<T, Unusable>,
    /// What the value that counts was read from.
    source: Vec<Option<String>>,
    value: watch::Sender<T>,
}

impl Follower {
    /// Will tell those who want to know.
    pub(crate) fn new(lookup: Lookup) -> Self {
        let proxies = lookup.proxies.map(|value| Part {
            what: "which front proxies to trust",
            keys: &FRONT_PROXY,
            read: |data| Ok(FrontProxies::Known(Arc::new(front_proxies(data)?))),
            source: Vec::new(),
            value,
        });
        let clients = lookup.clients.map(|value| Part {
            what: "which client certificates to trust",
            keys: &[CLIENT_CA],
            read: |data| Ok(Some(Arc::new(client_authorities(data)?))),
            source: Vec::new(),
            value,
        });
        Self { proxies, clients, listed: false }
    }

    /// Follows the ConfigMap for as long as this is polled.
    pub(crate) async fn follow(mut self, client: Client) {
        let config = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
        let maps = watcher(Api::<ConfigMap>::namespaced(client, NAMESPACE), config).default_backoff();
        let remedy = format!("bind this server's ServiceAccount to the Role {READER} in {NAMESPACE}");
        let what = format!("ConfigMap {NAMESPACE}/{NAME}");
        watching::each(maps, &what, &remedy, |event| self.take(event)).await;
    }

    fn take(&mut self, event: Event<ConfigMap>) {
        match event {
            Event::Init => self.listed = false,
            Event::InitApply(map) | Event::Apply(map) => {
                self.listed = true;
                self.update(&map.data.unwrap_or_default());
            }
            Event::InitDone if self.listed => {}
            Event::InitDone | Event::Delete(_) => self.miss(),
        }
    }

    fn miss(&self) {
        let read = [self.proxies.as_ref().map(Part::is_read), self.clients.as_ref().map(Part::is_read)];
        let then = then(read.contains(&Some(true)));
        tracing::warn!(
            "there is no ConfigMap {NAMESPACE}/{NAME}, which kube-apiserver writes when its aggregation layer is \
             configured; {then}"
        );
    }

    fn update(&mut self, data: &Data) {
        if let Some(proxies) = &mut self.proxies {
            proxies.update(data);
        }
        if let Some(clients) = &mut self.clients {
            clients.update(data);
        }
    }
}

impl<T> Part<T> {
    fn is_read(&self) -> bool {
        !self.source.is_empty()
    }

    fn update(&mut self, data: &Data) {
        let source: Vec<_> = self.keys.iter().map(|key| data.get(*key).cloned()).collect();
        if source == self.source {
            return;
        }
        match (self.read)(data) {
            Ok(value) => {
                self.value.send_replace(value);
                let done = if self.is_read() { "took over from" } else { "read in" };
                self.source = source;
                tracing::info!("{done} ConfigMap {NAMESPACE}/{NAME} {}", self.what);
            }
            Err(error) => {
                let then = then(self.is_read());
                tracing::warn!(%error, "ConfigMap {NAMESPACE}/{NAME} does not say {}; {then}", self.what);
            }
        }
    }
}

/// Says what follows when the ConfigMap is of no use.
fn then(was_read: bool) -> &'static str {
    if was_read { "what it said earlier still counts" } else { "waiting for it" }
}
