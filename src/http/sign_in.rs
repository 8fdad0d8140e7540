//! Signing in, with a name and a password or at an OpenID Connect provider, and out again.

#[cfg(feature = "oidc")]
mod at_provider;
mod browser;
mod passwords;
#[cfg(feature = "oidc")]
mod provider;

use std::{sync::Arc, time::Instant};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use self::passwords::Passwords;
use super::{
    AuthMode, AuthOptions, HttpOptions,
    session::{self, CookieName, end_session, set_cookie, values},
};
use crate::{
    engine::{
        Caller, ClientAddress, Service, ServiceError, WrongTries,
        audit::Action,
        is_user_name,
        store::{SessionLifetime, StoredUser},
    },
    percent::percent_encoded,
    task::{Problem, ProblemCode},
};

#[cfg(feature = "oidc")]
pub use at_provider::{FromProvider, ProviderSignIn, ToProvider, check_provider};
pub use passwords::{InvalidPassword, password_hash};

/// Path of the page where users sign in.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// Path to which a user posts to sign out.
pub const SIGN_OUT_PATH: &str = "/sign-out";
/// Path of the page that leads to the provider.
pub const PROVIDER_PATH: &str = "/sign-in/provider";
/// Path to which the provider leads back.
pub const CALLBACK_PATH: &str = "/sign-in/callback";
/// Paths that somebody who is not known may ask for.
pub(super) const SIGN_IN_PATHS: [&str; 4] =
    [SIGN_IN_PATH, SIGN_OUT_PATH, PROVIDER_PATH, CALLBACK_PATH];
/// Query parameter and form field with the path of the page that was asked for.
pub const RETURN_TO: &str = "return_to";

/// Maximum length of a path to return to, in bytes.
const MAX_RETURN_TO_BYTES: usize = 2_000;
/// When to retry if as many passwords are verified as may be at once, in milliseconds.
const BUSY_MS: i64 = 1_000;

const NAME: CookieName = CookieName {
    plain: "milepost_user",
    secure: "__Host-milepost_user",
    secure_below: "__Secure-milepost_user",
};

/// The id of the user's session in the cookie of a request.
pub(super) fn session_secret<'h>(headers: &'h HeaderMap, options: &HttpOptions) -> Option<&'h str> {
    values(&NAME, headers, options).next()
}

impl AuthOptions {
    /// How long a session of a user lasts.
    pub(super) fn session_lifetime(&self) -> SessionLifetime {
        let ms = |it: std::time::Duration| i64::try_from(it.as_millis()).unwrap_or(i64::MAX);
        SessionLifetime::new(ms(self.session_idle), ms(self.session_max))
    }
}

/// Signs users in where [`AuthMode::signs_in`]. One for each server: it limits tries. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    service: Service,
    options: HttpOptions,
    passwords: Passwords,
    tries_by_name: WrongTries<String>,
    tries_by_address: WrongTries<ClientAddress>,
}

/// Why somebody is not signed in.
enum Refused {
    /// Name or password is wrong, or the user is disabled. With the user, if there is one.
    Wrong(Option<StoredUser>),
    /// As many passwords are verified as may be at once.
    Busy,
    Service(ServiceError),
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl SignIn {
    /// For users of this service.
    pub fn new(service: Service, options: &HttpOptions) -> Self {
        let (max, setting) =
            (options.auth.password_tries_per_minute, "auth.password.tries_per_minute");
        let what = "wrong tries to sign in";
        Self(Arc::new(Inner {
            service,
            options: options.clone(),
            passwords: Passwords::default(),
            tries_by_name: WrongTries::per_minute(max, what, "for one name", setting),
            tries_by_address: WrongTries::per_minute(max, what, "from one address", setting),
        }))
    }

    /// How users are identified.
    pub fn mode(&self) -> AuthMode {
        self.0.options.auth.mode
    }

    /// Whether users sign in here.
    pub fn is_on(&self) -> bool {
        self.mode().signs_in()
    }

    /// How many passwords were verified so far; a name without a user costs a verification, too.
    pub fn verifications(&self) -> u64 {
        self.0.passwords.verifications()
    }

    /// Signs in whoever sent a request with these headers from this address. Returns the `Set-Cookie` of
    /// a new session, which replaces that of the request, and the one that removes the anonymous session, whose
    /// tasks are the user's now.
    ///
    /// # Errors
    /// When name or password is wrong (403, whichever it is), when there were too many wrong tries (429),
    /// when too many passwords are verified at once, and when the store fails (503).
    pub async fn sign_in(
        &self,
        headers: &HeaderMap,
        client: Option<ClientAddress>,
        name: &str,
        password: &str,
    ) -> Result<Vec<HeaderValue>, Problem> {
        let begun = self.limited(headers, client, name, password).await;
        let (caller, outcome) = match &begun {
            Ok((_, caller)) => (caller.clone(), "ok"),
            Err(Refused::Wrong(Some(user))) => {
                (Caller::user(&user.name).named_by("password"), "wrong")
            }
            Err(Refused::Wrong(None)) => (Caller::nobody().named_by("password"), "wrong"),
            Err(Refused::Busy) => (Caller::nobody(), "busy"),
            Err(Refused::Service(ServiceError::TooOften(_))) => (Caller::nobody(), "too_often"),
            Err(Refused::Service(_)) => (Caller::nobody(), "failed"),
        };
        self.0.service.record(&caller.at(client), Action::SignIn, outcome).await;
        match begun {
            Ok((secret, _)) => {
                self.end_previous(headers, client).await;
                self.cookies(headers, &secret)
            }
            Err(Refused::Wrong(_)) => {
                Err(Problem::new(403, "Forbidden", "The name or the password is wrong."))
            }
            Err(Refused::Busy) => {
                let detail = "As many passwords are verified as may be at once. Try again.";
                let problem = Problem::new(503, "Service Unavailable", detail);
                let mut problem = problem.with_code(ProblemCode::ServerFull);
                problem.retry_after_ms = Some(BUSY_MS);
                Err(problem)
            }
            Err(Refused::Service(error)) => Err(error.into()),
        }
    }

    /// Signs in within the limits of tries: each counts as wrong until it turns out to be right.
    async fn limited(
        &self,
        headers: &HeaderMap,
        client: Option<ClientAddress>,
        name: &str,
        password: &str,
    ) -> Result<(String, Caller), Refused> {
        let Inner { tries_by_name, tries_by_address, .. } = &*self.0;
        let now = Instant::now();
        let by_address = tries_by_address.attempt(client, now).map_err(ServiceError::from)?;
        // Names that nobody can have are not remembered.
        let key = is_user_name(name).then(|| name.to_owned());
        let by_name = match tries_by_name.attempt(key, now) {
            Ok(by_name) => by_name,
            Err(too_often) => {
                tries_by_address.forgive(by_address);
                return Err(ServiceError::from(too_often).into());
            }
        };
        let begun = self.begin(headers, client, name, password).await;
        if !matches!(begun, Err(Refused::Wrong(_))) {
            tries_by_address.forgive(by_address);
            tries_by_name.forgive(by_name);
        }
        begun
    }

    async fn begin(
        &self,
        headers: &HeaderMap,
        client: Option<ClientAddress>,
        name: &str,
        password: &str,
    ) -> Result<(String, Caller), Refused> {
        let Inner { service, passwords, options, .. } = &*self.0;
        let place = passwords.place().ok_or(Refused::Busy)?;
        let user = match is_user_name(name) {
            true => service.user(name).await?,
            false => None,
        };
        let has_password = |user: &&StoredUser| user.disabled_at.is_none() && user.issuer.is_none();
        let enabled = user.as_ref().filter(has_password);
        // A hash is verified in any case: the time does not tell who exists.
        let hash = enabled.map(|user| user.password_hash.as_str());
        let is_right = passwords.verify(place, password, hash).await;
        let Some(user) = enabled.filter(|_| is_right) else { return Err(Refused::Wrong(user)) };
        let browser = browser::of(headers, client, options);
        let lifetime = options.auth.session_lifetime();
        let begun = service.begin_user_session(user, &browser, lifetime).await?;
        begun.map_err(|_| Refused::Wrong(Some(user.clone())))
    }

    /// Ends the session in the cookie of the request.
    async fn end_previous(&self, headers: &HeaderMap, client: Option<ClientAddress>) {
        let Inner { service, options, .. } = &*self.0;
        let Some(secret) = session_secret(headers, options) else { return };
        let lifetime = options.auth.session_lifetime();
        let previous = service.user_session_caller(secret, lifetime, client).await;
        let ended = match previous {
            Ok(Some(previous)) => self.end(&previous.at(client)).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the session before was not ended");
        }
    }

    /// Ends the session that identifies the caller, if one does.
    async fn end(&self, caller: &Caller) -> Result<(), ServiceError> {
        match caller.user_session() {
            Some(own) => self.0.service.end_user_session(caller, &own.id).await.map(drop),
            None => Ok(()),
        }
    }

    /// Signs the caller out: ends its session, if it has one. Returns the `Set-Cookie` that removes it
    /// from the browser.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, caller: &Caller) -> Result<Option<HeaderValue>, Problem> {
        self.end(caller).await?;
        Ok(no_cookie(&self.0.options))
    }

    fn cookies(&self, headers: &HeaderMap, secret: &str) -> Result<Vec<HeaderValue>, Problem> {
        let options = &self.0.options;
        let max_age_s = u32::try_from(options.auth.session_max.as_secs()).unwrap_or(u32::MAX);
        let cookie = set_cookie(&NAME, secret, max_age_s, options).ok_or_else(cannot_set_cookie)?;
        let anonymous = session::of_browser(headers, options);
        let ended = anonymous.and_then(|anonymous| end_session(options, &anonymous));
        Ok([cookie].into_iter().chain(ended).collect())
    }
}

fn cannot_set_cookie() -> Problem {
    let detail = "The cookie cannot be set: http.base_path is not a path.";
    Problem::new(500, "Internal Server Error", detail)
}

fn no_cookie(options: &HttpOptions) -> Option<HeaderValue> {
    set_cookie(&NAME, "", 0, options)
}

/// Whether a text is the path of a page of this site to return to after signing in.
pub fn is_return_path(path: &str) -> bool {
    let is_of_site = path.starts_with('/') && !path.starts_with("//");
    let page = path.split(['?', '#']).next().unwrap_or_default();
    let signs_in = SIGN_IN_PATHS.contains(&page.trim_end_matches('/'));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    is_of_site && !signs_in && path.len() <= MAX_RETURN_TO_BYTES && path.bytes().all(is_plain)
}

/// Whether a visitor who is not known reads a page, and so is led to the one where users sign in.
pub(super) fn leads_there(request: &Request, options: &HttpOptions) -> bool {
    options.auth.mode.signs_in() && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Redirects to the page where users sign in; it leads back to the page of the request.
pub(super) fn redirect(request: &Request) -> Response {
    let uri = request.uri();
    let root = match uri.path().matches('/').count() {
        0 | 1 => "./".to_owned(),
        depth => "../".repeat(depth - 1),
    };
    // Values that a link fills into a start form may be secret: no page repeats them.
    let path = match uri.path_and_query() {
        Some(whole) if !uri.path().starts_with("/start") => whole.as_str(),
        _ => uri.path(),
    };
    let query = match path {
        "/" => String::new(),
        path if !is_return_path(path) => String::new(),
        path => format!("?{RETURN_TO}={}", percent_encoded(path)),
    };
    let there = format!("{root}{}{query}", &SIGN_IN_PATH[1..]);
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, super::NO_STORE);
    if let Ok(there) = HeaderValue::try_from(there) {
        headers.insert(header::LOCATION, there);
    }
    response
}

/// Removes the cookie of a request whose session has ended from the browser, so that it is not looked up
/// again.
pub(super) fn forget_session(request: &Request, response: &mut Response, options: &HttpOptions) {
    let has_cookie =
        options.auth.mode.signs_in() && session_secret(request.headers(), options).is_some();
    if let Some(cookie) = no_cookie(options).filter(|_| has_cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_returned_to() {
        for fine in
            ["/", "/tasks/1?a=b&c=%2F%2F", "/tasks/1/files/a//b", "/@evil.example", "/sign-inn"]
        {
            assert!(is_return_path(fine), "{fine}");
        }
        let long = format!("/{}", "a".repeat(MAX_RETURN_TO_BYTES));
        for wrong in [
            "",
            "tasks",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: a=b",
            "/ a",
            "/é",
            "/sign-in",
            "/sign-in/callback?code=a",
            "/sign-in/provider/",
            "/sign-out",
            &long,
        ] {
            assert!(!is_return_path(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_redirect_names_the_page_relative_to_the_root() {
        for (uri, there) in [
            ("/", "./sign-in"),
            ("/tasks?q=a&tag=b", "./sign-in?return_to=%2Ftasks%3Fq%3Da%26tag%3Db"),
            ("/tasks/1/files", "../../sign-in?return_to=%2Ftasks%2F1%2Ffiles"),
            ("/start/job?key=hush", "../sign-in?return_to=%2Fstart%2Fjob"),
            ("//evil.example", "../sign-in"),
        ] {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = uri.parse().unwrap();
            let response = redirect(&request);
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(response.headers()[header::LOCATION], there, "{uri}");
        }
    }
}
