//! The store's one growing number.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// A point in the history of a whole store: zero before the first write, then one step or more per write.
///
/// On the wire it is `metadata.resourceVersion`, a decimal without leading zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of an empty store.
    pub const ZERO: Self = Self(0);

    /// Returns the revision that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Revision {
    type Err = ParseIntError;

    /// Reads decimal digits and nothing else, not even a sign.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = if text.starts_with('+') { "+" } else { text };
        digits.parse().map(Self)
    }
}
