//! Requests in somebody else's name: whom they name, and what whoever makes them has to be allowed for it.
//!
//! Source: `apiserver/pkg/endpoints/filters/impersonation/{impersonation,mode}.go`.

use http::HeaderMap;

use crate::authentication::RemoteHeaders;
use crate::meta::selector::{FieldSelector, LabelSelector};
use crate::meta::validation::{dns1123_label, dns1123_subdomain};
use crate::meta::{ApiError, Attributes, UserInfo, Verb};

/// The API group that knows of uids and of what else there is to users.
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Returns whom the request is to be made as, and takes the headers off that say so; none when they name nobody.
///
/// # Errors
/// 400 for parts of a user that has no name.
pub(super) fn wanted(headers: &mut HeaderMap) -> Result<Option<UserInfo>, ApiError> {
    let names = RemoteHeaders::of_impersonation();
    let user = names.user(headers).map_err(|why| ApiError::bad_request(why.to_string()))?;
    let said: Vec<_> = headers.keys().filter(|name| names.contain(name)).cloned().collect();
    let something = said.iter().any(|name| headers.get(name).is_some_and(|value| !value.is_empty()));
    if user.is_none() && something {
        return Err(ApiError::bad_request("requested to impersonate without naming a user"));
    }
    for name in said {
        headers.remove(name);
    }
    Ok(user)
}

/// Returns what somebody has to be allowed who makes requests as `user`, in the order it is asked for.
pub(super) fn demands(user: &UserInfo) -> impl Iterator<Item = Attributes> {
    let name = match service_account(&user.name) {
        Some((namespace, name)) => demand("", "serviceaccounts", "", namespace, name),
        None => demand("", "users", "", "", &user.name),
    };
    let uid = (!user.uid.is_empty()).then(|| demand(AUTHENTICATION, "uids", "", "", &user.uid));
    let groups = user.groups.iter().map(|group| demand("", "groups", "", "", group));
    let extra = user.extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    let extra = extra.map(|(key, value)| demand(AUTHENTICATION, "userextras", key, "", value));
    [name].into_iter().chain(uid).chain(groups).chain(extra)
}

/// Returns the user with the groups that follow from its name.
pub(super) fn placed(mut user: UserInfo) -> UserInfo {
    if let (Some((namespace, _)), true) = (service_account(&user.name), user.groups.is_empty()) {
        let all = "system:serviceaccounts";
        user.groups = vec![all.to_owned(), format!("{all}:{namespace}")];
    }
    let group = match user.name == UserInfo::ANONYMOUS {
        true => UserInfo::UNAUTHENTICATED,
        false if user.is_member_of(UserInfo::UNAUTHENTICATED) => return user,
        false => UserInfo::AUTHENTICATED,
    };
    if !user.is_member_of(group) {
        user.groups.push(group.to_owned());
    }
    user
}

fn demand(group: &str, resource: &str, subresource: &str, namespace: &str, name: &str) -> Attributes {
    Attributes::Resource {
        verb: Verb::Impersonate,
        group: group.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        field_selector: FieldSelector::default(),
        label_selector: LabelSelector::default(),
    }
}

/// Returns the namespace and the name of the service account that a user is.
///
/// Source: `apiserver/pkg/authentication/serviceaccount/util.go`, `SplitUsername`.
fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let named = dns1123_label(namespace).is_empty() && dns1123_subdomain(name).is_empty();
    named.then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;

    fn user(headers: &[(&'static str, &'static str)]) -> Result<Option<UserInfo>, ApiError> {
        wanted(&mut map(headers))
    }

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    }

    /// Returns what is demanded, as `namespace resource/subresource.group name`.
    fn demanded(user: &UserInfo) -> Vec<String> {
        let spelled = |demand| match demand {
            Attributes::Resource { group, resource, subresource, namespace, name, .. } => {
                format!("{namespace} {resource}/{subresource}.{group} {name}")
            }
            Attributes::Path { path, .. } => path,
        };
        demands(user).map(spelled).collect()
    }

    fn groups(name: &str, groups: &[&str]) -> Vec<String> {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        placed(UserInfo { name: name.to_owned(), groups, ..UserInfo::default() }).groups
    }

    #[test]
    fn a_request_names_nobody_or_a_user_with_all_there_is_to_him() {
        assert_eq!(user(&[("x-remote-user", "eve")]).unwrap(), None);
        assert_eq!(user(&[("impersonate-user", "")]).unwrap(), None);
        let mut headers = map(&[
            ("impersonate-user", "eve"),
            ("impersonate-group", "a"),
            ("impersonate-group", "b"),
            ("impersonate-uid", "7"),
            ("impersonate-extra-acme.com%2fscope", "all"),
            ("accept", "*/*"),
        ]);
        let eve = wanted(&mut headers).unwrap().unwrap();
        assert_eq!(headers.len(), 1, "nobody sees them later");
        let expected = [
            " users/. eve",
            " uids/.authentication.k8s.io 7",
            " groups/. a",
            " groups/. b",
            " userextras/acme.com/scope.authentication.k8s.io all",
        ];
        assert_eq!(demanded(&eve), expected);
    }

    #[test]
    fn parts_of_nobody_are_refused() {
        for part in ["impersonate-group", "impersonate-uid", "impersonate-extra-scopes"] {
            assert_eq!(user(&[(part, "a")]).unwrap_err().status().code, Some(400), "{part}");
        }
    }

    #[test]
    fn a_service_account_is_demanded_as_one() {
        let robot = UserInfo { name: "system:serviceaccount:ci:robot".to_owned(), ..UserInfo::default() };
        assert_eq!(demanded(&robot), ["ci serviceaccounts/. robot"]);
        let no_robot = UserInfo { name: "system:serviceaccount:ci".to_owned(), ..UserInfo::default() };
        assert_eq!(demanded(&no_robot), [" users/. system:serviceaccount:ci"]);
    }

    #[test]
    fn groups_follow_from_the_name() {
        let robot = "system:serviceaccount:ci:robot";
        let own = ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"];
        assert_eq!(groups(robot, &[]), own);
        assert_eq!(groups(robot, &["a"]), ["a", "system:authenticated"]);
        assert_eq!(groups("eve", &["system:unauthenticated"]), ["system:unauthenticated"]);
        assert_eq!(groups("system:anonymous", &[]), ["system:unauthenticated"]);
    }
}
