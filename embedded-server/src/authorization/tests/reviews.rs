use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authorization::v1::{SubjectAccessReviewSpec, SubjectAccessReviewStatus};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;

use super::super::question;
use super::*;
use crate::clock::ManualClock;
use crate::lookup::{Failed, Lifetimes};
use crate::meta::selector::{FieldSelector, LabelSelector};

/// A cluster that says what it is told to say once its gate is open, and counts.
#[derive(Debug)]
struct Cluster {
    says: Mutex<Result<SubjectAccessReviewStatus, Failed>>,
    asked: AtomicU32,
    open: watch::Sender<bool>,
}

#[async_trait]
impl ReviewAccess for Cluster {
    async fn review(&self, _: SubjectAccessReviewSpec) -> Result<SubjectAccessReviewStatus, Failed> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        self.says.lock().clone()
    }
}

struct Scene {
    cluster: Arc<Cluster>,
    clock: ManualClock,
    reviews: AccessReviews,
}

impl Scene {
    fn new(says: Result<SubjectAccessReviewStatus, Failed>) -> Self {
        let open = watch::Sender::new(true);
        let cluster = Arc::new(Cluster { says: Mutex::new(says), asked: AtomicU32::new(0), open });
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let reviewer: Arc<dyn ReviewAccess> = Arc::clone(&cluster) as _;
        let lifetimes = Lifetimes { yes: Duration::from_secs(10), no: Duration::from_secs(5) };
        let reviews = AccessReviews::new(reviewer, lifetimes, Arc::new(clock.clone()));
        Self { cluster, clock, reviews }
    }

    async fn ask(&self, asked: &str) -> Result<Verdict, Unanswered> {
        self.reviews.authorize(&alice(), &path(asked)).await
    }

    fn asked(&self) -> u32 {
        self.cluster.asked.load(Ordering::SeqCst)
    }
}

fn alice() -> UserInfo {
    UserInfo { name: "alice".to_owned(), groups: vec!["staff".to_owned()], ..UserInfo::default() }
}

fn status(allowed: bool, denied: bool, reason: &str) -> SubjectAccessReviewStatus {
    SubjectAccessReviewStatus {
        allowed,
        denied: Some(denied),
        reason: Some(reason.to_owned()),
        ..SubjectAccessReviewStatus::default()
    }
}

#[tokio::test]
async fn the_cluster_decides() {
    for (says, expected) in [
        (status(true, false, "yes"), Ok(Decision::Allow.because("yes"))),
        (status(false, true, "no"), Ok(Decision::Deny.because("no"))),
        (status(false, false, "why"), Ok(Decision::NoOpinion.because("why"))),
        (
            status(true, true, ""),
            Err(Unanswered("webhook subject access review returned both allow and deny response".to_owned())),
        ),
    ] {
        assert_eq!(Scene::new(Ok(says)).ask("/x").await, expected);
    }
}

#[tokio::test]
async fn a_yes_and_a_no_are_good_for_their_time() {
    for (allowed, seconds) in [(true, 10), (false, 5)] {
        let scene = Scene::new(Ok(status(allowed, false, "")));
        scene.ask("/x").await.unwrap();
        scene.clock.advance(SignedDuration::from_millis(seconds * 1_000 - 1));
        scene.ask("/x").await.unwrap();
        assert_eq!(scene.asked(), 1);
        scene.clock.advance(SignedDuration::from_millis(1));
        scene.ask("/x").await.unwrap();
        assert_eq!(scene.asked(), 2);
    }
}

#[tokio::test]
async fn other_users_and_other_selectors_are_other_questions() {
    let scene = Scene::new(Ok(status(true, false, "")));
    let bob = UserInfo { name: "bob".to_owned(), ..alice() };
    for (user, labels) in [(&alice(), ""), (&bob, ""), (&bob, "a=b"), (&bob, "a=c")] {
        scene.reviews.authorize(user, &list("", labels)).await.unwrap();
        scene.reviews.authorize(user, &list("", labels)).await.unwrap();
    }
    assert_eq!(scene.asked(), 4);
}

#[tokio::test]
async fn a_very_long_question_is_not_remembered() {
    let scene = Scene::new(Ok(status(true, false, "")));
    let fits = "/".repeat(TOO_LONG_PATH - 1);
    let long = "/".repeat(TOO_LONG_PATH);
    for (asked, times) in [(&fits, 1), (&long, 3)] {
        scene.ask(asked).await.unwrap();
        scene.ask(asked).await.unwrap();
        assert_eq!(scene.asked(), times);
    }
}

/// Ten thousand bytes with the verb.
const TOO_LONG_PATH: usize = 10_000 - "get".len();

#[tokio::test]
async fn the_same_question_is_asked_once_at_a_time() {
    let scene = Scene::new(Ok(status(true, false, "")));
    scene.cluster.open.send_replace(false);
    let open = async { scene.cluster.open.send_replace(true) };
    let (one, same, other, _) = tokio::join!(scene.ask("/x"), scene.ask("/x"), scene.ask("/y"), open);
    assert!(one.is_ok() && same.is_ok() && other.is_ok());
    assert_eq!(scene.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_asked_is_no_permission() {
    let scene = Scene::new(Err(Failed::passing("busy")));
    assert_eq!(scene.ask("/x").await, Err(Unanswered("busy".to_owned())));
    assert_eq!(scene.asked(), 5);
    *scene.cluster.says.lock() = Ok(status(true, false, ""));
    assert_eq!(scene.ask("/x").await, Ok(Decision::Allow.into()), "failures are not remembered");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_hangs_is_waited_for_ten_seconds() {
    let scene = Scene::new(Ok(status(true, false, "")));
    scene.cluster.open.send_replace(false);
    let begun = tokio::time::Instant::now();
    scene.ask("/x").await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(scene.asked(), 1);
}

fn list(fields: &str, labels: &str) -> Attributes {
    Attributes::Resource {
        verb: Verb::List,
        group: "g".to_owned(),
        version: "v1".to_owned(),
        resource: "things".to_owned(),
        subresource: String::new(),
        namespace: "ns".to_owned(),
        name: String::new(),
        field_selector: FieldSelector::parse(fields).unwrap(),
        label_selector: LabelSelector::parse(labels).unwrap(),
    }
}

#[test]
fn a_question_carries_user_and_attributes() {
    let user = UserInfo {
        uid: "7".to_owned(),
        extra: BTreeMap::from([("scopes".to_owned(), vec!["a".to_owned()])]),
        ..alice()
    };
    let asked = serde_json::to_value(question::about(&user, &list("", ""))).unwrap();
    let expected = json!({
        "user": "alice", "uid": "7", "groups": ["staff"], "extra": {"scopes": ["a"]},
        "resourceAttributes": {
            "verb": "list", "group": "g", "version": "v1", "resource": "things", "namespace": "ns",
        },
    });
    assert_eq!(asked, expected);
    let asked = serde_json::to_value(question::about(&alice(), &path("/metrics"))).unwrap();
    assert_eq!(asked["nonResourceAttributes"], json!({"path": "/metrics", "verb": "get"}));
}

#[test]
fn selectors_are_told_as_requirements() {
    let attributes = list("metadata.name=a,spec.x!=b", "a=1,b!=2,c in (3,4),d notin (5),e,!f,g>6");
    let asked = serde_json::to_value(question::about(&alice(), &attributes)).unwrap();
    let requirement = |key, operator, values| json!({"key": key, "operator": operator, "values": values});
    let bare = |key, operator| json!({"key": key, "operator": operator});
    assert_eq!(
        asked["resourceAttributes"]["fieldSelector"]["requirements"],
        json!([
            requirement("metadata.name", "In", json!(["a"])),
            requirement("spec.x", "NotIn", json!(["b"]))
        ])
    );
    assert_eq!(
        asked["resourceAttributes"]["labelSelector"]["requirements"],
        json!([
            requirement("a", "In", json!(["1"])),
            requirement("b", "NotIn", json!(["2"])),
            requirement("c", "In", json!(["3", "4"])),
            requirement("d", "NotIn", json!(["5"])),
            bare("e", "Exists"),
            bare("f", "DoesNotExist"),
        ])
    );
}
