//! What nobody can fake: what each replica shows in a TLS handshake, and what a request through kube-apiserver is
//! answered. An APIService that calls itself available proves neither.
//!
//! Decides nothing: what follows from what was seen is for its callers to know.

#![expect(dead_code, unused_imports, reason = "the commands that ask for more of it are not there yet")]

mod answer;
mod expectation;
mod handshake;
mod load;
mod reach;
mod replicas;

#[cfg(test)]
mod tests;

pub(crate) use self::answer::{Answer, Question, ask};
pub(crate) use self::expectation::{Expectation, Rejected, host};
pub(crate) use self::handshake::{Seen, Shown, shake_hands};
pub(crate) use self::load::{Load, Tally};
pub(crate) use self::replicas::{Replica, replicas};
