//! The aggregation layer: requests for groups that a server in a pod serves.
//!
//! Source: `kube-aggregator/pkg/apiserver/handler_proxy.go`. Each request has a connection of its own, so that each is
//! a handshake that the caBundle has to verify.

use std::net::{IpAddr, SocketAddr};

use embedded_server::endpoints::discovery::AGGREGATED_PARAMETERS;
use embedded_server::meta::UserInfo;
use http::header::{ACCEPT, AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, ServiceReference};
use serde_json::Value;

use super::body::{Body, full, text};
use super::hub::Hub;
use super::tls::{Caller, Trust, Unreached};

const USER: HeaderName = HeaderName::from_static("x-remote-user");
const UID: HeaderName = HeaderName::from_static("x-remote-uid");
const GROUP: HeaderName = HeaderName::from_static("x-remote-group");

/// Has a request answered by a ready replica.
pub(super) async fn proxy(
    hub: &Hub,
    service: &APIService,
    user: &UserInfo,
    request: Request<Incoming>,
) -> Response<Body> {
    let endpoint = if is_available(service) { endpoint(hub, service).await } else { None };
    let Some(endpoint) = endpoint else { return text(503, "service unavailable\n") };
    let request = forwarded(request.map(|body| body.map_err(Into::into).boxed_unsync()), user, endpoint);
    match send(hub, service, endpoint, request).await {
        Ok(answer) => answer.map(|body| body.map_err(Into::into).boxed_unsync()),
        Err(why) => text(503, format!("error trying to reach service: {why}\n")),
    }
}

fn forwarded(request: Request<Body>, user: &UserInfo, endpoint: SocketAddr) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    for name in [AUTHORIZATION, "impersonate-user".parse().unwrap(), "impersonate-group".parse().unwrap()] {
        head.headers.remove(name);
    }
    identify(&mut head.headers, user);
    head.headers.insert(HOST, HeaderValue::from_str(&endpoint.to_string()).unwrap());
    let path = head.uri.path_and_query().cloned();
    head.uri = path.map_or_else(Uri::default, Uri::from);
    head.version = http::Version::HTTP_11;
    head.extensions.clear();
    Request::from_parts(head, body)
}

/// Says for whom the request is.
fn identify(headers: &mut HeaderMap, user: &UserInfo) {
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    headers.insert(USER, value(&user.name));
    headers.remove(UID);
    headers.remove(GROUP);
    for group in &user.groups {
        headers.append(GROUP, value(group));
    }
}

async fn send(
    hub: &Hub,
    service: &APIService,
    endpoint: SocketAddr,
    request: Request<Body>,
) -> Result<Response<Incoming>, Unreached> {
    let spec = service.spec.as_ref();
    let bundle = spec.and_then(|spec| spec.ca_bundle.as_ref()).map(|bundle| bundle.0.as_slice());
    let insecure = spec.and_then(|spec| spec.insecure_skip_tls_verify) == Some(true);
    let trust = if insecure { Trust::Everybodys } else { Trust::Of(bundle.unwrap_or_default()) };
    let caller = Caller::new(hub.clock.clone(), trust, Some(&hub.front_proxy))?;
    let (namespace, name, _) = reference(service);
    caller.send(endpoint, &format!("{name}.{namespace}.svc"), request).await
}

/// Asks for the version's own document, as someone whom everybody lets in, and believing everybody.
pub(super) async fn probe(hub: &Hub, service: &APIService) -> Result<(), Unreached> {
    let spec = service.spec.clone().unwrap_or_default();
    let (group, version) = (spec.group.unwrap_or_default(), spec.version.unwrap_or_default());
    let Some(endpoint) = endpoint(hub, service).await else {
        return Err(Unreached("no endpoints available for service".to_owned()));
    };
    let url = format!("https://{endpoint}/apis/{group}/{version}");
    let failed =
        |why: &dyn std::fmt::Display| Unreached(format!("failing or missing response from {url}: {why}"));
    if let Some(why) = hub.knobs.unanswered() {
        return Err(failed(&why.replace("URL", &url)));
    }
    let caller = Caller::new(hub.clock.clone(), Trust::Everybodys, Some(&hub.front_proxy))?;
    let request = asked(&format!("/apis/{group}/{version}"), endpoint);
    match caller.send(endpoint, &endpoint.ip().to_string(), request).await {
        Ok(answer) if (200..300).contains(&answer.status().as_u16()) => Ok(()),
        Ok(answer) => Err(failed(&format!("bad status from {url}: {}", answer.status().as_u16()))),
        Err(why) => Err(failed(&format!("Get \"{url}\": {why}"))),
    }
}

/// Returns the aggregated discovery of the server, if it can be had.
pub(super) async fn discovery(hub: &Hub, service: &APIService) -> Option<Value> {
    let endpoint = endpoint(hub, service).await.filter(|_| is_available(service))?;
    let mut request = asked("/apis", endpoint);
    let accept = format!("application/json;{AGGREGATED_PARAMETERS}");
    request.headers_mut().insert(ACCEPT, HeaderValue::from_str(&accept).ok()?);
    let answer = send(hub, service, endpoint, request).await.ok()?;
    serde_json::from_slice(&answer.into_body().collect().await.ok()?.to_bytes()).ok()
}

fn asked(path: &str, endpoint: SocketAddr) -> Request<Body> {
    let request = Request::get(path).header(HOST, endpoint.to_string()).body(full(""));
    let mut request = request.unwrap();
    let user = UserInfo {
        name: "system:kube-aggregator".to_owned(),
        groups: vec![UserInfo::MASTERS.to_owned()],
        ..UserInfo::default()
    };
    identify(request.headers_mut(), &user);
    request
}

/// Tells whether the last look at the server said that it answers.
pub(super) fn is_available(service: &APIService) -> bool {
    let conditions = service.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Available" && condition.status == "True")
}

/// Returns namespace, name and port of the Service that leads to the server.
pub(super) fn reference(service: &APIService) -> (String, String, i32) {
    let reference: Option<&ServiceReference> = service.spec.as_ref().and_then(|spec| spec.service.as_ref());
    let reference = reference.cloned().unwrap_or_default();
    let (namespace, name) = (reference.namespace.unwrap_or_default(), reference.name.unwrap_or_default());
    (namespace, name, reference.port.unwrap_or(443))
}

/// Picks a ready replica, any.
async fn endpoint(hub: &Hub, service: &APIService) -> Option<SocketAddr> {
    let (namespace, name, port) = reference(service);
    let found: Service = hub.find(&namespace, &name).await?;
    let ports = found.spec?.ports.unwrap_or_default();
    let port = ports.into_iter().find(|candidate| candidate.port == port)?.name.unwrap_or_default();
    let slices = slices(hub, &namespace, &name).await;
    let ready: Vec<_> = slices.iter().flat_map(|slice| ready_addresses(slice, &port)).collect();
    fastrand::choice(ready)
}

/// Returns the addresses of all replicas, ready or not.
pub(super) async fn replicas(hub: &Hub, service: &APIService) -> Vec<SocketAddr> {
    let (namespace, name, _) = reference(service);
    let mut slices = slices(hub, &namespace, &name).await;
    for endpoint in slices.iter_mut().flat_map(|slice| slice.endpoints.iter_mut().flatten()) {
        endpoint.conditions = None;
    }
    slices.iter().flat_map(|slice| ready_addresses(slice, "https")).collect()
}

pub(super) async fn slices(hub: &Hub, namespace: &str, service: &str) -> Vec<EndpointSlice> {
    let mut slices: Vec<EndpointSlice> = hub.list(namespace).await;
    slices.retain(|slice| {
        let labels = slice.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get("kubernetes.io/service-name")).is_some_and(|of| of == service)
    });
    slices
}

/// Returns the addresses of a slice that are ready, at a named port.
pub(super) fn ready_addresses(slice: &EndpointSlice, port: &str) -> Vec<SocketAddr> {
    let ports = slice.ports.iter().flatten();
    let port = ports.filter(|one| one.name.as_deref() == Some(port)).find_map(|one| one.port);
    let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else { return Vec::new() };
    let ready = |endpoint: &&Endpoint| {
        endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
    };
    let addresses = slice.endpoints.iter().flatten().filter(ready).flat_map(|endpoint| &endpoint.addresses);
    addresses.filter_map(|ip| Some(SocketAddr::new(ip.parse::<IpAddr>().ok()?, port))).collect()
}
