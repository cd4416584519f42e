//! What a rotation is decided upon.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{ANSWERS, Why};
use crate::pki::Fingerprint;

/// What is there. Read in this order: the serving Secret, the APIService, the authority Secret, the replicas.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Observed {
    /// The serving Secret.
    pub(crate) serving: Serving,
    /// The authorities in the caBundle; none where it is missing or cannot be read.
    pub(crate) published: BTreeSet<Fingerprint>,
    /// The authority Secret.
    pub(crate) authorities: Authorities,
    /// Every pod that serves or might begin to, ready or not.
    pub(crate) replicas: Vec<Replica>,
    /// What was seen over a while.
    pub(crate) evidence: Evidence,
}

/// The authority Secret.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Authorities {
    /// The authority that issues; none where the Secret is missing or its certificate cannot be read.
    pub(crate) issuing: Option<Issuer>,
    /// The one before it, while there is a way back.
    pub(crate) previous: Option<Issuer>,
    /// The resourceVersion of the Secret.
    pub(crate) revision: String,
}

/// An authority.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Issuer {
    /// What its certificate is known by.
    pub(crate) fingerprint: Fingerprint,
    /// The validity of its certificate.
    pub(crate) life: Life,
    /// Whether its key is there and fits.
    pub(crate) usable: bool,
}

/// The serving Secret.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Serving {
    /// The leaf; none where the Secret is missing or its certificate cannot be read.
    pub(crate) leaf: Option<Served>,
    /// Whether its key fits and it is good for every name of the Service.
    pub(crate) complete: bool,
    /// The resourceVersion of the authority Secret that it was sealed for.
    pub(crate) sealed_for: Option<String>,
}

/// A serving certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Served {
    /// What it is known by.
    pub(crate) fingerprint: Fingerprint,
    /// The authority that signed it; none where no certificate of that authority is known.
    pub(crate) issuer: Option<Fingerprint>,
    /// Its validity.
    pub(crate) life: Life,
}

/// A pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Replica {
    /// Its name.
    pub(crate) name: String,
    /// What it showed in a handshake; none where there was none.
    pub(crate) serves: Option<Served>,
}

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    /// The first moment.
    pub(crate) not_before: Timestamp,
    /// The last moment.
    pub(crate) not_after: Timestamp,
}

/// What the deciding process has seen without interruption.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Evidence {
    /// That the authority which issues is trusted.
    pub(crate) trust: Held,
    /// That every replica serves the leaf of the serving Secret.
    pub(crate) serving: Held,
}

/// For how long something was seen to hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Held {
    /// The time, by the process's own clock.
    pub(crate) time: Duration,
    /// The requests through kube-apiserver that were answered in a row during that time.
    pub(crate) answered: u32,
}

impl Observed {
    /// Says whether the leaf is that of another authority than the one that issues, or there is a way back.
    pub(super) fn is_rotating(&self, issuing: &Issuer) -> bool {
        let other = |leaf: &Served| leaf.issuer != Some(issuing.fingerprint);
        self.authorities.previous.is_some() || self.serving.leaf.as_ref().is_some_and(other)
    }

    /// Says whether the previous authority can issue again. It is trusted as long as it is there.
    pub(super) fn can_go_back(&self, now: Timestamp) -> bool {
        let fit = |previous: &Issuer| previous.usable && previous.life.problem(now).is_none();
        self.authorities.previous.as_ref().is_some_and(fit)
    }

    /// Says whether authorities are trusted, or kept, that do not issue.
    pub(super) fn has_old_trust(&self, issuing: &Issuer) -> bool {
        self.authorities.previous.is_some() || self.published != BTreeSet::from([issuing.fingerprint])
    }

    /// Says whether clients that trust what is published accept every replica, of which there is one at least.
    pub(super) fn all_are_accepted(&self, now: Timestamp) -> bool {
        let is_trusted =
            |served: &Served| served.issuer.is_some_and(|issuer| self.published.contains(&issuer));
        let accepted = |served: &Served| served.life.is_valid(now) && is_trusted(served);
        !self.replicas.is_empty()
            && self.replicas.iter().all(|replica| replica.serves.as_ref().is_some_and(accepted))
    }

    /// Returns the replicas that do not serve the leaf.
    pub(super) fn behind(&self) -> Vec<String> {
        let leaf = self.serving.leaf.as_ref().map(|leaf| leaf.fingerprint);
        let serves = |replica: &&Replica| replica.serves.as_ref().map(|served| served.fingerprint) == leaf;
        self.replicas.iter().filter(|replica| !serves(replica)).map(|replica| replica.name.clone()).collect()
    }
}

impl Life {
    /// Says why a certificate with this life has to be replaced, if it has to.
    pub(super) fn problem(&self, now: Timestamp) -> Option<Why> {
        if now < self.not_before {
            return Some(Why::NotYetValid);
        }
        if now > self.not_after {
            return Some(Why::Expired);
        }
        (now >= self.renewal()).then_some(Why::Aged)
    }

    /// Returns the moment from which on a third of the life is left.
    pub(super) fn renewal(&self) -> Timestamp {
        let third = self.not_after.duration_since(self.not_before) / 3;
        self.not_after.saturating_sub(third).unwrap_or(self.not_before)
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

impl Held {
    /// Says whether it was seen for `time`, with enough answers.
    pub(super) fn suffices(&self, time: Duration) -> bool {
        self.time >= time && self.answered >= ANSWERS
    }
}
