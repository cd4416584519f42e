//! What a store holds, in two numbers that are the same for the same objects wherever they are kept.

use std::fmt::Write;

use embedded_server::storage::KeyValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many values, and which: revisions do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// How many there are.
    pub(crate) objects: usize,
    /// Their checksum in hexadecimal: of all keys and values in the order of the keys, or of lines as a file has them.
    pub(crate) sha256: String,
}

impl Content {
    /// Looks at values in the order of their keys.
    pub(crate) fn of(items: &[KeyValue]) -> Self {
        let mut digest = Sha256::new();
        for item in items {
            for part in [item.key.as_str().as_bytes(), &item.value] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        Self { objects: items.len(), sha256: hexadecimal(&digest.finalize()) }
    }

    /// Looks at the lines of a file, each with its end.
    pub(crate) fn of_lines(lines: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for line in lines {
            digest.update(line);
            digest.update(b"\n");
        }
        Self { objects: lines.len(), sha256: hexadecimal(&digest.finalize()) }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use embedded_server::storage::{Key, Revision};

    use super::*;

    fn item(key: &str, value: &'static str, revision: u64) -> KeyValue {
        let value = Bytes::from_static(value.as_bytes());
        KeyValue { key: Key::from_stored(key), value, revision: Revision(revision) }
    }

    #[test]
    fn the_same_objects_are_the_same_content_whatever_their_revisions() {
        let here = Content::of(&[item("a", "1", 5), item("b", "2", 7)]);
        assert_eq!(here, Content::of(&[item("a", "1", 1), item("b", "2", 2)]));
        assert_ne!(here, Content::of(&[item("a", "1", 5)]));
        assert_ne!(here, Content::of(&[item("a", "1", 5), item("b", "3", 7)]));
        assert_ne!(Content::of(&[item("ab", "1", 5)]), Content::of(&[item("a", "b1", 5)]));
    }
}
