//! Forms in which a secret is recognised in a command's output.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use milepost::engine::TaskError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::progress::Mask;

/// Minimum length of a secret; shorter ones would hide half of every text.
const MIN_BYTES: usize = 4;
/// Minimum length of a Base64 piece; a shorter one reveals fewer than five bytes but would hide too
/// much.
const MIN_BASE64: usize = 5;

/// Unreserved characters of RFC 3986, as most programs use them.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Unreserved characters and `/`.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');
/// Characters that JavaScript's `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet =
    &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// Characters that JavaScript's `encodeURI` encodes.
const URI: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');
/// Characters that forms encode (`application/x-www-form-urlencoded`).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// Hides the secrets, whole and line by line, verbatim and in common encodings: percent-encoded,
/// escaped for JSON, HTML and shells, and Base64.
pub(super) fn mask<'s>(secrets: impl Iterator<Item = &'s str>) -> Mask {
    let pieces = secrets.flat_map(|secret| {
        // A terminal ends lines with both characters.
        let whole = [secret.to_owned(), secret.replace('\n', "\r\n")];
        whole.into_iter().chain(secret.lines().map(str::to_owned))
    });
    let pieces = pieces.flat_map(|piece| [piece.trim().to_owned(), piece]);
    let pieces: Vec<_> = pieces.filter(|piece| piece.len() >= MIN_BYTES).collect();
    // Programs wrap Base64, so it is matched across line breaks.
    Mask::with_loose(
        pieces.iter().flat_map(|piece| forms(piece)),
        pieces.iter().flat_map(|piece| base64(piece.as_bytes())),
    )
}

/// Hides the secrets in an error.
pub(super) fn hide_in(mask: &Mask, mut error: TaskError) -> TaskError {
    if let TaskError::Fail { message, .. }
    | TaskError::GaveUp { message, .. }
    | TaskError::Retry { message, .. }
    | TaskError::Wait { message, .. } = &mut error
    {
        *message = mask.hide(message);
    }
    error
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    forms.extend(percent_encoded(secret));
    forms.extend(json(secret));
    forms.extend(html(secret));
    forms.extend(shell(secret));
    forms
}

fn percent_encoded(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for set in [NON_ALPHANUMERIC, UNRESERVED, PATH, COMPONENT, URI, FORM] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        let form = encoded.replace("%20", "+");
        forms.extend([small_digits(&form), form, small_digits(&encoded), encoded]);
    }
    let each: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    forms.extend([each.to_lowercase(), each]);
    forms
}

/// JSON strings without their quotes, as written by Python, Go, PHP, JavaScript and .NET.
fn json(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"');
    let json = json.strip_suffix('"').unwrap_or(json).to_owned();
    let mut forms = vec![json.replace('/', "\\/"), json];
    for escaped in [&['<', '>', '&'][..], &['<', '>', '&', '\'', '+']] {
        let unicode = |text: &String| {
            let escape =
                |text: String, c: &char| text.replace(*c, &format!("\\u{:04x}", u32::from(*c)));
            escaped.iter().fold(text.clone(), escape)
        };
        forms.extend(forms[..2].iter().map(unicode).collect::<Vec<_>>());
    }
    forms.extend(forms.iter().map(|form| ascii_json(form)).collect::<Vec<_>>());
    // The digits of `\u00e4` in capitals.
    forms.extend(forms.iter().map(|form| capital_digits(form)).collect::<Vec<_>>());
    forms
}

fn html(secret: &str) -> Vec<String> {
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let doubles = ["\"", "&quot;", "&#34;"].map(|quote| html.replace('"', quote));
    let singles = ["'", "&#39;", "&#039;", "&#x27;", "&apos;"];
    doubles.iter().flat_map(|html| singles.map(|quote| html.replace('\'', quote))).collect()
}

/// Within single quotes, within double quotes, and with backslashes.
fn shell(secret: &str) -> [String; 4] {
    let backslashes = |special: &dyn Fn(char) -> bool| -> String {
        secret.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
    };
    [
        secret.replace('\'', "'\\''"),
        secret.replace('\'', "'\"'\"'"),
        backslashes(&|c| "\\\"$`".contains(c)),
        backslashes(&|c| !c.is_alphanumeric() && !"-_./,:@%+=".contains(c)),
    ]
}

/// Converts `\u00e4` to `\u00E4`.
fn capital_digits(json: &str) -> String {
    with_digits(json, "\\u", 4, str::to_ascii_uppercase)
}

/// Converts `%2F` to `%2f`; encoded text has no other `%`.
fn small_digits(encoded: &str) -> String {
    with_digits(encoded, "%", 2, str::to_ascii_lowercase)
}

/// Converts the digits that follow each `mark`.
fn with_digits(text: &str, mark: &str, digits: usize, convert: fn(&str) -> String) -> String {
    let mut pieces = text.split(mark);
    let mut converted = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(digits).unwrap_or((piece, ""));
        converted.push_str(mark);
        converted.push_str(&convert(digits));
        converted.push_str(rest);
    }
    converted
}

/// JSON with non-ASCII characters escaped.
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

/// Base64 forms of any text that contains the secret: at all three alignments, without the
/// characters at the ends that depend on other bytes; also URL-safe.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&[0; 2][..before], secret].concat();
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            let piece = encoded.get(from..to).filter(|piece| piece.len() >= MIN_BASE64);
            forms.extend(piece.into_iter().flat_map(|piece| {
                let encoded = piece.replace('+', "%2B").replace('/', "%2F");
                [piece.to_owned(), small_digits(&encoded), encoded]
            }));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "p/ä \"w'<0rd>&%";

    #[test]
    fn a_secret_is_found_as_programs_like_to_write_it() {
        let mask = mask([SECRET].into_iter());
        for text in [
            SECRET,
            "p/%C3%A4%20%22w'%3C0rd%3E&%25",
            "%70%2F%C3%A4%20%22%77%27%3C%30%72%64%3E%26%25",
            r#"p/ä \"w'\u003c0rd\u003e\u0026%"#,
            r#"p\/\u00e4 \"w'<0rd>&%"#,
            r#"p/\u00E4 \"w\u0027\u003C0rd\u003E\u0026%"#,
            "p/ä &#34;w&#39;&lt;0rd&gt;&amp;%",
            "p/ä &quot;w&#039;&lt;0rd&gt;&amp;%",
            "p/ä &quot;w&apos;&lt;0rd&gt;&amp;%",
            r#"p/ä "w'"'"'<0rd>&%"#,
            r#"p/ä \"w'<0rd>&%"#,
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

    /// Base64 in lines of this length with this line ending.
    fn wrapped(bytes: &[u8], columns: usize, end: &str) -> String {
        let encoded = STANDARD_NO_PAD.encode(bytes);
        let lines: Vec<_> =
            encoded.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect();
        lines.join(end)
    }

    /// Removes what may separate Base64 characters.
    fn joined(text: &str) -> String {
        let breaks = ["\\r", "\\n", "%0D", "%0A"];
        let text = breaks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, ""));
        text.split_whitespace().collect()
    }

    #[test]
    fn base64_of_a_long_secret_is_hidden_whole_however_its_lines_are_broken() {
        let long =
            "-----BEGIN KEY-----\n".to_owned() + &"q8/+w".repeat(60) + "\n-----END KEY-----\n";
        for secret in ["hush1", "hush-hush-hush", &long] {
            let mask = mask([secret].into_iter());
            for before in 0..90 {
                for (columns, end) in [
                    (76, "\n"),
                    (64, "\r\n"),
                    (76, "\r\n"),
                    (64, "\n"),
                    (64, "\\n"),
                    (76, "%0D%0A"),
                    (7, "\n  "),
                ] {
                    let text = [&vec![b'.'; before][..], secret.as_bytes(), b"xyz"].concat();
                    let shown = joined(&mask.hide(&wrapped(&text, columns, end)));
                    // Characters shared with other bytes, and short pieces before a break, remain.
                    let others = STANDARD_NO_PAD.encode(vec![b'.'; before]).len();
                    assert!(shown.contains("***") && shown.len() <= others + 3 + 3 + 6, "{shown}");
                }
            }
        }
    }

    #[test]
    fn a_line_is_shown_at_once_though_its_last_letters_begin_like_base64() {
        let mask = mask(["hush-hush-hush"].into_iter());
        let encoded = STANDARD_NO_PAD.encode("hush-hush-hush");
        let mut stream = mask.stream();
        let line = format!("one letter: {}\n", &encoded[..1]);
        assert_eq!(stream.push(line.as_bytes()), line.as_bytes());
        let line = format!("two letters: {}\n", &encoded[..2]);
        assert_eq!(stream.push(line.as_bytes()), b"two letters: ");
        assert_eq!(stream.push(b"Another\n"), format!("{}\nAnother\n", &encoded[..2]).as_bytes());
    }

    /// What programs put around each line of Base64.
    const AROUND: [(&str, &str); 14] = [
        ("> ", ""),
        ("key: ", ""),
        ("key:", ""),
        ("key=", ";"),
        (">> > ", "\\"),
        ("# ", " #"),
        ("| ", " |"),
        ("\"", "\","),
        ("  - ", ""),
        ("00000010: ", ""),
        ("2026-12-01T10:00:00.123Z INFO worker[7]: ", ""),
        ("\u{1b}[32mkey\u{1b}[0m: ", "\u{1b}[0m"),
        ("<li>", "</li>"),
        ("@x;base64,", ""),
    ];

    /// Number of characters of the longest run that is left of a line, besides what is around it.
    fn left(line: &str, (before, after): (&str, &str)) -> usize {
        let [line, before, after] = [line, before, after].map(milepost::task::plain);
        let line = line.strip_prefix(&*before).unwrap_or(&line);
        let line = line.strip_suffix(&*after).unwrap_or(line);
        line.split("***").map(str::len).max().unwrap_or_default()
    }

    #[test]
    fn base64_is_hidden_whatever_stands_before_and_after_each_of_its_lines() {
        let key = format!("-----BEGIN KEY-----\n{}\n-----END KEY-----\n", "q8/+w".repeat(60));
        let number = "1234567890".repeat(4);
        for secret in ["hush-hush-hush and more of it", &number, &key] {
            let mask = mask([secret].into_iter());
            for (around, columns, shift) in AROUND
                .into_iter()
                .flat_map(|around| [16, 40, 64, 76].map(|columns| (around, columns)))
                .flat_map(|(around, columns)| [0, 1, 2].map(|shift| (around, columns, shift)))
            {
                let text = ["...", secret, "..."].concat();
                let between = format!("{}\n{}", around.1, around.0);
                let encoded = wrapped(&text.as_bytes()[shift..], columns, &between);
                let text = format!("{}{encoded}{}\n", around.0, around.1);
                let mut stream = mask.stream();
                let mut streamed: Vec<u8> =
                    text.as_bytes().chunks(7).flat_map(|bytes| stream.push(bytes)).collect();
                streamed.extend(stream.end());
                let streamed = String::from_utf8(streamed).unwrap();
                for shown in [mask.hide(&text), streamed] {
                    for line in shown.lines() {
                        // The dots around the secret, and less than a fragment beside a break.
                        assert!(left(line, around) <= 5 + 4, "{around:?} {columns}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_text_is_shown_as_it_is() {
        let key = "q8/+w".repeat(60);
        let mask = mask(["hush-hush-hush", &key].into_iter());
        let text = include_str!("mask.rs").split("SECRET: &str").next().unwrap_or_default();
        assert!(text.len() > 5_000 && mask.hide(text) == text);
    }

    proptest! {
        /// However Base64 is wrapped, chunked and cut, no five characters that belong only to the
        /// secret remain; five characters hold less than four bytes.
        #[test]
        fn no_break_and_no_cut_leaves_a_piece_of_base64(
            lines in proptest::collection::vec("[a-zA-Z0-9+/=é-]{6,90}", 1..4),
            before in "[.]{0,80}",
            after in "[.]{0,80}",
            columns in 5_usize..120,
            end in prop::sample::select(vec!["\n", "\r\n", "\n\t", " ", "\\n"]),
            chunk in 1_usize..200,
            cut in 0.0..1.0_f64,
        ) {
            let secret = lines.join("\n");
            let mask = mask([&*secret].into_iter());
            let text = format!("{before}{secret}{after}");
            let whole = wrapped(text.as_bytes(), columns, end);
            let alone = STANDARD_NO_PAD.encode(&text);
            let (from, to) = ((before.len() * 8).div_ceil(6), (before.len() + secret.len()) * 8 / 6);
            let alone = &alone[from..to];
            for length in [whole.len(), (whole.len() as f64 * cut) as usize] {
                let mut stream = mask.stream();
                let mut shown: Vec<u8> =
                    whole.as_bytes()[..length].chunks(chunk).flat_map(|bytes| stream.push(bytes)).collect();
                shown.extend(stream.end());
                let shown = joined(&String::from_utf8(shown).unwrap());
                for piece in alone.as_bytes().windows(5) {
                    let piece = std::str::from_utf8(piece).unwrap();
                    // The dots around the secret, and their encoding, are not secret.
                    let others = STANDARD_NO_PAD.encode(format!("{before}{}", ".".repeat(after.len() + 9)));
                    prop_assert!(others.contains(piece) || !shown.contains(piece), "{} in {}", piece, shown);
                }
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
