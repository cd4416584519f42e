//! What was typed, understood: arguments become a [`ServeConfig`] that is valid by construction. Touches
//! neither the disk nor the network.

mod certs;
mod cluster;
mod operation;
mod secret;
mod storage;
mod target;

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use embedded_server::meta::duration::parse_go;
use embedded_server::server::PolicyError;
use embedded_server::storage::{EtcdUrlError, PostgresUrlError};
use thiserror::Error;

use crate::cli;

pub(crate) use certs::{CertsListConfig, CertsRotateConfig};
pub(crate) use cluster::{ClusterConfig, FrontProxyFlags, Plugins, Serving, Source};
pub(crate) use operation::{AuditConfig, OperationConfig, Rotation};
pub(crate) use secret::SecretName;
pub(crate) use storage::StorageUrl;
pub(crate) use target::TargetConfig;

/// How the server runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServeConfig {
    /// Where objects are kept.
    pub(crate) storage: StorageUrl,
    /// Where the server listens; port 0 is a free one.
    pub(crate) listen: SocketAddr,
    /// How long a request may take that is no watch; more than zero.
    pub(crate) request_timeout: Duration,
    /// How long the server goes on serving, unready, once told to stop.
    pub(crate) shutdown_delay: Duration,
    /// Limits, TLS and the audit log.
    pub(crate) operation: OperationConfig,
    /// With a cluster or without.
    pub(crate) mode: Mode,
    /// What was given without effect: each flag, and why nothing comes of it.
    pub(crate) idle: Vec<(&'static str, &'static str)>,
}

/// Whether there is a cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// There is none.
    Dev(DevConfig),
    /// Behind the aggregation layer of one.
    Cluster(Box<ClusterConfig>),
}

/// What serving without a cluster needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DevConfig {
    /// The kubeconfig to write.
    pub(crate) kubeconfig: PathBuf,
    /// The directory that certificates and keys are kept in.
    pub(crate) pki: PathBuf,
}

/// Why the arguments make no sense.
#[derive(Debug, Error, Eq, PartialEq)]
pub(crate) enum ConfigError {
    /// A certificate without its key, or the other way round.
    #[error("--tls-cert-file and --tls-private-key-file need each other")]
    HalfACertificate,
    /// Two places to find the certificate in.
    #[error("--tls-secret and --tls-cert-file exclude each other")]
    TwoCertificates,
    /// A Secret that has no such name.
    #[error("--tls-secret {0:?} names no Secret")]
    SecretName(String),
    /// Headers or names of front proxies that cannot be any.
    #[error("the flags --requestheader-… cannot be used: {0}")]
    RemoteHeaders(String),
    /// A path with a star in the middle.
    #[error("--authorization-always-allow-paths {0:?} cannot be used: a * may stand at the end only")]
    AlwaysAllowed(String),
    /// An admission plugin that is not here.
    #[error("there is no admission plugin {0}")]
    Plugin(String),
    /// A flag that something depends on, of a server that is built otherwise.
    #[error("--{flag} has no counterpart here")]
    Foreign {
        /// The flag.
        flag: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A storage URL of no known form. It is not repeated: it may hold a password.
    #[error("this is no storage URL: {0}")]
    Storage(&'static str),
    /// A URL of an etcd that cannot be used.
    #[error("this is not the URL of an etcd")]
    Etcd(#[from] EtcdUrlError),
    /// A URL of a database that cannot be one.
    #[error("this is no storage URL: {0}")]
    Postgres(PostgresUrlError),
    /// A duration that cannot be read or used.
    #[error("{flag} {value:?} cannot be used: {problem}")]
    Duration {
        /// The flag with the duration.
        flag: &'static str,
        /// What it was set to.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A namespace that cannot exist.
    #[error("--namespace {value:?} cannot be used: {problem}")]
    Namespace {
        /// What was given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A version of TLS or a cipher suite that does not exist.
    #[error(transparent)]
    Tls(#[from] PolicyError),
    /// A chance out of its bounds.
    #[error("--goaway-chance must be from 0 to 0.02")]
    GoawayChance,
    /// A policy for an audit log that there is none of.
    #[error("--audit-policy-file says what goes into an audit log, but there is none")]
    AuditWithoutLog,
}

impl ConfigError {
    /// Returns what to do instead.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::HalfACertificate => "give both, or neither for a certificate that is made at the start",
            Self::TwoCertificates => "say where the certificate is: in a Secret or in files",
            Self::SecretName(_) => {
                "write NAMESPACE/NAME, for example workflow-system/workflow-apiserver-certs"
            }
            Self::RemoteHeaders(_) => "leave them out: then the cluster says what they are",
            Self::AlwaysAllowed(_) => {
                "write a path, for example /healthz, or how some begin, for example /public/*"
            }
            Self::Plugin(_) => {
                "there are NamespaceLifecycle, MutatingAdmissionWebhook and ValidatingAdmissionWebhook"
            }
            Self::Foreign { hint, .. } => hint,
            Self::Storage(_) => "write sled:PATH, postgres://USER@HOST/DB, etcd://HOST:PORT or memory:",
            Self::Postgres(_) => {
                "write postgres://USER@HOST/DB, for example with ?sslmode=verify-full&sslrootcert=FILE"
            }
            Self::Etcd(_) => "write for example etcd://etcd-0:2379,etcd-1:2379/wfctl?ca=/etc/etcd/ca.crt",
            Self::Namespace { .. } => "write a name such as workflow-system",
            Self::Tls(PolicyError::Version(_)) => "write VersionTLS12 or VersionTLS13",
            Self::Tls(PolicyError::Suite(_)) => {
                "write IANA names, for example TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
            }
            Self::GoawayChance => "a small chance is enough: 0.001 is one answer of a thousand",
            Self::AuditWithoutLog => "--audit-log-path FILE says where it is, - is stdout",
            Self::Duration { .. } => "write a number with a unit (h, m, s, ms), for example 60s or 1m30s",
        }
    }
}

impl TryFrom<&cli::Serve> for ServeConfig {
    type Error = ConfigError;

    fn try_from(typed: &cli::Serve) -> Result<Self, ConfigError> {
        let (storage, address) = match typed.dev {
            true => ("sled:wfctl-dev/data", LOOPBACK),
            false => ("sled:/var/lib/wfctl", EVERYWHERE),
        };
        let storage: StorageUrl = typed.storage.as_deref().unwrap_or(storage).parse()?;
        Ok(Self {
            idle: idle(&typed.upstream)?,
            mode: mode(typed, &storage)?,
            storage,
            listen: SocketAddr::new(typed.bind_address.unwrap_or(address), typed.secure_port),
            request_timeout: positive("--request-timeout", &typed.request_timeout)?,
            shutdown_delay: duration("--shutdown-delay-duration", &typed.shutdown_delay_duration)?,
            operation: OperationConfig::try_from(&typed.operation)?,
        })
    }
}

/// Returns the flags without effect, each with the reason.
fn idle(typed: &cli::Upstream) -> Result<Vec<(&'static str, &'static str)>, ConfigError> {
    let fates = typed.given.iter().map(|flag| match flag.fate {
        cli::Fate::Idle(why) => Ok((flag.name, why)),
        cli::Fate::Refused(hint) => Err(ConfigError::Foreign { flag: flag.name, hint }),
    });
    fates.collect()
}

fn mode(typed: &cli::Serve, storage: &StorageUrl) -> Result<Mode, ConfigError> {
    if !typed.dev {
        return Ok(Mode::Cluster(Box::new(ClusterConfig::try_from(&typed.delegation)?)));
    }
    let pki = pki_directory(storage, &typed.write_kubeconfig);
    Ok(Mode::Dev(DevConfig { kubeconfig: typed.write_kubeconfig.clone(), pki }))
}

impl ServeConfig {
    /// Returns the address at which a client on this machine reaches a server that listens on `bound`.
    pub(crate) fn client_address(bound: SocketAddr) -> SocketAddr {
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => LOOPBACK,
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, bound.port())
    }
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const EVERYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Beside the data, so that one directory holds all that `--dev` makes; beside the kubeconfig where there is
/// no data directory.
fn pki_directory(storage: &StorageUrl, kubeconfig: &Path) -> PathBuf {
    let neighbour = match storage {
        StorageUrl::Sled(path) => path,
        StorageUrl::Memory | StorageUrl::Postgres(_) | StorageUrl::Etcd(_) => kubeconfig,
    };
    neighbour.parent().unwrap_or(Path::new("")).join("pki")
}

fn positive(flag: &'static str, value: &str) -> Result<Duration, ConfigError> {
    match duration(flag, value)? {
        Duration::ZERO => Err(unusable(flag, value, "it must be more than zero")),
        duration => Ok(duration),
    }
}

fn duration(flag: &'static str, value: &str) -> Result<Duration, ConfigError> {
    let parsed = parse_go(value).map_err(|problem| unusable(flag, value, problem))?;
    Duration::try_from(parsed).map_err(|_| unusable(flag, value, "it must not be less than zero"))
}

fn unusable(flag: &'static str, value: &str, problem: impl Display) -> ConfigError {
    ConfigError::Duration { flag, value: value.to_owned(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    pub(super) fn config(flags: &[&str]) -> Result<ServeConfig, ConfigError> {
        let cli = Cli::try_parse_from(["wfctl", "serve"].iter().chain(flags)).unwrap();
        match cli.command {
            Command::Serve(serve) => ServeConfig::try_from(&*serve),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dev_alone_says_it_all() {
        let config = config(&["--dev"]).unwrap();
        assert_eq!(config.storage, StorageUrl::Sled("wfctl-dev/data".into()));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8443");
        assert_eq!(config.request_timeout, Duration::from_secs(60));
        assert_eq!(config.shutdown_delay, Duration::ZERO);
        let expected = DevConfig { kubeconfig: "wfctl-dev/kubeconfig".into(), pki: "wfctl-dev/pki".into() };
        assert_eq!(config.mode, Mode::Dev(expected));
    }

    #[test]
    fn certificates_lie_beside_the_data_or_else_beside_the_kubeconfig() {
        let pki = |flags: &[&str]| match config(flags).unwrap().mode {
            Mode::Dev(dev) => dev.pki,
            other => panic!("{other:?}"),
        };
        assert_eq!(pki(&["--dev", "--storage", "sled:/srv/wf/data"]), Path::new("/srv/wf/pki"));
        let flags = ["--dev", "--storage", "memory:", "--write-kubeconfig", "/run/wf/kubeconfig"];
        assert_eq!(pki(&flags), Path::new("/run/wf/pki"));
    }

    #[test]
    fn flags_of_servers_built_otherwise_are_let_be_or_refused() {
        let flags = [
            "--profiling=false",
            "--enable-priority-and-fairness",
            "--feature-gates=WatchList=true",
            "--cert-dir",
            "/tmp",
            "--etcd-servers=",
            "--v=2",
        ];
        let idle: Vec<_> = config(&flags).unwrap().idle.into_iter().map(|(flag, _)| flag).collect();
        assert_eq!(idle, ["cert-dir", "enable-priority-and-fairness", "feature-gates"]);
        let error = config(&["--etcd-servers=https://etcd:2379"]).unwrap_err();
        assert_eq!(error.to_string(), "--etcd-servers has no counterpart here");
        assert!(error.hint().contains("--storage etcd://"), "{}", error.hint());
    }

    #[test]
    fn a_request_timeout_of_zero_is_refused() {
        let error = config(&["--dev", "--request-timeout", "0s"]).unwrap_err();
        let message = "--request-timeout \"0s\" cannot be used: it must be more than zero";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn a_client_reaches_a_server_that_listens_everywhere_over_loopback() {
        let reached = |bound: &str| ServeConfig::client_address(bound.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:8443"), "127.0.0.1:8443");
        assert_eq!(reached("[::]:8443"), "[::1]:8443");
        assert_eq!(reached("10.0.0.7:1"), "10.0.0.7:1");
    }
}
