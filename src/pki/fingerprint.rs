//! What a certificate is known by.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 digest of a certificate in DER.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Returns the fingerprint of a certificate.
    pub(crate) fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

/// In hexadecimal digits, as `openssl x509 -fingerprint -sha256` has it without the colons; `{:.16}` shows the
/// first 16 of them.
impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:.16}")
    }
}
