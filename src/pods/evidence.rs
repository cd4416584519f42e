//! What is known of pods beside themselves: asked for only where one does not serve, and done without where whoever asks
//! may not know it.

use std::collections::BTreeMap;

use futures::future::join_all;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use tokio::join;

use super::{containers, is_ending, is_ready, name};
use crate::cluster::{Cluster, Kind};

/// How much of a log is read.
const TAIL: &str = "tailLines=10&limitBytes=8192";

/// What is known of pods beside themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// What happened in their namespace.
    pub(crate) events: Vec<Event>,
    /// The end of what each wrote in its last run before it crashed, by its name.
    pub(crate) logs: BTreeMap<String, String>,
}

impl Evidence {
    /// Returns what `container` wrote before it crashed.
    pub(super) fn last_words(&self, pod: &Pod, container: &ContainerStatus) -> Option<&str> {
        let logged = crashed(pod).is_some_and(|crashed| crashed.name == container.name);
        self.logs.get(name(pod)).map(String::as_str).filter(|log| logged && !log.trim().is_empty())
    }
}

/// Asks for what is known of those of `pods` that do not serve.
pub(crate) async fn evidence(cluster: &Cluster, namespace: &str, pods: &[Pod]) -> Evidence {
    let unwell: Vec<_> = pods.iter().filter(|pod| !is_ready(pod) && !is_ending(pod)).collect();
    if unwell.is_empty() {
        return Evidence::default();
    }
    let logs = join_all(unwell.into_iter().map(|pod| last_words(cluster, namespace, pod)));
    let (events, logs) = join!(cluster.objects.list(Kind::EVENT, Some(namespace), ""), logs);
    let events = events.unwrap_or_default().into_iter();
    Evidence {
        events: events.filter_map(|event| serde_json::from_value(event).ok()).collect(),
        logs: logs.into_iter().flatten().collect(),
    }
}

/// Returns the first container that crashed and is not well since.
fn crashed(pod: &Pod) -> Option<&ContainerStatus> {
    let has_crashed = |container: &&ContainerStatus| {
        let states = [&container.state, &container.last_state].into_iter().flatten();
        !container.ready && states.filter_map(|state| state.terminated.as_ref()).any(|end| end.exit_code != 0)
    };
    containers(pod).find(has_crashed)
}

async fn last_words(cluster: &Cluster, namespace: &str, pod: &Pod) -> Option<(String, String)> {
    let (pod, container) = (name(pod), crashed(pod)?);
    let has_ended = container.state.as_ref().is_some_and(|state| state.terminated.is_some());
    let (container, previous) = (&container.name, !has_ended);
    let log = format!("container={container}&previous={previous}&{TAIL}");
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?{log}");
    let (status, text) = cluster.text(&path).await.ok()?;
    (status == 200).then(|| (pod.to_owned(), text))
}
