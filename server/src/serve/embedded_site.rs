//! The built site inside the program: one file is an installation.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// What `scripts/build` has built before this program.
#[derive(rust_embed::RustEmbed)]
#[folder = "../target/site"]
struct EmbeddedSite;

/// Writes the site to `site/` in the data folder, unless it is there already, and returns that folder. Leptos
/// reads a part of it from a folder, and files have the time of their installation as `Last-Modified`.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn unpack(data_dir: &Path) -> io::Result<PathBuf> {
    let folder = data_dir.join("site");
    let build = build_id();
    let is_current = || fs::read_to_string(folder.join(BUILD)).is_ok_and(|found| found == build);
    if is_current() {
        return Ok(folder);
    }
    // Written beside it and renamed, so that a crash leaves no half of a site.
    let new = data_dir.join(format!("site.new-{}", std::process::id()));
    remove(&new)?;
    write_files(&new)?;
    fs::write(new.join(BUILD), &build)?;
    remove(&folder)?;
    match fs::rename(&new, &folder) {
        // Another process that shares the data folder was first.
        Err(_) if is_current() => remove(&new)?,
        renamed => renamed?,
    }
    Ok(folder)
}

/// Name of the file that says which build the folder is of.
const BUILD: &str = ".build";

fn write_files(folder: &Path) -> io::Result<()> {
    // In the order of their names: `app.js.br` is not older than `app.js`.
    for name in EmbeddedSite::iter() {
        let Some(file) = EmbeddedSite::get(&name) else { continue };
        let path = folder.join(&*name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, file.data)?;
    }
    Ok(())
}

/// A hash of all names and contents.
fn build_id() -> String {
    let mut hash = Sha256::new();
    for name in EmbeddedSite::iter() {
        hash.update(name.as_bytes());
        hash.update(
            EmbeddedSite::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default(),
        );
    }
    format!("{:x}", hash.finalize())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
