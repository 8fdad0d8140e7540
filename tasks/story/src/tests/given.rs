//! Stories from research that is given at their start, as a text or as a file.

use std::io;

use milepost::{engine::ServiceError, task::UploadId};

use super::*;

const BREAD: &str = "# Bread\n\n## Dough\n\nThe dough rises because the yeast breathes. It takes a night.\n\n## Oven\n\nThe oven is hot. The crust sings.";

impl House {
    async fn given(&self, input: serde_json::Value) -> Result<TaskId, ServiceError> {
        let mut all = serde_json::json!({ "subject": "tides", "player": "Ada" });
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        let started = self.service.start(&self.ada, StartTask::new("story", all), None).await;
        started.map(|started| started.receipt.id)
    }

    async fn upload(&self, bytes: &[u8]) -> UploadId {
        let pieces = futures_util::stream::iter([io::Result::Ok(bytes.to_vec().into())]);
        self.service.upload(&self.ada, "bread.md", None, None, pieces).await.unwrap().id
    }

    /// The field and the words of a refusal.
    async fn refused(&self, input: serde_json::Value) -> (String, String) {
        let error = self.given(input).await.unwrap_err();
        let mut errors = Problem::from(error).errors;
        let error = errors.remove(0);
        (error.field, error.detail)
    }
}

#[tokio::test]
async fn given_research_is_told_and_replaces_no_file() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    let upload = house.upload(format!("\u{feff}{BREAD}").as_bytes()).await;
    let mut stories = Vec::new();
    for input in [serde_json::json!({ "research": BREAD }), serde_json::json!({ "file": upload })] {
        let id = house.given(input).await.unwrap();
        let snapshot = house.end(id).await;
        assert_eq!(snapshot.status, Status::Completed, "{snapshot:#?}");
        stories.push(house.result(id).await);
    }
    assert!(stories[0].starts_with("# Bread\n\n*A story for Ada in 2 chapters*\n\n## Dough\n"));
    assert!(stories[0].contains("because the yeast breathes"), "{}", stories[0]);
    assert_eq!(stories[0], stories[1]);
    assert!(!house.file("story.md").exists(), "the subject's own story is another one");
    house.engine.shutdown().await;
}

#[tokio::test]
async fn given_research_needs_no_folder_and_is_other_work() {
    let house = House::new(5.0, NarratorSettings::default()).await;
    let of = |research: &str| serde_json::json!({ "subject": "bread", "research": research });
    let first = house.given(of(BREAD)).await.unwrap();
    assert_eq!(house.given(of(BREAD)).await.unwrap(), first, "the same work is under way");
    assert_ne!(house.given(of(&format!("{BREAD} It cools."))).await.unwrap(), first);
    assert_ne!(house.start().await, first);
    house.engine.shutdown().await;
}

#[tokio::test]
async fn research_that_cannot_be_told_is_refused_at_its_field() {
    let settings = StorySettings { max_research_bytes: 300_000, ..StorySettings::default() };
    let house = House::with(settings, NarratorSettings::default()).await;
    let text = |research: &str| serde_json::json!({ "research": research });
    let (field, detail) = house.refused(text("# Only a title")).await;
    assert_eq!(field, "research");
    assert_eq!(detail, "the text has no sentence in it; write at least one");
    let (_, detail) = house.refused(text(&"a".repeat(200_001))).await;
    assert!(detail.contains("200001 characters, at most 200000 are allowed; give it as a file"));
    let (_, detail) = house.refused(text(&"é".repeat(150_001))).await;
    assert!(detail.contains("300002 bytes, at most 300000 are allowed"), "{detail}");
    let upload = house.upload(BREAD.as_bytes()).await;
    let both = serde_json::json!({ "research": BREAD, "file": upload });
    assert_eq!(house.refused(both).await.0, "file");
    // A blank text is none: the subject has a file.
    house.given(text(" \n")).await.unwrap();
    house.engine.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_no_text_fails_with_what_would_be_right() {
    let settings = StorySettings { max_research_bytes: 100, ..StorySettings::default() };
    let house = House::with(settings, NarratorSettings::default()).await;
    for (bytes, code, words) in [
        (&b"one\ntwo\nthr\xe9e"[..], "research_encoding", "bread.md is not UTF-8: line 3"),
        (&[b'a'; 101], "research_too_large", "bread.md has more than 100 bytes"),
        (b"", "research_empty", "write at least one sentence"),
    ] {
        let upload = house.upload(bytes).await;
        let id = house.given(serde_json::json!({ "file": upload })).await.unwrap();
        let failure = house.end(id).await.error.unwrap();
        assert_eq!(failure.code, code);
        assert!(failure.message.contains(words), "{failure:?}");
    }
    house.engine.shutdown().await;
}

#[tokio::test]
async fn the_start_form_suggests_the_subjects_that_are_there() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    let suggested = house.service.suggestions(&house.ada, "story").await;
    let tides = suggested.iter().map(|it| (it.field.as_str(), it.value.as_str(), it.note.as_str()));
    assert_eq!(tides.collect::<Vec<_>>(), [("subject", "tides", "Tides, 1 KB")]);
    assert!(house.service.suggestions(&house.ada, "other").await.is_empty());
    house.engine.shutdown().await;
}
