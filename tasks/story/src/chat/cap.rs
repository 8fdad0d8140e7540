//! The most tokens of a reply that an endpoint takes, read from its refusal of more.

use super::reply::Fault;

/// Fields of the length of a reply.
const FIELDS: [&str; 5] =
    ["max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens", "num_predict"];
/// Words for them.
const WORDS: [&str; 3] = ["completion tokens", "output tokens", "generated tokens"];
/// Words with which a limit is told.
const LIMITS: [&str; 11] = [
    "range",
    "too large",
    "too high",
    "at most",
    "less than",
    "greater than",
    "more than",
    "maximum",
    "exceed",
    "<=",
    ">",
];
/// Words of another limit: that of prompt and reply together.
const TOGETHER: [&str; 4] = ["context length", "input tokens", "prompt tokens", "in the messages"];
/// No endpoint has a lower cap: smaller numbers are something else.
const MIN_CAP: u64 = 16;
/// Shorter replies are too short for a chapter.
const MIN_HALF: u64 = 100;

/// Whether a refusal says that a reply may not be so long.
pub(super) fn refuses_length(fault: &Fault) -> bool {
    let text = fault.message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let named = fault.param.as_deref().is_some_and(|param| FIELDS.contains(&param));
    (named || has(&FIELDS) || has(&WORDS)) && has(&LIMITS) && !has(&TOGETHER)
}

/// The most tokens that the endpoint takes instead of `asked`, or half of them if it does not say
/// how many; `None` if the refusal is about something else.
pub(super) fn read(fault: &Fault, asked: u64) -> Option<u64> {
    if !refuses_length(fault) {
        return None;
    }
    let text = fault.message.to_lowercase();
    let mut told = numbers(&text).filter(|(_, number)| *number != asked).peekable();
    if told.peek().is_none() {
        return Some(asked / 2).filter(|half| *half >= MIN_HALF);
    }
    let (at, number) = told.filter(|(_, n)| *n < asked).max_by_key(|(_, n)| *n)?;
    let words = text[..at].trim_end_matches(['`', '\'', '"', ' ']);
    let cap = if words.ends_with("less than") { number - 1 } else { number };
    (cap >= MIN_CAP).then_some(cap)
}

/// The whole numbers of a text, with their positions; `4,096` is one, and parts of names and
/// versions are none.
fn numbers(text: &str) -> impl Iterator<Item = (usize, u64)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ',');
    let mut at = 0;
    let words = text.split(move |c| !is_part(c)).map(move |word| {
        let start = at;
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        (start, word)
    });
    words.filter_map(|(start, word)| {
        let word = word.trim_end_matches(['.', ',']);
        let digits = word.replace(['_', ','], "");
        (word.starts_with(|c: char| c.is_ascii_digit()) && digits.len() <= 9)
            .then(|| digits.parse().ok())?
            .map(|number| (start, number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_of_an_endpoint_is_read_from_its_refusal() {
        for (refusal, cap) in [
            (
                "max_tokens is too large: 1500. This model supports at most 1,024 completion tokens, whereas you provided 1500.",
                Some(1024),
            ),
            (
                "`max_tokens` must be less than or equal to `1024`, the maximum value for `max_tokens` is less than the `context_window` for this model",
                Some(1024),
            ),
            (
                "max_tokens: 1500 > 1024, which is the maximum allowed number of output tokens for claude-3-1200",
                Some(1024),
            ),
            ("Invalid max_tokens value, the valid range of max_tokens is [1, 1024]", Some(1024)),
            (
                "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 1024]",
                Some(1024),
            ),
            (
                r#"{"detail":[{"loc":["body","max_tokens"],"msg":"Input should be less than or equal to 1024","ctx":{"le":1024}}]}"#,
                Some(1024),
            ),
            (
                r#"{"detail":[{"loc":["body","max_tokens"],"msg":"Input should be less than 1025"}]}"#,
                Some(1024),
            ),
            ("max_new_tokens must be <= 1024. Given: 1500", Some(1024)),
            ("max_output_tokens exceeds the limit of 1024.", Some(1024)),
            ("max_tokens is too large", Some(750)),
            ("max_tokens is too large: 1500", Some(750)),
            ("max_tokens is too large: 1500. It supports at most 8192", None),
            ("the range of max_tokens is [1, 8]", None),
            ("max_tokens is not supported with this model of 1024 parameters", None),
            (
                "'max_tokens' is too large: 1500. This model's maximum context length is 1024 tokens and your request has 700 input tokens (1500 > 1024 - 700)",
                None,
            ),
            ("temperature must be at most 1024", None),
            ("", None),
        ] {
            assert_eq!(read(&Fault::read(refusal.as_bytes()), 1_500), cap, "{refusal}");
        }
        assert_eq!(read(&Fault::read(b"max_tokens is too large"), 150), None);
    }
}
