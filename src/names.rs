//! What the objects of an installation are called that hold its certificates, and in whose name they are written.

/// The APIService.
pub(crate) const API_SERVICE: &str = "v1alpha1.workflow.example.com";
/// The Secret with the authority.
pub(crate) const AUTHORITY_SECRET: &str = "workflow-apiserver-ca";
/// The Secret with the serving certificate.
pub(crate) const SERVING_SECRET: &str = "workflow-apiserver-certs";
/// The field manager of what stands in the Secrets with keys.
pub(crate) const SECRETS_MANAGER: &str = "wfctl-certificates";
/// The field manager of the caBundle: one of its own, so that applying the rest does not take it away.
pub(crate) const TRUST_MANAGER: &str = "wfctl-trust";
