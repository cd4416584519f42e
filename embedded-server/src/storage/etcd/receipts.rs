//! Which of the writes that wait for their outcome were seen in the history.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::head::WriteId;
use crate::storage::Revision;

/// The writes that are under way, and the revisions of those that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Receipts(Arc<Mutex<HashMap<WriteId, Option<Revision>>>>);

/// A write that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Receipt {
    all: Receipts,
    pub(super) id: WriteId,
}

impl Receipts {
    /// Looks out for a new write from now on.
    pub(super) fn expect(&self) -> Receipt {
        let id = WriteId::random();
        self.0.lock().insert(id.clone(), None);
        Receipt { all: self.clone(), id }
    }

    /// Tells that a write was seen, whoever made it.
    pub(super) fn seen(&self, id: &WriteId, revision: Revision) {
        if let Some(receipt) = self.0.lock().get_mut(id) {
            *receipt = Some(revision);
        }
    }
}

impl Receipt {
    /// Returns the revision of the write, if it was seen.
    pub(super) fn revision(&self) -> Option<Revision> {
        self.all.0.lock().get(&self.id).copied().flatten()
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writes_under_way_are_remembered() {
        let receipts = Receipts::default();
        let receipt = receipts.expect();
        assert_eq!(receipt.revision(), None);
        receipts.seen(&WriteId::random(), Revision(4));
        receipts.seen(&receipt.id, Revision(5));
        assert_eq!(receipt.revision(), Some(Revision(5)));
        drop(receipt);
        assert!(receipts.0.lock().is_empty());
    }
}
