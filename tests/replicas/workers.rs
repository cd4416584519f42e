//! Clients that read and write a few objects through any server, and write down what they did.

use std::sync::Arc;

use kube::api::{DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::{Error, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fleet::Fleet;
use super::history::History;
use super::linearizable::{Action, Outcome, Value};
use super::support::PATIENCE;

const WORKERS: u64 = 6;
const OBJECTS: usize = 12;

/// Where an object says its value.
const VALUE: &str = "value";

/// Clients that go on until they are told to stop.
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    written: watch::Receiver<usize>,
    tasks: JoinSet<()>,
}

struct Worker {
    fleet: Arc<Fleet>,
    history: Arc<History>,
    written: Arc<watch::Sender<usize>>,
    /// The next value that nobody else writes.
    next: u64,
}

impl Workers {
    pub(crate) fn start(fleet: &Arc<Fleet>, history: &Arc<History>) -> Self {
        let (stop, written) = (watch::Sender::new(false), Arc::new(watch::Sender::new(0)));
        let receiver = written.subscribe();
        let workers = (0..WORKERS).map(|number| Worker {
            fleet: Arc::clone(fleet),
            history: Arc::clone(history),
            written: Arc::clone(&written),
            next: number,
        });
        let tasks = workers.map(|worker| worker.run(stop.subscribe())).collect();
        Self { stop, written: receiver, tasks }
    }

    /// Waits until so many more writes have been acknowledged.
    pub(crate) async fn write(&mut self, writes: usize) {
        let wanted = *self.written.borrow() + writes;
        let written = timeout(PATIENCE, self.written.wait_for(|written| *written >= wanted)).await;
        assert!(written.is_ok_and(|written| written.is_ok()), "the clients write no more");
    }

    /// Waits until all have stopped.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = timeout(PATIENCE, self.tasks.join_next()).await.expect("an end in time") {
            ended.unwrap();
        }
    }
}

impl Worker {
    async fn run(mut self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let name = format!("object-{}", fastrand::usize(..OBJECTS));
            let Ok(stored) = self.read(&name).await else { continue };
            if fastrand::u8(..3) > 0 {
                self.write(&name, stored).await;
            }
        }
    }

    async fn read(&self, name: &str) -> Result<Option<DynamicObject>, Error> {
        let invoked = self.history.now();
        let stored = timeout(PATIENCE, self.fleet.any().get_opt(name)).await.expect("an answer in time")?;
        self.history.record(name, invoked, Action::Read(stored.as_ref().and_then(value)));
        Ok(stored)
    }

    /// Replaces what was read by something new, or removes it.
    async fn write(&mut self, name: &str, stored: Option<DynamicObject>) {
        let invoked = self.history.now();
        let from = stored.as_ref().and_then(value);
        let (written, to) = match stored {
            Some(stored) if fastrand::u8(..8) == 0 => (self.delete(name, &stored).await, None),
            stored => {
                self.next += WORKERS;
                (self.put(name, stored, self.next).await, Some(self.next))
            }
        };
        let came = match written {
            Ok(()) => Outcome::Done,
            Err(Error::Api(status)) if matches!(status.code, 404 | 409) => Outcome::Refused,
            // Nothing was written, the server says.
            Err(Error::Api(status)) if matches!(status.code, 429 | 500 | 503) => return,
            Err(Error::Api(status)) if status.code != 504 => panic!("{name}: {status:?}"),
            Err(_) => Outcome::Unknown,
        };
        self.history.record(name, invoked, Action::Swap { from, to, came });
        self.written.send_modify(|written| *written += usize::from(came == Outcome::Done));
    }

    async fn put(&self, name: &str, stored: Option<DynamicObject>, value: u64) -> Result<(), Error> {
        let (api, parameters) = (self.fleet.any(), PostParams::default());
        let object = workflow(name, value);
        let written = match stored {
            None => timeout(PATIENCE, api.create(&parameters, &object)).await,
            Some(stored) => {
                let mut object = object;
                object.metadata.resource_version = stored.resource_version();
                timeout(PATIENCE, api.replace(name, &parameters, &object)).await
            }
        };
        written.expect("an answer in time").map(drop)
    }

    async fn delete(&self, name: &str, stored: &DynamicObject) -> Result<(), Error> {
        let resource_version = stored.resource_version();
        let preconditions = Some(Preconditions { resource_version, uid: None });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        let api = self.fleet.any();
        timeout(PATIENCE, api.delete(name, &parameters)).await.expect("an answer in time").map(drop)
    }
}

/// Returns a Workflow that says a value.
pub(crate) fn workflow(name: &str, value: u64) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": { "name": name, "annotations": { VALUE: value.to_string() } },
        "spec": { "steps": [{ "name": "build", "image": "golang:1.21" }] },
    }))
    .unwrap()
}

/// Returns the value that a Workflow says.
pub(crate) fn value(object: &DynamicObject) -> Value {
    Some(object.annotations().get(VALUE)?.parse().unwrap())
}
