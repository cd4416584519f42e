//! Reads certificates and private keys from PEM. Knows nothing of files, trust or TLS; the only module that
//! names the PEM library.

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::{Error as BlockError, Item};
use thiserror::Error;

/// Why PEM could not be read; no variant carries what the input held.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PemError {
    /// The input has no PEM block at all.
    #[error("no {expected} found: there is no PEM block")]
    Empty {
        /// What was looked for.
        expected: &'static str,
    },
    /// The input has blocks, none of them of the kind that was looked for.
    #[error("no {expected} found: the PEM holds a {found}")]
    WrongBlock {
        /// What was looked for.
        expected: &'static str,
        /// The first block that is there.
        found: &'static str,
    },
    /// The input has more than one private key: which one is meant would be a guess.
    #[error("{0} private keys found, one expected")]
    SeveralKeys(usize),
    /// A block begins but does not end.
    #[error("a PEM block is cut off: its END line is missing")]
    Truncated,
    /// A block's lines are not PEM.
    #[error("a PEM block is damaged: {0}")]
    Damaged(&'static str),
    /// A certificate cannot be trusted as an authority.
    #[error("a certificate cannot be an authority: {0}")]
    NoAuthority(String),
}

const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";
const ENCRYPTED_KEY_LINE: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// Returns the certificates of `pem` in their order, at least one; blocks of other kinds are passed over.
///
/// # Errors
///
/// There is no certificate, or a block is cut off or damaged.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let items = blocks(pem)?;
    let found = items.first().map(name);
    let certificates: Vec<_> = items.into_iter().filter_map(certificate).collect();
    if certificates.is_empty() { Err(missing(CERTIFICATE, found)) } else { Ok(certificates) }
}

/// Returns the certificates of `pem` as authorities to trust.
///
/// # Errors
///
/// As [`certificates`]; or one of them can not be an authority.
pub fn roots(pem: &[u8]) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| PemError::NoAuthority(error.to_string()))?;
    }
    Ok(roots)
}

/// Returns the one private key of `pem` (PKCS #8, PKCS #1 or SEC 1); blocks of other kinds are passed over.
///
/// # Errors
///
/// There is no key, more than one, or only an encrypted one; or a block is cut off or damaged.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    let items = blocks(pem)?;
    let found = items.first().map(name).or_else(|| encrypted_key(pem));
    let mut keys: Vec<_> = items.into_iter().filter_map(key).collect();
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), others) => Err(PemError::SeveralKeys(others + 1)),
        (None, _) => Err(missing(KEY, found)),
    }
}

fn blocks(pem: &[u8]) -> Result<Vec<Item>, PemError> {
    let mut items = Vec::new();
    let mut rest = pem;
    while let Some((item, after)) =
        rustls_pemfile::read_one_from_slice(rest).map_err(|error| damage(&error))?
    {
        items.push(item);
        rest = after;
    }
    Ok(items)
}

fn damage(error: &BlockError) -> PemError {
    match error {
        BlockError::MissingSectionEnd { .. } => PemError::Truncated,
        BlockError::IllegalSectionStart { .. } => PemError::Damaged("its BEGIN line is not well-formed"),
        BlockError::Base64Decode(_) => PemError::Damaged("its body is not base64"),
    }
}

fn missing(expected: &'static str, found: Option<&'static str>) -> PemError {
    match found {
        Some(found) => PemError::WrongBlock { expected, found },
        None => PemError::Empty { expected },
    }
}

fn certificate(item: Item) -> Option<CertificateDer<'static>> {
    match item {
        Item::X509Certificate(certificate) => Some(certificate),
        _ => None,
    }
}

fn key(item: Item) -> Option<PrivateKeyDer<'static>> {
    match item {
        Item::Pkcs1Key(key) => Some(key.into()),
        Item::Pkcs8Key(key) => Some(key.into()),
        Item::Sec1Key(key) => Some(key.into()),
        _ => None,
    }
}

fn encrypted_key(pem: &[u8]) -> Option<&'static str> {
    let encrypted = pem.windows(ENCRYPTED_KEY_LINE.len()).any(|window| window == ENCRYPTED_KEY_LINE);
    encrypted.then_some("encrypted private key, which is not supported")
}

fn name(item: &Item) -> &'static str {
    match item {
        Item::X509Certificate(_) => CERTIFICATE,
        Item::Pkcs1Key(_) | Item::Pkcs8Key(_) | Item::Sec1Key(_) => KEY,
        Item::Crl(_) => "certificate revocation list",
        Item::Csr(_) => "certificate signing request",
        Item::SubjectPublicKeyInfo(_) => "public key",
        _ => "block of another kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAQID\n-----END {label}-----\n")
    }

    #[test]
    fn certificates_come_in_their_order_and_pass_over_keys() {
        let pem = block("CERTIFICATE") + &block("PRIVATE KEY") + "a note\n" + &block("CERTIFICATE");
        assert_eq!(certificates(pem.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn every_unencrypted_form_of_a_key_is_read() {
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert_eq!(private_key(block(label).as_bytes()).unwrap().secret_der(), [1, 2, 3], "{label}");
        }
    }

    #[test]
    fn nothing_is_not_a_certificate_and_not_a_key() {
        assert_eq!(certificates(b"").unwrap_err(), PemError::Empty { expected: CERTIFICATE });
        assert_eq!(private_key(b"text").unwrap_err(), PemError::Empty { expected: KEY });
    }

    #[test]
    fn a_block_of_the_wrong_kind_is_named() {
        let error = certificates(block("PRIVATE KEY").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "no certificate found: the PEM holds a private key");
        let error = private_key(block("CERTIFICATE").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "no private key found: the PEM holds a certificate");
    }

    #[test]
    fn an_encrypted_key_is_named() {
        let error = private_key(block("ENCRYPTED PRIVATE KEY").as_bytes()).unwrap_err();
        assert!(error.to_string().contains("encrypted"), "{error}");
    }

    #[test]
    fn two_keys_are_one_too_many() {
        let pem = block("PRIVATE KEY") + &block("EC PRIVATE KEY");
        assert_eq!(private_key(pem.as_bytes()).unwrap_err(), PemError::SeveralKeys(2));
    }

    #[test]
    fn a_block_that_is_cut_off_is_an_error_even_behind_a_whole_one() {
        let pem = block("CERTIFICATE") + "-----BEGIN CERTIFICATE-----\nAQID\n";
        assert_eq!(certificates(pem.as_bytes()).unwrap_err(), PemError::Truncated);
    }

    #[test]
    fn a_body_that_is_not_base64_is_an_error_without_its_content() {
        let pem = "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n";
        let error = private_key(pem.as_bytes()).unwrap_err();
        assert_eq!(error, PemError::Damaged("its body is not base64"));
    }
}
