//! The files for TLS that a storage URL names: on this machine when it is typed, and in the pod that is installed.

use percent_encoding::percent_decode_str;

/// Where they are in the pod.
pub(crate) const DIRECTORY: &str = "/etc/wfctl/storage";

/// A file for TLS, by what it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TlsFile {
    /// Whom to trust.
    Authority,
    /// What to show.
    Certificate,
    /// The key of what is shown.
    Key,
}

impl TlsFile {
    /// Returns what it is called in the Secret and in the pod.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authority => "ca.crt",
            Self::Certificate => "tls.crt",
            Self::Key => "tls.key",
        }
    }

    /// Returns where it is in the pod.
    pub(crate) fn place(self) -> String {
        format!("{DIRECTORY}/{}", self.name())
    }

    fn of(parameter: &str, value: &str) -> Option<Self> {
        match (parameter, value) {
            ("sslrootcert", "system") => None,
            ("sslrootcert" | "ca", _) => Some(Self::Authority),
            ("sslcert" | "cert", _) => Some(Self::Certificate),
            ("sslkey" | "key", _) => Some(Self::Key),
            _ => None,
        }
    }
}

/// Returns the files that a URL names, and where it says that they are.
pub(crate) fn named(url: &str) -> Vec<(TlsFile, String)> {
    let query = shared(url).map_or("", |(_, query)| query);
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    let files = parameters.filter_map(|(name, value)| Some((TlsFile::of(name, value)?, decoded(value))));
    files.collect()
}

/// Returns the URL with its files where they are in the pod.
pub(crate) fn relocated(url: &str) -> String {
    let Some((base, query)) = shared(url) else { return url.to_owned() };
    let parameters: Vec<_> = query.split('&').map(relocated_parameter).collect();
    format!("{base}?{}", parameters.join("&"))
}

fn relocated_parameter(parameter: &str) -> String {
    let file = parameter.split_once('=').and_then(|(name, value)| Some((name, TlsFile::of(name, value)?)));
    file.map_or_else(|| parameter.to_owned(), |(name, file)| format!("{name}={}", file.place()))
}

/// Splits the URL of a database from its parameters; those of other storage have none.
fn shared(url: &str) -> Option<(&str, &str)> {
    let (scheme, _) = url.split_once("://")?;
    matches!(scheme, "postgres" | "postgresql" | "etcd").then(|| url.split_once('?')).flatten()
}

fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTGRES: &str = "postgres://me@db/x?sslmode=verify-full&sslrootcert=a%20b&sslcert=./c&sslkey=/k";

    #[test]
    fn a_url_names_files_as_its_scheme_does() {
        let named = |url: &str| {
            let named = named(url).into_iter();
            named.map(|(file, path)| format!("{}={path}", file.name())).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(named(POSTGRES), "ca.crt=a b tls.crt=./c tls.key=/k");
        assert_eq!(named("etcd://a,b/x?ca=1&compaction=5m&cert=2&key=3"), "ca.crt=1 tls.crt=2 tls.key=3");
        assert_eq!(named("postgres://db/x?sslrootcert=system"), "");
        assert_eq!(named("etcd://a") + &named("sled:/a?key=b") + &named("memory:"), "");
    }

    #[test]
    fn only_files_are_named_elsewhere() {
        assert_eq!(
            relocated(POSTGRES),
            "postgres://me@db/x?sslmode=verify-full&sslrootcert=/etc/wfctl/storage/ca.crt\
             &sslcert=/etc/wfctl/storage/tls.crt&sslkey=/etc/wfctl/storage/tls.key"
        );
        assert_eq!(relocated(&relocated(POSTGRES)), relocated(POSTGRES));
        for url in
            ["etcd://a", "etcd://a/x?compaction=off", "sled:/a?key=b", "postgres://a?sslrootcert=system"]
        {
            assert_eq!(relocated(url), url);
        }
    }
}
