//! The names that a serving certificate is good for.

use std::fmt;
use std::net::IpAddr;

/// A subject alternative name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum San {
    /// A host name.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl From<&str> for San {
    fn from(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Dns(name.to_owned()), Self::Ip)
    }
}

impl From<IpAddr> for San {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl fmt::Display for San {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(formatter),
            Self::Ip(ip) => ip.fmt(formatter),
        }
    }
}
