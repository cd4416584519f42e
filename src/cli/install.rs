//! What can be typed after `wfctl install`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args};

use super::{OutputFormat, Target};

/// Install the server into a cluster, or upgrade it
///
/// Checks the cluster, makes certificates where there are none, applies the objects, waits until the servers run, and
/// proves that the API works: by a request through kube-apiserver and a TLS handshake with every server. It can be
/// interrupted at any point and run again; a second run changes nothing.
///
/// What is installed is decided by settings. They come from the files of -f, one over the other, then from the flags,
/// then from --set; what comes later wins. They are remembered in the cluster, under those of the next run.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Install {
    /// Print the objects as YAML instead of applying them; needs no cluster, and leaves out Secrets
    #[arg(long)]
    pub(crate) export: bool,
    /// With --export: print Secrets too, and make new keys for them. Whoever can read the output can then pose as
    /// the server
    #[arg(long, requires = "export")]
    pub(crate) include_secrets: bool,
    /// The image to run [default: the published one of this version]
    #[arg(long, value_name = "REF")]
    pub(crate) image: Option<String>,
    /// How many servers to run; more than 1 only on storage that they can share [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) replicas: Option<u32>,
    /// Where objects are kept: sled:PATH, memory:, postgres://USER@HOST/DB or etcd://HOST:PORT/PREFIX; files that it
    /// names for TLS are read here, and go into a Secret that the servers read [default: sled:/var/lib/wfctl]
    #[arg(long, value_name = "URL")]
    pub(crate) storage: Option<String>,
    /// The size of the volume for sled [default: 1Gi]
    #[arg(long, value_name = "SIZE")]
    pub(crate) storage_size: Option<String>,
    /// The storage class of the volume for sled [default: that of the cluster]
    #[arg(long, value_name = "CLASS")]
    pub(crate) storage_class: Option<String>,
    /// Let cert-manager issue certificates: NAME or Issuer/NAME for an Issuer in the namespace, ClusterIssuer/NAME
    /// for the other
    #[arg(long, value_name = "ISSUER")]
    pub(crate) cert_manager: Option<String>,
    /// A YAML file with settings, - for stdin; may be given several times
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) values: Vec<PathBuf>,
    /// A setting, for example storage.size=5Gi; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) set: Vec<String>,
    /// Let the cluster check every object and print what would change; nothing is stored
    #[arg(long, conflicts_with = "export")]
    pub(crate) dry_run: bool,
    /// Wait until the API is proven to work; --wait=false ends once everything is applied
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "true", default_missing_value = "true")]
    pub(crate) wait: bool,
    /// When it does not come up, put back what was installed before; where nothing was, remove what was made
    #[arg(long, conflicts_with_all = ["export", "dry_run"])]
    pub(crate) rollback_on_failure: bool,
    /// Forget the settings of earlier runs instead of adding to them
    #[arg(long, conflicts_with = "export")]
    pub(crate) reset: bool,
    /// The form of what is printed on stdout at the end
    #[arg(short, long, value_name = "FORMAT", default_value = "table", conflicts_with = "export")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

const EXAMPLES: &str = "\
Settings, for -f and --set:
  image, imagePullPolicy, imagePullSecrets
  replicas
  storage.url, storage.size, storage.class, storage.files
  certManager.issuer
  resources.requests.cpu, resources.requests.memory, resources.limits.cpu, resources.limits.memory
  nodeSelector, tolerations, priorityClassName, podAnnotations

  Lists and mappings are written as YAML: --set 'tolerations=[{operator: Exists}]'
  A dot inside a key follows a backslash: --set 'podAnnotations.example\\.com/team=build'

Examples:
  Install, with one server on a volume of its own:
    wfctl install

  Look at what would change, then upgrade, and go back if it does not come up:
    wfctl install --image registry.example.com/wfctl:2 --dry-run
    wfctl install --image registry.example.com/wfctl:2 --rollback-on-failure

  Look at what would be installed, without a cluster:
    wfctl install --export

  Keep it in git, with cert-manager for the certificates:
    wfctl install --export --cert-manager ClusterIssuer/internal > wfctl.yaml

  Two servers on PostgreSQL, settings from a file:
    wfctl install -f production.yaml --replicas 2 --storage postgres://wfctl@db/workflows

  On an etcd that asks for a certificate, with files of this machine:
    wfctl install --replicas 2 --storage 'etcd://etcd:2379/wfctl?ca=ca.crt&cert=client.crt&key=client.key'

  Everything at once, keys included, into a cluster to try things in:
    wfctl install --export --include-secrets | kubectl apply --server-side -f -";
