//! In which forms a secret is looked for in what a command says.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use milepost::engine::TaskError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::progress::Mask;

/// Shorter secrets would hide half of every text, and are none.
const MIN_BYTES: usize = 4;
/// A shorter piece of Base64 says little and hides too much.
const MIN_BASE64: usize = 8;

/// What RFC 3986 leaves as it is, as most programs do.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same and `/`.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');
/// What JavaScript's `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet =
    &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// Hides these secrets, each whole and line by line, as they are and as programs like to write them:
/// percent-encoded, escaped for JSON, HTML and a shell, and in Base64.
pub(super) fn mask<'s>(secrets: impl Iterator<Item = &'s str>) -> Mask {
    let pieces = secrets.flat_map(|secret| {
        // A terminal ends lines with both.
        let whole = [secret.to_owned(), secret.replace('\n', "\r\n")];
        whole.into_iter().chain(secret.lines().map(str::to_owned))
    });
    let pieces = pieces.flat_map(|piece| [piece.trim().to_owned(), piece]);
    Mask::new(pieces.filter(|piece| piece.len() >= MIN_BYTES).flat_map(|piece| forms(&piece)))
}

/// The error without secrets.
pub(super) fn hide_in(mask: &Mask, mut error: TaskError) -> TaskError {
    if let TaskError::Fail { message, .. } | TaskError::Retry { message, .. } = &mut error {
        *message = mask.hide(message);
    }
    error
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for set in [NON_ALPHANUMERIC, UNRESERVED, PATH, COMPONENT] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        let form = encoded.replace("%20", "+");
        forms.extend([small_digits(&form), form, small_digits(&encoded), encoded]);
    }
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"');
    let json = json.strip_suffix('"').unwrap_or(json);
    forms.extend([json.to_owned(), json.replace('/', "\\/"), ascii_json(json)]);
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = html.replace('"', "&quot;");
    forms.extend([quoted.replace('\'', "&#39;"), quoted.replace('\'', "&#x27;"), quoted, html]);
    let backslashes = |text: &str| -> String {
        let plain = |c: char| c.is_alphanumeric() || "-_./,:@%+=".contains(c);
        text.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect()
    };
    forms.extend([secret.replace('\'', "'\\''"), backslashes(secret)]);
    forms.extend(base64(secret.as_bytes()));
    forms
}

/// `%2F` as `%2f`; what is encoded has no other `%`.
fn small_digits(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let mut small = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at(piece.len().min(2));
        small.push('%');
        small.push_str(&digits.to_ascii_lowercase());
        small.push_str(rest);
    }
    small
}

/// As programs write JSON that keep to ASCII.
fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

/// Base64 of whatever holds the secret: as it looks after 0, 1 and 2 other bytes, without the
/// characters at its ends that other bytes share.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&[0; 2][..before], secret].concat();
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            let piece = encoded.get(from..to).filter(|piece| piece.len() >= MIN_BASE64);
            forms.extend(piece.map(str::to_owned));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p/ä \"w'<0rd>&%";

    #[test]
    fn a_secret_is_found_as_programs_like_to_write_it() {
        let mask = mask([SECRET].into_iter());
        for text in [
            SECRET,
            "p%2F%C3%A4%20%22w%27%3C0rd%3E%26%25",
            "p%2f%c3%a4%20%22w%27%3c0rd%3e%26%25",
            "p/%C3%A4%20%22w%27%3C0rd%3E%26%25",
            "p%2F%C3%A4+%22w%27%3C0rd%3E%26%25",
            "p%2F%C3%A4%20%22w'%3C0rd%3E%26%25",
            r#"p/ä \"w'<0rd>&%"#,
            r#"p\/ä \"w'<0rd>&%"#,
            r#"p/\u00e4 \"w'<0rd>&%"#,
            "p/ä \"w'&lt;0rd&gt;&amp;%",
            "p/ä &quot;w&#39;&lt;0rd&gt;&amp;%",
            r#"p/ä "w'\''<0rd>&%"#,
            r#"p/ä\ \"w\'\<0rd\>\&%"#,
        ] {
            assert_eq!(mask.hide(&format!("it is {text}.")), "it is ***.", "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_stands() {
        let mask = mask(["hush-hush-hush"].into_iter());
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{before}hush-hush-hush{after}"));
                let shown = mask.hide(&encoded);
                assert!(shown.contains("***") && shown.len() < 15, "{shown}");
            }
        }
    }

    #[test]
    fn of_a_long_secret_each_line_is_one_and_short_ones_are_none() {
        let mask = mask(["a", "one\ntwo2", "-----KEY-----\nabcd\nefgh\n"].into_iter());
        assert_eq!(mask.hide("a one two2"), "a one ***");
        assert_eq!(mask.hide("one\r\ntwo2"), "***");
        assert_eq!(mask.hide("abcd and efgh"), "*** and ***");
    }
}
