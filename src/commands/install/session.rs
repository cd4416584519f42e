//! What all stages share: the cluster, the namespace, the time that is left, and what is being done.

use anyhow::anyhow;
use parking_lot::Mutex;

use crate::cluster::{Cluster, Id, Kind};
use crate::commands::deadline::Deadline;
use crate::config::TargetConfig;
use crate::failure::Failure;
use crate::names::API_SERVICE;
use crate::pki::SERVICE;
use crate::printer::{Printer, Step};

/// The field manager of everything but certificates.
pub(super) const MANAGER: &str = "wfctl";

/// What to do after a run that did not come to its end.
pub(super) const AGAIN: &str = "run wfctl install again: it goes on where this one stopped";

/// One run.
pub(super) struct Session<'p> {
    /// The cluster.
    pub(super) cluster: Cluster,
    /// How long to wait.
    pub(super) deadline: Deadline,
    /// Whom to tell.
    pub(super) printer: &'p Printer,
    namespace: String,
    doing: Mutex<&'static str>,
}

impl<'p> Session<'p> {
    /// Begins; from now on time passes.
    pub(super) fn new(cluster: Cluster, target: &TargetConfig, printer: &'p Printer) -> Self {
        Self {
            cluster,
            deadline: Deadline::after(target.timeout),
            printer,
            namespace: target.namespace.as_str().to_owned(),
            doing: Mutex::new("beginning"),
        }
    }

    /// Returns the namespace of the installation.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Begins a stage: `doing` ends the sentence "stopped while …".
    pub(super) fn begin(&self, doing: &'static str, title: &'static str) -> Step {
        *self.doing.lock() = doing;
        self.printer.step(title)
    }

    /// Names the APIService.
    pub(super) fn registration(&self) -> Id {
        Id::cluster(Kind::API_SERVICE, API_SERVICE)
    }

    /// Names the Deployment.
    pub(super) fn deployment(&self) -> Id {
        Id::namespaced(Kind::DEPLOYMENT, &self.namespace, SERVICE)
    }

    /// Names a Secret of the installation.
    pub(super) fn secret(&self, name: &str) -> Id {
        Id::namespaced(Kind::SECRET, &self.namespace, name)
    }

    /// Says what a signal stopped.
    pub(super) fn interrupted(&self) -> Failure {
        Failure::interrupted(anyhow!("stopped by a signal while {}", self.doing.lock()), AGAIN)
    }

    /// Lets `stages` have all the time there is, and a moment more to say themselves what kept them.
    pub(super) async fn in_time<T>(&self, stages: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::select! {
            outcome = stages => Ok(outcome),
            () = self.deadline.with_a_moment_more() => {
                Err(anyhow!("{} were over while {}", self.deadline, self.doing.lock()))
            }
        }
    }
}
