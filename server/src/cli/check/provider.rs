//! The OpenID Connect provider at which users sign in.

use milepost::http::{AuthMode, check_provider};

use super::Finding;
use crate::config::Settings;

const NAME: &str = "provider";

/// Whether the provider says what it is; `None` where nobody signs in at one.
pub(super) async fn check(settings: &Settings) -> Option<Finding> {
    let options = settings.auth.options();
    let provider = options.provider.filter(|_| options.mode == AuthMode::Oidc)?;
    let issuer = provider.issuer.clone();
    Some(match check_provider(provider).await {
        Ok(()) => Finding::ok(NAME, format!("{issuer}: users sign in there")),
        Err(cause) => Finding::error(NAME, format!("{issuer}: nobody can sign in: {cause}")),
    })
}
