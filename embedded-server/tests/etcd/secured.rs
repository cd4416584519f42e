//! An etcd that wants to know who comes, and shows who it is.

use std::fs;
use std::path::Path;

use embedded_server::storage::{Etcd, EtcdConfig, Revision, StorageError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use serde_json::json;

use super::gateway::{Gateway, encoded};
use super::server::Server;
use super::tools::{Events, create};

/// Makes an authority and a certificate that is good for both ends of a connection.
fn write_certificates(directory: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    fs::write(directory.join("ca.crt"), authority.pem()).unwrap();
    fs::write(directory.join("tls.crt"), certificate.pem()).unwrap();
    fs::write(directory.join("tls.key"), key.serialize_pem()).unwrap();
}

async fn open(url: &str) -> Result<Etcd, StorageError> {
    Etcd::open(url.parse::<EtcdConfig>().unwrap()).await
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn certificates_are_shown_and_verified() {
    let (ours, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_certificates(ours.path());
    write_certificates(others.path());
    let file = |name| ours.path().join(name).display().to_string();
    let server = Server::start(&[
        &format!("--cert-file={}", file("tls.crt")),
        &format!("--key-file={}", file("tls.key")),
        &format!("--trusted-ca-file={}", file("ca.crt")),
        "--client-cert-auth",
    ]);
    let (address, other) = (&server.address, others.path().display());
    let identity = format!("cert={}&key={}", file("tls.crt"), file("tls.key"));
    let store = open(&format!("etcd://{address}?ca={}&{identity}", file("ca.crt"))).await.unwrap();
    let mut events = Events::after(&store, Revision::FIRST).await;
    let revision = create(&store, "a").await;
    assert_eq!(events.next().await.revision, revision);
    for (url, why) in [
        (format!("etcd://{address}"), "nothing is encrypted"),
        (format!("etcd://{address}?ca={}", file("ca.crt")), "nobody is shown"),
        (format!("etcd://{address}?ca={other}/ca.crt&{identity}"), "the server is not trusted"),
        (format!("etcd://{address}?ca={other}/none&{identity}"), "there is no such file"),
    ] {
        let refused = open(&url).await;
        assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{why}: {refused:?}");
    }
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_user_needs_no_more_than_the_prefix() {
    // Tokens run out after a second without a request.
    let server = Server::start(&["--auth-token-ttl=1"]);
    let gateway = Gateway::of(&server.address);
    let range = json!({ "permType": "READWRITE", "key": encoded("/mine/"), "range_end": encoded("/mine0") });
    for (path, body) in [
        ("auth/user/add", json!({ "name": "root", "password": "root" })),
        ("auth/role/add", json!({ "name": "root" })),
        ("auth/user/grant", json!({ "user": "root", "role": "root" })),
        ("auth/user/add", json!({ "name": "me", "password": "p@ss" })),
        ("auth/role/add", json!({ "name": "mine" })),
        ("auth/role/grant", json!({ "name": "mine", "perm": range })),
        ("auth/user/grant", json!({ "user": "me", "role": "mine" })),
        ("auth/enable", json!({})),
    ] {
        gateway.ask(path, &body).await;
    }
    let address = &server.address;
    let store = open(&format!("etcd://me:p%40ss@{address}/mine")).await.unwrap();
    let mut events = Events::after(&store, Revision::FIRST).await;
    let revision = create(&store, "a").await;
    assert_eq!(events.next().await.revision, revision);
    for url in [
        format!("etcd://{address}/mine"),
        format!("etcd://me:wrong@{address}/mine"),
        format!("etcd://me:p%40ss@{address}/theirs"),
    ] {
        let refused = open(&url).await;
        assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{url}: {refused:?}");
    }
}
