//! What is asked of an OpenID Connect provider. Its answers are verified by `provider::answer`.

pub(super) mod answer;
pub(super) mod flow;

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use openidconnect::{
    AsyncHttpClient, AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};

use self::{answer::OtherClaims, flow::Flow};
use crate::http::identity::ProviderOptions;

/// Maximum duration of a call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// How long what the provider says about itself counts.
const KNOWN_FOR: Duration = Duration::from_secs(3_600);
/// How long a provider that did not answer is not asked again.
const SILENT_FOR: Duration = Duration::from_secs(2);

/// What the provider says about itself.
type Metadata = ProviderMetadataWithLogout;

pub(super) type TokenFields = openidconnect::IdTokenFields<
    OtherClaims,
    openidconnect::EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(super) type Tokens = openidconnect::StandardTokenResponse<TokenFields, CoreTokenType>;

/// This server at the provider.
type Client = openidconnect::Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider names nobody.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// It does not answer, or what it answers cannot be read.
    #[error("the provider does not answer as it should: {0}")]
    Unusable(String),
    /// It refuses, with a code.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// What it says, or what came from the browser, is not valid.
    #[error("{0}")]
    Invalid(String),
}

impl ProviderError {
    fn unusable(error: impl std::error::Error) -> Self {
        // The cause says more than what failed; but one about the content of an answer repeats it.
        let cause = error.source().map(|cause| match cause.downcast_ref::<NotRead>() {
            Some(not_read) => format!(": unexpected content at `{}`", not_read.path()),
            None => format!(": {cause}"),
        });
        Self::Unusable(format!("{error}{}", cause.unwrap_or_default()))
    }
}

/// Why an answer cannot be read.
type NotRead = serde_path_to_error::Error<serde_json::Error>;

/// A provider, and what is known of it. One for each server.
pub(super) struct Provider {
    options: ProviderOptions,
    http: Http,
    /// Held while the provider is asked: one request does that for all.
    known: tokio::sync::Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    /// When the provider did not answer, and why.
    silent: Option<(Instant, String)>,
}

impl Provider {
    pub(super) fn new(options: ProviderOptions) -> reqwest::Result<Self> {
        // No redirect: whoever the provider redirects to would get the code.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { options, http: Http(http), known: tokio::sync::Mutex::default() })
    }

    /// The address at the provider to which a browser is sent that begins to sign in.
    pub(super) async fn sign_in_url(
        &self,
        flow: &Flow,
        callback: String,
    ) -> Result<String, ProviderError> {
        let client = self.client(&*self.metadata().await?, callback)?;
        let code = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (state, nonce) = (flow.state.clone(), flow.nonce.clone());
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        let request = client
            .authorize_url(code, || CsrfToken::new(state), || Nonce::new(nonce))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.options.scopes.iter().cloned().map(Scope::new));
        let url = request.url().0;
        match is_of_web(&url) {
            true => Ok(url.into()),
            false => Err(ProviderError::Unusable("its sign-in has no https URL".to_owned())),
        }
    }

    /// The address at the provider at which the user ends their session there, if it has one; it leads back to `there`.
    pub(super) async fn sign_out_url(&self, there: String) -> Option<String> {
        let metadata = self.metadata().await.ok()?;
        let url = metadata.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(there).ok()?;
        let request = LogoutRequest::from(url).set_post_logout_redirect_uri(back);
        let client_id = ClientId::new(self.options.client_id.clone());
        let url = request.set_client_id(client_id).http_get_url();
        is_of_web(&url).then(|| url.into())
    }

    /// The tokens for which the provider exchanges a code.
    async fn exchange(
        &self,
        code: String,
        flow: &Flow,
        callback: String,
    ) -> Result<Tokens, ProviderError> {
        let client = self.client(&*self.metadata().await?, callback)?;
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(ProviderError::unusable)?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()));
        request.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(refused) => {
                ProviderError::Refused(refused.error().to_string())
            }
            error => ProviderError::unusable(error),
        })
    }

    fn client(&self, metadata: &Metadata, callback: String) -> Result<Client, ProviderError> {
        let ProviderOptions { client_id, client_secret, .. } = &self.options;
        let secret = client_secret.as_ref().map(|it| ClientSecret::new(it.expose().to_owned()));
        let callback = RedirectUrl::new(callback).map_err(ProviderError::unusable)?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let auth = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client_id = ClientId::new(client_id.clone());
        let client = Client::from_provider_metadata(metadata.clone(), client_id, secret);
        Ok(client.set_redirect_uri(callback).set_auth_type(auth))
    }

    /// What the provider says about itself: asked for once in an hour.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        let mut known = self.known.lock().await;
        match &known.metadata {
            Some((read, metadata)) if read.elapsed() < KNOWN_FOR => Ok(Arc::clone(metadata)),
            _ => self.read(&mut known).await,
        }
    }

    /// The same, asked for after `seen` was not enough: its keys change from time to time.
    async fn newer(&self, seen: &Arc<Metadata>) -> Result<Arc<Metadata>, ProviderError> {
        let mut known = self.known.lock().await;
        match &known.metadata {
            Some((_, metadata)) if !Arc::ptr_eq(metadata, seen) => Ok(Arc::clone(metadata)),
            _ => self.read(&mut known).await,
        }
    }

    async fn read(&self, known: &mut Known) -> Result<Arc<Metadata>, ProviderError> {
        if let Some((at, error)) = &known.silent
            && at.elapsed() < SILENT_FOR
        {
            return Err(ProviderError::Unusable(error.clone()));
        }
        let issuer =
            IssuerUrl::new(self.options.issuer.clone()).map_err(ProviderError::unusable)?;
        match Metadata::discover_async(issuer, &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                let read = Some((Instant::now(), Arc::clone(&metadata)));
                *known = Known { metadata: read, silent: None };
                Ok(metadata)
            }
            Err(error) => {
                let error = ProviderError::unusable(error);
                known.silent = Some((Instant::now(), error.to_string()));
                Err(error)
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] axum::http::Error),
    #[error("its answer has more than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
}

/// Whether a browser may be sent there.
fn is_of_web(url: &reqwest::Url) -> bool {
    matches!(url.scheme(), "https" | "http")
}

/// Sends the requests.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(call(&self.0, request))
    }
}

async fn call(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let mut response = http.execute(request.try_into()?).await?;
    let mut answer = axum::http::Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.clone_from(response.headers());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(CallError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(answer.body(bytes)?)
}
