//! Puts the library together: storage, cache, registry, endpoints, TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
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
use embedded_server::storage::{
    Backend, Etcd, EtcdConfig, Measured, Memory, OpenError, Postgres, PostgresConfig, PostgresError,
    PostgresOptions, Sled, SledOptions,
};
use embedded_server::workflow::WorkflowStrategy;
use embedded_server::{authentication, authorization};
use tokio::sync::oneshot;

use super::certificate::Told;
use crate::audit_log::AuditLog;
use crate::build;
use crate::config::{ServeConfig, StorageUrl};
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

/// Opens the store. One on this machine can be used by no other process until it is closed.
///
/// # Errors
///
/// It is in use, damaged, of a newer version or out of reach.
pub(super) async fn open(storage: &StorageUrl) -> anyhow::Result<Arc<dyn Backend>> {
    match storage {
        StorageUrl::Memory => Ok(Arc::new(Memory::new())),
        StorageUrl::Sled(path) => open_directory(path.clone()).await,
        StorageUrl::Postgres(config) => open_postgres(config).await,
        StorageUrl::Etcd(config) => open_etcd(config.clone()).await,
    }
}

async fn open_directory(path: PathBuf) -> anyhow::Result<Arc<dyn Backend>> {
    let opened = tokio::task::spawn_blocking(move || Sled::open(&path, SledOptions::default())).await?;
    match opened {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => {
            let hint = open_hint(&error);
            Err(error).context("cannot open the store").hint(hint)
        }
    }
}

async fn open_etcd(config: EtcdConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let servers = config.endpoints.join(", ");
    let opened = Etcd::open(config).await;
    let store = opened.with_context(|| format!("cannot open the store in etcd at {servers}"));
    Ok(Arc::new(store.hint("--storage names the servers, and with ca=, cert= and key= the files for TLS")?))
}

/// Opens a store in a database. A URL without a password gets the one that other clients of PostgreSQL take, too.
async fn open_postgres(config: &PostgresConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let config = match std::env::var("PGPASSWORD") {
        Ok(password) => config.clone().or_password(&password),
        Err(_) => config.clone(),
    };
    match Postgres::open(config, PostgresOptions::default()).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => {
            let hint = postgres_hint(&error);
            Err(error).context("cannot open the store").hint(hint)
        }
    }
}

fn postgres_hint(error: &PostgresError) -> &'static str {
    match error {
        PostgresError::TlsFile(_) => "sslrootcert, sslcert and sslkey name files in PEM",
        PostgresError::Unreachable { .. } => {
            "psql with the same URL shows whether the server can be reached from here"
        }
        PostgresError::Refused { .. } => {
            "--storage postgres://USER@HOST/DB names a user and a database; PGPASSWORD holds a password"
        }
        PostgresError::NotAllowed { .. } => {
            "make the user the owner of the database: ALTER DATABASE name OWNER TO user"
        }
        PostgresError::Unsuitable { .. } => {
            "createdb --encoding UTF8 --template template0 makes a database that does"
        }
        PostgresError::NewerFormat { .. } => {
            "replicas of an earlier version end when the tables are brought up to date"
        }
    }
}

fn open_hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::Locked { .. } => "stop the other server, or keep other data: --storage sled:PATH",
        OpenError::NotADirectory { .. } => "--storage sled:PATH names a directory, made where it is missing",
        _ => "--storage sled:PATH keeps objects in another directory, which is then empty at first",
    }
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

    #[tokio::test]
    async fn a_store_that_cannot_be_opened_comes_with_a_hint() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = open(&StorageUrl::Sled(file.path().to_owned())).await.unwrap_err();
        assert_eq!(crate::failure::hints(&error).count(), 1, "{error:#}");
    }
}
