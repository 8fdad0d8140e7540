//! What operators see and steer.

use super::super::fixture::{Fixture, START, result, task};
use crate::{
    engine::store::{
        AllTasksQuery, Claim, Ending, HourCount, HourEvent, NewTask, PauseScope, Row, Worker,
    },
    task::Status,
};

async fn claim(f: &Fixture, worker: &str, name: &str) -> Vec<Row> {
    let kinds = vec![("story".to_owned(), 5), ("other".to_owned(), 5)];
    let claim = Claim::new(worker, 30_000, kinds, 5).with(|claim| claim.worker = name.to_owned());
    f.store.claim(&claim).await.unwrap()
}

pub async fn a_paused_kind_is_taken_by_nobody_until_it_is_resumed(f: &Fixture) {
    f.store.pause(PauseScope::Kind, "story", None).await.unwrap();
    f.store.pause(PauseScope::Kind, "story", None).await.unwrap();
    f.queue(&task()).await;
    f.queue(&NewTask { kind: "other".to_owned(), ..task() }).await;
    let claimed = claim(f, "w", "a").await;
    assert_eq!(claimed.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["other"]);
    assert!(claim(f, "v", "b").await.is_empty());
    let pauses = f.store.pauses().await.unwrap();
    assert_eq!((pauses.len(), pauses[0].name.as_str(), pauses[0].paused_at), (1, "story", START));
    assert!(f.store.resume(PauseScope::Kind, "story", None).await.unwrap());
    assert!(!f.store.resume(PauseScope::Kind, "story", None).await.unwrap());
    assert_eq!(claim(f, "v", "b").await.len(), 1);
}

pub async fn a_paused_worker_takes_nothing_and_others_go_on(f: &Fixture) {
    f.queue(&task()).await;
    f.store.pause(PauseScope::Worker, "a", None).await.unwrap();
    f.store.pause(PauseScope::Kind, "a", None).await.unwrap();
    assert!(claim(f, "w", "a").await.is_empty());
    assert_eq!(claim(f, "v", "b").await.len(), 1);
    f.store.resume(PauseScope::Worker, "a", None).await.unwrap();
    f.queue(&task()).await;
    assert_eq!(claim(f, "w", "a").await.len(), 1);
}

pub async fn workers_report_and_are_forgotten(f: &Fixture) {
    let worker = |id: &str, name: &str| {
        let (id, name) = (id.to_owned(), name.to_owned());
        Worker::default().with(|worker| {
            (worker.id, worker.name) = (id, name);
            worker.version = "1.2.3".to_owned();
            (worker.started_at, worker.concurrency) = (START, 8);
        })
    };
    f.store.report_worker(&worker("w", "b")).await.unwrap();
    f.running("w").await;
    f.running("w").await;
    f.queue(&NewTask { kind: "other".to_owned(), ..task() }).await;
    assert_eq!(claim(f, "w", "b").await.len(), 1);
    f.advance(1_000).await;
    f.store.report_worker(&worker("v", "a")).await.unwrap();
    f.store.report_worker(&worker("w", "b")).await.unwrap();
    let workers = f.store.workers().await.unwrap();
    let seen: Vec<_> = workers
        .iter()
        .map(|it| (it.name.as_str(), it.seen_at - START, it.running.clone()))
        .collect();
    let runs =
        |kinds: &[(&str, u32)]| kinds.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
    assert_eq!(seen, [("a", 1_000, runs(&[])), ("b", 1_000, runs(&[("other", 1), ("story", 2)]))]);
    f.store.forget_worker("v").await.unwrap();
    assert_eq!(f.store.workers().await.unwrap().len(), 1);
    f.advance(2 * 86_400_000).await;
    f.store.report_worker(&worker("u", "c")).await.unwrap();
    assert_eq!(f.store.workers().await.unwrap().len(), 1, "one that was lost");
}

pub async fn counts_of_hours_add_up_and_are_forgotten(f: &Fixture) {
    let hour = START / 3_600_000;
    let count = |hour, event, tasks| HourCount::new(hour, "story".to_owned(), event, tasks);
    f.store.add_hour_counts(&[]).await.unwrap();
    f.store
        .add_hour_counts(&[
            count(hour, HourEvent::Started, 2),
            count(hour, HourEvent::Error, 1),
            count(hour - 1, HourEvent::Started, 5),
        ])
        .await
        .unwrap();
    f.store.add_hour_counts(&[count(hour, HourEvent::Started, 3)]).await.unwrap();
    let counts = f.store.hour_counts(hour).await.unwrap();
    let seen: Vec<_> = counts.iter().map(|count| (count.event, count.tasks)).collect();
    assert_eq!(seen, [(HourEvent::Error, 1), (HourEvent::Started, 5)]);
    f.advance(10 * 86_400_000).await;
    f.store.add_hour_counts(&[count(hour + 240, HourEvent::Completed, 1)]).await.unwrap();
    assert_eq!(f.store.hour_counts(0).await.unwrap().len(), 1);
}

pub async fn tasks_of_all_owners_are_found_by_what_is_asked_for(f: &Fixture) {
    let failed = f.running("w").await;
    let message = "The Paper ran out".to_owned();
    let ending = Ending::Failed { code: "x".into(), message, retryable: false };
    f.store.finish(failed.id, failed.run_seq, &ending).await.unwrap().unwrap();
    f.advance(10).await;
    let done = f.running("w").await;
    f.store.finish(done.id, done.run_seq, &Ending::Completed(result())).await.unwrap().unwrap();
    f.advance(10).await;
    let bobs = NewTask {
        owner: Some("bob".to_owned()),
        tags: vec!["night".to_owned()],
        input: r#"{"where":"The Quiet cove"}"#.to_owned(),
        ..task()
    };
    let queued = f.queue(&bobs).await;
    let page = |change: fn(&mut AllTasksQuery)| {
        AllTasksQuery::default().with(|query| {
            (query.limit, query.examine) = (10, 100);
            change(query);
        })
    };
    let found = async |query: AllTasksQuery| -> Vec<_> {
        f.store.list_all(&query).await.unwrap().rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(found(page(|_| {})).await, [queued.id, done.id, failed.id]);
    let statuses = page(|query| query.statuses = vec![Status::Error, Status::Queued]);
    assert_eq!(found(statuses).await, [queued.id, failed.id]);
    assert_eq!(found(page(|query| query.statuses = vec![Status::Queued])).await, [queued.id]);
    assert_eq!(found(page(|query| query.q = Some("PAPER".to_owned()))).await, [failed.id]);
    assert_eq!(found(page(|query| query.q = Some("lighthouse".to_owned()))).await.len(), 3);
    let quiet = AllTasksQuery { q: Some("quiet".to_owned()), ..page(|_| {}) };
    assert!(found(quiet.clone()).await.is_empty(), "an input is searched only if asked for");
    let inputs = page(|query| query.search_inputs = true);
    assert_eq!(found(AllTasksQuery { q: quiet.q, ..inputs.clone() }).await, [queued.id]);
    assert_eq!(found(inputs).await.len(), 3, "without words it leaves nothing out");
    assert_eq!(found(page(|query| query.owner = Some("bo".to_owned()))).await, [queued.id]);
    assert_eq!(found(page(|query| query.tag = Some("night".to_owned()))).await, [queued.id]);
    assert!(found(page(|query| query.kind = Some("other".to_owned()))).await.is_empty());
    assert_eq!(found(page(|query| query.since = Some(START + 10))).await, [queued.id, done.id]);
    for q in ["%", "_", "a\0b"] {
        let query = AllTasksQuery { q: Some(q.to_owned()), ..page(|_| {}) };
        assert!(found(query).await.is_empty(), "{q:?}");
    }
    let first = AllTasksQuery { limit: 1, examine: 2, ..page(|_| {}) };
    let all = f.store.list_all(&first).await.unwrap();
    assert_eq!((all.rows[0].id, all.examined_to.map(|(_, id)| id)), (queued.id, Some(done.id)));
    let rest = AllTasksQuery { before: all.examined_to, ..page(|_| {}) };
    assert_eq!(found(rest).await, [failed.id]);
    let accounts = f.store.busiest_accounts(5).await.unwrap();
    let seen: Vec<_> = accounts.iter().map(|it| (it.account.as_str(), it.queued)).collect();
    assert_eq!(seen, [("bob", 1)]);
    let running = f.claim("w", 5).await.remove(0);
    assert_eq!(f.store.longest_running(5).await.unwrap()[0].id, running.id);
}

pub async fn a_users_name_is_matched_whole_and_a_sessions_id_by_its_beginning(f: &Fixture) {
    for owner in ["user:bo", "user:bob", "user:bo", "5e55", "5e55bb"] {
        f.queue(&NewTask { owner: Some(owner.to_owned()), ..task() }).await;
        f.advance(1).await;
    }
    for (asked, owners) in [
        ("user:bo", &["user:bo", "user:bo"][..]),
        ("user:bob", &["user:bob"]),
        ("user:b", &[]),
        ("5e5", &["5e55bb", "5e55"]),
        ("user", &["user:bo", "user:bob", "user:bo"]),
    ] {
        // Page by page: a row that does not match takes no place on a page.
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let query = AllTasksQuery::default().with(|query| {
                query.owner = Some(asked.to_owned());
                (query.limit, query.examine, query.before) = (1, 100, before);
            });
            let Some(row) = f.store.list_all(&query).await.unwrap().rows.pop() else { break };
            before = Some((row.created_at, row.id));
            found.push(row.owner.unwrap());
        }
        assert_eq!(found, owners, "{asked}");
    }
}
