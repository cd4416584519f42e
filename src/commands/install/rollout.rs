//! Waits until the servers run, and tells meanwhile why they do not.

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::diagnosis::{Crashes, Rollout, Seen};
use super::session::Session;
use crate::cluster::{Delete, Id, Kind};
use crate::commands::deadline::{Deadline, Look};
use crate::failure::Hint;
use crate::pods;

/// What the pods and ReplicaSets of the server are labelled with.
const LABELS: &str = "app.kubernetes.io/name=workflow-apiserver,app.kubernetes.io/component=apiserver";

/// Waits until all servers run what was applied.
pub(super) async fn watch(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("waiting for the servers to run", "Waiting for the servers to run");
    let before = start_anew(session).await?;
    let run = deadline.until(&step, "The rollout", async || look(session, &before).await).await;
    let run = run.hint(
        "install again with other settings, or with more --timeout; wfctl status looks at everything",
    )?;
    drop(step);
    session.printer.done(format_args!("{run} of {run} servers run"));
    Ok(())
}

/// Lets pods start anew that are held back for crashes from before: what they crashed of may be mended by what was
/// applied beside them, and the kubelet may not look for minutes. They serve nobody meanwhile. Where they may not be
/// deleted, the kubelet is waited for.
async fn start_anew(session: &Session<'_>) -> anyhow::Result<Crashes> {
    let seen = see(session).await?;
    let mut before = Crashes::new();
    for pod in seen.current().filter(|pod| pods::is_held_back(pod)) {
        let (name, crashes) = (pods::name(pod), pods::crashes(pod));
        let id = Id::namespaced(Kind::POD, session.namespace(), name);
        let delete = Delete { uid: pod.metadata.uid.clone(), ..Delete::default() };
        let follows = match session.cluster.objects.delete(&id, &delete).await {
            Ok(_) => "another takes its place at once",
            Err(_) => "it starts again when its node lets it",
        };
        session
            .printer
            .note(format_args!("pod {name} has crashed {crashes} times before this run: {follows}"));
        before.insert(name.to_owned(), crashes);
    }
    Ok(before)
}

async fn look(session: &Session<'_>, before: &Crashes) -> anyhow::Result<Look<i32>> {
    let seen = see(session).await?;
    let evidence = pods::evidence(&session.cluster, session.namespace(), &seen.pods).await;
    Ok(match seen.rollout(&evidence, before) {
        Rollout::Done(run) => Look::There(run),
        Rollout::Going(why) => Look::NotYet(why),
        Rollout::Lost(why) => Look::Never(why),
    })
}

async fn see(session: &Session<'_>) -> anyhow::Result<Seen> {
    let (objects, namespace) = (&session.cluster.objects, Some(session.namespace()));
    let deployment = session.deployment();
    let (deployment, sets, pods) = tokio::join!(
        objects.get(&deployment),
        objects.list(Kind::REPLICA_SET, namespace, LABELS),
        objects.list(Kind::POD, namespace, LABELS),
    );
    Ok(Seen {
        deployment: serde_json::from_value(deployment?.context("the Deployment is gone")?)?,
        sets: read(sets?)?,
        pods: read(pods?)?,
    })
}

fn read<T: DeserializeOwned>(objects: Vec<Value>) -> serde_json::Result<Vec<T>> {
    objects.into_iter().map(serde_json::from_value).collect()
}
