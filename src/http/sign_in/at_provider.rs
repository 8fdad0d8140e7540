//! Signing in at an OpenID Connect provider: to it, and back.

use std::{
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::Query,
    http::{HeaderMap, HeaderValue, Uri},
};

use super::{
    CALLBACK_PATH, CookieName, SIGN_IN_PATH, SignIn, browser, cannot_set_cookie,
    provider::{
        Provider, ProviderError,
        answer::Callback,
        flow::{Flow, MAX_AGE_S},
    },
    set_cookie, values,
};
use crate::{
    engine::{Browser, Caller, ClientAddress, ServiceError, audit::Action, store::NotBegun},
    http::{AuthMode, HttpOptions, ProviderOptions},
    task::Problem,
};

/// The sign-in under way of a browser.
const FLOW: CookieName = CookieName {
    plain: "milepost_sign_in",
    secure: "__Host-milepost_sign_in",
    secure_below: "__Secure-milepost_sign_in",
};

/// Signs users in at the provider where the mode is [`AuthMode::Oidc`]. One for each server. Cheap to clone.
#[derive(Clone)]
pub struct ProviderSignIn {
    sign_in: SignIn,
    provider: Arc<Provider>,
}

/// A browser on its way to the provider.
#[derive(Debug)]
#[non_exhaustive]
pub struct ToProvider {
    /// The address there.
    pub url: String,
    /// The cookie that ties the answer to this browser.
    pub cookie: HeaderValue,
}

/// A user who came back from the provider.
#[derive(Debug)]
#[non_exhaustive]
pub struct FromProvider {
    /// The cookies of the new session, and those that end what was before.
    pub cookies: Vec<HeaderValue>,
    /// The path of the page that was asked for.
    pub return_to: Option<String>,
}

/// Asks a provider what it is, as the first sign-in does.
///
/// # Errors
/// Why nobody could sign in there.
pub async fn check_provider(options: ProviderOptions) -> Result<(), String> {
    let provider = Provider::new(options).map_err(|error| error.to_string())?;
    provider.metadata().await.map(drop).map_err(|error| error.to_string())
}

/// Why somebody is not signed in.
enum Refused {
    Provider(ProviderError),
    /// The user with this name has no session.
    NotBegun(NotBegun, String),
    Service(ServiceError),
}

impl From<ProviderError> for Refused {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl ProviderSignIn {
    /// Signs in at the provider of the options; `None`: the mode is another one, or there is no provider.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(sign_in: SignIn) -> Result<Option<Self>, String> {
        let auth = &sign_in.0.options.auth;
        let options = auth.provider.clone().filter(|_| auth.mode == AuthMode::Oidc);
        let provider = options.map(Provider::new).transpose().map_err(|error| error.to_string())?;
        Ok(provider.map(|provider| Self { provider: Arc::new(provider), sign_in }))
    }

    /// Begins to sign in: where the browser goes, and with which cookie.
    ///
    /// # Errors
    /// When the provider does not answer (503).
    pub async fn begin(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        return_to: Option<&str>,
    ) -> Result<ToProvider, Problem> {
        let options = &self.sign_in.0.options;
        let callback = self.here(headers, uri, CALLBACK_PATH);
        let flow = Flow::begin(return_to, seconds(SystemTime::now()));
        let url = self.provider.sign_in_url(&flow, callback).await;
        let url = url.map_err(|error| refusal(Refused::Provider(error)))?;
        let sealed = flow.sealed(&options.session_key);
        let cookie = set_cookie(&FLOW, &sealed, MAX_AGE_S, options);
        Ok(ToProvider { url, cookie: cookie.ok_or_else(cannot_set_cookie)? })
    }

    /// Signs in the user whom the provider names, as the query of this request from this address says, with which the
    /// provider led the browser back.
    ///
    /// # Errors
    /// When the answer is not valid, or the user may not sign in (403); when there were too many such answers from the
    /// address (429); when the provider or the store fails (503).
    pub async fn finish(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        client: Option<ClientAddress>,
    ) -> Result<FromProvider, Problem> {
        let options = &self.sign_in.0.options;
        let now = SystemTime::now();
        let flow = under_way(headers, options, seconds(now));
        let return_to = flow.as_ref().and_then(Flow::return_to);
        let begun = self.signed_in(headers, uri, client, flow.as_ref(), now).await;
        let (caller, outcome) = audited(&begun);
        self.sign_in.0.service.record(&caller.at(client), Action::SignIn, outcome).await;
        let (secret, _) = begun.map_err(refusal)?;
        self.sign_in.end_previous(headers, client).await;
        let mut cookies = self.sign_in.cookies(headers, &secret)?;
        cookies.extend(set_cookie(&FLOW, "", 0, options));
        Ok(FromProvider { cookies, return_to })
    }

    /// Signs in the user of an answer to the sign-in that this browser has begun. What is none, and costs no call to
    /// the provider, counts as no try: any page may send a browser here.
    async fn signed_in(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        client: Option<ClientAddress>,
        flow: Option<&Flow>,
        now: SystemTime,
    ) -> Result<(String, Caller), Refused> {
        let invalid = |detail: &str| ProviderError::Invalid(detail.to_owned());
        let flow = flow.ok_or_else(|| {
            invalid("this browser began no sign-in within the last 10 minutes, or keeps no cookies")
        })?;
        let answer = Query::<Callback>::try_from_uri(uri);
        let Query(answer) = answer.map_err(|_| invalid("the answer cannot be read"))?;
        let code = self.provider.code(answer, flow)?;
        let callback = self.here(headers, uri, CALLBACK_PATH);
        let browser = browser::of(headers, client, &self.sign_in.0.options);
        let tries = &self.sign_in.0.tries_by_address;
        let attempt = tries.attempt(client, Instant::now()).map_err(ServiceError::from)?;
        let begun = self.exchanged(code, flow, callback, &browser, now).await;
        if begun.is_ok() {
            tries.forgive(attempt);
        }
        begun
    }

    /// Signs in the user for whom the provider exchanges a code.
    async fn exchanged(
        &self,
        code: String,
        flow: &Flow,
        callback: String,
        browser: &Browser,
        now: SystemTime,
    ) -> Result<(String, Caller), Refused> {
        let user = self.provider.user(code, flow, callback, now).await?;
        let name = user.name.clone();
        let lifetime = self.sign_in.0.options.auth.session_lifetime();
        let begun = self.sign_in.0.service.begin_user_session(user, browser, lifetime).await?;
        begun.map_err(|refused| Refused::NotBegun(refused, name))
    }

    /// The path of the page to which the sign-in that this browser has begun returns.
    pub fn return_to(&self, headers: &HeaderMap) -> Option<String> {
        let flow = under_way(headers, &self.sign_in.0.options, seconds(SystemTime::now()));
        flow.as_ref().and_then(Flow::return_to)
    }

    /// The address at the provider at which a user who signed out here signs out there, too, if it has one.
    pub async fn sign_out_url(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        self.provider.sign_out_url(self.here(headers, uri, SIGN_IN_PATH)).await
    }

    /// The address of a path of this site, as the browser knows it.
    fn here(&self, headers: &HeaderMap, uri: &Uri, path: &str) -> String {
        let options = &self.sign_in.0.options;
        let base = options.cookie_path.trim_end_matches('/');
        format!("{}{base}{path}", options.origin_of(headers, uri))
    }
}

/// The sign-in that this browser has begun.
fn under_way(headers: &HeaderMap, options: &HttpOptions, now_s: u64) -> Option<Flow> {
    let key = &options.session_key;
    values(&FLOW, headers, options).find_map(|value| Flow::open(value, key, now_s))
}

/// Who tried to sign in, and what became of it.
fn audited(begun: &Result<(String, Caller), Refused>) -> (Caller, &'static str) {
    let nobody = Caller::nobody().named_by("oidc");
    match begun {
        Ok((_, caller)) => (caller.clone(), "ok"),
        Err(Refused::NotBegun(_, name)) => (Caller::user(name).named_by("oidc"), "refused"),
        Err(Refused::Provider(ProviderError::Unusable(_))) => (nobody, "failed"),
        Err(Refused::Provider(_)) => (nobody, "wrong"),
        Err(Refused::Service(ServiceError::TooOften(_))) => (nobody, "too_often"),
        Err(Refused::Service(_)) => (nobody, "failed"),
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What somebody is told who is not signed in. The cause of a failure is for the log.
fn refusal(refused: Refused) -> Problem {
    let forbidden = |detail: String| Problem::new(403, "Forbidden", detail);
    match refused {
        Refused::Provider(ProviderError::Unusable(cause)) => {
            tracing::warn!(%cause, "nobody can sign in: the provider does not answer as it should");
            let detail =
                "The provider at which you sign in does not answer as it should. Try again.";
            Problem::new(503, "Service Unavailable", detail)
        }
        Refused::Provider(ProviderError::Refused(code)) => {
            forbidden(format!("The provider did not sign you in ({code}). Try again."))
        }
        Refused::Provider(ProviderError::Invalid(cause)) => {
            tracing::warn!(%cause, "a sign-in was refused");
            forbidden(format!("This sign-in was not accepted: {cause}. Try again."))
        }
        Refused::NotBegun(NotBegun::NameTaken, name) => forbidden(format!(
            "Another user is called {name:?} here. Please ask the operator of this server."
        )),
        Refused::NotBegun(_, name) => {
            forbidden(format!("The user {name:?} may not sign in. Please ask the operator."))
        }
        Refused::Service(error) => error.into(),
    }
}
