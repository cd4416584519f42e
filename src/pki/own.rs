//! wfctl's own authority in a cluster, and the serving certificate that it issues for a Service.

use std::time::Duration;

use jiff::Timestamp;

use super::{Authority, Leaf, PkiError, San};

/// The Service that the API is reached by, and the common name of its certificate: common names are short, and
/// the name with a namespace may not be.
pub(crate) const SERVICE: &str = "workflow-apiserver";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Renewed with a third left: a month to notice that nobody does it.
const SERVING_VALIDITY: Duration = DAY.saturating_mul(90);
/// A third of it is longer than any leaf lives, so an authority is replaced before a leaf would outlive it.
const AUTHORITY_VALIDITY: Duration = DAY.saturating_mul(2 * 365);

/// An authority and what it issued for the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OwnKeys {
    /// The authority.
    pub(crate) authority: Authority,
    /// What the server serves with.
    pub(crate) serving: Leaf,
}

impl OwnKeys {
    /// Makes a new authority and lets it issue a certificate for the server in `namespace`.
    pub(crate) fn issue(now: Timestamp, namespace: &str) -> Result<Self, PkiError> {
        let authority = own_authority(now)?;
        let serving = own_serving(&authority, now, namespace)?;
        Ok(Self { authority, serving })
    }
}

/// Makes an authority.
pub(crate) fn own_authority(now: Timestamp) -> Result<Authority, PkiError> {
    Authority::generate(now, AUTHORITY_VALIDITY)
}

/// Lets `authority` issue a certificate for the server in `namespace`.
pub(crate) fn own_serving(authority: &Authority, now: Timestamp, namespace: &str) -> Result<Leaf, PkiError> {
    authority.issue_serving(now, SERVING_VALIDITY, SERVICE, &service_names(SERVICE, namespace))
}

/// Returns the names that a Service has inside its cluster, shortest first.
pub(crate) fn service_names(service: &str, namespace: &str) -> Vec<San> {
    let suffixes = [String::new(), format!(".{namespace}")];
    let longer = ["svc", "svc.cluster.local"].map(|domain| format!(".{namespace}.{domain}"));
    suffixes.into_iter().chain(longer).map(|suffix| San::Dns(format!("{service}{suffix}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::inspect::Facts;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_server_is_good_for_every_name_of_its_service() {
        let keys = OwnKeys::issue(now(), "workflow-system").unwrap();
        let serving = Facts::from_pem(&keys.serving.certificate).unwrap();
        let names = [
            "workflow-apiserver",
            "workflow-apiserver.workflow-system",
            "workflow-apiserver.workflow-system.svc",
            "workflow-apiserver.workflow-system.svc.cluster.local",
        ];
        assert_eq!(serving.sans, names.map(San::from).into());
        assert_eq!(serving.check_chain(keys.authority.facts()), Ok(()));
        assert!(serving.check_key(&keys.serving.key).is_ok());
    }

    #[test]
    fn the_longest_namespace_is_none_too_long() {
        assert!(OwnKeys::issue(now(), &"n".repeat(63)).is_ok());
    }

    #[test]
    fn no_leaf_of_a_healthy_authority_is_cut_short() {
        assert!(AUTHORITY_VALIDITY / 3 >= SERVING_VALIDITY);
    }
}
