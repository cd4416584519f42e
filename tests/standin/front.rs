//! The door: TLS, and the way of a request past journal and faults to whoever answers it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use embedded_server::authentication::Peer;
use embedded_server::meta::UserInfo;
use http::header::{DATE, HeaderValue};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::access::Ask;
use super::address::{Address, is_mutating};
use super::body::{Body, failure, text};
use super::hub::Hub;
use super::journal::{Entry, Fault};
use super::pki::Authority;
use super::{aggregator, discovery, kinds, pods, reviews};

/// Answers until the task is aborted, and with it all connections.
pub(super) async fn accept(listener: TcpListener, hub: Arc<Hub>) {
    let acceptor = acceptor(&hub.authority);
    let mut connections = JoinSet::new();
    while let Ok((stream, from)) = listener.accept().await {
        let (acceptor, hub) = (acceptor.clone(), Arc::clone(&hub));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(Arc::clone(&hub), from, request));
            // A client that hangs up is no failure of the test.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let (chain, key) = authority.server().der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn answer(
    hub: Arc<Hub>,
    from: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let peer = Peer::new(from, vec![]);
    let mut headers = request.headers().clone();
    let mut response = match hub.users.authenticate(&peer, &mut headers).await {
        Ok(user) => recorded(&hub, &peer, &user, request).await,
        Err(_) => failure(401, "Unauthorized", "Unauthorized"),
    };
    response.headers_mut().insert(DATE, date(&hub));
    Ok(response)
}

fn date(hub: &Hub) -> HeaderValue {
    let now = hub.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&now).unwrap()
}

/// Answers a request, unless a fault was planned for it, and writes it down if it could change something.
async fn recorded(hub: &Hub, peer: &Peer, user: &UserInfo, request: Request<Incoming>) -> Response<Body> {
    let address = Address::parse(request.uri().path());
    let Some(address) = address else { return documents(hub, peer, user, request).await };
    let ask = address.ask(request.method(), request.uri());
    let dry_run = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
    let fault = if dry_run { None } else { hub.journal.fault(&ask) };
    let response = match fault {
        Some(Fault::Answer(code, reason)) => failure(code, reason, "the stand-in was told to fail"),
        Some(Fault::Hold(held)) => {
            held.wait(ask.clone()).await;
            route(hub, peer, user, &address, &ask, request).await
        }
        None => route(hub, peer, user, &address, &ask, request).await,
    };
    if is_mutating(&ask.verb) && !reviews::are(&address) {
        let code = response.status().as_u16();
        hub.journal.write(Entry { user: user.name.clone(), ask, dry_run, code });
    }
    response
}

async fn route(
    hub: &Hub,
    peer: &Peer,
    user: &UserInfo,
    address: &Address,
    ask: &Ask,
    request: Request<Incoming>,
) -> Response<Body> {
    if reviews::are(address) {
        return reviews::answer(hub, user, address, request).await;
    }
    if let Some(service) = hub.api_service(&address.group, &address.version).await {
        return match hub.refusals.allow(&user.name, ask) {
            true => aggregator::proxy(hub, &service, user, request).await,
            false => forbidden(user, address, ask),
        };
    }
    if (address.resource.as_str(), address.part.as_str()) == ("pods", "log") {
        return match hub.refusals.allow(&user.name, ask) {
            true => log(hub, address, request.uri().query().unwrap_or_default()),
            false => forbidden(user, address, ask),
        };
    }
    if (address.resource.as_str(), address.part.as_str()) == ("pods", "proxy") {
        return match hub.refusals.allow(&user.name, ask) {
            true => pods::proxy(hub, address, request.uri()).await,
            false => forbidden(user, address, ask),
        };
    }
    match kinds::ALL.iter().any(|of| of.group == address.group) {
        true => library(hub, peer, request).await,
        false => text(404, "404 page not found\n"),
    }
}

fn forbidden(user: &UserInfo, address: &Address, ask: &Ask) -> Response<Body> {
    let Address { group, resource, namespace, .. } = address;
    let part = if address.part.is_empty() { String::new() } else { format!("/{}", address.part) };
    let place = match namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{resource}.{group} is forbidden: User \"{}\" cannot {} resource \"{resource}{part}\" in API group \
         \"{group}\" {place}",
        user.name, ask.verb
    );
    failure(403, "Forbidden", &message)
}

fn log(hub: &Hub, address: &Address, query: &str) -> Response<Body> {
    let previous = query.contains("previous=true");
    match hub.logs.read(&address.namespace, &address.name, previous) {
        Some(lines) => text(200, lines),
        None => failure(400, "BadRequest", "container is waiting to start"),
    }
}

/// Answers for what is no resource.
async fn documents(hub: &Hub, peer: &Peer, user: &UserInfo, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["apis"] => discovery::root(hub, library(hub, peer, request).await).await,
        ["apis", group] => match discovery::group(hub, group).await {
            Some(answer) => answer,
            None => library(hub, peer, request).await,
        },
        ["apis", group, version] => match hub.api_service(group, version).await {
            Some(service) => aggregator::proxy(hub, &service, user, request).await,
            None => library(hub, peer, request).await,
        },
        _ => library(hub, peer, request).await,
    }
}

async fn library(hub: &Hub, peer: &Peer, request: Request<Incoming>) -> Response<Body> {
    hub.api.handle(peer, request).await.map(|body| body.map_err(Into::into).boxed_unsync())
}
