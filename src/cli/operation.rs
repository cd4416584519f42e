//! Flags about running a server for long: limits, TLS, the audit log.

use std::path::PathBuf;

use clap::Args;

/// How much is let in, how, and what is written down of it.
#[derive(Args, Debug)]
pub(crate) struct Operation {
    /// How many reads may be under way at once; 0 for no limit. Watches do not count
    #[arg(long, value_name = "N", env = "WFCTL_MAX_REQUESTS_INFLIGHT", hide_env_values = true)]
    #[arg(default_value_t = 400)]
    pub(crate) max_requests_inflight: usize,
    /// How many other requests may be under way at once; 0 for no limit
    #[arg(long, value_name = "N", env = "WFCTL_MAX_MUTATING_REQUESTS_INFLIGHT", hide_env_values = true)]
    #[arg(default_value_t = 200)]
    pub(crate) max_mutating_requests_inflight: usize,
    /// How many requests may be under way at once over one connection of HTTP/2; 0 for 100
    #[arg(long, value_name = "N", env = "WFCTL_HTTP2_MAX_STREAMS_PER_CONNECTION", hide_env_values = true)]
    #[arg(default_value_t = 1000)]
    pub(crate) http2_max_streams_per_connection: u32,
    /// The chance, at most 0.02, that an answer is the last of its HTTP/2 connection, so that clients spread over all
    /// replicas
    #[arg(long, value_name = "CHANCE", env = "WFCTL_GOAWAY_CHANCE", hide_env_values = true)]
    #[arg(default_value_t = 0.0)]
    pub(crate) goaway_chance: f64,
    /// The least version of TLS: VersionTLS12 or VersionTLS13 [default: VersionTLS12]
    #[arg(long, value_name = "VERSION", env = "WFCTL_TLS_MIN_VERSION", hide_env_values = true)]
    pub(crate) tls_min_version: Option<String>,
    /// The cipher suites of TLS 1.2 by their IANA names, separated by commas [default: all that are safe]
    #[arg(long, value_name = "NAMES", env = "WFCTL_TLS_CIPHER_SUITES", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    pub(crate) tls_cipher_suites: Vec<String>,
    /// The file that requests are told of in, as JSON lines; - for stdout
    #[arg(long, value_name = "FILE", env = "WFCTL_AUDIT_LOG_PATH", hide_env_values = true)]
    pub(crate) audit_log_path: Option<PathBuf>,
    /// Which requests are told of: a Policy of audit.k8s.io/v1 [default: all of them]
    #[arg(long, value_name = "FILE", env = "WFCTL_AUDIT_POLICY_FILE", hide_env_values = true)]
    pub(crate) audit_policy_file: Option<PathBuf>,
    /// How large the audit log may become before another is begun, in megabytes; 0 for no limit
    #[arg(long, value_name = "MB", env = "WFCTL_AUDIT_LOG_MAXSIZE", hide_env_values = true)]
    #[arg(default_value_t = 0)]
    pub(crate) audit_log_maxsize: u64,
    /// How many old audit logs are kept; 0 for all
    #[arg(long, value_name = "N", env = "WFCTL_AUDIT_LOG_MAXBACKUP", hide_env_values = true)]
    #[arg(default_value_t = 0)]
    pub(crate) audit_log_maxbackup: usize,
    /// How many days old audit logs are kept; 0 for ever
    #[arg(long, value_name = "DAYS", env = "WFCTL_AUDIT_LOG_MAXAGE", hide_env_values = true)]
    #[arg(default_value_t = 0)]
    pub(crate) audit_log_maxage: u32,
}
