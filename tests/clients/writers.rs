//! Clients that write at the same time, each its own objects, and do not mind a server that goes and comes.

use std::sync::Arc;

use fastrand::Rng;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::selection::{ALL, NAMESPACES, Selection};
use super::stage::Stage;
use super::support::PATIENCE;

const WRITERS: usize = 4;
/// How many names each of them writes to.
const NAMES: usize = 30;
const LABELS: [&str; 3] = ["x", "y", "z"];
const PHASES: [&str; 2] = ["Pending", "Running"];

/// Writers that write as many times as they are allowed to. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Writers {
    allowed: Arc<Semaphore>,
    written: watch::Receiver<usize>,
    tasks: JoinSet<()>,
}

struct Writer {
    number: usize,
    random: Rng,
    clients: watch::Receiver<Client>,
    allowed: Arc<Semaphore>,
    written: Arc<watch::Sender<usize>>,
}

impl Writers {
    pub(crate) fn start(stage: &Stage) -> Self {
        let mut random = random();
        let (allowed, written) = (Arc::new(Semaphore::new(0)), Arc::new(watch::Sender::new(0)));
        let writers = (0..WRITERS).map(|number| Writer {
            number,
            random: random.fork(),
            clients: stage.direct_clients(),
            allowed: Arc::clone(&allowed),
            written: Arc::clone(&written),
        });
        let tasks = writers.map(Writer::run).collect();
        Self { allowed, written: written.subscribe(), tasks }
    }

    /// Allows a number of writes more, which begin at once.
    pub(crate) fn allow(&self, writes: usize) {
        self.allowed.add_permits(writes);
    }

    /// Waits until so many have been acknowledged since the start.
    pub(crate) async fn written(&mut self, writes: usize) {
        let enough = timeout(PATIENCE, self.written.wait_for(|written| *written >= writes)).await;
        if !enough.is_ok_and(|enough| enough.is_ok()) {
            let failed = self.tasks.try_join_next();
            panic!("only {} of {writes} writes: {failed:?}", *self.written.borrow());
        }
    }
}

impl Writer {
    async fn run(mut self) {
        while let Ok(permit) = self.allowed.clone().acquire_owned().await {
            permit.forget();
            self.write().await;
            self.written.send_modify(|written| *written += 1);
        }
    }

    /// Writes once: until it is acknowledged, however many servers that takes.
    async fn write(&mut self) {
        let name = format!("w{}-{}", self.number, self.random.usize(..NAMES));
        let namespace = NAMESPACES[self.random.usize(..NAMESPACES.len())];
        loop {
            let client = self.clients.borrow_and_update().clone();
            let api = Selection { namespace, ..ALL }.api(client);
            match timeout(PATIENCE, change(&mut self.random, &api, &name)).await.expect("an answer") {
                Ok(()) => return,
                // Somebody else, a controller, was faster.
                Err(Error::Api(status)) if status.code == 409 => {}
                Err(Error::Api(status)) => panic!("{name} was refused: {status:?}"),
                Err(_) => timeout(PATIENCE, self.clients.changed()).await.expect("a server").unwrap(),
            }
        }
    }
}

/// Changes an object in one of all the ways there are.
async fn change(random: &mut Rng, api: &Api<DynamicObject>, name: &str) -> Result<(), Error> {
    let labels = json!({ "app": LABELS[random.usize(..LABELS.len())] });
    let object = manifest(name, &labels, random.usize(1..4));
    let (apply, merge) = (PatchParams::apply("writer").force(), PatchParams::default());
    let Some(mut there) = api.get_opt(name).await? else {
        return match random.bool() {
            true => api.create(&PostParams::default(), &object).await.map(drop),
            false => api.patch(name, &apply, &Patch::Apply(object)).await.map(drop),
        };
    };
    match random.u8(..7) {
        0 => api.delete(name, &DeleteParams::default()).await.map(drop),
        1 => api.patch(name, &apply, &Patch::Apply(object)).await.map(drop),
        2 | 3 => {
            let labels = json!({ "metadata": { "labels": labels } });
            api.patch(name, &merge, &Patch::Merge(labels)).await.map(drop)
        }
        4 | 5 => {
            let status = phase(PHASES[random.usize(..PHASES.len())]);
            api.patch_status(name, &merge, &Patch::Merge(status)).await.map(drop)
        }
        _ => {
            there.data["spec"] = object.data["spec"].clone();
            api.replace(name, &PostParams::default(), &there).await.map(drop)
        }
    }
}

/// Returns a Workflow of a number of steps.
pub(crate) fn manifest(name: &str, labels: &Value, steps: usize) -> DynamicObject {
    let step = |number: usize| json!({ "name": format!("step-{number}"), "image": "golang:1.21" });
    serde_json::from_value(json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": { "name": name, "labels": labels },
        "spec": { "steps": (0..steps).map(step).collect::<Vec<_>>() },
    }))
    .unwrap()
}

pub(crate) fn phase(phase: &str) -> Value {
    json!({ "status": { "phase": phase } })
}

/// Returns the generator of random numbers of a test; its seed is shown when the test fails. What the machine
/// does in the meantime is not in the seed.
fn random() -> Rng {
    let seed =
        std::env::var("WFCTL_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("to repeat: WFCTL_TEST_SEED={seed}");
    Rng::with_seed(seed)
}
