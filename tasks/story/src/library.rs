//! Files of a subject: its research, which is read, and its story, which is written.

mod subjects;

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::input::Subject;

/// Name of the research file in a subject's folder.
pub(super) const RESEARCH_FILE: &str = "research.md";
/// Name of the story in a subject's folder.
pub(super) const STORY_FILE: &str = "story.md";
/// Beginning of the last line of an unfinished story.
pub(super) const UNFINISHED: &str = "*This story is being written: ";
/// Bytes at the end of a story that contain its last line.
const TAIL: u64 = 1024;

/// Why a file of a subject could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum LibraryError {
    /// The subject has no research file. Simple clients depend on this text.
    #[error("Research file not found")]
    Missing,
    /// A link leads out of the subject's folder.
    #[error("{0} leads out of the folder of its subject; put the file itself there, not a link")]
    Outside(String),
    /// Not a regular file.
    #[error("{0} is not a regular file")]
    NotAFile(String),
    /// The file exceeds the size limit.
    #[error(
        "{path} has more than {max} bytes; shorten it or raise MILEPOST_STORY_MAX_RESEARCH_BYTES"
    )]
    TooLarge {
        /// Path of the file.
        path: String,
        /// The limit in bytes.
        max: u64,
    },
    /// The file is not UTF-8.
    #[error("{path} is not UTF-8: line {line} has an invalid byte; save the file as UTF-8")]
    Encoding {
        /// Path of the file.
        path: String,
        /// Line of the first invalid byte, from 1.
        line: usize,
    },
    /// Error of the operating system.
    #[error("{path}: {source}")]
    Io {
        /// Path of the file.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

/// Folder with a subfolder for each subject. All calls block.
#[derive(Clone, Debug)]
pub(super) struct Library {
    root: PathBuf,
    max_bytes: u64,
    umask: Option<u32>,
}

impl Library {
    /// Reads and writes below `root`; a research file may have up to `max_bytes`.
    pub(super) fn new(root: PathBuf, max_bytes: u64) -> Self {
        Self { root, max_bytes, umask: None }
    }

    /// Writes stories with the modes that this umask leaves, not the process's.
    pub(super) fn with_umask(self, umask: Option<u32>) -> Self {
        Self { umask, ..self }
    }

    /// Path of the research file, verified to be a regular file in its folder.
    ///
    /// # Errors
    /// [`LibraryError::Missing`] if there is none, others if it cannot be used.
    pub(super) fn locate(&self, subject: &Subject) -> Result<PathBuf, LibraryError> {
        let folder = self.folder(subject)?;
        let shown = self.shown(subject, RESEARCH_FILE);
        let path = canonical(&folder.join(RESEARCH_FILE), &shown)?;
        if path.parent() != Some(folder.as_path()) {
            return Err(LibraryError::Outside(shown));
        }
        let meta = fs::metadata(&path).map_err(|error| io_error(&shown, error))?;
        // Opening a pipe would wait forever for its writer.
        if !meta.is_file() {
            return Err(LibraryError::NotAFile(shown));
        }
        Ok(path)
    }

    /// Reads the research text, without a byte order mark.
    ///
    /// # Errors
    /// As [`Self::locate`]; also if it is too large or not UTF-8.
    pub(super) fn read(&self, subject: &Subject) -> Result<String, LibraryError> {
        let path = self.locate(subject)?;
        let shown = self.shown(subject, RESEARCH_FILE);
        let file = File::open(&path).map_err(|error| io_error(&shown, error))?;
        let mut bytes = Vec::new();
        file.take(self.max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| io_error(&shown, error))?;
        if bytes.len() as u64 > self.max_bytes {
            return Err(LibraryError::TooLarge { path: shown, max: self.max_bytes });
        }
        text_of(bytes, &shown)
    }

    /// Maximum size of research in bytes.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Writes the story atomically beside its research. If several stories of a subject are under
    /// way, the last finished one wins, and an unfinished one ([`UNFINISHED`]) never replaces it.
    /// Returns false if the text was not written.
    ///
    /// # Errors
    /// If the folder is missing or cannot be written.
    pub(super) fn save_story(&self, subject: &Subject, text: &str) -> Result<bool, LibraryError> {
        let folder = self.folder(subject)?;
        let shown = self.shown(subject, STORY_FILE);
        // Prevents another story from finishing between the check and the write; released on drop.
        // File systems without locks have no such protection.
        let lock = File::open(&folder).map_err(|error| io_error(&shown, error))?;
        let _ = lock.lock();
        if is_unfinished(text.as_bytes()) && has_whole_story(&folder.join(STORY_FILE)) {
            return Ok(false);
        }
        let draft = folder.join(format!(".{STORY_FILE}.{:016x}.tmp", rand::random::<u64>()));
        let saved = write_synced(&draft, text, self.umask).and_then(|()| {
            fs::rename(&draft, folder.join(STORY_FILE))?;
            // The rename is stored in the folder.
            File::open(&folder)?.sync_all()
        });
        saved.map_err(|error| {
            // Report the first error; the draft may not even exist.
            let _ = fs::remove_file(&draft);
            io_error(&shown, error)
        })?;
        Ok(true)
    }

    /// The subject's folder without links, directly below the root.
    fn folder(&self, subject: &Subject) -> Result<PathBuf, LibraryError> {
        let shown = self.shown(subject, "");
        let root = canonical(&self.root, &self.root.display().to_string())?;
        let folder = canonical(&root.join(subject.as_str()), &shown)?;
        if folder.parent() != Some(root.as_path()) {
            return Err(LibraryError::Outside(shown));
        }
        Ok(folder)
    }

    /// The path for messages: relative to where the server runs, not canonical.
    fn shown(&self, subject: &Subject, file: &str) -> String {
        self.root.join(subject.as_str()).join(file).display().to_string()
    }
}

/// The text of a file, without a byte order mark; `shown` names the file in the error.
///
/// # Errors
/// If it is not UTF-8.
pub(super) fn text_of(bytes: Vec<u8>, shown: &str) -> Result<String, LibraryError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        LibraryError::Encoding { path: shown.to_owned(), line }
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn is_unfinished(text: &[u8]) -> bool {
    let line = text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    line.is_some_and(|line| line.starts_with(UNFINISHED.as_bytes()))
}

/// Whether the file exists and does not end like an unfinished story.
fn has_whole_story(path: &Path) -> bool {
    let tail = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        io::Result::Ok(tail)
    };
    // Opening a pipe would wait forever for its writer.
    path.is_file()
        && tail().is_ok_and(|tail| !tail.trim_ascii().is_empty() && !is_unfinished(&tail))
}

fn write_synced(path: &Path, text: &str, umask: Option<u32>) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    #[cfg(unix)]
    if let Some(umask) = umask {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(0o666 & !umask))?;
    }
    #[cfg(not(unix))]
    let _ = umask;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn canonical(path: &Path, shown: &str) -> Result<PathBuf, LibraryError> {
    path.canonicalize().map_err(|error| io_error(shown, error))
}

fn io_error(shown: &str, source: io::Error) -> LibraryError {
    match source.kind() {
        // A subject longer than a file name cannot have a folder, either.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            LibraryError::Missing
        }
        _ => LibraryError::Io { path: shown.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> Subject {
        Subject::try_from(text.to_owned()).unwrap()
    }

    fn library(max_bytes: u64) -> (tempfile::TempDir, Library) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("output");
        fs::create_dir_all(root.join("tides")).unwrap();
        (dir, Library::new(root, max_bytes))
    }

    fn put(library: &Library, bytes: &[u8]) {
        fs::write(library.root.join("tides").join(RESEARCH_FILE), bytes).unwrap();
    }

    #[test]
    fn a_missing_file_folder_or_root_reads_the_same() {
        let (dir, library) = library(100);
        for subject in [subject("tides"), subject("nothing"), subject(&"é".repeat(100))] {
            let error = library.read(&subject).unwrap_err();
            assert_eq!(error.to_string(), "Research file not found");
        }
        let nowhere = Library::new(dir.path().join("nowhere"), 100);
        assert!(matches!(nowhere.read(&subject("tides")), Err(LibraryError::Missing)));
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let (_dir, library) = library(100);
        put(&library, b"\xef\xbb\xbfThe sea rises.");
        assert_eq!(library.read(&subject("tides")).unwrap(), "The sea rises.");
    }

    #[test]
    fn the_size_limit_is_exact() {
        let (_dir, library) = library(4);
        put(&library, b"1234");
        assert!(library.read(&subject("tides")).is_ok());
        put(&library, b"12345");
        assert!(matches!(
            library.read(&subject("tides")),
            Err(LibraryError::TooLarge { max: 4, .. })
        ));
    }

    #[test]
    fn a_wrong_encoding_is_told_with_its_line() {
        let (_dir, library) = library(100);
        put(&library, b"one\ntwo\nthr\xe9e");
        let error = library.read(&subject("tides")).unwrap_err().to_string();
        assert!(error.ends_with("line 3 has an invalid byte; save the file as UTF-8"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        use std::os::unix::fs::symlink;
        let (dir, library) = library(100);
        let secret = dir.path().join("secret");
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join(RESEARCH_FILE), "secret").unwrap();
        symlink(secret.join(RESEARCH_FILE), library.root.join("tides").join(RESEARCH_FILE))
            .unwrap();
        symlink(&secret, library.root.join("linked")).unwrap();
        for name in ["tides", "linked"] {
            let error = library.read(&subject(name)).unwrap_err();
            assert!(matches!(error, LibraryError::Outside(_)), "{name}: {error}");
        }
        assert!(library.save_story(&subject("linked"), "x").is_err());
        assert!(!secret.join(STORY_FILE).exists());
    }

    #[test]
    fn a_folder_in_place_of_the_file_is_refused() {
        let (_dir, library) = library(100);
        fs::create_dir(library.root.join("tides").join(RESEARCH_FILE)).unwrap();
        assert!(matches!(library.read(&subject("tides")), Err(LibraryError::NotAFile(_))));
    }

    #[test]
    fn saving_replaces_the_story_and_leaves_no_draft() {
        let (_dir, library) = library(100);
        library.save_story(&subject("tides"), "first").unwrap();
        library.save_story(&subject("tides"), "second").unwrap();
        let folder = library.root.join("tides");
        assert_eq!(fs::read_to_string(folder.join(STORY_FILE)).unwrap(), "second");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_story_never_replaces_a_whole_one() {
        let (_dir, library) = library(100);
        let file = library.root.join("tides").join(STORY_FILE);
        let unfinished = |n| format!("# Tides\n\n---\n\n{UNFINISHED}{n} of 5 chapters so far.*\n");
        let save = |text: &str| library.save_story(&subject("tides"), text).unwrap();
        assert!(save(&unfinished(1)));
        assert!(save(&unfinished(2)), "the chapters so far may be another story's");
        assert!(save("whole\n"));
        assert!(!save(&unfinished(3)));
        assert_eq!(fs::read_to_string(&file).unwrap(), "whole\n");
        assert!(save("another whole one\n"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "another whole one\n");
    }
}
