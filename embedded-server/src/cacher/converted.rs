//! A cached object in the versions it is read in besides the one it is stored in.

use std::fmt::Debug;
use std::sync::OnceLock;

use crate::codec::{Encoded, Malformed};

/// Brings stored objects into another version.
pub trait Convert: Debug + Send + Sync + 'static {
    /// Returns the version, as `group/version`.
    fn api_version(&self) -> &str;

    /// Returns a stored object in the version.
    ///
    /// # Errors
    /// When the bytes are no object of the type.
    fn convert(&self, stored: &Encoded) -> Result<Encoded, Malformed>;
}

/// What an object was converted to, each once for all who read it. Takes no memory to speak of until then.
#[derive(Debug, Default)]
pub(super) struct Conversions(OnceLock<Box<Conversion>>);

#[derive(Debug)]
struct Conversion {
    api_version: String,
    outcome: Result<Encoded, Malformed>,
    others: Conversions,
}

impl Conversions {
    /// Returns `stored` in another version.
    pub(super) fn get(&self, stored: &Encoded, to: &dyn Convert) -> Result<&Encoded, Malformed> {
        let convert = || Conversion {
            api_version: to.api_version().to_owned(),
            outcome: to.convert(stored),
            others: Self::default(),
        };
        let first = self.0.get_or_init(|| Box::new(convert()));
        if first.api_version != to.api_version() {
            return first.others.get(stored, to);
        }
        first.outcome.as_ref().map_err(|error| *error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::codec::EventType;
    use crate::meta::Revision;

    /// Names another version, and counts how often.
    #[derive(Debug)]
    struct Renamed(&'static str, AtomicUsize);

    impl Convert for Renamed {
        fn api_version(&self) -> &str {
            self.0
        }

        fn convert(&self, stored: &Encoded) -> Result<Encoded, Malformed> {
            self.1.fetch_add(1, Ordering::Relaxed);
            stored.converted(&json(self.0))
        }
    }

    fn json(api_version: &str) -> Vec<u8> {
        format!(r#"{{"apiVersion":"{api_version}","kind":"K","metadata":{{}}}}"#).into_bytes()
    }

    #[test]
    fn each_version_is_made_once() {
        let stored = Encoded::new(EventType::Added, &json("g/v1"), Revision::ZERO).unwrap();
        let versions = ["g/v2", "g/v3"].map(|version| Renamed(version, AtomicUsize::new(0)));
        let conversions = Conversions::default();
        for version in versions.iter().chain(&versions) {
            assert_eq!(conversions.get(&stored, version).unwrap().json(), json(version.0));
        }
        assert!(versions.iter().all(|version| version.1.load(Ordering::Relaxed) == 1));
    }
}
