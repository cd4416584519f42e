//! Rust clients of a server, over the protocol that a test asks for.

use std::path::Path;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::ServiceBuilder;

/// The Workflows of the namespace `default`.
pub(crate) type Workflows = Api<DynamicObject>;

/// What is spoken inside TLS: Rust clients speak HTTP/1.1, those in Go (kubectl, controllers) HTTP/2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

pub(crate) fn workflows(client: Client) -> Workflows {
    let kind = GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow");
    Api::namespaced_with(client, "default", &ApiResource::from_gvk(&kind))
}

/// Returns a client, with connections of its own, of the server that a kubeconfig names.
pub(crate) async fn connect(kubeconfig: &Path, protocol: Protocol) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.proxy_url = None;
    match protocol {
        Protocol::Http1 => Client::try_from(config).unwrap(),
        Protocol::Http2 => http2(&config),
    }
}

/// `kube` itself offers no HTTP/2.
fn http2(config: &Config) -> Client {
    let tls = config.rustls_client_config().unwrap();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http2().build();
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .service(legacy::Client::builder(TokioExecutor::new()).http2_only(true).build::<_, Body>(connector));
    ClientBuilder::new(service, config.default_namespace.clone()).build()
}
