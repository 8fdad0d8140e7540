//! Lenient JSON: what real endpoints write although no standard allows it.
//!
//! Read where a strict parser refuses: a byte order mark, `NaN` and other words that are no JSON
//! (as `null`), raw control characters in strings, and halves of surrogate pairs, which become
//! marks that [`super::text::Text`] joins.

use serde_json::Value;

/// First of the 2,048 private characters that stand for the halves of surrogate pairs.
pub(super) const HALF: u32 = 0x0010_F000;

/// Parses one document; `None` if it cannot be read even leniently.
pub(in crate::chat) fn parse(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}').trim();
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&repair(text)).ok())
}

/// Rewrites what a strict parser refuses.
fn repair(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    let mut in_string = false;
    while let Some((at, c)) = chars.next() {
        if in_string {
            match c {
                '"' => {
                    in_string = false;
                    out.push(c);
                }
                '\\' => escape(&text[at..], &mut chars, &mut out),
                c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            c if is_bare(c) => {
                let rest = &text[at..];
                let end = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
                while chars.peek().is_some_and(|(next, _)| *next < at + end) {
                    chars.next();
                }
                out.push_str(&bare(&rest[..end]));
            }
            c => out.push(c),
        }
    }
    out
}

/// Copies an escape sequence; half a surrogate pair becomes its mark.
fn escape(
    rest: &str,
    chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    out: &mut String,
) {
    let unit = |rest: &str| {
        let digits = rest.strip_prefix("\\u")?.get(..4)?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut skip = |count: usize| {
        for _ in 0..count {
            chars.next();
        }
    };
    match unit(rest) {
        Some(high @ 0xD800..=0xDBFF) => {
            let low = rest.get(6..).and_then(unit).filter(|low| (0xDC00..=0xDFFF).contains(low));
            match low {
                Some(_) => {
                    out.push_str(&rest[..12]);
                    skip(11);
                }
                None => {
                    out.extend(char::from_u32(HALF + high - 0xD800));
                    skip(5);
                }
            }
        }
        Some(low @ 0xDC00..=0xDFFF) => {
            out.extend(char::from_u32(HALF + low - 0xD800));
            skip(5);
        }
        Some(_) => {
            out.push_str(&rest[..6]);
            skip(5);
        }
        None => {
            let next = rest[1..].chars().next();
            match next {
                Some(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                    out.push('\\');
                    out.push(c);
                }
                // An escape that JSON does not know, such as \' or \x: as it stands.
                Some(c) if !c.is_control() => {
                    out.push_str("\\\\");
                    out.push(c);
                }
                _ => out.push_str("\\\\"),
            }
            skip(usize::from(next.is_some()));
        }
    }
}

/// Characters of numbers and words outside of strings.
const fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_')
}

/// A number or a word; what JSON does not know becomes `null`.
fn bare(word: &str) -> String {
    match word {
        "true" | "false" | "null" => word.to_owned(),
        "True" => "true".to_owned(),
        "False" => "false".to_owned(),
        number if serde_json::from_str::<f64>(number).is_ok() => number.to_owned(),
        _ => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_standard_allows_is_read() {
        let cases = [
            ("\u{feff}{\"a\":1}", json!({"a": 1})),
            (
                "{\"a\":NaN,\"b\":-Infinity,\"c\":1e999,\"d\":None}",
                json!({"a": null, "b": null, "c": null, "d": null}),
            ),
            ("{\"a\":True,\"b\":.5,\"c\":-1.5e3}", json!({"a": true, "b": null, "c": -1500.0})),
            ("{\"a\":\"x\ny\tz\",\"n\":NaN}", json!({"a": "x\ny\tz", "n": null})),
            (
                "{\"a\":\"NaN \\\"NaN\\\" \\\\\",\"n\":NaN}",
                json!({"a": "NaN \"NaN\" \\", "n": null}),
            ),
            ("{\"a\":\"it\\'s\"}", json!({"a": "it\\'s"})),
            (r#"{"a":"\ud83d\ude00","n":NaN}"#, json!({"a": "😀", "n": null})),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text), Some(value), "{text}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_a_mark() {
        assert_eq!(parse(r#"{"a":"x\ud83d"}"#), Some(json!({"a": "x\u{10F03D}"})));
        assert_eq!(parse(r#"{"a":"\ude00y"}"#), Some(json!({"a": "\u{10F600}y"})));
    }

    #[test]
    fn broken_json_stays_broken() {
        for text in ["{not json", "{\"a\":", "{\"a\":\"\\u12", "{\"a\":\"\\", "", "\"\\ud8"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), None);
    }
}
