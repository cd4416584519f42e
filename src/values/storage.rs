//! Where an installed server keeps objects.

pub(crate) mod tls;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use embedded_server::storage::{EtcdConfig, PostgresConfig};

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
    Shared(Database),
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

/// A database. `Debug` says only of what kind: the rest may be secret.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Database {
    url: String,
    files: BTreeMap<String, String>,
}

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
            Self::Shared(database) => (&database.url).into(),
        }
    }

    /// Returns the URL if it may hold a password.
    pub(crate) fn url_with_password(&self) -> Option<&str> {
        match self {
            Self::Shared(Database { url, .. }) if may_hold_password(url) => Some(url),
            _ => None,
        }
    }

    /// Returns the files for TLS that servers find in [`tls::DIRECTORY`], by their names, in PEM.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = match self {
            Self::Shared(database) => Some(&database.files),
            Self::Volume(_) | Self::Memory => None,
        };
        files.into_iter().flatten().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Tells whether there is something about it that belongs into a Secret.
    pub(crate) fn has_secrets(&self) -> bool {
        self.url_with_password().is_some() || self.files().next().is_some()
    }

    fn from_url(url: &str, settings: &StorageSettings) -> Result<Self, ValuesError> {
        let (scheme, rest) = url.split_once(':').ok_or(ValuesError::Storage("it has no scheme"))?;
        match scheme {
            "sled" => volume(rest, settings).map(Self::Volume),
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err(ValuesError::Storage("memory: takes nothing after the colon")),
            "postgres" | "postgresql" | "etcd" => {
                check_shared(rest)?;
                database(url, settings).map(Self::Shared)
            }
            _ => Err(ValuesError::Storage("its scheme is unknown")),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        write!(formatter, "Database({scheme}:…)")
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

/// Lets the backend read its URL, rather than a pod that is started with it. Files have to be where servers find them.
fn database(url: &str, settings: &StorageSettings) -> Result<Database, ValuesError> {
    let read = match url.starts_with("etcd") {
        true => url.parse::<EtcdConfig>().map(drop).map_err(|error| error.to_string()),
        false => url.parse::<PostgresConfig>().map(drop).map_err(|error| error.to_string()),
    };
    read.map_err(ValuesError::Database)?;
    let named = tls::named(url).into_iter();
    let files = named.map(|(file, path)| {
        let text = settings.files.get(file.name()).filter(|_| path == file.place());
        let text = text.ok_or(ValuesError::Storage("it names a file that was not read"))?;
        Ok((file.name().to_owned(), text.clone()))
    });
    Ok(Database { url: url.to_owned(), files: files.collect::<Result<_, _>>()? })
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
