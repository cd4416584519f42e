//! What can be typed after `wfctl image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::values::DEFAULT_IMAGE;

/// Make container images of this program
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    Save(ImageSave),
}

/// Write this very program as a container image into a file
///
/// The file is an archive in the layout of OCI, which docker load reads too. It holds the program and the libraries
/// that it runs with here, nothing else, and is the same whenever they are. Linux only.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ImageSave {
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What the image is called; install runs the default, or what its --image says
    #[arg(long, value_name = "REF", default_value = DEFAULT_IMAGE)]
    pub(crate) name: String,
}

const EXAMPLES: &str = "\
Examples:
  Into a cluster of kind:
    wfctl image save -o wfctl.tar
    kind load image-archive wfctl.tar

  Onto a node, or into a registry:
    ctr --namespace k8s.io images import wfctl.tar
    skopeo copy oci-archive:wfctl.tar docker://registry.example.com/wfctl:1";
