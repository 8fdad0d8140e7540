//! The subjects that have a research file, for the start form.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use milepost::engine::Suggestion;

use super::{Library, Subject};

/// Maximum number of subjects that are suggested, and of folders that are looked at.
const MAX_SUBJECTS: usize = 200;
const MAX_FOLDERS: usize = 2_000;
/// Bytes at the beginning of a research file in which its title is looked for.
const HEAD: u64 = 1024;

impl Library {
    /// The subjects in alphabetical order, each with the title and the size of its research file.
    pub(crate) fn subjects(&self) -> Vec<Suggestion> {
        let Ok(folders) = fs::read_dir(&self.root) else { return Vec::new() };
        let names = folders.take(MAX_FOLDERS).flatten().filter_map(|folder| {
            let name = folder.file_name().into_string().ok()?;
            // Other names could not be entered.
            Subject::try_from(name.clone()).ok().filter(|subject| subject.as_str() == name)
        });
        let mut subjects: Vec<_> = names.collect();
        subjects.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let suggested = subjects.into_iter().filter_map(|subject| {
            let path = self.locate(&subject).ok()?;
            let size = format!("{} KB", fs::metadata(&path).ok()?.len().div_ceil(1_000));
            let note = match title(&path) {
                Some(title) => format!("{title}, {size}"),
                None => size,
            };
            Some(Suggestion::new("subject", subject.as_str(), note))
        });
        suggested.take(MAX_SUBJECTS).collect()
    }
}

/// The heading in the first line with a text, if there is one.
fn title(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let line = head.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty())?;
    let title = line.trim().strip_prefix("# ")?.trim();
    (!title.is_empty()).then(|| title.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_with_a_research_file_are_listed_with_title_and_size() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("research.md"), text).unwrap();
        };
        put("tides", "\u{feff}\n# Tides of the *sea*\n\nThe sea rises.\n");
        put("bread", "Bread rises, too.");
        put(".hidden", "# Hidden\n\nNo.");
        fs::create_dir(dir.path().join("empty")).unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        let subjects = Library::new(dir.path().to_owned(), 100).subjects();
        let expected = [("bread", "1 KB"), ("tides", "Tides of the *sea*, 1 KB")];
        let expected = expected.map(|(name, note)| Suggestion::new("subject", name, note));
        assert_eq!(subjects, expected);
        assert!(Library::new(dir.path().join("none"), 100).subjects().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_not_listed() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("research.md"), "# Secret").unwrap();
        let root = dir.path().join("output");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(&secret, root.join("linked")).unwrap();
        assert!(Library::new(root, 100).subjects().is_empty());
    }
}
