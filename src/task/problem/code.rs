//! Codes of problems: stable names for programs.

/// Documentation of the codes; each has an anchor there.
const DOCUMENTATION: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/http.md#");

/// Defines the codes: status, name on the wire, meaning.
macro_rules! codes {
    ($($(#[$about:meta])* $code:ident = $status:literal $name:literal,)*) => {
        /// Why a request failed. Codes are only added; the meaning of one never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ProblemCode {
            $($(#[$about])* $code,)*
        }

        impl ProblemCode {
            /// All codes. The first one of a status is used for problems without a code of their
            /// own.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// The status of responses with this code.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)*
                }
            }
        }
    };
}

codes! {
    /// The request cannot be read: its query, a header or the JSON of its body.
    InvalidRequest = 400 "invalid_request",
    /// The input does not match the kind; `errors` names the fields.
    InvalidInput = 400 "invalid_input",
    /// There is no such kind of task.
    UnknownKind = 400 "unknown_kind",
    /// The body ended before it was complete.
    IncompleteBody = 400 "incomplete_body",
    /// This server requires a session for starts and uploads.
    SessionRequired = 401 "session_required",
    /// This server serves known users only, and the request names none.
    Unauthenticated = 401 "unauthenticated",
    /// The token is wrong, has expired or was removed.
    InvalidToken = 401 "invalid_token",
    /// The request is not permitted.
    Forbidden = 403 "forbidden",
    /// The request comes from a page of another origin.
    CrossSite = 403 "cross_site",
    /// A page wants to run or embed the response.
    NotToBeRun = 403 "not_to_be_run",
    /// There is no such task, batch, upload, file or kind, or it belongs to somebody else.
    NotFound = 404 "not_found",
    /// The API has no call at this path.
    NoSuchCall = 404 "no_such_call",
    /// The path does not support this method.
    MethodNotAllowed = 405 "method_not_allowed",
    /// The body arrives too slowly.
    BodyTimeout = 408 "body_timeout",
    /// The state of the task does not permit this.
    Conflict = 409 "conflict",
    /// The task has not completed, or has no result.
    NoResult = 409 "no_result",
    /// The task has not ended.
    NotEnded = 409 "not_ended",
    /// No task of the batch has failed.
    NothingFailed = 409 "nothing_failed",
    /// The task has expired.
    Expired = 410 "expired",
    /// The task was deleted by its owner or an admin.
    Deleted = 410 "deleted",
    /// The body, a field or the upload is larger than a limit.
    TooLarge = 413 "too_large",
    /// The body is not JSON by its `Content-Type`.
    UnsupportedMediaType = 415 "unsupported_media_type",
    /// The file has no such bytes.
    RangeNotSatisfiable = 416 "range_not_satisfiable",
    /// The server does not serve this host name.
    HostNotServed = 421 "host_not_served",
    /// The `Idempotency-Key` was used for another request.
    KeyReused = 422 "key_reused",
    /// A rate limit of the client address is reached.
    TooManyRequests = 429 "too_many_requests",
    /// Too many tasks of the owner or of the client address are queued.
    QueueFull = 429 "queue_full",
    /// Too many tasks of the owner or of the client address wait for their start time.
    ScheduleFull = 429 "schedule_full",
    /// The daily budget of the kind is used up.
    BudgetUsedUp = 429 "budget_used_up",
    /// The owner has too many uploads, or too many are under way.
    TooManyUploads = 429 "too_many_uploads",
    /// Something is wrong on the server; its log has the details.
    InternalError = 500 "internal_error",
    /// No storage for files is configured.
    NoFileStorage = 501 "no_file_storage",
    /// The server cannot respond at the moment.
    Unavailable = 503 "unavailable",
    /// The database does not respond.
    DatabaseUnavailable = 503 "database_unavailable",
    /// The storage for files does not respond.
    FilesUnavailable = 503 "files_unavailable",
    /// The server is shutting down.
    ShuttingDown = 503 "shutting_down",
    /// A limit of the whole server is reached: connections, queued tasks or uploads.
    ServerFull = 503 "server_full",
    /// A storage limit is reached, or the disk is nearly full.
    StorageFull = 507 "storage_full",
}

impl ProblemCode {
    /// The code of problems that have none of their own.
    pub fn of_status(status: u16) -> Self {
        let known = Self::ALL.iter().find(|code| code.status() == status);
        known.copied().unwrap_or(match status {
            500.. => Self::InternalError,
            _ => Self::InvalidRequest,
        })
    }

    /// URI of the code's documentation.
    pub fn documentation(self) -> String {
        format!("{DOCUMENTATION}{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_documented_with_its_status_and_has_a_name_of_its_own() {
        let docs = include_str!("../../../docs/http.md");
        for code in ProblemCode::ALL {
            let (name, status) = (code.as_str(), code.status());
            let row = format!("| <a id=\"{name}\"></a>`{name}` | {status} |");
            assert!(docs.contains(&row), "docs/http.md has no row {row}");
            let same = ProblemCode::ALL.iter().filter(|other| other.as_str() == name);
            assert_eq!(same.count(), 1, "{name}");
            assert!(code.documentation().ends_with(&format!("docs/http.md#{name}")));
        }
    }

    #[test]
    fn a_status_without_a_code_has_the_general_one_of_its_class() {
        for (status, code) in [
            (400, ProblemCode::InvalidRequest),
            (404, ProblemCode::NotFound),
            (418, ProblemCode::InvalidRequest),
            (503, ProblemCode::Unavailable),
            (599, ProblemCode::InternalError),
        ] {
            assert_eq!(ProblemCode::of_status(status), code, "{status}");
        }
    }
}
