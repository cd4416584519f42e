//! Waits until the servers run, and tells meanwhile why they do not.

use anyhow::Context;

use super::diagnosis::{self, Rollout};
use super::session::Session;
use crate::cluster::Kind;
use crate::commands::deadline::{Deadline, Look};
use crate::failure::Hint;

/// What the pods and ReplicaSets of the server are labelled with.
const LABELS: &str = "app.kubernetes.io/name=workflow-apiserver,app.kubernetes.io/component=apiserver";

/// Waits until all servers run what was applied.
pub(super) async fn watch(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("waiting for the servers to run", "Waiting for the servers to run");
    let run = deadline.until(&step, "The rollout", async || look(session).await).await;
    let run = run.hint(
        "install again with other settings, or with more --timeout; wfctl status looks at everything",
    )?;
    drop(step);
    session.printer.done(format_args!("{run} of {run} servers run"));
    Ok(())
}

async fn look(session: &Session<'_>) -> anyhow::Result<Look<u64>> {
    let (objects, namespace) = (&session.cluster.objects, Some(session.namespace()));
    let deployment = session.deployment();
    let (deployment, sets, pods, events) = tokio::join!(
        objects.get(&deployment),
        objects.list(Kind::REPLICA_SET, namespace, LABELS),
        objects.list(Kind::POD, namespace, LABELS),
        objects.list(Kind::EVENT, namespace, ""),
    );
    let deployment = deployment?.context("the Deployment is gone")?;
    let rollout = diagnosis::rollout(&deployment, &sets?, &pods?, &events.unwrap_or_default());
    Ok(match rollout {
        Rollout::Done(run) => Look::There(run),
        Rollout::Going(why) => Look::NotYet(why),
        Rollout::Lost(why) => Look::Never(why),
    })
}
