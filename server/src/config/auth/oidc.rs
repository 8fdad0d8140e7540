//! `[auth.oidc]`: the OpenID Connect provider at which users sign in.

use std::{net::IpAddr, path::PathBuf};

use milepost::http::{AuthMode, ProviderOptions, ProviderSecret};
use milepost_story::ApiKey;
use serde::{Deserialize, Serialize};

use super::broken;

/// The provider where `auth.mode` is `oidc`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSettings {
    /// Its issuer, exactly as it names itself: an `https` URL (`http` only on the loopback address).
    /// `MILEPOST_AUTH_OIDC_ISSUER`. Default: none; the mode `oidc` needs one.
    pub issuer: Option<String>,
    /// The id under which it knows this server. `MILEPOST_AUTH_OIDC_CLIENT_ID`. Default: none; the
    /// mode `oidc` needs one.
    pub client_id: Option<String>,
    /// The secret that it gave this server. `MILEPOST_AUTH_OIDC_CLIENT_SECRET`. Default: none, for a
    /// public client, which PKCE alone protects.
    pub client_secret: Option<ApiKey>,
    /// A file with the secret instead. `MILEPOST_AUTH_OIDC_CLIENT_SECRET_FILE`. Default: none.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for besides `openid`. `MILEPOST_AUTH_OIDC_SCOPES`, separated by commas. Default:
    /// `profile` and `email`.
    pub scopes: Vec<String>,
    /// The claim of the ID token with the name of a user. It should be one that users cannot change
    /// there. `email` counts only where `email_verified` is true. `MILEPOST_AUTH_OIDC_NAME_CLAIM`.
    /// Default: `preferred_username`.
    pub name_claim: String,
    /// The claim of the ID token with the list of the user's groups.
    /// `MILEPOST_AUTH_OIDC_GROUPS_CLAIM`. Default: `groups`.
    pub groups_claim: String,
}

impl Default for OidcSettings {
    fn default() -> Self {
        let defaults = ProviderOptions::new("", "");
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            scopes: defaults.scopes,
            name_claim: defaults.name_claim,
            groups_claim: defaults.groups_claim,
        }
    }
}

impl OidcSettings {
    /// As [`AuthSettings::invalid`](super::AuthSettings::invalid).
    pub(super) fn invalid(&self, mode: AuthMode) -> Vec<(&'static str, String)> {
        let needed = |value: &Option<String>| mode != AuthMode::Oidc || value.is_some();
        let is_word =
            |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        broken([
            (
                needed(&self.issuer),
                "auth.oidc.issuer",
                "the URL of the provider where auth.mode is oidc, such as https://id.example.org",
            ),
            (
                self.issuer.as_deref().is_none_or(is_issuer),
                "auth.oidc.issuer",
                "an https URL without query and fragment, exactly as the provider names itself; http \
                 only on the loopback address",
            ),
            (
                needed(&self.client_id),
                "auth.oidc.client_id",
                "the id of this server at the provider where auth.mode is oidc",
            ),
            (self.client_id.as_ref().is_none_or(is_word), "auth.oidc.client_id", "not empty"),
            (self.scopes.iter().all(is_word), "auth.oidc.scopes", "each a scope, such as groups"),
            (is_word(&self.name_claim), "auth.oidc.name_claim", "a claim, such as email"),
            (is_word(&self.groups_claim), "auth.oidc.groups_claim", "a claim, such as groups"),
        ])
    }

    /// Options of the router; `None` without a provider.
    pub(super) fn options(&self) -> Option<ProviderOptions> {
        let provider = ProviderOptions::new(self.issuer.as_ref()?, self.client_id.as_ref()?);
        Some(provider.with(|o| {
            o.client_secret =
                self.client_secret.as_ref().map(|secret| ProviderSecret::new(secret.expose()));
            o.scopes.clone_from(&self.scopes);
            o.name_claim.clone_from(&self.name_claim);
            o.groups_claim.clone_from(&self.groups_claim);
        }))
    }
}

/// Whether a text can be an issuer.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_needs_an_issuer_that_can_be_trusted_and_an_id() {
        let of = |issuer: &str, client_id: &str| OidcSettings {
            issuer: Some(issuer.to_owned()),
            client_id: Some(client_id.to_owned()),
            ..OidcSettings::default()
        };
        let keys = |settings: &OidcSettings, mode| -> Vec<_> {
            settings.invalid(mode).into_iter().map(|(key, _)| key).collect()
        };
        assert!(keys(&OidcSettings::default(), AuthMode::Password).is_empty());
        let missing = keys(&OidcSettings::default(), AuthMode::Oidc);
        assert_eq!(missing, ["auth.oidc.issuer", "auth.oidc.client_id"]);
        for fine in [
            "https://id.example.org",
            "https://id.example.org/realms/a/",
            "http://localhost:9000",
            "http://127.0.0.1:9000/a",
            "http://[::1]:9000",
        ] {
            assert!(keys(&of(fine, "milepost"), AuthMode::Oidc).is_empty(), "{fine}");
        }
        for wrong in [
            "",
            "id.example.org",
            "http://id.example.org",
            "http://localhost.example.org",
            "ftp://localhost",
            "https://id.example.org?a=b",
            "https://id.example.org#a",
            "https://ada@id.example.org",
        ] {
            assert_eq!(keys(&of(wrong, "m"), AuthMode::Oidc), ["auth.oidc.issuer"], "{wrong}");
        }
        assert_eq!(keys(&of("https://a.example", ""), AuthMode::Oidc), ["auth.oidc.client_id"]);
        let secret = OidcSettings {
            client_secret: Some(ApiKey::new("hush")),
            ..of("https://a.example", "milepost")
        };
        let options = secret.options().expect("a provider");
        assert_eq!(options.scopes, ["profile", "email"]);
        assert!(options.client_secret.is_some() && !format!("{options:?}").contains("hush"));
    }
}
