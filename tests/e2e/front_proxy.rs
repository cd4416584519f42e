//! Another authority may send front proxies, and then no more, while requests come through the one that is there.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::{Client, ResourceExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::clients::workflows;
use crate::kubectl::Kubectl;
use crate::namespace::Namespace;
use crate::pki::{Authority, Identity};

const SYSTEM: &str = "workflow-system";
const TRUST: &str = "extension-apiserver-authentication";
const AUTHORITIES: &str = "requestheader-client-ca-file";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make e2e"]
async fn the_authority_of_front_proxies_is_exchanged_without_a_refused_request() {
    let namespace = tokio::task::spawn_blocking(|| Namespace::new("front-proxy")).await.unwrap();
    namespace.user("alice", "workflow-viewer");
    let mut load = Load::of(&workflows(namespace.name()).await);
    let trust = Trust::of_the_cluster().await;
    let authority = Authority::new("another");
    let proxy = Proxy::new(&authority.client(&trust.allowed_name), &namespace).await;
    assert_eq!(proxy.asks_for("alice").await, 401, "nobody knows this authority");
    load.goes_on().await;
    let added = Added::to(trust, &authority.pem()).await;
    proxy.is_answered(200).await;
    assert_eq!(proxy.asks_for("bob").await, 403, "bob may do nothing, whoever asks for him");
    load.goes_on().await;
    added.goes_away().await;
    proxy.is_answered(401).await;
    load.goes_on().await;
    load.ends().await;
}

/// Clients that list Workflows through the aggregator, and try nothing a second time.
struct Load {
    asked: watch::Receiver<usize>,
    over: Arc<watch::Sender<bool>>,
    asking: JoinSet<()>,
}

impl Load {
    fn of(api: &Api<DynamicObject>) -> Self {
        let (count, asked) = watch::channel(0);
        let (count, over) = (Arc::new(count), Arc::new(watch::Sender::new(false)));
        let asking = (0..4).map(|_| ask(api.clone(), Arc::clone(&count), over.subscribe())).collect();
        Self { asked, over, asking }
    }

    /// Waits until some requests more were answered.
    async fn goes_on(&mut self) {
        let enough = *self.asked.borrow() + 100;
        self.asked.wait_for(|asked| *asked >= enough).await.expect("a request failed");
    }

    /// Ends; fails when a request did.
    async fn ends(mut self) {
        self.over.send_replace(true);
        while let Some(asked) = self.asking.join_next().await {
            asked.unwrap();
        }
    }
}

async fn ask(api: Api<DynamicObject>, count: Arc<watch::Sender<usize>>, over: watch::Receiver<bool>) {
    while !*over.borrow() {
        api.list(&ListParams::default()).await.unwrap();
        count.send_modify(|count| *count += 1);
    }
}

/// What the cluster tells servers like this one about front proxies.
struct Trust {
    api: Api<ConfigMap>,
    allowed_name: String,
}

impl Trust {
    async fn of_the_cluster() -> Self {
        let api = Api::namespaced(Client::try_default().await.unwrap(), "kube-system");
        let map: ConfigMap = api.get(TRUST).await.unwrap();
        let names = map.data.unwrap().remove("requestheader-allowed-names").unwrap();
        let names: Vec<String> = serde_json::from_str(&names).unwrap();
        // Where none is named, all are allowed.
        Self { api, allowed_name: names.into_iter().next().unwrap_or_else(|| "anybody".to_owned()) }
    }

    /// Changes the authorities, whoever else does at the same time.
    async fn change(&self, change: impl Fn(&str) -> String) {
        loop {
            let mut map = self.api.get(TRUST).await.unwrap();
            let authorities = map.data.as_mut().and_then(|data| data.get_mut(AUTHORITIES)).unwrap();
            *authorities = change(authorities);
            match self.api.replace(TRUST, &PostParams::default(), &map).await {
                Err(kube::Error::Api(status)) if status.is_conflict() => {}
                replaced => break drop(replaced.unwrap()),
            }
        }
    }
}

/// An authority that stands beside the cluster's own, for the time of the test.
///
/// The cluster keeps it: kube-apiserver adds its own to what it finds there.
struct Added {
    trust: Option<Trust>,
    pem: String,
}

impl Added {
    async fn to(trust: Trust, pem: &str) -> Self {
        trust.change(|authorities| format!("{}\n{pem}", authorities.trim_end())).await;
        Self { trust: Some(trust), pem: pem.to_owned() }
    }

    async fn goes_away(mut self) {
        self.take_away().await;
    }

    async fn take_away(&mut self) {
        if let Some(trust) = self.trust.take() {
            trust.change(|authorities| authorities.replace(self.pem.trim_end(), "")).await;
        }
    }
}

impl Drop for Added {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.take_away()));
    }
}

/// Somebody at the door of a server, with a certificate in hand.
struct Proxy {
    pods: Api<Pod>,
    tls: TlsConnector,
    path: String,
}

impl Proxy {
    async fn new(identity: &Identity, namespace: &Namespace) -> Self {
        let (chain, key) = identity.der();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(published()).with_client_auth_cert(chain, key).unwrap();
        Self {
            pods: Api::namespaced(Client::try_default().await.unwrap(), SYSTEM),
            tls: TlsConnector::from(Arc::new(tls)),
            path: format!("/apis/workflow.example.com/v1alpha1/namespaces/{}/workflows", namespace.name()),
        }
    }

    /// Lists Workflows for somebody, on a connection of its own, and returns the code of the answer.
    async fn asks_for(&self, user: &str) -> u16 {
        let selector = ListParams::default().labels("app.kubernetes.io/component=apiserver");
        let pods = self.pods.list(&selector).await.unwrap();
        let pod = pods.iter().find(|pod| pod.metadata.deletion_timestamp.is_none()).unwrap();
        let port =
            u16::try_from(pod.spec.as_ref().unwrap().containers[0].ports.as_ref().unwrap()[0].container_port);
        let port = port.unwrap();
        let mut tunnel = self.pods.portforward(&pod.name_any(), &[port]).await.unwrap();
        let name = format!("workflow-apiserver.{SYSTEM}.svc");
        let stream = tunnel.take_stream(port).unwrap();
        let stream = self.tls.connect(name.clone().try_into().unwrap(), stream).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(&self.path).header("host", name).header("x-remote-user", user);
        let answer = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
        connection.abort();
        tunnel.abort();
        answer.status().as_u16()
    }

    /// Asks for alice until the answer is as expected.
    async fn is_answered(&self, code: u16) {
        let deadline = Instant::now() + crate::PATIENCE;
        while self.asks_for("alice").await != code {
            assert!(Instant::now() < deadline, "the answer becomes {code}");
        }
    }
}

/// The authorities that kube-apiserver verifies the servers with.
fn published() -> RootCertStore {
    let bundle =
        Kubectl::admin().ok("get apiservice v1alpha1.workflow.example.com -o jsonpath={.spec.caBundle}");
    let bundle = base64::prelude::BASE64_STANDARD.decode(bundle).unwrap();
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&bundle) {
        roots.add(authority.unwrap()).unwrap();
    }
    roots
}
