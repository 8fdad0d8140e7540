//! The table of all routes.

use milepost::engine::store::TokenScope;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Concerns nothing of others.
    Anybody,
    /// Shows a task or a batch.
    See,
    /// Shows the input of a task or a batch, or changes it.
    Change,
    /// Concerns a kind that only its owner and admins may start.
    Kind,
    /// Concerns something that only its owner may use.
    Own,
    /// Shows the tasks of all owners.
    SeeAll,
    /// Concerns the tasks of all owners, or shows who did what.
    Operate,
    /// Is there where users sign in, which is not here.
    SignIn,
}

/// One route.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) act: Act,
    /// What the id in it is that of: `ended` or `waiting` (tasks), `batch`, `upload`.
    pub(super) about: &'static str,
    pub(super) kind: &'static str,
    pub(super) body: &'static str,
}

impl Row {
    /// Whether who may do it loses all that they have here, the tokens too.
    pub(super) fn takes_all(&self) -> bool {
        matches!(self.path, "/api/v1/account/data" | "/account/delete-data")
    }

    /// The path about the task or batch with this id.
    pub(super) fn path_of(&self, id: &str) -> String {
        let path = self.path.replace("{id}", id).replace("{task_id}", id);
        path.replace("{name}", "out.txt").replace("{kind}", self.kind)
    }

    /// The scope that a token needs for a call of the API.
    pub(super) fn needs(&self) -> Option<TokenScope> {
        match (self.method, self.path) {
            (_, path) if path.starts_with("/api/v1/kinds") => None,
            (_, path) if path.contains("/shares") => Some(TokenScope::Start),
            ("GET", _) | (_, "/api/v1/tasks/poll") => Some(TokenScope::Read),
            (_, path) if path.ends_with("/cancel") => Some(TokenScope::Cancel),
            ("DELETE", "/api/v1/account/data") => Some(TokenScope::Admin),
            ("DELETE", _) => Some(TokenScope::Cancel),
            _ => Some(TokenScope::Start),
        }
    }
}

const fn row(
    method: &'static str,
    path: &'static str,
    act: Act,
    about: &'static str,
    body: &'static str,
) -> Row {
    Row { method, path, act, about, kind: "secret", body }
}

const QUICK: &str = r#"{"kind":"quick","input":{}}"#;
const SECRET: &str = r#"{"kind":"secret","input":{}}"#;
const SECRETS: &str = r#"{"kind":"secret","inputs":[{}]}"#;
const WATCH: &str = r#"{"watch":[{"id":"{id}","version":0}],"wait_ms":0}"#;
const WATCH_FN: &str = r#"{"request":{"watch":[{"id":"{id}","version":0}],"wait_ms":0}}"#;
const ID: &str = r#"{"id":"{id}"}"#;
const STORY: &str = r#"{"subject":"lighthouse","player":"Ada"}"#;
const NONE: &str = "";

pub(crate) const ROWS: &[Row] = &[
    // The API.
    row("POST", "/api/v1/tasks", Act::Kind, NONE, SECRET),
    row("GET", "/api/v1/tasks", Act::Anybody, NONE, NONE),
    row("GET", "/api/v1/tasks/{id}", Act::See, "ended", NONE),
    row("DELETE", "/api/v1/tasks/{id}", Act::Change, "waiting", NONE),
    row("POST", "/api/v1/tasks/poll", Act::See, "ended", WATCH),
    row("POST", "/api/v1/tasks/{id}/cancel", Act::Change, "waiting", NONE),
    row("POST", "/api/v1/tasks/{id}/rerun", Act::Change, "ended", "{}"),
    row("POST", "/api/v1/tasks/{id}/keep", Act::Change, "ended", "{}"),
    row("GET", "/api/v1/tasks/{id}/input", Act::Change, "ended", NONE),
    row("GET", "/api/v1/tasks/{id}/log", Act::See, "ended", NONE),
    row("GET", "/api/v1/tasks/{id}/result", Act::See, "ended", NONE),
    row("GET", "/api/v1/tasks/{id}/files", Act::See, "ended", NONE),
    row("GET", "/api/v1/tasks/{id}/files/{name}", Act::See, "ended", NONE),
    row("GET", "/api/v1/tasks/{id}/files.zip", Act::See, "ended", NONE),
    row("GET", "/api/v1/account/export", Act::Anybody, NONE, NONE),
    row("DELETE", "/api/v1/account/data", Act::Anybody, NONE, NONE),
    row("POST", "/api/v1/batches", Act::Kind, NONE, SECRETS),
    row("GET", "/api/v1/batches", Act::Anybody, NONE, NONE),
    row("GET", "/api/v1/batches/{id}", Act::See, "batch", NONE),
    row("POST", "/api/v1/batches/{id}/cancel", Act::Change, "batch", NONE),
    row("POST", "/api/v1/batches/{id}/rerun", Act::Change, "batch", "{}"),
    row("GET", "/api/v1/tasks/{id}/shares", Act::Change, "ended", NONE),
    row("POST", "/api/v1/tasks/{id}/shares", Act::Change, "ended", "{}"),
    row("DELETE", "/api/v1/tasks/{id}/shares/{share_id}", Act::Change, "ended", NONE),
    row("GET", "/api/v1/batches/{id}/shares", Act::Change, "batch", NONE),
    row("POST", "/api/v1/batches/{id}/shares", Act::Change, "batch", "{}"),
    row("DELETE", "/api/v1/batches/{id}/shares/{share_id}", Act::Change, "batch", NONE),
    row("POST", "/api/v1/uploads", Act::Anybody, NONE, "text"),
    row("GET", "/api/v1/uploads/{id}", Act::Own, "upload", NONE),
    row("GET", "/api/v1/kinds", Act::Anybody, NONE, NONE),
    row("GET", "/api/v1/kinds/{kind}", Act::Kind, NONE, NONE),
    row("GET", "/api/v1/tasks/{id}/preview", Act::See, "ended", NONE),
    row("POST", "/api/v1/tasks/{id}/annotate", Act::Change, "ended", r#"{"tags":["a"]}"#),
    row("POST", "/api/v1/tasks/{id}/start-now", Act::Change, "waiting", NONE),
    row("GET", "/api/v1/admin/overview", Act::SeeAll, NONE, NONE),
    row("GET", "/api/v1/admin/tasks", Act::SeeAll, NONE, NONE),
    row("GET", "/api/v1/audit", Act::Operate, NONE, NONE),
    row("POST", "/api/v1/admin/pause", Act::Operate, NONE, r#"{"kind":"secret"}"#),
    row("POST", "/api/v1/admin/resume", Act::Operate, NONE, r#"{"kind":"secret"}"#),
    row("POST", "/api/v1/admin/cancel", Act::Operate, NONE, r#"{"tag":"none"}"#),
    row("POST", "/api/v1/admin/rerun", Act::Operate, NONE, r#"{"tag":"none"}"#),
    // The simple calls.
    row("POST", "/api/task/start", Act::Anybody, NONE, r#"{"data":"a\n1\n"}"#),
    row("GET", "/api/status/{task_id}", Act::See, "ended", NONE),
    row("GET", "/api/task/status/{task_id}", Act::See, "ended", NONE),
    row("DELETE", "/api/task/{task_id}/cancel", Act::Change, "waiting", NONE),
    row("POST", "/api/story/create", Act::Anybody, NONE, STORY),
    row("GET", "/api/story/progress/{task_id}", Act::See, "ended", NONE),
    // Pages.
    row("GET", "/", Act::Anybody, NONE, NONE),
    row("GET", "/account", Act::Anybody, NONE, NONE),
    row("GET", "/sign-in", Act::SignIn, NONE, NONE),
    row("GET", "/sign-in/provider", Act::SignIn, NONE, NONE),
    row("GET", "/sign-in/callback", Act::SignIn, NONE, NONE),
    row("GET", "/admin", Act::SeeAll, NONE, NONE),
    row("GET", "/admin/audit", Act::Operate, NONE, NONE),
    row("GET", "/forget", Act::Anybody, NONE, NONE),
    row("GET", "/tasks", Act::Anybody, NONE, NONE),
    row("GET", "/start/{kind}", Act::Kind, NONE, NONE),
    row("GET", "/start-several/{kind}", Act::Kind, NONE, NONE),
    row("GET", "/tasks/{id}", Act::See, "ended", NONE),
    row("GET", "/tasks/{id}/delete", Act::See, "ended", NONE),
    row("GET", "/tasks/{id}/labels", Act::See, "ended", NONE),
    // Leads to the task; whoever has no more than their name sees it as without the link.
    row("GET", "/s/{token}", Act::See, "ended", NONE),
    row("GET", "/tasks/{id}/share", Act::Change, "ended", NONE),
    row("GET", "/batches/{id}/share", Act::Change, "batch", NONE),
    row("GET", "/tasks/{id}/files", Act::See, "ended", NONE),
    row("GET", "/tasks/{id}/files/{name}", Act::See, "ended", NONE),
    row("GET", "/tasks/{id}/result", Act::See, "ended", NONE),
    row("GET", "/batches/{id}", Act::See, "batch", NONE),
    // Forms.
    row("POST", "/start/{kind}", Act::Kind, NONE, NONE),
    row("POST", "/start-several/{kind}", Act::Kind, NONE, NONE),
    row("POST", "/sign-in", Act::SignIn, NONE, "name=ada&password=wrong"),
    row("POST", "/sign-out", Act::SignIn, NONE, NONE),
    row("POST", "/account/sessions/{id}/end", Act::SignIn, NONE, NONE),
    row("POST", "/account/sessions/end-others", Act::SignIn, NONE, NONE),
    row("POST", "/account/tokens", Act::Anybody, NONE, "name=a&scope=read"),
    row("POST", "/account/tokens/{id}/remove", Act::Own, "token", NONE),
    row("POST", "/account/delete-data", Act::Anybody, NONE, "confirm=delete"),
    row("POST", "/admin/delete-data", Act::Operate, NONE, "owner=nobody&confirm=delete"),
    row("POST", "/admin/pause", Act::Operate, NONE, "kind=secret"),
    row("POST", "/admin/resume", Act::Operate, NONE, "kind=secret"),
    row("POST", "/admin/cancel", Act::Operate, NONE, "tag=none"),
    row("POST", "/admin/rerun", Act::Operate, NONE, "tag=none"),
    row("POST", "/tasks/{id}/labels", Act::Change, "ended", "tags=a"),
    row("POST", "/tasks/{id}/share", Act::Change, "ended", NONE),
    row("POST", "/tasks/{id}/share/{share_id}/revoke", Act::Change, "ended", NONE),
    row("POST", "/batches/{id}/share", Act::Change, "batch", NONE),
    row("POST", "/batches/{id}/share/{share_id}/revoke", Act::Change, "batch", NONE),
    row("POST", "/tasks/{id}/start-now", Act::Change, "waiting", NONE),
    row("POST", "/forget", Act::Anybody, NONE, NONE),
    row("POST", "/tasks/{id}/cancel", Act::Change, "waiting", NONE),
    row("POST", "/tasks/{id}/delete", Act::Change, "waiting", "confirm=delete"),
    row("POST", "/tasks/{id}/keep", Act::Change, "ended", NONE),
    row("POST", "/tasks/{id}/rerun", Act::Change, "ended", NONE),
    row("POST", "/batches/{id}/cancel", Act::Change, "batch", NONE),
    row("POST", "/batches/{id}/rerun", Act::Change, "batch", NONE),
    // What the pages call.
    row("POST", "/api/fn/start_task", Act::Anybody, NONE, r#"{"kind":"quick","fields":[]}"#),
    row("POST", "/api/fn/run_task", Act::Anybody, NONE, QUICK),
    row("POST", "/api/fn/find_task", Act::See, "ended", ID),
    row("POST", "/api/fn/task_status", Act::See, "ended", WATCH_FN),
    row("POST", "/api/fn/cancel_task", Act::Change, "waiting", ID),
    row("POST", "/api/fn/run_task_form", Act::Anybody, NONE, "kind=quick"),
    row("POST", "/api/fn/cancel_task_form", Act::Change, "waiting", "id={id}"),
];
