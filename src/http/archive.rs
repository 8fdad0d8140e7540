//! All files of a task as one ZIP archive, which is made while it is sent.

use std::io;

use async_zip::{
    Compression, ZipDateTime, ZipDateTimeBuilder, ZipEntryBuilder, base::write::ZipFileWriter,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{Method, header},
    response::Response,
};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncRead, DuplexStream};
use tokio_util::{
    compat::{Compat, FuturesAsyncWriteCompatExt as _},
    io::{ReaderStream, StreamReader},
};

use super::{
    ApiError,
    extract::Id,
    foreign::{self, set},
};
use crate::{
    engine::{Caller, Service, StoredFile},
    task::{Problem, TaskId},
};

/// Bytes that wait for the client.
const PIECE_BYTES: usize = 64 * 1024;

/// Returns all files of a task as a ZIP archive, not compressed: it is made while it is sent, without a
/// `Content-Length`. While the task runs, it has the files that are complete.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/files.zip", tag = "files", operation_id = "getTaskFilesArchive",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, description = "The archive", content_type = "application/zip",
            headers(("Content-Disposition" = String, description = "Its file name"))),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such task, or it has no files"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    method: Method,
) -> Result<Response, ApiError> {
    let task = service.get(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    let files = service.download_files(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    if files.is_empty() {
        return Err(ApiError(Problem::new(404, "Not Found", "This task has no files")));
    }
    let at = date(task.finished_at.as_ref().unwrap_or(&task.updated_at));
    let name = format!("{}.zip", task.title);
    Ok(response(&method, "private, no-cache", &name, || archive(files, at)))
}

/// The response with an archive of this name. That to `HEAD` is of unknown length, as that to `GET`.
pub(super) fn response(
    method: &Method,
    cache: &'static str,
    name: &str,
    archive: impl FnOnce() -> Body,
) -> Response {
    let body = match *method {
        Method::HEAD => Body::from_stream(stream::empty::<io::Result<Bytes>>()),
        _ => archive(),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    set(headers, header::CACHE_CONTROL, cache);
    foreign::describe(headers, "application/zip", name);
    response
}

/// The archive as a body. An archive that cannot be completed ends with an error, so that no client
/// takes its beginning for the whole.
fn archive(files: Vec<StoredFile>, date: ZipDateTime) -> Body {
    piped(async move |pipe| {
        let mut archive = Archive::new(pipe, date);
        for file in files {
            archive.add_file(file.name().to_owned(), &file).await?;
        }
        archive.close().await
    })
}

/// What is written to the pipe, as a body; it ends with the error of the writer. The writer ends with the
/// body: writing to a pipe without a reader fails.
pub(super) fn piped<F>(write: impl FnOnce(DuplexStream) -> F) -> Body
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let (pipe, reader) = tokio::io::duplex(PIECE_BYTES);
    let writing = tokio::spawn(write(pipe));
    let end = stream::once(async move {
        writing.await.map_err(io::Error::other).and_then(|written| written).map(|()| Bytes::new())
    });
    Body::from_stream(ReaderStream::new(reader).chain(end))
}

/// An archive that is being written, not compressed.
pub(super) struct Archive {
    zip: ZipFileWriter<Compat<DuplexStream>>,
    date: ZipDateTime,
}

impl Archive {
    /// An empty archive, whose entries have this date.
    pub(super) fn new(pipe: DuplexStream, date: ZipDateTime) -> Self {
        Self { zip: ZipFileWriter::with_tokio(pipe), date }
    }

    /// Adds what this reads.
    pub(super) async fn add(
        &mut self,
        name: String,
        mut bytes: impl AsyncRead + Unpin,
    ) -> io::Result<()> {
        let entry = ZipEntryBuilder::new(name.into(), Compression::Stored)
            .unix_permissions(0o644)
            .last_modification_date(self.date);
        let entry = self.zip.write_entry_stream(entry).await.map_err(io::Error::other)?;
        let mut to = entry.compat_write();
        tokio::io::copy(&mut bytes, &mut to).await?;
        to.into_inner().close().await.map_err(io::Error::other)
    }

    /// Adds a stored file.
    pub(super) async fn add_file(&mut self, name: String, file: &StoredFile) -> io::Result<()> {
        let bytes = file.read(0..file.size()).await.map_err(io::Error::other)?;
        self.add(name, StreamReader::new(bytes)).await
    }

    /// Ends the archive.
    pub(super) async fn close(self) -> io::Result<()> {
        self.zip.close().await.map(drop).map_err(io::Error::other)
    }
}

/// The date of the entries, in UTC; that of the format's beginning if it cannot be read.
pub(super) fn date(rfc3339: &str) -> ZipDateTime {
    let number = |range: std::ops::Range<usize>| {
        rfc3339.get(range).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or_default()
    };
    let year = i32::try_from(number(0..4)).unwrap_or_default().max(1980);
    let (month, day) = (number(5..7).clamp(1, 12), number(8..10).clamp(1, 31));
    let (hour, minute, second) = (number(11..13), number(14..16), number(17..19));
    let date = ZipDateTimeBuilder::new().year(year).month(month).day(day);
    date.hour(hour).minute(minute).second(second).build()
}
