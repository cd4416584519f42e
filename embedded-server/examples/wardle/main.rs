//! The sample of the Kubernetes project, `k8s.io/sample-apiserver`, on this library: the same types, versions,
//! rules and flags.
//!
//! ```sh
//! cargo run -p embedded-server --example wardle -- --secure-port 8443 --insecure-allow-all
//! curl -k https://localhost:8443/apis/wardle.example.com/v1beta1/flunders
//! ```

#![allow(clippy::print_stderr, reason = "it is a program, and this its only file that speaks")]

mod api;
mod flags;
mod ignored;
mod types;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs, io};

use async_trait::async_trait;
use embedded_server::authentication::{
    self, Authenticator, Authorities, ClientCertificate, FrontProxies, FrontProxy, FrontProxyConfig,
    RemoteHeaders,
};
use embedded_server::authorization::{
    self, AlwaysAllowPaths, Authorizer, Decision, PrivilegedGroup, Unanswered, Verdict,
};
use embedded_server::cacher::Limits;
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::endpoints::{Api, Builder};
use embedded_server::meta::{Attributes, UserInfo};
use embedded_server::server::{Config, Server, ServingCertificate, TlsPolicy, pem};
use embedded_server::storage::{Backend, Memory, Sled, SledOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::flags::Flags;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse_all(env::args()).unwrap_or_else(|error| error.exit());
    for warning in &flags.warnings {
        eprintln!("warning: {warning}");
    }
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop =
        async { _ = tokio::select! { told = terminated.recv() => told, told = interrupted.recv() => told } };
    let server = Server::bind(flags.address(), config(&flags)?).await?;
    let certificate = serving_certificate(&flags)?;
    let store = store(&flags)?;
    let api = api(&flags, Arc::clone(&store), &server.address().to_string()).await?;
    eprintln!("serving on https://{}", server.address());
    server.run(Arc::new(api), &certificate, stop).await;
    store.close().await;
    Ok(())
}

async fn api(flags: &Flags, store: Arc<dyn Backend>, address: &str) -> Result<Api> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let authenticators = authenticators(flags, &clock)?;
    let mut authorizers: Vec<Arc<dyn Authorizer>> = vec![
        Arc::new(PrivilegedGroup),
        Arc::new(AlwaysAllowPaths::new(flags.authorization_always_allow_paths.clone())?),
    ];
    if flags.insecure_allow_all {
        authorizers.push(Arc::new(AllowAll));
    }
    let authorizer = authorization::Union::new(authorizers);
    let builder = Builder::new(authentication::Union::new(authenticators), Arc::new(authorizer));
    let served = api::serve(store, clock, Limits::default(), flags.bans_flunders()).await?;
    Ok(served.into_iter().fold(builder, Builder::serve).build(address))
}

/// Returns who is believed: front proxies, then client certificates.
fn authenticators(flags: &Flags, clock: &Arc<dyn Clock>) -> Result<Vec<Arc<dyn Authenticator>>> {
    let mut authenticators: Vec<Arc<dyn Authenticator>> = Vec::new();
    if let Some(file) = &flags.requestheader_client_ca_file {
        let known = FrontProxies::Known(Arc::new(front_proxies(flags, file)?));
        authenticators.push(Arc::new(FrontProxy::new(watch::channel(known).1, Arc::clone(clock))));
    }
    if let Some(file) = &flags.client_ca_file {
        authenticators.push(Arc::new(ClientCertificate::trusting(authorities(file)?, Arc::clone(clock))));
    }
    Ok(authenticators)
}

fn front_proxies(flags: &Flags, file: &Path) -> Result<FrontProxyConfig> {
    let headers = RemoteHeaders::new(
        &flags.requestheader_username_headers,
        &flags.requestheader_uid_headers,
        &flags.requestheader_group_headers,
        &flags.requestheader_extra_headers_prefix,
    )?;
    let allowed_names = flags.requestheader_allowed_names.clone();
    Ok(FrontProxyConfig { authorities: authorities(file)?, allowed_names, headers })
}

fn authorities(file: &Path) -> Result<Authorities> {
    Ok(Authorities::new(&pem::certificates(&fs::read(file)?)?)?)
}

/// Returns how the server behaves.
fn config(flags: &Flags) -> Result<Config> {
    let mut tls = TlsPolicy::default();
    if let Some(version) = &flags.tls_min_version {
        tls = tls.at_least(version)?;
    }
    if !flags.tls_cipher_suites.is_empty() {
        tls = tls.with_suites(flags.tls_cipher_suites.iter().map(String::as_str))?;
    }
    let usual = Config::default();
    Ok(Config { http2_streams: flags.http2_streams().unwrap_or(usual.http2_streams), tls, ..usual })
}

fn store(flags: &Flags) -> Result<Arc<dyn Backend>> {
    Ok(match &flags.data_dir {
        Some(directory) => Arc::new(Sled::open(directory, SledOptions::default())?),
        None => Arc::new(Memory::new()),
    })
}

/// Returns the certificate that was given, or else that of the directory, which is made if it is not there.
fn serving_certificate(flags: &Flags) -> Result<ServingCertificate> {
    let in_directory = |name: &str| flags.cert_dir.join(name);
    let certificate = flags.tls_cert_file.clone().unwrap_or_else(|| in_directory("apiserver.crt"));
    let key = flags.tls_private_key_file.clone().unwrap_or_else(|| in_directory("apiserver.key"));
    if flags.tls_cert_file.is_none() && !certificate.exists() {
        fs::create_dir_all(&flags.cert_dir)?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        write_private(&key, &made.signing_key.serialize_pem())?;
        fs::write(&certificate, made.cert.pem())?;
    }
    let chain = pem::certificates(&fs::read(certificate)?)?;
    Ok(ServingCertificate::new(chain, pem::private_key(&fs::read(key)?)?)?)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Lets everybody do everything.
#[derive(Debug)]
struct AllowAll;

#[async_trait]
impl Authorizer for AllowAll {
    async fn authorize(&self, _: &UserInfo, _: &Attributes) -> std::result::Result<Verdict, Unanswered> {
        Ok(Decision::Allow.into())
    }
}
