//! Which keys of etcd hold what, below the prefix that is this store's own.
//!
//! - `PREFIX/objects/KEY`: a value, as it is.
//! - `PREFIX/head`: who made the last change. Every change writes it too, so the revision at which it was
//!   written is the revision of the last change, whatever others do in the same etcd.
//! - `PREFIX/compaction`: what the replicas agree on about compaction.

use bytes::Bytes;

use crate::storage::{Key, Prefix};

/// The keys of one store.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: String,
}

/// A range of keys: where it begins, and before which key it ends.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) begin: Bytes,
    pub(super) end: Bytes,
}

impl Layout {
    /// Lays a store out below `prefix`, with or without slashes around it.
    pub(super) fn below(prefix: &str) -> Self {
        Self { root: format!("/{}/", prefix.trim_matches('/')) }
    }

    pub(super) fn head(&self) -> Bytes {
        format!("{}head", self.root).into()
    }

    pub(super) fn compaction(&self) -> Bytes {
        format!("{}compaction", self.root).into()
    }

    /// Returns a key that nobody ever writes.
    pub(super) fn nothing(&self) -> Bytes {
        format!("{}nothing", self.root).into()
    }

    pub(super) fn object(&self, key: &Key) -> Bytes {
        format!("{}objects/{key}", self.root).into()
    }

    /// Returns where the objects below `prefix` are.
    pub(super) fn objects(&self, prefix: &Prefix) -> Span {
        let begin = format!("{}objects/{prefix}", self.root);
        Span { end: after_all_below(&begin), begin: begin.into() }
    }

    /// Returns where everything is that a watch tells: the head and all objects.
    pub(super) fn watched(&self) -> Span {
        Span { begin: self.head(), end: self.objects(&Prefix::all()).end }
    }

    /// Returns the key of the object that is stored under a key of etcd; none when it is no object.
    pub(super) fn key(&self, stored: &[u8]) -> Option<Key> {
        let below = stored.strip_prefix(self.root.as_bytes())?.strip_prefix(b"objects/")?;
        std::str::from_utf8(below).ok().map(Key::from_stored)
    }
}

/// Returns the first key after all that begin with `prefix`, which ends in a slash.
fn after_all_below(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_may_be_written_with_slashes_or_without() {
        for prefix in ["a/b", "/a/b", "/a/b/"] {
            assert_eq!(Layout::below(prefix).head(), "/a/b/head");
        }
    }

    #[test]
    fn a_watch_tells_the_head_and_the_objects_and_nothing_else() {
        let layout = Layout::below("a");
        let Span { begin, end } = layout.watched();
        let within = |key: &Bytes| (&begin..&end).contains(&key);
        assert!(within(&layout.head()) && within(&layout.object(&Key::from_stored("zz"))));
        assert!(!within(&layout.compaction()));
        assert!(!within(&Layout::below("ab").head()), "a longer prefix is another store");
    }

    #[test]
    fn keys_come_back_as_they_were() {
        let (layout, key) = (Layout::below("a"), Key::from_stored("g/things/ns/é"));
        assert_eq!(layout.key(&layout.object(&key)), Some(key));
        assert_eq!(layout.key(&layout.head()), None);
    }
}
