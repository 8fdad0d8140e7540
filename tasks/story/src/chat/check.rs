//! A check of the endpoint: one small call, and what its outcome means.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    super::{narrator::NarratorError, settings::NarratorSettings},
    call::Length,
    endpoint::{Endpoint, InvalidEndpoint},
    prompt::PROMPT_TOKENS,
    wire::Message,
};

/// Maximum length of the reply; models that think need some room.
const REPLY_TOKENS: u64 = 256;
/// Maximum number of models to name.
const MAX_NAMES: usize = 20;
/// Maximum bytes of the list of models.
const MAX_LIST: usize = 1 << 20;
/// Time limit for the list of models.
const LIST_PATIENCE: Duration = Duration::from_secs(10);

/// Outcome of a check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NarratorCheck {
    /// Whether stories can be written.
    pub fine: bool,
    /// Lines for people.
    pub lines: Vec<String>,
}

/// Calls the endpoint once, with a prompt of a few tokens and without retries, and reports what it
/// costs. Where the model is unknown, the endpoint's models are listed.
///
/// # Errors
/// If the settings are invalid.
pub async fn check(settings: &NarratorSettings) -> Result<NarratorCheck, InvalidEndpoint> {
    let mut lines = vec![format!("Stories are written by {}.", settings.writer())];
    if settings.endpoint().is_none() {
        return Ok(NarratorCheck { fine: true, lines });
    }
    let endpoint = Endpoint::new(&NarratorSettings { retries: 0, ..settings.clone() })?;
    let chat = endpoint.unlimited(0);
    let messages = messages();
    let length = Length { tokens: REPLY_TOKENS, expected_chars: 10.0, prose: false };
    let (notes, started) = (parking_lot::Mutex::new(Vec::new()), Instant::now());
    let sink = |report: super::Report<'_>| {
        if let super::Report::Note(note) = report {
            notes.lock().push(note.to_owned());
        }
    };
    let outcome = chat.call(&messages, length, &sink).await;
    lines.extend(notes.into_inner());
    let (cost, seconds) = (chat.ledger.spent(), started.elapsed().as_secs_f64());
    match outcome {
        // A small reply has no room for all of a long thought; the model answers.
        Ok(_) | Err(NarratorError::OnlyThought { .. }) => {
            lines.push(format!("It answered in {seconds:.1} s. This check cost {cost} tokens."));
            lines.extend(outcome.is_err().then(|| thought(settings)));
            lines.push(needs(settings));
            Ok(NarratorCheck { fine: true, lines })
        }
        Err(error) => {
            lines.push(format!("It failed after {seconds:.1} s: {error} [{}].", error.code()));
            lines.push(format!("This check cost {cost} tokens."));
            let elsewhere = matches!(
                error,
                NarratorError::UnknownModel { .. } | NarratorError::WrongAddress { .. }
            );
            if elsewhere {
                lines.extend(models(&endpoint).await);
            }
            Ok(NarratorCheck { fine: false, lines })
        }
    }
}

/// The messages of a check, in the roles of those of a chapter: what refuses those is found.
fn messages() -> [Message; 2] {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    [
        message("system", "You follow instructions exactly."),
        message("user", "Answer with one word: ready"),
    ]
}

/// What it means that the reply was thinking only.
fn thought(settings: &NarratorSettings) -> String {
    format!(
        "All of its reply was thinking, in {REPLY_TOKENS} tokens. A chapter has {} for thinking and \
         text together; raise narrator.chapter_tokens (MILEPOST_NARRATOR_CHAPTER_TOKENS) if stories \
         fail with narrator_thinking, or turn thinking off.",
        settings.chapter_tokens
    )
}

/// What a story needs.
fn needs(settings: &NarratorSettings) -> String {
    let (research, chapter) = (settings.research_tokens, settings.chapter_tokens);
    let call = research.saturating_add(chapter).saturating_add(PROMPT_TOKENS);
    let calls = u64::from(settings.chapters) + 1;
    format!(
        "A chapter needs a context window of up to {call} tokens ({research} of research, {chapter} of \
         text), and a story up to {calls} calls and {} tokens; a shorter research file needs less.",
        call.saturating_mul(calls)
    )
}

/// The endpoint's models, as a line.
async fn models(endpoint: &Endpoint) -> Option<String> {
    let request = endpoint.client().get(endpoint.address.models.clone());
    let listed = async {
        let mut response = endpoint.with_key(request).send().await.ok()?;
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.ok()? {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_LIST {
                return None;
            }
        }
        serde_json::from_slice(&body).ok()
    };
    let list: Value = tokio::time::timeout(LIST_PATIENCE, listed).await.ok()??;
    line(&list)
}

fn line(list: &Value) -> Option<String> {
    let entries = list.get("data").or_else(|| list.get("models")).unwrap_or(list).as_array()?;
    let name = |entry: &Value| {
        let keys = ["id", "model", "name"];
        let name =
            entry.as_str().or_else(|| keys.iter().find_map(|key| entry.get(*key)?.as_str()))?;
        let plain: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        Some(plain).filter(|name| !name.is_empty())
    };
    let names: Vec<String> = entries.iter().filter_map(name).collect();
    let shown = names.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    Some(match names.len() {
        0 => "The endpoint lists no models.".to_owned(),
        more if more > MAX_NAMES => {
            format!("Its models: {shown}, and {} more.", more - MAX_NAMES)
        }
        _ => format!("Its models: {shown}."),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::super::test_server::{Server, Step, reply},
        *,
    };

    async fn checked(steps: Vec<Step>) -> NarratorCheck {
        let server = Server::start(steps).await;
        check(&settings(&server)).await.unwrap()
    }

    fn settings(server: &Server) -> NarratorSettings {
        let url = Some(server.url());
        NarratorSettings { url, model: "tiny-1".to_owned(), ..NarratorSettings::default() }
    }

    #[tokio::test]
    async fn an_endpoint_that_answers_is_fine_and_the_cost_is_told() {
        let check = checked(vec![Step::stream(&reply("ready", 21))]).await;
        assert!(check.fine, "{check:?}");
        assert!(check.lines[0].contains("“tiny-1”"));
        assert!(check.lines[1].contains("cost 21 tokens"), "{check:?}");
        assert!(
            check.lines[2].contains("up to 10000 tokens (8000 of research, 1200 of text)"),
            "{check:?}"
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_gives_no_reason_for_an_end_is_fine() {
        let body = r#"{"choices":[{"message":{"content":"ready"}}]}"#;
        let check = checked(vec![Step::status(200, &[], body)]).await;
        assert!(check.fine, "{check:?}");
    }

    #[tokio::test]
    async fn a_check_asks_in_the_roles_of_a_chapter_and_adapts_like_one() {
        let refused = Step::status(400, &[], "Only user and assistant roles are supported!");
        let server = Server::start(vec![refused, Step::stream(&reply("ready", 21))]).await;
        let check = check(&settings(&server)).await.unwrap();
        assert!(check.fine && check.lines[1].contains("without the role system"), "{check:?}");
        let roles = |body: &Value| {
            let messages = body["messages"].as_array().cloned().unwrap_or_default();
            messages.iter().map(|it| it["role"].clone()).collect::<Vec<_>>()
        };
        let seen = server.seen();
        assert_eq!(roles(&seen[0].body), ["system", "user"]);
        assert_eq!(roles(&seen[1].body), ["user"]);
    }

    #[tokio::test]
    async fn a_reply_of_thinking_alone_is_told() {
        for reason in ["stop", "length"] {
            let thinking = format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"<think>Hm\"}},\"finish_reason\":\"{reason}\"}}]}}\n\n"
            );
            let check = checked(vec![Step::stream(&[thinking])]).await;
            assert!(check.fine && check.lines[2].contains("was thinking"), "{reason}: {check:?}");
            assert!(check.lines[2].contains("chapter_tokens"), "{check:?}");
        }
        let check = checked(vec![Step::stream(&reply("ready", 21))]).await;
        assert!(!check.lines.iter().any(|line| line.contains("was thinking")), "{check:?}");
    }

    #[tokio::test]
    async fn a_wrong_name_is_told_with_the_right_ones() {
        let unknown = r#"{"error":{"message":"model 'tiny-1' not found"}}"#;
        let list = r#"{"object":"list","data":[{"id":"tiny-2"},{"id":"big"}]}"#;
        let steps = vec![Step::status(404, &[], unknown), Step::status(200, &[], list)];
        let check = checked(steps).await;
        assert!(!check.fine && check.lines[1].contains("[narrator_model]"), "{check:?}");
        assert_eq!(check.lines[3], "Its models: tiny-2, big.");
    }

    #[tokio::test]
    async fn one_failure_is_told_without_retries() {
        let server = Server::start(vec![Step::status(503, &[], "Loading model")]).await;
        let check = check(&settings(&server)).await.unwrap();
        assert!(!check.fine && check.lines[1].contains("Loading model"), "{check:?}");
        assert_eq!(server.seen().len(), 1);
    }

    #[tokio::test]
    async fn without_an_endpoint_there_is_nothing_to_call() {
        let check = check(&NarratorSettings::default()).await.unwrap();
        assert_eq!(check.lines, ["Stories are written by the built-in narrator."]);
    }

    #[test]
    fn models_are_listed_in_every_form() {
        let text = |list: Value| line(&list);
        assert_eq!(text(json!({"models": [{"name": "a\n"}]})).as_deref(), Some("Its models: a."));
        assert_eq!(text(json!(["a", "b"])).as_deref(), Some("Its models: a, b."));
        assert_eq!(text(json!({"data": []})).as_deref(), Some("The endpoint lists no models."));
        assert_eq!(text(json!({"error": "no"})), None);
        let many: Vec<Value> = (0..25).map(|i| json!({"id": i.to_string()})).collect();
        assert!(text(json!(many)).is_some_and(|line| line.ends_with("19, and 5 more.")));
    }
}
