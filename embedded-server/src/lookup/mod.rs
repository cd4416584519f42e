//! Questions to somebody far away: asked again where that may help, once at a time, and the answers remembered for
//! a while. Knows neither what is asked nor whom.

mod answers;
mod memory;
mod persistence;

pub(crate) use self::answers::Answers;
pub use self::answers::Lifetimes;
pub(crate) use self::persistence::{persistently, within};

/// A question that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Failed {
    why: String,
    passing: bool,
}

impl Failed {
    /// Returns a failure that would only repeat itself.
    pub fn lasting(why: impl Into<String>) -> Self {
        Self { why: why.into(), passing: false }
    }

    /// Returns a failure that may be gone in a moment.
    pub fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), passing: true }
    }
}
