//! What can be typed after `wfctl uninstall`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputFormat, Target};

/// Remove an installation from a cluster
///
/// Shows what it deletes, keeps and leaves, and asks. The APIService goes first, so that nothing in the cluster waits
/// for a server that is gone; the namespace goes last, if it is wfctl's and otherwise empty. What is not wfctl's by its
/// labels is never touched. The volume stays, and with it all Workflows, unless --purge says otherwise. Run it again
/// where it was interrupted.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Uninstall {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Delete the volume too, and with it all Workflows
    #[arg(long)]
    pub(crate) purge: bool,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write all Workflows to a file first, a line of JSON each after one that counts them, for its owner alone to
    /// read
    #[arg(long, value_name = "FILE")]
    pub(crate) export_workflows: Option<PathBuf>,
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

const EXAMPLES: &str = "\
Examples:
  Look at what would be deleted:
    wfctl uninstall --dry-run

  Delete all but the volume; wfctl install finds it again:
    wfctl uninstall

  Delete everything, keeping the Workflows in a file:
    wfctl uninstall --purge --yes --export-workflows workflows.jsonl";
