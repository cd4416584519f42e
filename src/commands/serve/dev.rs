//! Serving without a cluster: who shows a certificate of the own authority is believed, and only the administrator
//! may do anything.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context;
use embedded_server::admission::Chain;
use embedded_server::authentication::{self, Authorities, ClientCertificate};
use embedded_server::authorization::{self, AlwaysAllowPaths, PrivilegedGroup};
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::metrics::Metrics;
use embedded_server::server::pem;
use embedded_server::storage::Backend;
use tokio::sync::oneshot;

use super::certificate::CertificateFiles;
use super::server::{self, Doors, Records};
use super::{announced, proof};
use crate::config::{DevConfig, ServeConfig, StorageUrl};
use crate::failure::Hint;
use crate::kubeconfig;
use crate::pki::San;
use crate::pki::dev::{self, DevMaterial};
use crate::printer::Printer;
use crate::signals::Signals;

/// The name that this program is installed by.
const NAME: &str = "wfctl";

/// Refuses what would be lost by serving.
pub(super) fn check(dev: &DevConfig) -> anyhow::Result<()> {
    kubeconfig::check_replaceable(&dev.kubeconfig)
}

/// Runs the server and, once it is ready, greets; ends when the server does, or when it does not answer.
pub(super) async fn serve_from(
    store: Arc<dyn Backend>,
    config: &ServeConfig,
    dev: &DevConfig,
    records: Records,
    signals: &Signals,
    printer: &Printer,
) -> anyhow::Result<()> {
    let material = prepare(config, dev, printer)?;
    let (ready, bound) = oneshot::channel();
    let stop = announced(signals.reached(1), printer.clone());
    let doors = doors(dev, &material, &records.metrics)?;
    let mut server = pin!(server::run(config, doors, records, store, printer, ready, stop));
    tokio::select! {
        ended = &mut server => return ended,
        greeted = greet(dev, &material, bound, printer) => greeted?,
    }
    server.await
}

fn doors(dev: &DevConfig, material: &DevMaterial, metrics: &Metrics) -> anyhow::Result<Doors> {
    let authorities = pem::certificates(material.authority.as_bytes())
        .context("cannot read the certificate authority")
        .and_then(|certificates| Ok(Authorities::new(&certificates)?))?;
    let certificates = ClientCertificate::trusting(authorities, Arc::new(SystemClock));
    let (certificate, key) = dev::serving_files(&dev.pki);
    Ok(Doors {
        certificate: CertificateFiles { certificate, key }
            .follow(Arc::new(SystemClock), server::told(metrics))?,
        authenticators: authentication::Union::new(vec![Arc::new(certificates)]),
        authorizer: authorization::Union::new(vec![
            Arc::new(PrivilegedGroup),
            Arc::new(AlwaysAllowPaths::default()),
        ]),
        admission: Chain::default(),
        checks: Vec::new(),
    })
}

fn prepare(config: &ServeConfig, dev: &DevConfig, printer: &Printer) -> anyhow::Result<DevMaterial> {
    let _step = printer.step("Making certificates");
    dev::prepare(&dev.pki, SystemClock.now(), &serving_names(config.listen))
        .context("cannot prepare the certificates")
        .hint(match config.storage {
            StorageUrl::Sled(_) => "they are kept beside the data; --storage sled:PATH puts both elsewhere",
            StorageUrl::Memory | StorageUrl::Postgres(_) | StorageUrl::Etcd(_) => {
                "they are kept beside the kubeconfig; --write-kubeconfig FILE puts both elsewhere"
            }
        })
}

/// The names a client on this machine may use, and the address that was asked for.
fn serving_names(listen: SocketAddr) -> Vec<San> {
    let mut names = vec![San::from("localhost"), San::Ip(Ipv4Addr::LOCALHOST.into())];
    names.push(San::Ip(Ipv6Addr::LOCALHOST.into()));
    let asked = San::Ip(listen.ip());
    if !listen.ip().is_unspecified() && !names.contains(&asked) {
        names.push(asked);
    }
    names
}

/// Waits until the server listens, writes the kubeconfig, proves that the server answers to it, and says what
/// to do next.
async fn greet(
    dev: &DevConfig,
    material: &DevMaterial,
    bound: oneshot::Receiver<SocketAddr>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let Ok(bound) = bound.await else {
        return Ok(());
    };
    let address = ServeConfig::client_address(bound);
    let path = &dev.kubeconfig;
    kubeconfig::write(path, &kubeconfig::build(address, material))?;
    let workflows = {
        let _step = printer.step("Waiting for the first answer");
        proof::prove(path)
            .await
            .with_context(|| format!("the server at https://{address} does not answer"))?
    };
    printer.note(greeting(address, workflows, path, &own_command()));
    Ok(())
}

fn greeting(address: SocketAddr, workflows: usize, kubeconfig: &Path, command: &str) -> String {
    let path = std::path::absolute(kubeconfig).unwrap_or_else(|_| kubeconfig.to_owned());
    let stored = match workflows {
        0 => "no Workflows yet".to_owned(),
        1 => "1 Workflow".to_owned(),
        many => format!("{many} Workflows"),
    };
    format!(
        "wfctl serves https://{address} ({stored})\n\n\
         Use it in another terminal:\n  \
           export KUBECONFIG={path}\n  \
           kubectl get workflows\n  \
           {command} example | kubectl apply -f -\n  \
           kubectl explain workflow.spec.steps\n\n\
         Ctrl-C stops it.",
        path = quoted(&path.display().to_string()),
    )
}

/// Returns what to type to run this program again, from any directory.
fn own_command() -> String {
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::current_exe().map_or_else(|_| NAME.to_owned(), |program| command(&program, &search))
}

/// Returns the bare name where a shell that searches `search` finds `program` by it, else the whole path.
fn command(program: &Path, search: &OsStr) -> String {
    let found =
        std::env::split_paths(search).map(|directory| directory.join(NAME)).find(|path| path.is_file());
    let same = found.is_some_and(|found| is_same_file(&found, program));
    if same { NAME.to_owned() } else { quoted(&program.display().to_string()) }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Returns `path` as one word of a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_names_address_kubeconfig_and_three_commands() {
        let address = "127.0.0.1:8443".parse().unwrap();
        let text = greeting(address, 0, Path::new("/srv/my data/kubeconfig"), "/src/wfctl");
        assert!(text.starts_with("wfctl serves https://127.0.0.1:8443 (no Workflows yet)\n"), "{text}");
        assert!(text.contains("\n  export KUBECONFIG='/srv/my data/kubeconfig'\n"), "{text}");
        assert!(text.contains("\n  /src/wfctl example | kubectl apply -f -\n"), "{text}");
    }

    #[test]
    fn a_server_is_good_for_the_address_it_was_asked_to_listen_on() {
        let names = |listen: &str| serving_names(listen.parse().unwrap());
        assert_eq!(names("127.0.0.1:1"), names("0.0.0.0:1"));
        assert!(names("10.0.0.7:1").contains(&San::from("10.0.0.7")));
    }

    #[test]
    fn the_program_is_called_by_the_name_that_a_shell_finds_it_by() {
        let [first, second] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let [old, new] = [&first, &second].map(|directory| directory.path().join(NAME));
        std::fs::write(&new, "").unwrap();
        let search = std::env::join_paths([first.path(), second.path()]).unwrap();
        assert_eq!(command(&new, &search), NAME);
        assert_eq!(command(&new, OsStr::new("")), new.display().to_string());
        std::fs::write(&old, "").unwrap();
        assert_eq!(command(&new, &search), new.display().to_string(), "another one comes first");
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted("/a/b-c"), "/a/b-c");
        assert_eq!(quoted("/it's here"), r"'/it'\''s here'");
    }
}
