//! A controller: kube's, which applies a status to everything.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::watcher;
use kube::{Client, Error, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::picture::{Picture, compare, to_values};
use super::selection::{ALL, resource};
use super::stage::Stage;
use super::story::{Act, WRITES};
use super::support::{PATIENCE, Protocol, Soon};
use super::writers::Writers;

const MANAGER: &str = "controller";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_brings_everything_to_the_state_that_it_wants() {
    let mut stage = Stage::open().await;
    let client = stage.client(Protocol::Http1).await;
    let controller = Controller::new_with(ALL.api(client.clone()), watcher::Config::default(), resource())
        .with_config(Config::default().concurrency(4))
        .trigger_backoff(Soon);
    let store = controller.store();
    let (rounds, mut reconciled) = watch::channel(());
    let reconciling = async move {
        let done = controller.run(reconcile, |_, _, _| again(), Arc::new(client));
        done.for_each(async |_| rounds.send_modify(|()| {})).await;
    };
    let _task = JoinSet::from_iter([reconciling]);
    let mut writers = Writers::start(&stage);
    for (number, act) in Act::FOUR.into_iter().enumerate() {
        act.play(&mut stage, &mut writers, number * WRITES).await;
    }
    loop {
        let listed = stage.list(&ALL).await;
        let kept = to_values(store.state().iter().map(|object| &**object));
        if listed.iter().all(is_reconciled) && revisions(&kept) == revisions(&listed) {
            return compare("the controller", &Picture::Whole.of_all(&kept), &Picture::Whole.of_all(&listed));
        }
        let more = timeout(PATIENCE, reconciled.changed()).await;
        more.expect("the controller does nothing, but there is more to do").expect("the controller goes on");
    }
}

/// Says in the status which generation was seen.
async fn reconcile(object: Arc<DynamicObject>, client: Arc<Client>) -> Result<Action, Error> {
    let (name, namespace) = (object.name_any(), object.namespace().unwrap());
    let api: Api<DynamicObject> = Api::namespaced_with((*client).clone(), &namespace, &resource());
    let status = json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": { "name": name },
        "status": { "message": seen(object.metadata.generation) },
    });
    match api.patch_status(&name, &PatchParams::apply(MANAGER), &Patch::Apply(status)).await {
        // It was deleted meanwhile.
        Err(Error::Api(status)) if status.code == 404 => Ok(Action::await_change()),
        Err(error) => Err(error),
        Ok(_) => Ok(Action::await_change()),
    }
}

fn again() -> Action {
    Action::requeue(Duration::from_millis(20))
}

fn seen(generation: Option<i64>) -> String {
    format!("generation {}", generation.unwrap())
}

fn is_reconciled(object: &Value) -> bool {
    let applied = |entry: &Value| {
        entry["manager"] == MANAGER && entry["operation"] == "Apply" && entry["subresource"] == "status"
    };
    object["status"]["message"] == seen(object["metadata"]["generation"].as_i64())
        && object["metadata"]["managedFields"].as_array().unwrap().iter().any(applied)
}

/// Returns the versions of objects, in an order of their own.
fn revisions(objects: &[Value]) -> Vec<&Value> {
    let mut revisions: Vec<_> = objects.iter().map(|object| &object["metadata"]["resourceVersion"]).collect();
    revisions.sort_unstable_by_key(|revision| revision.as_str());
    revisions
}
