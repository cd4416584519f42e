//! Whether what several clients saw of one value can be explained by one order in which everything happened at once.
//!
//! Every value is written at most once, so a value says which write it came from. The search goes through the orders
//! that the times allow and remembers where it was, after Wing and Gong, and Lowe.

use std::collections::HashSet;

/// A value; none where nothing is stored.
pub(crate) type Value = Option<u64>;

/// What a client did to the value, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It read this.
    Read(Value),
    /// It wanted to replace one by another.
    Swap { from: Value, to: Value, came: Outcome },
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It happened.
    Done,
    /// It did not, because another value was stored.
    Refused,
    /// It happened, is going to, or not.
    Unknown,
}

/// An action, and the times between which it happened if it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) action: Action,
    pub(crate) invoked: u64,
    /// Later than everything for what has no known outcome.
    pub(crate) returned: u64,
}

/// Tells whether there is an order that explains everything, beginning with nothing stored.
pub(crate) fn is_linearizable(operations: &[Operation]) -> bool {
    let mut search = Search::of(operations);
    let mut next = 0;
    while let Some(first_return) = search.first_return() {
        if search.goes_on(next, first_return) {
            next = 0;
        } else if let Some(last) = search.goes_back() {
            next = last + 1;
        } else {
            return false;
        }
    }
    true
}

struct Search<'o> {
    operations: &'o [Operation],
    /// What has happened so far, by its number.
    happened: Vec<bool>,
    value: Value,
    /// What happened last, and the values before.
    path: Vec<(usize, Value)>,
    /// Where the search was: what had happened, and the value then.
    been: HashSet<(Vec<bool>, Value)>,
}

impl<'o> Search<'o> {
    fn of(operations: &'o [Operation]) -> Self {
        let happened = vec![false; operations.len()];
        Self { operations, happened, value: None, path: Vec::new(), been: HashSet::new() }
    }

    /// Returns before when the next thing has to happen; none when nothing has to any more.
    fn first_return(&self) -> Option<u64> {
        let open = self.operations.iter().zip(&self.happened).filter(|(_, happened)| !**happened);
        open.map(|(operation, _)| operation.returned).min().filter(|first| *first < u64::MAX)
    }

    /// Lets something happen, of what is numbered from `next`; tells whether there is anything that can.
    fn goes_on(&mut self, next: usize, first_return: u64) -> bool {
        (next..self.operations.len()).any(|number| {
            let operation = self.operations[number];
            if self.happened[number] || operation.invoked > first_return {
                return false;
            }
            let Some(value) = operation.action.after(self.value) else { return false };
            self.path.push((number, std::mem::replace(&mut self.value, value)));
            self.happened[number] = true;
            let new = self.been.insert((self.happened.clone(), self.value));
            if !new {
                self.goes_back();
            }
            new
        })
    }

    /// Takes back what happened last, and returns its number.
    fn goes_back(&mut self) -> Option<usize> {
        let (number, value) = self.path.pop()?;
        self.happened[number] = false;
        self.value = value;
        Some(number)
    }
}

impl Action {
    /// Returns what is stored after this; none when it cannot happen to `value`.
    fn after(self, value: Value) -> Option<Value> {
        match self {
            Self::Read(read) => (read == value).then_some(value),
            Self::Swap { from, came: Outcome::Refused, .. } => (from != value).then_some(value),
            Self::Swap { from, to, .. } => (from == value).then_some(to),
        }
    }
}

mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens next in a history that is made up: an action, and how far its times reach around it.
    fn steps() -> impl Strategy<Value = Vec<(u8, u64, u64)>> {
        prop::collection::vec((0..10_u8, 0..30_u64, 0..30_u64), 1..40)
    }

    /// Makes a history of actions that happen at 10, 20, 30 …
    fn history(steps: &[(u8, u64, u64)]) -> Vec<Operation> {
        let (mut value, mut next) = (None, 0);
        let operations = steps.iter().enumerate().map(|(number, (kind, before, after))| {
            let at = 10 * (number as u64 + 4);
            next += 1;
            let (from, to) = (value, Some(next));
            let action = match kind {
                0..=3 => Action::Read(value),
                4 => Action::Swap { from: Some(0), to, came: Outcome::Refused },
                5 => Action::Swap { from: Some(0), to, came: Outcome::Unknown },
                6 => Action::Swap { from, to: None, came: Outcome::Done },
                7 => Action::Swap { from, to, came: Outcome::Unknown },
                _ => Action::Swap { from, to, came: Outcome::Done },
            };
            value = match action {
                Action::Swap { from, to, came: Outcome::Done | Outcome::Unknown } if from == value => to,
                _ => value,
            };
            let unknown = matches!(action, Action::Swap { came: Outcome::Unknown, .. });
            let returned = if unknown { u64::MAX } else { at + after };
            Operation { action, invoked: at - before, returned }
        });
        operations.collect()
    }

    fn swap(from: Value, to: u64, invoked: u64) -> Operation {
        let action = Action::Swap { from, to: Some(to), came: Outcome::Done };
        Operation { action, invoked, returned: invoked + 5 }
    }

    fn read(value: Value, invoked: u64) -> Operation {
        Operation { action: Action::Read(value), invoked, returned: invoked + 5 }
    }

    proptest! {
        #[test]
        fn whatever_happened_in_some_order_is_accepted(steps in steps()) {
            prop_assert!(is_linearizable(&history(&steps)));
        }

        #[test]
        fn a_read_of_what_was_never_written_is_found(steps in steps(), place: prop::sample::Index) {
            let mut history = history(&steps);
            let at = 10 * (place.index(history.len()) as u64 + 4);
            history.push(read(Some(10_000), at));
            prop_assert!(!is_linearizable(&history));
        }

        #[test]
        fn a_read_of_what_was_replaced_before_is_found(steps in steps(), old in 0..3_usize) {
            let mut history = history(&steps);
            let late = 10_000;
            history.push(read(history_end(&steps), late));
            history.push(swap(history_end(&steps), 500, late + 10));
            history.push(swap(Some(500), 501, late + 20));
            let stale = [history_end(&steps), Some(500), None][old];
            prop_assume!(stale != Some(501));
            history.push(read(stale, late + 30));
            prop_assert!(!is_linearizable(&history));
        }

        #[test]
        fn a_write_that_was_lost_is_found(steps in steps()) {
            let mut history = history(&steps);
            let late = 10_000;
            history.push(read(history_end(&steps), late));
            history.push(swap(history_end(&steps), 500, late + 10));
            history.push(swap(history_end(&steps), 501, late + 12));
            prop_assert!(!is_linearizable(&history));
        }
    }

    /// Returns the value at the end of a history.
    fn history_end(steps: &[(u8, u64, u64)]) -> Value {
        history(steps).iter().fold(None, |value, operation| match operation.action {
            Action::Swap { from, to, came: Outcome::Done | Outcome::Unknown } if from == value => to,
            _ => value,
        })
    }

    #[test]
    fn what_happens_at_the_same_time_may_happen_in_any_order() {
        let both = [swap(None, 1, 10), swap(Some(1), 2, 20), read(Some(2), 12), read(Some(1), 13)];
        let long = both.map(|operation| Operation { returned: 40, ..operation });
        assert!(is_linearizable(&long));
        assert!(!is_linearizable(&both), "nobody reads what is written later");
    }

    #[test]
    fn a_write_without_an_answer_may_happen_late_or_never_but_not_twice() {
        let unknown = |from, to| Operation {
            action: Action::Swap { from, to: Some(to), came: Outcome::Unknown },
            invoked: 0,
            returned: u64::MAX,
        };
        let (a, b) = (swap(None, 1, 10), read(Some(1), 20));
        assert!(is_linearizable(&[a, b, unknown(Some(1), 9)]), "never");
        assert!(is_linearizable(&[a, b, unknown(Some(1), 9), read(Some(9), 30)]), "late");
        let twice = [a, unknown(Some(1), 9), read(Some(9), 30), swap(Some(9), 2, 40), read(Some(9), 50)];
        assert!(!is_linearizable(&twice), "twice");
        assert!(
            !is_linearizable(&[a, unknown(None, 9), read(Some(9), 30)]),
            "after what it assumes was over"
        );
    }
}
