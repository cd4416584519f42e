//! `wfctl image`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, anyhow};
use tempfile::NamedTempFile;

use crate::cli::{ImageCommand, ImageSave};
use crate::failure::{Failure, Hint};
use crate::files;
use crate::oci::{self, Name};
use crate::printer::Printer;

/// An image is for everybody to read.
const MODE: u32 = 0o644;

/// Runs a command about images.
pub(super) fn run(command: &ImageCommand, printer: &Printer) -> Result<(), Failure> {
    match command {
        ImageCommand::Save(arguments) => save(arguments, printer),
    }
}

fn save(arguments: &ImageSave, printer: &Printer) -> Result<(), Failure> {
    let name: Name = arguments.name.parse().map_err(|problem| {
        Failure::usage(
            anyhow!("--name {:?} cannot be used: {problem}", arguments.name),
            "write REGISTRY/NAME:TAG, for example registry.example.com/wfctl:1",
        )
    })?;
    let digest = {
        let _step = printer.step("Writing the image");
        write(arguments, &name).with_context(|| format!("cannot write {}", arguments.output.display()))?
    };
    printer.note(format_args!("{} holds {name}, sha256:{digest}", arguments.output.display()));
    Ok(())
}

/// Leaves the file as it was, or a whole one.
fn write(arguments: &ImageSave, name: &Name) -> anyhow::Result<String> {
    let root =
        oci::this_program().hint("images are made of programs for Linux; on others, use the Dockerfile")?;
    let file = NamedTempFile::new_in(files::directory_of(&arguments.output))?;
    let digest = oci::write(file.as_file(), &root, name)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(MODE))?;
    file.as_file().sync_all()?;
    file.persist(&arguments.output)?;
    Ok(digest)
}
