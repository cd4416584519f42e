//! What all parts of the stand-in share, and how they read and write.
//!
//! Controllers ask the library itself, past the door: no fault that was planned for somebody else hits them.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::authentication::{self, Peer};
use embedded_server::clock::Clock;
use embedded_server::endpoints::Api as Library;
use embedded_server::meta::Revision;
use embedded_server::storage::{Backend, Prefix};
use futures::StreamExt;
use http::header::{AUTHORIZATION, HeaderValue};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{
    DeleteParams, GetParams, ListParams, ObjectList, Patch, PatchParams, PostParams, Preconditions, Request,
};
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::access::{CONTROLLER, Refusals, token};
use super::journal::Journal;
use super::knobs::Knobs;
use super::logs::Logs;
use super::pki::{Authority, Identity};

/// Any type of Kubernetes.
pub(super) trait Type:
    Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
}
impl<K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static>
    Type for K
{
}

pub(super) struct Hub {
    pub(super) api: Arc<Library>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) users: authentication::Union,
    pub(super) refusals: Arc<Refusals>,
    pub(super) knobs: Arc<Knobs>,
    pub(super) journal: Journal,
    pub(super) logs: Logs,
    pub(super) authority: Authority,
    pub(super) front_proxy: Identity,
    pub(super) home: PathBuf,
    pub(super) server: String,
    pub(super) changes: watch::Sender<Revision>,
}

/// Returns a client that asks the library without a connection.
pub(super) fn client(api: &Arc<Library>) -> Client {
    let api = Arc::clone(api);
    let peer = Peer::new(([127, 0, 0, 1], 0).into(), vec![]);
    let authorization = HeaderValue::from_str(&format!("Bearer {}", token(CONTROLLER))).unwrap();
    let service = tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        let (api, peer) = (Arc::clone(&api), peer.clone());
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        async move { Ok::<_, std::convert::Infallible>(api.handle(&peer, request).await) }
    });
    Client::new(service, "default")
}

impl Hub {
    /// Tells of every change of the store, until the task is aborted.
    pub(super) async fn tell_changes(self: Arc<Self>, store: Arc<dyn Backend>) {
        let Ok(mut watch) = store.watch(&Prefix::all(), Revision::FIRST).await else { return };
        while let Some(Ok(changes)) = watch.next().await {
            self.changes.send_replace(changes.up_to);
        }
    }

    pub(super) async fn find<K: Type>(&self, namespace: &str, name: &str) -> Option<K> {
        let request = requests::<K>(namespace).get(name, &GetParams::default()).map_err(built);
        self.client.request(request.ok()?).await.ok()
    }

    /// Returns the objects of a namespace; empty stands for all.
    pub(super) async fn list<K: Type>(&self, namespace: &str) -> Vec<K> {
        let Ok(request) = requests::<K>(namespace).list(&ListParams::default()) else { return Vec::new() };
        let found = self.client.request::<ObjectList<K>>(request).await;
        found.map(|list| list.items).unwrap_or_default()
    }

    pub(super) async fn create<K: Type>(&self, object: Value) -> kube::Result<K> {
        let object: K = serde_json::from_value(object).map_err(kube::Error::SerdeError)?;
        let body = serde_json::to_vec(&object).map_err(kube::Error::SerdeError)?;
        let requests = requests::<K>(&object.namespace().unwrap_or_default());
        self.client.request(requests.create(&PostParams::default(), body).map_err(built)?).await
    }

    /// Merges into an object, if that changes it.
    pub(super) async fn patch<K: Type>(&self, object: &K, patch: &Value) -> kube::Result<()> {
        let request = requests_for(object).patch(&object.name_any(), &written(), &Patch::Merge(patch));
        self.client.request::<K>(request.map_err(built)?).await.map(drop)
    }

    /// Merges into the status of an object.
    pub(super) async fn patch_status<K: Type>(&self, object: &K, status: Value) -> kube::Result<()> {
        let (name, patch) = (object.name_any(), Patch::Merge(json!({ "status": status })));
        let request = requests_for(object).patch_subresource("status", &name, &written(), &patch);
        self.client.request::<K>(request.map_err(built)?).await.map(drop)
    }

    /// Deletes just this object, not one that has its name.
    pub(super) async fn delete<K: Type>(&self, object: &K) -> kube::Result<()> {
        let preconditions = Preconditions { uid: object.uid(), ..Preconditions::default() };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        let request = requests_for(object).delete(&object.name_any(), &parameters).map_err(built)?;
        self.client.request::<Value>(request).await.map(drop)
    }

    /// Takes a finalizer off an object that is to be deleted.
    pub(super) async fn let_go<K: Type>(&self, object: &K, finalizer: &str) -> kube::Result<()> {
        let mut left = object.finalizers().to_vec();
        left.retain(|other| other != finalizer);
        let metadata = json!({"finalizers": left, "resourceVersion": object.resource_version()});
        self.patch(object, &json!({ "metadata": metadata })).await
    }

    /// Returns the APIService of a version that a server in a pod serves.
    pub(super) async fn api_service(&self, group: &str, version: &str) -> Option<APIService> {
        let found: APIService = self.find("", &format!("{version}.{group}")).await?;
        is_remote(&found).then_some(found)
    }

    /// Returns all such.
    pub(super) async fn api_services(&self) -> Vec<APIService> {
        let mut all: Vec<APIService> = self.list("").await;
        all.retain(is_remote);
        all
    }

    /// Tells people what happened to an object.
    pub(super) async fn event<K: Type>(&self, of: &K, kind: &str, reason: &str, message: &str) {
        let now = self.clock.now().to_string();
        let namespace = of.namespace().unwrap_or_default();
        let event = json!({
            "metadata": {
                "name": format!("{}.{:x}", of.name_any(), fastrand::u64(..)), "namespace": namespace,
            },
            "involvedObject": {
                "apiVersion": K::api_version(&()), "kind": K::kind(&()), "namespace": namespace,
                "name": of.name_any(), "uid": of.uid(),
            },
            "type": kind, "reason": reason, "message": message, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": "stand-in"},
        });
        // An object may be gone together with its namespace, and nobody misses the event.
        let _ = self.create::<k8s_openapi::api::core::v1::Event>(event).await;
    }
}

impl Hub {
    /// Returns the kubeconfig of whoever has a token.
    pub(super) fn kubeconfig(&self, token: &str) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "stand-in",
            "clusters": [{"name": "stand-in", "cluster": {
                "server": format!("https://{}", self.server),
                "certificate-authority-data": BASE64_STANDARD.encode(self.authority.pem()),
            }}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "stand-in", "context": {"cluster": "stand-in", "user": "user"}}],
        })
        .to_string()
    }
}

/// Returns requests for the objects of a namespace; of none for a type that has none.
fn requests<K: Type>(namespace: &str) -> Request {
    Request::new(K::url_path(&(), (!namespace.is_empty()).then_some(namespace)))
}

fn requests_for<K: Type>(object: &K) -> Request {
    requests::<K>(&object.namespace().unwrap_or_default())
}

fn built(error: kube::core::request::Error) -> kube::Error {
    kube::Error::BuildRequest(error)
}

fn written() -> PatchParams {
    PatchParams { field_manager: Some("stand-in".to_owned()), ..PatchParams::default() }
}

fn is_remote(service: &APIService) -> bool {
    service.spec.as_ref().is_some_and(|spec| spec.service.is_some())
}

/// Returns the reference by which `owner` owns what it makes.
pub(super) fn owned_by<K: Type>(owner: &K) -> Vec<OwnerReference> {
    owner.controller_owner_ref(&()).into_iter().collect()
}

/// Tells whether `owner` made an object.
pub(super) fn is_owned_by<K: Type>(object: &impl Resource, owner: &K) -> bool {
    object.owner_references().iter().any(|reference| Some(&reference.uid) == owner.uid().as_ref())
}
