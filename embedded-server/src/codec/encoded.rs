//! An object encoded once, in the form that gets, lists and watches send as it is.
//!
//! One buffer holds `{"type":"ADDED","object":{"apiVersion":…,"kind":…,"metadata":{"resourceVersion":"7",…}…}}\n`.
//! A watch sends all of it, a get the part that is the object, a list the part from `"metadata"` on.

use bytes::{BufMut, Bytes, BytesMut};
use serde::ser::Error as _;

use crate::meta::{Resource, Revision};

const METADATA: &[u8] = br#""metadata":{"#;
const VERSION: &[u8] = br#""resourceVersion":""#;
const TAIL: &[u8] = b"}\n";

/// What happened to an object, `type` of a `WatchEvent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventType {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

impl EventType {
    /// Returns the type as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }

    /// Returns the event frame around `object`, which is encoded JSON.
    pub fn frame(self, object: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(object.len() + 40);
        self.open(&mut out);
        out.put_slice(object);
        out.put_slice(TAIL);
        out.freeze()
    }

    fn open(self, out: &mut BytesMut) {
        out.put_slice(br#"{"type":""#);
        out.put_slice(self.as_str().as_bytes());
        out.put_slice(br#"","object":"#);
    }
}

/// Stored bytes that are not an object this library encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded object: it has no metadata where metadata has to be")]
pub struct Malformed;

/// An encoded object with its resource version in place. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Encoded {
    frame: Bytes,
    object: u32,
    metadata: u32,
    version: u32,
    version_end: u32,
}

/// Encodes an object without a resource version, as it is stored: `apiVersion`, `kind`, `metadata` and the rest.
///
/// # Errors
/// When the object does not write `metadata` as its first field, or its `Serialize` fails.
pub fn encode<T: Resource>(object: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(br#"{"apiVersion":""#);
    if !T::DESCRIPTOR.group.is_empty() {
        out.extend_from_slice(T::DESCRIPTOR.group.as_bytes());
        out.push(b'/');
    }
    out.extend_from_slice(T::DESCRIPTOR.version.as_bytes());
    out.extend_from_slice(br#"","kind":""#);
    out.extend_from_slice(T::DESCRIPTOR.kind.as_bytes());
    out.push(b'"');
    let fields = out.len();
    serde_json::to_writer(&mut out, object)?;
    if !out[fields..].starts_with(br#"{"metadata":{"#) {
        return Err(serde_json::Error::custom("metadata has to be the first field of an object"));
    }
    out[fields] = b',';
    Ok(out)
}

impl Encoded {
    /// Writes a resource version into stored bytes and frames them as an event. An object of revision zero was
    /// never stored and gets none.
    ///
    /// # Errors
    /// When the bytes were not made by [`encode`].
    pub fn new(kind: EventType, stored: &[u8], revision: Revision) -> Result<Self, Malformed> {
        let mut digits = [0_u8; 20];
        let digits = if revision == Revision::ZERO { &[] } else { decimal(revision.0, &mut digits) };
        let mut out = BytesMut::with_capacity(stored.len() + 80);
        kind.open(&mut out);
        Self::framed(out, stored, digits)
    }

    /// Returns the same event with the same resource version about `object`, the object in another version
    /// without a resource version.
    ///
    /// # Errors
    /// When the bytes were not made by [`encode`].
    pub fn converted(&self, object: &[u8]) -> Result<Self, Malformed> {
        let mut out = BytesMut::with_capacity(object.len() + 80);
        out.put_slice(&self.frame[..self.object as usize]);
        Self::framed(out, object, &self.frame[self.version as usize..self.version_end as usize])
    }

    /// Puts an object with a resource version behind the beginning of an event; empty stands for none.
    fn framed(mut out: BytesMut, stored: &[u8], digits: &[u8]) -> Result<Self, Malformed> {
        let metadata = metadata_at(stored)?;
        let (head, rest) = stored.split_at(metadata + METADATA.len());
        let object = out.len();
        out.put_slice(head);
        let (mut version, mut version_end) = (out.len(), out.len());
        if !digits.is_empty() {
            out.put_slice(VERSION);
            version = out.len();
            out.put_slice(digits);
            version_end = out.len();
            out.put_slice(if rest.first() == Some(&b'}') { b"\"" } else { b"\"," });
        }
        out.put_slice(rest);
        out.put_slice(TAIL);
        let at = |offset: usize| u32::try_from(offset).map_err(|_| Malformed);
        Ok(Self {
            frame: out.freeze(),
            object: at(object)?,
            metadata: at(object + metadata)?,
            version: at(version)?,
            version_end: at(version_end)?,
        })
    }

    /// Returns the object as JSON.
    pub fn json(&self) -> Bytes {
        self.frame.slice(self.object as usize..self.frame.len() - TAIL.len())
    }

    /// Returns the object's JSON without its opening brace, `apiVersion` and `kind`: what follows `{` where it
    /// is an item of a list.
    pub fn item(&self) -> &[u8] {
        &self.frame[self.metadata as usize..self.frame.len() - TAIL.len()]
    }

    /// Returns the event that was framed when the object was encoded.
    pub fn event(&self) -> Bytes {
        self.frame.clone()
    }

    /// Returns the object framed as an event of another type, at its own revision.
    pub fn event_as(&self, kind: EventType) -> Bytes {
        if self.frame[9..].starts_with(kind.as_str().as_bytes()) {
            return self.event();
        }
        kind.frame(&self.frame[self.object as usize..self.frame.len() - TAIL.len()])
    }

    /// Returns the object's JSON with another resource version.
    pub fn json_at(&self, revision: Revision) -> Bytes {
        let mut digits = [0_u8; 20];
        let digits = decimal(revision.0, &mut digits);
        let mut out = BytesMut::with_capacity(self.frame.len() + 20);
        out.put_slice(&self.frame[self.object as usize..self.version as usize]);
        out.put_slice(digits);
        out.put_slice(&self.frame[self.version_end as usize..self.frame.len() - TAIL.len()]);
        out.freeze()
    }

    /// Returns the number of bytes it occupies.
    pub fn size(&self) -> usize {
        self.frame.len()
    }
}

/// Returns where in an encoded object the field `metadata` begins.
pub(super) fn metadata_at(object: &[u8]) -> Result<usize, Malformed> {
    let mut candidates = object.windows(METADATA.len()).take(512);
    // Most windows are told apart by one byte.
    candidates.position(|w| w[1] == METADATA[1] && w == METADATA).ok_or(Malformed)
}

fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &[u8] = br#"{"apiVersion":"g/v1","kind":"K","metadata":{"name":"a"},"spec":{}}"#;

    fn encoded(stored: &[u8]) -> Encoded {
        Encoded::new(EventType::Added, stored, Revision(42)).unwrap()
    }

    #[test]
    fn the_resource_version_stands_in_the_metadata() {
        let json = encoded(STORED).json();
        let expected =
            br#"{"apiVersion":"g/v1","kind":"K","metadata":{"resourceVersion":"42","name":"a"},"spec":{}}"#;
        assert_eq!(&json[..], expected);
    }

    #[test]
    fn what_was_never_stored_has_no_resource_version() {
        assert_eq!(&Encoded::new(EventType::Added, STORED, Revision::ZERO).unwrap().json()[..], STORED);
    }

    #[test]
    fn empty_metadata_gets_no_stray_comma() {
        let json = encoded(br#"{"apiVersion":"g/v1","kind":"K","metadata":{}}"#).json();
        assert_eq!(&json[..], br#"{"apiVersion":"g/v1","kind":"K","metadata":{"resourceVersion":"42"}}"#);
    }

    #[test]
    fn one_buffer_serves_event_object_and_item() {
        let encoded = encoded(STORED);
        assert!(encoded.event().starts_with(br#"{"type":"ADDED","object":{"apiVersion""#));
        assert!(encoded.event().ends_with(b"}}\n"));
        assert!(encoded.item().starts_with(br#""metadata":{"resourceVersion":"42""#));
        assert_eq!(encoded.event_as(EventType::Added).as_ptr(), encoded.event().as_ptr());
    }

    #[test]
    fn another_type_or_version_changes_nothing_else() {
        let encoded = encoded(STORED);
        let deleted = EventType::Deleted.frame(&encoded.json_at(Revision(1000)));
        let value: serde_json::Value = serde_json::from_slice(&deleted).unwrap();
        assert_eq!(value["type"], "DELETED");
        assert_eq!(value["object"]["metadata"]["resourceVersion"], "1000");
        assert_eq!(value["object"]["metadata"]["name"], "a");
        assert!(encoded.event_as(EventType::Deleted).starts_with(br#"{"type":"DELETED""#));
    }

    #[test]
    fn another_version_keeps_event_and_resource_version() {
        let other = br#"{"apiVersion":"g/v2","kind":"K","metadata":{"name":"a"},"size":1}"#;
        let converted = encoded(STORED).converted(other).unwrap();
        let expected =
            br#"{"apiVersion":"g/v2","kind":"K","metadata":{"resourceVersion":"42","name":"a"},"size":1}"#;
        assert_eq!(&converted.json()[..], expected);
        assert_eq!(converted.event_as(EventType::Added).as_ptr(), converted.event().as_ptr());
        let never_stored = Encoded::new(EventType::Added, STORED, Revision::ZERO).unwrap();
        assert_eq!(&never_stored.converted(other).unwrap().json()[..], other);
    }

    #[test]
    fn bytes_without_metadata_are_refused() {
        assert_eq!(Encoded::new(EventType::Added, b"{}", Revision(1)).unwrap_err(), Malformed);
    }

    #[test]
    fn decimals_cover_all_of_u64() {
        for number in [0, 9, 10, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }
}
