//! A stand-in for kube-apiserver: what an aggregated server asks of it, over TLS, and as a test wants it answered.

mod answers;
mod objects;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::objects::Objects;
use crate::pki::Authority;

/// What tests can change, and what was asked.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) config_maps: Objects,
    pub(crate) namespaces: Objects,
    pub(crate) secrets: Objects,
    pub(crate) mutating_webhooks: Objects,
    pub(crate) validating_webhooks: Objects,
    /// Whether nothing may be read of the ConfigMap.
    pub(crate) forbids: bool,
    /// The user of each token that is good.
    pub(crate) tokens: BTreeMap<String, Value>,
    /// The users who may do everything.
    pub(crate) allowed: Vec<String>,
    /// Who decides; nobody decides when it is not well.
    pub(crate) decides: Decides,
    /// All access reviews, in order.
    pub(crate) reviews: Vec<Value>,
}

/// How access reviews are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Decides {
    #[default]
    AtOnce,
    Never,
    WithAnError,
}

/// A stand-in that runs until the test ends.
pub(crate) struct Kube {
    address: SocketAddr,
    authority: Authority,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Changes whenever the state does.
    changes: watch::Sender<u64>,
}

impl Kube {
    /// Starts with the namespaces `default` and `kube-system`, and alice, who may do everything.
    pub(crate) async fn start() -> Self {
        let authority = Authority::new("kube");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut state = State { allowed: vec!["alice".to_owned()], ..State::default() };
        for name in ["default", "kube-system"] {
            state.namespaces.put(name, json!({"status": {"phase": "Active"}}));
        }
        let shared = Arc::new(Shared { state: Mutex::new(state), changes: watch::Sender::new(0) });
        tokio::spawn(accept(listener, acceptor(&authority), Arc::clone(&shared)));
        Self { address, authority, shared }
    }

    /// Changes what is there or how it answers.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.shared.state.lock());
        self.shared.changes.send_modify(|count| *count += 1);
        changed
    }

    /// Writes what it says of front proxies and clients.
    pub(crate) fn publishes(&self, front: &[&Authority], clients: &[&Authority]) {
        let bundle = |authorities: &[&Authority]| authorities.iter().map(|one| one.pem()).collect::<String>();
        let data = json!({
            "requestheader-client-ca-file": bundle(front),
            "client-ca-file": bundle(clients),
            "requestheader-allowed-names": r#"["aggregator"]"#,
            "requestheader-username-headers": r#"["X-Remote-User"]"#,
            "requestheader-uid-headers": r#"["X-Remote-Uid"]"#,
            "requestheader-group-headers": r#"["X-Remote-Group"]"#,
            "requestheader-extra-headers-prefix": r#"["X-Remote-Extra-"]"#,
        });
        self.publishes_data(&data);
    }

    pub(crate) fn publishes_data(&self, data: &Value) {
        self.change(|state| {
            state.config_maps.put("extension-apiserver-authentication", json!({ "data": data }));
        });
    }

    /// Writes a Secret with a certificate and its key.
    pub(crate) fn keeps(&self, name: &str, certificate: &str, key: &str) {
        let data =
            json!({"tls.crt": BASE64_STANDARD.encode(certificate), "tls.key": BASE64_STANDARD.encode(key)});
        self.change(|state| state.secrets.put(name, json!({"type": "kubernetes.io/tls", "data": data})));
    }

    /// Returns the kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "kube",
            "clusters": [{"name": "kube", "cluster": {
                "server": format!("https://{}", self.address),
                "certificate-authority-data": BASE64_STANDARD.encode(self.authority.pem()),
            }}],
            "users": [{"name": "server", "user": {"token": "secret"}}],
            "contexts": [{"name": "kube", "context": {"cluster": "kube", "user": "server"}}],
        })
        .to_string()
    }
}

pub(super) fn acceptor(authority: &Authority) -> TlsAcceptor {
    let (chain, key) = authority.server().der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answers::answer(Arc::clone(&shared), request));
            // A client that hangs up is no failure of the test.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
