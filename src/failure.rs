//! How a command fails: wrongly used or not done, with a hint at what to do next.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::cluster::ClusterError;
use crate::config::ConfigError;
use crate::settings::SettingsError;
use crate::values::ValuesError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked makes no sense; asking again will not help.
    Usage(anyhow::Error),
    /// It was asked rightly but could not be done.
    Failed(anyhow::Error),
    /// A signal ended it before it was done.
    Interrupted(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self::usage(error, hint)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let hint = error.hint();
        Self::usage(error, hint)
    }
}

impl From<ValuesError> for Failure {
    fn from(error: ValuesError) -> Self {
        let hint = error.hint();
        Self::usage(error, hint)
    }
}

impl Failure {
    /// Says that a signal came, and what to do next.
    pub(crate) fn interrupted(error: anyhow::Error, hint: impl Into<String>) -> Self {
        Self::Interrupted(anyhow::Error::new(Hinted { error, hint: hint.into() }))
    }

    /// Says that it could not be done, and what to do next.
    pub(crate) fn hinted(error: anyhow::Error, hint: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::new(Hinted { error, hint: hint.into() }))
    }

    /// Says that what was asked makes no sense, and what to ask instead.
    pub(crate) fn usage(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::new(Hinted { error: error.into(), hint: hint.into() }))
    }
}

/// Attaches to an error what the user can do about it.
pub(crate) trait Hint<T> {
    /// Adds a `hint:` line to the error, if there is one.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;

    /// Adds it to an error that has no hint yet.
    fn or_hint(self, hint: &str) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::Error::new(Hinted { error: error.into(), hint: hint.into() }))
    }

    fn or_hint(self, hint: &str) -> anyhow::Result<T> {
        let error = match self {
            Ok(value) => return Ok(value),
            Err(error) => error.into(),
        };
        if hints(&error).next().is_some() { Err(error) } else { Err(error).hint(hint) }
    }
}

/// Returns the hints along the chain of `error`, outermost first.
pub(crate) fn hints(error: &anyhow::Error) -> impl Iterator<Item = Cow<'_, str>> {
    error.chain().filter_map(|cause| match cause.downcast_ref::<Hinted>() {
        Some(hinted) => Some(hinted.hint.as_str().into()),
        None => cause.downcast_ref::<ClusterError>()?.hint().map(Cow::from),
    })
}

/// An error that reads like the one it wraps and carries a hint.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_hint_is_found_below_later_context_and_is_no_cause_of_its_own() {
        let failed: anyhow::Result<()> = Err(anyhow!("no such file")).context("reading it");
        let error = failed.hint("make it").context("starting").unwrap_err();
        assert_eq!(hints(&error).collect::<Vec<_>>(), ["make it"]);
        let again = Err::<(), _>(anyhow!("late")).or_hint("again").or_hint("never").unwrap_err();
        assert_eq!(hints(&again).collect::<Vec<_>>(), ["again"]);
        let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
        assert_eq!(chain, ["starting", "reading it", "no such file"]);
    }
}
