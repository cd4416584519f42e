//! What was done, for people and for machines.

use embedded_server::codec::yaml;
use serde::Serialize;

use super::session::Session;
use crate::cli::OutputFormat;
use crate::printer::Printer;

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Whether it was proven that the API works.
    pub(super) healthy: bool,
    /// The namespace of the installation.
    namespace: String,
    /// The URL of the cluster's API.
    cluster: String,
    /// The version that was installed.
    version: &'static str,
    /// The objects that were made or changed.
    pub(super) changed: Vec<String>,
    /// The objects that were deleted because they are not needed any more.
    pub(super) pruned: Vec<String>,
    /// What became of the certificates.
    pub(super) certificates: Certified,
    /// The servers whose certificates were seen.
    pub(super) replicas: Vec<Replica>,
    #[serde(skip)]
    waited: bool,
}

/// What became of the certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Certified {
    /// They were good.
    Kept,
    /// A new authority issued new ones.
    Issued,
    /// The authority that was there issued a new one.
    Reissued,
    /// They are cert-manager's.
    CertManager,
}

/// A server whose certificate was seen.
#[derive(Debug, Serialize)]
pub(super) struct Replica {
    /// The pod.
    pub(super) name: String,
    /// The fingerprint of its certificate.
    pub(super) fingerprint: String,
}

impl Report {
    /// Nothing was done yet.
    pub(super) fn new(session: &Session<'_>, waited: bool) -> Self {
        Self {
            healthy: false,
            namespace: session.namespace().to_owned(),
            cluster: session.cluster.server.clone(),
            version: env!("CARGO_PKG_VERSION"),
            changed: Vec::new(),
            pruned: Vec::new(),
            certificates: Certified::Kept,
            replicas: Vec::new(),
            waited,
        }
    }

    /// Prints it: as data where data is asked for, else as words.
    pub(super) fn print(&self, format: OutputFormat, printer: &Printer) -> anyhow::Result<()> {
        match format {
            OutputFormat::Table => printer.note(self.words()),
            OutputFormat::Json => printer.data(&(serde_json::to_string_pretty(self)? + "\n"))?,
            OutputFormat::Yaml => printer.data(&yaml::to_string(self)?)?,
        }
        Ok(())
    }

    fn words(&self) -> String {
        if !self.waited {
            return "\nEverything is applied. wfctl status says how it is doing.".to_owned();
        }
        let unchanged =
            self.changed.is_empty() && self.pruned.is_empty() && self.certificates == Certified::Kept;
        let first =
            if unchanged { "Nothing had to be changed, and the API works." } else { "The API works." };
        format!("\n{first} Use it:\n  wfctl example | kubectl apply -f -\n  kubectl get workflows")
    }
}
