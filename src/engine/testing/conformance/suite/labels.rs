//! Tags, notes, and tasks that start later.

use super::super::fixture::{Fixture, START, task};
use crate::{
    engine::store::{LabelChange, ListQuery, NewTask, Row},
    task::Status,
};

fn tagged(tags: &[&str]) -> NewTask {
    NewTask { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..task() }
}

async fn listed(f: &Fixture, query: ListQuery) -> Vec<Row> {
    f.store.list(&query).await.unwrap()
}

fn with_tag(tag: &str) -> ListQuery {
    ListQuery {
        owner: "ada".to_owned(),
        tag: Some(tag.to_owned()),
        limit: 10,
        ..ListQuery::default()
    }
}

pub async fn tags_and_a_note_stay_with_their_task(f: &Fixture) {
    let row = f.queue(&tagged(&["night", "für Ada, \"quoted\""])).await;
    assert_eq!(row.labels.tags, ["night", "für Ada, \"quoted\""]);
    assert_eq!(f.get(row.id).await.labels, row.labels);
    let note = LabelChange { note: Some("asked for\nby Ada".to_owned()), ..LabelChange::default() };
    let noted = f.store.set_labels(row.id, &note, None).await.unwrap().expect("the task");
    assert_eq!(noted.labels.tags, row.labels.tags, "a note changes no tag");
    assert_eq!(noted.labels.note.as_deref(), Some("asked for\nby Ada"));
    assert!(noted.version > row.version);
    let same = f.store.set_labels(row.id, &note, None).await.unwrap().expect("the task");
    assert_eq!(same.version, noted.version, "nothing changed");
    let claimed = f.claim("w", 1).await.remove(0);
    assert_eq!(claimed.labels, noted.labels);
    let tags = LabelChange { tags: Some(vec!["day".to_owned()]), ..LabelChange::default() };
    let running = f.store.set_labels(row.id, &tags, None).await.unwrap().expect("the task");
    assert_eq!(running.version, claimed.version, "a run counts its own versions");
    assert_eq!(running.labels.tags, ["day"]);
    assert!(listed(f, with_tag("night")).await.is_empty());
    assert_eq!(listed(f, with_tag("day")).await.len(), 1);
    let none = LabelChange { tags: Some(Vec::new()), note: Some(String::new()) };
    let bare = f.store.set_labels(row.id, &none, None).await.unwrap().expect("the task");
    assert!(bare.labels.is_empty());
    assert!(f.store.set_labels(task().id, &none, None).await.unwrap().is_none());
}

pub async fn lists_are_filtered_by_a_tag(f: &Fixture) {
    let mut ids = Vec::new();
    for n in 0..3 {
        f.advance(1).await;
        ids.push(f.queue(&tagged(&["night", if n == 1 { "odd" } else { "even" }])).await.id);
    }
    f.queue(&task()).await;
    f.queue(&NewTask { owner: Some("bob".to_owned()), ..tagged(&["night"]) }).await;
    let found =
        async |query| -> Vec<_> { listed(f, query).await.into_iter().map(|row| row.id).collect() };
    assert_eq!(found(with_tag("night")).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(found(with_tag("odd")).await, [ids[1]]);
    for absent in ["nigh", "Night", "%", "", "a\0b"] {
        assert!(found(with_tag(absent)).await.is_empty(), "{absent:?}");
    }
    let first = listed(f, ListQuery { limit: 2, ..with_tag("night") }).await;
    let before = first.last().map(|row| (row.created_at, row.id));
    assert_eq!(found(ListQuery { before, ..with_tag("night") }).await, [ids[0]]);
    f.store.request_cancel(ids[1], "owner", None).await.unwrap();
    let cancelled = ListQuery { status: Some(Status::Cancelled), ..with_tag("night") };
    assert_eq!(found(cancelled).await, [ids[1]]);
    let other = ListQuery { kind: Some("other".to_owned()), ..with_tag("night") };
    assert!(found(other).await.is_empty());
    let titled = ListQuery { q: Some("LIGHT".to_owned()), ..with_tag("even") };
    assert_eq!(found(titled).await, [ids[2], ids[0]]);
    let examined = ListQuery { examine: Some(1), limit: 1, ..with_tag("night") };
    let last = f.store.last_examined(&examined).await.unwrap();
    assert_eq!(last.map(|(_, id)| id), Some(ids[2]));
}

pub async fn a_task_starts_at_its_time_and_not_before(f: &Fixture) {
    let later = NewTask { run_at: Some(START + 60_000), ..task() };
    let row = f.queue(&later).await;
    assert_eq!((row.run_at, row.created_at), (START + 60_000, START));
    assert_eq!(f.get(row.id).await.run_at, START + 60_000);
    let past = f.queue(&NewTask { run_at: Some(START - 1), ..task() }).await;
    assert_eq!(past.run_at, START, "a time in the past is now");
    assert_eq!(f.store.queue("story", 10).await.unwrap(), [past.id]);
    let counts = f.store.unfinished().await.unwrap().remove(0);
    assert_eq!((counts.waiting, counts.scheduled, counts.running), (1, 1, 0));
    f.advance(59_999).await;
    assert_eq!(f.store.unfinished().await.unwrap()[0].oldest_ms, 59_999);
    assert_eq!(f.claim("w", 5).await.len(), 1);
    let counts = f.store.unfinished().await.unwrap().remove(0);
    assert_eq!((counts.scheduled, counts.running, counts.oldest_ms), (1, 1, 0));
    assert!(f.claim("w", 5).await.is_empty());
    f.advance(1).await;
    assert_eq!(f.claim("w", 5).await.len(), 1);
}

pub async fn a_task_that_waits_for_its_time_can_start_now(f: &Fixture) {
    let row = f.queue(&NewTask { run_at: Some(START + 60_000), ..task() }).await;
    let now = f.store.start_now(row.id, None).await.unwrap().expect("the task");
    assert_eq!((now.run_at, now.status), (START, Status::Queued));
    assert!(now.version > row.version);
    let again = f.store.start_now(row.id, None).await.unwrap().expect("the task");
    assert_eq!(again.version, now.version, "it may start already");
    let claimed = f.claim("w", 5).await.remove(0);
    let running = f.store.start_now(row.id, None).await.unwrap().expect("the task");
    assert_eq!((running.status, running.version), (Status::Running, claimed.version));
    assert!(f.store.start_now(task().id, None).await.unwrap().is_none());
}
