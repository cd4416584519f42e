//! `wfctl uninstall`.

mod delete;
mod export;
mod find;
mod inhabitants;

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};
use embedded_server::codec::yaml;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use self::delete::Deleting;
use crate::cli::{OutputFormat, Uninstall};
use crate::cluster::{Cluster, Patience};
use crate::config::TargetConfig;
use crate::failure::{Failure, Hint};
use crate::printer::Printer;
use crate::signals::Signals;
use crate::uninstall::text::{self, Outcome};
use crate::uninstall::{Plan, plan};

/// Removes an installation.
pub(super) fn run(arguments: &Uninstall, printer: &Printer) -> Result<(), Failure> {
    let target = TargetConfig::try_from(&arguments.target)?;
    if !arguments.yes && !arguments.dry_run && !io::stdin().is_terminal() {
        return Err(Failure::usage(
            anyhow!("there is no terminal to ask on"),
            "--yes goes on without asking, --dry-run only shows what would be deleted",
        ));
    }
    runtime()?.block_on(async {
        let signals = Signals::listen().context("cannot listen for signals")?;
        tokio::select! {
            outcome = Box::pin(uninstall(arguments, &target, printer)) => Ok(outcome?),
            () = signals.reached(1) => Ok(interrupted()?),
        }
    })
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the threads of this program")
}

fn interrupted() -> anyhow::Result<()> {
    Err(anyhow!("interrupted")).hint("wfctl uninstall goes on where this one was")
}

async fn uninstall(arguments: &Uninstall, target: &TargetConfig, printer: &Printer) -> anyhow::Result<()> {
    let deadline = Instant::now() + target.timeout;
    let cluster = target.access.connect(Patience::Retries).await?;
    let namespace = target.namespace.as_str();
    let plan = planned(arguments, &cluster, namespace, printer).await?;
    if arguments.dry_run || plan.delete.is_empty() {
        return tell(arguments, &plan, &cluster.server, namespace, printer);
    }
    printer.note(text::intentions(&plan, &cluster.server));
    if !arguments.yes && !printer.ask("Delete this? [y/N]").context("cannot ask")? {
        return Err(anyhow!("nothing was deleted"));
    }
    if let Some(file) = &arguments.export_workflows {
        export::workflows(&cluster, file, printer).await?;
    }
    let plan = Deleting { cluster: &cluster, namespace, deadline, printer }.carry_out(plan).await?;
    tell(arguments, &plan, &cluster.server, namespace, printer)
}

async fn planned(
    arguments: &Uninstall,
    cluster: &Cluster,
    namespace: &str,
    printer: &Printer,
) -> anyhow::Result<Plan> {
    let _step = printer.step("Looking at what is installed");
    let found = Box::pin(find::find(cluster, namespace)).await?;
    match plan(&found, arguments.purge) {
        Err(blocked) => {
            let hint = blocked.hint();
            Err(blocked).hint(hint)
        }
        Ok(plan) => Ok(plan),
    }
}

/// Tells what was done, or would be, and what stays.
fn tell(
    arguments: &Uninstall,
    plan: &Plan,
    server: &str,
    namespace: &str,
    printer: &Printer,
) -> anyhow::Result<()> {
    let outcome = Outcome::of(plan, arguments.dry_run);
    let text = match arguments.output {
        OutputFormat::Json => serde_json::to_string_pretty(&outcome)? + "\n",
        OutputFormat::Yaml => yaml::to_string(&outcome)?,
        OutputFormat::Table if plan.delete.is_empty() => {
            format!(
                "Nothing of wfctl is to be deleted for the namespace {namespace}.\n{}",
                text::staying(plan)
            )
        }
        OutputFormat::Table if arguments.dry_run => text::intentions(plan, server),
        OutputFormat::Table => text::done(plan),
    };
    printer.data(&text).context("cannot write what was done")
}
