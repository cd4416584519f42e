//! Requests that kube-apiserver passes on to a pod: `pods/https:NAME:PORT/proxy/PATH`, to read alone.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::HOST;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::Pod;

use super::address::Address;
use super::body::{Body, failure, full};
use super::hub::Hub;
use super::tls::{Caller, Trust, Unreached};

pub(super) async fn proxy(hub: &Hub, address: &Address, uri: &Uri) -> Response<Body> {
    let Some(socket) = socket(hub, address).await else {
        return failure(404, "NotFound", &format!("pods {:?} not found", address.name));
    };
    match ask(hub, socket, uri).await {
        Ok(answer) => answer,
        Err(why) => failure(503, "ServiceUnavailable", &format!("error trying to reach service: {why}")),
    }
}

async fn socket(hub: &Hub, address: &Address) -> Option<SocketAddr> {
    let (name, port) = address.name.strip_prefix("https:")?.split_once(':')?;
    let pod: Pod = hub.find(&address.namespace, name).await?;
    let ip: IpAddr = pod.status?.pod_ip?.parse().ok()?;
    Some(SocketAddr::new(ip, port.parse().ok()?))
}

async fn ask(hub: &Hub, socket: SocketAddr, uri: &Uri) -> Result<Response<Body>, Unreached> {
    let (_, path) =
        uri.path_and_query().and_then(|path| path.as_str().split_once("/proxy")).unwrap_or_default();
    let request = Request::get(path).header(HOST, socket.to_string()).body(full("")).unwrap();
    let caller = Caller::new(Arc::clone(&hub.clock), Trust::Everybodys, None)?;
    let answer = caller.send(socket, &socket.ip().to_string(), request).await?;
    Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
}
