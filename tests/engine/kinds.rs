//! Kinds that are known at run time only, and what becomes of their tasks when they change.

use std::sync::Arc;

use async_trait::async_trait;
use milepost::{
    engine::{
        Context, DynamicKind, DynamicTask, Output, Prepared, ServiceError, Stages, TaskError,
        ValidationError, store::StoredInput,
    },
    task::{KindInfo, StartTask, Status, TaskId},
};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Gates, engine_at, folder, is, kind, quick, reopened};

/// Says what it is made of.
struct Saying {
    version: &'static str,
    gates: Gates,
}

#[async_trait]
impl DynamicTask for Saying {
    async fn prepare(&self, input: Value) -> Result<Prepared, ValidationError> {
        let Some(word) = input["word"].as_str() else {
            return Err(ValidationError::field("word", "is required"));
        };
        Ok(Prepared::new(input.to_string(), format!("Saying {word}"), Stages::none()))
    }

    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError> {
        self.gates.open("started");
        ctx.until_cancelled(self.gates.pass("go")).await?;
        Ok(Output::markdown(format!("{} {}", self.version, input.text), "said.md"))
    }
}

fn saying(word: &str, version: &'static str, f: &Fixture) -> DynamicKind {
    let task = Saying { version, gates: f.gates.clone() };
    let info = KindInfo::new(word, version, "", json!({"type": "object"}));
    let options = kind().with(|o| {
        o.concurrency = 1;
        o.max_attempts = 1;
        o.resume = false;
    });
    DynamicKind::new(info, options, Arc::new(task))
}

async fn start(f: &Fixture, kind: &str) -> Result<TaskId, ServiceError> {
    let start = StartTask::new(kind, json!({"word": "hello"}));
    Ok(f.service.start(&f.ada, start, None).await?.receipt.id)
}

fn words(f: &Fixture) -> Vec<String> {
    f.service.kinds().into_iter().map(|kind| kind.kind).collect()
}

#[tokio::test]
async fn a_kind_that_is_known_at_run_time_only_is_started_checked_and_run() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("say", "one", &f)]).await.unwrap();
    assert_eq!(words(&f), ["scripted", "say"]);
    let wrong = f.service.start(&f.ada, StartTask::new("say", json!({})), None).await;
    assert!(
        matches!(wrong, Err(ServiceError::Refused(refusal)) if refusal.errors[0].field == "word")
    );
    let id = start(&f, "say").await.unwrap();
    f.gates.open("go");
    let done = f.ended(id).await;
    assert_eq!((done.status, done.title.as_str()), (Status::Completed, "Saying hello"));
    assert_eq!(f.result_text(id).await.unwrap(), r#"one {"word":"hello"}"#);
}

#[tokio::test]
async fn a_typed_kind_keeps_its_word() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("scripted", "one", &f)]).await.unwrap();
    assert_eq!(words(&f), ["scripted"]);
    assert_eq!(f.service.kind("scripted").unwrap().title, "Scripted");
}

#[tokio::test]
async fn replaced_kinds_leave_running_tasks_alone_and_run_those_that_wait() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("say", "one", &f)]).await.unwrap();
    let running = start(&f, "say").await.unwrap();
    f.gates.pass("started").await;
    let waiting = start(&f, "say").await.unwrap();
    f.engine.replace_dynamic_kinds(vec![saying("say", "two", &f)]).await.unwrap();
    f.gates.open("go");
    f.gates.open("go");
    assert_eq!(f.ended(running).await.status, Status::Completed);
    assert!(f.result_text(running).await.unwrap().starts_with("one "));
    assert_eq!(f.ended(waiting).await.status, Status::Completed);
    assert!(f.result_text(waiting).await.unwrap().starts_with("two "));
}

#[tokio::test]
async fn a_task_whose_kind_is_taken_away_fails_with_the_reason_and_a_running_one_goes_on() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("say", "one", &f)]).await.unwrap();
    let running = start(&f, "say").await.unwrap();
    f.gates.pass("started").await;
    let waiting = start(&f, "say").await.unwrap();
    f.engine.replace_dynamic_kinds(Vec::new()).await.unwrap();
    assert!(matches!(start(&f, "say").await, Err(ServiceError::UnknownKind(_))));
    f.gates.open("go");
    assert_eq!(f.ended(running).await.status, Status::Completed);
    let failed = f.ended(waiting).await;
    assert_eq!(failed.error.expect("an error").code, "kind_removed");
    assert_eq!(words(&f), ["scripted"], "it is in no list");
}

#[tokio::test]
async fn a_task_whose_kind_the_next_process_does_not_know_fails_with_the_reason() {
    let (_folder, path) = folder();
    let idle = quick().with(|o| o.worker = false);
    let f = engine_at(&path, idle, kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("say", "one", &f)]).await.unwrap();
    let id = start(&f, "say").await.unwrap();
    f.engine.shutdown().await;
    drop(f);
    let f = reopened(&path).await;
    assert_eq!(f.ended(id).await.error.expect("an error").code, "kind_removed");
}

#[tokio::test]
async fn work_that_must_not_be_done_twice_fails_when_the_server_stops() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    f.engine.replace_dynamic_kinds(vec![saying("say", "one", &f)]).await.unwrap();
    let id = start(&f, "say").await.unwrap();
    f.until(id, is(Status::Running)).await;
    f.gates.pass("started").await;
    f.engine.shutdown().await;
    drop(f);
    let f = reopened(&path).await;
    let failed = f.get(id).await;
    assert_eq!(failed.status, Status::Error);
    assert_eq!(failed.error.expect("an error").code, "interrupted");
}
