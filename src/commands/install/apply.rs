//! Objects, applied in their order, and those that are not a part of it any more, deleted.

use serde_json::Value;

use super::difference;
use super::preflight::Entry;
use super::record::{self, Record};
use super::report::Report;
use super::session::{MANAGER, Session};
use super::survey::is_ours;
use crate::cluster::{ClusterError, Delete, Id, Kind, Owned, Write};
use crate::names::SERVING_SECRET;

/// Applies the namespace, which all others need.
pub(super) async fn namespace(
    session: &Session<'_>,
    entries: &[Entry],
    report: &mut Report,
) -> anyhow::Result<()> {
    let _step = session.begin("making the namespace", "Making the namespace");
    for entry in entries.iter().filter(|entry| is_namespace(entry)) {
        apply(session, entry, report).await?;
    }
    Ok(())
}

/// Applies everything else.
pub(super) async fn all(session: &Session<'_>, entries: &[Entry], report: &mut Report) -> anyhow::Result<()> {
    let _step = session.begin("applying the objects", "Applying the objects");
    for entry in entries.iter().filter(|entry| !is_namespace(entry) && !is_record(entry)) {
        apply(session, entry, report).await?;
    }
    let count = entries.iter().filter(|entry| !is_record(entry)).count();
    session.printer.done(match report.changed.len() {
        0 => format!("All {count} objects are as they should be"),
        changed if changed == count => format!("Applied {count} objects"),
        changed => format!("Applied {changed} of {count} objects; the others are as they should be"),
    });
    Ok(())
}

async fn apply(session: &Session<'_>, entry: &Entry, report: &mut Report) -> Result<(), ClusterError> {
    let applied = session.cluster.objects.apply(&entry.object, Write::by(MANAGER).forced()).await?;
    if difference::differs(entry.live.as_ref(), &applied) {
        report.changed.push(entry.id.to_string());
    }
    Ok(())
}

/// Deletes what an earlier run made and this one does not have, if it is still wfctl's. Data stays.
pub(super) async fn prune(
    session: &Session<'_>,
    before: Option<&Record>,
    wanted: &Record,
    report: &mut Report,
) -> anyhow::Result<()> {
    let unwanted: Vec<_> = before.into_iter().flat_map(|before| before.without(wanted)).collect();
    if unwanted.is_empty() {
        return Ok(());
    }
    let _step = session.begin("deleting what is not needed any more", "Deleting what is not needed any more");
    for object in unwanted {
        let id = Id::of(object)?;
        if is_data(&id) {
            session.printer.warning(format_args!("{id} is not used any more, but holds data: it stays"));
        } else if delete(session, &id).await? {
            session.printer.done(format_args!("Deleted {id}, which is not needed any more"));
            report.pruned.push(id.to_string());
        }
    }
    Ok(())
}

/// Deletes an object if it is wfctl's; says whether it was.
pub(super) async fn delete(session: &Session<'_>, id: &Id) -> Result<bool, ClusterError> {
    let objects = &session.cluster.objects;
    let Some(live) = objects.get(id).await?.filter(is_ours) else { return Ok(false) };
    let uid = live["metadata"]["uid"].as_str().map(str::to_owned);
    objects.delete(id, &Delete { uid, owned: Owned::Afterwards, ..Delete::default() }).await
}

fn is_namespace(entry: &Entry) -> bool {
    entry.id.kind() == Kind::NAMESPACE
}

/// The record has its own time to be written.
fn is_record(entry: &Entry) -> bool {
    entry.id.name() == record::NAME
}

/// A namespace may hold what is not wfctl's, and the serving certificate goes over to cert-manager.
fn is_data(id: &Id) -> bool {
    [Kind::PERSISTENT_VOLUME_CLAIM, Kind::NAMESPACE].contains(&id.kind())
        || id.name() == SERVING_SECRET && id.kind() == Kind::SECRET
}

/// Applies the objects of a record as they are, whatever is there.
pub(super) async fn restore(session: &Session<'_>, objects: &[Value]) -> Result<(), ClusterError> {
    for object in objects {
        session.cluster.objects.apply(object, Write::by(MANAGER).forced()).await?;
    }
    Ok(())
}
