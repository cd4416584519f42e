//! URLs of databases, as libpq reads them: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE&…`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::TargetSessionAttrs;

use super::tls::{Mode, Roots, TlsSettings};

/// Where the tables are when the URL does not say.
const SCHEMA: &str = "apiserver";

/// How long a host may take to take a connection when the URL does not say.
const CONNECT: Duration = Duration::from_secs(3);

/// When a peer that says nothing counts as gone.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// A database and how to connect to it. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    pub(super) server: tokio_postgres::Config,
    pub(super) tls: TlsSettings,
    /// The schema the tables are in: lower-case letters, digits and `_`.
    pub(super) schema: String,
}

/// Why a text is not the URL of a database. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresUrlError {
    /// It cannot be read, or has a parameter that is not known.
    #[error("it is no postgres://USER@HOST/DATABASE with parameters that are known")]
    Malformed,
    /// It does not say where the server is.
    #[error("it names no host")]
    NoHost,
    /// An unknown `sslmode`.
    #[error("sslmode is disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// A certificate is to be verified, but by nobody.
    #[error("sslmode=verify-… needs sslrootcert=FILE or sslrootcert=system")]
    NoRoots,
    /// A certificate without a key, or the other way round.
    #[error("sslcert and sslkey need each other")]
    HalfAnIdentity,
    /// A schema whose name would have to be quoted.
    #[error("schema is a name of lower-case letters, digits and _")]
    Schema,
}

/// The parameters that are understood here; the others are the client library's.
#[derive(Default)]
struct Parameters {
    mode: Option<Mode>,
    roots: Option<Roots>,
    certificate: Option<String>,
    key: Option<String>,
    schema: Option<String>,
}

impl PostgresConfig {
    /// Takes a password for a URL that holds none.
    #[must_use]
    pub fn or_password(mut self, password: &str) -> Self {
        if self.server.get_password().is_none() {
            self.server.password(password);
        }
        self
    }

    /// Returns the hosts, for messages.
    pub(super) fn hosts(&self) -> String {
        let ports = self.server.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.server.get_hosts().iter().enumerate();
        let named = hosts.map(|(index, host)| match host {
            tokio_postgres::config::Host::Tcp(host) => format!("{host}:{}", port(index)),
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        });
        named.collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for PostgresConfig {
    type Err = PostgresUrlError;

    fn from_str(url: &str) -> Result<Self, PostgresUrlError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        if !base.starts_with("postgres://") && !base.starts_with("postgresql://") {
            return Err(PostgresUrlError::Malformed);
        }
        let mut parameters = Parameters::default();
        let mut others = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            if !parameters.take(parameter)? {
                others.push(parameter);
            }
        }
        let server = format!("{base}?{}", others.join("&")).parse();
        let server = server_with_defaults(server.map_err(|_| PostgresUrlError::Malformed)?)?;
        parameters.applied_to(server)
    }
}

impl Parameters {
    /// Takes a parameter, unless it is not one of these.
    fn take(&mut self, parameter: &str) -> Result<bool, PostgresUrlError> {
        let (name, value) = parameter.split_once('=').ok_or(PostgresUrlError::Malformed)?;
        let value = percent_decode_str(value).decode_utf8().map_err(|_| PostgresUrlError::Malformed)?;
        match name {
            "sslmode" => self.mode = Some(value.parse().map_err(|()| PostgresUrlError::SslMode)?),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(value.into_owned().into())),
            "sslcert" => self.certificate = Some(value.into_owned()),
            "sslkey" => self.key = Some(value.into_owned()),
            "schema" => self.schema = Some(value.into_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn applied_to(self, mut server: tokio_postgres::Config) -> Result<PostgresConfig, PostgresUrlError> {
        let mode = self.mode.unwrap_or(if self.roots.is_some() { Mode::VerifyFull } else { Mode::Prefer });
        if matches!(mode, Mode::VerifyCa | Mode::VerifyFull) && self.roots.is_none() {
            return Err(PostgresUrlError::NoRoots);
        }
        let identity = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(PostgresUrlError::HalfAnIdentity),
        };
        let schema = self.schema.unwrap_or_else(|| SCHEMA.to_owned());
        if !is_plain(&schema) {
            return Err(PostgresUrlError::Schema);
        }
        server.ssl_mode(mode.into());
        Ok(PostgresConfig { server, tls: TlsSettings { mode, roots: self.roots, identity }, schema })
    }
}

/// Tells whether a name needs no quotes wherever it stands, as in `LISTEN`.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let goes_on = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    begins && name.len() < 64 && !name.starts_with("pg_") && name.chars().all(goes_on)
}

fn server_with_defaults(
    mut server: tokio_postgres::Config,
) -> Result<tokio_postgres::Config, PostgresUrlError> {
    if server.get_hosts().is_empty() && server.get_hostaddrs().is_empty() {
        return Err(PostgresUrlError::NoHost);
    }
    if server.get_application_name().is_none() {
        server.application_name(SCHEMA);
    }
    if server.get_connect_timeout().is_none() {
        server.connect_timeout(CONNECT);
    }
    server
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .tcp_user_timeout(KEEPALIVE + KEEPALIVE_INTERVAL);
    Ok(server)
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hosts, user, database) = (self.hosts(), self.server.get_user(), self.server.get_dbname());
        let mut shown = f.debug_struct("PostgresConfig");
        shown.field("hosts", &hosts).field("user", &user).field("database", &database);
        shown.field("schema", &self.schema).field("tls", &self.tls).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<PostgresConfig, PostgresUrlError> {
        url.parse()
    }

    fn refused(parameters: &str) -> PostgresUrlError {
        parse(&format!("postgres://db/x?{parameters}")).unwrap_err()
    }

    #[test]
    fn a_url_names_hosts_a_user_and_a_database() {
        let config = parse("postgres://me:secret@a:1,b:2/things?schema=mine").unwrap();
        assert_eq!(config.hosts(), "a:1, b:2");
        assert_eq!(config.server.get_user(), Some("me"));
        assert_eq!(config.server.get_dbname(), Some("things"));
        assert_eq!(config.schema, "mine");
        assert_eq!(parse("postgresql://a").unwrap().schema, "apiserver");
    }

    #[test]
    fn the_password_is_never_shown() {
        let config = parse("postgres://me:secret@a/x").unwrap();
        let other = parse("postgres://me@a/x").unwrap().or_password("secret");
        for config in [config, other] {
            assert_eq!(config.server.get_password(), Some("secret".as_bytes()));
            assert!(!format!("{config:?}").contains("secret"), "{config:?}");
        }
    }

    #[test]
    fn a_password_in_the_url_goes_first() {
        let config = parse("postgres://me:mine@a/x").unwrap().or_password("other");
        assert_eq!(config.server.get_password(), Some("mine".as_bytes()));
    }

    #[test]
    fn tls_is_as_libpq_has_it() {
        let tls = |parameters: &str| parse(&format!("postgres://db/x?{parameters}")).unwrap().tls;
        assert_eq!(tls("").mode, Mode::Prefer);
        assert_eq!(tls("sslmode=disable").mode, Mode::Disable);
        assert_eq!(tls("sslmode=require&sslrootcert=a%20b").roots, Some(Roots::File("a b".into())));
        assert_eq!(tls("sslrootcert=system").mode, Mode::VerifyFull, "who says whom to trust means it");
        assert_eq!(tls("sslcert=c&sslkey=k").identity, Some(("c".into(), "k".into())));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(refused("sslmode=allow"), PostgresUrlError::SslMode);
        assert_eq!(refused("sslmode=verify-full"), PostgresUrlError::NoRoots);
        assert_eq!(refused("sslcert=c"), PostgresUrlError::HalfAnIdentity);
        assert_eq!(refused("schema=Mine"), PostgresUrlError::Schema);
        assert_eq!(refused("schema=pg_x"), PostgresUrlError::Schema);
        assert_eq!(refused("what=ever"), PostgresUrlError::Malformed);
        assert_eq!(parse("postgres:///x"), Err(PostgresUrlError::NoHost));
        assert_eq!(parse("mysql://db/x"), Err(PostgresUrlError::Malformed));
    }

    #[test]
    fn errors_repeat_nothing_of_the_url() {
        for url in ["postgres://me:sec?ret@a/x", "postgres://me:secret@a:port/x", "postgres://me:secret"] {
            if let Err(error) = parse(url) {
                assert!(!error.to_string().contains("sec"), "{error}");
            }
        }
    }
}
