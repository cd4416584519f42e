//! The flags of the original, and few of its own. Those that cannot be honoured are accepted and warned of.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser};

use super::ignored::{IGNORED, Ignored};

/// What bans Flunders.
const BAN_FLUNDER: &str = "BanFlunder";
/// The plugins of the original.
const PLUGINS: [&str; 6] = [
    BAN_FLUNDER,
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
];

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
    /// How many requests may be under way at once over one connection of HTTP/2; 0 for the usual number
    #[arg(long, default_value_t = 1000)]
    http2_max_streams_per_connection: u32,
    /// Where the certificate is looked for, and put if there is none
    #[arg(long, default_value = "apiserver.local.config/certificates")]
    pub(crate) cert_dir: PathBuf,
    /// The certificate to serve, the leaf first
    #[arg(long, requires = "tls_private_key_file")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Its key
    #[arg(long, requires = "tls_cert_file")]
    pub(crate) tls_private_key_file: Option<PathBuf>,
    /// The oldest version of TLS that is spoken: VersionTLS12 or VersionTLS13
    #[arg(long)]
    pub(crate) tls_min_version: Option<String>,
    /// The cipher suites of TLS 1.2 by their IANA names
    #[arg(long, value_delimiter = ',')]
    pub(crate) tls_cipher_suites: Vec<String>,
    /// Believe clients that show a certificate of these authorities
    #[arg(long)]
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Believe what those say of users who show a certificate of these authorities
    #[arg(long)]
    pub(crate) requestheader_client_ca_file: Option<PathBuf>,
    /// The common names that those have; any, if none is given
    #[arg(long, value_delimiter = ',')]
    pub(crate) requestheader_allowed_names: Vec<String>,
    /// The headers that name a user
    #[arg(long, value_delimiter = ',', default_value = "x-remote-user")]
    pub(crate) requestheader_username_headers: Vec<String>,
    /// The headers that hold a user's UID
    #[arg(long, value_delimiter = ',')]
    pub(crate) requestheader_uid_headers: Vec<String>,
    /// The headers that name a user's groups
    #[arg(long, value_delimiter = ',', default_value = "x-remote-group")]
    pub(crate) requestheader_group_headers: Vec<String>,
    /// What the headers begin with that say more of a user
    #[arg(long, value_delimiter = ',', default_value = "x-remote-extra-")]
    pub(crate) requestheader_extra_headers_prefix: Vec<String>,
    /// Paths that everybody may ask for
    #[arg(long, value_delimiter = ',', default_value = "/healthz,/readyz,/livez")]
    pub(crate) authorization_always_allow_paths: Vec<String>,
    /// Plugins that are on; of those that the original has, only BanFlunder is here, and it is on unless disabled
    #[arg(long, value_delimiter = ',', value_parser = PLUGINS)]
    enable_admission_plugins: Vec<String>,
    /// Plugins that are off
    #[arg(long, value_delimiter = ',', value_parser = PLUGINS)]
    disable_admission_plugins: Vec<String>,
    /// Number for the log level verbosity
    #[arg(short, long = "v", default_value_t = 0)]
    pub(crate) verbosity: u8,
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

impl Flags {
    /// Reads a command line.
    ///
    /// # Errors
    /// What clap says, help included.
    pub(crate) fn parse_all(line: impl IntoIterator<Item = String>) -> Result<Self, clap::Error> {
        let ignored = |name: &&'static str| Arg::new(name).long(name).hide(true).action(ArgAction::Append);
        let valued = IGNORED.iter().flat_map(|of| of.valued);
        let valued = valued.map(|name| ignored(name).allow_hyphen_values(true));
        let switches = IGNORED.iter().flat_map(|of| of.switches);
        let switches = switches.map(|name| ignored(name).num_args(0..=1).require_equals(true));
        let matches = Self::command().args(valued).args(switches).try_get_matches_from(line)?;
        let warnings = IGNORED.iter().flat_map(|ignored| warnings(&matches, ignored)).collect();
        Ok(Self { warnings, ..Self::from_arg_matches(&matches)? })
    }

    /// Returns where to listen.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind_address, self.secure_port)
    }

    /// Returns how many requests one connection may have under way; none for the usual number.
    pub(crate) fn http2_streams(&self) -> Option<u32> {
        Some(self.http2_max_streams_per_connection).filter(|streams| *streams > 0)
    }

    /// Tells whether names of Flunders can be banned.
    pub(crate) fn bans_flunders(&self) -> bool {
        !self.disable_admission_plugins.iter().any(|plugin| plugin == BAN_FLUNDER)
    }
}

fn warnings(matches: &ArgMatches, ignored: &Ignored) -> Vec<String> {
    let names = ignored.valued.iter().chain(ignored.switches);
    let given = names.filter(|name| matches.value_source(name).is_some());
    given.map(|name| format!("--{name} is ignored: {}", ignored.why)).collect()
}
