//! The parts of a task's page besides its state: what is finished so far of a running task, and at its end
//! the result, the files, and what the visitor may do with it. The page renders them whole; the answers to its polls carry what changed.

use leptos::prelude::*;
use milepost::{
    engine::{Caller, Service},
    html,
    task::{OPERATION, Preview, Problem, Snapshot},
    view::{
        components::RESULT_ELEMENT,
        server_fns::{PagePart, ShownTask},
    },
};
use tokio::time::timeout;

use super::{acts::acts, admin, files, result::Rendered};
use crate::{
    context,
    islands::task_details::{ACTS, FILES},
    viewers::{MAX_POLL_WAIT, Viewers},
};

/// The parts of a task's page, as HTML.
pub(crate) struct TaskParts {
    /// What is finished so far of a running task; the result of one that has ended with a small one.
    pub(crate) shown: String,
    /// Version of the preview in `shown`; 0: none.
    pub(crate) preview_version: i64,
    /// The files.
    pub(crate) files: String,
}

impl TaskParts {
    /// Reads and renders the parts; `is_asked_for`: the result even if it is large or cannot be shown.
    pub(crate) async fn read(
        service: &Service,
        caller: &Caller,
        viewers: &Viewers,
        task: &Snapshot,
        is_asked_for: bool,
    ) -> Result<Self, Problem> {
        let id = task.id;
        let kind = service.kind(&task.kind);
        let moves = !task.status.is_terminal();
        let unfinished = moves && kind.as_ref().is_some_and(|kind| kind.makes_files);
        let files = service.files(caller, id).await?.unwrap_or_default();
        let files = files::listed(id, files, unfinished);
        let (shown, preview_version) = match moves {
            true => preview(service, caller, viewers, task).await?,
            false => (result(service, caller, viewers, task, is_asked_for).await?, 0),
        };
        Ok(Self { shown, preview_version, files })
    }
}

/// The result as HTML if it is asked for or small enough, and has a viewer; else empty.
async fn result(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: &Snapshot,
    is_asked_for: bool,
) -> Result<String, Problem> {
    let Some(link) = &task.result else { return Ok(String::new()) };
    let is_small =
        usize::try_from(link.size_bytes).is_ok_and(|size| size <= viewers.max_inline_bytes());
    if !is_small && !is_asked_for {
        return Ok(String::new());
    }
    let result = context::result(service, caller, viewers, task.id).await?;
    Ok(match result.html {
        None if is_asked_for => view! { <Rendered result /> }.to_html(),
        html => html.unwrap_or_default(),
    })
}

/// The preview as HTML, and its version; empty and 0 without one, or if it cannot be shown now.
async fn preview(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: &Snapshot,
) -> Result<(String, i64), Problem> {
    let found = service.preview(caller, task.id, 0).await?.flatten();
    let Some(Preview { version, media_type, text, .. }) = found else {
        return Ok((String::new(), 0));
    };
    let html = viewers.view_preview(&media_type, text).await;
    Ok(html.map_or_else(|| (String::new(), 0), |html| (html, version)))
}

/// What changed of the parts of a task's page: of a running task the preview, and everything once it has
/// ended. Also the version of the preview that the page then shows.
pub(crate) async fn changed_parts(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: ShownTask,
) -> (Vec<PagePart>, Option<i64>) {
    let has_ended = task.snapshot.status.is_terminal();
    let changed = async {
        match has_ended {
            _ if task.snapshot.id == OPERATION => {
                Ok((admin::changed_parts(service, caller).await?, None))
            }
            true => ended(service, caller, viewers, &task.snapshot).await,
            false => grown(service, caller, viewers, &task).await,
        }
    };
    let changed = timeout(MAX_POLL_WAIT, changed).await.ok().and_then(Result::ok);
    // What was unfinished is no result: without that the page has a link, and shows it when it is loaded again.
    let cleared = || PagePart { element: RESULT_ELEMENT, keep: 0, html: String::new() };
    changed.unwrap_or_else(|| (has_ended.then(cleared).into_iter().collect(), None))
}

async fn ended(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: &Snapshot,
) -> Result<(Vec<PagePart>, Option<i64>), Problem> {
    let parts = TaskParts::read(service, caller, viewers, task, false).await?;
    let acts = acts(service, caller, task, service.kind(&task.kind).is_some()).await?;
    let whole = |(element, html)| PagePart { element, keep: 0, html };
    let parts = [(RESULT_ELEMENT, parts.shown), (FILES, parts.files), (ACTS, acts)];
    Ok((parts.map(whole).into(), None))
}

async fn grown(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: &ShownTask,
) -> Result<(Vec<PagePart>, Option<i64>), Problem> {
    let Some(change) = &task.preview else { return Ok((Vec::new(), None)) };
    let mut whole = change.clone();
    if change.offset > 0 {
        let found = service.preview(caller, change.id, 0).await?.flatten();
        let Some(found) = found else { return Ok((Vec::new(), None)) };
        whole = found;
    }
    // Another change may have come in between; then it is not known what stayed.
    let same = usize::try_from(change.offset).ok().filter(|_| whole.version == change.version);
    let same = same.and_then(|offset| whole.text.get(..offset)).unwrap_or_default().to_owned();
    let Some(html) = viewers.view_preview(&whole.media_type, whole.text).await else {
        return Ok((Vec::new(), None));
    };
    let before = match same.is_empty() {
        true => None,
        false => viewers.view_preview(&whole.media_type, same).await,
    };
    let (keep, at) = before.map_or((0, 0), |before| kept(&before, &html));
    let part = PagePart { element: RESULT_ELEMENT, keep, html: html[at..].to_owned() };
    Ok((vec![part], Some(whole.version)))
}

/// How many first elements of `html` are those of an earlier `html`, of which only the text that
/// `before` shows is known to be the same; and where they end. The last element of `before` may have
/// gone on in the earlier one.
fn kept(before: &str, html: &str) -> (usize, usize) {
    let ends = element_ends(before);
    let Some((_, sure)) = ends.split_last() else { return (0, 0) };
    let same = before.bytes().zip(html.bytes()).take_while(|(a, b)| a == b).count();
    let count = sure.iter().take_while(|end| **end <= same).count();
    (count, count.checked_sub(1).map_or(0, |last| sure[last]))
}

/// Where each element that is not inside another one ends, in HTML of a viewer.
fn element_ends(html: &str) -> Vec<usize> {
    let (mut ends, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    while let Some(open) = html[at..].find('<').map(|found| at + found) {
        let Some(close) = tag_end(&html[open..]).map(|found| open + found) else { break };
        let tag = &html[open + 1..close];
        at = close + 1;
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !html::is_void(tag) {
            depth += 1;
        }
        if depth == 0 {
            ends.push(at);
        }
    }
    ends
}

/// Where a tag ends: at the first `>` that is in no attribute.
fn tag_end(html: &str) -> Option<usize> {
    let mut quote = None;
    html.char_indices().find_map(|(at, letter)| {
        match quote {
            Some(open) if open == letter => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter == '>' => return Some(at),
            None => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_are_in_no_other_are_found() {
        for (html, ends) in [
            ("", &[][..]),
            ("text", &[]),
            ("<p>a</p>", &[8]),
            ("<p>a<b>c</b><br>d</p>\n<hr>\n<hr />x", &[21, 26, 33]),
            ("<p title=\"a>b\" class='\"'>é</p><i></i>", &[31, 38]),
            ("<p>a<b>", &[]),
            ("</p><p>", &[4]),
            ("<", &[]),
        ] {
            assert_eq!(element_ends(html), ends, "{html}");
        }
    }

    #[test]
    fn what_may_have_changed_is_sent_again() {
        let whole = "<h1>A</h1><p>b</p><p>cd</p>";
        for (before, expected) in [
            ("", (0, 0)),
            ("<h1>A</h1>", (0, 0)),
            ("<h1>A</h1><p>b</p>", (1, 10)),
            ("<h1>A</h1><p>b</p><p>c</p>", (2, 18)),
            // A later part changed what an earlier one looks like.
            ("<h1>B</h1><p>b</p><p>c</p>", (0, 0)),
            ("<h1>A</h1><p>B</p><p>c</p>", (1, 10)),
        ] {
            assert_eq!(kept(before, whole), expected, "{before}");
        }
    }
}
