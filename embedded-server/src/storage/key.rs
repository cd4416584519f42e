//! The layout of keys, in one place: `<group>/<resource>/[<namespace>/]<name>`.

use std::fmt;
use std::sync::Arc;

use crate::meta::Descriptor;

/// The address of a stored object. Keys sort by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// What the key of an object says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'k> {
    /// API group of the resource.
    pub group: &'k str,
    /// Plural of the resource.
    pub resource: &'k str,
    /// Where the object lives; empty for the cluster.
    pub namespace: &'k str,
    /// What it is called.
    pub name: &'k str,
}

/// The beginning of the keys of a resource; always ends in `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(Arc<str>);

impl Key {
    /// Takes a key over as a backend stored it.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what the key says of the object below it; none when it is not laid out as those of objects are.
    pub fn address(&self) -> Option<Address<'_>> {
        let parts: Vec<&str> = self.0.split('/').collect();
        let (group, resource, namespace, name) = match parts[..] {
            [group, resource, name] => (group, resource, "", name),
            [group, resource, namespace, name] => (group, resource, namespace, name),
            _ => return None,
        };
        let whole = parts.iter().all(|part| !part.is_empty());
        whole.then_some(Address { group, resource, namespace, name })
    }
}

impl Prefix {
    /// Returns the prefix of everything.
    pub fn all() -> Self {
        Self("".into())
    }

    /// Returns the prefix of a resource's objects.
    pub fn of_resource(resource: &Descriptor) -> Self {
        Self(format!("{}/{}/", resource.group, resource.plural).into())
    }

    /// Returns the key of the object that is called `name` in `namespace`; the namespace is empty for
    /// cluster-scoped resources.
    pub fn object(&self, namespace: &str, name: &str) -> Key {
        let separator = if namespace.is_empty() { "" } else { "/" };
        Key(format!("{}{namespace}{separator}{name}", self.0).into())
    }

    /// Returns what follows the prefix in `key`, or none when it is not below it.
    pub fn strip<'k>(&self, key: &'k Key) -> Option<&'k str> {
        key.0.strip_prefix(&*self.0)
    }

    /// Tells whether `key` is below the prefix.
    pub fn contains(&self, key: &Key) -> bool {
        key.0.starts_with(&*self.0)
    }

    /// Returns the prefix's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lie_below_their_group_resource_and_namespace() {
        let prefix = Prefix::of_resource(&Descriptor {
            group: "example.com",
            version: "v1",
            kind: "Thing",
            plural: "things",
            singular: "thing",
            definition_prefix: "com.example.v1",
            ..Descriptor::NAMESPACED
        });
        let key = prefix.object("ns", "a");
        assert_eq!(key.as_str(), "example.com/things/ns/a");
        assert_eq!(prefix.strip(&key), Some("ns/a"));
        assert_eq!(prefix.object("", "a").as_str(), "example.com/things/a");
    }

    #[test]
    fn a_key_says_what_lies_below_it() {
        let address = Address { group: "example.com", resource: "things", namespace: "ns", name: "a" };
        assert_eq!(Key::from_stored("example.com/things/ns/a").address(), Some(address));
        let address = Address { namespace: "", ..address };
        assert_eq!(Key::from_stored("example.com/things/a").address(), Some(address));
        for text in ["", "a", "example.com/things", "example.com/things/", "example.com//ns/a", "a/b/c/d/e"] {
            assert_eq!(Key::from_stored(text).address(), None, "{text}");
        }
    }
}
