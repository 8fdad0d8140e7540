//! The endpoint that all stories share: its address, its connections, and what it takes.

use std::{
    env,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use milepost::engine::{Context, DailyBudget};
use parking_lot::Mutex;
use reqwest::{
    Certificate, Client, RequestBuilder,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue},
};

use super::{
    super::settings::{Address, NarratorSettings},
    Chat,
    daily::Daily,
    ledger::Ledger,
    retry::{Pause, TokioPause},
    wire::Dialect,
};

/// Connection timeout before the endpoint has ever answered: a wrong address is known at once.
const FIRST_CONNECT: Duration = Duration::from_millis(2_500);
/// Header of Azure for keys.
const AZURE_KEY: &str = "api-key";

/// Client shared by all stories, so that connections are reused.
#[derive(Clone)]
pub struct Endpoint {
    http: Client,
    /// For the first contact.
    first: Client,
    pub(super) address: Address,
    pub(super) settings: Arc<NarratorSettings>,
    pub(super) daily: Arc<DailyBudget>,
    pub(super) pause: Arc<dyn Pause>,
    dialect: Arc<Mutex<Dialect>>,
    answered: Arc<AtomicBool>,
}

/// The endpoint's settings are invalid.
#[derive(Debug, thiserror::Error)]
#[error("the narrator's settings cannot be used: {0}")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    /// Creates a client; does not connect yet.
    ///
    /// # Errors
    /// If the URL or the file of certificates is invalid, or TLS cannot be set up.
    pub(in super::super) fn new(settings: &NarratorSettings) -> Result<Self, InvalidEndpoint> {
        let address = Address::read(settings.endpoint().unwrap_or_default());
        let address =
            address.map_err(|right| InvalidEndpoint(format!("narrator.url must be {right}")))?;
        let connect = NarratorSettings::seconds(settings.connect_timeout_s);
        let certificates = certificates(settings, &address)?;
        Ok(Self {
            http: client(settings, &address, &certificates, connect)?,
            first: client(settings, &address, &certificates, connect.min(FIRST_CONNECT))?,
            address,
            dialect: Arc::new(Mutex::new(Dialect::new(settings))),
            settings: Arc::new(settings.clone()),
            daily: Arc::new(settings.daily_budget()),
            pause: Arc::new(TokioPause),
            answered: Arc::default(),
        })
    }

    /// Narrator for a story that has already cost `spent` tokens.
    pub(in super::super) fn narrator(&self, spent: u64, ctx: &Context) -> Chat {
        if spent > 0 {
            // It answered an earlier attempt.
            self.answered.store(true, Ordering::Relaxed);
        }
        let daily = Daily::new(ctx.clone(), Arc::clone(&self.daily));
        Chat { daily: Some(daily), task: Some(ctx.id()), ..self.unlimited(spent) }
    }

    /// Narrator without a daily budget.
    pub(super) fn unlimited(&self, spent: u64) -> Chat {
        let ledger = Ledger::new(spent, self.settings.token_budget);
        Chat {
            endpoint: self.clone(),
            ledger,
            daily: None,
            task: None,
            warned: AtomicBool::default(),
        }
    }

    /// Its settings.
    pub(in super::super) fn settings(&self) -> &NarratorSettings {
        &self.settings
    }

    /// Daily budget of all stories.
    pub(in super::super) fn daily_budget(&self) -> &DailyBudget {
        &self.daily
    }

    /// Whether the model writes for this task.
    pub(in super::super) fn serves(&self, ctx: &Context) -> bool {
        self.settings.allow_anonymous || ctx.owner().is_some()
    }

    /// Whether it has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    pub(super) fn set_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// What it takes, as far as known.
    pub(super) fn dialect(&self) -> Dialect {
        *self.dialect.lock()
    }

    /// Remembers what it takes, for all stories.
    pub(super) fn remember(&self, dialect: Dialect) {
        *self.dialect.lock() = dialect;
    }

    /// The client for the next request.
    pub(super) fn client(&self) -> &Client {
        if self.has_answered() { &self.http } else { &self.first }
    }

    /// Adds the key to a request.
    pub(super) fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        let Some(key) = self.settings.key() else { return request };
        let azure = self.address.azure && !key.starts_with("ey");
        match self.settings.key_header.as_deref().or(azure.then_some(AZURE_KEY)) {
            Some(header) => {
                let mut value = HeaderValue::from_str(key).unwrap_or(HeaderValue::from_static(""));
                value.set_sensitive(true);
                request.header(header, value)
            }
            None => request.bearer_auth(key),
        }
    }
}

fn client(
    settings: &NarratorSettings,
    address: &Address,
    certificates: &[Certificate],
    connect: Duration,
) -> Result<Client, InvalidEndpoint> {
    let mut builder = Client::builder()
        .connect_timeout(connect)
        .default_headers(headers(settings)?)
        // The key must not follow a redirect to another server.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("milepost/", env!("CARGO_PKG_VERSION")));
    if address.loopback {
        builder = builder.no_proxy();
    }
    for certificate in certificates {
        builder = builder.add_root_certificate(certificate.clone());
    }
    builder.build().map_err(|error| InvalidEndpoint(error.to_string()))
}

fn headers(settings: &NarratorSettings) -> Result<HeaderMap, InvalidEndpoint> {
    let mut headers = HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("text/event-stream, application/json")),
        // Compressed events wait for each other.
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
    ]);
    for (name, value) in settings.extra_headers.iter().flat_map(|extra| &extra.0) {
        let wrong = || InvalidEndpoint(format!("narrator.extra_headers: {name} is no header"));
        let header = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// Certificates to trust besides the usual ones.
fn certificates(
    settings: &NarratorSettings,
    address: &Address,
) -> Result<Vec<Certificate>, InvalidEndpoint> {
    let ours = settings.ca_file.clone().filter(|path| !path.as_os_str().is_empty());
    let https = address.chat.scheme() == "https";
    let named = env::var_os("SSL_CERT_FILE").filter(|_| https).map(PathBuf::from);
    let (path, name) = match (ours, named) {
        (Some(path), _) => (path, "narrator.ca_file"),
        (None, Some(path)) => (path, "SSL_CERT_FILE"),
        (None, None) => return Ok(Vec::new()),
    };
    let wrong = |error: String| InvalidEndpoint(format!("{name}: {}: {error}", path.display()));
    let pem = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("no certificate in it".to_owned()));
    }
    Ok(found)
}
