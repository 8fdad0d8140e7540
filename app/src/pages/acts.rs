//! What a visitor may do with a task besides cancelling it.

use leptos::prelude::*;
use milepost::{
    engine::{Caller, Service, ServiceError, TaskAction},
    task::Snapshot,
};

use super::{keep, rerun, share};

/// What the visitor may do with the task besides cancelling it, as HTML.
pub(super) async fn acts(
    service: &Service,
    caller: &Caller,
    task: &Snapshot,
    is_known_kind: bool,
) -> Result<String, ServiceError> {
    let may = async |action| service.permits(caller, task.id, action).await;
    let mut acts = String::new();
    if is_known_kind && may(TaskAction::Rerun).await? {
        acts.push_str(&rerun::forms(task.id, &task.kind, service.continues(task).await?));
    }
    let expires = service.expires(&task.kind) || task.expires_at.is_some();
    if expires && may(TaskAction::Keep).await? {
        acts.push_str(&keep::note(task));
    }
    let (share, delete) = (may(TaskAction::Share).await?, may(TaskAction::Delete).await?);
    acts.push_str(&share::links(task.id, share, delete));
    if !may(TaskAction::Cancel).await? {
        // The style sheet hides the button of the island beside it.
        let note = view! { <p class="follows soft">"You can follow this task, not change it."</p> };
        acts.push_str(&note.to_html());
    }
    Ok(acts)
}
