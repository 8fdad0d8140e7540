//! Download and upload of files, streamed.

use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
};

use milepost::{
    client::{Client, Download},
    task::TaskId,
};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use super::{ClientError, Format, Input, print, show};
use crate::{CliError, Exit};

/// Maximum number of bytes of a text shown on a terminal.
const MAX_ON_A_TERMINAL: usize = 1 << 20;
/// Buffer size for reading a file, in bytes.
const PIECE: usize = 128 << 10;

/// Lists the files of a task.
///
/// # Errors
/// If the task does not exist or the server cannot be reached.
pub async fn files(api: &Client, id: TaskId, format: Format) -> Result<Exit, CliError> {
    let list = api.files(id).await?;
    format.show(&list, |list| show::files(&list.files))?;
    if list.files.is_empty() {
        super::note("the task has made no files");
    }
    Ok(Exit::Done)
}

/// Downloads one file of a task to a file or to standard output.
///
/// # Errors
/// If the file does not exist or cannot be written, or the server cannot be reached.
pub async fn file(
    api: &Client,
    id: TaskId,
    name: &str,
    output: Option<&Path>,
) -> Result<Exit, CliError> {
    let response = api.file(id, name).await?;
    match output {
        Some(path) => to_file(response, path).await?,
        None if std::io::stdout().is_terminal() => to_terminal(response).await?,
        None => to_stdout(response).await?,
    }
    Ok(Exit::Done)
}

/// Renames the file to its name once it is complete, so that a partial file is not mistaken for
/// one.
async fn to_file(mut response: Download, path: &Path) -> Result<(), ClientError> {
    let failed = |error| ClientError::File { path: path.to_owned(), error };
    let mut half = path.as_os_str().to_owned();
    half.push(".part");
    let half = Path::new(&half);
    let mut file = tokio::fs::File::create(half).await.map_err(failed)?;
    let written = async {
        while let Some(piece) = response.chunk().await? {
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        tokio::fs::rename(half, path).await.map_err(failed)
    };
    let written = written.await;
    if written.is_err() {
        // The partial file is useless; failing to remove it is the lesser problem.
        let _ = tokio::fs::remove_file(half).await;
    }
    written
}

async fn to_stdout(mut response: Download) -> Result<(), CliError> {
    let mut stdout = std::io::stdout();
    while let Some(piece) = response.chunk().await? {
        stdout.write_all(&piece)?;
    }
    Ok(stdout.flush()?)
}

async fn to_terminal(mut response: Download) -> Result<(), CliError> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_ON_A_TERMINAL {
            return Err(ClientError::Binary.into());
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| ClientError::Binary)?;
    Ok(print(&show::printable_text(&text))?)
}

/// Uploads the files named by fields of format `upload`, and replaces the values by the upload ids.
pub(super) async fn uploaded(
    api: &Client,
    schema: &Value,
    inputs: Vec<Input>,
) -> Result<Vec<Input>, ClientError> {
    let mut known = Vec::with_capacity(inputs.len());
    for input in inputs {
        let format = &schema["properties"][input.key()]["format"];
        let path = input.file().filter(|_| format == "upload").map(Path::to_owned);
        known.push(match path {
            Some(path) => input.with_text(upload(api, &path).await?),
            None => input,
        });
    }
    Ok(known)
}

async fn upload(api: &Client, path: &Path) -> Result<String, ClientError> {
    let failed = |error| ClientError::File { path: path.to_owned(), error };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let about = file.metadata().await.map_err(failed)?;
    if !about.is_file() {
        let error = std::io::Error::other("not a regular file, which is what can be uploaded");
        return Err(failed(error));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, PIECE));
    Ok(api.upload_stream(&name, about.len(), body).await?.id.to_string())
}
