//! Which files of the site are served as compressed at build time.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Whether the compressed variants of a file are up to date. A build without compression (`cargo
/// leptos watch`, a manual copy) may leave older ones.
pub(super) async fn is_current(site_dir: &Path, path: &str) -> bool {
    // Built files have plain names; others are served uncompressed.
    if path.contains(['%', '\\']) || path.contains("..") {
        return false;
    }
    let file = site_dir.join(path.trim_start_matches('/'));
    let Ok(made) = modified(file.clone()).await else { return false };
    for ending in [".br", ".gz"] {
        let mut compressed: OsString = file.clone().into();
        compressed.push(ending);
        if modified(compressed.into()).await.is_ok_and(|compressed| compressed < made) {
            return false;
        }
    }
    true
}

async fn modified(path: PathBuf) -> io::Result<SystemTime> {
    tokio::fs::metadata(path).await?.modified()
}
