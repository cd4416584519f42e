//! `wfctl certs rotate`.

mod load;
mod report;

use anyhow::{Context, anyhow};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::load::Traffic;
use self::report::Report;
use super::{block_on, print};
use crate::cli::CertsRotate;
use crate::cluster::Patience;
use crate::config::CertsRotateConfig;
use crate::failure::Failure;
use crate::pki::rotate::{Action, Intent, Phase, next};
use crate::printer::Printer;
use crate::proof::Tally;
use crate::rotation::{Done, Entry, InCluster, Journal, Look, RotateError, Rotation, planned};
use crate::signals::Signals;

const GO_ON: &str = "what was trusted still is; wfctl certs rotate --if-needed goes on, --abort goes back";
const SILENCE: &str = "the cluster did not answer in time";
const NO_WAY_BACK: &str = "there is no authority to go back to any more; going on until all is well";

/// Rotates, or says how.
pub(super) fn run(arguments: &CertsRotate, printer: &Printer) -> Result<(), Failure> {
    let config = CertsRotateConfig::try_from(arguments)?;
    block_on(Box::pin(begin(arguments, &config, printer)))
}

async fn begin(
    arguments: &CertsRotate,
    config: &CertsRotateConfig,
    printer: &Printer,
) -> Result<(), Failure> {
    let target = &config.target;
    let deadline = Instant::now() + target.timeout;
    let cluster = target.access.connect(Patience::Retries).await?;
    let installation = InCluster::new(cluster, target.namespace.as_str());
    let look = match first_look(&installation, deadline).await? {
        Err(error @ RotateError::CertManager(_)) if arguments.if_needed => {
            printer.note(error);
            return Ok(());
        }
        look => look.map_err(refused)?,
    };
    let intent = intent(arguments);
    if arguments.plan {
        return Ok(print_plan(arguments, &planned(&look, intent, target.namespace.as_str()), printer)?);
    }
    match next(look.now, &look.observed, intent, config.pace) {
        Action::Rest { until } => {
            return Ok(print_report(arguments, &Report::of_peace(&look, until), printer)?);
        }
        Action::Revert => {}
        _ if arguments.abort => printer.note(NO_WAY_BACK),
        _ => {}
    }
    rotate(arguments, config, &installation, deadline, printer).await
}

async fn first_look(
    installation: &InCluster,
    deadline: Instant,
) -> anyhow::Result<Result<Look, RotateError>> {
    timeout_at(deadline, Look::at_own(installation)).await.context(SILENCE)
}

fn intent(arguments: &CertsRotate) -> Intent {
    match arguments {
        CertsRotate { if_needed: true, .. } => Intent::Heal,
        CertsRotate { serving_only: true, .. } => Intent::Serving,
        CertsRotate { abort: true, .. } => Intent::Abort,
        _ => Intent::Everything,
    }
}

/// Rotates while requests are sent, until it is done, takes too long, or is interrupted.
async fn rotate(
    arguments: &CertsRotate,
    config: &CertsRotateConfig,
    installation: &InCluster,
    deadline: Instant,
    printer: &Printer,
) -> Result<(), Failure> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let traffic = timeout_at(deadline, Traffic::start(&config.target.access)).await;
    let Traffic { load, watches, answered } = traffic.context(SILENCE)??;
    let journal = Journal::new(teller(printer));
    let rotation = Rotation::new(installation, intent(arguments), &load, answered, &journal);
    let rotation = rotation.at(config.pace);
    let done = tokio::select! {
        done = rotation.run() => done.map_err(refused),
        () = sleep_until(deadline) => Err(late(&journal, &load.tally())),
        () = signals.reached(1) => Err(interrupted(&journal, &load.tally())),
    }?;
    let (tally, watched) = (load.finish().await, watches.count());
    print_report(arguments, &Report::of(&done, journal.entries(), &tally, watched), printer)?;
    conclude(&done, &tally)
}

/// Shows each entry as a line; on a terminal something turns while there is something to wait for.
fn teller(printer: &Printer) -> impl Fn(&Entry) + Send + Sync + 'static {
    let (printer, waiting) = (printer.clone(), Mutex::new(None));
    move |entry| {
        let mut waiting = waiting.lock();
        *waiting = None;
        printer.note(entry);
        if matches!(entry.phase, Phase::ConvergeTrust | Phase::ConvergeServing) {
            *waiting = printer.spinner("Waiting");
        }
    }
}

/// Requests that failed although they were answered before are the rotation's fault.
fn conclude(done: &Done, tally: &Tally) -> Result<(), Failure> {
    let Some(before) = &done.before else { return Err(unanswered(tally)) };
    let after = tally.since(before);
    match &after.failure {
        None => Ok(()),
        Some(last) => {
            let counts = format!("{} of {} requests failed", after.failed, after.all());
            Err(anyhow!("{last}").context(format!("{counts} while certificates were rotated")).into())
        }
    }
}

/// The certificates are right, and yet nobody is answered.
fn unanswered(tally: &Tally) -> Failure {
    let why = tally.failure.as_ref().map_or_else(|| "no replica runs".to_owned(), ToString::to_string);
    let error = anyhow!(why).context("the certificates are well, but requests are not answered");
    Failure::hinted(error, "wfctl status says what else is wrong")
}

fn late(journal: &Journal, tally: &Tally) -> Failure {
    Failure::hinted(stopped("not done in time", journal, tally), hint(journal))
}

fn interrupted(journal: &Journal, tally: &Tally) -> Failure {
    Failure::interrupted(stopped("interrupted", journal, tally), hint(journal))
}

/// Whoever waits for a replica has to look after it first.
fn hint(journal: &Journal) -> String {
    let at_a_replica = journal.entries().last().is_some_and(|last| last.phase == Phase::ConvergeServing);
    let first =
        if at_a_replica { "kubectl logs of a pod says why it keeps an old certificate; " } else { "" };
    format!("{first}{GO_ON}")
}

/// Says where it stopped, and what had come of the requests by then.
fn stopped(how: &str, journal: &Journal, tally: &Tally) -> anyhow::Error {
    let last = journal.entries().pop();
    let place =
        last.map_or_else(|| "before the first step".to_owned(), |last| format!("at this step: {last}"));
    let what = format!("{how}, {place}; {} of {} requests failed so far", tally.failed, tally.all());
    match &tally.failure {
        Some(failure) => anyhow!("{failure}").context(what),
        None => anyhow!(what),
    }
}

fn refused(error: RotateError) -> Failure {
    match error.hint() {
        Some(hint) => Failure::hinted(error.into(), hint),
        None => Failure::Failed(error.into()),
    }
}

fn print_plan(arguments: &CertsRotate, plan: &[Entry], printer: &Printer) -> anyhow::Result<()> {
    print(&plan, arguments.output, || plan.iter().map(|entry| format!("{entry}\n")).collect(), printer)
}

fn print_report(arguments: &CertsRotate, report: &Report, printer: &Printer) -> anyhow::Result<()> {
    print(report, arguments.output, || report.to_string(), printer)
}

#[cfg(test)]
mod tests {
    use embedded_server::clock::{Clock, SystemClock};

    use super::*;
    use crate::failure::hints;
    use crate::proof::Answer;

    #[test]
    fn whoever_stops_says_where_and_how_to_go_on() {
        let journal = Journal::new(|_| {});
        journal.say(SystemClock.now(), Phase::ConvergeServing, "waiting for a");
        let tally = Tally { answered: 3, failed: 1, failure: Some(Answer::TimedOut) };
        let Failure::Interrupted(error) = interrupted(&journal, &tally) else { panic!() };
        let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
        let step = "interrupted, at this step: converge: waiting for a; 1 of 4 requests failed so far";
        assert_eq!(chain, [step.to_owned(), Answer::TimedOut.to_string()]);
        let hints: Vec<_> = hints(&error).collect();
        assert!(hints[0].starts_with("kubectl logs of a pod") && hints[0].ends_with(GO_ON), "{hints:?}");
    }
}
