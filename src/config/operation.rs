//! Limits, TLS and the audit log, understood.

use std::path::PathBuf;

use embedded_server::endpoints::MaxInflight;
use embedded_server::server::TlsPolicy;

use super::ConfigError;
use crate::cli;

/// The most that `--goaway-chance` may be. Source: `apiserver/pkg/server/options/server_run_options.go`.
const MOST_GOAWAY: f64 = 0.02;
/// What an HTTP/2 connection gets when it is left to the library. Source: `apiserver/pkg/server/secure_serving.go`.
const USUAL_STREAMS: u32 = 100;

/// How a server runs for long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OperationConfig {
    /// How many requests may be under way at once.
    pub(crate) inflight: MaxInflight,
    /// How many over one connection of HTTP/2.
    pub(crate) http2_streams: u32,
    /// The chance that an answer is the last of its connection.
    pub(crate) goaway_chance: f64,
    /// What is spoken below HTTP.
    pub(crate) tls: TlsPolicy,
    /// What is written down of requests.
    pub(crate) audit: Option<AuditConfig>,
}

/// What is written down of requests, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AuditConfig {
    /// The file; none for stdout.
    pub(crate) file: Option<PathBuf>,
    /// The file with the policy; without one, everything is told.
    pub(crate) policy: Option<PathBuf>,
    /// When files are exchanged, and which are kept.
    pub(crate) rotation: Rotation,
}

/// When files are exchanged, and which are kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rotation {
    /// The size in bytes that a file may have; zero is no limit.
    pub(crate) size: u64,
    /// How many old files are kept; zero is no limit.
    pub(crate) backups: usize,
    /// How many days old files are kept; zero is no limit.
    pub(crate) days: u32,
}

impl TryFrom<&cli::Operation> for OperationConfig {
    type Error = ConfigError;

    fn try_from(typed: &cli::Operation) -> Result<Self, ConfigError> {
        if !(0.0..=MOST_GOAWAY).contains(&typed.goaway_chance) {
            return Err(ConfigError::GoawayChance);
        }
        let streams = typed.http2_max_streams_per_connection;
        Ok(Self {
            inflight: MaxInflight {
                reads: typed.max_requests_inflight,
                writes: typed.max_mutating_requests_inflight,
            },
            http2_streams: if streams == 0 { USUAL_STREAMS } else { streams },
            goaway_chance: typed.goaway_chance,
            tls: tls(typed)?,
            audit: audit(typed)?,
        })
    }
}

fn tls(typed: &cli::Operation) -> Result<TlsPolicy, ConfigError> {
    let mut policy = TlsPolicy::default();
    if let Some(version) = typed.tls_min_version.as_deref().filter(|version| !version.is_empty()) {
        policy = policy.at_least(version)?;
    }
    let mut suites =
        typed.tls_cipher_suites.iter().map(String::as_str).filter(|name| !name.is_empty()).peekable();
    if suites.peek().is_some() {
        policy = policy.with_suites(suites)?;
    }
    Ok(policy)
}

fn audit(typed: &cli::Operation) -> Result<Option<AuditConfig>, ConfigError> {
    let Some(path) = typed.audit_log_path.clone().filter(|path| !path.as_os_str().is_empty()) else {
        return match typed.audit_policy_file {
            Some(_) => Err(ConfigError::AuditWithoutLog),
            None => Ok(None),
        };
    };
    let rotation = Rotation {
        size: typed.audit_log_maxsize.saturating_mul(1 << 20),
        backups: typed.audit_log_maxbackup,
        days: typed.audit_log_maxage,
    };
    let file = (path.as_os_str() != "-").then_some(path);
    Ok(Some(AuditConfig { file, policy: typed.audit_policy_file.clone(), rotation }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn operation(flags: &[&str]) -> Result<OperationConfig, ConfigError> {
        let cli = Cli::try_parse_from(["wfctl", "serve", "--dev"].iter().chain(flags)).unwrap();
        match cli.command {
            Command::Serve(serve) => OperationConfig::try_from(&serve.operation),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_flags_it_is_as_api_servers_are() {
        let operation = operation(&[]).unwrap();
        assert_eq!(operation.inflight, MaxInflight::default());
        assert_eq!((operation.http2_streams, operation.goaway_chance), (1000, 0.0));
        assert_eq!((operation.tls, operation.audit), (TlsPolicy::default(), None));
    }

    #[test]
    fn no_number_of_streams_is_the_usual_one() {
        assert_eq!(operation(&["--http2-max-streams-per-connection=0"]).unwrap().http2_streams, 100);
    }

    #[test]
    fn a_chance_is_small() {
        assert!(operation(&["--goaway-chance=0.02"]).is_ok());
        for chance in ["0.021", "-1", "NaN", "inf"] {
            let error = operation(&[&format!("--goaway-chance={chance}")]).unwrap_err();
            assert_eq!(error, ConfigError::GoawayChance, "{chance}");
        }
    }

    #[test]
    fn what_tls_does_not_know_is_refused() {
        let error = operation(&["--tls-min-version=TLS1"]).unwrap_err();
        assert_eq!(error.to_string(), "unknown tls version \"TLS1\"");
        let error = operation(&["--tls-cipher-suites=TLS_AES_128_GCM_SHA256,X"]).unwrap_err();
        assert_eq!(error.to_string(), "Cipher suite X not supported or doesn't exist");
    }

    #[test]
    fn an_audit_log_goes_to_a_file_or_to_stdout() {
        let flags = [
            "--audit-log-path=/a",
            "--audit-log-maxsize=2",
            "--audit-log-maxbackup=3",
            "--audit-log-maxage=4",
        ];
        let audit = operation(&flags).unwrap().audit.unwrap();
        assert_eq!(audit.file, Some("/a".into()));
        assert_eq!(audit.rotation, Rotation { size: 2 << 20, backups: 3, days: 4 });
        assert_eq!(operation(&["--audit-log-path=-"]).unwrap().audit.unwrap().file, None);
        let error = operation(&["--audit-policy-file=/p"]).unwrap_err();
        assert_eq!(error, ConfigError::AuditWithoutLog);
    }
}
