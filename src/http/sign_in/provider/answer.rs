//! What the provider answers: the callback of the browser, and the ID token.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims,
    IdTokenVerifier, IssuerUrl, Nonce, OAuth2TokenResponse as _, TokenResponse as _,
    core::{
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm as Alg,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Metadata, Provider, ProviderError, Tokens, flow::Flow};
use crate::{
    engine::{is_user_name, store::ProviderUser},
    http::identity::ProviderOptions,
};

/// Algorithms by which an ID token may be signed: those with a public key.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];
/// By how much the clock of the provider may be ahead or behind.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(1);
/// Maximum number of groups of a user that count, and their maximum length in characters.
const MAX_GROUPS: usize = 500;
const MAX_GROUP_CHARS: usize = 200;
/// Maximum length of what identifies a user at the provider, in bytes: that of the standard.
const MAX_SUBJECT_BYTES: usize = 255;

/// Claims of an ID token that the standard does not name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::http::sign_in) struct OtherClaims(serde_json::Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type Token = IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Alg>;
type Verifier<'v> = IdTokenVerifier<'v, CoreJsonWebKey>;

/// The query with which the provider leads the browser back.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::http::sign_in) struct Callback {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    pub(super) error: Option<String>,
    /// The provider that answers (RFC 9207).
    pub(super) iss: Option<String>,
}

impl Provider {
    /// The user whom the provider names for this code of this sign-in.
    pub(in crate::http::sign_in) async fn user(
        &self,
        code: String,
        flow: &Flow,
        callback: String,
        now: SystemTime,
    ) -> Result<ProviderUser, ProviderError> {
        let tokens = self.exchange(code, flow, callback).await?;
        let Some(token) = tokens.id_token() else {
            let detail = "its answer has no ID token; is the scope openid allowed there?";
            return Err(ProviderError::Unusable(detail.to_owned()));
        };
        let metadata = self.metadata().await?;
        let verify = |metadata: &Metadata| self.verified(metadata, token, &tokens, flow, now);
        let verified = match verify(&metadata) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                verify(&*self.newer(&metadata).await?)
            }
            verified => verified,
        };
        let invalid = |error| ProviderError::Invalid(format!("its ID token is not valid: {error}"));
        user_of(&verified.map_err(invalid)?, &self.options)
    }

    /// The code of an answer to this sign-in.
    pub(in crate::http::sign_in) fn code(
        &self,
        answer: Callback,
        flow: &Flow,
    ) -> Result<String, ProviderError> {
        let invalid = |detail: &str| Err(ProviderError::Invalid(detail.to_owned()));
        if answer.state.as_deref() != Some(&*flow.state) {
            return invalid("the answer is not one to the sign-in that this browser began");
        }
        if answer.iss.is_some_and(|iss| iss != self.options.issuer) {
            return invalid("the answer comes from another provider");
        }
        if let Some(error) = answer.error {
            // A code such as access_denied; anybody may have written the query.
            let is_code =
                error.len() <= 60 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let code = if is_code { error } else { "an error without a known code".to_owned() };
            return Err(ProviderError::Refused(code));
        }
        match answer.code {
            Some(code) if !code.is_empty() => Ok(code),
            _ => invalid("the answer has no code"),
        }
    }

    /// The claims of an ID token: signed by the provider, for this server and this sign-in, and valid now.
    fn verified(
        &self,
        metadata: &Metadata,
        token: &Token,
        tokens: &Tokens,
        flow: &Flow,
        now: SystemTime,
    ) -> Result<Claims, ClaimsVerificationError> {
        let now = DateTime::<Utc>::from(now);
        let other =
            |error: &dyn std::fmt::Display| ClaimsVerificationError::Other(error.to_string());
        let issuer = IssuerUrl::new(self.options.issuer.clone()).map_err(|error| other(&error))?;
        let client_id = ClientId::new(self.options.client_id.clone());
        let verifier = Verifier::new_public_client(client_id, issuer, metadata.jwks().clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now - MAX_SKEW)
            .set_issue_time_verifier_fn(move |issued| match issued <= now + MAX_SKEW {
                true => Ok(()),
                false => Err("it was issued in the future".to_owned()),
            });
        let claims = token.claims(&verifier, &Nonce::new(flow.nonce.clone()))?;
        if claims.authorized_party().is_some_and(|party| **party != self.options.client_id) {
            return Err(other(&"its authorized party is another client"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let signature = ClaimsVerificationError::SignatureVerification;
            let (alg, key) = (token.signing_alg(), token.signing_key(&verifier));
            let (alg, key) = (alg.map_err(signature)?, key.map_err(signature)?);
            let actual = AccessTokenHash::from_token(tokens.access_token(), alg, key);
            if actual.map_err(|error| other(&error))? != *expected {
                return Err(other(&"its access token is another one"));
            }
        }
        Ok(claims.clone())
    }
}

/// The user whom these claims name.
fn user_of(claims: &Claims, options: &ProviderOptions) -> Result<ProviderUser, ProviderError> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
        let detail = format!("the claim sub has 1 to {MAX_SUBJECT_BYTES} bytes");
        return Err(ProviderError::Invalid(detail));
    }
    let name = name_of(claims, &options.name_claim)?;
    let groups = claims.additional_claims().0.get(&options.groups_claim);
    let user = ProviderUser::new(&*options.issuer, subject, name);
    Ok(user.with(|user| user.groups = groups_of(groups)))
}

/// The name in this claim.
fn name_of(claims: &Claims, claim: &str) -> Result<String, ProviderError> {
    let invalid = |detail: &str| ProviderError::Invalid(format!("the claim {claim} {detail}"));
    let name = match claim {
        "sub" => Some(claims.subject().as_str()),
        "preferred_username" => claims.preferred_username().map(|name| name.as_str()),
        // Whoever may write any address there would be anybody.
        "email" if claims.email_verified() == Some(true) => claims.email().map(|it| it.as_str()),
        "email" => return Err(invalid("does not count, because email_verified is not true")),
        other => claims.additional_claims().0.get(other).and_then(Value::as_str),
    };
    let name =
        name.map(str::trim).ok_or_else(|| invalid("with the name of the user is missing"))?;
    match is_user_name(name) {
        true => Ok(name.to_owned()),
        false => {
            Err(invalid("is no name of a user: 1 to 100 visible characters, one line, not group:…"))
        }
    }
}

/// The groups in a claim: a list of texts, or one text.
fn groups_of(claim: Option<&Value>) -> Vec<String> {
    let texts = match claim {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    let fits = |group: &&str| !group.is_empty() && group.chars().count() <= MAX_GROUP_CHARS;
    texts.into_iter().filter(fits).take(MAX_GROUPS).map(str::to_owned).collect()
}
