//! Corrects the modes of files from earlier versions or another umask at start, so that no other
//! user of the machine can read inputs and results of tasks.
//!
//! Changes only files that belong to Milepost by their name and to this user. Does not follow
//! links, and leaves folders alone that contain anything else (`/`, a home, a project).

#[cfg(target_os = "linux")]
pub(super) use linux::tighten;

#[cfg(not(target_os = "linux"))]
pub(super) const fn tighten(_: &super::Settings) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs::{self, File},
        io::{self, Read as _},
        os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _, fs::PermissionsExt as _},
        path::{Path, PathBuf},
    };

    use rustix::fs::{FileType, OFlags, fstat};

    use milepost::task::TaskId;

    use milepost_command::KEY_FILE;

    use crate::{config::Settings, serve::database};

    /// Entries of the data folder in addition to the database files.
    const OWN: [&str; 3] = ["artifacts", "runs", KEY_FILE];
    /// Suffixes of the files of a database.
    const DATABASE: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];

    /// Default name of the database file; may be left over from before a switch to PostgreSQL.
    const USUAL_DATABASE: &str = "milepost.db";

    /// Corrects the modes and logs the changes. Call it before the database is opened: POSIX drops
    /// all locks that a process has on a file when it closes any handle of it, and without its
    /// locks SQLite truncates what another of its connections has mapped (SIGBUS, a malformed
    /// database).
    pub(in crate::serve) fn tighten(settings: &Settings) {
        let data = &settings.storage.data_dir;
        let folders = [data.clone(), artifacts(settings), data.join("runs")];
        let database = if settings.storage.is_shared() { None } else { database(settings).ok() };
        let database = database.filter(|path| path.starts_with(data) || is_a_database(path));
        for folder in folders {
            folder_of_its_own(&folder, database.as_deref());
        }
        let key = data.join(KEY_FILE);
        let files = database.iter().flat_map(|path| DATABASE.map(|end| with_end(path, end)));
        for path in files.chain([key]) {
            note(&path, put_right(&path, FileType::RegularFile));
        }
    }

    /// A file elsewhere may have been named by mistake.
    fn is_a_database(path: &Path) -> bool {
        let mut head = [0; 16];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
        read.is_ok() && head == *b"SQLite format 3\0"
    }

    fn artifacts(settings: &Settings) -> PathBuf {
        match &settings.storage.artifacts {
            Some(dir) => PathBuf::from(dir),
            None => settings.storage.data_dir.join("artifacts"),
        }
    }

    fn with_end(path: &Path, end: &str) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        name.into()
    }

    /// Corrects a folder in which everything belongs to Milepost.
    fn folder_of_its_own(path: &Path, database: Option<&Path>) {
        // The operator may name it through a link; its entries must not be links.
        let Ok(path) = fs::canonicalize(path) else { return };
        let home = std::env::var_os("HOME").and_then(|home| fs::canonicalize(home).ok());
        if path.parent().is_none() || Some(&path) == home.as_ref() {
            return;
        }
        match foreign(&path, database) {
            Ok(None) => note(&path, put_right(&path, FileType::Directory)),
            Ok(Some(other)) if is_open(&path) => tracing::warn!(
                folder = %path.display(),
                "others may look into this folder, and it is left so, as it holds {other} too; give \
                 Milepost a folder of its own, or chmod 700 it"
            ),
            _ => {}
        }
    }

    fn is_open(path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }

    /// Finds an entry that does not belong to Milepost.
    fn foreign(folder: &Path, database: Option<&Path>) -> io::Result<Option<String>> {
        let named = database.and_then(Path::file_name).map_or(&b""[..], |name| name.as_bytes());
        let is_of_database = |bytes: &[u8], own: &[u8]| {
            let end = bytes.strip_prefix(own).filter(|_| !own.is_empty());
            end.is_some_and(|end| DATABASE.iter().any(|known| known.as_bytes() == end))
        };
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let bytes = name.as_bytes();
            let of_database =
                is_of_database(bytes, named) || is_of_database(bytes, USUAL_DATABASE.as_bytes());
            let text = name.to_string_lossy();
            if !of_database && !OWN.contains(&&*text) && !is_own_name(&text) {
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }

    /// Folders of artifacts (`a3`), of runs and their locks (`{id}-1`, `{id}.lock`), and `kept`.
    fn is_own_name(name: &str) -> bool {
        let of_id = name.get(..36).is_some_and(|id| id.parse::<TaskId>().is_ok());
        let shard = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        of_id || shard || name == "kept" || name.starts_with(".probe-")
    }

    /// Removes all permissions of group and others; `None` if there is nothing to do.
    fn put_right(path: &Path, kind: FileType) -> io::Result<Option<u32>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = match File::options().read(true).custom_flags(flags).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let stat = fstat(&file)?;
        let ours = stat.st_uid == rustix::process::geteuid().as_raw();
        // Another hard link to the file may be anywhere.
        let single = kind == FileType::Directory || stat.st_nlink == 1;
        let before = stat.st_mode & 0o7777;
        let right = FileType::from_raw_mode(stat.st_mode) == kind && ours && single;
        // A folder with the sticky bit is shared, like /tmp.
        if !right || before & 0o1000 != 0 || before & 0o077 == 0 {
            return Ok(None);
        }
        file.set_permissions(fs::Permissions::from_mode(before & 0o700))?;
        Ok(Some(before))
    }

    fn note(path: &Path, changed: io::Result<Option<u32>>) {
        let path = path.display();
        match changed {
            Ok(Some(before)) => tracing::warn!(
                %path, before = format!("{before:o}"),
                "others could read this; now only its owner can"
            ),
            Ok(None) => {}
            Err(error) => tracing::warn!(%path, %error, "the mode was not looked at"),
        }
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::{MetadataExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().mode() & 0o777
        }

        fn open(path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }

        fn settings(data: &Path) -> Settings {
            let mut settings = Settings::default();
            settings.storage.data_dir = data.to_owned();
            settings
        }

        #[test]
        fn what_is_open_is_closed_and_what_is_private_stays_as_it_is() {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            fs::create_dir_all(data.join("artifacts/a3")).unwrap();
            fs::create_dir(data.join("runs")).unwrap();
            for name in ["milepost.db", "milepost.db-wal", "milepost.db.lock", KEY_FILE] {
                fs::write(data.join(name), "").unwrap();
                open(&data.join(name), 0o644);
            }
            fs::write(data.join("milepost.db-shm"), "").unwrap();
            open(&data.join("milepost.db-shm"), 0o400);
            for folder in ["", "artifacts", "runs"] {
                open(&data.join(folder), 0o755);
            }
            tighten(&settings(&data));
            for folder in ["", "artifacts", "runs"] {
                assert_eq!(mode(&data.join(folder)), 0o700, "{folder}");
            }
            for name in ["milepost.db", "milepost.db-wal", "milepost.db.lock", KEY_FILE] {
                assert_eq!(mode(&data.join(name)), 0o600, "{name}");
            }
            assert_eq!(mode(&data.join("milepost.db-shm")), 0o400);
        }

        #[test]
        fn a_folder_with_other_things_stays_open_and_the_database_in_it_does_not() {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            fs::create_dir(&data).unwrap();
            for name in ["milepost.db", "notes.txt"] {
                fs::write(data.join(name), "").unwrap();
                open(&data.join(name), 0o644);
            }
            open(&data, 0o755);
            tighten(&settings(&data));
            assert_eq!(mode(&data), 0o755);
            assert_eq!(mode(&data.join("notes.txt")), 0o644);
            assert_eq!(mode(&data.join("milepost.db")), 0o600);
        }

        #[test]
        fn a_link_out_of_the_folder_and_a_second_name_are_not_followed() {
            let dir = tempfile::tempdir().unwrap();
            let (data, other) = (dir.path().join("data"), dir.path().join("other"));
            fs::create_dir(&data).unwrap();
            for name in ["other", "second"] {
                fs::write(dir.path().join(name), "").unwrap();
                open(&dir.path().join(name), 0o644);
            }
            symlink(&other, data.join("milepost.db")).unwrap();
            fs::hard_link(dir.path().join("second"), data.join("milepost.db.lock")).unwrap();
            tighten(&settings(&data));
            assert_eq!(mode(&other), 0o644);
            assert_eq!(mode(&dir.path().join("second")), 0o644);
        }
    }
}
