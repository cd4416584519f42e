use std::collections::BTreeMap;

use jiff::SignedDuration;
use rcgen::date_time_ymd;
use tokio::sync::watch;

use super::pki::{self, Authority, client, peer};
use super::*;

fn believing(authorities: &[&Authority], allowed: &[&str]) -> FrontProxies {
    FrontProxies::Known(Arc::new(FrontProxyConfig {
        authorities: Authority::bundle(authorities),
        allowed_names: allowed.iter().map(|name| (*name).to_owned()).collect(),
        headers: RemoteHeaders::standard(),
    }))
}

fn proxy(proxies: FrontProxies) -> FrontProxy {
    let (_, proxies) = watch::channel(proxies);
    FrontProxy::new(proxies, clock())
}

fn admin() -> HeaderMap {
    headers(&[("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters")])
}

async fn believed(allowed: &[&str], authority: &Authority, peer: &Peer) -> Result<Option<String>, Rejected> {
    name_by(&proxy(believing(&[authority], allowed)), peer, &admin()).await
}

#[tokio::test]
async fn a_front_proxy_is_believed() {
    let authority = Authority::new("front");
    let authenticator = proxy(believing(&[&authority], &["aggregator"]));
    let (peer, headers) = (authority.client("aggregator"), admin());
    let found = authenticator.authenticate(Credentials { peer: &peer, headers: &headers }).await;
    let expected = UserInfo {
        name: "admin".to_owned(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
        extra: BTreeMap::new(),
        uid: String::new(),
    };
    assert_eq!(found.unwrap().as_deref(), Some(&expected));
}

#[tokio::test]
async fn headers_without_a_certificate_say_nothing() {
    assert_eq!(believed(&[], &Authority::new("front"), &peer(vec![])).await, Ok(None));
}

#[tokio::test]
async fn only_the_right_authority_makes_a_front_proxy() {
    let (right, wrong) = (Authority::new("front"), Authority::new("front"));
    believed(&["aggregator"], &right, &wrong.client("aggregator")).await.unwrap_err();
    believed(&["aggregator"], &right, &pki::self_signed("aggregator")).await.unwrap_err();
}

#[tokio::test]
async fn only_the_right_name_makes_a_front_proxy() {
    let authority = Authority::new("front");
    let error = believed(&["aggregator"], &authority, &authority.client("somebody")).await.unwrap_err();
    assert_eq!(error.0, "x509: subject with cn=somebody is not in the allowed list");
    believed(&["aggregator"], &authority, &authority.client("")).await.unwrap_err();
    assert!(believed(&[], &authority, &authority.client("somebody")).await.is_ok());
    assert!(believed(&["x", "somebody"], &authority, &authority.client("somebody")).await.is_ok());
}

#[tokio::test]
async fn an_expired_front_proxy_is_none() {
    let authority = Authority::new("front");
    let mut params = client("aggregator");
    params.not_after = date_time_ymd(2026, 3, 2);
    let peer = peer(vec![authority.issues(&params)]);
    let clock = clock();
    let (_, proxies) = watch::channel(believing(&[&authority], &[]));
    let authenticator = FrontProxy::new(proxies, Arc::clone(&clock) as _);
    assert!(name_by(&authenticator, &peer, &admin()).await.is_ok());
    clock.advance(SignedDuration::from_hours(25));
    name_by(&authenticator, &peer, &admin()).await.unwrap_err();
}

#[tokio::test]
async fn a_front_proxy_that_names_nobody_is_left_to_others() {
    let authority = Authority::new("front");
    let authenticator = proxy(believing(&[&authority], &[]));
    let nameless = headers(&[("x-remote-group", "system:masters"), ("x_remote_user", "admin")]);
    assert_eq!(name_by(&authenticator, &authority.client("a"), &nameless).await, Ok(None));
}

#[tokio::test]
async fn an_anonymous_request_stays_anonymous_through_a_front_proxy() {
    let authority = Authority::new("front");
    let authenticator = proxy(believing(&[&authority], &[]));
    let peer = authority.client("a");
    let headers =
        headers(&[("x-remote-user", "system:anonymous"), ("x-remote-group", "system:unauthenticated")]);
    let found = authenticator.authenticate(Credentials { peer: &peer, headers: &headers }).await;
    assert_eq!(found.unwrap().unwrap().groups, ["system:unauthenticated"]);
}

#[tokio::test]
async fn nobody_with_a_certificate_is_let_in_before_front_proxies_are_known() {
    let authority = Authority::new("front");
    let unknown = proxy(FrontProxies::Unknown);
    name_by(&unknown, &authority.client("a"), &admin()).await.unwrap_err();
    assert_eq!(name_by(&unknown, &peer(vec![]), &admin()).await, Ok(None));
    let absent = proxy(FrontProxies::Absent);
    assert_eq!(name_by(&absent, &authority.client("a"), &admin()).await, Ok(None));
}

#[tokio::test]
async fn authorities_are_exchanged_without_refusing_anybody() {
    let (old, new) = (Authority::new("front"), Authority::new("front"));
    let (sender, proxies) = watch::channel(believing(&[&old], &[]));
    let authenticator = FrontProxy::new(proxies, clock());
    let (by_old, by_new) = (old.client("a"), new.client("a"));
    let asks = async |peer| name_by(&authenticator, peer, &admin()).await.is_ok();
    assert!(asks(&by_old).await && !asks(&by_new).await);
    sender.send_replace(believing(&[&old, &new], &[]));
    assert!(asks(&by_old).await && asks(&by_new).await);
    sender.send_replace(believing(&[&new], &[]));
    assert!(!asks(&by_old).await && asks(&by_new).await);
}
