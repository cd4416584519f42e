//! The states that clients are in the middle of reading, so that a later page of a list costs what the first did.

use std::collections::VecDeque;

use super::view::View;
use crate::meta::Revision;

/// The most states. They share all that is equal with the newest one; what is not, the window mostly keeps anyway.
const MOST: usize = 32;

/// A number of past states, those last asked for at the end.
#[derive(Debug, Default)]
pub(super) struct Remembered(VecDeque<View>);

impl Remembered {
    /// Returns the state at a revision.
    pub(super) fn at(&self, revision: Revision) -> Option<&View> {
        self.0.iter().find(|view| view.revision() == revision)
    }

    /// Adds a state; forgets the one that was asked for longest ago when there are too many.
    pub(super) fn add(&mut self, view: View) {
        self.0.retain(|other| other.revision() != view.revision());
        self.0.push_back(view);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Forgets the states before a revision.
    pub(super) fn forget_before(&mut self, oldest: Revision) {
        self.0.retain(|view| view.revision() >= oldest);
    }
}
