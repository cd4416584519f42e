//! Who may do what, and what happens when nobody can say.

mod reviews;
mod rules;

use super::*;
use crate::meta::{Method, Verb};

fn path(path: &str) -> Attributes {
    Attributes::Path { verb: Verb::Method(Method::Get), path: path.to_owned() }
}
