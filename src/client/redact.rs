//! Hides secrets in URLs.

/// Query parameters whose names contain one of these hold secrets.
const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "pwd", "secret", "token", "key", "sig", "credential"];

/// Hides the passwords of all URLs (`scheme://…`) in a text.
pub fn hide_secrets_in_urls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let (address, more) = after.split_at(after.find(ends).unwrap_or(after.len()));
        shown.push_str(before);
        let web = before.ends_with("http://") || before.ends_with("https://");
        shown.push_str(&hide_in_url(address, web));
        rest = more;
    }
    shown + rest
}

/// Hides secrets in a URL, given without its scheme and `://`.
fn hide_in_url(address: &str, web: bool) -> String {
    let (authority, tail) =
        address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            // In web URLs, a user name without a password is usually a token.
            None if web => format!("***@{host}"),
            None => authority.to_owned(),
        },
        // A password that contains `/` looks like a port.
        None if tail.contains('@') && !has_port(authority) => return "…".to_owned(),
        None => authority.to_owned(),
    };
    let Some((path, query)) = tail.split_once('?') else { return authority + tail };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{authority}{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn has_port(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    port.is_none_or(|port| port.ends_with(']') || port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        for (text, shown) in [
            ("http://host/v1", "http://host/v1"),
            ("https://ada:hush@host:1/v1?x=1", "https://ada:***@host:1/v1?x=1"),
            ("https://hush@host/v1", "https://***@host/v1"),
            ("postgres://ada@host/m", "postgres://ada@host/m"),
            ("postgres://ada:hush@ha@host/m", "postgres://ada:***@host/m"),
            ("postgres://ada:hu/sh@host/m", "postgres://…"),
            ("http://[::1]:3000/a@b", "http://[::1]:3000/a@b"),
            (
                "http://host/v1?api-version=2&api-key=hush#x",
                "http://host/v1?api-version=2&api-key=***",
            ),
            ("[\"curl\", \"ftp://a:hush@h/\", \"x\"]", "[\"curl\", \"ftp://a:***@h/\", \"x\"]"),
            ("a://b:hush@c d://e:hush@f", "a://b:***@c d://e:***@f"),
            ("nothing: here", "nothing: here"),
        ] {
            assert_eq!(hide_secrets_in_urls(text), shown);
        }
    }
}
