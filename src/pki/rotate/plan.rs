//! The steps to come, if nothing gets in between.

use std::time::Duration;

use jiff::Timestamp;

use super::observed::{Held, Issuer, Life, Observed, Served};
use super::{Action, Intent, Pace, next};
use crate::pki::Fingerprint;

/// More steps than any rotation takes.
const MOST: usize = 32;
/// A life that is over long after the plan was made.
const LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Returns the steps that lead from what was observed to rest: if every write lands, every replica reloads, and requests
/// are answered.
pub(crate) fn plan(now: Timestamp, observed: &Observed, mut intent: Intent) -> Vec<Action> {
    let mut expected = observed.clone();
    let mut steps = Vec::new();
    while steps.len() < MOST {
        let action = next(now, &expected, intent, Pace::default());
        expected.take(now, &action);
        intent = intent.after(&action);
        let rests = matches!(action, Action::Rest { .. });
        steps.push(action);
        if rests {
            break;
        }
    }
    steps
}

impl Observed {
    fn take(&mut self, now: Timestamp, action: &Action) {
        match action {
            Action::Begin(_) => self.begin(now),
            Action::Revert => {
                let authorities = &mut self.authorities;
                std::mem::swap(&mut authorities.issuing, &mut authorities.previous);
                self.evidence.trust = Held::default();
            }
            Action::Distribute { trust } | Action::Retire { trust } => self.published.clone_from(trust),
            Action::AwaitTrust => self.evidence.trust = ENOUGH,
            Action::Switch(_) => self.switch(now),
            Action::AwaitReplicas { .. } => self.reload(),
            Action::AwaitGrace => self.evidence.serving = ENOUGH,
            Action::Forget => self.authorities.previous = None,
            Action::Seal => self.serving.sealed_for = Some(self.authorities.revision.clone()),
            Action::Rest { .. } => {}
        }
    }

    fn begin(&mut self, now: Timestamp) {
        let new =
            Issuer { fingerprint: Fingerprint::of(b"the authority to come"), life: life(now), usable: true };
        let old = self.authorities.issuing.replace(new);
        self.authorities.previous = old.or(self.authorities.previous.take());
        self.evidence.trust = Held::default();
    }

    fn switch(&mut self, now: Timestamp) {
        let issuer = self.authorities.issuing.as_ref().map(|issuing| issuing.fingerprint);
        let fingerprint = Fingerprint::of(b"the leaf to come");
        self.serving.leaf = Some(Served { fingerprint, issuer, life: life(now) });
        self.serving.complete = true;
        self.evidence.serving = Held::default();
    }

    fn reload(&mut self) {
        for replica in &mut self.replicas {
            replica.serves.clone_from(&self.serving.leaf);
        }
    }
}

const ENOUGH: Held = Held { time: Duration::MAX, answered: u32::MAX };

fn life(now: Timestamp) -> Life {
    Life { not_before: now, not_after: now.saturating_add(LIFE).unwrap_or(now) }
}
