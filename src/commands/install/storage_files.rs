//! The files for TLS that a storage URL names: read where wfctl runs, carried in a Secret, mounted where servers run.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, anyhow};
use embedded_server::server::pem::{self, PemError};
use embedded_server::server::{ServingPair, TlsError};

use crate::failure::Hint;
use crate::settings::StorageSettings;
use crate::values::tls::{self, TlsFile};

const HINT: &str =
    "the storage URL names files in PEM on this machine; wfctl puts them into a Secret that the servers read";

/// A file that was taken over, and where it was.
struct Taken {
    file: TlsFile,
    path: String,
    text: String,
}

/// Takes over the files that the URL names, and lets it name them where servers find them. What an earlier run took
/// over is kept while the URL names its place.
///
/// # Errors
///
/// One cannot be read or is not what it has to be, or a key is not that of its certificate.
pub(super) fn take(storage: &mut StorageSettings) -> anyhow::Result<()> {
    let before = std::mem::take(&mut storage.files);
    let named = storage.url.as_deref().map(tls::named).unwrap_or_default().into_iter();
    let taken = named.map(|(file, path)| Taken::from(file, path, &before));
    let taken = taken.collect::<anyhow::Result<Vec<_>>>()?;
    check_pair(&taken)?;
    storage.url = storage.url.as_deref().map(tls::relocated);
    storage.files = taken.into_iter().map(|taken| (taken.file.name().to_owned(), taken.text)).collect();
    Ok(())
}

impl Taken {
    fn from(file: TlsFile, path: String, before: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let text = match before.get(file.name()) {
            Some(text) if path == file.place() => text.clone(),
            _ => read(&path)?,
        };
        let taken = Self { file, path, text };
        taken.check().with_context(|| format!("{} cannot be used for TLS", taken.path)).hint(HINT)?;
        Ok(taken)
    }

    fn check(&self) -> Result<(), PemError> {
        let pem = self.text.as_bytes();
        match self.file {
            TlsFile::Authority => pem::roots(pem).map(drop),
            TlsFile::Certificate => pem::certificates(pem).map(drop),
            TlsFile::Key => pem::private_key(pem).map(drop),
        }
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {path}")).hint(HINT)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn check_pair(taken: &[Taken]) -> anyhow::Result<()> {
    let the = |file| taken.iter().rfind(|taken| taken.file == file);
    let (Some(certificate), Some(key)) = (the(TlsFile::Certificate), the(TlsFile::Key)) else {
        return Ok(());
    };
    let pair = ServingPair::from_pem(certificate.text.as_bytes(), key.text.as_bytes());
    let (certificate, key) = (&certificate.path, &key.path);
    let checked = pair.map(drop).map_err(|error| match error {
        TlsError::Unusable(rustls::Error::InconsistentKeys(_)) => {
            anyhow!("the key in {key} is not that of the certificate in {certificate}")
        }
        TlsError::Unusable(why) => anyhow!("{certificate} and {key} cannot be used for TLS: {why}"),
        why => anyhow!("{certificate} cannot be used for TLS: {why}"),
    });
    checked.hint(format!(
        "openssl x509 -noout -pubkey -in {certificate} and openssl pkey -pubout -in {key} print the same for a pair"
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use embedded_server::clock::{Clock, SystemClock};

    use super::*;
    use crate::failure;
    use crate::pki::{Authority, own_authority, own_serving};

    fn write_identity(directory: &Path) -> Authority {
        let now = SystemClock.now();
        let authority = own_authority(now).unwrap();
        let leaf = own_serving(&authority, now, "default").unwrap();
        fs::write(directory.join("ca"), authority.certificate()).unwrap();
        fs::write(directory.join("cert"), &leaf.certificate).unwrap();
        fs::write(directory.join("key"), leaf.key.expose_pem()).unwrap();
        authority
    }

    fn settings(url: String) -> StorageSettings {
        StorageSettings { url: Some(url), ..StorageSettings::default() }
    }

    fn refused(url: String) -> (String, String) {
        let error = take(&mut settings(url)).unwrap_err();
        let hint = failure::hints(&error).next().unwrap().into_owned();
        (error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": "), hint)
    }

    #[test]
    fn files_are_taken_over_and_kept_by_later_runs() {
        let directory = tempfile::tempdir().unwrap();
        let authority = write_identity(directory.path());
        let at = directory.path().display();
        let mut storage = settings(format!("etcd://e?ca={at}/ca&cert={at}/cert&key={at}/key"));
        take(&mut storage).unwrap();
        assert_eq!(storage.files["ca.crt"], authority.certificate());
        assert_eq!(storage.files.keys().collect::<Vec<_>>(), ["ca.crt", "tls.crt", "tls.key"]);
        drop(directory);
        let once = storage.clone();
        take(&mut storage).unwrap();
        assert_eq!(storage, once, "nothing is read again");
        storage.url = Some("etcd://e?ca=/etc/wfctl/storage/ca.crt".to_owned());
        take(&mut storage).unwrap();
        assert_eq!(storage.files.keys().collect::<Vec<_>>(), ["ca.crt"], "what nobody names is forgotten");
    }

    #[test]
    fn a_file_that_is_not_there_or_something_else_is_named() {
        let directory = tempfile::tempdir().unwrap();
        write_identity(directory.path());
        let at = directory.path().display();
        let (error, hint) = refused(format!("postgres://db/x?sslrootcert={at}/none"));
        assert!(error.starts_with(&format!("cannot read {at}/none: No such file")), "{error}");
        assert_eq!(hint, HINT);
        let (error, _) = refused(format!("etcd://e?ca={at}/key"));
        let why = "no certificate found: the PEM holds a private key";
        assert_eq!(error, format!("{at}/key cannot be used for TLS: {why}"));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_identity(one.path());
        write_identity(other.path());
        let (one, other) = (one.path().display(), other.path().display());
        let (error, hint) = refused(format!("postgres://db/x?sslcert={one}/cert&sslkey={other}/key"));
        assert_eq!(error, format!("the key in {other}/key is not that of the certificate in {one}/cert"));
        assert!(hint.starts_with("openssl x509 "), "{hint}");
    }
}
