//! What a test wants to go wrong with pods, and on the way to them.

use parking_lot::Mutex;

/// How pods fail to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The registry has no such image.
    NoImage,
    /// The process writes lines and ends with exit status 1.
    Crash(Vec<String>),
    /// The process runs and is never ready.
    Unready,
    /// Namespaces have a quota, and this is what is said of it.
    Quota(String),
    /// There is no node for the pod, and this is why.
    NoNode(String),
    /// There is no volume for the claim.
    NoVolume,
}

#[derive(Debug, Default)]
pub(super) struct Knobs {
    trouble: Mutex<Option<Trouble>>,
    unanswered: Mutex<Option<String>>,
}

impl Knobs {
    pub(super) fn set(&self, trouble: Option<Trouble>) {
        *self.trouble.lock() = trouble;
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().clone()
    }

    pub(super) fn leave_unanswered(&self, why: Option<String>) {
        *self.unanswered.lock() = why;
    }

    /// Returns why the aggregation layer gets no answer, whatever servers say.
    pub(super) fn unanswered(&self) -> Option<String> {
        self.unanswered.lock().clone()
    }

    pub(super) fn quota(&self) -> Option<String> {
        match self.trouble()? {
            Trouble::Quota(why) => Some(why),
            _ => None,
        }
    }
}
