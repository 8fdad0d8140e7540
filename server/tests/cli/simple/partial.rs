//! What is finished so far, in the status of a running task.

use super::Calls;
use crate::fixture::Place;

#[tokio::test]
async fn a_story_under_way_has_its_finished_chapters() {
    let place = Place::with_research();
    let server = place.serve(&[], &[("MILEPOST_STORY_WORDS_PER_SECOND", "150")]).await;
    let calls = Calls::new(&server);
    let task = calls.story("Ada").await;
    let path = format!("/api/status/{task}");
    let partial = loop {
        let (_, answer) = calls.get(&path).await;
        assert_ne!(answer["status"], "completed", "it had no chapter before: {answer}");
        match answer["partial"].as_str() {
            Some(text) if text.contains("\n## ") => break text.to_owned(),
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(partial.starts_with("# "), "{partial}");
    let done = calls.until(&path, "completed").await;
    assert!(done.get("partial").is_none(), "{done}");
    assert!(done["result"].as_str().unwrap().starts_with(partial.trim_end()), "{partial}");
}
