//! What can be typed after `wfctl storage`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputFormat;

/// Look after stored objects: move, check, save and restore them
#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    Migrate(StorageMigrate),
    Check(StorageCheck),
    Export(StorageExport),
    Import(StorageImport),
}

/// Copy all objects into another store
///
/// The source stays as it is, and no server may use either of the two meanwhile. What was copied is read again and
/// compared. Interrupted, the same command goes on where it was; until it is done, no server takes the destination.
///
/// Objects keep everything but their resourceVersion, which is the store's: clients list and watch anew.
#[derive(Args, Debug)]
#[command(after_long_help = MIGRATE_EXAMPLES)]
pub(crate) struct StorageMigrate {
    /// Where the objects are: sled:PATH
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// Where they are going to be; nothing may be there yet
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}

/// Read every object and say what is damaged
///
/// Ends with 1 when something is. No server may use the store meanwhile.
#[derive(Args, Debug)]
#[command(after_long_help = CHECK_EXAMPLES)]
pub(crate) struct StorageCheck {
    /// Where the objects are: sled:PATH
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
}

/// Write all objects as lines of JSON
///
/// The first line names the format, how many objects follow and their checksum; each further line is an object with
/// all that it has but its resourceVersion. No server may use the store meanwhile.
#[derive(Args, Debug)]
#[command(after_long_help = EXPORT_EXAMPLES)]
pub(crate) struct StorageExport {
    /// Where the objects are: sled:PATH
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The file to write, readable for its owner alone [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Take in what export wrote
///
/// Objects keep their uid, times, managers and status. All lines are checked before anything is written. What is
/// there already and the same is passed over, so that an interrupted import can be repeated; what is there and
/// different is refused. No server may use the store meanwhile.
#[derive(Args, Debug)]
#[command(after_long_help = IMPORT_EXAMPLES)]
pub(crate) struct StorageImport {
    /// Where the objects are going to be, made where it is missing: sled:PATH
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The file to read [default: stdin]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Replace objects that are there and different
    #[arg(long)]
    pub(crate) overwrite: bool,
}

const MIGRATE_EXAMPLES: &str = "\
Examples:
  wfctl storage migrate --from sled:wfctl-dev/data --to sled:/var/lib/wfctl";

const CHECK_EXAMPLES: &str = "\
Examples:
  wfctl storage check sled:wfctl-dev/data
  wfctl storage check sled:wfctl-dev/data -o json";

const EXPORT_EXAMPLES: &str = "\
Examples:
  wfctl storage export sled:wfctl-dev/data -o workflows.jsonl
  wfctl storage export sled:wfctl-dev/data | gzip > workflows.jsonl.gz";

const IMPORT_EXAMPLES: &str = "\
Examples:
  wfctl storage import sled:/var/lib/wfctl workflows.jsonl
  gunzip < workflows.jsonl.gz | wfctl storage import sled:/var/lib/wfctl";
