//! Responses with untrusted bytes: results, files and logs of tasks.
//!
//! A browser may save or show them but must never run them, although they come from this server's
//! origin. Requests to run them are refused, they never have an executable media type, and a
//! sandbox confines them when opened directly.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::ApiError;
use crate::percent::percent_encoded;
use crate::{
    engine::artifacts::clean_name,
    task::{Problem, ProblemCode},
};

const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Fetch destinations that are accepted: read by a script, open or save, show as an image, play.
/// All others (`script`, `style`, `worker`, `iframe`, `object`, `manifest`, …) would run the
/// response or let it act for this site.
const DESTINATIONS: [&[u8]; 5] = [b"empty", b"document", b"image", b"audio", b"video"];

/// Media types that no browser runs, in addition to audio and video. Their parameters are
/// preserved.
const AS_THEY_ARE: [&str; 15] = [
    "application/gzip",
    "application/json",
    "application/octet-stream",
    "application/x-ndjson",
    "application/x-tar",
    "application/zip",
    "application/zstd",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/csv",
    "text/markdown",
    "text/tab-separated-values",
];

/// Other textual media types, which are sent as `text/plain`.
const AS_TEXT: [&str; 6] = [
    "application/ecmascript",
    "application/javascript",
    "application/manifest",
    "application/x-javascript",
    "application/xml",
    "application/yaml",
];

/// Maximum length of a file name in a header, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Refuses requests in which a browser would run the response. Other clients send no
/// `Sec-Fetch-Dest` and are accepted.
pub(super) async fn refuse_to_be_run(request: Request, next: Next) -> Response {
    match check_destination(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check_destination(headers: &HeaderMap) -> Result<(), ApiError> {
    let wanted = headers.get_all(DESTINATION);
    let refused = wanted.iter().find(|wanted| !DESTINATIONS.contains(&wanted.as_bytes()));
    let Some(refused) = refused else { return Ok(()) };
    let shown: String = refused.as_bytes().escape_ascii().take(40).map(char::from).collect();
    let detail = format!(
        "This address is not to be used as `{shown}`; it can be opened, saved, read by a script of \
         this site, or shown as a picture"
    );
    let status = StatusCode::FORBIDDEN;
    let problem = Problem::new(status.as_u16(), "Forbidden", detail);
    Err(ApiError(problem.with_code(ProblemCode::NotToBeRun)))
}

/// Sets the headers of a response with untrusted bytes: media type and file name.
pub(super) fn describe(headers: &mut HeaderMap, said: &str, name: &str) {
    confine(headers);
    set(headers, header::CONTENT_TYPE, &media_type(said));
    set(headers, header::CONTENT_DISPOSITION, &disposition(name));
}

/// Confines a response: browsers neither sniff nor run it, and other sites cannot embed it.
pub(super) fn confine(headers: &mut HeaderMap) {
    set(headers, CORP, "same-origin");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    headers.append(header::VARY, HeaderValue::from_static("sec-fetch-dest"));
}

/// Media type to send: the declared one if no browser runs it, `text/plain` for other text,
/// otherwise `application/octet-stream`.
fn media_type(said: &str) -> String {
    let (essence, parameters) = said.split_at(said.find(';').unwrap_or(said.len()));
    let essence = essence.trim().to_ascii_lowercase();
    let kind = essence.split('/').next().unwrap_or_default();
    let is_json = essence.starts_with("application/") && essence.ends_with("+json");
    let is_manifest = essence == "application/manifest+json";
    let is_played = matches!(kind, "audio" | "video") && !essence.ends_with("+xml");
    if AS_THEY_ARE.contains(&&*essence) || is_played || (is_json && !is_manifest) {
        return format!("{essence}{parameters}");
    }
    let is_text = kind == "text" || is_manifest || AS_TEXT.contains(&&*essence);
    if is_text || essence.ends_with("+xml") {
        return format!("text/plain{parameters}");
    }
    "application/octet-stream".to_owned()
}

/// `Content-Disposition` with a sanitised file name. A name that is not plain ASCII is sent twice,
/// as RFC 6266 specifies: in ASCII for old clients, and encoded.
fn disposition(name: &str) -> String {
    let name = clean_name(name);
    let name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let whole = percent_encoded(name);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// Sets a header; omits it if the value is invalid.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header_nor_its_folder() {
        for (name, plain, whole) in
            [("a\"b;ä%.txt", "a_b;__.txt", "a%22b%3B%C3%A4%25.txt"), ("\\\"", "_", "%22")]
        {
            let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
            assert_eq!(disposition(name), expected, "{name:?}");
        }
        for (name, plain) in [
            ("a b (1).txt", "a b (1).txt"),
            ("a\r\nSet-Cookie: x\0.md", "a__Set-Cookie: x_.md"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\.bashrc", "bashrc"),
            ("turned\u{202e}txt.exe", "turned_txt.exe"),
            ("a\u{2066}\u{200f}\u{feff}b", "a___b"),
            ("", "upload"),
        ] {
            assert_eq!(disposition(name), format!("attachment; filename=\"{plain}\""), "{name:?}");
        }
        let long = disposition(&"ä".repeat(10_000));
        assert!(long.len() < 1_000 && HeaderValue::from_str(&long).is_ok(), "{long}");
    }

    #[test]
    fn nothing_is_sent_as_what_a_browser_runs() {
        for (said, sent) in [
            ("text/markdown; charset=utf-8", "text/markdown; charset=utf-8"),
            ("application/vnd.example.report+json", "application/vnd.example.report+json"),
            ("image/png", "image/png"),
            ("video/mp4", "video/mp4"),
            ("Text/HTML; charset=utf-8", "text/plain; charset=utf-8"),
            ("text/javascript", "text/plain"),
            ("TEXT/CSS", "text/plain"),
            ("text/vbscript;x=y", "text/plain;x=y"),
            ("application/javascript", "text/plain"),
            ("application/manifest+json", "text/plain"),
            ("application/xml", "text/plain"),
            ("application/xhtml+xml", "text/plain"),
            ("application/xslt+xml", "text/plain"),
            ("application/mathml+xml", "text/plain"),
            ("image/svg+xml", "text/plain"),
            ("application/wasm", "application/octet-stream"),
            ("application/pdf", "application/octet-stream"),
            ("application/x-shockwave-flash", "application/octet-stream"),
            ("multipart/x-mixed-replace; boundary=b", "application/octet-stream"),
            ("message/rfc822", "application/octet-stream"),
            ("font/woff2", "application/octet-stream"),
            ("", "application/octet-stream"),
            ("*/*", "application/octet-stream"),
        ] {
            assert_eq!(media_type(said), sent, "{said}");
        }
    }

    #[test]
    fn only_what_reads_opens_or_shows_is_answered() {
        let check = |wanted: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for wanted in wanted {
                headers.append(DESTINATION, HeaderValue::from_static(wanted));
            }
            check_destination(&headers).is_ok()
        };
        for fine in [&[][..], &["empty"], &["document"], &["image"], &["audio"], &["video"]] {
            assert!(check(fine), "{fine:?}");
        }
        for refused in [
            "script",
            "style",
            "worker",
            "sharedworker",
            "serviceworker",
            "manifest",
            "object",
            "embed",
            "frame",
            "iframe",
            "audioworklet",
            "paintworklet",
            "xslt",
            "report",
            "track",
            "font",
            "json",
            "webidentity",
            "fencedframe",
            "speculationrules",
            "Script",
            "",
            "x",
        ] {
            assert!(!check(&[refused]), "{refused}");
        }
        assert!(!check(&["empty", "script"]));
    }
}
