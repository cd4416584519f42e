//! Who is asked a second time, because others changed what he has seen.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/mutating/reinvocationcontext.go`.

use std::collections::BTreeSet;

use super::hook::Hook;

/// The webhooks of a write that want to be asked again.
#[derive(Debug, Default)]
pub(super) struct Reinvocation<'h> {
    /// Those that were asked since the last change.
    asked: BTreeSet<&'h str>,
    due: BTreeSet<&'h str>,
}

impl<'h> Reinvocation<'h> {
    /// Notes that a webhook was asked.
    pub(super) fn asked(&mut self, hook: &'h Hook) {
        if hook.reinvoked {
            self.asked.insert(&hook.id);
        }
    }

    /// Notes that the object changed.
    pub(super) fn changed(&mut self) {
        self.due.append(&mut self.asked);
    }

    /// Tells whether a webhook is to be asked again.
    pub(super) fn is_due(&self, hook: &Hook) -> bool {
        self.due.contains(hook.id.as_str())
    }

    /// Tells whether none is.
    pub(super) fn is_over(&self) -> bool {
        self.due.is_empty()
    }
}
