//! The kubeconfig of `serve --dev`: one cluster, one user, certificates inside.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::codec::yaml;
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};

use crate::failure::Hint;
use crate::files;
use crate::pki::dev::{ADMIN_USER, DevMaterial};

/// The name of the cluster and of the context.
const NAME: &str = "wfctl-dev";

/// Returns the kubeconfig of a server at `address` for the admin in `material`.
pub(crate) fn build(address: SocketAddr, material: &DevMaterial) -> Kubeconfig {
    Kubeconfig {
        api_version: Some("v1".to_owned()),
        kind: Some("Config".to_owned()),
        clusters: vec![NamedCluster {
            name: NAME.to_owned(),
            cluster: Some(cluster(address, material)),
            ..Default::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: ADMIN_USER.to_owned(),
            auth_info: Some(admin(material)),
            ..Default::default()
        }],
        contexts: vec![NamedContext {
            name: NAME.to_owned(),
            context: Some(context()),
            ..Default::default()
        }],
        current_context: Some(NAME.to_owned()),
        ..Default::default()
    }
}

/// Writes `kubeconfig` to `path`, for its owner alone, making the directory where it is missing.
///
/// # Errors
///
/// The file cannot be written, or [`check_replaceable`] refuses.
pub(crate) fn write(path: &Path, kubeconfig: &Kubeconfig) -> anyhow::Result<()> {
    check_replaceable(path)?;
    let text = yaml::to_string(kubeconfig)?;
    files::create_private_directory(files::directory_of(path))
        .and_then(|()| files::write_private(path, text.as_bytes()))
        .with_context(|| format!("cannot write the kubeconfig {}", path.display()))
        .hint("--write-kubeconfig FILE writes it elsewhere")
}

/// Refuses a file that holds anything but what an earlier run wrote: a kubeconfig with clusters of the user's
/// is not to be lost.
pub(crate) fn check_replaceable(path: &Path) -> anyhow::Result<()> {
    let found = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("cannot read {}", path.display()))?,
    };
    if found.is_empty() || is_ours(&found) {
        return Ok(());
    }
    Err(anyhow!("{} is there already and was not written by wfctl serve --dev", path.display()))
        .hint("--write-kubeconfig FILE writes the kubeconfig elsewhere")
}

fn is_ours(found: &[u8]) -> bool {
    yaml::from_slice::<Kubeconfig>(found).is_ok_and(|found| {
        found.clusters.iter().all(|cluster| cluster.name == NAME)
            && found.contexts.iter().all(|context| context.name == NAME)
            && found.auth_infos.iter().all(|user| user.name == ADMIN_USER)
            && found.current_context.as_deref() == Some(NAME)
    })
}

fn cluster(address: SocketAddr, material: &DevMaterial) -> Cluster {
    Cluster {
        server: Some(format!("https://{address}")),
        certificate_authority_data: Some(BASE64_STANDARD.encode(&material.authority)),
        ..Default::default()
    }
}

fn admin(material: &DevMaterial) -> AuthInfo {
    AuthInfo {
        client_certificate_data: Some(BASE64_STANDARD.encode(&material.admin.certificate)),
        client_key_data: Some(BASE64_STANDARD.encode(material.admin.key.expose_pem()).into()),
        ..Default::default()
    }
}

fn context() -> Context {
    Context {
        cluster: NAME.to_owned(),
        user: Some(ADMIN_USER.to_owned()),
        namespace: Some("default".to_owned()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use embedded_server::clock::{Clock, SystemClock};

    use super::*;
    use crate::pki::dev;

    fn kubeconfig(directory: &Path) -> Kubeconfig {
        let material =
            dev::prepare(&directory.join("pki"), SystemClock.now(), &["localhost".into()]).unwrap();
        build("127.0.0.1:8443".parse().unwrap(), &material)
    }

    #[test]
    fn a_client_can_be_made_from_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/kubeconfig");
        write(&path, &kubeconfig(directory.path())).unwrap();
        let read = Kubeconfig::read_from(&path).unwrap();
        let cluster = read.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:8443"));
        assert_eq!(read.contexts[0].context.clone().unwrap().namespace.as_deref(), Some("default"));
        let ca = BASE64_STANDARD.decode(cluster.certificate_authority_data.unwrap()).unwrap();
        assert!(ca.starts_with(b"-----BEGIN CERTIFICATE-----"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_address_of_ipv6_stands_in_brackets() {
        let directory = tempfile::tempdir().unwrap();
        let material = dev::prepare(directory.path(), SystemClock.now(), &["localhost".into()]).unwrap();
        let kubeconfig = build("[::1]:1".parse().unwrap(), &material);
        let server = kubeconfig.clusters[0].cluster.clone().unwrap().server;
        assert_eq!(server.as_deref(), Some("https://[::1]:1"));
    }

    #[test]
    fn a_kubeconfig_of_an_earlier_run_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kubeconfig");
        let kubeconfig = kubeconfig(directory.path());
        write(&path, &kubeconfig).unwrap();
        write(&path, &kubeconfig).unwrap();
    }

    #[test]
    fn a_kubeconfig_of_the_user_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        let mut theirs = kubeconfig(directory.path());
        theirs.clusters.push(NamedCluster { name: "production".to_owned(), ..Default::default() });
        let text = yaml::to_string(&theirs).unwrap();
        fs::write(&path, &text).unwrap();
        assert!(write(&path, &kubeconfig(directory.path())).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
