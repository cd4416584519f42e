//! How certificates are replaced while requests flow: a pure decision from what is there to the next step. Trust
//! comes first, then what is served, and old trust goes last.
//!
//! # The machine
//!
//! ```text
//!            Begin                                                                        Retire
//!   Steady ---------> Distribute --> Converge(trust) --> Switch --> Converge(serving) -----------> Steady
//!     ^  |                ^                                ^  |               |
//!     |  |                '----------- Revert (abort) -----|--|---------------'
//!     |  '---- the leaf alone: same authority, same trust -'  |
//!     '-------------------------------------------------------'
//! ```
//!
//! There is no record of the phase. What is there says it: each step is asked for by what is missing, so any process
//! can go on where another one died, and a state that no rotation leads to is repaired by the same steps. Old
//! material is never asked to be valid.
//!
//! | step | writes | what it does |
//! | --- | --- | --- |
//! | [`Begin`](Action::Begin) | authority Secret | a new authority issues from now on; the one before it is kept as the previous one |
//! | [`Revert`](Action::Revert) | authority Secret | the two change places |
//! | [`Distribute`](Action::Distribute) | APIService | whatever may be served by now, or soon, becomes trusted too |
//! | [`AwaitTrust`](Action::AwaitTrust) | nothing | every kube-apiserver has the time to hear of it, and requests are answered |
//! | [`Switch`](Action::Switch) | serving Secret | a new leaf of the authority that issues |
//! | [`AwaitReplicas`](Action::AwaitReplicas) | nothing | a handshake with every replica shows that leaf |
//! | [`AwaitGrace`](Action::AwaitGrace) | nothing | they are seen to do so for a while, and requests are answered |
//! | [`Forget`](Action::Forget) | authority Secret | the previous authority goes, and with its key the way back |
//! | [`Seal`](Action::Seal) | serving Secret | notes the resourceVersion of the authority Secret that it was decided upon |
//! | [`Retire`](Action::Retire) | APIService | the authority that issues is the only one that is trusted |
//!
//! # Why nobody is ever served a leaf that is not trusted
//!
//! Every write is bound to the resourceVersion of the object that the decision was made upon, and each look at the
//! cluster reads the serving Secret first, then the APIService, then the authority Secret, and the replicas last.
//! Trust that grows harms nobody. Two pairs of writes could meet badly.
//!
//! A switch to a leaf of an authority, decided earlier and landing late, could meet the retirement of that authority.
//! The seal keeps them apart. An authority is retired only when its key was gone from the authority Secret before
//! the serving Secret was sealed: whoever decided to switch to it had read the serving Secret before that, and his
//! write conflicts with the seal. A key that is gone does not come back, so an authority that was retired is never
//! used again, and there is nothing to unseal.
//!
//! A retirement could take a new authority for an old one. But a new one is in the authority Secret before it is
//! published: who reads the APIService first, and it there, finds it in the authority Secret too.
//!
//! Two rotations at once are one: the second finds the state that the first left, and its own steps conflict or
//! have been done. Waiting is measured by each process for itself, from what it has seen without interruption
//! ([`Witness`](witness::Witness)); no clock of another machine is compared with. `now` decides on ages only; it should be the time
//! that kube-apiserver tells.

pub(crate) mod observed;
mod plan;
pub(crate) mod witness;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use self::observed::{Issuer, Observed, Serving};
use super::Fingerprint;

pub(crate) use self::plan::plan;

/// How many requests in a row have to be answered before a phase counts as converged.
pub(crate) const ANSWERS: u32 = 10;

/// How long is waited for what cannot be seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pace {
    /// How long until every kube-apiserver has heard of a change of the APIService.
    pub(crate) settle: Duration,
    /// How long the new leaf is seen at every replica before the old authority goes.
    pub(crate) grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { settle: Duration::from_secs(10), grace: Duration::from_secs(30) }
    }
}

/// What is wanted, besides that all is well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Intent {
    /// Nothing: what is healthy stays.
    Heal,
    /// A new leaf.
    Serving,
    /// A new authority and a new leaf.
    Everything,
    /// Back to the authority before.
    Abort,
}

/// The next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Make a new authority.
    Begin(Why),
    /// Let the previous authority issue again.
    Revert,
    /// Publish more trust than there is.
    Distribute {
        /// All of it.
        trust: BTreeSet<Fingerprint>,
    },
    /// Look again until the published trust has arrived.
    AwaitTrust,
    /// Issue a new leaf.
    Switch(Why),
    /// Look again until every replica serves the leaf.
    AwaitReplicas {
        /// Those that do not.
        behind: Vec<String>,
    },
    /// Look again until the leaf has been served for a while.
    AwaitGrace,
    /// Drop the previous authority.
    Forget,
    /// Note on the serving Secret which authority Secret is known.
    Seal,
    /// Publish less trust than there is.
    Retire {
        /// All of it.
        trust: BTreeSet<Fingerprint>,
    },
    /// Nothing is to be done.
    Rest {
        /// When to look again at the latest.
        until: Timestamp,
    },
}

/// Why something is made anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    /// Somebody wants it so.
    Asked,
    /// There is none, or it cannot be read.
    Missing,
    /// It lacks its key or a name.
    Incomplete,
    /// Its life has not begun.
    NotYetValid,
    /// Less than a third of its life is left.
    Aged,
    /// Its life is over.
    Expired,
    /// Another authority issued it.
    OtherIssuer,
}

/// Where a rotation stands, in one word.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Phase {
    /// What is wrong is told, before anything is done about it.
    Find,
    /// All is well.
    Steady,
    /// New trust is published.
    Distribute,
    /// It has not arrived everywhere.
    ConvergeTrust,
    /// The new leaf is put in its place.
    Switch,
    /// It is not served everywhere.
    ConvergeServing,
    /// Old trust is taken back.
    Retire,
}

impl Action {
    /// Returns the phase that the step belongs to.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Rest { .. } => Phase::Steady,
            Self::Begin(_) | Self::Revert | Self::Distribute { .. } => Phase::Distribute,
            Self::AwaitTrust => Phase::ConvergeTrust,
            Self::Switch(_) => Phase::Switch,
            Self::AwaitReplicas { .. } | Self::AwaitGrace => Phase::ConvergeServing,
            Self::Forget | Self::Seal | Self::Retire { .. } => Phase::Retire,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Find => "found",
            Self::Steady => "steady",
            Self::Distribute => "distribute",
            Self::ConvergeTrust | Self::ConvergeServing => "converge",
            Self::Switch => "switch",
            Self::Retire => "retire",
        })
    }
}

impl Intent {
    /// Returns what is still wanted once `action` was taken: a step that was asked for is not taken twice, and whoever
    /// finds a rotation under way has joined it.
    pub(crate) fn after(self, action: &Action) -> Self {
        match self {
            Self::Serving if !matches!(action, Action::Switch(_)) => Self::Serving,
            _ => Self::Heal,
        }
    }
}

/// Returns the next step from what was observed.
pub(crate) fn next(now: Timestamp, observed: &Observed, intent: Intent, pace: Pace) -> Action {
    let Some(issuing) = &observed.authorities.issuing else {
        return Action::Begin(Why::Missing);
    };
    authority_step(now, observed, issuing, intent)
        .or_else(|| trust_step(observed, issuing))
        .or_else(|| leaf_step(now, observed, issuing, intent, pace))
        .or_else(|| convergence_step(observed, issuing, pace))
        .or_else(|| retirement_step(observed, issuing))
        .unwrap_or_else(|| rest(observed, issuing))
}

fn authority_step(now: Timestamp, observed: &Observed, issuing: &Issuer, intent: Intent) -> Option<Action> {
    let unfit = if issuing.usable { issuing.life.problem(now) } else { Some(Why::Incomplete) };
    let asked = intent == Intent::Everything && !observed.is_rotating(issuing);
    let back = intent == Intent::Abort && observed.can_go_back(now);
    match unfit.or(asked.then_some(Why::Asked)) {
        _ if back => Some(Action::Revert),
        why => why.map(Action::Begin),
    }
}

/// Everything that is served, or that could be after the next step, has to be trusted.
fn trust_step(observed: &Observed, issuing: &Issuer) -> Option<Action> {
    let served = observed.replicas.iter().filter_map(|replica| replica.serves.as_ref());
    let issuers = served.chain(&observed.serving.leaf).filter_map(|served| served.issuer);
    let previous = observed.authorities.previous.iter().map(|previous| previous.fingerprint);
    let needed: BTreeSet<_> = issuers.chain(previous).chain([issuing.fingerprint]).collect();
    let complete = needed.is_subset(&observed.published);
    (!complete).then(|| Action::Distribute { trust: observed.published.union(&needed).copied().collect() })
}

fn leaf_step(
    now: Timestamp,
    observed: &Observed,
    issuing: &Issuer,
    intent: Intent,
    pace: Pace,
) -> Option<Action> {
    let why = leaf_problem(now, &observed.serving, issuing)
        .or_else(|| (intent == Intent::Serving).then_some(Why::Asked))?;
    let arrived = has_arrived(now, observed, issuing, pace);
    Some(if arrived { Action::Switch(why) } else { Action::AwaitTrust })
}

fn leaf_problem(now: Timestamp, serving: &Serving, issuing: &Issuer) -> Option<Why> {
    let Some(leaf) = &serving.leaf else { return Some(Why::Missing) };
    if leaf.issuer != Some(issuing.fingerprint) {
        return Some(Why::OtherIssuer);
    }
    if serving.complete { leaf.life.problem(now) } else { Some(Why::Incomplete) }
}

/// Says whether a leaf of `issuing` can be served: the leaf before has the same issuer, or there was time to hear of
/// it and, where nothing else keeps requests from being answered, they were.
fn has_arrived(now: Timestamp, observed: &Observed, issuing: &Issuer, pace: Pace) -> bool {
    let trust = &observed.evidence.trust;
    let leaf = observed.serving.leaf.as_ref();
    let same_issuer = leaf.is_some_and(|leaf| leaf.issuer == Some(issuing.fingerprint));
    let accepted = observed.all_are_accepted(now);
    let settled = if accepted { trust.suffices(pace.settle) } else { trust.time >= pace.settle };
    same_issuer || settled
}

fn convergence_step(observed: &Observed, issuing: &Issuer, pace: Pace) -> Option<Action> {
    let behind = observed.behind();
    if !behind.is_empty() {
        return Some(Action::AwaitReplicas { behind });
    }
    let serving = &observed.evidence.serving;
    let nobody = observed.replicas.is_empty();
    let proven = if nobody { serving.time >= pace.grace } else { serving.suffices(pace.grace) };
    (observed.has_old_trust(issuing) && !proven).then_some(Action::AwaitGrace)
}

fn retirement_step(observed: &Observed, issuing: &Issuer) -> Option<Action> {
    let authorities = &observed.authorities;
    if authorities.previous.is_some() {
        return Some(Action::Forget);
    }
    let trust = BTreeSet::from([issuing.fingerprint]);
    if observed.published == trust {
        return None;
    }
    let sealed = observed.serving.sealed_for.as_ref() == Some(&authorities.revision);
    Some(if sealed { Action::Retire { trust } } else { Action::Seal })
}

fn rest(observed: &Observed, issuing: &Issuer) -> Action {
    let leaf = observed.serving.leaf.as_ref().map(|leaf| leaf.life.renewal());
    Action::Rest { until: leaf.into_iter().fold(issuing.life.renewal(), Timestamp::min) }
}
