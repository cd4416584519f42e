//! Headers that only look like those of a front proxy, and headers of a front proxy that anybody else sends.

use crate::pki::Authority;
use crate::support::{Fate, Kube, Setup};

/// What must count for nobody but a front proxy; each is the rest of the head of a request.
const HEADS: [&[&str]; 11] = [
    &["X-Remote-User: alice"],
    &["X-Remote-User: alice", "X-Remote-User: alice"],
    &["X-Remote-User:", "X-Remote-User: alice"],
    &["x-rEmOtE-uSeR: alice"],
    &["X_Remote_User: alice"],
    &["X-Remote-User : alice"],
    &["X-Remote-User: nobody\r\n alice"],
    &["Connection: x-remote-user", "X-Remote-User: alice"],
    &["X-Remote-Group: system:masters"],
    &["X-Remote-User: alice", "X-Remote-Group: system:masters", "X-Remote-Uid: 7"],
    &["Impersonate-User: alice"],
];

/// The same for HTTP/2, where a field in front of which there is a colon is none of the request's own.
const FIELDS: [(&[(&str, &str)], Fate); 6] = [
    (&[("x-remote-user", "alice")], Fate::Refused),
    (&[("x-remote-user", "alice"), ("x-remote-user", "alice")], Fate::Refused),
    (&[("x_remote_user", "alice")], Fate::Refused),
    (&[("X-Remote-User", "alice")], Fate::Reset),
    (&[(":x-remote-user", "alice")], Fate::Reset),
    (&[("x-other", "1"), (":authority", "alice")], Fate::Reset),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_header_is_believed_without_the_certificate() {
    let (kube, front, clients) = (Kube::start().await, Authority::new("front"), Authority::new("clients"));
    kube.publishes(&[&front], &[&clients]);
    let server = Setup::of(&kube).ready();
    let bob = clients.client("bob");
    for identity in [None, Some(&bob)] {
        let wire = server.wire(identity);
        for head in HEADS {
            let code = wire.http1(head).await;
            assert!(matches!(code, 400 | 403), "{head:?}: {code}");
        }
        for (fields, fate) in FIELDS {
            assert_eq!(wire.http2(fields).await, fate, "{fields:?}");
        }
    }
    for review in kube.change(|state| state.reviews.clone()) {
        let user = review["user"].as_str().unwrap();
        assert!(matches!(user, "bob" | "system:anonymous"), "{review}");
        assert!(!review["groups"].to_string().contains("masters") && review["uid"] != "7", "{review}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_proxy_has_to_spell_its_headers() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    let server = Setup::of(&kube).ready();
    let proxy = front.client("aggregator");
    let wire = server.wire(Some(&proxy));
    assert_eq!(wire.http2(&[("x-remote-user", "alice")]).await, Fate::Done);
    assert_eq!(wire.http1(&["x-rEmOtE-uSeR: alice"]).await, 200);
    for nobody_who_may in [
        ["X-Remote-User: bob", "X-Remote-User: alice"],
        ["X-Remote-User:", "X-Remote-User: alice"],
        ["X_Remote_User: alice", "X-Other: 1"],
    ] {
        assert_eq!(wire.http1(&nobody_who_may).await, 403, "{nobody_who_may:?}");
    }
    assert_eq!(wire.http2(&[(":x-remote-user", "alice")]).await, Fate::Reset);
}
