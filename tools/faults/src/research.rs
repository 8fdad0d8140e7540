//! The research files of the stories.

use std::path::{Path, PathBuf};

/// Number of subjects: as many stories can run at once.
const SUBJECTS: usize = 16;

/// Research files: subject, which names the folder, and text.
pub(crate) struct Research(Vec<(String, String)>);

impl Research {
    pub(crate) fn new() -> Self {
        let samples = samples();
        let numbered = |(n, (subject, text)): (usize, &(String, String))| {
            (format!("{subject} {n}"), text.clone())
        };
        Self(samples.iter().cycle().take(SUBJECTS).enumerate().map(numbered).collect())
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(subject, _)| subject.as_str())
    }

    /// Writes the files below the output folder of a server.
    pub(crate) fn write(&self, output: &Path) {
        for (subject, text) in &self.0 {
            let folder = output.join(subject);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("research.md"), text).unwrap();
        }
    }
}

/// The research files of the repository.
fn samples() -> Vec<(String, String)> {
    let output = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../output");
    ["lighthouse", "sourdough"]
        .map(|subject| {
            let path = output.join(subject).join("research.md");
            (subject.to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .into()
}
