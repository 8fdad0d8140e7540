//! Errors of real endpoints, and what each means.

use super::{Cause::*, Verdict::*, *};

fn verdict(status: u16, body: &str) -> Verdict {
    decide(status, &Fault::read(body.as_bytes()), false, None)
}

fn secs(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

#[test]
fn a_status_alone_decides() {
    for status in [408, 409, 424, 425, 499, 500, 502, 503, 504, 520, 524, 529, 599] {
        assert_eq!(verdict(status, ""), Passing(Server, None), "{status}");
    }
    for status in [420, 429, 498] {
        assert_eq!(verdict(status, "{}"), Passing(Busy, None), "{status}");
    }
    let finals = [
        (401, Key),
        (402, Quota),
        (403, Forbidden),
        (404, Address),
        (405, Address),
        (302, Address),
        (400, Request),
        (413, Request),
        (418, Request),
        (422, Request),
        (501, Request),
        (505, Request),
    ];
    for (status, cause) in finals {
        assert_eq!(verdict(status, ""), Final(cause), "{status}");
    }
}

#[test]
fn an_error_within_a_stream_is_decided_by_number_code_or_text() {
    let passing = [
        (r#"{"error":{"code":429,"message":"x"}}"#, Busy),
        (r#"{"error":{"code":"503","message":"x"}}"#, Server),
        (r#"{"error":{"code":502,"message":"Provider returned error"}}"#, Server),
        (r#"{"error":{"code":"rate_limit_exceeded"}}"#, Busy),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, Server),
        (r#"{"error":{"type":"server_error","message":"The server had an error"}}"#, Server),
        (
            r#"{"object":"error","message":"EngineCore died","type":"InternalServerError","code":500}"#,
            Server,
        ),
        (r#"{"error":"rate limit reached"}"#, Busy),
        (r#"{"error":"503 Service Unavailable"}"#, Server),
        (r#"{"error":"upstream returned HTTP 502"}"#, Server),
        (r#"{"error":"Error code: 429 - {'error': 'x'}"}"#, Busy),
        (r#"{"error":"an error was encountered while running the model: unexpected EOF"}"#, Server),
        (r#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"x"}}"#, Busy),
        ("upstream connect error or disconnect/reset before headers", Server),
        (r#"{"error":{"code":529,"message":"x"}}"#, Server),
        (r#"{"error":{"code":498,"message":"x"}}"#, Busy),
    ];
    for (body, cause) in passing {
        assert_eq!(verdict(200, body), Passing(cause, None), "{body}");
    }
    let finals = [
        (r#"{"error":{"code":401,"message":"No auth"}}"#, Key),
        (r#"{"error":{"code":"invalid_api_key"}}"#, Key),
        (r#"{"error":{"code":402,"message":"Insufficient credits"}}"#, Quota),
        (r#"{"error":{"code":"insufficient_quota"}}"#, Quota),
        (r#"{"error":{"code":"content_filter"}}"#, Filter),
        (r#"{"error":"boom"}"#, Request),
        (r#"{"error":{"type":"invalid_request_error","message":"bad"}}"#, Request),
        (r#"{"error":"model 'x' not found"}"#, Model),
    ];
    for (body, cause) in finals {
        assert_eq!(verdict(200, body), Final(cause), "{body}");
    }
    // A request that was begun was not refused.
    let boom = Fault::read(br#"{"error":"boom"}"#);
    assert_eq!(decide(200, &boom, true, None), Passing(Server, None));
}

#[test]
fn words_count_where_a_status_is_used_for_many_things() {
    let cases = [
        (
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            Passing(Loading, None),
        ),
        (404, r#"{"error":"Model is loading"}"#, Passing(Loading, None)),
        (
            503,
            r#"{"error":"Model x is currently loading","estimated_time":20.0}"#,
            Passing(Loading, secs(20.0)),
        ),
        (
            500,
            r#"{"error":{"message":"model requires more system memory (8.0 GiB) than is available (4.0 GiB)"}}"#,
            Final(Memory),
        ),
        (
            500,
            r#"{"error":{"message":"litellm.AuthenticationError: no","code":"401"}}"#,
            Final(Key),
        ),
        (
            400,
            r#"{"error":{"message":"litellm.RateLimitError: no","code":"429"}}"#,
            Passing(Busy, None),
        ),
        (403, r#"{"message":"API rate limit exceeded"}"#, Passing(Busy, None)),
        (403, r#"{"error":{"message":"Country not supported"}}"#, Final(Forbidden)),
        (
            404,
            r#"{"error":{"message":"model \"x\" not found, try pulling it first"}}"#,
            Final(Model),
        ),
        (404, "404 page not found", Final(Address)),
        (404, r#"{"detail":"Not Found"}"#, Final(Address)),
        (404, r#"{"error":{"code":"DeploymentNotFound","message":"x"}}"#, Final(Model)),
        (400, r#"{"error":{"message":"x","code":"model_not_found"}}"#, Final(Model)),
        (400, r#"{"error":{"message":"No models loaded. Please load a model"}}"#, Final(Model)),
        (
            400,
            r#"{"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 4096 tokens"}}"#,
            Final(Context),
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            Final(Context),
        ),
        (
            429,
            r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#,
            Final(Quota),
        ),
        (400, r#"{"error":{"message":"Your credit balance is too low"}}"#, Final(Quota)),
        (
            429,
            r#"{"error":{"message":"Rate limit reached. Please try again in 1m3.5s."}}"#,
            Passing(Busy, secs(63.5)),
        ),
        (
            429,
            r#"{"error":{"message":"quota","details":[{"retryDelay":"34s"}]}}"#,
            Passing(Busy, secs(34.0)),
        ),
        (429, r#"{"error":{"message":"Please retry in 250ms"}}"#, Passing(Busy, secs(0.25))),
        (
            429,
            r#"{"error":{"message":"Too many tokens per minute, context window"}}"#,
            Passing(Busy, None),
        ),
    ];
    for (status, body, expected) in cases {
        assert_eq!(verdict(status, body), expected, "{status} {body}");
    }
}

#[test]
fn words_of_gateways_and_local_servers_count_too() {
    let cases = [
        (400, r#"{"error":{"message":"Model unloaded."}}"#, Passing(Loading, None)),
        (500, r#"{"error":"unable to load model: /blobs/x"}"#, Final(Memory)),
        (
            200,
            r#"{"error":"Unexpected endpoint or method. (POST /chat/completions)"}"#,
            Final(Address),
        ),
        (
            429,
            r#"{"error":{"message":"Request too large for model x","code":"rate_limit_exceeded"}}"#,
            Final(Context),
        ),
        (
            400,
            r#"{"error":{"message":"No deployments available, Try again in 60 seconds"}}"#,
            Passing(Server, secs(60.0)),
        ),
        (
            503,
            "<html><title>503 Service Temporarily Unavailable</title></html>",
            Passing(Server, None),
        ),
        (502, "", Passing(Server, None)),
    ];
    for (status, body, expected) in cases {
        assert_eq!(verdict(status, body), expected, "{status} {body}");
    }
}

#[test]
fn a_key_a_budget_a_model_and_a_rule_are_told_apart_whatever_the_status() {
    let finals = [
        (404, r#"{"error":{"message":"No endpoints found for a/b.","code":404}}"#, Model),
        (
            404,
            r#"{"error":{"message":"No endpoints found matching your data policy (Free model publication).","code":404}}"#,
            Request,
        ),
        (
            404,
            r#"{"error":{"message":"No endpoints found that support tool use for the model"}}"#,
            Request,
        ),
        (
            404,
            r#"{"error":{"message":"No allowed providers are available for the selected model."}}"#,
            Request,
        ),
        (
            400,
            r#"{"error":{"message":"Authentication Error, Invalid proxy server token passed","code":"400"}}"#,
            Key,
        ),
        (400, r#"{"message":"The security token included in the request is invalid."}"#, Key),
        (400, r#"{"message":"The security token included in the request is expired"}"#, Key),
        (
            400,
            r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#,
            Key,
        ),
        (
            200,
            r#"{"base_resp":{"status_code":1004,"status_msg":"login fail: Please carry the API secret key in the 'Authorization' field"}}"#,
            Key,
        ),
        (400, r#"{"error":{"message":"x","type":"auth_error"}}"#, Key),
        (
            400,
            r#"{"error":{"message":"Budget has been exceeded! Current cost: 0.1, Max budget: 0.05","code":"400"}}"#,
            Quota,
        ),
        (429, r#"{"error":{"message":"x","type":"budget_exceeded"}}"#, Quota),
        (400, "ExceededBudget: User x is over budget", Quota),
        (400, "Authentication Error, ExceededTokenBudget: Max Budget for Token: 1", Quota),
        (
            400,
            r#"{"error":{"message":"The model `x` has been decommissioned and is no longer supported.","code":"model_decommissioned"}}"#,
            Model,
        ),
        (404, "The model x has been retired", Model),
        (500, r#"{"error":"CUDA error: out of memory"}"#, Memory),
        (500, "llama runner process has terminated: cudaMalloc failed: out of memory", Memory),
        (500, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", Memory),
    ];
    for (status, body, cause) in finals {
        assert_eq!(verdict(status, body), Final(cause), "{status} {body}");
    }
}

#[test]
fn a_header_comes_before_the_words() {
    let fault = Fault::read(br#"{"error":{"message":"try again in 5s"}}"#);
    assert_eq!(decide(429, &fault, false, secs(9.0)), Passing(Busy, secs(9.0)));
    let year = Duration::from_secs(366 * 86_400);
    let fault = Fault::plain("try again in 9999999999999999999999h".to_owned());
    assert_eq!(decide(429, &fault, false, None), Passing(Busy, Some(year)));
    for text in ["try again in soon", "try again in", "retry in é"] {
        let fault = Fault::plain(text.to_owned());
        assert_eq!(decide(429, &fault, false, None), Passing(Busy, None), "{text}");
    }
}
