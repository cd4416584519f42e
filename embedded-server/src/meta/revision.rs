//! The store's one growing number.

use std::fmt;
use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

/// A point in the history of a whole store: [`Revision::FIRST`] before the first write, then one step or more per
/// write.
///
/// On the wire it is `metadata.resourceVersion`, a decimal without leading zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// No point in any history: what was never stored has it, and a client that names it means any state.
    pub const ZERO: Self = Self(0);

    /// The revision of a store that was never written to.
    pub const FIRST: Self = Self(1);

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

/// The reason why a text is no revision, worded as Go's `strconv.ParseUint` words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strconv.ParseUint: parsing {text:?}: {why}")]
pub struct NoRevision {
    text: String,
    why: &'static str,
}

impl FromStr for Revision {
    type Err = NoRevision;

    /// Reads decimal digits and nothing else, not even a sign.
    fn from_str(text: &str) -> Result<Self, NoRevision> {
        let digits = if text.starts_with('+') { "+" } else { text };
        let parsed = digits.parse().map(Self);
        parsed.map_err(|error| NoRevision { text: text.to_owned(), why: parse_fault(&error) })
    }
}

/// Says in Go's words why a text is no number.
pub(super) fn parse_fault(error: &ParseIntError) -> &'static str {
    match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_plain_decimals() {
        for number in [0, 7, u64::MAX] {
            assert_eq!(Revision(number).to_string().parse(), Ok(Revision(number)));
        }
        assert_eq!(Revision(700).to_string(), "700");
    }

    #[test]
    fn what_is_no_revision_is_told_in_the_words_of_go() {
        for (text, why) in [
            ("", "invalid syntax"),
            ("abc", "invalid syntax"),
            ("-1", "invalid syntax"),
            ("+1", "invalid syntax"),
            ("1.5", "invalid syntax"),
            ("18446744073709551616", "value out of range"),
        ] {
            let error = text.parse::<Revision>().unwrap_err();
            assert_eq!(error.to_string(), format!("strconv.ParseUint: parsing \"{text}\": {why}"));
        }
    }
}
