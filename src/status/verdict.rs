//! What is said of one thing: that it is well, or what is wrong with it and what helps.

use super::facts::{Asked, Unknown};
use super::report::Outcome;

/// What was seen, or what is wrong.
pub(super) type Verdict = Result<String, Problem>;

/// What is wrong with something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Problem {
    /// `Warning` or `Failed`.
    pub(super) outcome: Outcome,
    /// What is wrong.
    pub(super) message: String,
    /// The command that helps.
    pub(super) hint: String,
}

/// Says that something does not work.
pub(super) fn failed(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem { outcome: Outcome::Failed, message: message.into(), hint: hint.into() }
}

/// Says that something works but should be looked after.
pub(super) fn warning(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem { outcome: Outcome::Warning, message: message.into(), hint: hint.into() }
}

/// Returns what has to be there, or says that `what` is not.
pub(super) fn present<'a, T>(asked: &'a Asked<Option<T>>, what: &str, hint: &str) -> Result<&'a T, Problem> {
    known(asked, what)?.as_ref().ok_or_else(|| failed(format!("{what} is not there"), hint))
}

/// Returns what was told of `what`. That something is not known does not say that it does not work.
pub(super) fn known<'a, T>(asked: &'a Asked<T>, what: &str) -> Result<&'a T, Problem> {
    asked.as_ref().map_err(|unknown| match unknown {
        Unknown::Forbidden(why) => warning(
            format!("{what} cannot be looked at: {why}"),
            "run wfctl status as somebody who may, for example with --as",
        ),
        Unknown::Failed(why) => warning(
            format!("{what} cannot be looked at: {why}"),
            "kubectl get --raw /readyz?verbose says how kube-apiserver is",
        ),
    })
}
