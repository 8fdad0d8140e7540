//! What a page may load and run: nothing but what this server sent for it.

use axum::http::{HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

/// Sends the page's `Content-Security-Policy`. Inline scripts run with the nonce of this one answer
/// alone, so that a result which smuggles a script into a page smuggles in a dead one. Does nothing
/// outside of an answer, where the routes are collected.
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

/// Styles come from the style sheet; the bar's widths and positions are attributes.
fn policy(nonce: &str, watched: bool) -> String {
    let reload = if watched { " ws: wss:" } else { "" };
    [
        "default-src 'none'",
        &format!("script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'"),
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        &format!("connect-src 'self'{reload}"),
        "manifest-src 'self'",
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
    fn no_inline_script_runs_without_the_nonce() {
        let policy = policy("abc", false);
        let scripts = policy.split("; ").find(|part| part.starts_with("script-src")).unwrap();
        assert_eq!(scripts, "script-src 'self' 'nonce-abc' 'wasm-unsafe-eval'");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    }

    #[test]
    fn only_a_watched_server_lets_its_pages_open_sockets() {
        assert!(!policy("abc", false).contains("ws:"));
        assert!(policy("abc", true).contains("connect-src 'self' ws: wss:"));
    }
}
