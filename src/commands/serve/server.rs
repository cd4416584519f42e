//! Puts the library together: storage, cache, registry, endpoints, TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use embedded_server::admission::Chain;
use embedded_server::cacher::Limits;
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::endpoints::health::Probe;
use embedded_server::endpoints::{Api, AuditPolicy, Builder, VersionInfo};
use embedded_server::metrics::Metrics;
use embedded_server::registry::Registry;
use embedded_server::server::{Config, Server, ServingCertificate};
use embedded_server::storage::{Backend, Measured};
use embedded_server::workflow::WorkflowStrategy;
use embedded_server::{authentication, authorization};
use tokio::sync::oneshot;

use super::certificate::Told;
use crate::audit_log::AuditLog;
use crate::build;
use crate::config::ServeConfig;
use crate::failure::Hint;
use crate::printer::Printer;

/// What is written down of requests, and where.
#[derive(Clone, Debug)]
pub(super) struct Audit {
    pub(super) policy: AuditPolicy,
    pub(super) log: Arc<AuditLog>,
}

/// What is kept of what happens.
#[derive(Clone, Debug)]
pub(super) struct Records {
    /// What is counted.
    pub(super) metrics: Metrics,
    /// What is written down of requests, if anything is.
    pub(super) audit: Option<Audit>,
}

/// Who is let in, and how far.
#[derive(Debug)]
pub(super) struct Doors {
    /// What the server shows.
    pub(super) certificate: ServingCertificate,
    /// Who finds out who asks.
    pub(super) authenticators: authentication::Union,
    /// Who says what he may do.
    pub(super) authorizer: authorization::Union,
    /// Who may object to a write.
    pub(super) admission: Chain,
    /// What has to hold before the server is ready.
    pub(super) checks: Vec<Check>,
}

/// A condition of readiness.
pub(super) struct Check {
    /// What `/readyz` calls it.
    pub(super) name: &'static str,
    /// Says why it does not hold.
    pub(super) probe: Probe,
}

/// Serves what is in `store` until `stop` completes and the requests under way are answered.
///
/// Sends the address through `ready` once requests are accepted; a receiver that is gone is no error.
///
/// # Errors
///
/// The address cannot be listened on or the store not be read.
pub(super) async fn run(
    config: &ServeConfig,
    doors: Doors,
    records: Records,
    store: Arc<dyn Backend>,
    printer: &Printer,
    ready: oneshot::Sender<SocketAddr>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let certificate = doors.certificate.clone();
    let server = Server::bind(config.listen, server_config(config)).await;
    let server = server.or_else(|error| {
        let hint = listen_hint(error.kind());
        Err(error).with_context(|| format!("cannot listen on {}", config.listen)).hint(hint)
    })?;
    let address = server.address();
    let api = {
        let _step = printer.step("Loading");
        let api = api(config, doors, records, store, address);
        Arc::new(api.await?)
    };
    // The receiver is gone when the greeting was given up; the server can run without it.
    let _ = ready.send(address);
    server.run(api, &certificate, stop).await;
    Ok(())
}

fn listen_hint(error: io::ErrorKind) -> &'static str {
    match error {
        io::ErrorKind::AddrNotAvailable => "--bind-address takes an address of this machine",
        io::ErrorKind::PermissionDenied => {
            "a port above 1023 needs no privilege; --secure-port 0 takes a free one"
        }
        _ => "--secure-port 0 takes a free port",
    }
}

async fn api(
    config: &ServeConfig,
    doors: Doors,
    records: Records,
    store: Arc<dyn Backend>,
    address: SocketAddr,
) -> anyhow::Result<Api> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let Records { metrics, audit } = records;
    let store = Arc::new(Measured::new(store, metrics.clone()));
    let workflows = Registry::start(WorkflowStrategy, store, doors.admission, clock, Limits::default());
    let workflows = workflows.await.context("cannot read the store")?;
    let api = Builder::new(doors.authenticators, Arc::new(doors.authorizer))
        .serve(Arc::new(workflows))
        .version(version())
        .request_timeout(config.request_timeout)
        .max_inflight(config.operation.inflight)
        .metrics(metrics);
    let api = doors.checks.into_iter().fold(api, |api, check| api.ready_check(check.name, check.probe));
    let api = match audit {
        Some(Audit { policy, log }) => api.audit(policy, log),
        None => api,
    };
    Ok(api.build(&ServeConfig::client_address(address).to_string()))
}

fn server_config(config: &ServeConfig) -> Config {
    let operation = &config.operation;
    Config {
        shutdown_delay: config.shutdown_delay,
        http2_streams: operation.http2_streams,
        goaway_chance: operation.goaway_chance,
        tls: operation.tls.clone(),
    }
}

/// Returns who counts the exchanges of the serving certificate.
pub(super) fn told(metrics: &Metrics) -> Told {
    let metrics = metrics.clone();
    Box::new(move |worked| metrics.certificates().reloaded(worked))
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What `/version` says. Clients take major and minor for those of Kubernetes, whose conventions are served.
fn version() -> VersionInfo {
    let build = build::info();
    VersionInfo {
        major: "1".to_owned(),
        minor: "36".to_owned(),
        emulation_major: "1".to_owned(),
        emulation_minor: "36".to_owned(),
        min_compatibility_major: "1".to_owned(),
        min_compatibility_minor: "35".to_owned(),
        git_version: format!("v1.36.0+wfctl.{}", build.version),
        git_commit: build.git_commit.unwrap_or_default().to_owned(),
        compiler: build.rustc.unwrap_or_default().to_owned(),
        platform: build.platform,
        ..VersionInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_fits_what_is_wrong_with_the_address() {
        assert!(listen_hint(io::ErrorKind::AddrInUse).contains("--secure-port"));
        assert!(listen_hint(io::ErrorKind::AddrNotAvailable).contains("--bind-address"));
    }
}
