//! The cookie with the share links that a browser opened.

use axum::http::{HeaderMap, HeaderValue};

use super::{
    HttpOptions,
    session::{CookieName, set_cookie, values},
};

/// Path below which share links are opened: `/s/mp_s_…`. Such a path is a secret.
pub const SHARE_PATH: &str = "/s/";

/// Maximum number of links that a browser has open; the oldest is given up for a new one.
const MAX_OPEN: usize = 8;
/// Between two tokens.
const SEPARATOR: char = '.';
/// Maximum age that browsers accept, in seconds.
const MAX_AGE_S: i64 = 400 * 24 * 3600;

const NAME: CookieName = CookieName {
    plain: "milepost_shares",
    secure: "__Host-milepost_shares",
    secure_below: "__Secure-milepost_shares",
};

/// The tokens of the share links that the browser opened, newest first.
pub fn opened_shares<'h>(headers: &'h HeaderMap, options: &HttpOptions) -> Vec<&'h str> {
    let value = values(&NAME, headers, options).next().unwrap_or_default();
    value.split(SEPARATOR).filter(|token| !token.is_empty()).take(MAX_OPEN).collect()
}

/// The `Set-Cookie` with these tokens, newest first, which ends in so many seconds. Only the first
/// eight are taken.
pub fn share_cookie(tokens: &[&str], max_age_s: i64, options: &HttpOptions) -> Option<HeaderValue> {
    let shown = &tokens[..tokens.len().min(MAX_OPEN)];
    let value = shown.join(&SEPARATOR.to_string());
    let max_age_s = u32::try_from(max_age_s.clamp(0, MAX_AGE_S)).unwrap_or_default();
    set_cookie(&NAME, &value, max_age_s, options)
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn a_browser_has_at_most_eight_links_open_the_newest_first() {
        let options = HttpOptions::default();
        let tokens: Vec<_> = (0..10).map(|n| format!("mp_s_{n}")).collect();
        let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
        let cookie = share_cookie(&tokens, 60, &options).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"), "{cookie}");
        let mut headers = HeaderMap::new();
        let sent = format!("a=b; {}", cookie.split(';').next().unwrap());
        headers.insert(header::COOKIE, HeaderValue::from_str(&sent).unwrap());
        assert_eq!(opened_shares(&headers, &options), tokens[..8]);
        assert!(opened_shares(&HeaderMap::new(), &options).is_empty());
    }

    #[test]
    fn over_https_the_cookie_is_of_this_host_alone() {
        let options = HttpOptions::default().with(|options| options.secure_cookie = true);
        let cookie = share_cookie(&["mp_s_0"], i64::MAX, &options).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-milepost_shares=mp_s_0; Path=/; Max-Age=34560000;"));
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
}
