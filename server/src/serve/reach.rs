//! Log line for the operator: who can reach the server, and what they can start.

use std::net::SocketAddr;

use milepost::task::KindInfo;

use milepost::http::AuthMode;

use crate::config::Settings;

/// The log line. `addr` is the actual listening address.
pub(super) fn line(
    addr: SocketAddr,
    settings: &Settings,
    kinds: &[KindInfo],
    commands: usize,
) -> String {
    let Settings { http, engine, auth, .. } = settings;
    let who = match addr.ip() {
        _ if auth.mode == AuthMode::Proxy => {
            format!("the users that {} names can open it", auth.proxy.trusted.join(", "))
        }
        _ if auth.mode == AuthMode::Password => {
            "the users who sign in with a password can open it".to_owned()
        }
        _ if auth.mode == AuthMode::Oidc => {
            let issuer = auth.oidc.issuer.as_deref().unwrap_or_default();
            format!("the users of {issuer} can open it")
        }
        ip if ip.is_loopback() => {
            format!("everybody on this machine can open port {}", addr.port())
        }
        ip if ip.is_unspecified() => {
            format!("everybody who reaches this machine on port {} can open it", addr.port())
        }
        ip => format!("everybody who reaches {ip} on port {} can open it", addr.port()),
    };
    let session =
        if engine.allow_anonymous { "" } else { " with a session, which each page gives" };
    let origins = match http.public_origins.as_slice() {
        [] if addr.ip().is_loopback() => {
            "only requests to localhost, 127.0.0.1 and [::1] are answered".to_owned()
        }
        [] => "http.public_origins is not set: only requests to addresses and to names without a dot are \
               answered"
            .to_owned(),
        origins => format!("only requests to {} are answered", origins.join(", ")),
    };
    format!("listening on {addr}: {who} and start {}{session}; {origins}", what(kinds, commands))
}

/// "story, dataset and 3 commands".
fn what(kinds: &[KindInfo], commands: usize) -> String {
    let built_in = kinds.len().saturating_sub(commands);
    let mut parts: Vec<String> =
        kinds.iter().take(built_in).map(|kind| kind.kind.clone()).collect();
    match commands {
        0 => {}
        1 => parts.push("1 command".to_owned()),
        more => parts.push(format!("{more} commands")),
    }
    match parts.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(words: &[&str]) -> Vec<KindInfo> {
        let kind = |word: &&str| KindInfo::new(*word, "", "", serde_json::Value::Null);
        words.iter().map(kind).collect()
    }

    fn shown(addr: &str, origins: &[&str], commands: usize) -> String {
        let public_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let mut settings = Settings::default();
        settings.http.public_origins = public_origins;
        let kinds = kinds(&["story", "dataset", "a", "b", "c"][..2 + commands]);
        let addr = addr.parse().unwrap_or_else(|error| panic!("{error}"));
        line(addr, &settings, &kinds, commands)
    }

    #[test]
    fn the_operator_is_told_who_can_start_what() {
        assert_eq!(
            shown("0.0.0.0:3000", &[], 3),
            "listening on 0.0.0.0:3000: everybody who reaches this machine on port 3000 can open it and \
             start story, dataset and 3 commands; http.public_origins is not set: only requests to \
             addresses and to names without a dot are answered"
        );
        assert_eq!(
            shown("127.0.0.1:80", &[], 0),
            "listening on 127.0.0.1:80: everybody on this machine can open port 80 and start story and \
             dataset; only requests to localhost, 127.0.0.1 and [::1] are answered"
        );
        assert_eq!(
            shown("192.0.2.7:80", &["https://tasks.example.org"], 1),
            "listening on 192.0.2.7:80: everybody who reaches 192.0.2.7 on port 80 can open it and start \
             story, dataset and 1 command; only requests to https://tasks.example.org are answered"
        );
    }

    #[test]
    fn users_with_a_password_are_those_who_can_open_it() {
        let mut settings = Settings::default();
        settings.auth.mode = AuthMode::Password;
        let line_of = |settings: &Settings| {
            line(SocketAddr::from(([0, 0, 0, 0], 80)), settings, &kinds(&["story"]), 0)
        };
        let line = line_of(&settings);
        assert!(
            line.contains(": the users who sign in with a password can open it and start story")
        );
        settings.auth.mode = AuthMode::Oidc;
        settings.auth.oidc.issuer = Some("https://id.example".to_owned());
        let line = line_of(&settings);
        assert!(line.contains(": the users of https://id.example can open it and start story"));
    }

    #[test]
    fn a_session_is_mentioned_where_it_is_needed() {
        let mut settings = Settings::default();
        settings.engine.allow_anonymous = false;
        let addr = SocketAddr::from(([127, 0, 0, 1], 80));
        let line = line(addr, &settings, &kinds(&["story"]), 0);
        assert!(line.contains("start story with a session, which each page gives; "), "{line}");
    }
}
