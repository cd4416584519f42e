//! Reviews: types that are answered and not kept.

use embedded_server::meta::UserInfo;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::access::{Ask, owner};
use super::address::Address;
use super::body::{Body, failure, json};
use super::hub::Hub;

/// Tells whether an address is that of a review.
pub(super) fn are(address: &Address) -> bool {
    matches!(address.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
}

/// Answers a review that `user` asks for.
pub(super) async fn answer(
    hub: &Hub,
    user: &UserInfo,
    address: &Address,
    request: Request<Incoming>,
) -> Response<Body> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let Ok(mut review) = serde_json::from_slice::<Value>(&body) else {
        return failure(400, "BadRequest", "the body is no JSON");
    };
    let asked = Ask::new("create", &address.group, &address.resource, "");
    if !address.resource.starts_with("self") && !hub.refusals.allow(&user.name, &asked) {
        let (Address { group, resource, .. }, name) = (address, &user.name);
        let who = format!("User \"{name}\" cannot create resource \"{resource}\" in API group \"{group}\"");
        return failure(
            403,
            "Forbidden",
            &format!("{resource}.{group} is forbidden: {who} at the cluster scope"),
        );
    }
    let spec = &review["spec"];
    let status = match address.resource.as_str() {
        "tokenreviews" => whose(spec["token"].as_str().unwrap_or_default()),
        "selfsubjectreviews" => json!({ "userInfo": told(user) }),
        "selfsubjectaccessreviews" => verdict(hub, &user.name, spec),
        "subjectaccessreviews" => verdict(hub, spec["user"].as_str().unwrap_or_default(), spec),
        _ => return failure(404, "NotFound", "the server could not find the requested resource"),
    };
    review["status"] = status;
    json(201, &review)
}

fn whose(token: &str) -> Value {
    match owner(token) {
        Some(user) => json!({"authenticated": true, "user": told(&user)}),
        None => json!({"error": "invalid bearer token"}),
    }
}

fn told(user: &UserInfo) -> Value {
    json!({"username": user.name, "groups": user.groups})
}

/// Documents are for everybody.
fn verdict(hub: &Hub, user: &str, spec: &Value) -> Value {
    let attributes = &spec["resourceAttributes"];
    if attributes.is_null() {
        return json!({ "allowed": true });
    }
    let text = |name: &str| attributes[name].as_str().unwrap_or_default();
    let ask = Ask::new(text("verb"), text("group"), text("resource"), text("subresource"));
    json!({ "allowed": hub.refusals.allow(user, &ask.at(text("namespace"), text("name"))) })
}
