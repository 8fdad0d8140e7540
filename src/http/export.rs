//! All data of an owner as one ZIP archive, which is made while it is sent.

use std::io;

use axum::{body::Bytes, extract::State, http::Method, response::Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_util::io::StreamReader;
use utoipa::IntoParams;

use super::{
    ApiError,
    archive::{self, Archive, date, piped},
    extract::Params,
};
use crate::{
    engine::{
        Caller, Export, ExportedTask, Service, ServiceError, artifacts::clean_name, clock::rfc3339,
        store::StoredToken,
    },
    task::{Problem, TaskId, plain},
};

/// What an export leaves out, in words.
const NOT_INCLUDED: [&str; 5] = [
    "secrets: the values of secret fields, passwords, and what tokens and links consist of",
    "checkpoints and previews of tasks",
    "tasks that have expired or were deleted",
    "share links to batches",
    "the operators' audit log, and tasks that belong to nobody",
];

/// Whose data.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnerParams {
    /// For admins: the name of a user, or a whole owner id. Default: the caller.
    pub(super) owner: Option<String>,
}

/// Returns all data of the caller, or for an admin of the named owner, as a ZIP archive: tasks with their
/// inputs (without secrets), logs, results, files and links, uploads, and the tokens' names. It is made
/// while it is sent, without a `Content-Length`; `export.json`, its last entry, has the counts.
#[utoipa::path(get, path = "/api/v1/account/export", tag = "account", operation_id = "exportData",
    params(OwnerParams),
    responses(
        (status = 200, description = "The archive", content_type = "application/zip",
            headers(("Content-Disposition" = String, description = "Its file name"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller has no data, or may not have that of others"),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "An export of this owner is under way"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn export(
    State(service): State<Service>,
    caller: Caller,
    method: Method,
    Params(params): Params<OwnerParams>,
) -> Result<Response, ApiError> {
    let export = service.export(&caller, params.owner.as_deref()).await?;
    let name = format!("milepost {}.zip", export.owner_shown());
    Ok(archive::response(&method, "no-store", &name, || piped(|pipe| write(export, pipe))))
}

/// How much an export has.
#[derive(Default, Serialize)]
struct Counts {
    tasks: u64,
    files: u64,
    uploads: u64,
    tokens: u64,
    shares: u64,
}

async fn write(mut export: Export, pipe: DuplexStream) -> io::Result<()> {
    let at = export.at();
    let mut archive = Archive::new(pipe, date(&at));
    let mut counts = Counts::default();
    loop {
        let ids = export.next_tasks().await.map_err(broken)?;
        if ids.is_empty() {
            break;
        }
        for id in ids {
            if let Some(task) = export.task(id).await.map_err(broken)? {
                counts.tasks += 1;
                add_task(&mut archive, &export, id, task, &mut counts).await?;
            }
        }
    }
    loop {
        let uploads = export.next_uploads().await.map_err(broken)?;
        if uploads.is_empty() {
            break;
        }
        for (about, file) in uploads {
            counts.uploads += 1;
            let folder = format!("uploads/{}", about.id);
            add_json(&mut archive, format!("{folder}/upload.json"), &about).await?;
            let name = format!("{folder}/file/{}", clean_name(file.name()));
            archive.add_file(name, &file).await?;
        }
    }
    let tokens: Vec<_> = export.tokens().await.map_err(broken)?.iter().map(token).collect();
    counts.tokens = tokens.len() as u64;
    add_json(&mut archive, "tokens.json".to_owned(), &tokens).await?;
    let about = json!({
        "owner": export.owner_shown(),
        "exported_at": at,
        "counts": counts,
        "not_included": NOT_INCLUDED,
    });
    add_json(&mut archive, "export.json".to_owned(), &about).await?;
    archive.close().await
}

async fn add_task(
    archive: &mut Archive,
    export: &Export,
    id: TaskId,
    task: ExportedTask,
    counts: &mut Counts,
) -> io::Result<()> {
    let folder = format!("tasks/{id}");
    add_json(archive, format!("{folder}/task.json"), &task.snapshot).await?;
    if let Some(input) = &task.input {
        add_json(archive, format!("{folder}/input.json"), input).await?;
    }
    if !task.shares.is_empty() {
        counts.shares += task.shares.len() as u64;
        add_json(archive, format!("{folder}/shares.json"), &task.shares).await?;
    }
    add_log(archive, export, id, format!("{folder}/log.jsonl")).await?;
    if let Some(result) = task.result {
        let name = format!("{folder}/result/{}", clean_name(&result.file_name));
        archive.add(name, &*result.bytes).await?;
    }
    for file in &task.files {
        // One that a new run replaced meanwhile has the same name.
        if let Some(file) = export.file(id, &file.name).await.map_err(broken)? {
            counts.files += 1;
            let name = format!("{folder}/files/{}", clean_name(file.name()));
            archive.add_file(name, &file).await?;
        }
    }
    Ok(())
}

/// Adds the log page by page: a line of JSON for each of its lines.
async fn add_log(
    archive: &mut Archive,
    export: &Export,
    id: TaskId,
    name: String,
) -> io::Result<()> {
    let pages = stream::try_unfold(0, |after| async move {
        let lines = export.log(id, after).await.map_err(broken)?;
        let Some(last) = lines.last().map(|line| line.seq) else { return Ok(None) };
        let mut text = Vec::new();
        for mut line in lines {
            line.text = plain(&line.text);
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        Ok::<_, io::Error>(Some((Bytes::from(text), last)))
    });
    archive.add(name, StreamReader::new(Box::pin(pages))).await
}

async fn add_json(archive: &mut Archive, name: String, of: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_vec_pretty(of)?;
    archive.add(name, &*json).await
}

/// A token without what identifies it.
fn token(token: &StoredToken) -> Value {
    json!({
        "name": token.name,
        "scopes": token.scopes,
        "kinds": token.kinds,
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "last_used_at": token.last_used_at.map(rfc3339),
    })
}

/// The cause is logged; the client sees that the archive breaks off.
fn broken(error: ServiceError) -> io::Error {
    tracing::warn!(%error, "an export breaks off");
    io::Error::other(error)
}
