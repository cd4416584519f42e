//! The admission webhooks of the cluster: which there are, and how they are reached.

mod client;
mod trust;

use std::fmt::Debug;
use std::sync::Arc;

use embedded_server::admission::webhook::{Hook, Hooks};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub(crate) use self::client::WebhookClient;
use super::watching;

const REMEDY: &str = "nothing can be written until this server's ServiceAccount may list and watch them";

/// Returns the mutating webhooks, none before they are known, and what follows them for as long as it is polled.
pub(crate) fn mutating_webhooks(
    client: Client,
) -> (watch::Receiver<Option<Hooks>>, impl Future<Output = ()> + Send) {
    let (known, hooks) = watch::channel(None);
    let what = "mutating webhook configurations";
    (hooks, follow::<MutatingWebhookConfiguration>(client, what, Hook::mutating, known))
}

/// Returns the validating webhooks, none before they are known, and what follows them for as long as it is polled.
pub(crate) fn validating_webhooks(
    client: Client,
) -> (watch::Receiver<Option<Hooks>>, impl Future<Output = ()> + Send) {
    let (known, hooks) = watch::channel(None);
    let what = "validating webhook configurations";
    (hooks, follow::<ValidatingWebhookConfiguration>(client, what, Hook::validating, known))
}

async fn follow<K>(
    client: Client,
    what: &str,
    read: fn(&[Arc<K>]) -> Hooks,
    known: watch::Sender<Option<Hooks>>,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (heard, writer) = reflector::store();
    let changes = watcher(Api::<K>::all(client), watcher::Config::default()).default_backoff();
    let changes = changes.reflect(writer);
    watching::each(changes, what, REMEDY, |event| match event {
        Event::Init | Event::InitApply(_) => {}
        Event::InitDone | Event::Apply(_) | Event::Delete(_) => {
            known.send_replace(Some(read(&heard.state())));
        }
    })
    .await;
}
