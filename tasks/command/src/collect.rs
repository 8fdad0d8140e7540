//! Collects the result files of a run. File names are untrusted, like everything that a command
//! creates.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rustix::fs::OFlags;

use super::progress::Mask;

/// Subfolder for the input files of a run, which are never results.
pub(super) const INPUTS: &str = "inputs";
/// Maximum depth of folders, and maximum number of entries to examine.
const DEEPEST: usize = 32;
const MAX_ENTRIES: usize = 200_000;
/// Maximum length of a file name in bytes.
const MAX_NAME: usize = 180;

/// File to collect.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    path: PathBuf,
    /// Unique name of the result file.
    pub(super) name: String,
}

impl Found {
    /// Opens the file, unless it was replaced by something else in the meantime.
    pub(super) fn open(&self) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = File::options().read(true).custom_flags(flags).open(&self.path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }
}

/// Finds the regular files in `folder` whose paths match one of the patterns, in order of path.
/// Does not follow links, which a command could point anywhere. Hides secrets in the names.
pub(super) fn find(folder: &Path, patterns: &[String], mask: &Mask) -> io::Result<Vec<Found>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let patterns = compile(patterns).map_err(io::Error::other)?;
    let mut paths = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    let mut looked_at = 0;
    while let Some((within, depth)) = folders.pop() {
        for entry in fs::read_dir(folder.join(&within))? {
            let entry = entry?;
            looked_at += 1;
            if looked_at > MAX_ENTRIES {
                return Err(io::Error::other(format!("there are more than {MAX_ENTRIES} files")));
            }
            let (path, kind) = (within.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() && path == Path::new(INPUTS) {
                continue;
            }
            if kind.is_dir() && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else if kind.is_file() && patterns.is_match(&path) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut names = BTreeSet::new();
    let named = paths.into_iter().map(|path| {
        let name = free_name(&mask.hide(&path.to_string_lossy()), &names);
        names.insert(name.clone());
        Found { path: folder.join(path), name }
    });
    Ok(named.collect())
}

fn compile(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
    }
    set.build()
}

/// Unique file name: `out/a.csv` becomes `out_a.csv`, with a number if the name is taken.
fn free_name(text: &str, taken: &BTreeSet<String>) -> String {
    let fine = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns || matches!(c, '/' | '\\') { '_' } else { c }
    };
    let name: String = text.chars().map(fine).collect();
    let name = name.trim_start_matches(|c: char| c == '.' || c.is_whitespace()).trim_end();
    let name = name[..name.floor_char_boundary(MAX_NAME)].trim_end();
    let name = if name.is_empty() { "file" } else { name };
    let mut free = name.to_owned();
    let mut number = 2;
    while taken.contains(&free) {
        free = match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => format!("{stem}-{number}.{ending}"),
            _ => format!("{name}-{number}"),
        };
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        let mask = Mask::new(["hush".to_owned()]);
        find(folder, &patterns, &mask).unwrap().into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn patterns_find_files_and_follow_no_links() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("run");
        fs::create_dir_all(folder.join("out/deep")).unwrap();
        let secret = dir.path().join("secret.csv");
        for file in
            [&secret, &folder.join("a.csv"), &folder.join("out/b.csv"), &folder.join("c.txt")]
        {
            fs::write(file, "x").unwrap();
        }
        fs::write(folder.join("out/deep/a.csv"), "x").unwrap();
        fs::create_dir_all(folder.join("inputs/data")).unwrap();
        fs::write(folder.join("inputs/data/given.csv"), "x").unwrap();
        std::os::unix::fs::symlink(&secret, folder.join("link.csv")).unwrap();
        std::os::unix::fs::symlink(dir.path(), folder.join("up")).unwrap();
        assert_eq!(names(&folder, &["*.csv"]), ["a.csv"]);
        assert_eq!(names(&folder, &["**/*.csv"]), ["a.csv", "out_b.csv", "out_deep_a.csv"]);
        assert_eq!(names(&folder, &["out/*", "c.*"]), ["c.txt", "out_b.csv"]);
        assert_eq!(names(&folder, &[]), [""; 0]);
        let link = Found { path: folder.join("link.csv"), name: String::new() };
        assert!(link.open().is_err(), "also where it has become one later");
    }

    #[test]
    fn hostile_names_become_harmless_and_stay_apart() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["..\\x", "a\nb", "a_b", "\u{202e}gpj.exe", ".hidden", "<b>.csv", " "] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = names(dir.path(), &["*"]);
        assert_eq!(found.len(), 7);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 7, "{found:?}");
        for name in &found {
            assert!(
                !name.starts_with('.') && !name.contains(['/', '\\', '\n', '\u{202e}']),
                "{name}"
            );
            assert_eq!(name.trim(), name);
        }
    }

    #[test]
    fn a_secret_in_a_name_is_hidden_before_the_name_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        for name in [&*format!("{}hush.csv", "x".repeat(MAX_NAME - 2)), "hush.csv", "***.csv"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = names(dir.path(), &["*"]);
        assert_eq!(found[0], "***.csv");
        assert_eq!(found[1], "***-2.csv");
        assert!(found[2].ends_with("xx**"), "{found:?}");
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(names(dir.path(), &["*"]), [""; 0]);
        assert!(Found { path: pipe, name: String::new() }.open().is_err());
    }
}
