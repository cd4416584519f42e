//! Who is believed to be whom.

use serde_json::{Value, json};

use crate::support::{ALL, Authority, Identity, Kube, Setup};

/// A cluster with one front proxy.
struct Scene {
    kube: Kube,
    front: Authority,
    clients: Authority,
}

async fn scene() -> Scene {
    let scene = Scene {
        kube: Kube::start().await,
        front: Authority::new("front"),
        clients: Authority::new("clients"),
    };
    scene.kube.publishes(&[&scene.front], &[&scene.clients]);
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_proxy_speaks_for_its_users() {
    let scene = scene().await;
    let server = Setup::of(&scene.kube).ready();
    let proxy = server.client(&scene.front.client("aggregator"));
    proxy.get_as("alice", ALL).await.expect(200);
    proxy.get_as("bob", ALL).await.expect(403);
    let headers = [
        ("X-Remote-User", "alice"),
        ("X-Remote-Uid", "7"),
        ("X-Remote-Group", "a"),
        ("X-Remote-Group", "b"),
        ("X-Remote-Extra-acme.com%2Fproject", "p"),
    ]
    .map(|(name, value)| (name.to_lowercase(), value));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    proxy.ask(http::Method::GET, ALL, &headers, Value::Null).await.expect(200);
    let asked = scene.kube.change(|state| state.reviews.pop().unwrap());
    assert_eq!(asked["uid"], "7");
    assert_eq!(asked["groups"], json!(["a", "b", "system:authenticated"]));
    assert_eq!(asked["extra"], json!({"acme.com/project": ["p"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_speaks_for_others() {
    let scene = scene().await;
    let server = Setup::of(&scene.kube).ready();
    server.stranger().get_as("alice", ALL).await.expect(403);
    let wrong = Authority::new("front");
    for (who, identity) in [
        ("the wrong authority", wrong.client("aggregator")),
        ("the wrong name", scene.front.client("somebody")),
        ("expired", scene.front.expired_client("aggregator")),
        ("self-signed", Identity::self_signed("aggregator")),
    ] {
        let answer = server.client(&identity).get_as("alice", ALL).await;
        assert_eq!(answer.code, 401, "{who}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_speaks_for_its_owner_alone() {
    let scene = scene().await;
    let server = Setup::of(&scene.kube).ready();
    server.client(&scene.clients.client("alice")).get(ALL).await.expect(200);
    let bob = server.client(&scene.clients.client("bob"));
    let refused = bob.get_as("alice", ALL).await.expect(403).json();
    assert!(refused["message"].as_str().unwrap().contains("User \"bob\""), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_until_the_cluster_takes_it_back() {
    let scene = scene().await;
    scene.kube.change(|state| state.tokens.insert("t".to_owned(), json!({"username": "alice"})));
    let server = Setup::of(&scene.kube).with("--authentication-token-webhook-cache-ttl", "0s").ready();
    let stranger = server.stranger();
    stranger.get_with_token("t", ALL).await.expect(200);
    stranger.get_with_token("another", ALL).await.expect(401);
    scene.kube.change(|state| state.tokens.clear());
    server.stranger().get_with_token("t", ALL).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_only_health_is_told() {
    let scene = scene().await;
    let server = Setup::of(&scene.kube).ready();
    for health in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(server.stranger().get(health).await.expect(200).text, "ok");
    }
    assert!(scene.kube.change(|state| state.reviews.is_empty()), "health is told without asking");
    server.stranger().get("/readyz/ping").await.expect(403);
    let refused = server.stranger().get(ALL).await.expect(403).json();
    assert!(refused["message"].as_str().unwrap().contains("User \"system:anonymous\""), "{refused}");
}
