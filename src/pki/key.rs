//! Private keys that stay out of logs.

use std::fmt;

use rcgen::KeyPair;
use zeroize::Zeroizing;

use super::PkiError;

/// A private key as PEM (PKCS #8). `Debug` says nothing of it and `Display` is missing on purpose; its memory is
/// overwritten when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct PrivateKey(Zeroizing<String>);

impl PrivateKey {
    /// Wraps PEM that was read from somewhere; whether it is a key shows when it is used.
    pub(crate) fn from_pem(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }

    /// Returns the key itself: for files, Secrets and TLS, never for messages.
    pub(crate) fn expose_pem(&self) -> &str {
        &self.0
    }

    /// Returns the key in the form that signs.
    pub(super) fn pair(&self) -> Result<KeyPair, PkiError> {
        let der = embedded_server::server::pem::private_key(self.0.as_bytes())?;
        Ok(KeyPair::try_from(&der)?)
    }
}

impl From<&KeyPair> for PrivateKey {
    fn from(pair: &KeyPair) -> Self {
        Self(Zeroizing::new(pair.serialize_pem()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey([redacted])")
    }
}
