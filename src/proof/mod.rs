//! What nobody can fake: what each replica shows in a TLS handshake, and what a request through kube-apiserver is
//! answered. An APIService that calls itself available proves neither.
//!
//! Decides nothing: what follows from what was seen is for its callers to know.

mod answer;
mod expectation;
mod handshake;
mod load;
mod reach;
mod replicas;
mod watches;

#[cfg(test)]
mod tests;

pub(crate) use self::answer::{Answer, Question, ask};
#[cfg(test)]
pub(crate) use self::expectation::Rejected;
pub(crate) use self::expectation::{Expectation, host};
pub(crate) use self::handshake::{Seen, Shown, shake_hands};
pub(crate) use self::load::{Load, Tally};
pub(crate) use self::replicas::{Replica, replicas};
pub(crate) use self::watches::{Ended, Watched, Watches, watch};
