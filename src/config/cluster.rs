//! What serving in a cluster needs to know before it asks the cluster.

use std::path::PathBuf;

use embedded_server::authentication::RemoteHeaders;
use embedded_server::authorization::AlwaysAllowPaths;
use embedded_server::lookup::Lifetimes;

use super::{ConfigError, SecretName, duration};
use crate::cli::Delegation;

/// How the server finds out who is who and who may do what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ClusterConfig {
    /// Where the serving certificate comes from.
    pub(crate) serving: Serving,
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
    /// Who has a say in writes.
    pub(crate) plugins: Plugins,
    /// What everybody may ask for.
    pub(crate) always_allowed: AlwaysAllowPaths,
}

/// The admission plugins that are on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Plugins {
    /// Whether nothing is created where there is no namespace.
    pub(crate) namespace_lifecycle: bool,
    /// Whether the mutating webhooks of the cluster are called.
    pub(crate) mutating_webhooks: bool,
    /// Whether the validating webhooks of the cluster are called.
    pub(crate) validating_webhooks: bool,
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

/// Where the serving certificate and its key come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Serving {
    /// From nowhere: they are made up.
    MadeUp,
    /// From files.
    Files {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// From a Secret in the cluster.
    Secret(SecretName),
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
            plugins: plugins(typed)?,
            always_allowed: always_allowed(typed)?,
        })
    }
}

fn serving(typed: &Delegation) -> Result<Serving, ConfigError> {
    let files = (typed.tls_cert_file.clone(), typed.tls_private_key_file.clone());
    match (files, typed.tls_secret.as_deref()) {
        ((None, None), None) => Ok(Serving::MadeUp),
        ((None, None), Some(name)) => Ok(Serving::Secret(name.parse()?)),
        ((Some(certificate), Some(key)), None) => Ok(Serving::Files { certificate, key }),
        (_, None) => Err(ConfigError::HalfACertificate),
        (_, Some(_)) => Err(ConfigError::TwoCertificates),
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

/// The plugins that are here.
const PLUGINS: [&str; 3] = [NAMESPACE_LIFECYCLE, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS];
const NAMESPACE_LIFECYCLE: &str = "NamespaceLifecycle";
const MUTATING_WEBHOOKS: &str = "MutatingAdmissionWebhook";
const VALIDATING_WEBHOOKS: &str = "ValidatingAdmissionWebhook";
/// Those that servers built with `k8s.io/apiserver` have besides. Source: `apiserver/pkg/server/options/admission.go`.
const ABSENT: [&str; 2] = ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"];

fn plugins(typed: &Delegation) -> Result<Plugins, ConfigError> {
    let (on, off) = (list(&typed.enable_admission_plugins), list(&typed.disable_admission_plugins));
    let here = |name: &&String| PLUGINS.contains(&name.as_str());
    let strange = off.iter().find(|name| !here(name) && !ABSENT.contains(&name.as_str()));
    if let Some(name) = on.iter().find(|name| !here(name)).or(strange) {
        return Err(ConfigError::Plugin(name.clone()));
    }
    let is_on = |plugin: &str| !off.iter().any(|name| name == plugin);
    Ok(Plugins {
        namespace_lifecycle: is_on(NAMESPACE_LIFECYCLE),
        mutating_webhooks: is_on(MUTATING_WEBHOOKS),
        validating_webhooks: is_on(VALIDATING_WEBHOOKS),
    })
}

fn always_allowed(typed: &Delegation) -> Result<AlwaysAllowPaths, ConfigError> {
    let paths = list(&typed.authorization_always_allow_paths).iter().cloned();
    AlwaysAllowPaths::new(paths).map_err(ConfigError::AlwaysAllowed)
}

#[cfg(test)]
mod tests {
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
        let (certificate, key) =
            ("/etc/apiserver/certs/tls.crt".into(), "/etc/apiserver/certs/tls.key".into());
        assert_eq!(cluster.serving, Serving::Files { certificate, key });
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
    fn the_certificate_may_be_in_a_secret() {
        let secret = cluster(&["--tls-secret", "workflow-system/workflow-apiserver-certs"]).unwrap().serving;
        assert_eq!(secret, Serving::Secret("workflow-system/workflow-apiserver-certs".parse().unwrap()));
    }

    fn plugins(flags: &[&str]) -> [bool; 3] {
        let plugins = cluster(flags).unwrap().plugins;
        [plugins.namespace_lifecycle, plugins.mutating_webhooks, plugins.validating_webhooks]
    }

    #[test]
    fn every_plugin_is_on_until_it_is_disabled() {
        let all = "--enable-admission-plugins=NamespaceLifecycle,MutatingAdmissionWebhook,ValidatingAdmissionWebhook";
        assert_eq!([plugins(&[]), plugins(&[all])], [[true; 3]; 2]);
        let without = "--disable-admission-plugins=ValidatingAdmissionWebhook,MutatingAdmissionWebhook";
        assert_eq!(plugins(&[without]), [true, false, false]);
        assert_eq!(plugins(&["--disable-admission-plugins=NamespaceLifecycle"]), [false, true, true]);
    }

    #[test]
    fn plugins_that_are_not_there_can_be_left_out_but_not_asked_for() {
        assert_eq!(plugins(&["--disable-admission-plugins=ValidatingAdmissionPolicy"]), [true; 3]);
        for wrong in [
            "--enable-admission-plugins=ValidatingAdmissionPolicy",
            "--enable-admission-plugins=LimitRanger",
            "--disable-admission-plugins=LimitRanger",
        ] {
            assert!(matches!(cluster(&[wrong]), Err(ConfigError::Plugin(_))), "{wrong}");
        }
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
        let both = ["--tls-secret=a/b", "--tls-cert-file=/c", "--tls-private-key-file=/k"];
        assert_eq!(cluster(&both).unwrap_err(), ConfigError::TwoCertificates);
        assert!(matches!(cluster(&["--tls-secret=certs"]), Err(ConfigError::SecretName(_))));
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
