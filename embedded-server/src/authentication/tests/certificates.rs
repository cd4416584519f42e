use jiff::SignedDuration;
use rcgen::{DnType, ExtendedKeyUsagePurpose, date_time_ymd};
use tokio::sync::watch;

use super::pki::{self, Authority, client, peer, with_critical_extension, with_uid};
use super::*;

async fn user(authorities: Authorities, peer: &Peer) -> Result<Option<Arc<UserInfo>>, Rejected> {
    let authenticator = ClientCertificate::trusting(authorities, clock());
    authenticator.authenticate(Credentials { peer, headers: &HeaderMap::new() }).await
}

async fn is_believed(authority: &Authority, peer: &Peer) -> bool {
    user(Authority::bundle(&[authority]), peer).await.is_ok()
}

#[tokio::test]
async fn the_subject_names_user_group_and_uid() {
    let authority = Authority::new("own");
    let mut params = with_uid(client("alice"), "u-1");
    params.distinguished_name.push(DnType::OrganizationName, "staff");
    let found = user(Authority::bundle(&[&authority]), &peer(vec![authority.issues(&params)])).await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.uid.as_str()), ("alice", "u-1"));
    assert_eq!(found.groups, ["staff", "system:authenticated"]);
    let id = &found.extra["authentication.kubernetes.io/credential-id"][0];
    assert!(id.starts_with("X509SHA256=") && id.len() == "X509SHA256=".len() + 64, "{id}");
}

#[tokio::test]
async fn a_subject_without_a_common_name_is_nobody() {
    let authority = Authority::new("own");
    assert_eq!(user(Authority::bundle(&[&authority]), &authority.client("")).await, Ok(None));
}

#[tokio::test]
async fn an_empty_uid_is_not_believed() {
    let authority = Authority::new("own");
    assert!(!is_believed(&authority, &peer(vec![authority.issues(&with_uid(client("a"), ""))])).await);
}

#[tokio::test]
async fn only_who_is_trusted_can_vouch() {
    let (own, other) = (Authority::new("own"), Authority::new("own"));
    assert!(is_believed(&own, &own.client("a")).await);
    assert!(!is_believed(&own, &other.client("a")).await);
    assert!(!is_believed(&own, &pki::self_signed("a")).await);
    assert!(is_believed(&own, &peer(vec![])).await, "who shows nothing is not rejected");
}

#[tokio::test]
async fn only_certificates_for_clients_count() {
    let authority = Authority::new("own");
    let mut params = client("a");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert!(!is_believed(&authority, &peer(vec![authority.issues(&params)])).await);
    params.extended_key_usages = vec![];
    assert!(is_believed(&authority, &peer(vec![authority.issues(&params)])).await, "any use");
    assert!(!is_believed(&authority, &peer(vec![authority.certificate.clone()])).await, "itself");
    let strange = authority.issues(&with_critical_extension(client("a")));
    assert!(!is_believed(&authority, &peer(vec![strange])).await);
}

#[tokio::test]
async fn a_certificate_counts_from_its_first_to_its_last_moment() {
    let authority = Authority::new("own");
    let mut params = client("a");
    params.not_before = date_time_ymd(2026, 3, 2);
    assert!(!is_believed(&authority, &peer(vec![authority.issues(&params)])).await);
    params.not_before = date_time_ymd(2021, 1, 1);
    params.not_after = date_time_ymd(2026, 2, 28);
    assert!(!is_believed(&authority, &peer(vec![authority.issues(&params)])).await);
}

#[tokio::test]
async fn an_authority_vouches_for_nobody_after_its_end() {
    let expired = Authority::until("own", 2026);
    assert!(!is_believed(&expired, &expired.client("a")).await);
}

#[tokio::test]
async fn a_chain_counts_as_long_as_each_of_its_certificates() {
    let root = Authority::new("root");
    let middle = root.intermediate("middle", 2027);
    let shown = peer(vec![middle.issues(&client("a")), middle.certificate.clone()]);
    let clock = clock();
    let authenticator = ClientCertificate::trusting(Authority::bundle(&[&root]), Arc::clone(&clock) as _);
    let headers = HeaderMap::new();
    assert_eq!(name_by(&authenticator, &shown, &headers).await, Ok(Some("a".to_owned())));
    clock.advance(SignedDuration::from_hours(24 * 365));
    name_by(&authenticator, &shown, &headers).await.unwrap_err();
}

#[tokio::test]
async fn a_chain_with_a_gap_is_none() {
    let root = Authority::new("root");
    let middle = root.intermediate("middle", 2030);
    assert!(!is_believed(&root, &middle.client("a")).await);
    let leaf = root.issues(&client("leaf"));
    assert!(!is_believed(&root, &peer(vec![middle.issues(&client("a")), leaf])).await);
}

#[tokio::test]
async fn who_was_believed_by_an_authority_is_not_believed_without_it() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let shown = old.client("a");
    let (sender, authorities) = watch::channel(Some(Arc::new(Authority::bundle(&[&old]))));
    let authenticator = ClientCertificate::new(authorities, clock());
    let headers = HeaderMap::new();
    assert_eq!(name_by(&authenticator, &shown, &headers).await, Ok(Some("a".to_owned())));
    sender.send_replace(Some(Arc::new(Authority::bundle(&[&old, &new]))));
    assert_eq!(name_by(&authenticator, &shown, &headers).await, Ok(Some("a".to_owned())));
    assert_eq!(name_by(&authenticator, &new.client("b"), &headers).await, Ok(Some("b".to_owned())));
    sender.send_replace(Some(Arc::new(Authority::bundle(&[&new]))));
    name_by(&authenticator, &shown, &headers).await.unwrap_err();
}

#[tokio::test]
async fn without_authorities_no_certificate_is_looked_at() {
    let (_, authorities) = watch::channel(None);
    let authenticator = ClientCertificate::new(authorities, clock());
    assert_eq!(name_by(&authenticator, &pki::self_signed("a"), &HeaderMap::new()).await, Ok(None));
}

#[test]
fn no_authority_at_all_is_a_mistake() {
    Authorities::new(&[]).unwrap_err();
    Authorities::new(&[vec![1, 2, 3].into()]).unwrap_err();
}
