//! Writes in numbers, at once, so that they share the effort of being durable.

use anyhow::Context;
use bytes::Bytes;
use embedded_server::storage::{Backend, Key, StorageError, Write};
use futures::{StreamExt, TryStreamExt, stream};

use crate::printer::Progress;

/// How many writes are under way at once: as many as share a transaction of PostgreSQL.
const AT_ONCE: usize = 256;

/// Writes all; when one fails, those that were under way may have happened.
///
/// # Errors
///
/// One could not be done.
pub(super) async fn write_all(
    store: &dyn Backend,
    writes: Vec<(Key, Write)>,
    progress: &Progress,
) -> anyhow::Result<()> {
    let write = |(key, write)| async move {
        let written = put(store, &key, write).await;
        written.with_context(|| format!("cannot write {key}"))
    };
    let done = stream::iter(writes).map(write).buffer_unordered(AT_ONCE);
    done.try_for_each(async |()| {
        progress.advance();
        Ok(())
    })
    .await
}

/// Makes a write; one that turns out to have happened already is well.
async fn put(store: &dyn Backend, key: &Key, write: Write) -> Result<(), StorageError> {
    let wanted = value_of(&write);
    match store.commit(key, write).await {
        Ok(_) => Ok(()),
        Err(error @ (StorageError::Conflict { .. } | StorageError::Unknown(_))) => {
            match store.get(key).await?.map(|current| current.value) == wanted {
                true => Ok(()),
                false => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Returns what stands there after a write.
fn value_of(write: &Write) -> Option<Bytes> {
    match write {
        Write::Create(value) | Write::Update { value, .. } => Some(value.clone()),
        Write::Delete { .. } => None,
    }
}
