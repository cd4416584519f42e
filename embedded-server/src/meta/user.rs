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
    /// The name of a user who shows no credentials.
    pub const ANONYMOUS: &'static str = "system:anonymous";
    /// The group whose members are allowed everything.
    pub const MASTERS: &'static str = "system:masters";
    /// The group of all authenticated users.
    pub const AUTHENTICATED: &'static str = "system:authenticated";
    /// The group of requests that carry no credentials.
    pub const UNAUTHENTICATED: &'static str = "system:unauthenticated";

    /// Returns the user of a request that carries no credentials.
    pub fn anonymous() -> Self {
        Self {
            name: Self::ANONYMOUS.to_owned(),
            groups: vec![Self::UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// Returns the same user as a member of the group of all authenticated users, unless it is the anonymous one
    /// or in one of the two groups already.
    ///
    /// Source: `apiserver/pkg/authentication/group/authenticated_group_adder.go`.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        if !self.is_placed() {
            self.groups.push(Self::AUTHENTICATED.to_owned());
        }
        self
    }

    /// Tells whether [`Self::authenticated`] has nothing to add.
    pub fn is_placed(&self) -> bool {
        self.is_anonymous() || self.is_member_of(Self::AUTHENTICATED)
    }

    /// Tells whether nobody knows who this is.
    pub fn is_anonymous(&self) -> bool {
        self.name == Self::ANONYMOUS || self.is_member_of(Self::UNAUTHENTICATED)
    }

    /// Tells whether the user is a member of `group`.
    pub fn is_member_of(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}
