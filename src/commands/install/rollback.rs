//! Back to what was there before, when what was applied does not come up.

use std::time::Duration;

use anyhow::{Context, anyhow};

use super::apply;
use super::preflight::Entry;
use super::record::{self, Record};
use super::rollout;
use super::session::Session;
use super::survey::Survey;
use crate::cluster::{Id, Kind};
use crate::commands::deadline::{Deadline, Look};
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET};

/// How long going back may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was there before.
#[derive(Debug)]
pub(super) struct Snapshot {
    before: Option<Record>,
    made: Vec<Id>,
    secrets: Vec<Id>,
}

impl Snapshot {
    /// Remembers what is there, and what is not.
    pub(super) fn of(session: &Session<'_>, survey: &Survey, entries: &[Entry]) -> Self {
        let absent = |entry: &&Entry| entry.live.is_none();
        let secrets = [(&survey.authority, AUTHORITY_SECRET), (&survey.serving, SERVING_SECRET)];
        let missing = secrets.iter().filter(|(secret, _)| secret.is_none());
        Self {
            before: survey.record.clone(),
            made: entries.iter().filter(absent).map(|entry| entry.id.clone()).collect(),
            secrets: missing.map(|(_, name)| session.secret(name)).collect(),
        }
    }
}

/// Goes back, and says so as the reason why the command failed.
pub(super) async fn run(session: &Session<'_>, snapshot: &Snapshot, error: anyhow::Error) -> anyhow::Error {
    let deadline = Deadline::after(PATIENCE);
    let (back, done) = match &snapshot.before {
        Some(before) => {
            (restore(session, snapshot, before, &deadline).await, "what was installed before is back")
        }
        None => (remove(session, snapshot, &deadline).await, "what was made has been removed"),
    };
    match back {
        Ok(()) => error.context(format!("it did not come up; {done}")),
        Err(why) => error.context(format!("it did not come up, and going back failed ({why:#})")),
    }
}

/// Applies what was there, and deletes what was not.
async fn restore(
    session: &Session<'_>,
    snapshot: &Snapshot,
    before: &Record,
    deadline: &Deadline,
) -> anyhow::Result<()> {
    let step =
        session.begin("going back to what was installed before", "Going back to what was installed before");
    apply::restore(session, before.objects()).await?;
    record::write(session, before).await?;
    let kept: Vec<_> = before.objects().iter().filter_map(|object| Id::of(object).ok()).collect();
    for id in snapshot.made.iter().filter(|id| !kept.contains(id) && id.name() != record::NAME) {
        apply::delete(session, id).await?;
    }
    drop(step);
    rollout::watch(session, deadline).await
}

/// Deletes what was made, the APIService first: without its server it would hold up the deletion of namespaces.
async fn remove(session: &Session<'_>, snapshot: &Snapshot, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("removing what was made", "Removing what was made");
    let (first, others): (Vec<_>, Vec<_>) =
        snapshot.made.iter().rev().partition(|id| id.kind() == Kind::API_SERVICE);
    for id in first {
        apply::delete(session, id).await?;
        deadline.until(&step, "Deleting the APIService", async || gone(session, id).await).await?;
    }
    let (last, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|id| id.kind() == Kind::NAMESPACE);
    for id in others.into_iter().chain(&snapshot.secrets).chain(last) {
        apply::delete(session, id).await.with_context(|| anyhow!("{id} is left"))?;
    }
    Ok(())
}

async fn gone(session: &Session<'_>, id: &Id) -> anyhow::Result<Look<()>> {
    let left = session.cluster.objects.get(id).await?;
    Ok(left.map_or(Look::There(()), |_| Look::NotYet("it is still there".to_owned())))
}
