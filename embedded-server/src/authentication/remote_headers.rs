//! The headers in which a front proxy says who asked it.
//!
//! Source: `apiserver/pkg/authentication/request/headerrequest/requestheader.go`.

use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::Rejected;
use crate::meta::UserInfo;

/// The names of those headers. Letters of either case are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteHeaders {
    user: Vec<HeaderName>,
    uid: Vec<HeaderName>,
    group: Vec<HeaderName>,
    /// In small letters, as header names are held.
    extra_prefixes: Vec<String>,
}

impl RemoteHeaders {
    /// Returns the headers of these names; those of `extra_prefixes` begin with one of them.
    ///
    /// # Errors
    /// When a name cannot be a header's.
    pub fn new(
        user: &[String],
        uid: &[String],
        group: &[String],
        extra_prefixes: &[String],
    ) -> Result<Self, Rejected> {
        let prefixes = extra_prefixes.iter().map(|prefix| Ok(name(prefix)?.as_str().to_owned()));
        Ok(Self {
            user: names(user)?,
            uid: names(uid)?,
            group: names(group)?,
            extra_prefixes: prefixes.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the headers that everybody uses.
    pub fn standard() -> Self {
        Self {
            user: vec![HeaderName::from_static("x-remote-user")],
            uid: vec![HeaderName::from_static("x-remote-uid")],
            group: vec![HeaderName::from_static("x-remote-group")],
            extra_prefixes: vec!["x-remote-extra-".to_owned()],
        }
    }

    /// Returns the headers in which a request says whom it is to be made as.
    ///
    /// Source: `k8s.io/api/authentication/v1/types.go`.
    pub(crate) fn of_impersonation() -> Self {
        Self {
            user: vec![HeaderName::from_static("impersonate-user")],
            uid: vec![HeaderName::from_static("impersonate-uid")],
            group: vec![HeaderName::from_static("impersonate-group")],
            extra_prefixes: vec!["impersonate-extra-".to_owned()],
        }
    }

    /// Tells whether a header is one of these.
    pub(crate) fn contain(&self, name: &HeaderName) -> bool {
        let named = [&self.user, &self.uid, &self.group].into_iter().flatten().any(|known| known == name);
        named || self.extra_prefixes.iter().any(|prefix| name.as_str().starts_with(prefix))
    }

    /// Returns the user that the headers name, if they name one. Whether they are to be believed is not known here.
    pub(crate) fn user(&self, headers: &HeaderMap) -> Result<Option<UserInfo>, Rejected> {
        let name = first(headers, &self.user)?;
        if name.is_empty() {
            return Ok(None);
        }
        let user = UserInfo {
            name: name.to_owned(),
            uid: first(headers, &self.uid)?.to_owned(),
            groups: all(headers, &self.group)?,
            extra: self.extra(headers)?,
        };
        Ok(Some(user))
    }

    fn extra(&self, headers: &HeaderMap) -> Result<BTreeMap<String, Vec<String>>, Rejected> {
        let mut extra: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for prefix in &self.extra_prefixes {
            for (name, value) in headers {
                if let Some(key) = name.as_str().strip_prefix(prefix) {
                    extra.entry(unescaped(key)).or_default().push(text(value)?.to_owned());
                }
            }
        }
        Ok(extra)
    }
}

fn names(names: &[String]) -> Result<Vec<HeaderName>, Rejected> {
    names.iter().map(|text| name(text)).collect()
}

fn name(text: &str) -> Result<HeaderName, Rejected> {
    text.trim().parse().map_err(|_| Rejected(format!("{text:?} cannot be the name of a header")))
}

/// Returns the first of the headers that begins with a value, or nothing.
fn first<'h>(headers: &'h HeaderMap, names: &[HeaderName]) -> Result<&'h str, Rejected> {
    let values = names.iter().filter_map(|name| headers.get(name));
    values.map(text).find(|value| value.as_ref().map_or(true, |value| !value.is_empty())).unwrap_or(Ok(""))
}

fn all(headers: &HeaderMap, names: &[HeaderName]) -> Result<Vec<String>, Rejected> {
    let values = names.iter().flat_map(|name| headers.get_all(name));
    values.filter(|value| !value.is_empty()).map(|value| text(value).map(str::to_owned)).collect()
}

/// Names are UTF-8. Bytes that are not would become one and the same replacement character on the way to who
/// authorizes, and so two users one.
fn text(value: &HeaderValue) -> Result<&str, Rejected> {
    std::str::from_utf8(value.as_bytes())
        .map_err(|_| Rejected("a header that names the user is not UTF-8".to_owned()))
}

/// Returns a key without its percent escapes; as it is when one of them is none.
fn unescaped(key: &str) -> String {
    let well_formed = key.split('%').skip(1).all(|rest| {
        let escape = rest.as_bytes().get(..2);
        escape.is_some_and(|escape| escape.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = percent_decode_str(key).decode_utf8();
    decoded.ok().filter(|_| well_formed).map_or_else(|| key.to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(names: &RemoteHeaders, headers: &[(&str, &str)]) -> Option<UserInfo> {
        names.user(&map(headers)).unwrap()
    }

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            map.append(name.parse::<HeaderName>().unwrap(), value);
        }
        map
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn all_four_kinds_are_read() {
        let found = user(
            &RemoteHeaders::standard(),
            &[
                ("X-Remote-User", "jürgen"),
                ("X-Remote-Uid", "7"),
                ("X-Remote-Group", "a"),
                ("x-remote-group", "b"),
                ("X-Remote-Extra-Scopes", "x"),
                ("X-Remote-Extra-scopes", "y"),
            ],
        );
        let expected = UserInfo {
            name: "jürgen".to_owned(),
            uid: "7".to_owned(),
            groups: strings(&["a", "b"]),
            extra: BTreeMap::from([("scopes".to_owned(), strings(&["x", "y"]))]),
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn the_first_name_header_with_a_value_counts() {
        let names = RemoteHeaders::new(&strings(&["One", "Two"]), &[], &[], &[]).unwrap();
        let name = |headers: &[_]| user(&names, headers).map(|user| user.name);
        assert_eq!(name(&[("two", "b"), ("one", "a")]).as_deref(), Some("a"));
        assert_eq!(name(&[("one", ""), ("two", "b")]).as_deref(), Some("b"));
        assert_eq!(name(&[("one", "a"), ("one", "b")]).as_deref(), Some("a"));
        assert_eq!(name(&[("one", ""), ("one", "a")]), None);
        assert_eq!(name(&[("X-Remote-User", "a")]), None);
    }

    #[test]
    fn empty_groups_are_none() {
        let found = user(&RemoteHeaders::standard(), &[("x-remote-user", "a"), ("x-remote-group", "")]);
        assert_eq!(found.unwrap().groups, [""; 0]);
    }

    #[test]
    fn a_name_with_underscores_is_another_header() {
        assert_eq!(user(&RemoteHeaders::standard(), &[("X_Remote_User", "admin")]), None);
    }

    #[test]
    fn keys_of_extras_are_unescaped_or_else_left_alone() {
        for (key, expected) in [
            ("acme.com%2Fproject", "acme.com/project"),
            ("a%zz", "a%zz"),
            ("a%2", "a%2"),
            ("%2fa%", "%2fa%"),
            ("%ff", "%ff"),
            ("", ""),
        ] {
            let header = format!("x-remote-extra-{key}");
            let found = user(&RemoteHeaders::standard(), &[("x-remote-user", "a"), (&header, "v")]);
            assert_eq!(found.unwrap().extra.into_keys().next().as_deref(), Some(expected), "{key}");
        }
    }

    #[test]
    fn what_is_not_utf_8_names_nobody() {
        let mut headers = HeaderMap::new();
        headers.insert("x-remote-user", HeaderValue::from_bytes(b"\xff").unwrap());
        RemoteHeaders::standard().user(&headers).unwrap_err();
    }

    #[test]
    fn names_that_no_header_can_have_are_refused() {
        for name in ["", " ", "a b", "ü"] {
            RemoteHeaders::new(&strings(&[name]), &[], &[], &[]).unwrap_err();
            RemoteHeaders::new(&[], &[], &[], &strings(&[name])).unwrap_err();
        }
        let spaced = RemoteHeaders::new(&strings(&[" X-Remote-User "]), &[], &[], &[]).unwrap();
        assert!(spaced.contain(&HeaderName::from_static("x-remote-user")));
    }
}
