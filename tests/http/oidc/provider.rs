//! An OpenID Connect provider whose users consent at once, and whose answers a test may falsify.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use axum::{
    Json, Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode, Uri, header},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKeyId, PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

pub(super) const CLIENT_ID: &str = "milepost";
pub(super) const SECRET: &str = "hush-hush";

/// How a test falsifies what the provider answers.
type Change = Box<dyn Fn(&mut Value) + Send>;

#[derive(Default)]
struct Data {
    /// The query of the authorization request of each code.
    codes: HashMap<String, HashMap<String, String>>,
    /// The seed and the id of the key that signs.
    key: (u8, String),
    /// What the claims of the next ID tokens are.
    claims: Value,
    change_claims: Option<Change>,
    change_tokens: Option<Change>,
    change_header: Option<Change>,
    /// How often it was asked what it is.
    discoveries: u32,
    is_silent: bool,
}

/// See the module documentation. Ends with the test.
pub(super) struct FakeProvider {
    pub(super) issuer: String,
    data: Arc<Mutex<Data>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Shared = State<(String, Arc<Mutex<Data>>)>;

/// The private key of a seed.
fn key(seed: u8, id: &str) -> CoreEdDsaPrivateSigningKey {
    // The DER of PKCS 8 around the 32 bytes of an Ed25519 key.
    let head = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    let der = base64::engine::general_purpose::STANDARD.encode([&head[..], &[seed; 32]].concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.to_owned())))
        .unwrap()
}

/// The parameters of a URL.
pub(super) fn query(url: &str) -> HashMap<String, String> {
    let uri: Uri = url.parse().unwrap();
    axum::extract::Query::try_from_uri(&uri).unwrap().0
}

impl FakeProvider {
    /// A provider on a port of this machine, whose user is ada of the group ops.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let claims = json!({ "sub": "1815", "preferred_username": "ada", "groups": ["ops"] });
        let data = Data { key: (1, "one".to_owned()), claims, ..Data::default() };
        let data = Arc::new(Mutex::new(data));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state((issuer.clone(), Arc::clone(&data)));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, data, server }
    }

    /// The user consents: the query with which their browser comes back.
    pub(super) fn consent(&self, url: &str) -> HashMap<String, String> {
        assert!(url.starts_with(&format!("{}/authorize?", self.issuer)), "{url}");
        let asked = query(url);
        for (name, value) in
            [("response_type", "code"), ("client_id", CLIENT_ID), ("code_challenge_method", "S256")]
        {
            assert_eq!(asked[name], value, "{url}");
        }
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{url}");
        let code = Uuid::new_v4().to_string();
        let answer = HashMap::from([
            ("code".to_owned(), code.clone()),
            ("state".to_owned(), asked["state"].clone()),
            ("iss".to_owned(), self.issuer.clone()),
        ]);
        self.data.lock().codes.insert(code, asked);
        answer
    }

    pub(super) fn has_claims(&self, claims: Value) {
        self.data.lock().claims = claims;
    }

    pub(super) fn falsifies_claims(&self, change: impl Fn(&mut Value) + Send + 'static) {
        self.data.lock().change_claims = Some(Box::new(change));
    }

    pub(super) fn falsifies_tokens(&self, change: impl Fn(&mut Value) + Send + 'static) {
        self.data.lock().change_tokens = Some(Box::new(change));
    }

    pub(super) fn falsifies_header(&self, change: impl Fn(&mut Value) + Send + 'static) {
        self.data.lock().change_header = Some(Box::new(change));
    }

    pub(super) fn signs_with(&self, seed: u8, id: &str) {
        self.data.lock().key = (seed, id.to_owned());
    }

    pub(super) fn is_silent(&self, is_silent: bool) {
        self.data.lock().is_silent = is_silent;
    }

    pub(super) fn discoveries(&self) -> u32 {
        self.data.lock().discoveries
    }
}

async fn discovery(State((issuer, data)): Shared) -> Result<Json<Value>, StatusCode> {
    let mut data = data.lock();
    data.discoveries += 1;
    if data.is_silent {
        return Err(StatusCode::BAD_GATEWAY);
    }
    Ok(Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "end_session_endpoint": format!("{issuer}/sign-out"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    })))
}

async fn keys(State((_, data)): Shared) -> Json<Value> {
    let (seed, id) = data.lock().key.clone();
    Json(json!({ "keys": [key(seed, &id).as_verification_key()] }))
}

/// Exchanges a code: once, for the client that has the secret, and whose browser began.
async fn token(
    State((issuer, data)): Shared,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let mut data = data.lock();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{SECRET}"));
    if headers.get(header::AUTHORIZATION).map(|it| it.as_bytes())
        != Some(format!("Basic {basic}").as_bytes())
    {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })));
    }
    let asked = data.codes.remove(&form["code"]);
    let is_from_browser = |asked: &HashMap<String, String>| {
        let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        asked["code_challenge"] == challenge.as_str()
            && asked["redirect_uri"] == form["redirect_uri"]
    };
    let Some(asked) = asked.filter(is_from_browser) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut claims = data.claims.clone();
    let always = json!({ "iss": issuer, "aud": CLIENT_ID, "exp": now + 300, "iat": now });
    claims.as_object_mut().unwrap().extend(always.as_object().unwrap().clone());
    claims["nonce"] = json!(asked["nonce"]);
    if let Some(change) = &data.change_claims {
        change(&mut claims);
    }
    let mut head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": data.key.1 });
    if let Some(change) = &data.change_header {
        change(&mut head);
    }
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encoded(&head), encoded(&claims));
    let key = key(data.key.0, &data.key.1);
    let signed = key.sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).unwrap();
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed));
    let mut tokens = json!({ "access_token": "a", "token_type": "Bearer", "id_token": token });
    if let Some(change) = &data.change_tokens {
        change(&mut tokens);
    }
    (StatusCode::OK, Json(tokens))
}
