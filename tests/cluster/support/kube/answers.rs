//! How requests are answered.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};

use super::{Decides, Objects, Shared, State};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Which objects a request is about.
type Of = fn(&State) -> &Objects;

pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let path: Vec<_> = head.uri.path().trim_matches('/').split('/').map(str::to_owned).collect();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    Ok(match (&head.method, path.as_slice()) {
        (&Method::POST, [.., "tokenreviews"]) => token(&shared, read(body).await),
        (&Method::POST, [.., "subjectaccessreviews"]) => access(&shared, read(body).await).await,
        (&Method::GET, ["api", "v1", "namespaces"]) => {
            collection(shared, &query, "NamespaceList", |state| &state.namespaces)
        }
        (&Method::GET, ["apis", "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"]) => {
            collection(shared, &query, "MutatingWebhookConfigurationList", |state| &state.mutating_webhooks)
        }
        (&Method::GET, ["apis", "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"]) => {
            collection(shared, &query, "ValidatingWebhookConfigurationList", |state| {
                &state.validating_webhooks
            })
        }
        (&Method::GET, ["api", "v1", "namespaces", name]) => {
            let found = shared.state.lock().namespaces.get(name);
            found.map_or_else(|| failure(404, "NotFound", "namespace not found"), |found| json(200, &found))
        }
        (&Method::GET, ["api", "v1", "namespaces", "kube-system", "configmaps"]) => {
            let forbids = shared.state.lock().forbids;
            match forbids {
                true => failure(403, "Forbidden", "configmaps is forbidden"),
                false => collection(Arc::clone(&shared), &query, "ConfigMapList", |state| &state.config_maps),
            }
        }
        (&Method::GET, ["api", "v1", "namespaces", "workflow-system", "secrets"]) => {
            collection(shared, &query, "SecretList", |state| &state.secrets)
        }
        _ => failure(404, "NotFound", "no such path"),
    })
}

async fn read(body: Incoming) -> Value {
    serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap()
}

fn token(shared: &Shared, mut review: Value) -> Response<Body> {
    let user = shared.state.lock().tokens.get(review["spec"]["token"].as_str().unwrap()).cloned();
    review["status"] = match user {
        Some(user) => json!({"authenticated": true, "user": user}),
        None => json!({"error": "invalid bearer token"}),
    };
    json(201, &review)
}

async fn access(shared: &Shared, mut review: Value) -> Response<Body> {
    let (decides, allowed) = {
        let mut state = shared.state.lock();
        state.reviews.push(review["spec"].clone());
        let user = review["spec"]["user"].as_str().unwrap_or_default();
        (state.decides, state.allowed.iter().any(|allowed| allowed == user))
    };
    shared.changes.send_modify(|count| *count += 1);
    match decides {
        Decides::Never => std::future::pending().await,
        Decides::WithAnError => failure(403, "Forbidden", "subjectaccessreviews is forbidden"),
        Decides::AtOnce => {
            review["status"] = json!({"allowed": allowed});
            json(201, &review)
        }
    }
}

fn collection(shared: Arc<Shared>, query: &str, kind: &str, of: Of) -> Response<Body> {
    if !query.contains("watch=true") {
        return json(200, &of(&shared.state.lock()).list(kind));
    }
    let begin = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion=")).unwrap_or_default();
    let revision = begin.parse().unwrap();
    let lines = stream::unfold(Some((shared, revision)), move |watch| async move {
        let (shared, revision) = watch?;
        let (line, revision) = next(&shared, revision, of).await;
        Some((Ok(Frame::data(Bytes::from(line))), revision.map(|revision| (shared, revision))))
    });
    Response::new(StreamBody::new(lines.boxed()).boxed_unsync())
}

/// Returns the next lines of a watch, and up to where they go; nowhere when the watch ends with them.
async fn next(shared: &Shared, revision: u64, of: Of) -> (String, Option<u64>) {
    let mut changes = shared.changes.subscribe();
    loop {
        let news = of(&shared.state.lock()).since(revision);
        let Some(news) = news else {
            let gone = status(410, "Expired", "too old resource version");
            return (json!({"type": "ERROR", "object": gone}).to_string() + "\n", None);
        };
        if let Some((last, _)) = news.last() {
            return (news.iter().map(|(_, event)| format!("{event}\n")).collect(), Some(*last));
        }
        changes.changed().await.unwrap();
    }
}

fn failure(code: u16, reason: &str, message: &str) -> Response<Body> {
    json(code, &status(code, reason, message))
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {},
        "status": "Failure", "code": code, "reason": reason, "message": message,
    })
}

fn json(code: u16, value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}
