//! Clients that write until their server is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use kube::Error;
use kube::api::{DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ledger::{Change, Ledger};
use super::support::{PATIENCE, Workflows};
use super::{Objects, name_of, revision_of, shown};

/// How many objects a writer has; few, so that each lives through many changes.
const OBJECTS: usize = 8;

/// How far the writing is, for all who take part.
#[derive(Debug)]
pub(crate) struct Phase {
    over: AtomicBool,
    acknowledged: watch::Sender<usize>,
}

impl Phase {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { over: AtomicBool::new(false), acknowledged: watch::Sender::new(0) })
    }

    /// Waits until the writers have been acknowledged `number` writes.
    pub(crate) async fn acknowledged(&self, number: usize) {
        let mut acknowledged = self.acknowledged.subscribe();
        let enough = timeout(PATIENCE, acknowledged.wait_for(|count| *count >= number)).await;
        assert!(enough.is_ok(), "only {} writes were acknowledged", *self.acknowledged.borrow());
    }

    /// From now on connections may fail.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

/// A client with objects that nobody else writes.
#[derive(Debug)]
pub(crate) struct Writer {
    number: usize,
    written: u64,
    random: Rng,
    pub(crate) ledger: Ledger,
}

impl Writer {
    pub(crate) fn new(number: usize, random: Rng) -> Self {
        Self { number, written: 0, random, ledger: Ledger::default() }
    }

    /// Returns those of `stored` that are its own to write.
    pub(crate) fn own(&self, stored: &Objects) -> Objects {
        let prefix = self.prefix();
        let own = stored.values().filter(|object| name_of(object).starts_with(&prefix));
        own.map(|object| (name_of(object).to_owned(), object.clone())).collect()
    }

    fn prefix(&self) -> String {
        format!("w{}-", self.number)
    }

    /// Creates, updates and deletes until the server is gone. No write may be refused, and each that is
    /// acknowledged has a revision above those before it, which begin at `revision`.
    async fn write(mut self, api: Workflows, mut revision: u64, phase: Arc<Phase>) -> Self {
        loop {
            let name = format!("{}{}", self.prefix(), self.random.usize(..OBJECTS));
            match timeout(PATIENCE, self.change(&api, &name)).await.expect("no answer") {
                Ok(written) => {
                    assert!(written.is_none_or(|written| written > revision), "{written:?} after {revision}");
                    revision = written.unwrap_or(revision);
                    phase.acknowledged.send_modify(|count| *count += 1);
                }
                Err(Error::Api(refusal)) => panic!("{name} was refused: {refusal:?}"),
                Err(error) => {
                    assert!(phase.is_over(), "{name} failed: {error:?}");
                    return self;
                }
            }
        }
    }

    /// Changes one object and returns the revision, if the answer tells it.
    async fn change(&mut self, api: &Workflows, name: &str) -> Result<Option<u64>, Error> {
        let current = self.ledger.get(name).cloned();
        if current.is_some() && self.random.u8(..3) == 0 {
            self.ledger.ask(name, Change::Delete);
            api.delete(name, &DeleteParams::default()).await?;
            self.ledger.acknowledge(name, None);
            return Ok(None);
        }
        self.written += 1;
        let spec = spec(self.written, self.random.usize(..2000));
        self.ledger.ask(name, Change::Write(spec.clone()));
        let object = match current {
            None => api.create(&PostParams::default(), &object(&json!({ "name": name }), &spec)).await?,
            Some(current) => {
                let object = object(&current["metadata"], &spec);
                api.replace(name, &PostParams::default(), &object).await?
            }
        };
        let object = shown(object);
        let revision = revision_of(&object);
        self.ledger.acknowledge(name, Some(object));
        Ok(Some(revision))
    }
}

/// Returns a `spec` that was never written before, larger than others by `padding` bytes.
fn spec(number: u64, padding: usize) -> Value {
    let env = json!({ "NUMBER": number.to_string(), "PADDING": "x".repeat(padding) });
    json!({ "steps": [{ "name": "build", "image": "golang:1.21", "env": env }] })
}

fn object(metadata: &Value, spec: &Value) -> DynamicObject {
    let (kind, version) = ("Workflow", "workflow.example.com/v1alpha1");
    let object = json!({ "apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec });
    serde_json::from_value(object).unwrap()
}

/// Writers that write at the same time.
#[derive(Debug)]
pub(crate) struct Writing(JoinSet<Writer>);

impl Writing {
    /// Starts `writers` at `revision`.
    pub(crate) fn start(writers: Vec<Writer>, api: &Workflows, revision: u64, phase: &Arc<Phase>) -> Self {
        let tasks = writers.into_iter().map(|writer| writer.write(api.clone(), revision, Arc::clone(phase)));
        Self(tasks.collect())
    }

    /// Waits until the server is gone for each of them.
    pub(crate) async fn ended(self) -> Vec<Writer> {
        let mut writers = self.0.join_all().await;
        writers.sort_by_key(|writer| writer.number);
        writers
    }
}
