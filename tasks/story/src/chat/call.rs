//! Calls of an endpoint: requests, retries and their cost.

use std::{sync::atomic::Ordering, time::Duration};

use milepost::engine::Reservation;

use super::{
    super::{
        narrator::{NarratorError, Report, Sink},
        settings::NarratorSettings,
    },
    Chat,
    ledger::estimate,
    refusal::{self, Refusal},
    reply::{self, Bounds, Cause, End, Fault, Usage, Verdict, decide},
    retry, stream,
    wire::Message,
};

/// Retries of the first contact, if the connection is refused.
const FIRST_RETRIES: u32 = 2;
/// Maximum delay between them.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Maximum number of times that one request adapts to the endpoint.
const MAX_CHANGES: u32 = 6;
/// Prompts shorter than this say nothing about the context window, in tokens.
const LONG_PROMPT: u64 = 1_000;
/// Replies shorter than this say nothing about the endpoint's figures, in tokens.
const LONG_REPLY: u64 = 100;

/// Length of a reply.
#[derive(Clone, Copy)]
pub(super) struct Length {
    /// At most.
    pub(super) tokens: u64,
    /// Expected, for the progress bar.
    pub(super) expected_chars: f64,
    /// Whether it is prose, which ends with a whole sentence.
    pub(super) prose: bool,
}

/// A complete reply.
pub(super) struct Reply {
    pub(super) text: String,
    /// Whether the length limit ended it.
    pub(super) cut: bool,
}

/// A failed try.
struct Broken {
    error: NarratorError,
    /// Whether text had already arrived.
    started: bool,
    /// Whether the request was changed, so that the next try is another one.
    changed: bool,
}

impl Broken {
    /// Failure before any text.
    const fn early(error: NarratorError) -> Self {
        Self { error, started: false, changed: false }
    }
}

impl Chat {
    /// One call with its retries.
    pub(super) async fn call(
        &self,
        messages: &[Message],
        length: Length,
        sink: Sink<'_>,
    ) -> Result<Reply, NarratorError> {
        let max_delay = NarratorSettings::seconds(self.endpoint.settings.max_wait_s);
        let (mut tries, mut changes) = (0, 0);
        loop {
            let broken = match self.attempt(messages, length, sink).await {
                Ok(reply) => return Ok(reply),
                Err(broken) => broken,
            };
            if broken.changed && changes < MAX_CHANGES {
                changes += 1;
                continue;
            }
            tries += 1;
            let error = self.without_key(broken.error);
            self.warn(&error);
            let (retries, max_delay) = self.patience(&error, max_delay);
            let patient = error.after().is_none_or(|after| after <= max_delay);
            if broken.started || error.had_begun() || tries > retries || !patient {
                return Err(error);
            }
            let wait = retry::delay(error.after(), tries, max_delay, rand::random::<f64>());
            sink(Report::Note(&format!(
                "{error}; retry in {:.1} s ({tries} of {retries}) [{}]",
                wait.as_secs_f64(),
                error.code()
            )));
            self.endpoint.pause.pause(wait).await;
        }
    }

    /// Number of retries after an error, and the maximum delay between them.
    fn patience(&self, error: &NarratorError, max_delay: Duration) -> (u32, Duration) {
        match error {
            NarratorError::Unreachable { refused: true, passing: false, .. } => {
                (FIRST_RETRIES, FIRST_WAIT)
            }
            error if error.is_transient() => (self.endpoint.settings.retries, max_delay),
            _ => (0, max_delay),
        }
    }

    /// A line of the server's log for each failed try.
    fn warn(&self, error: &NarratorError) {
        let (code, id) = (error.code(), self.task.map(|id| id.to_string()).unwrap_or_default());
        tracing::warn!(task.id = %id, code, "a call of the language model failed: {error}");
    }

    /// One request; its cost is charged whatever the outcome.
    async fn attempt(
        &self,
        messages: &[Message],
        length: Length,
        sink: Sink<'_>,
    ) -> Result<Reply, Broken> {
        let prompt = prompt_tokens(messages);
        let tokens = self.endpoint.dialect().capped(length.tokens);
        let allowed = self.ledger.allow(prompt, tokens).map_err(Broken::early)?;
        let (held, max_tokens) = match &self.daily {
            Some(daily) => {
                let held = daily.reserve(prompt, allowed).await.map_err(Broken::early)?;
                let left = held.amount().saturating_sub(prompt);
                (Some(held), allowed.min(left))
            }
            None => (None, allowed),
        };
        let response = match self.send(messages, max_tokens, sink).await {
            Ok(response) => response,
            Err(broken) => {
                // An endpoint that did not answer may have done the work, so the full reservation
                // counts.
                if !broken.error.may_have_cost() {
                    self.settle(held, 0).await;
                }
                return Err(broken);
            }
        };
        let limits = self.limits(max_tokens, length.expected_chars);
        let received = stream::read(response, limits, sink).await;
        let reply = &received.reply;
        let used = cost(prompt, reply);
        self.ledger.charge(used);
        self.settle(held, used).await;
        self.look_at_prompt(prompt, reply.usage, sink);
        self.conclude(received, max_tokens, length.prose, sink)
    }

    fn limits(&self, tokens: u64, expected_chars: f64) -> stream::Limits {
        let settings = &self.endpoint.settings;
        stream::Limits {
            first: NarratorSettings::seconds(settings.first_token_timeout_s),
            idle: NarratorSettings::seconds(settings.idle_timeout_s),
            reply: NarratorSettings::seconds(settings.reply_timeout_s),
            usage: NarratorSettings::seconds(settings.usage_timeout_s),
            max_bytes: settings.max_reply_bytes(tokens),
            bounds: Bounds {
                tokens,
                text_bytes_per_token: settings.text_bytes_per_token,
                thinking_per_token: settings.thinking_per_token,
            },
            expected_chars,
        }
    }

    /// The reply as a result.
    fn conclude(
        &self,
        received: stream::Received,
        max_tokens: u64,
        prose: bool,
        sink: Sink<'_>,
    ) -> Result<Reply, Broken> {
        let (reply, lost) = (received.reply, received.broken);
        let started = !reply.text.is_empty();
        let mut changed = false;
        let error = match reply.end {
            End::Stop => return Ok(Reply { text: reply.text, cut: false }),
            End::Unsaid if !prose => return Ok(Reply { text: reply.text, cut: false }),
            End::Unsaid => self.cut(reply.said, true),
            End::Length if started => return Ok(Reply { text: reply.text, cut: true }),
            End::Length | End::Thought => NarratorError::OnlyThought { limit: max_tokens },
            End::Empty => NarratorError::Empty { thought: reply.thought_chars.div_ceil(4) },
            End::Refused(word) => refused(&word),
            End::Fault(fault) => {
                changed = !started && self.adapt(200, &fault, max_tokens, sink);
                self.fault(fault, started)
            }
            End::Page(fault) => self.page(fault),
            End::Other(fault) => match decide(200, &fault, false, None) {
                Verdict::Final(_) => {
                    let words = Some(fault.message).filter(|words| !words.is_empty());
                    let words = words.unwrap_or_else(|| "an answer without choices".to_owned());
                    malformed(format!("{words}; check MILEPOST_NARRATOR_URL"))
                }
                Verdict::Passing(..) => self.fault(fault, false),
            },
            End::Failed(word) => NarratorError::Ended(word),
            End::Garbled(what) => NarratorError::Garbled(what),
            End::TooLarge => malformed(format!(
                "more than {} bytes",
                self.endpoint.settings.max_reply_bytes(max_tokens)
            )),
            End::Cut => match lost {
                Some(error @ NarratorError::TimedOut { .. }) => error,
                _ if started || reply.said.is_some() => self.cut(reply.said, started),
                Some(error) => error,
                None => NarratorError::Lost("it ended without a word".to_owned()),
            },
        };
        Err(Broken { error, started, changed })
    }

    /// An error within a successful response.
    fn fault(&self, fault: Fault, started: bool) -> NarratorError {
        let (settings, address) = (&self.endpoint.settings, &self.endpoint.address);
        Refusal { status: 200, fault, after: None }.error(settings, address, started)
    }

    /// A reply that broke off, with what the endpoint `said` besides. Words that it does not know
    /// tell no more than that.
    fn cut(&self, said: Option<Fault>, started: bool) -> NarratorError {
        let words = said.as_ref().map(|said| said.message.clone()).unwrap_or_default();
        match said.map(|said| (decide(200, &said, false, None), said)) {
            None | Some((Verdict::Final(Cause::Request), _)) if started => {
                NarratorError::Cut(words)
            }
            None | Some((Verdict::Final(Cause::Request), _)) => NarratorError::Lost(words),
            Some((_, said)) => self.fault(said, started),
        }
    }

    /// A page for people in a successful response: the address is wrong, unless it says that it
    /// will pass.
    fn page(&self, fault: Fault) -> NarratorError {
        match decide(200, &fault, false, None) {
            Verdict::Final(_) => NarratorError::WrongAddress {
                address: self.endpoint.address.shown(),
                model: self.endpoint.settings.model.trim().to_owned(),
                status: 200,
                detail: if fault.message.is_empty() {
                    "a web page".to_owned()
                } else {
                    fault.message
                },
            },
            Verdict::Passing(..) => self.fault(fault, false),
        }
    }

    /// Adapts further requests to a refusal; false if it is about something else.
    fn adapt(&self, status: u16, fault: &Fault, tokens: u64, sink: Sink<'_>) -> bool {
        let mut dialect = self.endpoint.dialect();
        let Some(change) = dialect.adapt(status, fault, tokens) else { return false };
        self.endpoint.remember(dialect);
        sink(Report::Note(&format!("The endpoint refused a part of the request; {change}.")));
        true
    }

    /// Says once that the endpoint did not read all of a prompt.
    fn look_at_prompt(&self, prompt: u64, usage: Option<Usage>, sink: Sink<'_>) {
        let Some(read) = usage.and_then(|usage| usage.prompt) else { return };
        let little = prompt >= LONG_PROMPT && read < prompt / 2;
        if little && !self.warned.swap(true, Ordering::Relaxed) {
            sink(Report::Note(&format!(
                "The model read {read} tokens of a prompt of about {prompt}: its context window may be \
                 too small. Raise it, or lower narrator.research_tokens."
            )));
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
        let settings = &self.endpoint.settings;
        let headers = settings.extra_headers.iter().flat_map(|extra| &extra.0);
        let secrets = settings.key().into_iter().chain(headers.map(|(_, value)| value.as_str()));
        // Shorter values are no secrets, and stand in many words.
        let secrets: Vec<&str> = secrets.filter(|secret| secret.len() >= 6).collect();
        error.map_words(|words| {
            secrets.iter().fold(words.to_owned(), |words, secret| words.replace(secret, "…"))
        })
    }

    async fn send(
        &self,
        messages: &[Message],
        max_tokens: u64,
        sink: Sink<'_>,
    ) -> Result<reqwest::Response, Broken> {
        let endpoint = &self.endpoint;
        let (settings, dialect) = (&endpoint.settings, endpoint.dialect());
        let body = dialect.body(settings, messages, max_tokens);
        let post = endpoint.client().post(endpoint.address.chat.clone()).json(&body);
        let whole = body["stream"] != true;
        let seconds = if whole { settings.reply_timeout_s } else { settings.first_token_timeout_s };
        let sent = endpoint.with_key(post).send();
        let response = tokio::time::timeout(NarratorSettings::seconds(seconds), sent)
            .await
            .map_err(|_| Broken::early(NarratorError::TimedOut { what: "no answer", seconds }))?
            .map_err(|error| {
                let answered = endpoint.has_answered();
                Broken::early(refusal::not_sent(&error, &endpoint.address, answered))
            })?;
        endpoint.set_answered();
        if matches!(response.status().as_u16(), 204 | 205) {
            let what = format!("an answer without a body ({})", response.status().as_u16());
            return Err(Broken::early(malformed(what)));
        }
        if response.status().is_success() {
            return match stream::unreadable_encoding(response.headers()) {
                Some(encoding) => Err(Broken::early(malformed(encoding))),
                None => Ok(response),
            };
        }
        let refusal = Refusal::read(response).await;
        let changed = self.adapt(refusal.status, &refusal.fault, max_tokens, sink);
        let error = refusal.error(settings, &endpoint.address, false);
        Err(Broken { error, started: false, changed })
    }

    #[cfg(test)]
    pub(super) fn with_pause(mut self, pause: std::sync::Arc<dyn retry::Pause>) -> Self {
        self.endpoint.pause = pause;
        self
    }
}

/// The error of a reply that a filter, or the model itself, refused.
fn refused(word: &str) -> NarratorError {
    if word.contains(' ') {
        let detail = format!("the model refused: {word}");
        return NarratorError::Rejected { status: 200, detail };
    }
    refusal::filtered()
}

fn malformed(what: String) -> NarratorError {
    NarratorError::Malformed(if what.is_empty() {
        "an event without choices".to_owned()
    } else {
        what
    })
}

/// Tokens of a call: the endpoint's own figures, or an estimate where it sends none, or such that
/// are far below what was received.
fn cost(prompt: u64, reply: &reply::Reply) -> u64 {
    let received = estimate(&reply.text) + reply.thought_chars.div_ceil(4);
    let received = received.max(reply.received_chars.div_ceil(4));
    let estimated = prompt.saturating_add(received);
    let Some(usage) = reply.usage else { return estimated };
    let answer = usage.total.saturating_sub(usage.prompt.unwrap_or_default());
    let far = received >= LONG_REPLY && answer.saturating_mul(4) < received;
    if far { usage.total.max(estimated) } else { usage.total }
}

pub(super) fn prompt_tokens(messages: &[Message]) -> u64 {
    // Each message has an overhead of a few tokens.
    messages.iter().map(|message| estimate(&message.content) + 4).sum()
}
