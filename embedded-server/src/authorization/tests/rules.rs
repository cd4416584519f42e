use std::sync::Arc;

use super::*;

fn standard() -> Union {
    Union::new(vec![Arc::new(PrivilegedGroup), Arc::new(AlwaysAllowPaths::default())])
}

async fn decided(authorizer: &dyn Authorizer, asked: &str) -> Decision {
    authorizer.authorize(&UserInfo::anonymous(), &path(asked)).await.unwrap().decision
}

#[tokio::test]
async fn masters_may_do_everything() {
    let master = UserInfo { groups: vec![UserInfo::MASTERS.to_owned()], ..UserInfo::default() };
    let verdict = standard().authorize(&master, &path("/x")).await.unwrap();
    assert_eq!(verdict, Decision::Allow.into());
}

#[tokio::test]
async fn others_may_only_ask_for_health() {
    for health in ["/healthz", "/readyz", "/livez"] {
        assert_eq!(decided(&standard(), health).await, Decision::Allow, "{health}");
    }
    for other in ["/readyz/store", "/apis", "/readyzz", "//readyz", "/readyz/", "/"] {
        assert_eq!(decided(&standard(), other).await, Decision::NoOpinion, "{other}");
    }
}

#[tokio::test]
async fn a_star_at_the_end_stands_for_the_rest() {
    let paths = AlwaysAllowPaths::new(["/metrics/*".to_owned(), "exact".to_owned()]).unwrap();
    assert_eq!(decided(&paths, "/metrics/slis").await, Decision::Allow);
    assert_eq!(decided(&paths, "/metrics").await, Decision::NoOpinion);
    assert_eq!(decided(&paths, "/exact").await, Decision::Allow);
    assert_eq!(decided(&paths, "/exactly").await, Decision::NoOpinion);
}

#[test]
fn a_star_elsewhere_is_a_mistake() {
    for mistaken in ["/a*b", "/a**", "*/a"] {
        assert_eq!(AlwaysAllowPaths::new([mistaken.to_owned()]), Err(mistaken.to_owned()));
    }
    AlwaysAllowPaths::new(["*".to_owned(), "/".to_owned(), String::new()]).unwrap();
}

/// Decides the same about everything.
#[derive(Debug)]
struct Always(Result<Verdict, &'static str>);

#[async_trait]
impl Authorizer for Always {
    async fn authorize(&self, _: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        self.0.clone().map_err(|why| Unanswered(why.to_owned()))
    }
}

async fn together(members: &[Result<Verdict, &'static str>]) -> Result<Verdict, Unanswered> {
    let members = members.iter().map(|says| Arc::new(Always(says.clone())) as Arc<dyn Authorizer>);
    Union::new(members.collect()).authorize(&UserInfo::anonymous(), &path("/")).await
}

#[tokio::test]
async fn the_first_opinion_counts() {
    let (no_opinion, no) = (Decision::NoOpinion.because("dunno"), Decision::Deny.because("no"));
    let members = [Ok(no_opinion), Ok(no.clone()), Ok(Decision::Allow.into())];
    assert_eq!(together(&members).await, Ok(no));
}

#[tokio::test]
async fn without_an_opinion_all_reasons_are_told() {
    let says = ["a", "", "b"].map(|reason| Ok(Decision::NoOpinion.because(reason)));
    assert_eq!(together(&says).await, Ok(Decision::NoOpinion.because("a\nb")));
}

#[tokio::test]
async fn who_cannot_be_asked_does_not_keep_another_from_allowing() {
    assert_eq!(together(&[Err("out"), Ok(Decision::Allow.into())]).await, Ok(Decision::Allow.into()));
    let refused = together(&[Err("out"), Ok(Decision::NoOpinion.into())]).await;
    assert_eq!(refused, Err(Unanswered("out".to_owned())));
}
