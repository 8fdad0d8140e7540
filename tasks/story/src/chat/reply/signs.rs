//! Codes and words by which errors of real endpoints are known.

/// Codes and types of errors that pass.
pub(super) const PASSING_CODES: &[&str] = &[
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit",
    "rate_limited",
    "ratelimited",
    "ratelimiterror",
    "too_many_requests",
    "toomanyrequests",
    "tokens_limit_reached",
    "resource_exhausted",
    "throttlingexception",
    "throttling",
    "overloaded_error",
    "overloaded",
    "engine_overloaded",
    "engine_overloaded_error",
    "server_overloaded",
    "serveroverloaded",
    "capacity_exceeded",
    "server_error",
    "internal_server_error",
    "internalservererror",
    "internalerror",
    "internal_error",
    "internal",
    "api_error",
    "apiconnectionerror",
    "service_unavailable",
    "serviceunavailable",
    "service_unavailable_error",
    "unavailable_error",
    "unavailable",
    "bad_gateway",
    "timeout",
    "timeout_error",
];
/// Words of errors that pass, where the status does not tell.
pub(super) const PASSING_WORDS: &[&str] = &[
    "rate limit",
    "ratelimit",
    "too many requests",
    "too many concurrent",
    "overloaded",
    "over capacity",
    "at capacity",
    "no capacity",
    "no available",
    "try again",
    "retry later",
    "temporarily",
    "timed out",
    "timeout",
    "unavailable",
    "bad gateway",
    "server busy",
    "is busy",
    "internal server error",
    "server error",
    "connection error",
    "connection reset",
    "connection refused",
    "unexpected eof",
    "econnreset",
    "encountered while running",
    "terminated",
    "crashed",
    "channel error",
    "provider disconnected",
    "upstream",
];
/// Words of busy endpoints among them.
pub(super) const BUSY_WORDS: &[&str] = &[
    "rate limit",
    "ratelimit",
    "too many requests",
    "too many concurrent",
    "too many tokens",
    "too many connections",
    "tokens_limit",
    "throttl",
    "resource_exhausted",
];
/// Words of a model that is being loaded.
pub(super) const LOADING_WORDS: &[&str] = &[
    "loading model",
    "model is loading",
    "currently loading",
    "model loading",
    "still loading",
    "is being loaded",
    "is starting",
    "warming up",
    "cold start",
    "unloaded",
];
/// Codes of accounts without credit.
pub(super) const QUOTA_CODES: &[&str] = &[
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "insufficient_balance",
    "insufficient_credits",
    "payment_required",
    "budget_exceeded",
];
/// Words of accounts without credit.
pub(super) const QUOTA_WORDS: &[&str] = &[
    "insufficient balance",
    "insufficient credit",
    "insufficient quota",
    "credit balance",
    "more credits",
    "out of credits",
    "billing details",
    "balance is not enough",
    "budget has been exceeded",
    "budget_exceeded",
    "exceeded budget",
    "exceededbudget",
    "exceededtokenbudget",
    "max budget",
    "budget exceeded",
    "exceeded your budget",
    "over budget",
];
/// Words of a model that is too large for the machine.
pub(super) const MEMORY_WORDS: &[&str] = &[
    "more system memory",
    "not enough memory to load",
    "failed to load model",
    "error loading model",
    "unable to load model",
    "insufficient system resources",
    "out of memory",
    "outofmemory",
    "cudamalloc",
    "insufficient memory",
    "failed to allocate",
];
/// Words of a prompt that is too long.
pub(super) const CONTEXT_WORDS: &[&str] = &[
    "context length",
    "context window",
    "context size",
    "contextwindowexceeded",
    "max_new_tokens` must be",
    "maximum context",
    "context_length",
    "max_model_len",
    "prompt is too long",
    "input is too long",
    "exceed_context_size",
    "tokens to keep from the initial prompt",
    "maximum input length",
];
/// Codes of filters of contents.
pub(super) const FILTER_CODES: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
    "data_inspection_failed",
    "moderation_blocked",
];
/// Codes of wrong keys.
pub(super) const KEY_CODES: &[&str] = &[
    "invalid_api_key",
    "authentication_error",
    "auth_error",
    "invalid_authentication",
    "invalid_authentication_error",
    "no_api_key",
    "token_not_found_in_db",
    "expired_key",
    "unrecognizedclientexception",
    "invalidsignatureexception",
    "expiredtokenexception",
    "unauthorized",
    "unauthenticated",
];
/// Words of wrong keys.
pub(super) const KEY_WORDS: &[&str] = &[
    "incorrect api key",
    "invalid api key",
    "api key not valid",
    "invalid api-key",
    "invalid apikey",
    "failed to resolve api key",
    "authenticationerror",
    "authentication error",
    "authentication fail",
    "proxy server token",
    "security token",
    "api secret key",
    "login fail",
    "api key is invalid",
    "api key expired",
    "api key has expired",
    "no api key",
    "missing api key",
    "invalid credentials",
    "invalid access token",
    "invalid bearer token",
];
/// Codes of unknown models.
pub(super) const MODEL_CODES: &[&str] = &[
    "model_not_found",
    "deploymentnotfound",
    "invalid_model",
    "model_not_available",
    "unknown_model",
    "unavailable_model",
    "model_decommissioned",
    "model_deprecated",
    "model_not_supported",
];
/// Words of unknown models, beside the word "model".
pub(super) const MODEL_WORDS: &[&str] = &[
    "not found",
    "does not exist",
    "doesn't exist",
    "not exist",
    "unknown model",
    "invalid model",
    "not a valid model",
    "no such model",
    "try pulling it",
    "not loaded",
    "no models loaded",
    "unsupported model",
    "decommissioned",
    "been retired",
    "been discontinued",
    "model is no longer",
];
/// Words of unknown models by themselves.
pub(super) const ABSENT_WORDS: &[&str] = &["no endpoints found for"];
/// Words of gateways that know the model, but whose rules allow no provider.
pub(super) const ROUTING_WORDS: &[&str] = &[
    "data policy",
    "no endpoints found matching",
    "no endpoints found that",
    "no endpoints available matching",
    "no allowed providers",
    "providers have been ignored",
];
/// Words of a request that no waiting makes small enough.
pub(super) const TOO_LARGE_WORDS: &[&str] =
    &["request too large", "reduce your message size", "reduce the length of the messages"];
/// Words of servers that have no such path.
pub(super) const ADDRESS_WORDS: &[&str] = &[
    "unexpected endpoint",
    "invalid url (",
    "no route",
    "route not found",
    "cannot post",
    "page not found",
    "unknown request url",
];
