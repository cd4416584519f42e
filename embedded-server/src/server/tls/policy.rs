//! Which versions of TLS are spoken, and with which cipher suites, in the names that Go has for them.
//!
//! Source: `component-base/cli/flag/ciphersuites_flag.go`.

use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

/// Suites that other servers may have but this one has not: their ciphers or key exchanges are no longer thought
/// safe.
const WITHHELD: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

/// The names of the suites of TLS 1.3, which are spoken whatever is asked for.
const ALWAYS: &[&str] = &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

static ONLY_TLS13: &[&SupportedProtocolVersion] = &[&TLS13];
static BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Which versions and suites are spoken; by default TLS 1.2 and 1.3 with all suites there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsPolicy {
    only_tls13: bool,
    /// The suites of TLS 1.2; none for all of them.
    suites: Option<Vec<CipherSuite>>,
}

/// Why a policy makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no such version.
    #[error("unknown tls version {0:?}")]
    Version(String),
    /// There is no such suite.
    #[error("Cipher suite {0} not supported or doesn't exist")]
    Suite(String),
}

impl TlsPolicy {
    /// The names of all versions, the oldest first; versions before 1.2 are not spoken, even when they are the least.
    pub const VERSIONS: &'static [&'static str] =
        &["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"];

    /// Speaks no version before `version`.
    ///
    /// # Errors
    /// When there is no version of that name.
    pub fn at_least(mut self, version: &str) -> Result<Self, PolicyError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(PolicyError::Version(version.to_owned()));
        }
        self.only_tls13 = version == "VersionTLS13";
        Ok(self)
    }

    /// Speaks TLS 1.2 with no suites but those of the names given; those of TLS 1.3 stay.
    ///
    /// # Errors
    /// When there is no suite of one of the names.
    pub fn with_suites<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Self, PolicyError> {
        let known = super::provider().cipher_suites;
        let mut suites = Vec::new();
        for name in names {
            match known.iter().find(|suite| is_called(suite, name)) {
                Some(suite) => suites.push(suite.suite()),
                None if ALWAYS.contains(&name) => {}
                None if WITHHELD.contains(&name) => {
                    tracing::warn!(suite = name, "a cipher suite that is not safe is not spoken");
                }
                None => return Err(PolicyError::Suite(name.to_owned())),
            }
        }
        self.suites = Some(suites);
        Ok(self)
    }

    pub(super) fn provider(&self) -> CryptoProvider {
        let mut provider = super::provider();
        if let Some(listed) = &self.suites {
            provider.cipher_suites.retain(|suite| is_tls13(suite) || listed.contains(&suite.suite()));
        }
        provider
    }

    pub(super) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        if self.only_tls13 { ONLY_TLS13 } else { BOTH }
    }
}

fn is_tls13(suite: &SupportedCipherSuite) -> bool {
    suite.tls13().is_some()
}

/// Go knows the suites with ChaCha20 by two names each.
fn is_called(suite: &SupportedCipherSuite, name: &str) -> bool {
    let own = suite.suite().as_str().unwrap_or_default();
    own == name || (name.ends_with("_POLY1305") && own.strip_suffix("_SHA256") == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(policy: &TlsPolicy) -> Vec<String> {
        let suites = policy.provider().cipher_suites.into_iter().filter(|suite| !is_tls13(suite));
        suites.filter_map(|suite| suite.suite().as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn versions_have_the_names_of_go() {
        for old in ["VersionTLS10", "VersionTLS11", "VersionTLS12"] {
            assert_eq!(TlsPolicy::default().at_least(old).unwrap().versions(), [&TLS13, &TLS12]);
        }
        assert_eq!(TlsPolicy::default().at_least("VersionTLS13").unwrap().versions(), [&TLS13]);
        let error = TlsPolicy::default().at_least("TLS1.2").unwrap_err();
        assert_eq!(error.to_string(), "unknown tls version \"TLS1.2\"");
    }

    #[test]
    fn only_listed_suites_are_spoken() {
        let names = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"];
        let policy = TlsPolicy::default().with_suites(names).unwrap();
        let expected =
            ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
        assert_eq!(spoken(&policy), expected);
    }

    #[test]
    fn the_suites_of_tls_1_3_cannot_be_chosen() {
        let policy = TlsPolicy::default().with_suites(["TLS_AES_128_GCM_SHA256"]).unwrap();
        assert_eq!(spoken(&policy), [""; 0]);
        assert_eq!(policy.provider().cipher_suites.len(), 3);
    }

    #[test]
    fn unsafe_suites_are_known_but_not_spoken() {
        let policy = TlsPolicy::default().with_suites(["TLS_RSA_WITH_AES_128_CBC_SHA"]).unwrap();
        assert_eq!(spoken(&policy), [""; 0]);
    }

    #[test]
    fn a_suite_that_does_not_exist_is_refused() {
        let error = TlsPolicy::default().with_suites(["TLS_NONE"]).unwrap_err();
        assert_eq!(error.to_string(), "Cipher suite TLS_NONE not supported or doesn't exist");
    }
}
