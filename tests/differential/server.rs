//! Whoever answers requests: a server in this process, or a cluster.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use embedded_server::admission::Chain;
use embedded_server::authentication::{Authenticator, Credentials, Peer, Rejected, Union};
use embedded_server::authorization::PrivilegedGroup;
use embedded_server::cacher::Limits;
use embedded_server::clock::SystemClock;
use embedded_server::endpoints::{Api, Builder};
use embedded_server::meta::UserInfo;
use embedded_server::registry::{Registry, Rest};
use embedded_server::storage::Memory;
use embedded_server::workflow::WorkflowStrategy;
use http::{HeaderName, Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::json;

use super::target::{Reference, Target};
use super::wardle;

/// The namespace where no scenario looks.
const ELSEWHERE: &str = "elsewhere";

/// A body as it comes in.
pub(crate) type Incoming = UnsyncBoxBody<Bytes, String>;

/// Whoever answers requests.
pub(crate) enum Server {
    /// A server of this process, asked without sockets.
    Ours(Box<Api>),
    /// Some kube-apiserver, or who is asked like one.
    Cluster(kube::Client),
}

impl Server {
    /// Returns a new server without any objects that serves what a reference is compared with.
    pub(crate) async fn ours(reference: Reference) -> Self {
        let everybody_is_admin = Union::new(vec![Arc::new(Admin)]);
        let builder = Builder::new(everybody_is_admin, Arc::new(PrivilegedGroup));
        let api = types(reference).await.into_iter().fold(builder, Builder::serve).build("127.0.0.1:443");
        let server = Self::Ours(Box::new(api));
        server.grow_old(&reference.ours()).await;
        server
    }

    /// Lets the first versions pass, so that 1 is no object's version, as it is in no cluster.
    async fn grow_old(&self, target: &Target) {
        let objects = target.objects(ELSEWHERE);
        let first = json!({"metadata": {"name": "first"}}).to_string();
        let create = Request::post(&objects).header("content-type", "application/json");
        self.send(create.body(first.into()).unwrap()).await;
        self.send(Request::delete(format!("{objects}/first")).body(Bytes::new()).unwrap()).await;
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Response<Incoming> {
        match self {
            Self::Ours(api) => {
                let peer = Peer::new(([127, 0, 0, 1], 1).into(), Vec::new());
                let without_body = request.method() == Method::HEAD;
                let response = api.handle(&peer, request.map(Full::new)).await;
                response.map(|body| match without_body {
                    true => Full::default().map_err(|never| match never {}).boxed_unsync(),
                    false => body.map_err(|never| match never {}).boxed_unsync(),
                })
            }
            Self::Cluster(client) => {
                let response = client.send(request.map(Into::into)).await.unwrap();
                response.map(|body| body.map_err(|error| error.to_string()).boxed_unsync())
            }
        }
    }
}

async fn types(reference: Reference) -> Vec<Arc<dyn Rest>> {
    let (store, clock, limits) = (Arc::new(Memory::new()), Arc::new(SystemClock), Limits::default());
    match reference {
        Reference::Crd | Reference::Ingress => {
            let registry = Registry::start(WorkflowStrategy, store, Chain::default(), clock, limits);
            vec![Arc::new(registry.await.unwrap())]
        }
        Reference::Wardle => wardle::api::serve(store, clock, limits, true).await.unwrap(),
    }
}

/// Takes everybody for an administrator.
#[derive(Debug)]
struct Admin;

#[async_trait]
impl Authenticator for Admin {
    async fn authenticate(&self, _: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let groups = vec![UserInfo::MASTERS.to_owned(), UserInfo::AUTHENTICATED.to_owned()];
        Ok(Some(Arc::new(UserInfo { name: "admin".to_owned(), groups, ..UserInfo::anonymous() })))
    }

    fn reads(&self, _: &HeaderName) -> bool {
        false
    }
}
