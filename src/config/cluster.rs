//! What serving in a cluster needs to know before it asks the cluster.

use std::path::PathBuf;

use embedded_server::authentication::RemoteHeaders;
use embedded_server::authorization::AlwaysAllowPaths;
use embedded_server::lookup::Lifetimes;

use super::{ConfigError, duration};
use crate::cli::Delegation;

/// How the server finds out who is who and who may do what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ClusterConfig {
    /// The serving certificate; none is made up.
    pub(crate) serving: Option<ServingFiles>,
    /// The kubeconfig that leads to who has tokens reviewed; none for that of the pod.
    pub(crate) authentication: Option<PathBuf>,
    /// The kubeconfig that leads to who says who may do what; none for that of the pod.
    pub(crate) authorization: Option<PathBuf>,
    /// The kubeconfig that leads to the namespaces; none for that of the pod.
    pub(crate) core: Option<PathBuf>,
    /// Which front proxies are trusted.
    pub(crate) front_proxies: Source<FrontProxyFlags>,
    /// Whose client certificates are believed.
    pub(crate) client_authorities: Source<PathBuf>,
    /// Whether it is waited for the cluster to say which front proxies to trust.
    pub(crate) tolerates_lookup_failure: bool,
    /// How long it is remembered whose a token is.
    pub(crate) tokens: Lifetimes,
    /// How long it is remembered what is allowed.
    pub(crate) access: Lifetimes,
    /// What everybody may ask for.
    pub(crate) always_allowed: AlwaysAllowPaths,
}

/// Where something is known from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source<T> {
    /// From the flags.
    Flags(T),
    /// From the cluster, and followed there.
    Cluster,
    /// From nowhere.
    Nowhere,
}

/// The files with the serving certificate and its key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ServingFiles {
    /// The certificate and its chain.
    pub(crate) certificate: PathBuf,
    /// The key.
    pub(crate) key: PathBuf,
}

/// What the flags say of front proxies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FrontProxyFlags {
    /// Who issues their certificates.
    pub(crate) authorities: PathBuf,
    /// Their common names; none allows any.
    pub(crate) allowed_names: Vec<String>,
    /// Where they name the user.
    pub(crate) headers: RemoteHeaders,
}

impl TryFrom<&Delegation> for ClusterConfig {
    type Error = ConfigError;

    fn try_from(typed: &Delegation) -> Result<Self, ConfigError> {
        let token_life = typed.authentication_token_webhook_cache_ttl.as_str();
        let token_life = duration("--authentication-token-webhook-cache-ttl", token_life)?;
        let kubeconfig = typed.kubeconfig.as_ref();
        Ok(Self {
            serving: serving(typed)?,
            authentication: typed.authentication_kubeconfig.as_ref().or(kubeconfig).cloned(),
            authorization: typed.authorization_kubeconfig.as_ref().or(kubeconfig).cloned(),
            core: kubeconfig.or(typed.authorization_kubeconfig.as_ref()).cloned(),
            front_proxies: source(typed, front_proxies(typed)?),
            client_authorities: source(typed, typed.client_ca_file.clone()),
            tolerates_lookup_failure: typed.authentication_tolerate_lookup_failure,
            tokens: Lifetimes { yes: token_life, no: token_life },
            access: access(typed)?,
            always_allowed: always_allowed(typed)?,
        })
    }
}

fn serving(typed: &Delegation) -> Result<Option<ServingFiles>, ConfigError> {
    match (typed.tls_cert_file.clone(), typed.tls_private_key_file.clone()) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(ServingFiles { certificate, key })),
        _ => Err(ConfigError::HalfACertificate),
    }
}

fn source<T>(typed: &Delegation, flags: Option<T>) -> Source<T> {
    match flags {
        Some(flags) => Source::Flags(flags),
        None if typed.authentication_skip_lookup => Source::Nowhere,
        None => Source::Cluster,
    }
}

fn front_proxies(typed: &Delegation) -> Result<Option<FrontProxyFlags>, ConfigError> {
    let headers = RemoteHeaders::new(
        list(&typed.requestheader_username_headers),
        list(&typed.requestheader_uid_headers),
        list(&typed.requestheader_group_headers),
        list(&typed.requestheader_extra_headers_prefix),
    );
    let headers = headers.map_err(|problem| ConfigError::RemoteHeaders(problem.to_string()))?;
    let allowed_names = list(&typed.requestheader_allowed_names).to_vec();
    if allowed_names.iter().any(|name| name.trim().is_empty()) {
        return Err(ConfigError::RemoteHeaders("an allowed name is empty".to_owned()));
    }
    let authorities = typed.requestheader_client_ca_file.clone();
    Ok(authorities.map(|authorities| FrontProxyFlags { authorities, allowed_names, headers }))
}

/// A flag that is set to nothing is an empty list.
fn list(typed: &[String]) -> &[String] {
    if matches!(typed, [only] if only.is_empty()) { &[] } else { typed }
}

fn access(typed: &Delegation) -> Result<Lifetimes, ConfigError> {
    let yes = typed.authorization_webhook_cache_authorized_ttl.as_str();
    let no = typed.authorization_webhook_cache_unauthorized_ttl.as_str();
    Ok(Lifetimes {
        yes: duration("--authorization-webhook-cache-authorized-ttl", yes)?,
        no: duration("--authorization-webhook-cache-unauthorized-ttl", no)?,
    })
}

fn always_allowed(typed: &Delegation) -> Result<AlwaysAllowPaths, ConfigError> {
    let paths = list(&typed.authorization_always_allow_paths).iter().cloned();
    AlwaysAllowPaths::new(paths).map_err(ConfigError::AlwaysAllowed)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::config;
    use super::super::{Mode, ServeConfig, StorageUrl};
    use super::*;

    fn cluster(flags: &[&str]) -> Result<ClusterConfig, ConfigError> {
        config(flags).map(|config| match config.mode {
            Mode::Cluster(cluster) => *cluster,
            other => panic!("{other:?}"),
        })
    }

    /// The arguments that the Deployments of such servers have.
    const USUAL: [&str; 10] = [
        "--secure-port=443",
        "--tls-cert-file=/etc/apiserver/certs/tls.crt",
        "--tls-private-key-file=/etc/apiserver/certs/tls.key",
        "--authentication-kubeconfig=/etc/apiserver/kubeconfig",
        "--authorization-kubeconfig=/etc/apiserver/kubeconfig",
        "--requestheader-client-ca-file=/etc/apiserver/certs/requestheader-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
    ];

    #[test]
    fn without_flags_everything_is_asked_of_the_cluster() {
        let ServeConfig { storage, listen, mode, .. } = config(&[]).unwrap();
        assert_eq!(storage, StorageUrl::Sled("/var/lib/wfctl".into()));
        assert_eq!(listen.to_string(), "0.0.0.0:8443");
        let Mode::Cluster(cluster) = mode else { panic!("{mode:?}") };
        assert_eq!(
            (&cluster.front_proxies, &cluster.client_authorities),
            (&Source::Cluster, &Source::Cluster)
        );
        assert_eq!((cluster.authentication, cluster.core), (None, None));
        assert_eq!((cluster.tokens, cluster.access), (Lifetimes::default(), Lifetimes::default()));
        assert_eq!(cluster.always_allowed, AlwaysAllowPaths::default());
    }

    #[test]
    fn the_usual_flags_are_understood() {
        let cluster = cluster(&USUAL).unwrap();
        let path = |path: &str| Some(path.into());
        assert_eq!(cluster.serving.unwrap().key, Path::new("/etc/apiserver/certs/tls.key"));
        assert_eq!(cluster.authentication, path("/etc/apiserver/kubeconfig"));
        assert_eq!(cluster.authorization, path("/etc/apiserver/kubeconfig"));
        let Source::Flags(proxies) = cluster.front_proxies else { panic!("{:?}", cluster.front_proxies) };
        assert_eq!(proxies.allowed_names, ["front-proxy-client"]);
        assert_eq!(cluster.client_authorities, Source::Cluster);
    }

    #[test]
    fn what_is_not_said_is_not_looked_up_when_that_is_said() {
        for skip in ["--authentication-skip-lookup", "--authentication-skip-lookup=true"] {
            let cluster = cluster(&[skip, "--client-ca-file", "/ca.crt"]).unwrap();
            assert_eq!(cluster.front_proxies, Source::Nowhere);
            assert_eq!(cluster.client_authorities, Source::Flags("/ca.crt".into()));
        }
        let looked_up = cluster(&["--authentication-skip-lookup=false"]).unwrap();
        assert_eq!(looked_up.front_proxies, Source::Cluster);
    }

    #[test]
    fn one_kubeconfig_is_enough() {
        let all = cluster(&["--kubeconfig", "/k", "--authorization-kubeconfig", "/z"]).unwrap();
        let path = |path: &str| Some(path.into());
        assert_eq!((all.authentication, all.authorization, all.core), (path("/k"), path("/z"), path("/k")));
    }

    #[test]
    fn lists_are_separated_by_commas_or_given_one_by_one() {
        let flags = ["--requestheader-client-ca-file=/ca", "--requestheader-allowed-names=a,b"];
        let more = "--requestheader-allowed-names=c";
        let Source::Flags(proxies) = cluster(&[flags[0], flags[1], more]).unwrap().front_proxies else {
            panic!("flags count")
        };
        assert_eq!(proxies.allowed_names, ["a", "b", "c"]);
        let Source::Flags(proxies) =
            cluster(&[flags[0], "--requestheader-allowed-names="]).unwrap().front_proxies
        else {
            panic!("flags count")
        };
        assert_eq!(proxies.allowed_names, [""; 0]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(cluster(&["--tls-cert-file", "/c"]).unwrap_err(), ConfigError::HalfACertificate);
        for flags in [
            ["--requestheader-username-headers", " "],
            ["--requestheader-extra-headers-prefix", "a,"],
            ["--requestheader-allowed-names", "a,"],
        ] {
            assert!(matches!(cluster(&flags), Err(ConfigError::RemoteHeaders(_))), "{flags:?}");
        }
        let error = cluster(&["--authorization-always-allow-paths", "/a*b"]).unwrap_err();
        assert_eq!(error, ConfigError::AlwaysAllowed("/a*b".to_owned()));
        let error = cluster(&["--authorization-webhook-cache-authorized-ttl", "soon"]).unwrap_err();
        assert!(matches!(error, ConfigError::Duration { .. }), "{error}");
    }
}
