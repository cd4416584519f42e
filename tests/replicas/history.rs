//! What clients did and saw, written down in the order in which they began and ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::follower::Seen;
use super::linearizable::{Action, Operation, Outcome, Value, is_linearizable};

/// What happened to each object, by its name.
#[derive(Debug, Default)]
pub(crate) struct History {
    time: AtomicU64,
    operations: Mutex<BTreeMap<String, Vec<Operation>>>,
}

impl History {
    /// Returns the time, which is different each time.
    pub(crate) fn now(&self) -> u64 {
        self.time.fetch_add(1, Ordering::SeqCst)
    }

    /// Writes down what somebody did that began at `invoked`.
    pub(crate) fn record(&self, name: &str, invoked: u64, action: Action) {
        let unknown = matches!(action, Action::Swap { came: Outcome::Unknown, .. });
        let returned = if unknown { u64::MAX } else { self.now() };
        let operation = Operation { action, invoked, returned };
        self.operations.lock().entry(name.to_owned()).or_default().push(operation);
    }

    /// Fails unless one order explains what everybody saw of each object.
    pub(crate) fn check_linearizable(&self) {
        for (name, operations) in &*self.operations.lock() {
            assert!(
                is_linearizable(operations),
                "no order explains what was seen of {name}: {operations:#?}"
            );
        }
    }

    /// Fails unless what a follower saw is what was written: all that was answered, nothing twice, each in place of
    /// what it was to replace, and nothing that did not happen.
    pub(crate) fn check_against(&self, seen: &[Seen]) {
        for (name, operations) in &*self.operations.lock() {
            let made = changes_of(name, seen);
            let values: BTreeSet<_> = made.iter().filter_map(|(_, to)| *to).collect();
            let written = made.iter().filter(|(_, to)| to.is_some()).count();
            assert_eq!(values.len(), written, "a write of {name} was applied twice");
            let mut open = made;
            for (from, to) in swaps(operations, Outcome::Done) {
                let place = open.iter().position(|change| *change == (from, to));
                let place =
                    place.unwrap_or_else(|| panic!("the write of {to:?} over {from:?} to {name} is lost"));
                open.swap_remove(place);
            }
            let unknown: Vec<_> = swaps(operations, Outcome::Unknown).collect();
            for change in open {
                assert!(
                    unknown.contains(&change),
                    "nobody was told that {change:?} of {name} may have happened"
                );
            }
        }
    }
}

fn swaps(operations: &[Operation], wanted: Outcome) -> impl Iterator<Item = (Value, Value)> {
    operations.iter().filter_map(move |operation| match operation.action {
        Action::Swap { from, to, came } if came == wanted => Some((from, to)),
        _ => None,
    })
}

/// Returns what each change of an object replaced by what.
fn changes_of(name: &str, seen: &[Seen]) -> Vec<(Value, Value)> {
    let mut before = None;
    let own = seen.iter().filter(|seen| seen.name == name);
    own.map(|seen| (std::mem::replace(&mut before, seen.value), seen.value)).collect()
}
