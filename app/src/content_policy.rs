//! Content security policy of the pages: load and run only what this server sent for the page.

use axum::http::{HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

/// Sets the page's `Content-Security-Policy`. Only scripts with this response's nonce run, and
/// scripts that they load. Neither a script smuggled into a page by a result nor a task's file used
/// as a script is run, although both come from this server. Does nothing without a response, when
/// the routes are collected.
pub(crate) fn declare() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    // `cargo leptos watch` reloads pages over a WebSocket on a port of its own.
    let watched = std::env::var_os("LEPTOS_WATCH").is_some();
    if let Ok(value) = HeaderValue::from_str(&policy(&nonce, watched)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// The style sheet carries the nonce, too; widths and positions of the bar are style attributes.
fn policy(nonce: &str, watched: bool) -> String {
    // In watch mode the style sheet is replaced without reloading the page.
    let (reload, styles) = if watched { (" ws: wss:", " 'self'") } else { ("", "") };
    [
        "default-src 'none'",
        &format!("script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'"),
        // Otherwise `strict-dynamic` would also allow workers started by a script with the nonce.
        "worker-src 'none'",
        &format!("style-src 'nonce-{nonce}'{styles}"),
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        &format!("connect-src 'self'{reload}"),
        "form-action 'self'",
        "base-uri 'self'",
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
