//! Container images of this program, without a container engine. Knows the formats, not what the image is for.
//!
//! Source: the image layout and configuration of OCI's image-spec, and the archive of `docker save`.

mod archive;
mod elf;
mod layer;
mod name;
mod root;
#[cfg(test)]
mod tests;

pub(crate) use self::archive::write;
pub(crate) use self::name::Name;
pub(crate) use self::root::this_program;
