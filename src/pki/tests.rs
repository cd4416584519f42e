//! What is issued, read back by another library than the one that wrote it.

use std::path::Path;
use std::time::Duration;

use embedded_server::server::pem;
use jiff::{SignedDuration, Timestamp};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::authority::BACKDATE;
use super::inspect::{Facts, Unhealthy};
use super::leaf::Usage;
use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn authority() -> Authority {
    Authority::generate(now(), 30 * DAY).unwrap()
}

fn serving(authority: &Authority, validity: Duration) -> Leaf {
    authority.issue_serving(now(), validity, "test", &["localhost".into(), "::1".into()]).unwrap()
}

fn with_parsed<T>(certificate: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let der = pem::certificates(certificate.as_bytes()).unwrap().remove(0);
    look(&X509Certificate::from_der(&der).unwrap().1)
}

fn key_identifiers(certificate: &X509Certificate<'_>) -> (Vec<u8>, Vec<u8>) {
    let (mut subject, mut issuer) = (Vec::new(), Vec::new());
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => subject = id.0.to_vec(),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuer = id.key_identifier.as_ref().unwrap().0.to_vec();
            }
            _ => {}
        }
    }
    (subject, issuer)
}

#[test]
fn an_authority_may_issue_leaves_and_nothing_else() {
    with_parsed(authority().certificate(), |certificate| {
        let constraints = certificate.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        assert!(certificate.key_usage().unwrap().unwrap().value.key_cert_sign());
        assert!(certificate.extended_key_usage().unwrap().is_none());
        certificate.verify_signature(None).unwrap();
    });
}

#[test]
fn no_two_authorities_share_a_name_or_a_serial() {
    let read = |authority: &Authority| {
        with_parsed(authority.certificate(), |c| (c.subject().to_string(), c.raw_serial().to_vec()))
    };
    let (one, other) = (read(&authority()), read(&authority()));
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn serials_are_positive_and_of_128_bits() {
    for _ in 0..20 {
        with_parsed(&serving(&authority(), DAY).certificate, |certificate| {
            let serial = certificate.raw_serial();
            assert!(serial.len() <= 17 && serial.len() >= 14 && serial[0] < 0x80, "{serial:?}");
        });
    }
}

#[test]
fn a_certificate_begins_five_minutes_in_the_past() {
    let authority = authority();
    assert_eq!(authority.facts().not_before, now() - BACKDATE);
    assert_eq!(Facts::from_pem(&serving(&authority, DAY).certificate).unwrap().not_before, now() - BACKDATE);
}

#[test]
fn a_leaf_ends_when_asked_but_not_after_its_authority() {
    let authority = authority();
    let end = |validity| Facts::from_pem(&serving(&authority, validity).certificate).unwrap().not_after;
    assert_eq!(end(DAY), after_days(1));
    assert_eq!(end(365 * DAY), authority.facts().not_after);
}

#[test]
fn a_serving_certificate_serves_its_names_and_is_no_client() {
    let facts = Facts::from_pem(&serving(&authority(), DAY).certificate).unwrap();
    assert_eq!(facts.sans, ["localhost".into(), San::Ip("::1".parse().unwrap())].into());
    assert_eq!(facts.usages, [Usage::Server]);
    assert!(!facts.is_authority);
}

#[test]
fn a_client_certificate_names_user_and_group_and_serves_nothing() {
    let leaf = authority().issue_client(now(), DAY, "someone", "some:group").unwrap();
    let facts = Facts::from_pem(&leaf.certificate).unwrap();
    assert_eq!(facts.usages, [Usage::Client]);
    with_parsed(&leaf.certificate, |certificate| {
        assert_eq!(certificate.subject().to_string(), "CN=someone, O=some:group");
    });
}

#[test]
fn key_identifiers_link_a_leaf_to_its_authority() {
    let authority = authority();
    let own = with_parsed(authority.certificate(), key_identifiers);
    let leaf = with_parsed(&serving(&authority, DAY).certificate, key_identifiers);
    assert!(!own.0.is_empty() && !leaf.0.is_empty());
    assert_eq!(leaf.1, own.0);
    assert_ne!(leaf.0, own.0);
}

#[test]
fn an_authority_that_was_written_down_issues_as_before() {
    let original = authority();
    let loaded = Authority::from_pem(original.certificate().to_owned(), original.key().clone()).unwrap();
    let leaf = Facts::from_pem(&serving(&loaded, DAY).certificate).unwrap();
    assert_eq!(leaf.check_chain(original.facts()), Ok(()));
}

#[test]
fn a_leaf_is_no_authority_and_a_foreign_key_is_refused() {
    let authority = authority();
    let leaf = serving(&authority, DAY);
    let error = Authority::from_pem(leaf.certificate, leaf.key.clone()).unwrap_err();
    assert!(matches!(error, PkiError::NotAnAuthority));
    let error = Authority::from_pem(authority.certificate().to_owned(), leaf.key).unwrap_err();
    assert!(matches!(error, PkiError::KeyMismatch));
}

#[test]
fn a_certificate_is_healthy_while_a_third_of_its_life_is_left() {
    let authority = authority();
    let health = |moment| authority.facts().check_life(moment);
    assert_eq!(health(now()), Ok(()));
    assert_eq!(health(after_days(19)), Ok(()));
    assert_eq!(health(after_days(21)), Err(Unhealthy::Aged));
    assert_eq!(health(after_days(31)), Err(Unhealthy::Aged));
    assert_eq!(health(after_days(-1)), Err(Unhealthy::NotYetValid));
}

#[test]
fn a_leaf_of_another_authority_does_not_verify() {
    let leaf = Facts::from_pem(&serving(&authority(), DAY).certificate).unwrap();
    assert_eq!(leaf.check_chain(authority().facts()), Err(Unhealthy::Chain));
}

#[test]
fn debug_output_holds_no_key() {
    let authority = authority();
    let leaf = serving(&authority, DAY);
    let shown = format!("{authority:?} {leaf:?} {:#?}", leaf.key);
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    for line in leaf.key.expose_pem().lines().chain(authority.key().expose_pem().lines()) {
        assert!(!shown.contains(line), "{shown}");
    }
}

mod dev_material {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::pki::dev::{DevMaterial, prepare};

    fn prepared(directory: &Path, moment: Timestamp, names: &[&str]) -> DevMaterial {
        let names: Vec<San> = names.iter().map(|name| San::from(*name)).collect();
        prepare(&directory.join("pki"), moment, &names).unwrap()
    }

    #[test]
    fn healthy_material_is_used_again() {
        let directory = tempfile::tempdir().unwrap();
        let first = prepared(directory.path(), now(), &["localhost"]);
        assert_eq!(prepared(directory.path(), after_days(200), &["localhost"]), first);
    }

    #[test]
    fn aged_leaves_are_made_anew_under_the_same_authority() {
        let directory = tempfile::tempdir().unwrap();
        let first = prepared(directory.path(), now(), &["localhost"]);
        let second = prepared(directory.path(), after_days(300), &["localhost"]);
        assert_eq!(second.authority, first.authority);
        assert_ne!(second.serving, first.serving);
        assert_ne!(second.admin, first.admin);
    }

    #[test]
    fn an_aged_authority_takes_its_leaves_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = prepared(directory.path(), now(), &["localhost"]);
        let second = prepared(directory.path(), after_days(365 * 3), &["localhost"]);
        assert_ne!(second.authority, first.authority);
        let authority = Facts::from_pem(&second.authority).unwrap();
        for leaf in [&second.serving, &second.admin] {
            Facts::from_pem(&leaf.certificate).unwrap().check_chain(&authority).unwrap();
        }
    }

    #[test]
    fn a_name_that_is_missing_makes_the_serving_certificate_anew_and_only_that() {
        let directory = tempfile::tempdir().unwrap();
        let first = prepared(directory.path(), now(), &["localhost"]);
        let second = prepared(directory.path(), now(), &["localhost", "10.0.0.7"]);
        assert_ne!(second.serving, first.serving);
        assert_eq!((second.authority, second.admin), (first.authority, first.admin));
    }

    #[test]
    fn a_file_that_is_damaged_or_of_another_pair_is_made_anew() {
        for (victim, content) in [("admin.crt", None), ("admin.key", Some("serving.key")), ("ca.key", None)] {
            let directory = tempfile::tempdir().unwrap();
            let first = prepared(directory.path(), now(), &["localhost"]);
            let file = |name: &str| directory.path().join(format!("pki/wfctl-dev-{name}"));
            let content = content.map(|other| fs::read(file(other)).unwrap()).unwrap_or_default();
            fs::write(file(victim), content).unwrap();
            let second = prepared(directory.path(), now(), &["localhost"]);
            assert_ne!(second.admin, first.admin, "{victim}");
            assert_eq!(prepared(directory.path(), now(), &["localhost"]), second, "{victim}");
        }
    }

    #[test]
    fn directory_and_files_are_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        prepared(directory.path(), now(), &["localhost"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let pki = directory.path().join("pki");
        assert_eq!(mode(&pki), 0o700);
        let files: Vec<_> = fs::read_dir(&pki).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 6);
        assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    }
}
