use super::pki::peer;
use super::*;

/// Answers the same, whoever is asked about.
#[derive(Debug)]
struct Always(Result<Option<&'static str>, &'static str>);

#[async_trait]
impl Authenticator for Always {
    async fn authenticate(&self, _: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let user = self.0.map_err(|why| Rejected(why.to_owned()))?;
        Ok(user.map(|name| Arc::new(UserInfo { name: name.to_owned(), ..UserInfo::default() })))
    }

    fn reads(&self, header: &HeaderName) -> bool {
        header == "x-own"
    }
}

async fn asked(members: &[Result<Option<&'static str>, &'static str>]) -> Result<String, Rejected> {
    let members = members.iter().map(|answer| Arc::new(Always(*answer)) as Arc<dyn Authenticator>);
    let union = Union::new(members.collect());
    union.authenticate(&peer(vec![]), &mut HeaderMap::new()).await.map(|user| user.name.clone())
}

#[tokio::test]
async fn the_first_that_knows_the_user_counts() {
    assert_eq!(asked(&[Ok(None), Ok(Some("a")), Ok(Some("b"))]).await.unwrap(), "a");
}

#[tokio::test]
async fn a_rejection_leaves_it_to_the_others() {
    assert_eq!(asked(&[Err("no"), Ok(Some("a"))]).await.unwrap(), "a");
}

#[tokio::test]
async fn who_was_rejected_is_not_anonymous() {
    assert_eq!(asked(&[Err("no"), Ok(None)]).await, Err(Rejected("no".to_owned())));
    assert_eq!(asked(&[Err("a"), Err("b")]).await, Err(Rejected("[a, b]".to_owned())));
}

#[tokio::test]
async fn who_shows_nothing_is_anonymous() {
    assert_eq!(asked(&[Ok(None)]).await.unwrap(), "system:anonymous");
    assert_eq!(asked(&[]).await.unwrap(), "system:anonymous");
}

#[tokio::test]
async fn who_is_known_is_in_the_group_of_those() {
    let union = Union::new(vec![Arc::new(Always(Ok(Some("a"))))]);
    let user = union.authenticate(&peer(vec![]), &mut HeaderMap::new()).await.unwrap();
    assert_eq!(user.groups, ["system:authenticated"]);
}

#[tokio::test]
async fn no_credentials_go_further_than_authentication() {
    let union = Union::new(vec![Arc::new(Always(Ok(None)))]);
    let mut headers = headers(&[
        ("Authorization", "Bearer t"),
        ("X-Remote-User", "a"),
        ("X-Remote-User", "b"),
        ("X-Remote-Uid", "1"),
        ("X-Remote-Group", "g"),
        ("X-Remote-Extra-Anything", "e"),
        ("X-Own", "o"),
        ("Accept", "application/json"),
    ]);
    union.authenticate(&peer(vec![]), &mut headers).await.unwrap();
    assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
}
