//! Storage URLs.

use std::path::PathBuf;
use std::str::FromStr;

use embedded_server::storage::{EtcdConfig, PostgresConfig};

use super::ConfigError;

/// Where objects are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum StorageUrl {
    /// `sled:PATH`: in a directory on this machine.
    Sled(PathBuf),
    /// `memory:`: nowhere; they are gone when the server stops.
    Memory,
    /// `etcd://HOST:PORT,HOST:PORT/PREFIX?PARAMETER=VALUE`: in an etcd, which several servers can share.
    Etcd(EtcdConfig),
    /// `postgres://…`: in a database that several servers share.
    Postgres(Box<PostgresConfig>),
}

impl FromStr for StorageUrl {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        let (scheme, rest) = url.split_once(':').ok_or(ConfigError::Storage("it has no scheme"))?;
        match (scheme, rest) {
            ("sled", "") => Err(ConfigError::Storage("sled: needs a path")),
            ("sled", path) => Ok(Self::Sled(path.into())),
            ("memory", "") => Ok(Self::Memory),
            ("memory", _) => Err(ConfigError::Storage("memory: takes nothing after the colon")),
            ("postgres" | "postgresql", _) => {
                Ok(Self::Postgres(Box::new(url.parse().map_err(ConfigError::Postgres)?)))
            }
            ("etcd", _) => Ok(Self::Etcd(url.parse()?)),
            _ => Err(ConfigError::Storage("its scheme is unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<StorageUrl, ConfigError> {
        url.parse()
    }

    #[test]
    fn sled_names_a_path_and_memory_names_nothing() {
        assert_eq!(parse("sled:data").unwrap(), StorageUrl::Sled("data".into()));
        assert_eq!(parse("sled:/var/lib/wfctl").unwrap(), StorageUrl::Sled("/var/lib/wfctl".into()));
        assert_eq!(parse("memory:").unwrap(), StorageUrl::Memory);
    }

    #[test]
    fn etcd_names_servers_and_keeps_its_password_to_itself() {
        let parsed = parse("etcd://me:secret@a:1,b:2/prefix").unwrap();
        assert!(
            matches!(&parsed, StorageUrl::Etcd(config) if config.endpoints == ["a:1", "b:2"]),
            "{parsed:?}"
        );
        assert!(!format!("{parsed:?}").contains("secret"));
        let error = parse("etcd://me:secret@").unwrap_err();
        assert!(matches!(error, ConfigError::Etcd(_)) && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_database_is_shown_without_its_password() {
        let url = parse("postgres://user:secret@host/db?sslmode=require").unwrap();
        assert!(matches!(url, StorageUrl::Postgres(_)));
        assert!(!format!("{url:?}").contains("secret"), "{url:?}");
    }

    #[test]
    fn a_database_that_cannot_be_is_refused_without_repeating_it() {
        let error = parse("postgres://user:secret@host/db?sslmode=secret").unwrap_err();
        assert!(error.to_string().contains("sslmode") && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn what_is_no_storage_url_is_refused_without_repeating_it() {
        for url in ["", "data", "sled:", "memory:x", "mysql://user:secret@host"] {
            let error = parse(url).unwrap_err();
            assert!(matches!(error, ConfigError::Storage(_)), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
