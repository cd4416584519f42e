//! A file that is exchanged when it grows too large: the old one gets the time into its name, as
//! `gopkg.in/natefinch/lumberjack.v2` names them, and the oldest go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedded_server::clock::Clock;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use crate::config::Rotation;
use crate::files::directory_of;

/// The moment in the name of an old file, UTC.
const MOMENT: &str = "%Y-%m-%dT%H-%M-%S%.3f";
/// For its owner alone: an audit log tells who does what.
const MODE: u32 = 0o600;

/// A file of bounded size.
#[derive(Debug)]
pub(super) struct RotatedFile {
    path: PathBuf,
    rotation: Rotation,
    clock: Arc<dyn Clock>,
    file: File,
    size: u64,
}

impl RotatedFile {
    /// Goes on with the file at `path`, or begins it.
    pub(super) fn open(path: &Path, rotation: Rotation, clock: Arc<dyn Clock>) -> io::Result<Self> {
        fs::create_dir_all(directory_of(path))?;
        let file = append_to(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), rotation, clock, file, size })
    }

    fn exchange(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        fs::rename(&self.path, self.named_after(now))?;
        self.file = append_to(&self.path)?;
        self.size = 0;
        self.tidy(now)
    }

    fn named_after(&self, now: Timestamp) -> PathBuf {
        let (stem, extension) = self.name();
        directory_of(&self.path).join(format!("{stem}-{}{extension}", now.strftime(MOMENT)))
    }

    /// Returns the parts of the name that a moment stands between.
    fn name(&self) -> (String, String) {
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let extension = self.path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
        (text(self.path.file_stem()), extension.unwrap_or_default())
    }

    /// Removes old files, of which there are too many or which are too old.
    fn tidy(&self, now: Timestamp) -> io::Result<()> {
        let mut old = self.old()?;
        old.sort_by_key(|(moment, _)| std::cmp::Reverse(*moment));
        let age = SignedDuration::from_hours(24 * i64::from(self.rotation.days));
        for (index, (moment, path)) in old.iter().enumerate() {
            let surplus = self.rotation.backups > 0 && index >= self.rotation.backups;
            let outdated = self.rotation.days > 0 && now.duration_since(*moment) > age;
            if surplus || outdated {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn old(&self) -> io::Result<Vec<(Timestamp, PathBuf)>> {
        let (stem, extension) = self.name();
        let mut old = Vec::new();
        for entry in fs::read_dir(directory_of(&self.path))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let moment =
                name.strip_prefix(&format!("{stem}-")).and_then(|rest| rest.strip_suffix(&extension));
            if let Some(moment) = moment.and_then(moment_of) {
                old.push((moment, path));
            }
        }
        Ok(old)
    }
}

impl Write for RotatedFile {
    /// Writes all of `line`, to one file. A file that cannot be exchanged is written to further.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = line.len() as u64;
        let full = self.rotation.size > 0 && self.size > 0 && self.size + length > self.rotation.size;
        if full && let Err(error) = self.exchange() {
            tracing::error!(path = %self.path.display(), %error, "cannot exchange the audit log");
        }
        self.file.write_all(line)?;
        self.size += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

fn moment_of(text: &str) -> Option<Timestamp> {
    let moment = DateTime::strptime(MOMENT, text).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use embedded_server::clock::ManualClock;
    use tempfile::TempDir;

    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    struct Scene {
        directory: TempDir,
        clock: ManualClock,
        rotation: Rotation,
    }

    impl Scene {
        fn new(size: u64, backups: usize, days: u32) -> Self {
            let clock = ManualClock::at("2024-01-15T10:00:00Z".parse().unwrap());
            Self {
                directory: tempfile::tempdir().unwrap(),
                clock,
                rotation: Rotation { size, backups, days },
            }
        }

        fn open(&self) -> RotatedFile {
            let path = self.directory.path().join("logs/audit.log");
            RotatedFile::open(&path, self.rotation, Arc::new(self.clock.clone())).unwrap()
        }

        /// Writes lines, an hour apart.
        fn write(&self, file: &mut RotatedFile, lines: &[&str]) {
            for line in lines {
                file.write_all(line.as_bytes()).unwrap();
                self.clock.advance(HOUR);
            }
        }

        /// Returns what files there are, and what is in them.
        fn files(&self) -> Vec<(String, String)> {
            let entries = fs::read_dir(self.directory.path().join("logs")).unwrap();
            let mut files: Vec<_> = entries
                .map(|entry| entry.unwrap().path())
                .map(|path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    (name, fs::read_to_string(path).unwrap())
                })
                .collect();
            files.sort();
            files
        }
    }

    fn pair(name: &str, content: &str) -> (String, String) {
        (name.to_owned(), content.to_owned())
    }

    #[test]
    fn a_file_that_is_full_is_put_aside_under_the_time() {
        let scene = Scene::new(10, 0, 0);
        scene.write(&mut scene.open(), &["12345678\n", "abc\n", "def\n"]);
        let expected =
            [pair("audit-2024-01-15T11-00-00.000.log", "12345678\n"), pair("audit.log", "abc\ndef\n")];
        assert_eq!(scene.files(), expected);
    }

    #[test]
    fn a_line_that_fits_nowhere_is_written_whole() {
        let scene = Scene::new(4, 0, 0);
        scene.write(&mut scene.open(), &["123456\n", "7\n"]);
        assert_eq!(scene.files()[0].1, "123456\n");
    }

    #[test]
    fn a_file_that_is_there_is_gone_on_with() {
        let scene = Scene::new(10, 0, 0);
        scene.write(&mut scene.open(), &["1234567\n"]);
        scene.write(&mut scene.open(), &["8\n", "9\n"]);
        assert_eq!(scene.files().last().unwrap(), &pair("audit.log", "9\n"));
        assert_eq!(scene.files().len(), 2);
    }

    #[test]
    fn only_so_many_old_files_are_kept_and_others_files_are_left_alone() {
        let scene = Scene::new(2, 2, 0);
        let mut file = scene.open();
        fs::write(scene.directory.path().join("logs/audit-mine.log"), "x").unwrap();
        scene.write(&mut file, &["1\n", "2\n", "3\n", "4\n", "5\n"]);
        let contents: Vec<_> = scene.files().into_iter().map(|(_, content)| content).collect();
        assert_eq!(contents, ["3\n", "4\n", "x", "5\n"]);
    }

    #[test]
    fn files_that_are_too_old_go() {
        let scene = Scene::new(2, 0, 1);
        let mut file = scene.open();
        scene.write(&mut file, &["1\n", "2\n"]);
        scene.clock.advance(HOUR * 30);
        scene.write(&mut file, &["3\n"]);
        assert_eq!(scene.files().len(), 2);
    }

    #[test]
    fn without_a_limit_a_file_grows() {
        let scene = Scene::new(0, 0, 0);
        scene.write(&mut scene.open(), &["1\n"; 100]);
        assert_eq!(scene.files().len(), 1);
    }
}
