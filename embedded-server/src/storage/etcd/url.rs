//! URLs of etcd: `etcd://USER:PASSWORD@HOST:PORT,HOST:PORT/PREFIX?PARAMETER=VALUE&…`.

use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{EtcdConfig, EtcdTls, EtcdUser};
use crate::meta::duration::parse_go;

/// What keys begin with when the URL does not say.
const PREFIX: &str = "wfctl";

/// The port of a host that is named without one.
const PORT: u16 = 2379;

/// For how long overwritten values are kept when the URL does not say; kube-apiserver keeps them as long.
const COMPACTION: Duration = Duration::from_secs(5 * 60);

/// Compaction more often than this would be of no use.
const LEAST_COMPACTION: Duration = Duration::from_secs(1);

/// Why a text is not the URL of an etcd. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EtcdUrlError {
    /// It cannot be read.
    #[error("it is no etcd://HOST:PORT,HOST:PORT/PREFIX")]
    Malformed,
    /// It does not say where the servers are.
    #[error("it names no host")]
    NoHost,
    /// A user without a password, or the other way round.
    #[error("a user has a name and a password")]
    User,
    /// Something else than a parameter that is known.
    #[error("its parameters are ca=FILE, cert=FILE, key=FILE and compaction=DURATION")]
    Parameter,
    /// A certificate without its key, or the other way round, or neither with the authority of the servers.
    #[error("cert and key need each other, and ca")]
    HalfAnIdentity,
    /// A time that cannot be read or is too short.
    #[error("compaction is off, or a time of at least 1s such as 5m")]
    Compaction,
}

/// The parameters behind the question mark.
#[derive(Default)]
struct Parameters {
    ca: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    compaction: Option<String>,
}

impl FromStr for EtcdConfig {
    type Err = EtcdUrlError;

    fn from_str(url: &str) -> Result<Self, EtcdUrlError> {
        let rest = url.strip_prefix("etcd://").ok_or(EtcdUrlError::Malformed)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let parameters = Parameters::of(query)?;
        Ok(Self {
            endpoints: hosts.split(',').map(endpoint).collect::<Result<_, _>>()?,
            prefix: prefix(path)?,
            user: user.map(self::user).transpose()?,
            compaction: compaction(parameters.compaction.as_deref())?,
            tls: parameters.tls()?,
        })
    }
}

impl Parameters {
    fn of(query: &str) -> Result<Self, EtcdUrlError> {
        let mut parameters = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(EtcdUrlError::Parameter)?;
            let known = match name {
                "ca" => &mut parameters.ca,
                "cert" => &mut parameters.certificate,
                "key" => &mut parameters.key,
                "compaction" => &mut parameters.compaction,
                _ => return Err(EtcdUrlError::Parameter),
            };
            *known = Some(decoded(value)?);
        }
        Ok(parameters)
    }

    fn tls(self) -> Result<Option<EtcdTls>, EtcdUrlError> {
        match (self.ca, self.certificate, self.key) {
            (None, None, None) => Ok(None),
            (Some(ca), None, None) => Ok(Some(EtcdTls { ca: ca.into(), client: None })),
            (Some(ca), Some(certificate), Some(key)) => {
                Ok(Some(EtcdTls { ca: ca.into(), client: Some((certificate.into(), key.into())) }))
            }
            _ => Err(EtcdUrlError::HalfAnIdentity),
        }
    }
}

/// Returns `HOST:PORT`.
fn endpoint(host: &str) -> Result<String, EtcdUrlError> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            (name, port.parse().map_err(|_| EtcdUrlError::Malformed)?)
        }
        _ => (host, PORT),
    };
    match name {
        "" => Err(EtcdUrlError::NoHost),
        name if name.contains(|c: char| c.is_whitespace() || c.is_control()) => Err(EtcdUrlError::Malformed),
        name => Ok(format!("{name}:{port}")),
    }
}

fn prefix(path: &str) -> Result<String, EtcdUrlError> {
    match decoded(path.trim_matches('/'))? {
        prefix if prefix.is_empty() => Ok(PREFIX.to_owned()),
        prefix => Ok(prefix),
    }
}

fn user(text: &str) -> Result<EtcdUser, EtcdUrlError> {
    let (name, password) = text.split_once(':').ok_or(EtcdUrlError::User)?;
    match (decoded(name)?, decoded(password)?) {
        (name, password) if name.is_empty() || password.is_empty() => Err(EtcdUrlError::User),
        (name, password) => Ok(EtcdUser { name, password }),
    }
}

fn compaction(text: Option<&str>) -> Result<Option<Duration>, EtcdUrlError> {
    match text {
        None => Ok(Some(COMPACTION)),
        Some("off") => Ok(None),
        Some(text) => {
            let interval = parse_go(text).ok().and_then(|interval| Duration::try_from(interval).ok());
            let interval = interval.filter(|interval| *interval >= LEAST_COMPACTION);
            interval.map(Some).ok_or(EtcdUrlError::Compaction)
        }
    }
}

fn decoded(text: &str) -> Result<String, EtcdUrlError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| EtcdUrlError::Malformed)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<EtcdConfig, EtcdUrlError> {
        url.parse()
    }

    #[test]
    fn a_host_is_enough() {
        let config = parse("etcd://etcd").unwrap();
        assert_eq!(config.endpoints, ["etcd:2379"]);
        assert_eq!((config.prefix.as_str(), config.tls, config.user), ("wfctl", None, None));
        assert_eq!(config.compaction, Some(COMPACTION));
    }

    #[test]
    fn everything_can_be_said() {
        let config = parse(
            "etcd://me:p%40ss@a:1,[::1]:2,[::2]/deep/prefix/?ca=/ca.crt&cert=/c%20d.crt&key=/d.key&compaction=off",
        );
        let config = config.unwrap();
        assert_eq!(config.endpoints, ["a:1", "[::1]:2", "[::2]:2379"]);
        assert_eq!(config.prefix, "deep/prefix");
        assert_eq!(config.user, Some(EtcdUser { name: "me".to_owned(), password: "p@ss".to_owned() }));
        let client = Some(("/c d.crt".into(), "/d.key".into()));
        assert_eq!(config.tls, Some(EtcdTls { ca: "/ca.crt".into(), client }));
        assert_eq!(config.compaction, None);
        assert_eq!(parse("etcd://a?compaction=1h").unwrap().compaction, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = [
            ("etcd:a", EtcdUrlError::Malformed),
            ("etcd://", EtcdUrlError::NoHost),
            ("etcd://a,,b", EtcdUrlError::NoHost),
            ("etcd://a:b", EtcdUrlError::Malformed),
            ("etcd://me@a", EtcdUrlError::User),
            ("etcd://a?tls", EtcdUrlError::Parameter),
            ("etcd://a?insecure=true", EtcdUrlError::Parameter),
            ("etcd://a?ca=a&cert=b", EtcdUrlError::HalfAnIdentity),
            ("etcd://a?cert=a&key=b", EtcdUrlError::HalfAnIdentity),
            ("etcd://a?compaction=1ms", EtcdUrlError::Compaction),
        ];
        for (url, error) in wrong {
            assert_eq!(parse(url).unwrap_err(), error, "{url}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", parse("etcd://me:secret@a").unwrap());
        assert!(shown.contains("me") && !shown.contains("secret"), "{shown}");
    }
}
