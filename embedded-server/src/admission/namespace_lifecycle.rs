//! Nothing is made in a namespace that is not there or is going away.
//!
//! Source: `apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go`.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{sleep, timeout};

use super::{Operation, Review, Validate, forbidden};
use crate::lookup::{Failed, within};
use crate::meta::ApiError;

/// How long a write waits for the namespaces to be known at all.
const UNTIL_KNOWN: Duration = Duration::from_secs(10);
/// How long a write waits for a namespace that may have been made a moment ago.
const UNTIL_HEARD_OF: Duration = Duration::from_millis(50);

/// How long a look-up may take.
const UNTIL_LOOKED_UP: Duration = Duration::from_secs(10);

/// Where a namespace stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It can be used.
    Active,
    /// It is being deleted, with all that is in it.
    Terminating,
}

/// The namespaces of a cluster, as they were heard of and as they are.
#[async_trait]
pub trait Namespaces: Debug + Send + Sync + 'static {
    /// Waits until it was heard of all that there are.
    async fn known(&self);

    /// Returns what was last heard of a namespace.
    fn last_heard(&self, name: &str) -> Option<Phase>;

    /// Asks for a namespace; none when there is none.
    ///
    /// # Errors
    /// When nobody can be asked.
    async fn look_up(&self, name: &str) -> Result<Option<Phase>, Failed>;
}

/// Refuses writes to namespaces that are not there, and to make something in one that is going away. Asks before it
/// says no.
#[derive(Debug)]
pub struct NamespaceLifecycle(Arc<dyn Namespaces>);

impl NamespaceLifecycle {
    /// Returns the check against `namespaces`.
    pub fn new(namespaces: Arc<dyn Namespaces>) -> Self {
        Self(namespaces)
    }

    async fn phase(&self, review: Review<'_>) -> Result<Phase, ApiError> {
        let name = review.namespace;
        let heard = match (self.0.last_heard(name), review.operation) {
            (None, Operation::Create) => {
                sleep(UNTIL_HEARD_OF).await;
                self.0.last_heard(name)
            }
            (heard, _) => heard,
        };
        let dispensable = heard == Some(Phase::Active) || review.operation != Operation::Create;
        match heard.filter(|_| dispensable) {
            Some(phase) => Ok(phase),
            None => self.look_up(name).await,
        }
    }

    async fn look_up(&self, name: &str) -> Result<Phase, ApiError> {
        let found = within(UNTIL_LOOKED_UP, self.0.look_up(name)).await.map_err(ApiError::internal)?;
        found.ok_or_else(|| ApiError::no_such_namespace(name))
    }
}

#[async_trait]
impl Validate for NamespaceLifecycle {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        if review.namespace.is_empty() || review.operation == Operation::Delete {
            return Ok(());
        }
        if timeout(UNTIL_KNOWN, self.0.known()).await.is_err() {
            return Err(forbidden(review, "not yet ready to handle request"));
        }
        match self.phase(review).await? {
            Phase::Terminating if review.operation == Operation::Create => Err(terminating(review)),
            Phase::Active | Phase::Terminating => Ok(()),
        }
    }
}

fn terminating(review: Review<'_>) -> ApiError {
    let namespace = review.namespace;
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    forbidden(review, &why).in_terminating(namespace)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::admission::testing::{NoObjects, Request};
    use crate::meta::Reason;

    /// Namespaces as told, which counts how often it is looked up.
    #[derive(Debug)]
    struct Told {
        known: bool,
        heard: Option<Phase>,
        there: Result<Option<Phase>, Failed>,
        looked_up: AtomicU32,
    }

    #[async_trait]
    impl Namespaces for Told {
        async fn known(&self) {
            if !self.known {
                std::future::pending::<()>().await;
            }
        }

        fn last_heard(&self, _: &str) -> Option<Phase> {
            self.heard
        }

        async fn look_up(&self, _: &str) -> Result<Option<Phase>, Failed> {
            self.looked_up.fetch_add(1, Ordering::SeqCst);
            self.there.clone()
        }
    }

    fn told(heard: Option<Phase>, there: Option<Phase>) -> Told {
        Told { known: true, heard, there: Ok(there), looked_up: AtomicU32::new(0) }
    }

    async fn reviewed(told: Told, operation: Operation, namespace: &str) -> (Result<(), ApiError>, u32) {
        let told = Arc::new(told);
        let request = Request::default();
        let review = Review { namespace, ..request.review(operation, &NoObjects) };
        let namespaces: Arc<dyn Namespaces> = Arc::clone(&told) as _;
        let outcome = NamespaceLifecycle::new(namespaces).validate(review).await;
        (outcome, told.looked_up.load(Ordering::SeqCst))
    }

    const ACTIVE: Option<Phase> = Some(Phase::Active);
    const TERMINATING: Option<Phase> = Some(Phase::Terminating);

    #[tokio::test]
    async fn what_goes_into_a_namespace_that_is_there_passes_without_asking() {
        assert_eq!(reviewed(told(ACTIVE, None), Operation::Create, "ns").await, (Ok(()), 0));
        assert_eq!(reviewed(told(TERMINATING, None), Operation::Update, "ns").await, (Ok(()), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_not_heard_of_is_looked_up() {
        assert_eq!(reviewed(told(None, ACTIVE), Operation::Create, "ns").await, (Ok(()), 1));
        for operation in [Operation::Create, Operation::Update] {
            let (outcome, looked_up) = reviewed(told(None, None), operation, "ns").await;
            let error = outcome.unwrap_err();
            assert_eq!((error.reason(), looked_up), (Reason::NotFound, 1));
            assert_eq!(error.message(), "namespaces \"ns\" not found");
        }
    }

    #[tokio::test]
    async fn nothing_is_made_in_a_namespace_that_is_going_away() {
        let (outcome, looked_up) = reviewed(told(TERMINATING, TERMINATING), Operation::Create, "ns").await;
        let error = outcome.unwrap_err();
        assert_eq!((error.code(), looked_up), (403, 1));
        let message = "things.g \"a\" is forbidden: unable to create new content in namespace ns because it is \
                       being terminated";
        assert_eq!(error.message(), message);
        let cause = error.status().details.as_ref().unwrap().causes.as_ref().unwrap()[0].clone();
        assert_eq!(cause.reason.as_deref(), Some("NamespaceTerminating"));
        assert_eq!(cause.field.as_deref(), Some("metadata.namespace"));
        assert_eq!(cause.message.as_deref(), Some("namespace ns is being terminated"));
    }

    #[tokio::test]
    async fn a_namespace_that_was_made_again_is_not_refused() {
        assert_eq!(reviewed(told(TERMINATING, ACTIVE), Operation::Create, "ns").await, (Ok(()), 1));
    }

    #[tokio::test]
    async fn deleting_is_possible_everywhere_and_cluster_scoped_objects_too() {
        assert_eq!(reviewed(told(TERMINATING, None), Operation::Delete, "ns").await, (Ok(()), 0));
        assert_eq!(reviewed(told(None, None), Operation::Create, "").await, (Ok(()), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cluster_that_cannot_be_asked_is_no_permission() {
        let told = Told { there: Err(Failed::lasting("out")), ..told(None, None) };
        let (outcome, _) = reviewed(told, Operation::Create, "ns").await;
        assert_eq!(outcome.unwrap_err().message(), "Internal error occurred: out");
    }

    #[tokio::test(start_paused = true)]
    async fn before_anything_is_known_nothing_is_made() {
        let told = Told { known: false, ..told(ACTIVE, ACTIVE) };
        let (outcome, _) = reviewed(told, Operation::Create, "ns").await;
        assert_eq!(
            outcome.unwrap_err().message(),
            "things.g \"a\" is forbidden: not yet ready to handle request"
        );
    }
}
