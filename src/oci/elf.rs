//! What a program or a library needs to be loaded.

use object::elf::{DT_NEEDED, DT_SONAME, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, read};

/// What a program or a library needs to be loaded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Needs {
    /// The path of the loader; a library, and a program that is linked statically, has none.
    pub(super) interpreter: Option<String>,
    /// The names of the libraries.
    pub(super) libraries: Vec<String>,
    /// What others call it.
    pub(super) name: Option<String>,
}

/// Reads what `file` needs.
///
/// # Errors
///
/// It is no 64-bit ELF file, or a damaged one.
pub(super) fn read(file: &[u8]) -> read::Result<Needs> {
    let header = FileHeader64::<Endianness>::parse(file)?;
    let endian = header.endian()?;
    let mut needs = Needs::default();
    for segment in header.program_headers(endian, file)? {
        let interpreter = segment.interpreter(endian, file)?;
        needs.interpreter = needs.interpreter.or(interpreter.map(text));
    }
    let dynamic = header.sections(endian, file)?.dynamic_table(endian, file)?;
    for entry in &dynamic {
        match entry.tag {
            DT_NEEDED => needs.libraries.push(text(dynamic.string(entry)?)),
            DT_SONAME => needs.name = Some(text(dynamic.string(entry)?)),
            _ => {}
        }
    }
    Ok(needs)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
