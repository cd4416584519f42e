//! `wfctl storage export`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use embedded_server::storage::{Backend, KeyValue, Prefix};
use tempfile::NamedTempFile;

use super::lines::Header;
use super::{kinds, url};
use crate::cli::StorageExport;
use crate::failure::{Failure, Hint};
use crate::files;
use crate::printer::Printer;
use crate::store::{self, migration};

/// Writes all objects as lines.
pub(super) async fn run(arguments: &StorageExport, printer: &Printer) -> Result<(), Failure> {
    let url = url("URL", &arguments.url)?;
    let store = store::open_existing(&url).await?;
    let items = {
        let _step = printer.step("Reading every object");
        sound(&*store).await
    };
    store.close().await;
    let items = items?;
    match &arguments.output {
        Some(file) => to_file(&items, file).with_context(|| format!("cannot write {}", file.display()))?,
        None => to_stdout(&items, printer).context("cannot write the objects")?,
    }
    printer.note(format_args!("{} objects exported", items.len()));
    Ok(())
}

/// Returns everything, of which all is sound.
///
/// # Errors
///
/// The store cannot be read, or something in it makes no sense.
async fn sound(store: &dyn Backend) -> anyhow::Result<Vec<KeyValue>> {
    migration::refuse_half(store).await?;
    let items = store.list(&Prefix::all()).await.context("cannot read the store")?.items;
    for item in &items {
        let sound = kinds::examine(item).map_err(|problem| anyhow!("{}: {problem}", item.key));
        sound.hint("wfctl storage check tells all that is damaged")?;
    }
    Ok(items)
}

/// Leaves the file as it was, or a whole one.
fn to_file(items: &[KeyValue], path: &Path) -> io::Result<()> {
    let file = NamedTempFile::new_in(files::directory_of(path))?;
    write(items, file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A reader that has gone away is not an error.
fn to_stdout(items: &[KeyValue], printer: &Printer) -> io::Result<()> {
    match write(items, printer.data_writer()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes the form of [`lines`](super::lines).
pub(super) fn write(items: &[KeyValue], to: impl Write) -> io::Result<()> {
    let lines: Vec<&[u8]> = items.iter().map(|item| &*item.value).collect();
    let mut to = BufWriter::new(to);
    to.write_all(&serde_json::to_vec(&Header::of(&lines))?)?;
    for line in lines {
        to.write_all(b"\n")?;
        to.write_all(line)?;
    }
    to.write_all(b"\n")?;
    to.flush()
}
