//! Servers on storage that wants to know who comes, and shows who it is.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};

use super::etcd;
use super::standin::Cluster;
use super::{NAMESPACE, lasting};

/// Makes an authority and a certificate that is good for both ends of a connection, whose files are here and there.
fn write_certificates(here: &Path, there: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    for directory in [here, there] {
        fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
        fs::write(directory.join("me.pem"), certificate.pem()).unwrap();
        fs::write(directory.join("me.key"), key.serialize_pem()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs etcd"]
async fn servers_get_the_files_that_the_storage_url_names() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_certificates(ours.path(), theirs.path());
    let (at, ours_at) = (theirs.path().display(), ours.path().display().to_string());
    let server = etcd::Server::start(&[
        &format!("--cert-file={at}/me.pem"),
        &format!("--key-file={at}/me.key"),
        &format!("--trusted-ca-file={at}/ca.pem"),
        "--client-cert-auth",
    ]);
    let cluster = Cluster::start().await;
    let files = format!("ca={ours_at}/ca.pem&cert={ours_at}/me.pem&key={ours_at}/me.key");
    let url = format!("etcd://{}/x?{files}", server.address);
    cluster.run(&format!("install --replicas 2 --storage {url}")).await.expect(0);
    check_secrecy(&cluster, &fs::read_to_string(theirs.path().join("me.key")).unwrap()).await;

    ours.close().unwrap();
    cluster.run("install --replicas 1").await.expect(0);
    let output = cluster.run(&format!("install --storage {url}")).await.expect(1);
    assert!(output.stderr.contains(&format!("cannot read {ours_at}/ca.pem")), "{}", output.stderr);
    assert!(output.stderr.contains("hint: the storage URL names files in PEM"), "{}", output.stderr);
}

/// Fails when a key stands anywhere but in the two Secrets that are there for it.
async fn check_secrecy(cluster: &Cluster, key: &str) {
    let secrets = ["workflow-apiserver-storage", "workflow-apiserver-installation"];
    let secrets = secrets.map(|name| format!("/secrets/{NAMESPACE}/{name}"));
    let (line, contents) = (key.lines().nth(1).unwrap(), lasting(cluster).await);
    assert!(secrets.iter().all(|secret| contents.contains_key(secret)));
    for (name, object) in contents.iter().filter(|(name, _)| !secrets.contains(name)) {
        assert!(!object.to_string().contains(line), "{name} has the key");
    }
}
