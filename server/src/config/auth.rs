//! `[auth]`: who may use the server.

mod oidc;

use std::{net::SocketAddr, time::Duration};

use milepost::{
    engine::is_user_or_group,
    http::{AuthMode, AuthOptions, TrustedProxy},
};
use serde::{Deserialize, Serialize};

use oidc::OidcSettings;

use super::settings::broken;

/// Longest setting of a duration, in seconds: 400 days, as long as browsers keep a cookie.
const MAX_SESSION_S: u64 = 400 * 86_400;
/// Shortest one: a use is noted once in a minute only.
const MIN_SESSION_S: u64 = 300;

/// Who may use the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// How users are identified: `open` (everybody may use the server), `proxy` (a trusted proxy names
    /// the user), `password` (users of `milepost user add` sign in) or `oidc` (users sign in at an OpenID
    /// Connect provider). `MILEPOST_AUTH_MODE`. Default: `open`.
    pub mode: AuthMode,
    /// Whether a server with the mode `open` may listen on other addresses than the loopback address:
    /// everybody who reaches it may then start everything. `MILEPOST_AUTH_OPEN`, `--open`. Default:
    /// false.
    pub open: bool,
    /// Whether everybody who connects from the machine of an open server itself is an admin: each user and
    /// each program there, and whatever is forwarded to its port. `MILEPOST_AUTH_LOCAL_OPERATOR`. Default:
    /// false.
    pub local_operator: bool,
    /// Users (`ada`) and groups (`group:ops`) who may see, change and start everything.
    /// `MILEPOST_AUTH_ADMINS`, separated by commas. Default: none.
    pub admins: Vec<String>,
    /// Users and groups who may see all tasks, but not their inputs. `MILEPOST_AUTH_VIEWERS`,
    /// separated by commas. Default: none.
    pub viewers: Vec<String>,
    /// How long a user who has signed in stays so without a request, in seconds; 300 to 34,560,000 (400
    /// days). `MILEPOST_AUTH_SESSION_IDLE_S`. Default: 1,209,600 (14 days).
    pub session_idle_s: u64,
    /// How long a user who has signed in stays so at most, in seconds; `session_idle_s` to 34,560,000.
    /// `MILEPOST_AUTH_SESSION_MAX_S`. Default: 7,776,000 (90 days).
    pub session_max_s: u64,
    /// `[auth.proxy]`
    pub proxy: ProxySettings,
    /// `[auth.password]`
    pub password: PasswordSettings,
    /// `[auth.oidc]`
    pub oidc: OidcSettings,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            mode: AuthMode::default(),
            open: false,
            local_operator: false,
            admins: Vec::new(),
            viewers: Vec::new(),
            session_idle_s: 1_209_600,
            session_max_s: 7_776_000,
            proxy: ProxySettings::default(),
            password: PasswordSettings::default(),
            oidc: OidcSettings::default(),
        }
    }
}

/// Signing in with a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordSettings {
    /// Wrong tries to sign in per minute, for one name and from one client address (IPv6: /64 network);
    /// further ones get 429. 0: no limit. `MILEPOST_AUTH_PASSWORD_TRIES_PER_MINUTE`. Default: 5.
    pub tries_per_minute: u32,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self { tries_per_minute: 5 }
    }
}

/// Proxies that name the user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxySettings {
    /// Proxies that name the user in `Remote-User` and `Remote-Groups`, or in `X-Forwarded-User` and
    /// `X-Forwarded-Groups`, as addresses or networks such as `10.0.0.0/8`. Nobody else is believed.
    /// `MILEPOST_AUTH_PROXY_TRUSTED`, separated by commas. Default: none.
    pub trusted: Vec<String>,
}

impl AuthSettings {
    /// Validates the values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(&'static str, String)> {
        let people = |list: &[String]| list.iter().all(|entry| is_user_or_group(entry));
        const PEOPLE: &str = "each a user, such as ada, or a group, such as group:ops";
        let mut invalid = broken([
            (people(&self.admins), "auth.admins", PEOPLE),
            (people(&self.viewers), "auth.viewers", PEOPLE),
            (
                self.proxy.trusted.iter().all(|it| it.parse::<TrustedProxy>().is_ok()),
                "auth.proxy.trusted",
                "each an address or a network, such as 192.0.2.1 or 10.0.0.0/8",
            ),
            (
                self.mode != AuthMode::Proxy || !self.proxy.trusted.is_empty(),
                "auth.proxy.trusted",
                "the address or network of at least one proxy where auth.mode is proxy",
            ),
            (
                (MIN_SESSION_S..=MAX_SESSION_S).contains(&self.session_idle_s),
                "auth.session_idle_s",
                "300 to 34560000",
            ),
            (
                (self.session_idle_s..=MAX_SESSION_S).contains(&self.session_max_s),
                "auth.session_max_s",
                "auth.session_idle_s to 34560000",
            ),
        ]);
        invalid.extend(self.oidc.invalid(self.mode));
        invalid
    }

    /// Options of the router.
    pub fn options(&self) -> AuthOptions {
        AuthOptions::default().with(|o| {
            o.mode = self.mode;
            o.local_operator = self.local_operator;
            // Invalid values were rejected when the configuration was read.
            o.proxies = self.proxy.trusted.iter().filter_map(|it| it.parse().ok()).collect();
            o.admins.clone_from(&self.admins);
            o.viewers.clone_from(&self.viewers);
            o.session_idle = Duration::from_secs(self.session_idle_s);
            o.session_max = Duration::from_secs(self.session_max_s);
            o.password_tries_per_minute = self.password.tries_per_minute;
            o.provider = self.oidc.options();
        })
    }

    /// Why a server at this address must not start with these settings.
    pub(crate) fn refusal(&self, addr: SocketAddr) -> Option<String> {
        match self.mode {
            AuthMode::Open if !self.open && !addr.ip().is_loopback() => Some(format!(
                "{addr} can be reached from other machines, and with auth.mode = \"open\" everybody who \
                 reaches it may start everything: set auth.mode = \"password\", \"oidc\" or \"proxy\", listen on \
                 127.0.0.1, or say that this is wanted with --open (MILEPOST_AUTH_OPEN=true)"
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(addr: &str, change: impl FnOnce(&mut AuthSettings)) -> bool {
        let mut auth = AuthSettings::default();
        change(&mut auth);
        auth.refusal(addr.parse().unwrap_or_else(|error| panic!("{error}"))).is_some()
    }

    #[test]
    fn a_server_is_open_on_the_loopback_address_or_where_its_operator_says_so() {
        for addr in ["127.0.0.1:0", "127.8.8.8:1", "[::1]:3000"] {
            assert!(!refused(addr, |_| {}), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Oidc), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Password), "{addr}");
        }
        for addr in ["0.0.0.0:0", "192.0.2.1:80", "[::]:3000", "[2001:db8::1]:80"] {
            assert!(refused(addr, |_| {}), "{addr}");
            assert!(!refused(addr, |auth| auth.open = true), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Proxy), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Password), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Oidc), "{addr}");
        }
    }

    #[test]
    fn a_session_lasts_longer_than_it_may_be_idle() {
        assert!(AuthSettings::default().invalid().is_empty());
        assert_eq!(AuthSettings::default().options().session_max, 90 * Duration::from_secs(86_400));
        for (idle, max, key) in [
            (299, 7_776_000, "auth.session_idle_s"),
            (300, 299, "auth.session_max_s"),
            (300, 34_560_001, "auth.session_max_s"),
        ] {
            let auth =
                AuthSettings { session_idle_s: idle, session_max_s: max, ..Default::default() };
            let invalid: Vec<_> = auth.invalid().into_iter().map(|(key, _)| key).collect();
            assert_eq!(invalid, [key]);
        }
    }
}
