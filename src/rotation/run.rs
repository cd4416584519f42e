//! The loop: look, decide, act.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::installation::{Change, Installation};
use super::journal::{Entry, Journal};
use super::look::Look;
use super::{act, words};
use crate::cluster::{ClusterError, Reason};
use crate::pki::PkiError;
use crate::pki::rotate::witness::{Requests, Witness};
use crate::pki::rotate::{self, ANSWERS, Action, Intent, Pace, Phase};
use crate::proof::{Load, Tally};

/// How long to wait before looking again where there is something to wait for.
const PAUSE: Duration = Duration::from_secs(1);

/// A rotation by this process.
pub(crate) struct Rotation<'a> {
    installation: &'a dyn Installation,
    load: &'a Load,
    journal: &'a Journal,
    intent: Intent,
    pace: Pace,
    witness: Witness,
    began: Instant,
    counted: Tally,
    well_since: Option<Tally>,
    /// The requests that were answered in a row since the last change.
    in_a_row: u32,
    phase: Phase,
}

/// How a rotation ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// What is there now.
    pub(crate) look: Look,
    /// When the next one is due.
    pub(crate) until: Timestamp,
    /// The requests that were sent before requests were first seen to be answered: nothing of what failed then was
    /// the rotation's doing. None where they never were.
    pub(crate) before: Option<Tally>,
}

/// Why certificates cannot be rotated.
#[derive(Debug, Error)]
pub(crate) enum RotateError {
    /// There is nothing that could be trusted.
    #[error("there is no APIService v1alpha1.workflow.example.com: nothing is installed")]
    NotInstalled,
    /// It is about another server.
    #[error("APIService v1alpha1.workflow.example.com leads to the namespace {0}")]
    Elsewhere(String),
    /// Somebody else issues certificates.
    #[error("cert-manager issues the certificates of this installation, by the Certificate {0}")]
    CertManager(String),
    /// The cluster refused.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A certificate could not be made.
    #[error(transparent)]
    Pki(#[from] PkiError),
}

enum Round {
    Rested(Box<Look>, Timestamp),
    Wrote,
    Waited,
}

impl RotateError {
    /// Returns what can be done about it, where this is known here.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::NotInstalled => Some("wfctl install installs it".to_owned()),
            Self::Elsewhere(namespace) => Some(format!("--namespace {namespace} works on that one")),
            Self::CertManager(certificate) => {
                let (namespace, name) = certificate.split_once('/').unwrap_or(("", certificate));
                Some(format!("cert-manager renews by itself; cmctl renew -n {namespace} {name} does it now"))
            }
            Self::Cluster(_) | Self::Pki(_) => None,
        }
    }
}

impl Look {
    /// Looks at an installation whose certificates are wfctl's own.
    pub(crate) async fn at_own(installation: &dyn Installation) -> Result<Self, RotateError> {
        let look = Self::at(installation).await?.ok_or(RotateError::NotInstalled)?;
        let namespace = look.service["spec"]["service"]["namespace"].as_str().unwrap_or_default();
        if namespace != installation.namespace() {
            return Err(RotateError::Elsewhere(namespace.to_owned()));
        }
        match look.cert_manager() {
            Some(certificate) => Err(RotateError::CertManager(certificate.to_owned())),
            None => Ok(look),
        }
    }
}

impl<'a> Rotation<'a> {
    /// Begins to count: `load` is what goes through kube-apiserver all the while, and `answered` says whether it did
    /// before anything was touched.
    pub(crate) fn new(
        installation: &'a dyn Installation,
        intent: Intent,
        load: &'a Load,
        answered: bool,
        journal: &'a Journal,
    ) -> Self {
        Self {
            installation,
            load,
            journal,
            intent,
            pace: Pace::default(),
            witness: Witness::default(),
            began: Instant::now(),
            counted: Tally::default(),
            well_since: answered.then(Tally::default),
            in_a_row: 0,
            phase: Phase::Steady,
        }
    }

    /// Waits as long as `pace` says for what cannot be seen.
    pub(crate) fn at(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Takes steps until all is well. What may pass, as a kube-apiserver that is away, is waited for.
    ///
    /// It can be dropped at any moment: what it has done so far says to whoever comes next what is left to do.
    pub(crate) async fn run(mut self) -> Result<Done, RotateError> {
        loop {
            match self.round().await {
                Ok(Round::Rested(look, until)) => {
                    return Ok(Done { look: *look, until, before: self.well_since });
                }
                Ok(Round::Wrote) => {}
                Ok(Round::Waited) => sleep(PAUSE).await,
                Err(RotateError::Cluster(error)) if may_pass(&error) => self.wait_for(&error).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn round(&mut self) -> Result<Round, RotateError> {
        let begin = self.began.elapsed();
        let mut look = Look::at_own(self.installation).await?;
        let requests = self.count();
        let look_took = begin..self.began.elapsed();
        look.observed.evidence = self.witness.look(look_took, &look.observed, requests);
        let action = rotate::next(look.now, &look.observed, self.intent, self.pace);
        self.tell_of_findings(&look);
        match action {
            Action::Rest { until } => Ok(self.rest(look, until)),
            action => self.act(&action, &look).await,
        }
    }

    /// It is not over before requests are answered, if there is anybody to answer them.
    fn rest(&self, look: Look, until: Timestamp) -> Round {
        if self.in_a_row >= ANSWERS || look.replicas.is_empty() {
            self.journal.say(look.now, Phase::Steady, words::step(&Action::Rest { until }, &look));
            return Round::Rested(Box::new(look), until);
        }
        self.journal.say(look.now, self.phase, "waiting until requests are answered");
        Round::Waited
    }

    async fn act(&mut self, action: &Action, look: &Look) -> Result<Round, RotateError> {
        self.tell(action, look);
        let change = act::change(action, look, self.installation.namespace())?;
        let done = match change {
            None => Ok(Round::Waited),
            Some(change) => self.write(&change).await,
        };
        match done {
            Err(error) if is_overtaken(&error) => {
                self.journal.say(look.now, self.phase, "somebody else was faster; looking again");
                Ok(Round::Waited)
            }
            Err(error) => Err(error.into()),
            Ok(done) => {
                self.intent = self.intent.after(action);
                Ok(done)
            }
        }
    }

    async fn write(&mut self, change: &Change) -> Result<Round, ClusterError> {
        self.installation.put(change).await?;
        self.in_a_row = 0;
        Ok(Round::Wrote)
    }

    /// Returns the requests since the last look.
    fn count(&mut self) -> Requests {
        let tally = self.load.tally();
        let news = tally.since(&self.counted);
        self.counted = tally;
        if news.failed == 0 && news.answered > 0 {
            self.well_since.get_or_insert_with(|| self.counted.clone());
        }
        let few = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let requests = Requests { answered: few(news.answered), failed: few(news.failed) };
        let before = if requests.failed > 0 { 0 } else { self.in_a_row };
        self.in_a_row = before.saturating_add(requests.answered);
        requests
    }

    /// What is wrong is told once, before anything is done about it.
    fn tell_of_findings(&self, look: &Look) {
        if self.journal.entries().is_empty() {
            for finding in words::findings(look, self.installation.namespace()) {
                self.journal.say(look.now, Phase::Find, finding);
            }
        }
    }

    fn tell(&mut self, action: &Action, look: &Look) {
        self.phase = action.phase();
        self.journal.say(look.now, self.phase, words::step(action, look));
    }

    /// What was seen before is no evidence of what was not seen.
    async fn wait_for(&mut self, error: &ClusterError) {
        self.witness = Witness::default();
        let now = self.journal.entries().last().map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
        self.journal.say(now, self.phase, format!("{error}: {}; trying again", error.why()));
        sleep(PAUSE).await;
    }
}

/// Returns what is wrong, and the steps to come if nothing gets in between.
pub(crate) fn planned(look: &Look, intent: Intent, namespace: &str) -> Vec<Entry> {
    let entry = |phase, message| Entry { at: look.now, phase, message };
    let found = words::findings(look, namespace);
    let found = found.into_iter().map(|finding| entry(Phase::Find, finding));
    let steps = rotate::plan(look.now, &look.observed, intent);
    let changes = steps.len() > 1;
    let step = |step| entry(Action::phase(step), words::planned(step, look, changes));
    found.chain(steps.iter().map(step)).collect()
}

fn is_overtaken(error: &ClusterError) -> bool {
    matches!(error.reason, Reason::Conflict | Reason::NotFound)
}

fn may_pass(error: &ClusterError) -> bool {
    matches!(error.reason, Reason::Unavailable | Reason::Unreachable)
}
