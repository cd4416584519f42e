//! What makes of objects what they say: each controller looks at everything again whenever something has changed.

mod apiservices;
pub(super) mod conditions;
mod deployments;
mod endpoints;
mod garbage;
pub(super) mod jobs;
mod namespaces;
mod replicasets;
pub(super) mod volumes;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::hub::Hub;
use super::node;

/// How often what is outside the cluster is looked at.
const OUTSIDE: Duration = Duration::from_millis(200);

pub(super) fn start(hub: &Arc<Hub>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(follow(Arc::clone(hub), deployments::reconcile));
    tasks.spawn(follow(Arc::clone(hub), replicasets::reconcile));
    tasks.spawn(follow(Arc::clone(hub), jobs::reconcile));
    tasks.spawn(follow(Arc::clone(hub), endpoints::reconcile));
    tasks.spawn(follow(Arc::clone(hub), volumes::reconcile));
    tasks.spawn(follow(Arc::clone(hub), garbage::reconcile));
    tasks.spawn(follow(Arc::clone(hub), namespaces::reconcile));
    tasks.spawn(repeat(Arc::clone(hub), apiservices::reconcile));
    tasks.spawn(node::run(Arc::clone(hub)));
    tasks
}

/// Reconciles after every change.
async fn follow<F, R>(hub: Arc<Hub>, reconcile: F)
where
    F: Fn(Arc<Hub>) -> R,
    R: Future<Output = kube::Result<()>>,
{
    let mut changes = hub.changes.subscribe();
    while changes.changed().await.is_ok() {
        check(reconcile(Arc::clone(&hub)).await);
    }
}

/// Reconciles after every change, and from time to time.
async fn repeat<F, R>(hub: Arc<Hub>, reconcile: F)
where
    F: Fn(Arc<Hub>) -> R,
    R: Future<Output = kube::Result<()>>,
{
    let mut changes = hub.changes.subscribe();
    let mut ticks = interval(OUTSIDE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = changes.changed() => {}
            _ = ticks.tick() => {}
        }
        check(reconcile(Arc::clone(&hub)).await);
    }
}

/// Passes over what is lost to somebody else: he wrote, so there is a change to come.
fn check(outcome: kube::Result<()>) {
    match outcome {
        Ok(()) => {}
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404 | 409) => {}
        // The cluster is being dropped.
        Err(kube::Error::Service(_)) => {}
        Err(error) => panic!("a controller of the stand-in failed: {error}"),
    }
}
