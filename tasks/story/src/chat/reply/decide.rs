//! Decides what an endpoint's error means: final or passing.

use std::time::Duration;

use super::{
    Fault,
    signs::{
        ABSENT_WORDS, ADDRESS_WORDS, BUSY_WORDS, CONTEXT_WORDS, FILTER_CODES, KEY_CODES, KEY_WORDS,
        LOADING_WORDS, MEMORY_WORDS, MODEL_CODES, MODEL_WORDS, PASSING_CODES, PASSING_WORDS,
        QUOTA_CODES, QUOTA_WORDS, ROUTING_WORDS, TOO_LARGE_WORDS,
    },
};

/// Maximum delay in seconds: a year. A longer one counts as this.
const MAX_DELAY_S: f64 = 366.0 * 86_400.0;

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The key is wrong or missing.
    Key,
    /// This key or this client may not do it.
    Forbidden,
    /// The model does not exist.
    Model,
    /// The address is wrong.
    Address,
    /// The account has no credit left.
    Quota,
    /// The machine has too little memory for the model.
    Memory,
    /// Prompt and reply are longer than the model's context window.
    Context,
    /// A filter of contents refused.
    Filter,
    /// The request is refused for another reason.
    Request,
    /// Too many requests.
    Busy,
    /// The model is being loaded.
    Loading,
    /// The endpoint, or what is behind it, failed.
    Server,
}

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same request would end in the same way.
    Final(Cause),
    /// It may succeed later: after the delay that the endpoint asks for, if any.
    Passing(Cause, Option<Duration>),
}

/// Decides about an error. `status` is that of the response, which is 200 for an error within a
/// stream; `started`: a part of the text had arrived; `after`: the delay that a header asks for.
pub(crate) fn decide(
    status: u16,
    fault: &Fault,
    started: bool,
    after: Option<Duration>,
) -> Verdict {
    let text = fault.message.to_lowercase();
    let after = after.or_else(|| asked(fault));
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let coded = |codes: &[&str]| codes.iter().any(|code| fault.is(code));
    // A gateway passes on the status of the endpoint behind it.
    let status = match status {
        200..=299 | 400 | 500 => {
            fault.status.or_else(|| status_in(&text, status)).unwrap_or(status)
        }
        status => status,
    };
    let about_model = text.contains("model") || text.contains("deployment");
    if has(MEMORY_WORDS) {
        Verdict::Final(Cause::Memory)
    } else if coded(QUOTA_CODES) || has(QUOTA_WORDS) && after.is_none() || status == 402 {
        Verdict::Final(Cause::Quota)
    } else if has(TOO_LARGE_WORDS) || has(CONTEXT_WORDS) && !has(BUSY_WORDS) && status != 429 {
        Verdict::Final(Cause::Context)
    } else if coded(FILTER_CODES) {
        Verdict::Final(Cause::Filter)
    } else if coded(KEY_CODES) || has(KEY_WORDS) && status != 429 || status == 401 {
        Verdict::Final(Cause::Key)
    } else if has(ADDRESS_WORDS) {
        Verdict::Final(Cause::Address)
    } else if has(LOADING_WORDS) {
        Verdict::Passing(Cause::Loading, after)
    } else if has(ROUTING_WORDS) {
        Verdict::Final(Cause::Request)
    } else if coded(MODEL_CODES)
        || has(ABSENT_WORDS)
        || about_model && has(MODEL_WORDS) && status < 500
    {
        Verdict::Final(Cause::Model)
    } else {
        by_status(status, fault, &text, started, after)
    }
}

fn by_status(
    status: u16,
    fault: &Fault,
    text: &str,
    started: bool,
    after: Option<Duration>,
) -> Verdict {
    let coded = PASSING_CODES.iter().any(|code| fault.is(code));
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let busy = says(BUSY_WORDS)
        || fault.codes.iter().any(|code| {
            let spaced = code.replace(['_', '-'], " ");
            BUSY_WORDS.iter().any(|word| code.contains(word) || spaced.contains(word))
        });
    let passing = || Verdict::Passing(if busy { Cause::Busy } else { Cause::Server }, after);
    match status {
        420 | 429 | 498 => Verdict::Passing(Cause::Busy, after),
        408 | 409 | 424 | 425 | 499 => passing(),
        501 | 505 | 511 => Verdict::Final(Cause::Request),
        500..=599 => passing(),
        200..=299 if coded || says(PASSING_WORDS) || started => passing(),
        // Other statuses for a limit of requests.
        400 | 403 | 404 | 422 if busy => passing(),
        400 if coded || says(&["overloaded", "try again", "temporarily"]) => passing(),
        403 => Verdict::Final(Cause::Forbidden),
        300..=399 | 404 | 405 | 410 => Verdict::Final(Cause::Address),
        _ => Verdict::Final(Cause::Request),
    }
}

/// A delay in seconds, at least zero and at most [`MAX_DELAY_S`]; `None` if it is no number.
pub(crate) fn duration(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() {
        return None;
    }
    Duration::try_from_secs_f64(seconds.clamp(0.0, MAX_DELAY_S)).ok()
}

/// The delay that an error asks for, by a field or in its words.
pub(crate) fn asked(fault: &Fault) -> Option<Duration> {
    fault.retry_after.or_else(|| delay_in(&fault.message.to_lowercase()))
}

/// The delay in a text such as `Please try again in 1m3.5s`.
fn delay_in(text: &str) -> Option<Duration> {
    let marks =
        ["again in ", "retry in ", "retry after ", "wait for ", "please wait ", "available in "];
    let rest = marks.iter().find_map(|mark| text.split_once(mark))?.1;
    spoken(rest)
}

/// The delay with which a text begins, such as `1m3.5s` or `20 seconds`.
pub(crate) fn spoken(text: &str) -> Option<Duration> {
    let (mut total, mut rest) = (0.0, text);
    let mut found = false;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].trim_end_matches('.').parse::<f64>() else { break };
        let after = rest[digits..].trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..letters] {
            "ms" | "milliseconds" => 0.001,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => break,
        };
        total += number * unit;
        found = true;
        rest = after[letters..].trim_start_matches([' ', ',']);
    }
    if found { duration(total) } else { None }
}

/// The status in a text such as `Error code: 429 - …`, for a response whose own tells nothing.
fn status_in(text: &str, status: u16) -> Option<u16> {
    let after = |word: &&str| text.split(word).nth(1).map(str::trim_start);
    let marks = [
        "error code: ",
        "status code ",
        "status code: ",
        "status: ",
        "http ",
        "error: ",
        "status=",
    ];
    let found = marks.iter().find_map(|mark| {
        let rest = after(mark)?;
        let digits = rest.get(..3)?;
        let ends = !rest[3..].starts_with(|c: char| c.is_ascii_alphanumeric());
        digits.parse::<u16>().ok().filter(|number| ends && (400..600).contains(number))
    });
    found.or_else(|| {
        let start = text.get(..3)?.parse::<u16>().ok()?;
        let ends =
            text[3..].is_empty() || text[3..].starts_with(|c: char| !c.is_ascii_alphanumeric());
        ((400..600).contains(&start) && ends && status < 300).then_some(start)
    })
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
