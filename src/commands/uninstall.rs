//! `wfctl uninstall`.

mod delete;
mod export;
mod find;
mod inhabitants;

use std::future::Future;
use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};

use self::delete::Deleting;
use super::deadline::Deadline;
use super::output::print;
use super::runtime::block_on;
use crate::cli::Uninstall;
use crate::cluster::{Cluster, Patience};
use crate::config::TargetConfig;
use crate::failure::{Failure, Hint};
use crate::printer::Printer;
use crate::signals::Signals;
use crate::uninstall::text::{self, Outcome};
use crate::uninstall::{Plan, plan};

const AGAIN: &str = "run wfctl uninstall again: it goes on where this one stopped";

/// Removes an installation.
pub(super) fn run(arguments: &Uninstall, printer: &Printer) -> Result<(), Failure> {
    let target = TargetConfig::try_from(&arguments.target)?;
    if !arguments.yes && !arguments.dry_run && !io::stdin().is_terminal() {
        return Err(Failure::usage(
            anyhow!("there is no terminal to ask on"),
            "--yes goes on without asking, --dry-run only shows what would be deleted",
        ));
    }
    block_on(async {
        let signals = Signals::listen().context("cannot listen for signals")?;
        tokio::select! {
            outcome = Box::pin(uninstall(arguments, &target, printer)) => outcome,
            () = signals.reached(1) => Err(Failure::interrupted(anyhow!("stopped by a signal"), AGAIN)),
        }
    })
}

async fn uninstall(arguments: &Uninstall, target: &TargetConfig, printer: &Printer) -> Result<(), Failure> {
    let cluster = target.access.connect(Patience::Retries).await?;
    let api = target.access.connect(Patience::OneAnswer).await?;
    let namespace = target.namespace.as_str();
    let planning = Deadline::after(target.timeout);
    let plan = in_time(planning, planned(arguments, &cluster, &api, namespace, printer)).await?;
    if arguments.dry_run || plan.delete.is_empty() {
        return tell(arguments, &plan, &cluster.server, namespace, printer);
    }
    match arguments.yes {
        true => printer.note(text::deletions(&plan, &cluster.server)),
        false => printer.note(text::intentions(&plan, &cluster.server)),
    }
    if !arguments.yes && !agreed(printer.clone()).await? {
        return Err(anyhow!("nothing was deleted").into());
    }
    let deadline = Deadline::after(target.timeout);
    if let Some(file) = &arguments.export_workflows {
        in_time(deadline, async { Ok(export::workflows(&api, file, printer).await?) }).await?;
    }
    let deleting = Deleting { cluster: &cluster, namespace, deadline, printer };
    let plan = in_time(deadline, async { Ok(deleting.carry_out(plan).await.or_hint(AGAIN)?) }).await?;
    tell(arguments, &plan, &cluster.server, namespace, printer)
}

/// Lets `stages` have all the time there is, and a moment more to say themselves what kept them.
async fn in_time<T>(
    deadline: Deadline,
    stages: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        outcome = Box::pin(stages) => outcome,
        () = deadline.with_a_moment_more() => Err(Failure::hinted(anyhow!("{deadline} were over"), AGAIN)),
    }
}

async fn planned(
    arguments: &Uninstall,
    cluster: &Cluster,
    api: &Cluster,
    namespace: &str,
    printer: &Printer,
) -> Result<Plan, Failure> {
    let _step = printer.step("Looking at what is installed");
    cluster.greet().await.map_err(anyhow::Error::from)?;
    let found = Box::pin(find::find(cluster, api, namespace)).await?;
    plan(&found, arguments.purge).map_err(|blocked| {
        let hint = blocked.hint();
        Failure::hinted(blocked.into(), hint)
    })
}

/// Asks beside everything else, so that a signal is heard while nobody answers.
async fn agreed(printer: Printer) -> anyhow::Result<bool> {
    let asked = tokio::task::spawn_blocking(move || printer.ask("Delete this? [y/N]")).await;
    asked.context("cannot ask")?.context("cannot ask")
}

/// Tells what was done, or would be, and what stays.
fn tell(
    arguments: &Uninstall,
    plan: &Plan,
    server: &str,
    namespace: &str,
    printer: &Printer,
) -> Result<(), Failure> {
    let table = || match (plan.delete.is_empty(), arguments.dry_run) {
        (true, _) => text::nothing(plan, namespace),
        (false, true) => text::intentions(plan, server),
        (false, false) => text::done(plan),
    };
    Ok(print(&Outcome::of(plan, arguments.dry_run), arguments.output, table, printer)?)
}
