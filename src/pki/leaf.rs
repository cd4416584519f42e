//! What an authority issues.

use super::PrivateKey;

/// A certificate that issues no others, and its key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Leaf {
    /// The certificate as PEM.
    pub(crate) certificate: String,
    /// Its key.
    pub(crate) key: PrivateKey,
}

/// What a leaf may be used for; each has one use, so that a server's certificate is no user's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Usage {
    /// `serverAuth`.
    Server,
    /// `clientAuth`.
    Client,
}
