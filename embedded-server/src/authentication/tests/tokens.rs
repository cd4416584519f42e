use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::api::authentication::v1::{self as api, TokenReviewSpec, TokenReviewStatus};
use parking_lot::Mutex;

use super::pki::peer;
use super::*;
use crate::lookup::{Failed, Lifetimes};

/// A cluster that says what it is told to say, and counts.
#[derive(Debug)]
struct Cluster {
    says: Mutex<Result<TokenReviewStatus, Failed>>,
    asked: AtomicU32,
    wanted: Mutex<Option<Vec<String>>>,
}

#[async_trait]
impl ReviewTokens for Cluster {
    async fn review(&self, spec: TokenReviewSpec) -> Result<TokenReviewStatus, Failed> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.wanted.lock() = spec.audiences;
        self.says.lock().clone()
    }
}

/// A cluster that never says anything.
#[derive(Debug)]
struct Silence;

#[async_trait]
impl ReviewTokens for Silence {
    async fn review(&self, _: TokenReviewSpec) -> Result<TokenReviewStatus, Failed> {
        std::future::pending().await
    }
}

struct Scene {
    cluster: Arc<Cluster>,
    clock: Arc<ManualClock>,
    authenticator: BearerToken,
}

impl Scene {
    fn new(says: Result<TokenReviewStatus, Failed>, audiences: &[&str]) -> Self {
        let says = Mutex::new(says);
        let cluster = Arc::new(Cluster { says, asked: AtomicU32::new(0), wanted: Mutex::default() });
        let clock = clock();
        let audiences = audiences.iter().map(|audience| (*audience).to_owned()).collect();
        let reviewer: Arc<dyn ReviewTokens> = Arc::clone(&cluster) as _;
        let reviews = TokenReviews::new(reviewer, audiences, Lifetimes::default(), Arc::clone(&clock) as _);
        Self { cluster, clock, authenticator: BearerToken::new(reviews) }
    }

    fn now_says(&self, says: Result<TokenReviewStatus, Failed>) {
        *self.cluster.says.lock() = says;
    }

    async fn name_of(&self, token: &str) -> Result<Option<String>, Rejected> {
        let headers = headers(&[("authorization", &format!("Bearer {token}"))]);
        name_by(&self.authenticator, &peer(vec![]), &headers).await
    }

    fn asked(&self) -> u32 {
        self.cluster.asked.load(Ordering::SeqCst)
    }
}

fn known() -> TokenReviewStatus {
    let user = api::UserInfo { username: Some("alice".to_owned()), ..api::UserInfo::default() };
    TokenReviewStatus { authenticated: Some(true), user: Some(user), ..TokenReviewStatus::default() }
}

fn alice() -> Result<Option<String>, Rejected> {
    Ok(Some("alice".to_owned()))
}

#[tokio::test]
async fn a_token_is_reviewed_once_in_ten_seconds() {
    let scene = Scene::new(Ok(known()), &[]);
    assert_eq!((scene.name_of("t").await, scene.name_of("t").await), (alice(), alice()));
    assert_eq!(scene.asked(), 1);
    assert_eq!(scene.name_of("other").await, alice());
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn a_token_that_stops_being_valid_is_refused_ten_seconds_later() {
    let scene = Scene::new(Ok(known()), &[]);
    assert_eq!(scene.name_of("t").await, alice());
    scene.now_says(Ok(TokenReviewStatus::default()));
    scene.clock.advance(SignedDuration::from_millis(9_999));
    assert_eq!(scene.name_of("t").await, alice());
    scene.clock.advance(SignedDuration::from_millis(1));
    scene.name_of("t").await.unwrap_err();
}

#[tokio::test]
async fn an_unknown_token_is_rejected_and_remembered() {
    let scene = Scene::new(Ok(TokenReviewStatus::default()), &[]);
    for _ in 0..2 {
        assert_eq!(scene.name_of("t").await, Err(Rejected("invalid bearer token".to_owned())));
    }
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn what_the_reviewer_calls_an_error_is_not_remembered() {
    let expired = TokenReviewStatus { error: Some("expired".to_owned()), ..TokenReviewStatus::default() };
    let scene = Scene::new(Ok(expired), &[]);
    assert_eq!(scene.name_of("t").await, Err(Rejected("expired".to_owned())));
    scene.now_says(Ok(known()));
    assert_eq!(scene.name_of("t").await, alice());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_asked_lets_nobody_in() {
    let scene = Scene::new(Err(Failed::passing("busy")), &[]);
    scene.name_of("t").await.unwrap_err();
    assert_eq!(scene.asked(), 5);
    scene.now_says(Err(Failed::lasting("no")));
    assert_eq!(scene.name_of("t").await, Err(Rejected("no".to_owned())));
    assert_eq!(scene.asked(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_hangs_is_waited_for_ten_seconds() {
    let reviews = TokenReviews::new(Arc::new(Silence), vec![], Lifetimes::default(), clock());
    let headers = headers(&[("authorization", "Bearer t")]);
    let begun = tokio::time::Instant::now();
    name_by(&BearerToken::new(reviews), &peer(vec![]), &headers).await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(10).as_secs());
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    let strings = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let scene = Scene::new(Ok(TokenReviewStatus { audiences: strings(&["b"]), ..known() }), &["a"]);
    scene.name_of("t").await.unwrap_err();
    assert_eq!(*scene.cluster.wanted.lock(), strings(&["a"]));
    scene.now_says(Ok(TokenReviewStatus { audiences: strings(&["b", "a"]), ..known() }));
    assert_eq!(scene.name_of("u").await, alice());
    scene.now_says(Ok(known()));
    assert_eq!(scene.name_of("v").await, alice(), "a reviewer that knows no audiences");
    let anybody = Scene::new(Ok(known()), &[]);
    assert_eq!(anybody.name_of("t").await, alice());
    assert_eq!(*anybody.cluster.wanted.lock(), None);
}

#[tokio::test]
async fn a_request_without_a_token_asks_nobody() {
    let scene = Scene::new(Ok(known()), &[]);
    assert_eq!(name_by(&scene.authenticator, &peer(vec![]), &HeaderMap::new()).await, Ok(None));
    assert_eq!(scene.asked(), 0);
}
