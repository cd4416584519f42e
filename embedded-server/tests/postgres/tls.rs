//! Connections that nobody else reads, to a server that is who it should be.

use std::fs;
use std::sync::OnceLock;

use embedded_server::storage::PostgresError;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::server::{Certificates, Server};
use crate::{create, try_open};

/// A server with certificates, beside the files that a client has.
struct Stage {
    server: Server,
}

impl Stage {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Stage> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let (root, root_key) = authority("the one");
        let (other, _) = authority("another");
        let issuer = Issuer::from_params(&root, &root_key);
        let (server, server_key) = leaf("db.test", &issuer);
        let (client, client_key) = leaf("certain", &issuer);
        let root = root.self_signed(&root_key).unwrap().pem();
        let certificates = Certificates { chain: server, key: server_key, clients: root.clone() };
        let server = Server::start(Some(&certificates));
        for (name, text) in
            [("root", &root), ("other", &other_pem(&other)), ("client", &client), ("key", &client_key)]
        {
            fs::write(server.directory().join(name), text).unwrap();
        }
        server.sql("CREATE USER certain SUPERUSER");
        Self { server }
    }

    /// Returns the URL of an empty store on `host`, with parameters in which `@` stands for the files.
    fn url(&self, user: &str, host: &str, parameters: &str) -> String {
        let files = self.server.directory().to_str().unwrap();
        let parameters = parameters.replace('@', &format!("{files}/"));
        let (port, schema) = (self.server.port(), self.server.unused_name());
        format!("postgres://{user}@{host}:{port}/postgres?hostaddr=127.0.0.1&schema={schema}&{parameters}")
    }

    async fn open(&self, host: &str, parameters: &str) -> Result<(), PostgresError> {
        try_open(&self.url("tests", host, parameters)).await.map(drop)
    }
}

fn authority(name: &str) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    (params, KeyPair::generate().unwrap())
}

fn other_pem(params: &CertificateParams) -> String {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

fn leaf(name: &str, issuer: &Issuer<'_, &KeyPair>) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_verified_server_has_to_be_of_the_authority_and_of_the_name() {
    let stage = Stage::shared();
    stage.open("db.test", "sslmode=verify-full&sslrootcert=@root").await.unwrap();
    stage.open("other.test", "sslmode=verify-full&sslrootcert=@root").await.unwrap_err();
    stage.open("db.test", "sslmode=verify-full&sslrootcert=@other").await.unwrap_err();
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_name_is_not_asked_for_where_only_the_authority_counts() {
    let stage = Stage::shared();
    stage.open("other.test", "sslmode=verify-ca&sslrootcert=@root").await.unwrap();
    stage.open("other.test", "sslmode=verify-ca&sslrootcert=@other").await.unwrap_err();
    stage.open("db.test", "sslmode=require&sslrootcert=@other").await.unwrap_err();
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn any_server_will_do_where_nobody_is_trusted() {
    let stage = Stage::shared();
    for mode in ["require", "prefer", "disable"] {
        stage.open("other.test", &format!("sslmode={mode}")).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_client_can_be_known_by_its_certificate() {
    let stage = Stage::shared();
    let url =
        stage.url("certain", "db.test", "sslmode=verify-full&sslrootcert=@root&sslcert=@client&sslkey=@key");
    create(&try_open(&url).await.unwrap(), "a", "1").await;
    let nameless = stage.url("certain", "db.test", "sslmode=require");
    let error = try_open(&nameless).await.unwrap_err();
    assert!(matches!(error, PostgresError::Refused { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_file_that_cannot_be_used_is_named() {
    let stage = Stage::shared();
    let error = stage.open("db.test", "sslrootcert=@nowhere").await.unwrap_err();
    assert!(matches!(error, PostgresError::TlsFile(_)) && error.to_string().contains("nowhere"), "{error}");
}
