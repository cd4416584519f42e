//! `wfctl storage migrate`.
//!
//! A mark in the destination says what it is going to hold, from before the first object is written until all were
//! read again. Whatever happens in between, the same command finds the mark and goes on.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail, ensure};
use embedded_server::storage::{Backend, Key, KeyValue, Prefix, Write};

use super::url;
use super::writing::write_all;
use crate::cli::StorageMigrate;
use crate::failure::{Failure, Hint};
use crate::printer::Printer;
use crate::store::migration::{self, Migration};
use crate::store::{self, Content};

/// Copies all objects into another store.
pub(super) async fn run(arguments: &StorageMigrate, printer: &Printer) -> Result<(), Failure> {
    let (from, to) = (url("--from", &arguments.from)?, url("--to", &arguments.to)?);
    if from == to {
        return Err(Failure::usage(anyhow!("--from and --to are the same"), "name another store with --to"));
    }
    let source = store::open_existing(&from).await.context("--from cannot be used")?;
    let content = match store::open(&to).await.context("--to cannot be used") {
        Err(error) => Err(error),
        Ok(destination) => {
            let content = migrate(&*source, &*destination, printer).await;
            destination.close().await;
            content
        }
    };
    source.close().await;
    let Content { objects, sha256 } = content?;
    printer.note(format_args!("{objects} objects migrated, sha256:{sha256}"));
    Ok(())
}

/// Brings an empty destination, or one that this was begun with, to hold what the source does.
async fn migrate(
    source: &dyn Backend,
    destination: &dyn Backend,
    printer: &Printer,
) -> anyhow::Result<Content> {
    migration::refuse_half(source).await.context("--from cannot be used")?;
    let items = {
        let _step = printer.step("Reading the source");
        everything(source).await.context("cannot read the source")?
    };
    let content = Content::of(&items);
    let there = begin(destination, &content).await?;
    let writes = missing(items, &there)?;
    let progress = printer.progress("Copying objects", there.len(), content.objects);
    write_all(destination, writes, &progress).await?;
    drop(progress);
    {
        let _step = printer.step("Reading the destination");
        verify(destination, &content).await?;
    }
    finish(destination).await?;
    Ok(content)
}

/// Marks the destination, and returns the objects that are there from before.
async fn begin(destination: &dyn Backend, content: &Content) -> anyhow::Result<BTreeMap<Key, KeyValue>> {
    let there = everything(destination).await.context("cannot read the destination")?;
    let mut there: BTreeMap<_, _> = there.into_iter().map(|item| (item.key.clone(), item)).collect();
    let wanted = Migration::of(content.clone());
    match there.remove(&Migration::key()) {
        None if there.is_empty() => {
            let mark = Write::Create(wanted.encode()?);
            destination.commit(&Migration::key(), mark).await.context("cannot write to the destination")?;
        }
        None => {
            let refused = Err(anyhow!("the destination holds {} objects already", there.len()));
            return refused.hint("name an empty store; wfctl storage import adds to one that is not");
        }
        Some(mark) if Migration::decode(&mark.value).is_ok_and(|mark| mark == wanted) => {}
        Some(_) => {
            let refused = Err(anyhow!("the destination holds half of a migration of something else"));
            return refused.hint("name an empty store, or the source that it was begun with, as it was then");
        }
    }
    Ok(there)
}

/// Returns what has still to be written.
///
/// # Errors
///
/// Somebody else has written to the destination.
fn missing(items: Vec<KeyValue>, there: &BTreeMap<Key, KeyValue>) -> anyhow::Result<Vec<(Key, Write)>> {
    let (all, mut writes) = (items.len(), Vec::new());
    for item in items {
        match there.get(&item.key) {
            None => writes.push((item.key, Write::Create(item.value))),
            Some(found) if found.value == item.value => {}
            Some(_) => bail!("somebody else has written {} in the destination", item.key),
        }
    }
    ensure!(writes.len() + there.len() == all, "somebody else has written to the destination");
    Ok(writes)
}

async fn verify(destination: &dyn Backend, wanted: &Content) -> anyhow::Result<()> {
    let mut there = everything(destination).await.context("cannot read the destination")?;
    there.retain(|item| item.key != Migration::key());
    let found = Content::of(&there);
    ensure!(
        found == *wanted,
        "the destination does not hold what the source does: {} objects, sha256:{}, instead of {}, sha256:{}",
        found.objects,
        found.sha256,
        wanted.objects,
        wanted.sha256,
    );
    Ok(())
}

/// Takes the mark away: the destination can be used.
async fn finish(destination: &dyn Backend) -> anyhow::Result<()> {
    let mark = destination.get(&Migration::key()).await.context("cannot read the destination")?;
    if let Some(mark) = mark {
        let delete = Write::Delete { expect: mark.revision };
        destination.commit(&mark.key, delete).await.context("cannot write to the destination")?;
    }
    Ok(())
}

async fn everything(store: &dyn Backend) -> embedded_server::storage::Result<Vec<KeyValue>> {
    Ok(store.list(&Prefix::all()).await?.items)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Failing, key, store_of, workflow};
    use super::*;
    use crate::cli::ColorWhen;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    async fn migrated(source: &dyn Backend, destination: &dyn Backend) -> anyhow::Result<Content> {
        migrate(source, destination, &Printer::new(ColorWhen::Never)).await
    }

    async fn values(store: &dyn Backend) -> Vec<(Key, bytes::Bytes)> {
        let items = everything(store).await.unwrap().into_iter();
        items.map(|item| (item.key, item.value)).collect()
    }

    #[tokio::test]
    async fn everything_arrives_and_the_source_stays_as_it_is() {
        let (source, destination) = (store_of(&NAMES).await, store_of(&[]).await);
        let before = source.list(&Prefix::all()).await.unwrap();
        assert_eq!(migrated(&*source, &*destination).await.unwrap().objects, 5);
        assert_eq!(values(&*destination).await, values(&*source).await);
        let after = source.list(&Prefix::all()).await.unwrap();
        assert_eq!((after.revision, after.items), (before.revision, before.items));
    }

    #[tokio::test]
    async fn a_store_without_objects_is_migrated_too() {
        let (source, destination) = (store_of(&[]).await, store_of(&[]).await);
        assert_eq!(migrated(&*source, &*destination).await.unwrap().objects, 0);
        assert_eq!(values(&*destination).await, []);
    }

    #[tokio::test]
    async fn an_interrupted_migration_goes_on_wherever_it_was() {
        let source = store_of(&NAMES).await;
        // The mark, five objects, and the mark again: interrupted before each of them, and after each.
        for writes in 0..7 {
            for written in [false, true] {
                let destination = store_of(&[]).await;
                let failing = Failing::after(writes, written, &destination);
                migrated(&*source, &failing).await.unwrap_err();
                let half = migration::refuse_half(&*destination).await.is_err();
                assert_eq!(half, (writes > 0 || written) && !(writes == 6 && written), "{writes} {written}");
                if half || writes == 0 {
                    migrated(&*source, &*destination).await.unwrap();
                }
                assert_eq!(values(&*destination).await, values(&*source).await, "{writes} {written}");
            }
        }
    }

    #[tokio::test]
    async fn a_destination_that_is_not_empty_is_refused() {
        let (source, destination) = (store_of(&NAMES).await, store_of(&["z"]).await);
        let error = migrated(&*source, &*destination).await.unwrap_err();
        assert_eq!(error.to_string(), "the destination holds 1 objects already");
        assert_eq!(values(&*destination).await.len(), 1);
    }

    #[tokio::test]
    async fn a_half_migration_of_another_source_is_refused() {
        let (source, destination) = (store_of(&NAMES).await, store_of(&[]).await);
        let failing = Failing::after(3, false, &destination);
        migrated(&*source, &failing).await.unwrap_err();
        source.commit(&key("f"), Write::Create(workflow("f").into())).await.unwrap();
        let error = migrated(&*source, &*destination).await.unwrap_err();
        assert_eq!(error.to_string(), "the destination holds half of a migration of something else");
        let error = migrated(&*destination, &*store_of(&[]).await).await.unwrap_err();
        assert_eq!(error.to_string(), "--from cannot be used");
    }

    #[tokio::test]
    async fn a_half_migration_that_somebody_else_wrote_to_is_refused() {
        let (source, destination) = (store_of(&NAMES).await, store_of(&[]).await);
        let failing = Failing::after(3, false, &destination);
        migrated(&*source, &failing).await.unwrap_err();
        destination.commit(&key("z"), Write::Create(workflow("z").into())).await.unwrap();
        let error = migrated(&*source, &*destination).await.unwrap_err();
        assert_eq!(error.to_string(), "somebody else has written to the destination");
    }
}
