//! Forms that delete all data of an owner.

use axum::{
    extract::{Request, State},
    response::Response,
};
use milepost::{
    engine::{Caller, Service},
    task::{FieldError, Problem},
};

use super::respond::{caller, is_confirmed, not_as_it_should_be, redirect_to, sent};
use crate::{
    pages::{
        data::{OWNER_FIELD, path_after},
        delete::{CONFIRM, CONFIRM_FIELD},
    },
    site::SiteState,
    wire::last,
};

/// `POST /account/delete-data`: deletes all data of the visitor and says what it was.
pub(crate) async fn post_own(State(state): State<SiteState>, request: Request) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let there = match entered {
        Ok(entered) => delete(&state.site.service, &caller(&parts), &entered, None).await,
        Err(problem) => Err(problem),
    };
    redirect_to(&state, parts, "/account", there).await
}

/// `POST /admin/delete-data`: deletes all data of the owner who is named.
pub(crate) async fn post_owners(State(state): State<SiteState>, request: Request) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let there = match entered {
        Ok(entered) => {
            // Without a name it would be the visitor's own.
            let owner = last(&entered, OWNER_FIELD).unwrap_or_default().trim();
            delete(&state.site.service, &caller(&parts), &entered, Some(owner)).await
        }
        Err(problem) => Err(problem),
    };
    redirect_to(&state, parts, "/admin", there).await
}

/// Returns the page that says what was deleted. Somebody else's data is deleted from the page for operators.
async fn delete(
    service: &Service,
    caller: &Caller,
    entered: &[(String, String)],
    owner: Option<&str>,
) -> Result<String, Problem> {
    if owner.is_some() {
        service.may_operate(caller)?;
    }
    if !is_confirmed(entered) {
        let detail = format!("Nothing was deleted. To delete all data, type “{CONFIRM}”.");
        let mut problem = not_as_it_should_be(vec![FieldError::new(CONFIRM_FIELD, &*detail)]);
        problem.detail = detail;
        return Err(problem);
    }
    let deleted = service.delete_data(caller, owner).await?;
    let page = if owner.is_some() { "admin" } else { "account" };
    Ok(path_after(page, &deleted, owner))
}
