//! Error responses of the simple calls, for the OpenAPI document.

use std::collections::BTreeMap;

use milepost::http::NotStarted;
use utoipa::{
    IntoResponses,
    openapi::{self, RefOr},
};

/// [`NotStarted`] in plain JSON.
pub(super) struct PlainNotStarted;

impl IntoResponses for PlainNotStarted {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let all = NotStarted::responses().into_iter();
        // These calls take no idempotency key.
        let known = all.filter(|(status, _)| status != "422").filter_map(|(status, response)| {
            let RefOr::T(response) = response else { return None };
            Some((status, plain(response.description)))
        });
        known.chain([("413".to_owned(), plain("The body is too large"))]).collect()
    }
}

/// Error responses of the calls about a task.
pub(super) struct PlainNotFound;

impl IntoResponses for PlainNotFound {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        [
            ("404", "There is no such task, or it is not yours"),
            ("410", "The task's time is over"),
            ("503", "The database does not answer"),
        ]
        .into_iter()
        .map(|(status, description)| (status.to_owned(), plain(description)))
        .collect()
    }
}

fn plain(description: impl Into<String>) -> RefOr<openapi::Response> {
    let detail = openapi::Content::new(Some(openapi::Ref::from_schema_name("Detail")));
    let response = openapi::ResponseBuilder::new().description(description);
    response.content("application/json", detail).into()
}
