//! Certificates: an [`Authority`] issues [`Leaf`]s, a [`Bundle`](bundle::Bundle) says whom to trust, [`inspect`]
//! judges what was issued earlier, [`rotate`] decides how to replace it under load, [`dev`] keeps the material of
//! `serve --dev` on disk. Time is an argument everywhere.

mod authority;
pub(crate) mod bundle;
pub(crate) mod dev;
mod fingerprint;
pub(crate) mod inspect;
mod key;
mod leaf;
mod own;
pub(crate) mod rotate;
mod san;

#[cfg(test)]
mod tests;

pub(crate) use authority::Authority;
pub(crate) use fingerprint::Fingerprint;
pub(crate) use key::PrivateKey;
pub(crate) use leaf::{Leaf, Usage};
pub(crate) use own::{OwnKeys, SERVICE, own_authority, own_serving, service_names};
pub(crate) use san::San;

use thiserror::Error;

use embedded_server::server::pem::PemError;

/// Why a certificate could not be made or read; no variant carries a key.
#[derive(Debug, Error)]
pub(crate) enum PkiError {
    /// Making or loading keys or certificates failed.
    #[error("cannot make the certificate")]
    Make(#[from] rcgen::Error),
    /// PEM could not be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A PEM block holds something else than a certificate.
    #[error("a certificate cannot be read")]
    Unreadable,
    /// The certificate that should issue others may not.
    #[error("the certificate is not one of an authority")]
    NotAnAuthority,
    /// Certificate and key do not belong together.
    #[error("the key does not belong to the certificate")]
    KeyMismatch,
    /// A moment that a certificate cannot hold.
    #[error("the validity is out of range")]
    Validity,
    /// The machine has no random numbers to give.
    #[error("the machine's random numbers cannot be read")]
    Random,
}
