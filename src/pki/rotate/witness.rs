//! What one process has seen without interruption.

use std::ops::Range;
use std::time::Duration;

use super::observed::{Evidence, Held, Observed};
use crate::pki::Fingerprint;

/// Remembers since when something holds. A process that begins anew has seen nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness {
    trust: Option<Since>,
    serving: Option<Since>,
}

/// The requests through kube-apiserver since the last look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Requests {
    /// Those that were answered.
    pub(crate) answered: u32,
    /// Those that were not.
    pub(crate) failed: u32,
}

#[derive(Clone, Copy, Debug)]
struct Since {
    what: Fingerprint,
    at: Duration,
    answered: u32,
}

impl Witness {
    /// Returns the evidence after another look at the cluster. `look` is when its first read began and its last one
    /// ended, by a clock of the process that never goes back: what was seen at an unknown moment in between counts
    /// from the end, and until the beginning.
    pub(crate) fn look(
        &mut self,
        look: Range<Duration>,
        observed: &Observed,
        requests: Requests,
    ) -> Evidence {
        self.trust = next(self.trust, trusted(observed), look.end, requests);
        self.serving = next(self.serving, served(observed), look.end, requests);
        Evidence { trust: held(self.trust, look.start), serving: held(self.serving, look.start) }
    }
}

fn trusted(observed: &Observed) -> Option<Fingerprint> {
    let issuing = observed.authorities.issuing.as_ref()?.fingerprint;
    observed.published.contains(&issuing).then_some(issuing)
}

fn served(observed: &Observed) -> Option<Fingerprint> {
    let leaf = observed.serving.leaf.as_ref()?.fingerprint;
    observed.behind().is_empty().then_some(leaf)
}

/// Answers from before it held prove nothing, and one failure takes back those before it.
fn next(before: Option<Since>, what: Option<Fingerprint>, at: Duration, requests: Requests) -> Option<Since> {
    let what = what?;
    let same = before.filter(|since| since.what == what);
    Some(same.map_or(Since { what, at, answered: 0 }, |since| Since {
        answered: if requests.failed > 0 { 0 } else { since.answered.saturating_add(requests.answered) },
        ..since
    }))
}

fn held(since: Option<Since>, at: Duration) -> Held {
    since.map_or_else(Held::default, |since| Held {
        time: at.saturating_sub(since.at),
        answered: since.answered,
    })
}
