//! What a cluster tells its aggregated servers of its front proxies and clients: the data of the ConfigMap
//! `extension-apiserver-authentication`.
//!
//! Source: `apiserver/pkg/server/options/authentication_dynamic_request_header.go`.

use std::collections::BTreeMap;

use embedded_server::authentication::{Authorities, FrontProxyConfig, Rejected, RemoteHeaders};
use embedded_server::server::pem::{self, PemError};
use thiserror::Error;

/// What a ConfigMap holds.
pub(super) type Data = BTreeMap<String, String>;

/// Where the authorities of clients stand.
pub(super) const CLIENT_CA: &str = "client-ca-file";
/// Where all that concerns front proxies stands.
pub(super) const FRONT_PROXY: [&str; 6] = [CA, NAMES, USER, UID, GROUP, EXTRA];

const CA: &str = "requestheader-client-ca-file";
const NAMES: &str = "requestheader-allowed-names";
const USER: &str = "requestheader-username-headers";
const UID: &str = "requestheader-uid-headers";
const GROUP: &str = "requestheader-group-headers";
const EXTRA: &str = "requestheader-extra-headers-prefix";

/// Why the data cannot be used.
#[derive(Debug, Error)]
pub(super) enum Unusable {
    /// Something that has to be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A list is none.
    #[error("{0} is no JSON list of texts")]
    NoList(&'static str, #[source] serde_json::Error),
    /// The certificates cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The certificates or names make no sense.
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

/// Reads which front proxies to trust.
pub(super) fn front_proxies(data: &Data) -> Result<FrontProxyConfig, Unusable> {
    let [names, user, uid, group, extra] = [NAMES, USER, UID, GROUP, EXTRA].map(|key| list(data, key));
    Ok(FrontProxyConfig {
        authorities: bundle(data, CA)?,
        allowed_names: names?,
        headers: RemoteHeaders::new(&user?, &uid?, &group?, &extra?)?,
    })
}

/// Reads whose certificates clients show.
pub(super) fn client_authorities(data: &Data) -> Result<Authorities, Unusable> {
    bundle(data, CLIENT_CA)
}

/// Reads certificates in PEM.
pub(super) fn authorities(pem: &[u8]) -> Result<Authorities, Unusable> {
    Ok(Authorities::new(&pem::certificates(pem)?)?)
}

fn bundle(data: &Data, key: &'static str) -> Result<Authorities, Unusable> {
    match data.get(key).map(String::as_str) {
        None | Some("") => Err(Unusable::Missing(key)),
        Some(pem) => authorities(pem.as_bytes()),
    }
}

/// A list that is not there is empty.
fn list(data: &Data, key: &'static str) -> Result<Vec<String>, Unusable> {
    match data.get(key).map(String::as_str) {
        None | Some("") => Ok(Vec::new()),
        Some(text) => {
            let list: Option<_> = serde_json::from_str(text).map_err(|error| Unusable::NoList(key, error))?;
            Ok(list.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use embedded_server::clock::{Clock, SystemClock};

    use super::*;
    use crate::pki::Authority;

    fn pem() -> String {
        let authority = Authority::generate(SystemClock.now(), Duration::from_secs(3600)).unwrap();
        authority.certificate().to_owned()
    }

    fn data(entries: &[(&str, &str)]) -> Data {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_kube_apiserver_writes_is_read() {
        let pem = pem() + &pem();
        let config = front_proxies(&data(&[
            (CA, &pem),
            (NAMES, r#"["aggregator"]"#),
            (USER, r#"["X-Remote-User"]"#),
            (UID, r#"["X-Remote-Uid"]"#),
            (GROUP, r#"["X-Remote-Group"]"#),
            (EXTRA, r#"["X-Remote-Extra-"]"#),
        ]));
        let config = config.unwrap();
        assert_eq!(config.allowed_names, ["aggregator"]);
        assert_eq!(config.headers, RemoteHeaders::standard());
    }

    #[test]
    fn lists_may_be_missing_but_not_the_authorities() {
        let config = front_proxies(&data(&[(CA, &pem()), (NAMES, ""), (USER, "null")])).unwrap();
        assert_eq!(config.allowed_names, [""; 0]);
        assert!(matches!(front_proxies(&data(&[])), Err(Unusable::Missing(CA))));
        assert!(matches!(front_proxies(&data(&[(CA, "")])), Err(Unusable::Missing(CA))));
        assert!(matches!(client_authorities(&data(&[(CA, &pem())])), Err(Unusable::Missing(CLIENT_CA))));
    }

    #[test]
    fn garbage_is_refused() {
        let pem = pem();
        let cut = &pem[..pem.len() / 2];
        for (key, value) in [
            (CA, "garbage"),
            (CA, cut),
            (NAMES, "aggregator"),
            (NAMES, "[1]"),
            (USER, r#"[""]"#),
            (EXTRA, r#"[" "]"#),
            (GROUP, r#"{"a": "b"}"#),
        ] {
            let mut data = data(&[(CA, &pem)]);
            data.insert(key.to_owned(), value.to_owned());
            assert!(front_proxies(&data).is_err(), "{key}: {value}");
        }
    }
}
