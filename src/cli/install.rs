//! What can be typed after `wfctl install`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::Target;

/// Install the server into a cluster
///
/// What is installed is decided by settings. They come from the files of -f, one over the other, then from the flags,
/// then from --set; what comes later wins.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Install {
    /// Print the objects as YAML instead of applying them; needs no cluster, and leaves out Secrets. This release
    /// installs in no other way
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
    /// Where objects are kept: sled:PATH, memory:, postgres://USER@HOST/DB or etcd://HOST:PORT/PREFIX [default:
    /// sled:/var/lib/wfctl]
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
    #[command(flatten)]
    pub(crate) target: Target,
}

const EXAMPLES: &str = "\
Settings, for -f and --set:
  image, imagePullPolicy, imagePullSecrets
  replicas
  storage.url, storage.size, storage.class
  certManager.issuer
  resources.requests.cpu, resources.requests.memory, resources.limits.cpu, resources.limits.memory
  nodeSelector, tolerations, priorityClassName, podAnnotations

  Lists and mappings are written as YAML: --set 'tolerations=[{operator: Exists}]'
  A dot inside a key follows a backslash: --set 'podAnnotations.example\\.com/team=build'

Examples:
  Look at what would be installed:
    wfctl install --export

  Keep it in git, with cert-manager for the certificates:
    wfctl install --export --cert-manager ClusterIssuer/internal > wfctl.yaml

  Two servers on PostgreSQL, settings from a file:
    wfctl install --export -f production.yaml --replicas 2 --storage postgres://wfctl@db/workflows

  Everything at once, keys included, into a cluster to try things in:
    wfctl install --export --include-secrets | kubectl apply --server-side -f -";
