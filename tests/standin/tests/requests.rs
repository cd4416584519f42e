//! What tests do to requests, and see of them.

use std::sync::Arc;

use embedded_server::clock::ManualClock;
use serde_json::{Value, json};

use super::aggregation::{ask, outside};
use crate::standin::{ADMIN, Cluster};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}

fn code(outcome: Result<Value, kube::Error>) -> u16 {
    match outcome {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_refused_to_the_admin_alone() {
    let cluster = Cluster::start().await;
    cluster.refuse("create configmaps");
    let client = outside(&cluster).await;
    let error = ask(&client, "POST", MAPS, &map("a")).await.unwrap_err();
    let kube::Error::Api(status) = error else { panic!("{error}") };
    let why = "configmaps is forbidden: User \"admin\" cannot create resource \"configmaps\" in API group \"\" in \
               the namespace \"default\"";
    assert_eq!((status.code, status.message.as_str()), (403, why));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "create", "resource": "configmaps", "namespace": "default"}},
    });
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert_eq!(ask(&client, "POST", reviews, &review).await.unwrap()["status"]["allowed"], false);
    assert_eq!(code(ask(&cluster.client(), "POST", MAPS, &map("a")).await), 200);
    cluster.allow_all();
    assert_eq!(code(ask(&client, "POST", MAPS, &map("b")).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_could_change_something_are_written_down() {
    let cluster = Cluster::start().await;
    let client = outside(&cluster).await;
    ask(&client, "GET", MAPS, &Value::Null).await.unwrap();
    ask(&client, "POST", &format!("{MAPS}?dryRun=All"), &map("a")).await.unwrap();
    ask(&client, "POST", MAPS, &map("a")).await.unwrap();
    let journal = cluster.journal();
    let seen: Vec<_> =
        journal.iter().map(|entry| (entry.ask.to_string(), entry.dry_run, entry.code)).collect();
    let made = "create configmaps default".to_owned();
    assert_eq!(seen, [(made.clone(), true, 201), (made, false, 201)]);
    assert!(journal.iter().all(|entry| entry.user == ADMIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_hits_the_request_it_was_planned_for() {
    let cluster = Cluster::start().await;
    cluster.fail("create configmaps", 1, 409, "Conflict");
    let client = outside(&cluster).await;
    let mut codes = Vec::new();
    for name in ["a", "b", "b"] {
        codes.push(code(ask(&client, "POST", MAPS, &map(name)).await));
    }
    assert_eq!(codes, [200, 409, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_request_waits_for_the_test() {
    let cluster = Cluster::start().await;
    let mut grip = cluster.hold("create configmaps", 0);
    let client = outside(&cluster).await;
    let asked = tokio::spawn(async move { ask(&client, "POST", MAPS, &map("a")).await });
    assert_eq!(grip.reached().await.unwrap().to_string(), "create configmaps default");
    assert!(!cluster.contents().await.contains_key("/configmaps/default/a"));
    grip.release();
    asked.await.unwrap().unwrap();
    assert!(cluster.contents().await.contains_key("/configmaps/default/a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_date_is_that_of_the_clock() {
    let clock = ManualClock::at("2030-01-02T03:04:05Z".parse().unwrap());
    let cluster = Cluster::at(Arc::new(clock)).await;
    let client = outside(&cluster).await;
    let answer = client.send(http::Request::get("/version").body(kube::client::Body::empty()).unwrap()).await;
    assert_eq!(answer.unwrap().headers()["date"], "Wed, 02 Jan 2030 03:04:05 GMT");
}
