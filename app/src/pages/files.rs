//! Files of a task: their list, and the view of one file.

use axum::{
    extract::{FromRequestParts as _, Path},
    http::request::Parts,
};
use leptos::prelude::*;
use leptos_meta::Title;
use milepost::{
    task::{FileInfo, Problem, TaskId},
    view::text,
};

use super::{
    parts::{ask, task_id},
    result::Rendered,
    style::ResultStyle,
};
use crate::{context, links};

/// Maximum number of files listed on the task's page; a separate page lists all.
const MAX_LISTED: usize = 100;

/// Files of a task on its page, as HTML. While the task runs, a link to them: the page does not move
/// at its end.
pub(super) fn listed(
    id: TaskId,
    mut files: Vec<FileInfo>,
    // Whether more files may follow.
    unfinished: bool,
) -> String {
    if files.is_empty() && !unfinished {
        return String::new();
    }
    let count = files.len();
    let title = if count > 0 { format!("Files ({count})") } else { "Files".to_owned() };
    files.truncate(MAX_LISTED);
    let archive = (count > 1).then(|| view! { <Archive id /> });
    let list = (!files.is_empty()).then(|| view! { <FileTable id files /> });
    let more = (unfinished || count > MAX_LISTED).then(|| {
        view! {
            <p>
                <a href=format!("tasks/{id}/files")>"All files"</a>
            </p>
        }
    });
    view! {
        <section class="card files" aria-labelledby="files-title">
            <h2 id="files-title">{title}</h2>
            {list}
            {more}
            {archive}
        </section>
    }
    .to_html()
}

/// Link to all files as one archive.
#[component]
fn Archive(id: TaskId) -> impl IntoView {
    view! {
        <p class="acts">
            <a class="btn" href=links::api().archive(id) download="">
                "Download all as ZIP"
            </a>
        </p>
    }
}

#[component]
fn FileTable(id: TaskId, files: Vec<FileInfo>) -> impl IntoView {
    let rows = files.into_iter().map(|file| {
        let href = links::api().file(id, &file.name);
        let page = format!("tasks/{id}/files{}", last_segment(&href));
        let size = text::bytes(file.size_bytes);
        view! {
            <li>
                <span>
                    <a href=page dir="auto">{file.name.clone()}</a>
                    <small>{file.media_type} ", " {size}</small>
                </span>
                <a href=href download=file.name.clone() aria-label=format!("Download {}", file.name)>
                    "Download"
                </a>
            </li>
        }
    });
    view! { <ul class="rows">{rows.collect::<Vec<_>>()}</ul> }
}

/// Last segment of the file's URL, which the page's URL shares.
fn last_segment(href: &str) -> &str {
    href.rfind('/').map_or("", |slash| &href[slash..])
}

/// `/tasks/{id}/files`.
#[component]
pub fn FilesPage() -> impl IntoView {
    let id = task_id();
    ask(|service, caller| async move {
        let id = id?;
        let snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let files = service.files(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let list = match files.is_empty() {
            true => view! { <p>"This task has no files."</p> }.into_any(),
            false => view! {
                <Archive id />
                <FileTable id files />
            }
            .into_any(),
        };
        Ok(view! {
            <Title text=format!("Files: {}", snapshot.title) />
            <p class="kicker">
                <a href=format!("tasks/{id}") dir="auto">{snapshot.title.clone()}</a>
            </p>
            <h1 class="h">"Files"</h1>
            {list}
        })
    })
}

/// `/tasks/{id}/files/{name}`: one file, shown if its media type has a viewer, with a download
/// link.
#[component]
pub fn FilePage() -> impl IntoView {
    let id = task_id();
    let parts = use_context::<Parts>();
    let viewers = context::viewers();
    ask(|service, caller| async move {
        let (id, name) = (id?, name_in_path(parts).await);
        let snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let missing = || Problem::new(404, "Not Found", "This task has no such file.");
        let file = service.file(&caller, id, &name).await?.ok_or_else(missing)?;
        let shown = viewers.view_file(links::api().file(id, &name), &file).await;
        let size = text::bytes(shown.size_bytes);
        Ok(view! {
            <Title text=format!("{name}: {}", snapshot.title) />
            <ResultStyle kind=snapshot.kind.clone() />
            <p class="kicker">
                <a href=format!("tasks/{id}") dir="auto">{snapshot.title.clone()}</a>
                ", "
                <a href=format!("tasks/{id}/files")>"files"</a>
            </p>
            <h1 class="h" dir="auto">{name.clone()}</h1>
            <p class="acts">
                <a class="btn primary" href=shown.href.clone() download=name.clone()>
                    "Download"
                </a>
                <span class="soft">{shown.media_type.clone()} ", " {size}</span>
            </p>
            <Rendered result=shown />
            <p class="soft sum">"SHA-256 " <code>{file.sha256().to_owned()}</code></p>
        })
    })
}

/// File name in the path `/tasks/{id}/files/{name}`. The router of the pages would decode it twice,
/// which breaks names such as `%2e%2e`.
async fn name_in_path(parts: Option<Parts>) -> String {
    let Some(mut parts) = parts else { return String::new() };
    let path = Path::<(String, String)>::from_request_parts(&mut parts, &()).await;
    path.map(|Path((_, name))| name).unwrap_or_default()
}
