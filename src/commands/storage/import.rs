//! `wfctl storage import`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};

use anyhow::{Context, anyhow, ensure};
use bytes::Bytes;
use embedded_server::storage::{Backend, Key, KeyValue, Prefix, Write};

use super::writing::write_all;
use super::{kinds, lines, url};
use crate::cli::StorageImport;
use crate::failure::{Failure, Hint};
use crate::printer::Printer;
use crate::store::{self, migration};

/// How many conflicts are named.
const NAMED: usize = 5;

/// Takes in what export wrote.
pub(super) async fn run(arguments: &StorageImport, printer: &Printer) -> Result<(), Failure> {
    let url = url("URL", &arguments.url)?;
    let text = input(arguments).context("cannot read the export")?;
    let objects = objects(&text)?;
    let store = store::open(&url).await?;
    let imported = import(&*store, objects, arguments.overwrite, printer).await;
    store.close().await;
    let Imported { written, same } = imported?;
    printer.note(format_args!("{written} objects imported, {same} were there already"));
    Ok(())
}

fn input(arguments: &StorageImport) -> io::Result<Vec<u8>> {
    match &arguments.file {
        Some(file) => fs::read(file),
        None => {
            let mut text = Vec::new();
            io::stdin().lock().read_to_end(&mut text)?;
            Ok(text)
        }
    }
}

/// Reads all objects of an export.
///
/// # Errors
///
/// A line is no object that can be stored, or an object stands twice.
fn objects(text: &[u8]) -> anyhow::Result<Vec<(Key, Bytes)>> {
    let mut objects = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, line) in lines::split(text)?.into_iter().enumerate() {
        let (key, stored) = kinds::accept(line).map_err(|why| anyhow!("object {}: {why}", index + 1))?;
        ensure!(seen.insert(key.clone()), "object {}: {key} stands twice", index + 1);
        objects.push((key, stored));
    }
    Ok(objects)
}

/// What came of an import.
#[derive(Debug, PartialEq)]
struct Imported {
    written: usize,
    /// How many were there already, and the same.
    same: usize,
}

/// Writes objects into a store; nothing is written when one of them conflicts.
async fn import(
    store: &dyn Backend,
    objects: Vec<(Key, Bytes)>,
    overwrite: bool,
    printer: &Printer,
) -> anyhow::Result<Imported> {
    migration::refuse_half(store).await?;
    let there = store.list(&Prefix::all()).await.context("cannot read the store")?.items;
    let there: BTreeMap<Key, KeyValue> = there.into_iter().map(|item| (item.key.clone(), item)).collect();
    let (all, mut writes, mut conflicts) = (objects.len(), Vec::new(), Vec::new());
    for (key, value) in objects {
        match there.get(&key) {
            None => writes.push((key, Write::Create(value))),
            Some(current) if current.value == value => {}
            Some(current) => {
                conflicts.push(key.clone());
                writes.push((key, Write::Update { expect: current.revision, value }));
            }
        }
    }
    if !overwrite {
        refuse(&conflicts)?;
    }
    let written = writes.len();
    write_all(store, writes, &printer.progress("Writing objects", 0, written)).await?;
    Ok(Imported { written, same: all - written })
}

fn refuse(conflicts: &[Key]) -> anyhow::Result<()> {
    let named: Vec<&str> = conflicts.iter().take(NAMED).map(Key::as_str).collect();
    match conflicts.len() {
        0 => Ok(()),
        count => Err(anyhow!("{count} objects are there and different, for example {}", named.join(", "))),
    }
    .hint("--overwrite replaces them by those of the export")
}

#[cfg(test)]
mod tests {
    use super::super::export;
    use super::super::testing::{key, store_of, workflow};
    use super::*;
    use crate::cli::ColorWhen;

    async fn exported(store: &dyn Backend) -> Vec<u8> {
        let mut text = Vec::new();
        export::write(&store.list(&Prefix::all()).await.unwrap().items, &mut text).unwrap();
        text
    }

    async fn imported(store: &dyn Backend, text: &[u8], overwrite: bool) -> anyhow::Result<Imported> {
        import(store, objects(text)?, overwrite, &Printer::new(ColorWhen::Never)).await
    }

    #[tokio::test]
    async fn what_was_exported_is_imported_and_the_same() {
        let text = exported(&*store_of(&["a", "b"]).await).await;
        let store = store_of(&["a"]).await;
        assert_eq!(imported(&*store, &text, false).await.unwrap(), Imported { written: 1, same: 1 });
        assert_eq!(exported(&*store).await, text);
        assert_eq!(imported(&*store, &text, false).await.unwrap(), Imported { written: 0, same: 2 });
    }

    #[tokio::test]
    async fn a_conflict_keeps_everything_from_being_written_unless_told() {
        let text = exported(&*store_of(&["a", "b"]).await).await;
        let store = store_of(&[]).await;
        let other = workflow("a").replace("golang", "rust");
        store.commit(&key("a"), Write::Create(other.into())).await.unwrap();
        let error = imported(&*store, &text, false).await.unwrap_err();
        let expected = format!("1 objects are there and different, for example {}", key("a"));
        assert_eq!(error.to_string(), expected);
        assert_eq!(store.list(&Prefix::all()).await.unwrap().items.len(), 1);
        assert_eq!(imported(&*store, &text, true).await.unwrap(), Imported { written: 2, same: 0 });
        assert_eq!(exported(&*store).await, text);
    }

    #[test]
    fn a_line_that_is_no_object_is_named_by_its_number() {
        let header = r#"{"format":"wfctl-storage-export","version":1}"#;
        let text = format!("{header}\n{}\n{{}}\n", workflow("a"));
        let error = objects(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("object 2: it is no object: missing field"), "{error}");
        let twice = format!("{header}\n{0}\n{0}\n", workflow("a"));
        let expected = format!("object 2: {} stands twice", key("a"));
        assert_eq!(objects(twice.as_bytes()).unwrap_err().to_string(), expected);
    }
}
