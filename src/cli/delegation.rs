//! The flags of a server that leaves it to its cluster who is who and who may do what. Names and meanings are those
//! of `k8s.io/apiserver`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

/// How to reach the cluster, and what it need not be asked.
#[derive(Args, Debug)]
#[command(next_help_heading = "In a cluster")]
pub(crate) struct Delegation {
    /// How to reach the cluster from outside [default: as a pod of it]
    #[arg(long, value_name = "FILE", env = "WFCTL_KUBECONFIG", hide_env_values = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// How to reach the cluster to have tokens reviewed and to read which front proxies to trust [default: as
    /// --kubeconfig says]
    #[arg(long, value_name = "FILE", env = "WFCTL_AUTHENTICATION_KUBECONFIG", hide_env_values = true)]
    pub(crate) authentication_kubeconfig: Option<PathBuf>,
    /// How to reach the cluster to ask who may do what [default: as --kubeconfig says]
    #[arg(long, value_name = "FILE", env = "WFCTL_AUTHORIZATION_KUBECONFIG", hide_env_values = true)]
    pub(crate) authorization_kubeconfig: Option<PathBuf>,
    /// The serving certificate and its chain, PEM [default: one that nobody knows, made at the start]
    #[arg(long, value_name = "FILE", env = "WFCTL_TLS_CERT_FILE", hide_env_values = true)]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// The key of the serving certificate, PEM
    #[arg(long, value_name = "FILE", env = "WFCTL_TLS_PRIVATE_KEY_FILE", hide_env_values = true)]
    pub(crate) tls_private_key_file: Option<PathBuf>,
    /// The Secret that the serving certificate and its key are in, as tls.crt and tls.key; followed in the cluster
    #[arg(long, value_name = "NAMESPACE/NAME", env = "WFCTL_TLS_SECRET", hide_env_values = true)]
    pub(crate) tls_secret: Option<String>,
    /// Whose client certificates to believe, PEM [default: followed in the cluster]
    #[arg(long, value_name = "FILE", env = "WFCTL_CLIENT_CA_FILE", hide_env_values = true)]
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Who issues the certificates of front proxies, PEM; with it, all of --requestheader-… counts instead of
    /// what the cluster says [default: followed in the cluster]
    #[arg(long, value_name = "FILE", env = "WFCTL_REQUESTHEADER_CLIENT_CA_FILE", hide_env_values = true)]
    pub(crate) requestheader_client_ca_file: Option<PathBuf>,
    /// The common names of front proxies; without any, all that --requestheader-client-ca-file verifies
    #[arg(long, value_name = "NAMES", env = "WFCTL_REQUESTHEADER_ALLOWED_NAMES", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    pub(crate) requestheader_allowed_names: Vec<String>,
    /// The headers in which a front proxy names the user
    #[arg(long, value_name = "NAMES", env = "WFCTL_REQUESTHEADER_USERNAME_HEADERS", hide_env_values = true)]
    #[arg(value_delimiter = ',', default_value = "x-remote-user")]
    pub(crate) requestheader_username_headers: Vec<String>,
    /// The headers in which a front proxy names the user's uid
    #[arg(long, value_name = "NAMES", env = "WFCTL_REQUESTHEADER_UID_HEADERS", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    pub(crate) requestheader_uid_headers: Vec<String>,
    /// The headers in which a front proxy names the user's groups
    #[arg(long, value_name = "NAMES", env = "WFCTL_REQUESTHEADER_GROUP_HEADERS", hide_env_values = true)]
    #[arg(value_delimiter = ',', default_value = "x-remote-group")]
    pub(crate) requestheader_group_headers: Vec<String>,
    /// How the headers begin in which a front proxy says more of the user
    #[arg(long, value_name = "STARTS", env = "WFCTL_REQUESTHEADER_EXTRA_HEADERS_PREFIX")]
    #[arg(hide_env_values = true, value_delimiter = ',', default_value = "x-remote-extra-")]
    pub(crate) requestheader_extra_headers_prefix: Vec<String>,
    /// Look nothing up in the cluster: believe whom the flags name, and tokens
    #[arg(long, env = "WFCTL_AUTHENTICATION_SKIP_LOOKUP", hide_env_values = true, action = ArgAction::Set)]
    #[arg(value_parser = BoolishValueParser::new(), value_name = "BOOL", num_args = 0..=1)]
    #[arg(require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(crate) authentication_skip_lookup: bool,
    /// Be ready even before it could be looked up which front proxies to trust; until then none is
    #[arg(long, env = "WFCTL_AUTHENTICATION_TOLERATE_LOOKUP_FAILURE", hide_env_values = true)]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    #[arg(num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(crate) authentication_tolerate_lookup_failure: bool,
    /// How long it is remembered whose a token is
    #[arg(long, value_name = "DURATION", env = "WFCTL_AUTHENTICATION_TOKEN_WEBHOOK_CACHE_TTL")]
    #[arg(hide_env_values = true, default_value = "10s")]
    pub(crate) authentication_token_webhook_cache_ttl: String,
    /// How long it is remembered that something is allowed
    #[arg(long, value_name = "DURATION", env = "WFCTL_AUTHORIZATION_WEBHOOK_CACHE_AUTHORIZED_TTL")]
    #[arg(hide_env_values = true, default_value = "10s")]
    pub(crate) authorization_webhook_cache_authorized_ttl: String,
    /// How long it is remembered that something is not allowed
    #[arg(long, value_name = "DURATION", env = "WFCTL_AUTHORIZATION_WEBHOOK_CACHE_UNAUTHORIZED_TTL")]
    #[arg(hide_env_values = true, default_value = "10s")]
    pub(crate) authorization_webhook_cache_unauthorized_ttl: String,
    /// Admission plugins to do without, by their names in Kubernetes: NamespaceLifecycle,
    /// MutatingAdmissionWebhook, ValidatingAdmissionWebhook
    #[arg(long, value_name = "NAMES", env = "WFCTL_DISABLE_ADMISSION_PLUGINS", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    pub(crate) disable_admission_plugins: Vec<String>,
    /// Admission plugins that have to be there [default: all]
    #[arg(long, value_name = "NAMES", env = "WFCTL_ENABLE_ADMISSION_PLUGINS", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    pub(crate) enable_admission_plugins: Vec<String>,
    /// The paths that everybody may ask for; one that ends in * stands for all that begin as it does
    #[arg(
        long,
        value_name = "PATHS",
        env = "WFCTL_AUTHORIZATION_ALWAYS_ALLOW_PATHS",
        hide_env_values = true
    )]
    #[arg(value_delimiter = ',', default_value = "/healthz,/readyz,/livez")]
    pub(crate) authorization_always_allow_paths: Vec<String>,
}
