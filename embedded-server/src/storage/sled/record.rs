//! The bytes on the disk: how keys and values of the tree are spelled. Every decoder checks what it reads.
//!
//! All numbers are big-endian. The tree holds three kinds of entries, told apart by the first byte of the key:
//!
//! | key | value |
//! | --- | --- |
//! | `r` revision:u64 | change:u8 previous:u64 position:u64 key_length:u32 key value |
//! | `k` key | revision:u64 live:u8 |
//! | `mformat` | version:u32 |
//! | `mcompacted` | revision:u64 position:u64 |

use bytes::Bytes;

use super::fault::Fault;
use crate::storage::{Key, Prefix, Revision};

/// The version of the layout that this code writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;

/// Where the version of the layout stands.
pub(super) const FORMAT_KEY: &[u8] = b"mformat";

/// Where the end of the forgotten part of the log stands; of a new store it is [`Place::FIRST`].
pub(super) const COMPACTED_KEY: &[u8] = b"mcompacted";

/// What a change did to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There was no value before.
    Created = 1,
    /// There was a value before and there is one now.
    Updated = 2,
    /// There was a value before and there is none now.
    Deleted = 3,
}

/// A change as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) change: Change,
    /// The revision of the key's change before this one, deletions included; zero when there is none known.
    pub(super) previous: u64,
    /// The bytes of all records ever written up to and including this one.
    pub(super) position: u64,
    pub(super) key: Key,
    /// Empty for a deletion.
    pub(super) value: Bytes,
}

/// The last change of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: u64,
    /// Whether the change left a value.
    pub(super) live: bool,
}

/// A place in the log: a revision and the bytes of all records up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) revision: u64,
    pub(super) position: u64,
}

/// Returns the tree's key of the record of `revision`.
pub(super) fn record_key(revision: u64) -> [u8; 9] {
    let mut key = [b'r'; 9];
    key[1..].copy_from_slice(&revision.to_be_bytes());
    key
}

/// Returns the revision that a record's key in the tree names.
pub(super) fn record_revision(key: &[u8]) -> Result<u64, Fault> {
    let mut reader = Reader { rest: key, what: "the key of a record" };
    match reader.u8()? {
        b'r' => reader.last_u64(),
        _ => Err(reader.malformed()),
    }
}

/// Returns the tree's key of the head of `key`.
pub(super) fn head_key(key: &Key) -> Vec<u8> {
    prefixed(key.as_str())
}

/// Returns what the tree's keys of the heads below `prefix` begin with.
pub(super) fn head_prefix(prefix: &Prefix) -> Vec<u8> {
    prefixed(prefix.as_str())
}

fn prefixed(text: &str) -> Vec<u8> {
    [b"k", text.as_bytes()].concat()
}

/// Returns the key that a head's key in the tree names.
pub(super) fn head_name(key: &[u8]) -> Result<Key, Fault> {
    let malformed = || Fault::Malformed { what: "the key of a head" };
    let name = key.strip_prefix(b"k").ok_or_else(malformed)?;
    std::str::from_utf8(name).map(Key::from_stored).map_err(|_| malformed())
}

impl Record {
    /// Returns the length of a record in bytes.
    pub(super) fn length(key: &Key, value: &[u8]) -> u64 {
        (1 + 8 + 8 + 4 + key.as_str().len() + value.len()) as u64
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, Fault> {
        let key = self.key.as_str().as_bytes();
        let key_length = u32::try_from(key.len()).map_err(|_| Fault::Malformed { what: "a key" })?;
        let mut bytes = Vec::with_capacity(21 + key.len() + self.value.len());
        bytes.push(self.change as u8);
        bytes.extend_from_slice(&self.previous.to_be_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        bytes.extend_from_slice(&key_length.to_be_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(&self.value);
        Ok(bytes)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader { rest: bytes, what: "a record" };
        let change = match reader.u8()? {
            1 => Change::Created,
            2 => Change::Updated,
            3 => Change::Deleted,
            _ => return Err(reader.malformed()),
        };
        let (previous, position, key_length) = (reader.u64()?, reader.u64()?, reader.u32()?);
        let key = reader.text(key_length)?;
        let value = Bytes::copy_from_slice(reader.rest);
        let plausible = match change {
            Change::Created => true,
            Change::Updated => previous > 0,
            Change::Deleted => previous > 0 && value.is_empty(),
        };
        if plausible { Ok(Self { change, previous, position, key, value }) } else { Err(reader.malformed()) }
    }
}

impl Head {
    pub(super) fn encode(self) -> [u8; 9] {
        let mut bytes = [u8::from(self.live); 9];
        bytes[..8].copy_from_slice(&self.revision.to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader { rest: bytes, what: "a head" };
        let revision = reader.u64()?;
        match reader.rest {
            [0] => Ok(Self { revision, live: false }),
            [1] => Ok(Self { revision, live: true }),
            _ => Err(reader.malformed()),
        }
    }
}

impl Place {
    /// Where the log of a new store begins.
    pub(super) const FIRST: Self = Self { revision: Revision::FIRST.0, position: 0 };

    pub(super) fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.revision.to_be_bytes());
        bytes[8..].copy_from_slice(&self.position.to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader { rest: bytes, what: "the end of the compacted log" };
        Ok(Self { revision: reader.u64()?, position: reader.last_u64()? })
    }
}

/// Decodes the version of the layout.
pub(super) fn decode_format(bytes: &[u8]) -> Result<u32, Fault> {
    let mut reader = Reader { rest: bytes, what: "the format version" };
    let version = reader.u32()?;
    if reader.rest.is_empty() { Ok(version) } else { Err(reader.malformed()) }
}

/// Takes checked pieces off the front of some bytes.
struct Reader<'b> {
    rest: &'b [u8],
    what: &'static str,
}

impl<'b> Reader<'b> {
    fn malformed(&self) -> Fault {
        Fault::Malformed { what: self.what }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(*head)
    }

    fn u8(&mut self) -> Result<u8, Fault> {
        self.array().map(u8::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    /// Takes a number that has to be the last piece.
    fn last_u64(&mut self) -> Result<u64, Fault> {
        let number = self.u64()?;
        if self.rest.is_empty() { Ok(number) } else { Err(self.malformed()) }
    }

    fn text(&mut self, length: u32) -> Result<Key, Fault> {
        let length = usize::try_from(length).map_err(|_| self.malformed())?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        std::str::from_utf8(text).map(Key::from_stored).map_err(|_| self.malformed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            change: Change::Updated,
            previous: 7,
            position: 4096,
            key: Key::from_stored("g/things/ns/n"),
            value: Bytes::from_static(b"\0value\xff"),
        }
    }

    #[test]
    fn a_record_survives_encoding() {
        let bytes = record().encode().unwrap();
        assert_eq!(bytes.len() as u64, Record::length(&record().key, &record().value));
        assert_eq!(Record::decode(&bytes).unwrap(), record());
    }

    #[test]
    fn the_bytes_of_a_record_are_pinned() {
        let record = Record { key: Key::from_stored("k"), value: Bytes::from_static(b"v"), ..record() };
        let expected = [2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 1, b'k', b'v'];
        assert_eq!(record.encode().unwrap(), expected);
    }

    #[test]
    fn a_truncated_record_is_refused_at_every_length_that_loses_the_key() {
        let bytes = record().encode().unwrap();
        for length in 0..21 + record().key.as_str().len() {
            assert!(Record::decode(&bytes[..length]).is_err(), "accepted {length} bytes");
        }
    }

    #[test]
    fn an_unknown_change_a_deletion_with_a_value_and_an_update_of_nothing_are_refused() {
        let mut bytes = record().encode().unwrap();
        for change in [0, 3, 4, 255] {
            bytes[0] = change;
            assert!(Record::decode(&bytes).is_err(), "accepted change {change}");
        }
        let orphan = Record { previous: 0, ..record() }.encode().unwrap();
        assert!(Record::decode(&orphan).is_err());
    }

    #[test]
    fn heads_and_places_survive_encoding_and_refuse_other_lengths() {
        let head = Head { revision: 258, live: true };
        assert_eq!(Head::decode(&head.encode()).unwrap(), head);
        assert!(Head::decode(&head.encode()[..8]).is_err());
        assert!(Head::decode(&[2; 9]).is_err());
        let place = Place { revision: 3, position: 1 << 40 };
        assert_eq!(Place::decode(&place.encode()).unwrap(), place);
        assert!(Place::decode(&[0; 17]).is_err());
        assert!(decode_format(&[0; 5]).is_err());
    }

    #[test]
    fn records_sort_by_revision() {
        assert!(record_key(255) < record_key(256));
        assert_eq!(record_revision(&record_key(256)).unwrap(), 256);
        assert!(record_revision(b"r123").is_err());
    }
}
