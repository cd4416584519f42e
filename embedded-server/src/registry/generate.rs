//! Names and identities that the server makes up. Source: `apiserver/pkg/storage/names/generate.go`.

use uuid::Uuid;

/// Without vowels and look-alikes, so that no word arises.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX: usize = 5;
const LONGEST: usize = 63;

/// Returns `base`, cut to leave room, and five random characters.
pub(super) fn name(base: &str) -> String {
    let mut end = base.len().min(LONGEST - SUFFIX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    let random = Uuid::new_v4();
    let letters = random.as_bytes().iter().filter(|byte| **byte < 243).chain([0_u8; SUFFIX].iter());
    let suffix = letters.take(SUFFIX).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    base[..end].chars().chain(suffix).collect()
}

/// Returns a new identity.
pub(super) fn uid() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_extend_their_base() {
        let made = name("build-");
        assert_eq!(made.len(), 11);
        assert!(made.starts_with("build-"));
        assert_ne!(made, name("build-"));
    }

    #[test]
    fn long_bases_are_cut() {
        assert_eq!(name(&"a".repeat(80)).len(), 63);
        assert!(name(&"é".repeat(40)).len() <= 63);
    }
}
