//! `wfctl install`: from settings to a proven API. Each stage is a module of [`install`](self); this one has their order,
//! and what ends them early: a failure, a signal, the end of the time.

mod apply;
mod cert_manager;
mod certificates;
mod diagnosis;
mod difference;
mod export;
mod preflight;
mod proof;
mod record;
mod report;
mod rollback;
mod rollout;
mod session;
mod storage_files;
mod survey;
mod trust;
mod typed;

use anyhow::Context;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use self::preflight::Entry;
use self::record::Record;
use self::report::{Certified, Report};
use self::rollback::Snapshot;
use self::session::{AGAIN, Session};
use self::survey::Survey;
use self::typed::Typed;
use crate::cli::Install;
use crate::cluster::Patience;
use crate::config::TargetConfig;
use crate::failure::{Failure, Hint};
use crate::manifest::{self, Manifest};
use crate::printer::Printer;
use crate::signals::Signals;
use crate::values::{Certificates, Values};

/// Installs, upgrades, or prints what would be installed.
pub(super) fn run(arguments: &Install, printer: &Printer) -> Result<(), Failure> {
    if arguments.export {
        return export::run(arguments, printer);
    }
    let target = TargetConfig::try_from(&arguments.target)?;
    let typed = Typed::read(arguments)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(until_interrupted(arguments, &target, &typed, printer));
    runtime.shutdown_background();
    match outcome? {
        Some(report) => Ok(report.print(arguments.output, printer).context("cannot write what was done")?),
        None => Ok(()),
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the threads of the client")
}

/// Runs until it is done or a signal comes. Whatever was begun can be gone on with by another run: so
/// there is nothing to clean up.
async fn until_interrupted(
    arguments: &Install,
    target: &TargetConfig,
    typed: &Typed,
    printer: &Printer,
) -> Result<Option<Report>, Failure> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let cluster = target.access.connect(Patience::Retries).await?;
    let session = Session::new(cluster, target, printer);
    tokio::select! {
        outcome = Box::pin(install(arguments, typed, &session)) => outcome,
        () = signals.reached(1) => Err(session.interrupted()),
    }
}

/// What an upgrade begins with.
struct Prepared {
    survey: Survey,
    values: Values,
    wanted: Record,
    entries: Vec<Entry>,
}

async fn install(
    arguments: &Install,
    typed: &Typed,
    session: &Session<'_>,
) -> Result<Option<Report>, Failure> {
    let prepared = Box::pin(session.in_time(prepare(arguments, typed, session))).await??;
    if arguments.dry_run {
        difference::print(&prepared.entries, arguments.output, session.printer)
            .context("cannot write the changes")?;
        return Ok(None);
    }
    let snapshot = Snapshot::of(session, &prepared.survey, &prepared.entries);
    let outcome =
        Box::pin(session.in_time(bring_up(arguments, session, &prepared))).await.and_then(|outcome| outcome);
    match outcome {
        Err(error) if arguments.rollback_on_failure => {
            Err(Box::pin(rollback::run(session, &snapshot, error)).await.into())
        }
        outcome => Ok(Some(outcome.or_hint(AGAIN)?)),
    }
}

/// Finds out what there is, what is wanted, and whether the cluster would take it. Changes nothing.
async fn prepare(arguments: &Install, typed: &Typed, session: &Session<'_>) -> Result<Prepared, Failure> {
    let survey = Survey::take(session).await?;
    let remembered = survey.record.as_ref().filter(|_| !arguments.reset);
    let settings = typed.settings(remembered.map(Record::as_file))?;
    let values = Values::new(session.namespace(), &settings)?;
    let wanted = Record::new(&settings, &rendered(&values)?);
    let entries = preflight::check(session, &survey, &wanted, arguments.wait).await?;
    Ok(Prepared { survey, values, wanted, entries })
}

/// Secrets with passwords are among them, those with keys are not: they have a stage of their own.
fn rendered(values: &Values) -> anyhow::Result<Vec<Value>> {
    let mut values = values.clone();
    values.with_secrets = true;
    let manifests = manifest::render(&values).context("cannot render what is installed")?;
    Ok(manifests.into_iter().map(Manifest::into_object).collect())
}

/// Takes all stages that change something, in their order.
async fn bring_up(arguments: &Install, session: &Session<'_>, prepared: &Prepared) -> anyhow::Result<Report> {
    let Prepared { survey, values, wanted, entries } = prepared;
    let (before, deadline) = (survey.record.as_ref(), &session.deadline);
    let own = matches!(values.certificates, Certificates::Own(_));
    let mut report = Report::new(session, arguments.wait);
    apply::namespace(session, entries, &mut report).await?;
    preflight::check_inside(session, entries).await?;
    record::write(session, &wanted.with_leftovers(before)).await?;
    report.certificates = match own {
        true => certificates::issue(session, survey, values).await?,
        false => Certified::CertManager,
    };
    apply::all(session, entries, &mut report).await?;
    if arguments.wait && !own {
        cert_manager::issued(session, deadline).await?;
    }
    if arguments.wait {
        rollout::watch(session, deadline).await?;
    }
    if own {
        trust::publish(session, deadline).await?;
    }
    if arguments.wait {
        trust::available(session, deadline).await?;
        report.replicas = proof::prove(session, deadline).await?;
        report.healthy = true;
    }
    apply::prune(session, before, wanted, &mut report).await?;
    if report.healthy && !own {
        cert_manager::prune_authority(session, &mut report).await?;
    }
    record::write(session, wanted).await?;
    Ok(report)
}
