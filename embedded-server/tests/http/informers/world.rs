//! A server and all that follow it.

use std::sync::Arc;
use std::time::Duration;

use embedded_server::storage::{Backend, Memory};
use serde_json::{Value, json};

use super::informer::{Begin, Follows, Informer};
use super::steps::{LABELS, NAMESPACES, OBJECTS, PHASES, Step, Write};
use crate::support::{ALL, MERGE_PATCH, Setup, TestServer, WORKFLOWS, workflow};

/// Everybody who follows: what, and how.
pub(super) const INFORMERS: [Follows; 9] = [
    Follows { path: ALL, selectors: "", begin: Begin::List(""), bookmarks: true },
    Follows { path: ALL, selectors: "", begin: Begin::Watch(WATCH_LIST), bookmarks: true },
    Follows { path: WORKFLOWS, selectors: "", begin: Begin::List("limit=2"), bookmarks: false },
    Follows { path: ALL, selectors: APP_X, begin: Begin::List("limit=1"), bookmarks: true },
    Follows { path: ALL, selectors: APP_NOT_X, begin: Begin::Watch(WATCH_LIST), bookmarks: true },
    Follows { path: ALL, selectors: RUNNING, begin: Begin::List("resourceVersion=0"), bookmarks: false },
    Follows {
        path: WORKFLOWS,
        selectors: NOT_RUNNING,
        begin: Begin::Watch("resourceVersion=0"),
        bookmarks: true,
    },
    Follows { path: ALL, selectors: BOTH, begin: Begin::Watch(""), bookmarks: true },
    Follows { path: ALL, selectors: NAMED, begin: Begin::List(""), bookmarks: false },
];

const WATCH_LIST: &str = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
const APP_X: &str = "labelSelector=app%3Dx";
const APP_NOT_X: &str = "labelSelector=app%21%3Dx";
const RUNNING: &str = "fieldSelector=status.phase%3DRunning";
const NOT_RUNNING: &str = "fieldSelector=status.phase%21%3DRunning";
const BOTH: &str =
    "labelSelector=app+in+(x,y)&fieldSelector=status.phase%3DPending,metadata.namespace%3Dother";
const NAMED: &str = "fieldSelector=metadata.name%3Da";

/// A server, its store, which outlives it, and its clients.
pub(super) struct World {
    store: Arc<dyn Backend>,
    /// How many changes the server remembers.
    remembered: usize,
    server: TestServer,
    informers: [Informer; INFORMERS.len()],
}

impl World {
    pub(super) async fn new(remembered: usize) -> Self {
        let store: Arc<dyn Backend> = Arc::new(Memory::new());
        let server = start(&store, remembered).await;
        Self { store, remembered, server, informers: INFORMERS.map(Informer::new) }
    }

    pub(super) async fn take(&mut self, step: Step) {
        match step {
            Step::Write(object, write) => self.write(OBJECTS[object], &write).await,
            Step::DeleteCollection { namespace, label } => {
                let (namespace, label) = (NAMESPACES[namespace], LABELS[label]);
                let path = format!("{}?labelSelector=app%3D{label}", collection(namespace));
                self.server.delete(path).await.expect(200);
            }
            Step::Read(informer) => self.informers[informer].check(&self.server).await,
            Step::Disconnect { informer, back } => self.informers[informer].disconnect(back),
            Step::Pass(seconds) => tokio::time::advance(Duration::from_secs(seconds)).await,
            Step::Restart => self.restart().await,
        }
    }

    pub(super) async fn check_all(&mut self) {
        for informer in &mut self.informers {
            informer.check(&self.server).await;
        }
    }

    async fn restart(&mut self) {
        self.informers.iter_mut().for_each(|informer| informer.disconnect(0));
        self.server = start(&self.store, self.remembered).await;
    }

    async fn write(&self, (namespace, name): (&str, &str), write: &Write) {
        let item = format!("{}/{name}", collection(namespace));
        match write {
            Write::Label(label) => {
                let patch = json!({"metadata": {"labels": {"app": LABELS[*label]}}});
                if !self.patch(&item, patch).await {
                    let object = workflow(name).in_namespace(namespace).with_label("app", LABELS[*label]);
                    self.server.has(object).await;
                }
            }
            Write::Phase(phase) => {
                self.patch(&format!("{item}/status"), json!({"status": {"phase": PHASES[*phase]}})).await;
            }
            Write::Timeout(minutes) => {
                self.patch(&item, json!({"spec": {"timeout": format!("{minutes}m")}})).await;
            }
            Write::Pin(pinned) => {
                let finalizers = if *pinned { json!(["example.com/pin"]) } else { json!(null) };
                self.patch(&item, json!({"metadata": {"finalizers": finalizers}})).await;
            }
            Write::Delete => {
                let answer = self.server.delete(item).await;
                assert!([200, 404].contains(&answer.status), "{}", answer.text());
            }
        }
    }

    /// Patches an object; tells whether there is one. What is being deleted takes no finalizer, which is fine.
    async fn patch(&self, path: &str, patch: Value) -> bool {
        let answer = self.server.patch(path, MERGE_PATCH, patch).await;
        assert!([200, 404, 422].contains(&answer.status), "{}", answer.text());
        answer.status != 404
    }
}

async fn start(store: &Arc<dyn Backend>, remembered: usize) -> TestServer {
    Setup::on(Arc::clone(store)).remembering(remembered).without_sockets().await
}

fn collection(namespace: &str) -> String {
    WORKFLOWS.replace("default", namespace)
}
