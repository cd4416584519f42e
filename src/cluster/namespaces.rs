//! The namespaces of the cluster: watched, and looked up where it matters.

use std::collections::BTreeMap;

use async_trait::async_trait;
use embedded_server::admission::webhook::NamespaceLabels;
use embedded_server::admission::{Namespaces, Phase};
use embedded_server::lookup::Failed;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, watcher};

use super::failure::failed;
use super::watching;

const REMEDY: &str = "nothing can be created until this server's ServiceAccount may get, list and watch them";

/// Namespaces as a watch tells of them.
#[derive(Clone, Debug)]
pub(crate) struct WatchedNamespaces {
    api: Api<Namespace>,
    heard: Store<Namespace>,
}

impl WatchedNamespaces {
    /// Returns the namespaces, and what watches them for as long as it is polled.
    pub(crate) fn watch(client: Client) -> (Self, impl Future<Output = ()> + Send) {
        let (heard, writer) = reflector::store();
        let api = Api::all(client);
        let changes = watcher(api.clone(), watcher::Config::default()).default_backoff();
        let changes = changes.modify(forget_all_but_phase_and_labels).reflect(writer);
        let following = watching::each(changes, "namespaces", REMEDY, drop);
        (Self { api, heard }, following)
    }
}

/// Everything else of a namespace is of no use here, and may be large.
fn forget_all_but_phase_and_labels(namespace: &mut Namespace) {
    let ObjectMeta { name, resource_version, labels, .. } = std::mem::take(&mut namespace.metadata);
    namespace.metadata = ObjectMeta { name, resource_version, labels, ..ObjectMeta::default() };
    namespace.spec = None;
    if let Some(status) = &mut namespace.status {
        status.conditions = None;
    }
}

#[async_trait]
impl Namespaces for WatchedNamespaces {
    async fn known(&self) {
        if self.heard.wait_until_ready().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn last_heard(&self, name: &str) -> Option<Phase> {
        self.heard.get(&ObjectRef::new(name)).map(|namespace| phase(&namespace))
    }

    async fn look_up(&self, name: &str) -> Result<Option<Phase>, Failed> {
        let found = self.api.get_opt(name).await.map_err(|error| failed(&error))?;
        Ok(found.map(|namespace| phase(&namespace)))
    }
}

#[async_trait]
impl NamespaceLabels for WatchedNamespaces {
    async fn known(&self) {
        Namespaces::known(self).await;
    }

    async fn labels(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Failed> {
        if let Some(heard) = self.heard.get(&ObjectRef::new(name)) {
            return Ok(Some(heard.metadata.labels.clone().unwrap_or_default()));
        }
        let found = self.api.get_opt(name).await.map_err(|error| failed(&error))?;
        Ok(found.map(|namespace| namespace.metadata.labels.unwrap_or_default()))
    }
}

fn phase(namespace: &Namespace) -> Phase {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    if phase == Some("Terminating") { Phase::Terminating } else { Phase::Active }
}
