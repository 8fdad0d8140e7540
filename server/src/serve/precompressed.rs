//! Which files of the site are served as they were compressed at build time.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Whether what is compressed beside a file is of the file as it is now. A build without compression
/// (`cargo leptos watch`, a copy by hand) may leave an older one there.
pub(super) async fn is_current(site_dir: &Path, path: &str) -> bool {
    // The built files have plain names; of any other, the file itself is served.
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
