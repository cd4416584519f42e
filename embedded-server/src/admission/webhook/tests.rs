//! What comes of a write that webhooks are asked about.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::hook::tests_support::hook;
use super::*;
use crate::admission::testing::{NoObjects, Request, Things, thing};
use crate::admission::{Mutate, Operation, Validate};
use crate::meta::ApiError;
use crate::metrics::Metrics;

type Answers = fn(&str, &Value) -> Result<Value, CallError>;

/// Webhooks that answer as told, and remember who was asked about what.
#[derive(Debug)]
struct Told {
    answers: Answers,
    asked: Mutex<Vec<(String, Value)>>,
    labels: Result<Option<BTreeMap<String, String>>, Failed>,
}

#[async_trait]
impl CallWebhook for Told {
    async fn call(&self, target: &Target, review: Bytes, _: Duration) -> Result<Bytes, CallError> {
        let review: Value = serde_json::from_slice(&review).unwrap();
        let whom = target.url.trim_start_matches("https://").to_owned();
        let mut response = (self.answers)(&whom, &review["request"])?;
        response["uid"] = review["request"]["uid"].clone();
        self.asked.lock().push((whom, review["request"].clone()));
        let answer =
            json!({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response});
        Ok(answer.to_string().into())
    }
}

#[async_trait]
impl NamespaceLabels for Told {
    async fn known(&self) {}

    async fn labels(&self, _: &str) -> Result<Option<BTreeMap<String, String>>, Failed> {
        self.labels.clone()
    }
}

fn told(answers: Answers) -> Arc<Told> {
    Arc::new(Told { answers, asked: Mutex::default(), labels: Ok(Some(BTreeMap::new())) })
}

fn ground(told: &Arc<Told>) -> Ground {
    Ground { namespaces: Arc::clone(told) as _, caller: Arc::clone(told) as _, metrics: Metrics::default() }
}

/// Returns webhooks that are called by the names of their hosts.
fn hooks(changes: &[(&str, Value)]) -> watch::Receiver<Option<Hooks>> {
    let hooks = changes.iter().enumerate().map(|(index, (host, change))| {
        let mut change = change.clone();
        change["clientConfig"] = json!({"url": format!("https://{host}")});
        Hook { id: index.to_string(), ..hook(&change) }
    });
    watch::channel(Some(hooks.collect())).1
}

async fn mutated(told: &Arc<Told>, changes: &[(&str, Value)], request: &Request) -> Result<Value, ApiError> {
    let mut object = thing(&json!({}));
    let things = Things { new: Some(object.clone()), old: None };
    let plugin = MutatingWebhooks::new(hooks(changes), ground(told));
    plugin.mutate(request.review(Operation::Create, &things), Some(&mut object)).await.map(|()| object)
}

fn asked(told: &Told) -> Vec<String> {
    told.asked.lock().iter().map(|(whom, _)| whom.clone()).collect()
}

fn yes() -> Value {
    json!({"allowed": true})
}

fn patch(operations: &Value) -> Value {
    json!({"allowed": true, "patchType": "JSONPatch", "patch": BASE64_STANDARD.encode(operations.to_string())})
}

/// Those whose names begin with `c` count the size up.
fn counts(whom: &str, request: &Value) -> Result<Value, CallError> {
    let size = request["object"]["spec"]["size"].as_i64().unwrap();
    let counted = json!([{"op": "replace", "path": "/spec/size", "value": size + 1}]);
    Ok(if whom.starts_with('c') { patch(&counted) } else { yes() })
}

fn again() -> Value {
    json!({"reinvocationPolicy": "IfNeeded"})
}

#[tokio::test]
async fn those_who_want_it_are_asked_once_more_about_what_changed_since() {
    for (webhooks, order, size) in [
        (vec![("a", again()), ("b", json!({}))], vec!["a", "b"], 1),
        (vec![("a", again()), ("c", json!({})), ("d", again())], vec!["a", "c", "d", "a"], 2),
        (vec![("c", again())], vec!["c"], 2),
        (vec![("c1", again()), ("c2", again())], vec!["c1", "c2", "c1", "c2"], 5),
    ] {
        let told = told(counts);
        let object = mutated(&told, &webhooks, &Request::default()).await.unwrap();
        assert_eq!(
            (asked(&told), &object["spec"]["size"]),
            (order.iter().map(|&s| s.to_owned()).collect(), &json!(size))
        );
    }
}

#[tokio::test]
async fn a_webhook_sees_and_changes_the_version_that_its_rules_name() {
    let told = told(|_, request| {
        assert_eq!(request["requestKind"]["version"], "v1");
        Ok(patch(&json!([
            {"op": "test", "path": "/apiVersion", "value": "g/v1beta1"},
            {"op": "remove", "path": "/spec/size"},
            {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
        ])))
    });
    let rule =
        json!({"operations": ["*"], "apiGroups": ["g"], "apiVersions": ["v1beta1"], "resources": ["things"]});
    let object = mutated(&told, &[("a", json!({"rules": [rule]}))], &Request::default()).await.unwrap();
    assert_eq!(object, thing(&json!({"a": "b"})));
    assert_eq!(told.asked.lock()[0].1["kind"]["version"], "v1beta1");
}

#[tokio::test]
async fn what_a_patch_may_not_do_is_refused_whatever_the_policy() {
    let ignored = json!({"failurePolicy": "Ignore"});
    let mistyped: Answers = |_, _| Ok(patch(&json!([{"op": "add", "path": "/spec/size", "value": "big"}])));
    let elsewhere: Answers =
        |_, _| Ok(patch(&json!([{"op": "replace", "path": "/apiVersion", "value": "x"}])));
    let nowhere: Answers = |_, _| Ok(patch(&json!([{"op": "test", "path": "/spec/size", "value": 9}])));
    for answers in [mistyped, elsewhere, nowhere] {
        let error =
            mutated(&told(answers), &[("a", ignored.clone())], &Request::default()).await.unwrap_err();
        assert_eq!(error.code(), 500, "{error}");
    }
    let told = told(|_, _| Ok(patch(&json!([{"op": "add", "path": "/a", "value": 1}]))));
    let (request, things) = (Request::default(), Things { new: None, old: Some(thing(&json!({}))) });
    let plugin = MutatingWebhooks::new(hooks(&[("a", ignored)]), ground(&told));
    let error = plugin.mutate(request.review(Operation::Delete, &things), None).await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("attempted to modify the object, which is not supported for this operation")
    );
}

#[tokio::test]
async fn a_failure_is_passed_over_and_noted_where_the_webhook_says_so() {
    let told = told(|_, _| Err(CallError { why: "it is out".to_owned(), code: 503 }));
    let request = Request::default();
    mutated(&told, &[("a", json!({"failurePolicy": "Ignore"}))], &request).await.unwrap();
    let noted = request.annotations.take();
    let key = "mutation.webhook.admission.k8s.io/round_0_index_0";
    assert_eq!(noted[&format!("failed-open.{key}")], "a.b.c");
    let told_of: Value = serde_json::from_str(&noted[key]).unwrap();
    assert_eq!(told_of, json!({"configuration": "", "webhook": "a.b.c", "mutated": false}));
    let error = mutated(&told, &[("a", json!({}))], &request).await.unwrap_err();
    let why = "Internal error occurred: failed calling webhook \"a.b.c\": failed to call webhook: it is out";
    assert_eq!((error.code(), error.message()), (500, why));
}

#[tokio::test]
async fn a_webhook_that_knows_no_review_is_not_asked() {
    let told = told(|_, _| Ok(yes()));
    let strange = json!({"admissionReviewVersions": ["v9"]});
    let error = mutated(&told, &[("a", strange)], &Request::default()).await.unwrap_err();
    assert!(error.message().contains("does not accept known AdmissionReview versions"), "{error}");
    assert!(asked(&told).is_empty());
}

#[tokio::test]
async fn all_validating_webhooks_are_asked_and_one_refusal_is_enough() {
    let told = told(|whom, _| Ok(json!({"allowed": whom != "b"})));
    let plugin =
        ValidatingWebhooks::new(hooks(&["a", "b", "c"].map(|name| (name, json!({})))), ground(&told));
    let (request, things) = (Request::default(), Things { new: Some(thing(&json!({}))), old: None });
    let error = plugin.validate(request.review(Operation::Create, &things)).await.unwrap_err();
    assert_eq!(error.message(), "admission webhook \"a.b.c\" denied the request without explanation");
    assert_eq!(asked(&told).len(), 3);
}

#[tokio::test]
async fn a_namespace_is_known_by_its_labels_or_the_write_fails() {
    let gold = json!({"namespaceSelector": {"matchLabels": {"tier": "gold"}}});
    let labeled = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    for (labels, code, calls) in [
        (Ok(None), 404, 0),
        (Err(Failed::lasting("out")), 500, 0),
        (Ok(Some(BTreeMap::new())), 200, 0),
        (Ok(Some(labeled)), 200, 1),
    ] {
        let told = Arc::new(Told { answers: |_, _| Ok(yes()), asked: Mutex::default(), labels });
        let outcome = mutated(&told, &[("a", gold.clone())], &Request::default()).await;
        assert_eq!((outcome.map_or_else(|error| error.code(), |_| 200), asked(&told).len()), (code, calls));
    }
}

#[tokio::test(start_paused = true)]
async fn before_it_is_known_who_is_to_be_asked_nothing_is_written() {
    let (_sender, unknown) = watch::channel(None);
    let told = told(|_, _| Ok(yes()));
    let request = Request::default();
    let review = request.review(Operation::Create, &NoObjects);
    let message = "things.g \"a\" is forbidden: not yet ready to handle request";
    let validating = ValidatingWebhooks::new(unknown.clone(), ground(&told));
    assert_eq!(validating.validate(review).await.unwrap_err().message(), message);
    let mutating = MutatingWebhooks::new(unknown, ground(&told));
    assert!(!mutating.is_idle());
    assert_eq!(mutating.mutate(review, None).await.unwrap_err().message(), message);
}

#[tokio::test]
async fn without_webhooks_nobody_looks() {
    let told = told(|_, _| Ok(yes()));
    let (_sender, none) = watch::channel(Some(Hooks::default()));
    assert!(MutatingWebhooks::new(none, ground(&told)).is_idle());
}
