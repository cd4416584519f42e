//! What a request leaves behind besides its answer: warnings for the client, annotations for the audit log.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use parking_lot::Mutex;

use super::validation::label_key;

/// Lines that are sent as `Warning` headers.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    /// Adds a line unless it is there already.
    pub fn add(&self, warning: String) {
        let mut warnings = self.0.lock();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Adds several lines.
    pub fn extend(&self, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            self.add(warning);
        }
    }

    /// Takes all lines out.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

/// All that a request leaves behind.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) warnings: Warnings,
    pub(crate) annotations: Annotations,
}

/// What is noted of a request in the audit log.
///
/// Source: `apiserver/pkg/audit/context.go`, `apiserver/pkg/admission/attributes.go`.
#[derive(Debug, Default)]
pub struct Annotations(Mutex<BTreeMap<String, String>>);

impl Annotations {
    /// Notes something under a key, which has to be `PREFIX/NAME`; what was noted first stays.
    pub fn add(&self, key: String, value: String) {
        if key.matches('/').count() != 1 || !label_key(&key).is_empty() {
            tracing::warn!(key, "no audit annotation can be called that");
            return;
        }
        match self.0.lock().entry(key) {
            Entry::Vacant(vacant) => drop(vacant.insert(value)),
            Entry::Occupied(there) if *there.get() == value => {}
            Entry::Occupied(there) => {
                tracing::warn!(key = there.key(), "an audit annotation is not overwritten");
            }
        }
    }

    /// Takes all of them over from another request.
    pub fn extend(&self, others: BTreeMap<String, String>) {
        for (key, value) in others {
            self.add(key, value);
        }
    }

    /// Takes all of them out.
    pub fn take(&self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_given_once() {
        let warnings = Warnings::default();
        warnings.extend(["a", "b", "a"].map(str::to_owned));
        warnings.add("b".to_owned());
        assert_eq!(warnings.take(), ["a", "b"]);
        assert_eq!(warnings.take(), Vec::<String>::new());
    }

    #[test]
    fn an_annotation_has_a_prefix_and_is_written_once() {
        let annotations = Annotations::default();
        for (key, value) in
            [("a.example/b", "1"), ("a.example/b", "2"), ("b", "3"), ("a/b/c", "4"), ("a/", "5")]
        {
            annotations.add(key.to_owned(), value.to_owned());
        }
        assert_eq!(annotations.take(), BTreeMap::from([("a.example/b".to_owned(), "1".to_owned())]));
        assert!(annotations.take().is_empty());
    }
}
