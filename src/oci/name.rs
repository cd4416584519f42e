//! What an image is called.

use std::fmt;
use std::str::FromStr;

use crate::values::{Image, ImageError};

/// A reference with a tag and without a digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Name {
    full: String,
    tag: String,
}

impl Name {
    /// Returns the tag.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.full.fmt(formatter)
    }
}

/// A reference without a tag means the one called `latest`, as everywhere.
impl FromStr for Name {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let image: Image = text.parse()?;
        if text.contains('@') {
            return Err(ImageError::Digest);
        }
        Ok(match image.tag() {
            Some(tag) => Self { full: text.to_owned(), tag: tag.to_owned() },
            None => Self { full: format!("{text}:latest"), tag: "latest".to_owned() },
        })
    }
}
