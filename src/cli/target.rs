//! Which cluster a command works on, as whom, and for how long: the flags of every command that asks one.

use std::path::PathBuf;

use clap::Args;

/// Which cluster a command works on, and as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The cluster")]
pub(crate) struct Target {
    /// The kubeconfig that names the cluster [default: KUBECONFIG, or ~/.kube/config, or the cluster that this is a
    /// pod of]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The namespace that the server lives in
    #[arg(short, long, value_name = "NAME", env = "WFCTL_NAMESPACE", hide_env_values = true)]
    #[arg(default_value = "workflow-system")]
    pub(crate) namespace: String,
    /// Whom to act for
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// A group to act for; may be given several times
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    pub(crate) groups: Vec<String>,
    /// How long to wait altogether
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    pub(crate) timeout: String,
}
