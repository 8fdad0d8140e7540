//! `[auth]`: who may use the server.

use std::net::SocketAddr;

use milepost::{
    engine::is_user_or_group,
    http::{AuthMode, AuthOptions, TrustedProxy},
};
use serde::{Deserialize, Serialize};

use super::settings::broken;

/// Who may use the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// How users are identified: `open` (everybody may use the server) or `proxy` (a trusted proxy
    /// names the user). `oidc` and `password` are reserved. `MILEPOST_AUTH_MODE`. Default: `open`.
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
    /// `[auth.proxy]`
    pub proxy: ProxySettings,
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
        broken([
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
        ])
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
        })
    }

    /// Why a server at this address must not start with these settings.
    pub(crate) fn refusal(&self, addr: SocketAddr) -> Option<String> {
        match self.mode {
            AuthMode::Open if !self.open && !addr.ip().is_loopback() => Some(format!(
                "{addr} can be reached from other machines, and with auth.mode = \"open\" everybody who \
                 reaches it may start everything: set auth.mode = \"proxy\", listen on 127.0.0.1, or \
                 say that this is wanted with --open (MILEPOST_AUTH_OPEN=true)"
            )),
            AuthMode::Open | AuthMode::Proxy => None,
            _ => Some("auth.mode: this version has the modes open and proxy".to_owned()),
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
            assert!(refused(addr, |auth| auth.mode = AuthMode::Oidc), "{addr}");
            assert!(refused(addr, |auth| auth.mode = AuthMode::Password), "{addr}");
        }
        for addr in ["0.0.0.0:0", "192.0.2.1:80", "[::]:3000", "[2001:db8::1]:80"] {
            assert!(refused(addr, |_| {}), "{addr}");
            assert!(!refused(addr, |auth| auth.open = true), "{addr}");
            assert!(!refused(addr, |auth| auth.mode = AuthMode::Proxy), "{addr}");
            assert!(refused(addr, |auth| (auth.mode, auth.open) = (AuthMode::Oidc, true)));
        }
    }
}
