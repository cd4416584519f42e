//! What can be typed after `wfctl status`.

use clap::Args;

use super::{OutputFormat, Target};

/// Tell how an installation is
///
/// Looks at the cluster, the objects, what runs, certificates and trust, the APIService and the storage, shakes hands
/// with every replica, and asks for a Workflow as a user would. Each check is ok, a warning, or failed, with the
/// reason and what helps. The exit status is 1 when one failed, 0 otherwise.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Status {
    /// Wait until no check fails, for as long as --timeout says
    #[arg(long)]
    pub(crate) wait: bool,
    /// Go on looking: on a terminal in place, else anew whenever something has changed
    #[arg(long, conflicts_with = "wait")]
    pub(crate) watch: bool,
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

const EXAMPLES: &str = "\
Examples:
  How is it?
    wfctl status

  What fails, for a script:
    wfctl status -o json | jq '.checks[] | select(.result == \"failed\")'

  Go on once it is well, for two minutes at most:
    wfctl status --wait --timeout 2m

  Look at it while something else happens to it:
    wfctl status --watch";
