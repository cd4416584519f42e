//! The flags of the original, and few of its own. Those that cannot be honoured are accepted and warned of.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser};

/// Launch a wardle API server
#[derive(Debug, Parser)]
#[command(name = "wardle")]
pub(crate) struct Flags {
    /// The IP address on which to listen
    #[arg(long, default_value = "0.0.0.0")]
    bind_address: IpAddr,
    /// The port on which to serve HTTPS
    #[arg(long, default_value_t = 443)]
    secure_port: u16,
    /// Where the certificate is looked for, and put if there is none
    #[arg(long, default_value = "apiserver.local.config/certificates")]
    pub(crate) cert_dir: PathBuf,
    /// The certificate to serve, the leaf first
    #[arg(long, requires = "tls_private_key_file")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Its key
    #[arg(long, requires = "tls_cert_file")]
    pub(crate) tls_private_key_file: Option<PathBuf>,
    /// Believe clients that show a certificate of these authorities
    #[arg(long)]
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Paths that everybody may ask for
    #[arg(long, value_delimiter = ',', default_value = "/healthz,/readyz,/livez")]
    pub(crate) authorization_always_allow_paths: Vec<String>,
    /// Not of the original: let everybody do everything, to try the example without a cluster
    #[arg(long)]
    pub(crate) insecure_allow_all: bool,
    /// Not of the original: keep objects in this directory instead of in memory
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// What is accepted but not honoured, a line each.
    #[arg(skip)]
    pub(crate) warnings: Vec<String>,
}

/// Flags with a value that are accepted but not honoured, and why.
const IGNORED: &[(&str, &[&str])] = &[
    (
        "objects are kept in memory, or with --data-dir in a directory",
        &[
            "etcd-servers",
            "etcd-prefix",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-keyfile",
            "etcd-compaction-interval",
            "etcd-count-metric-poll-period",
            "storage-backend",
            "storage-media-type",
        ],
    ),
    (
        "requests are authenticated by --client-ca-file alone",
        &[
            "authentication-kubeconfig",
            "authentication-token-webhook-cache-ttl",
            "requestheader-allowed-names",
            "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix",
            "requestheader-group-headers",
            "requestheader-uid-headers",
            "requestheader-username-headers",
        ],
    ),
    (
        "members of system:masters may do everything, others nothing",
        &[
            "authorization-kubeconfig",
            "authorization-webhook-cache-authorized-ttl",
            "authorization-webhook-cache-unauthorized-ttl",
        ],
    ),
    ("nothing is read from a cluster", &["kubeconfig"]),
    (
        "there is no audit log",
        &[
            "audit-log-format",
            "audit-log-maxage",
            "audit-log-maxbackup",
            "audit-log-maxsize",
            "audit-log-mode",
            "audit-log-path",
            "audit-policy-file",
            "audit-webhook-config-file",
        ],
    ),
    (
        "the only plugin is BanFlunder, and it is on",
        &["admission-control-config-file", "disable-admission-plugins", "enable-admission-plugins"],
    ),
    (
        "there are no features to choose from",
        &["feature-gates", "emulated-version", "min-compatibility-version"],
    ),
    ("TLS is as the library has it", &["tls-cipher-suites", "tls-min-version", "tls-sni-cert-key"]),
    ("log lines have one verbosity", &["v", "vmodule"]),
];

/// The same of flags that need no value.
const IGNORED_SWITCHES: &[(&str, &[&str])] = &[
    (
        "requests are authenticated by --client-ca-file alone",
        &["authentication-skip-lookup", "authentication-tolerate-lookup-failure"],
    ),
    ("objects are always read from a cache", &["watch-cache"]),
    ("there is nothing to profile", &["profiling", "contention-profiling"]),
    ("flow is not controlled", &["enable-priority-and-fairness"]),
];

impl Flags {
    /// Reads a command line.
    ///
    /// # Errors
    /// What clap says, help included.
    pub(crate) fn parse_all(line: impl IntoIterator<Item = String>) -> Result<Self, clap::Error> {
        let names =
            |table: &'static [(&str, &'static [&'static str])]| table.iter().flat_map(|(_, names)| *names);
        let ignored = |name: &&'static str| Arg::new(name).long(name).hide(true).action(ArgAction::Append);
        let values = names(IGNORED).map(|name| ignored(name).allow_hyphen_values(true));
        let switches = names(IGNORED_SWITCHES).map(|name| ignored(name).num_args(0..=1).require_equals(true));
        let matches = Self::command().args(values).args(switches).try_get_matches_from(line)?;
        let warnings =
            IGNORED.iter().chain(IGNORED_SWITCHES).flat_map(|(why, names)| warnings(&matches, why, names));
        Ok(Self { warnings: warnings.collect(), ..Self::from_arg_matches(&matches)? })
    }

    /// Returns where to listen.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind_address, self.secure_port)
    }
}

fn warnings(matches: &ArgMatches, why: &str, names: &[&str]) -> Vec<String> {
    let given = |name: &&&str| matches.value_source(name).is_some();
    names.iter().filter(given).map(|name| format!("--{name} is ignored: {why}")).collect()
}
