//! What a page may load and run: nothing but what this server sent for it.

use axum::http::{HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

/// Sends the page's `Content-Security-Policy`. Scripts run with the nonce of this one answer alone, and
/// what those load: neither a result that smuggles a script into a page nor a file of a task that is
/// named as one is run, although both come from this server. Does nothing outside of an answer, where
/// the routes are collected.
pub(crate) fn declare() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    // `cargo leptos watch` reloads pages over a socket on a port of its own.
    let watched = std::env::var_os("LEPTOS_WATCH").is_some();
    if let Ok(value) = HeaderValue::from_str(&policy(&nonce, watched)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// The style sheet has the nonce, too; the bar's widths and positions are attributes.
fn policy(nonce: &str, watched: bool) -> String {
    // A watched server exchanges its style sheet without loading the page again.
    let (reload, styles) = if watched { (" ws: wss:", " 'self'") } else { ("", "") };
    [
        "default-src 'none'",
        &format!("script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'"),
        // Otherwise what a script with the nonce starts would be allowed as a worker, too.
        "worker-src 'none'",
        &format!("style-src 'nonce-{nonce}'{styles}"),
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        &format!("connect-src 'self'{reload}"),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    .join("; ")
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn no_script_and_no_style_is_taken_without_the_nonce() {
        let policy = policy("abc", false);
        let part = |name| policy.split("; ").find(|part| part.starts_with(name)).unwrap();
        let scripts = "script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'";
        assert_eq!(part("script-src "), scripts);
        assert_eq!(part("style-src "), "style-src 'nonce-abc'");
        assert_eq!(part("worker-src "), "worker-src 'none'");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    }

    #[test]
    fn only_a_watched_server_lets_its_pages_open_sockets() {
        assert!(!policy("abc", false).contains("ws:"));
        assert!(policy("abc", true).contains("connect-src 'self' ws: wss:"));
    }
}
