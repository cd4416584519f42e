//! All that a rotation asks of a cluster, held against the roles of the job that renews.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use embedded_server::codec::yaml;
use http::{Method, Request, Response};
use http_body_util::Full;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::InCluster;
use super::installation::{Change, Installation, Part};
use crate::cluster::{Client, Cluster};
use crate::manifest;
use crate::pki::bundle::Bundle;
use crate::proof::{Expectation, Question, ask};
use crate::settings;
use crate::values::Values;

const NAMESPACE: &str = "workflow-system";
/// What every authenticated user may get, by the roles that Kubernetes itself has.
const FOR_EVERYBODY: [&str; 2] = ["/version", "/apis/workflow.example.com/v1alpha1"];

/// A request as an authorizer sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Asked {
    verb: &'static str,
    group: String,
    resource: String,
    name: Option<String>,
}

type Log = Arc<Mutex<Vec<(Method, String)>>>;

/// A cluster in which everything is an object with a name.
fn cluster(log: &Log) -> Cluster {
    let log = Arc::clone(log);
    let answer = tower::service_fn(move |request: Request<_>| {
        log.lock().push((request.method().clone(), request.uri().path().to_owned()));
        let body = json!({"metadata": {"name": "a", "resourceVersion": "7"}, "items": []}).to_string();
        let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        std::future::ready(Ok::<_, Infallible>(answer.body(Full::new(Bytes::from(body))).unwrap()))
    });
    Cluster::new(Client::new(answer, "default"), "https://cluster".to_owned())
}

async fn everything_that_is_asked() -> Vec<(Method, String)> {
    let log = Log::default();
    let cluster = cluster(&log);
    ask(&cluster.client, Question::Resources).await;
    let installation = InCluster::new(cluster, NAMESPACE);
    // There is no version in the answers, and so no time; the request was made all the same.
    installation.now().await.unwrap_err();
    for part in [Part::Serving, Part::Trust, Part::Authorities] {
        installation.get(part).await.unwrap();
        let patch = json!({});
        installation.put(&Change { part, revision: Some("7".to_owned()), patch }).await.unwrap();
    }
    for part in [Part::Serving, Part::Authorities] {
        installation.put(&Change { part, revision: None, patch: json!({"data": {}}) }).await.unwrap();
    }
    let trust = Bundle::default();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    installation.handshakes(&Expectation { trust: &trust, host: "a", now }).await.unwrap();
    log.lock().clone()
}

/// Applying what is not there creates it, so whoever patches here has to be allowed both.
fn asked(method: &Method, path: &str) -> Vec<Asked> {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => panic!("{path}"),
    };
    let rest = if rest[0] == "namespaces" { &rest[2..] } else { rest };
    let (resource, name) = (rest[0].to_owned(), rest.get(1).map(|name| (*name).to_owned()));
    let verbs: &[_] = match (method.as_str(), &name, resource.as_str()) {
        ("GET", Some(_), _) => &["get"],
        ("GET", None, _) => &["list"],
        ("PATCH", _, "secrets") => &["patch", "create"],
        ("PATCH", ..) => &["patch"],
        _ => panic!("{method} {path}"),
    };
    let asked = |verb: &&'static str| Asked {
        verb,
        group: group.to_owned(),
        resource: resource.clone(),
        name: name.clone(),
    };
    verbs.iter().map(asked).collect()
}

/// Returns the rules of the roles that the job's ServiceAccount is bound to.
fn rules() -> Vec<Value> {
    let values = Values::new(NAMESPACE, &settings::layered(&[], json!({}), &[]).unwrap()).unwrap();
    let rendered = manifest::to_yaml(&manifest::render(&values).unwrap());
    let objects: Vec<_> =
        rendered.split("---\n").map(|text| yaml::to_value(text.as_bytes()).unwrap()).collect();
    let bound = |binding: &&Value| binding["subjects"][0]["name"] == "workflow-apiserver-renewal";
    let role = |binding: &Value| {
        let wanted = &binding["roleRef"];
        let found = objects
            .iter()
            .find(|role| role["kind"] == wanted["kind"] && role["metadata"]["name"] == wanted["name"]);
        found.unwrap()["rules"].as_array().unwrap().clone()
    };
    objects.iter().filter(bound).flat_map(role).collect()
}

fn allows(rule: &Value, asked: &Asked) -> bool {
    let has = |key: &str, value: &str| rule[key].as_array().is_some_and(|all| all.contains(&json!(value)));
    let named = rule.get("resourceNames").is_none()
        || asked.name.as_ref().is_some_and(|name| has("resourceNames", name));
    named && has("apiGroups", &asked.group) && has("resources", &asked.resource) && has("verbs", asked.verb)
}

#[tokio::test]
async fn the_job_may_do_all_that_renewing_takes_and_the_rules_name_what_it_writes() {
    let rules = rules();
    let requests = everything_that_is_asked().await;
    assert!(requests.len() >= 11, "{requests:?}");
    let of_roles = requests.iter().filter(|(_, path)| !FOR_EVERYBODY.contains(&path.as_str()));
    for asked in of_roles.flat_map(|(method, path)| asked(method, path)) {
        assert!(rules.iter().any(|rule| allows(rule, &asked)), "no rule allows {asked:?}");
        let other = Asked { name: Some("another".to_owned()), ..asked.clone() };
        let written = asked.verb == "patch" || asked.verb == "create";
        assert!(!written || !rules.iter().any(|rule| allows(rule, &other)), "{other:?}");
    }
}
