//! `milepost::testing`: one task without an engine.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::Artifacts,
    prelude::*,
    task::LogStream,
    testing::{Report, TestEnding, TestError, TestRun},
};

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Does {
    Everything,
    Fails,
    IgnoresCancel,
    Hangs,
    SaysItsAttempt,
    IsRefused,
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Tested {
    does: Does,
}

impl Task for Tested {
    const KIND: &'static str = "tested";
    const TITLE: &'static str = "Tested";
    const DESCRIPTION: &'static str = "Is tested.";
    const MAKES_FILES: bool = true;
    type Deps = &'static str;

    fn title(&self) -> String {
        "A test".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::new([("First", 1.0), ("Second", 2.0)])
    }

    async fn check(&self, _: &Self::Deps) -> Check {
        match self.does {
            Does::IsRefused => Err(ValidationError::field("does", "no")),
            _ => Ok(()),
        }
    }

    async fn run(self, ctx: Context, deps: Arc<Self::Deps>) -> Result<Output, TaskError> {
        match self.does {
            Does::Everything => everything(&ctx, &deps).await,
            Does::Fails => Err(TaskError::retry("later", "try later")),
            Does::IgnoresCancel => {
                ctx.message("here");
                std::future::pending().await
            }
            Does::Hangs => std::future::pending().await,
            Does::SaysItsAttempt => Ok(Output::markdown(ctx.attempt().to_string(), "attempt.md")),
            Does::IsRefused => Err(TaskError::fail("ran", "a refused task was run")),
        }
    }
}

async fn everything(ctx: &Context, deps: &str) -> Result<Output, TaskError> {
    ctx.stage(0).await?;
    ctx.progress(0.5);
    ctx.message(deps);
    ctx.log("a line");
    ctx.checkpoint("at", &7).await?;
    ctx.preserved("half");
    ctx.check()?;
    ctx.stage(1).await?;
    ctx.progress_unknown();
    ctx.save_file("a.txt", None, &b"abc"[..]).await?;
    Ok(Output::markdown("done".to_owned(), "done.md"))
}

fn with_files() -> EngineOptions {
    EngineOptions::default().with(|o| o.artifacts = Some(Artifacts::in_memory()))
}

#[tokio::test]
async fn everything_that_a_task_reports_is_there_in_order() {
    let run = TestRun::new(Tested { does: Does::Everything }, "hello");
    let outcome = run.engine_options(with_files()).run().await.unwrap();
    assert_eq!(outcome.output().unwrap().bytes, b"done");
    let (last, before) = outcome.reports.split_last().unwrap();
    assert_eq!(
        before,
        [
            Report::Stage(0),
            Report::Progress(0.5),
            Report::Message("hello".to_owned()),
            Report::Log(LogStream::Task, "a line".to_owned()),
            Report::Checkpoint("at".to_owned()),
            Report::Preserved("half".to_owned()),
            Report::Stage(1),
            Report::ProgressUnknown,
        ]
    );
    assert!(matches!(last, Report::File(file) if file.name == "a.txt"), "{last:?}");
    assert_eq!(outcome.files().await.len(), 1);
    assert_eq!(outcome.file("a.txt").await.unwrap(), b"abc");
    assert_eq!(outcome.file("b.txt").await, None);
    assert_eq!(outcome.checkpoint::<u32>("at"), Some(7));
    assert_eq!(outcome.checkpoint::<String>("at"), None, "another type");
    assert_eq!((&*outcome.title, outcome.stages.len()), ("A test", 2));
}

#[tokio::test]
async fn a_cancel_comes_exactly_at_the_report_that_was_named() {
    let run = TestRun::new(Tested { does: Does::Everything }, "");
    let run = run.cancel_when(|report| matches!(report, Report::Checkpoint(_)));
    let outcome = run.run().await.unwrap();
    assert_eq!(outcome.ending, TestEnding::Cancelled);
    assert_eq!(outcome.reports.last(), Some(&Report::Preserved("half".to_owned())));
    assert_eq!(outcome.checkpoint::<u32>("at"), Some(7));
}

#[tokio::test]
async fn a_run_that_resumes_is_the_next_attempt() {
    let run = TestRun::new(Tested { does: Does::Everything }, "");
    let cancelled = run.cancel_when(|report| *report == Report::Stage(0)).run().await.unwrap();
    let run = TestRun::new(Tested { does: Does::SaysItsAttempt }, "");
    let resumed = run.checkpoint("more", &"x").resume(&cancelled).run().await.unwrap();
    assert_eq!(resumed.output().unwrap().bytes, b"2");
    assert_eq!(resumed.checkpoint::<String>("more").as_deref(), Some("x"));
    let third = TestRun::new(Tested { does: Does::SaysItsAttempt }, "").attempt(3);
    assert_eq!(third.run().await.unwrap().output().unwrap().bytes, b"3");
}

#[tokio::test]
async fn an_error_of_the_task_is_an_ending_and_a_refused_input_is_none() {
    let failed = TestRun::new(Tested { does: Does::Fails }, "").run().await.unwrap();
    assert_eq!(failed.ending, TestEnding::Failed(TaskError::retry("later", "try later")));
    for input in [serde_json::json!({ "does": "is_refused" }), serde_json::json!({ "does": 1 })] {
        let refused = TestRun::<Tested>::from_json(input, "").run().await;
        let Err(TestError::Invalid(error)) = refused else { panic!("it was run") };
        assert_eq!(error.errors[0].field, "does");
    }
}

/// Real time: the store has threads, so that paused time would run away from it.
#[tokio::test]
async fn a_run_that_does_not_stop_ends_nevertheless() {
    let options = KindOptions::default().with(|o| o.cancel_grace = Duration::from_millis(1));
    let run = TestRun::new(Tested { does: Does::IgnoresCancel }, "").options(options.clone());
    let forced = run.cancel_when(|_| true).run().await.unwrap();
    assert_eq!(forced.ending, TestEnding::Forced);
    let options = options.with(|o| o.timeout = Duration::from_millis(1));
    let late = TestRun::new(Tested { does: Does::Hangs }, "").options(options).run().await;
    assert_eq!(late.unwrap().ending, TestEnding::TimedOut);
}
