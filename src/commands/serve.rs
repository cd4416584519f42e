//! `wfctl serve`: the composition root of the server. Makes what it needs, starts it, proves that it answers,
//! and stays until a signal ends it.

mod certificate;
mod dev;
mod in_cluster;
mod proof;
mod server;

use std::sync::Arc;

use anyhow::{Context, anyhow};
use embedded_server::clock::SystemClock;
use embedded_server::metrics::Metrics;
use tokio::runtime::{Builder, Runtime};

use self::server::{Audit, Records};
use crate::audit_log::{self, AuditLog};
use crate::cli::Serve;
use crate::config::{DevConfig, Mode, ServeConfig};
use crate::failure::Failure;
use crate::logging;
use crate::printer::Printer;
use crate::signals::Signals;
use crate::store;

/// Serves until a signal comes.
pub(super) fn run(arguments: &Serve, verbose: u8, printer: &Printer) -> Result<(), Failure> {
    let config = ServeConfig::try_from(arguments)?;
    logging::start(arguments.log_format, verbose.max(of_klog(arguments.upstream.v)), printer);
    for (flag, why) in &config.idle {
        tracing::warn!("--{flag} changes nothing: {why}");
    }
    let runtime = runtime()?;
    let outcome = runtime.block_on(until_stopped(&config, printer));
    runtime.shutdown_background();
    Ok(outcome?)
}

/// Returns how often `-v` would have to stand there for what a level of klog shows: from 4 on it is for debugging.
fn of_klog(level: Option<u8>) -> u8 {
    level.unwrap_or_default().saturating_sub(2) / 2
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the threads of the server")
}

async fn until_stopped(config: &ServeConfig, printer: &Printer) -> anyhow::Result<()> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    tokio::select! {
        outcome = Box::pin(serve(config, &signals, printer)) => outcome,
        () = signals.reached(2) => Err(anyhow!("stopped at once by a second signal")),
    }
}

/// Opens the store, which also keeps a second server away from all that lies beside it, and serves from it.
async fn serve(config: &ServeConfig, signals: &Signals, printer: &Printer) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let prepared = tokio::select! {
        prepared = Prepared::of(config, &metrics) => prepared?,
        () = signals.reached(1) => return Ok(()),
    };
    let records = Records { audit: audit(config, printer)?, metrics };
    let store = {
        let _step = printer.step("Opening the store");
        store::open_filled(&config.storage).await?
    };
    let (serving, kept) = (Arc::clone(&store), records.clone());
    let served = match prepared {
        Prepared::Dev(dev) => dev::serve_from(serving, config, dev, kept, signals, printer).await,
        Prepared::Cluster(prepared) => {
            in_cluster::serve_from(serving, config, *prepared, kept, signals, printer).await
        }
    };
    store.close().await;
    if let Some(audit) = records.audit {
        audit.log.close();
    }
    served
}

/// Returns what is written down of requests, if that is asked for.
fn audit(config: &ServeConfig, printer: &Printer) -> anyhow::Result<Option<Audit>> {
    let Some(audit) = &config.operation.audit else { return Ok(None) };
    let policy = audit_log::policy(audit)?;
    let log = AuditLog::open(audit, Arc::new(SystemClock), printer)?;
    Ok(Some(Audit { policy, log }))
}

/// What is found out before anything is written.
enum Prepared<'c> {
    Dev(&'c DevConfig),
    Cluster(Box<in_cluster::Prepared>),
}

impl<'c> Prepared<'c> {
    async fn of(config: &'c ServeConfig, metrics: &Metrics) -> anyhow::Result<Self> {
        match &config.mode {
            Mode::Dev(dev) => {
                dev::check(dev)?;
                Ok(Self::Dev(dev))
            }
            Mode::Cluster(cluster) => {
                let prepared = in_cluster::Prepared::of(cluster, config.listen.ip(), metrics);
                Ok(Self::Cluster(Box::new(Box::pin(prepared).await?)))
            }
        }
    }
}

/// Says that it begins to stop: connections may still take a while to finish.
async fn announced(stop: impl Future<Output = ()>, printer: Printer) {
    stop.await;
    printer.note("\nStopping once the requests under way are answered; Ctrl-C again stops at once.");
}
