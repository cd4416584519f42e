//! What can be typed after `wfctl certs`.

use clap::{Args, Subcommand};

use super::{OutputFormat, Target};

/// Look after the certificates of an installation
#[derive(Debug, Subcommand)]
pub(crate) enum CertsCommand {
    Rotate(CertsRotate),
    List(CertsList),
}

/// Replace the certificates of an installation while requests flow
///
/// New trust comes first: the caBundle gets the new authority beside the old one. Once every kube-apiserver has heard of
/// it, the new certificate takes the place of the old one; once every replica is seen to serve it, the old authority
/// goes. Requests are sent through kube-apiserver all the while, and counted.
///
/// It can be interrupted at any moment and run again: what is there says what is left to do. Whatever is broken,
/// missing or expired is repaired on the way.
#[derive(Args, Debug)]
#[command(after_long_help = ROTATE_EXAMPLES)]
pub(crate) struct CertsRotate {
    /// Replace the serving certificate alone; the authority stays
    #[arg(long, group = "what")]
    pub(crate) serving_only: bool,
    /// Do nothing unless something is to be renewed, repaired or finished
    #[arg(long, group = "what")]
    pub(crate) if_needed: bool,
    /// Go back to the authority before, as long as its key is kept
    #[arg(long, group = "what")]
    pub(crate) abort: bool,
    /// Say which steps it would take, and take none
    #[arg(long)]
    pub(crate) plan: bool,
    /// How long every kube-apiserver is given to hear of a changed caBundle; nobody can see whether it has
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) settle: String,
    /// How long every replica has to be seen to serve the new certificate before the old authority goes
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub(crate) grace: String,
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// List the certificates of an installation, wherever they are
///
/// The authority, the serving certificate, whom the APIService trusts, and what each replica shows in a handshake at
/// this moment. The exit status is 1 if something is wrong with any of them.
#[derive(Args, Debug)]
#[command(after_long_help = LIST_EXAMPLES)]
pub(crate) struct CertsList {
    /// Fail if a certificate expires within this time, for example 30d or 12h
    #[arg(long, value_name = "DURATION")]
    pub(crate) fail_within: Option<String>,
    /// The form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

const ROTATE_EXAMPLES: &str = "\
Examples:
  Replace authority and serving certificate:
    wfctl certs rotate

  See the steps first:
    wfctl certs rotate --plan

  Renew what is due, finish what was interrupted, repair what is broken; the job that wfctl installs does this:
    wfctl certs rotate --if-needed

  Change your mind:
    wfctl certs rotate --abort";

const LIST_EXAMPLES: &str = "\
Examples:
  wfctl certs list

  For a monitor:
    wfctl certs list --fail-within 30d

  What each replica serves:
    wfctl certs list -o json | jq '.certificates[] | select(.role == \"served\") | {place, fingerprint}'";
