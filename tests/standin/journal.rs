//! What was asked of the cluster, and what becomes of requests that a test is waiting for.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::access::{Ask, Rule};

/// A request that could change something, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) user: String,
    pub(crate) ask: Ask,
    pub(crate) dry_run: bool,
    pub(crate) code: u16,
}

/// What happens to a request instead of being carried out.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is answered with a `Status` of this code and reason.
    Answer(u16, &'static str),
    /// It waits, and whoever is waiting for it is told; it goes on when that lets go.
    Hold(Held),
}

/// The end of a held request that is with the cluster.
#[derive(Debug)]
pub(crate) struct Held {
    reached: oneshot::Sender<Ask>,
    release: Arc<Notify>,
}

/// The end of a held request that is with the test.
#[derive(Debug)]
pub(crate) struct Grip {
    reached: oneshot::Receiver<Ask>,
    release: Arc<Notify>,
}

impl Held {
    pub(super) fn new() -> (Self, Grip) {
        let (sender, reached) = oneshot::channel();
        let release = Arc::new(Notify::new());
        (Self { reached: sender, release: Arc::clone(&release) }, Grip { reached, release })
    }

    /// Says that the request is here and waits.
    pub(super) async fn wait(self, ask: Ask) {
        if self.reached.send(ask).is_ok() {
            self.release.notified().await;
        }
    }
}

impl Grip {
    /// Waits for the request; none when the cluster ended before it came.
    pub(crate) async fn reached(&mut self) -> Option<Ask> {
        (&mut self.reached).await.ok()
    }

    /// Lets the request go on.
    pub(crate) fn release(self) {
        self.release.notify_one();
    }
}

/// A fault, and when it happens.
#[derive(Debug)]
struct Plan {
    rule: Rule,
    /// How many requests go through before.
    spared: usize,
    fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Mutex<Vec<Entry>>,
    plans: Mutex<VecDeque<Plan>>,
}

impl Journal {
    pub(super) fn write(&self, entry: Entry) {
        self.entries.lock().push(entry);
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }

    pub(super) fn clear(&self) {
        self.entries.lock().clear();
    }

    pub(super) fn plan(&self, rule: Rule, spared: usize, fault: Fault) {
        self.plans.lock().push_back(Plan { rule, spared, fault });
    }

    /// Takes the fault that was planned for a request; each happens once.
    pub(super) fn fault(&self, ask: &Ask) -> Option<Fault> {
        let mut plans = self.plans.lock();
        let due = plans.iter_mut().position(|plan| {
            let covered = plan.rule.covers(ask);
            let due = covered && plan.spared == 0;
            plan.spared -= usize::from(covered && !due);
            due
        });
        plans.remove(due?).map(|plan| plan.fault)
    }
}
