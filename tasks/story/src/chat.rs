//! Narrator behind an OpenAI-compatible endpoint.

mod daily;
mod ledger;
mod prompt;
mod refusal;
mod retry;
mod stream;
mod wire;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use milepost::engine::{Context, DailyBudget, Reservation};

pub(super) use self::ledger::MIN_REPLY;
use self::{
    daily::Daily,
    ledger::{Ledger, estimate},
    retry::{Pause, TokioPause},
    stream::{Broken, Reply},
    wire::{Message, Request, StreamOptions},
};
use super::{
    narrator::{Brief, Narrator, NarratorError, Outline, Report, Sink},
    settings::NarratorSettings,
};

/// Maximum tokens of an outline.
const OUTLINE_TOKENS: u64 = 1_500;
/// Sampling temperature; the protocol's scale goes to 2.
const TEMPERATURE: f64 = 0.8;

/// Client shared by all stories, so that connections are reused.
#[derive(Clone)]
pub struct Endpoint {
    http: reqwest::Client,
    url: reqwest::Url,
    settings: Arc<NarratorSettings>,
    daily: Arc<DailyBudget>,
    pause: Arc<dyn Pause>,
}

/// The endpoint's settings are invalid.
#[derive(Debug, thiserror::Error)]
#[error("the narrator's settings cannot be used: {0}")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    /// Creates a client; does not connect yet.
    ///
    /// # Errors
    /// If the URL is invalid, or TLS cannot be set up.
    pub(super) fn new(settings: &NarratorSettings) -> Result<Self, InvalidEndpoint> {
        let base = settings.endpoint().unwrap_or_default().trim_end_matches('/');
        let url = reqwest::Url::parse(&format!("{base}/chat/completions"))
            .map_err(|error| InvalidEndpoint(error.to_string()))?;
        let http = reqwest::Client::builder()
            .connect_timeout(NarratorSettings::seconds(settings.connect_timeout_s))
            // The key must not follow a redirect to another server.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("milepost/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| InvalidEndpoint(error.to_string()))?;
        Ok(Self {
            http,
            url,
            settings: Arc::new(settings.clone()),
            daily: Arc::new(settings.daily_budget()),
            pause: Arc::new(TokioPause),
        })
    }

    /// Narrator for a story that has already cost `spent` tokens.
    pub(super) fn narrator(&self, spent: u64, ctx: &Context) -> Chat {
        let daily = Daily::new(ctx.clone(), Arc::clone(&self.daily));
        Chat { daily: Some(daily), ..self.unlimited(spent) }
    }

    /// Narrator without a daily budget.
    fn unlimited(&self, spent: u64) -> Chat {
        let ledger = Ledger::new(spent, self.settings.token_budget);
        Chat { endpoint: self.clone(), ledger, daily: None }
    }

    /// Daily budget of all stories.
    pub(super) fn daily_budget(&self) -> &DailyBudget {
        &self.daily
    }

    /// Whether the model writes for this task.
    pub(super) fn serves(&self, ctx: &Context) -> bool {
        self.settings.allow_anonymous || ctx.owner().is_some()
    }

    /// Host and port, without secrets.
    fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// Narrator of one story.
pub(super) struct Chat {
    endpoint: Endpoint,
    ledger: Ledger,
    daily: Option<Daily>,
}

impl Narrator for Chat {
    fn credit(&self, _: &Brief) -> String {
        let model = super::builtin::plain(&self.endpoint.settings.model);
        format!("Written by the model “{model}” from the research file.")
    }

    async fn outline(&self, brief: &Brief, sink: Sink<'_>) -> Result<Outline, NarratorError> {
        let settings = &self.endpoint.settings;
        let messages = prompt::outline(brief, settings.chapters, settings.research_tokens);
        let reply = self.call(&messages, OUTLINE_TOKENS, sink).await?;
        Ok(prompt::read_outline(&reply.text, settings.chapters).unwrap_or_else(|| {
            sink(Report::Note(
                "The model's outline could not be read; the research file's own headings are used.",
            ));
            prompt::own_outline(brief, settings.chapters)
        }))
    }

    async fn chapter(
        &self,
        brief: &Brief,
        outline: &Outline,
        done: &[String],
        sink: Sink<'_>,
    ) -> Result<String, NarratorError> {
        let messages = self.chapter_messages(brief, outline, done);
        let reply = self.call(&messages, self.endpoint.settings.chapter_tokens, sink).await?;
        let text = prompt::tidy(&reply.text, reply.cut);
        if text.is_empty() {
            return Err(NarratorError::Malformed("a chapter without a word".to_owned()));
        }
        Ok(text)
    }

    fn at_stake(&self, brief: &Brief, outline: Option<&Outline>, done: &[String]) -> u64 {
        let settings = &self.endpoint.settings;
        let (messages, reply) = match outline {
            Some(outline) => (self.chapter_messages(brief, outline, done), settings.chapter_tokens),
            None => {
                let messages = prompt::outline(brief, settings.chapters, settings.research_tokens);
                (messages, OUTLINE_TOKENS)
            }
        };
        prompt_tokens(&messages) + reply
    }

    fn spending(&self) -> Option<(u64, Option<u64>)> {
        Some((self.ledger.spent(), self.ledger.budget()))
    }
}

impl Chat {
    fn chapter_messages(&self, brief: &Brief, outline: &Outline, done: &[String]) -> Vec<Message> {
        let settings = &self.endpoint.settings;
        prompt::chapter(brief, outline, done, settings.research_tokens, settings.chapter_tokens)
    }

    /// One call with its retries.
    async fn call(
        &self,
        messages: &[Message],
        reply_tokens: u64,
        sink: Sink<'_>,
    ) -> Result<Reply, NarratorError> {
        let settings = &self.endpoint.settings;
        let longest = NarratorSettings::seconds(settings.max_wait_s);
        let mut tries = 0;
        loop {
            tries += 1;
            let Broken { error, started } = match self.attempt(messages, reply_tokens, sink).await {
                Ok(reply) => return Ok(reply),
                Err(broken) => broken,
            };
            let error = self.without_key(error);
            let patient = error.after().is_none_or(|after| after <= longest);
            if started || tries > settings.retries || !error.is_transient() || !patient {
                return Err(error);
            }
            let wait = error
                .after()
                .unwrap_or_else(|| retry::backoff(tries, longest, rand::random::<f64>()));
            sink(Report::Note(&format!(
                "{error}; trying again in {:.1} s ({tries} of {})",
                wait.as_secs_f64(),
                settings.retries
            )));
            self.endpoint.pause.pause(wait).await;
        }
    }

    /// One request; its cost is charged whatever the outcome.
    async fn attempt(
        &self,
        messages: &[Message],
        reply_tokens: u64,
        sink: Sink<'_>,
    ) -> Result<Reply, Broken> {
        let settings = &self.endpoint.settings;
        let prompt = prompt_tokens(messages);
        let allowed = self.ledger.allow(prompt, reply_tokens).map_err(Broken::early)?;
        let (held, max_tokens) = match &self.daily {
            Some(daily) => {
                let held = daily.reserve(prompt, allowed).await.map_err(Broken::early)?;
                let left = held.amount().saturating_sub(prompt);
                (Some(held), allowed.min(left))
            }
            None => (None, allowed),
        };
        let request = Request {
            model: &settings.model,
            messages,
            max_tokens,
            temperature: TEMPERATURE,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
        };
        let response = match self.send(&request).await {
            Ok(response) => response,
            Err(error) => {
                // An endpoint that did not answer may have done the work, so the full reservation
                // counts.
                if !error.may_have_cost() {
                    self.settle(held, 0).await;
                }
                return Err(Broken::early(error));
            }
        };
        let limits = stream::Limits {
            first: NarratorSettings::seconds(settings.first_token_timeout_s),
            idle: NarratorSettings::seconds(settings.idle_timeout_s),
            tokens: max_tokens,
        };
        let mut text = String::new();
        let read = stream::read(response, limits, &mut text, sink).await;
        let usage = read.as_ref().ok().and_then(|end| end.usage);
        let used = usage.unwrap_or_else(|| prompt + estimate(&text));
        self.ledger.charge(used);
        self.settle(held, used).await;
        match read {
            Ok(end) => Ok(Reply { text, cut: end.cut }),
            Err(error) => Err(Broken { error, started: !text.is_empty() }),
        }
    }

    /// Counts the actual cost of a call towards the daily budget.
    async fn settle(&self, held: Option<Reservation>, used: u64) {
        if let Some((daily, held)) = self.daily.as_ref().zip(held) {
            daily.settle(held, used).await;
        }
    }

    /// Removes the key from an error, because endpoints may repeat their input.
    fn without_key(&self, error: NarratorError) -> NarratorError {
        let Some(key) = self.endpoint.settings.key.as_ref().map(|key| key.expose()) else {
            return error;
        };
        let clean = |text: String| if key.is_empty() { text } else { text.replace(key, "…") };
        match error {
            NarratorError::Rejected { status, detail } => {
                NarratorError::Rejected { status, detail: clean(detail) }
            }
            NarratorError::Malformed(detail) => NarratorError::Malformed(clean(detail)),
            error => error,
        }
    }

    async fn send(&self, request: &Request<'_>) -> Result<reqwest::Response, NarratorError> {
        let endpoint = &self.endpoint;
        let mut post = endpoint.http.post(endpoint.url.clone()).json(request);
        if let Some(key) = &endpoint.settings.key {
            post = post.bearer_auth(key.expose());
        }
        let seconds = endpoint.settings.first_token_timeout_s;
        let response = tokio::time::timeout(NarratorSettings::seconds(seconds), post.send())
            .await
            .map_err(|_| NarratorError::TimedOut { what: "no answer", seconds })?
            .map_err(|error| refusal::not_sent(&error, &endpoint.address()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal::read(response, &endpoint.settings).await)
    }

    #[cfg(test)]
    fn with_pause(mut self, pause: Arc<dyn Pause>) -> Self {
        self.endpoint.pause = pause;
        self
    }
}

fn prompt_tokens(messages: &[Message]) -> u64 {
    // Each message has an overhead of a few tokens.
    messages.iter().map(|message| estimate(&message.content) + 4).sum()
}

/// Time limit for reading the body of a refusal.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(10);
