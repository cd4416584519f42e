//! Where an installed server keeps objects.

use std::borrow::Cow;
use std::fmt;

use super::{Quantity, Subdomain, ValuesError, parsed, parsed_if_given};
use crate::settings::StorageSettings;

const DEFAULT_URL: &str = "sled:/var/lib/wfctl";
const DEFAULT_SIZE: &str = "1Gi";

/// Where an installed server keeps objects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Storage {
    /// On a volume of its own, with sled.
    Volume(Volume),
    /// Nowhere.
    Memory,
    /// In a database that several servers can share.
    Shared(SharedUrl),
}

/// A volume that sled keeps its files on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Volume {
    /// Where it is mounted: absolute, and not the root.
    pub(crate) path: String,
    /// How large it is.
    pub(crate) size: Quantity,
    /// What provides it; the cluster's default where nothing is said.
    pub(crate) class: Option<Subdomain>,
}

/// The URL of a database. `Debug` says only what kind: it may hold a password.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct SharedUrl(String);

impl Storage {
    /// Checks what was set.
    pub(super) fn new(settings: &StorageSettings) -> Result<Self, ValuesError> {
        let url = settings.url.as_deref().unwrap_or(DEFAULT_URL);
        let storage = Self::from_url(url, settings)?;
        let unused = [("storage.size", &settings.size), ("storage.class", &settings.class)];
        match unused.iter().find(|(_, value)| value.is_some()) {
            Some((path, _)) if !matches!(storage, Self::Volume(_)) => Err(ValuesError::NoVolume(path)),
            _ => Ok(storage),
        }
    }

    /// Returns the URL in the words of `wfctl serve`.
    pub(crate) fn url(&self) -> Cow<'_, str> {
        match self {
            Self::Volume(volume) => format!("sled:{}", volume.path).into(),
            Self::Memory => "memory:".into(),
            Self::Shared(SharedUrl(url)) => url.into(),
        }
    }

    /// Returns the URL if it may hold a password.
    pub(crate) fn url_with_password(&self) -> Option<&str> {
        match self {
            Self::Shared(SharedUrl(url)) if may_hold_password(url) => Some(url),
            _ => None,
        }
    }

    fn from_url(url: &str, settings: &StorageSettings) -> Result<Self, ValuesError> {
        let (scheme, rest) = url.split_once(':').ok_or(ValuesError::Storage("it has no scheme"))?;
        match scheme {
            "sled" => volume(rest, settings).map(Self::Volume),
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err(ValuesError::Storage("memory: takes nothing after the colon")),
            "postgres" | "postgresql" | "etcd" => {
                check_shared(rest).map(|()| Self::Shared(SharedUrl(url.into())))
            }
            _ => Err(ValuesError::Storage("its scheme is unknown")),
        }
    }
}

impl fmt::Debug for SharedUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.split(':').next().unwrap_or_default();
        write!(formatter, "SharedUrl({scheme}:…)")
    }
}

/// A container is mounted on by whole paths, which Kubernetes lets hold no colon and no `..`.
fn volume(path: &str, settings: &StorageSettings) -> Result<Volume, ValuesError> {
    let path = path.trim_end_matches('/');
    let wrong = |reason| Err(ValuesError::Storage(reason));
    if !path.starts_with('/') {
        return wrong("in a container, sled: needs an absolute path below /");
    }
    if path.contains(':') || path.split('/').any(|part| part == "..") {
        return wrong("Kubernetes mounts nothing on a path with a colon or with ..");
    }
    if path.contains(char::is_control) {
        return wrong("it holds a control character");
    }
    Ok(Volume {
        path: path.to_owned(),
        size: parsed("storage.size", settings.size.as_deref().unwrap_or(DEFAULT_SIZE))?,
        class: parsed_if_given("storage.class", settings.class.as_deref())?,
    })
}

fn check_shared(rest: &str) -> Result<(), ValuesError> {
    let host = rest.strip_prefix("//").ok_or(ValuesError::Storage("it names no host"))?;
    if host.is_empty() || host.starts_with(['/', '?']) {
        return Err(ValuesError::Storage("it names no host"));
    }
    if rest.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(ValuesError::Storage("it holds white space or a control character"));
    }
    Ok(())
}

/// Errs on the side of a Secret: a password that is not escaped may hold any character.
fn may_hold_password(url: &str) -> bool {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.to_ascii_lowercase().contains("password=")
}
