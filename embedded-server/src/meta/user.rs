//! Who makes a request.

use std::collections::BTreeMap;

/// A user as an authenticator established it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// The name that uniquely identifies the user among all active users.
    pub name: String,
    /// The unique value that tells two users of the same name apart over time; empty when unknown.
    pub uid: String,
    /// The groups the user is a member of.
    pub groups: Vec<String>,
    /// What else the authenticator knows, opaque to this library.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// The group whose members are allowed everything.
    pub const MASTERS: &'static str = "system:masters";
    /// The group of all authenticated users.
    pub const AUTHENTICATED: &'static str = "system:authenticated";
    /// The group of requests that carry no credentials.
    pub const UNAUTHENTICATED: &'static str = "system:unauthenticated";

    /// Returns the user of a request that carries no credentials.
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec![Self::UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// Tells whether the user is a member of `group`.
    pub fn is_member_of(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}
