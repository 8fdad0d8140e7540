//! The queue: starts, lists, and who gets what.

use crate::{
    engine::store::{Ending, Inserted, ListQuery, NewTask, StoredInput},
    task::{Status, TaskId},
};
use uuid::Uuid;

use super::super::fixture::{Fixture, START, result, task};

pub async fn a_task_comes_back_as_it_was_queued(f: &Fixture) {
    let new = NewTask { sealed: Some("c2VhbGVk".to_owned()), ..task() };
    let queued = f.queue(&new).await;
    let read = f.get(new.id).await;
    assert_eq!(read, queued);
    assert_eq!((read.id, read.owner, read.kind), (new.id, new.owner, new.kind));
    assert_eq!((read.title, read.stages), (new.title, new.stages));
    let sealed = new.sealed.clone();
    let input = StoredInput { text: new.input, sealed, ..StoredInput::default() };
    assert_eq!(f.store.input(new.id).await.unwrap(), Some(input));
    assert_eq!((read.status, read.attempt, read.max_attempts), (Status::Queued, 0, 3));
    assert_eq!((read.created_at, read.updated_at, read.run_at), (START, START, START));
    assert_eq!((read.progress, read.error, read.cancel, read.result), (None, None, None, None));
}

pub async fn an_unknown_task_is_absent(f: &Fixture) {
    let id = TaskId::from_uuid(Uuid::new_v4());
    assert_eq!(f.store.get(id).await.unwrap(), None);
    assert_eq!(f.store.input(id).await.unwrap(), None);
    assert_eq!(f.store.result(id).await.unwrap(), None);
    assert_eq!(f.store.checkpoint(id, "a").await.unwrap(), None);
    assert_eq!(f.store.log(id, 0, 10).await.unwrap(), vec![]);
    assert_eq!(f.store.request_cancel(id, "ada", None).await.unwrap(), None);
}

pub async fn the_same_key_leads_to_the_same_task(f: &Fixture) {
    let mut first = task();
    first.idempotency = Some(("key".to_owned(), "hash".to_owned()));
    f.queue(&first).await;
    let mut second = task();
    second.idempotency = first.idempotency.clone();
    let Inserted::SameKey(row) = f.store.insert(&second).await.unwrap() else {
        panic!("the key was not recognised")
    };
    assert_eq!(row.id, first.id);
    assert_eq!(f.store.get(second.id).await.unwrap(), None);
}

pub async fn a_start_is_found_again_by_its_key(f: &Fixture) {
    let mut new = task();
    new.idempotency = Some(("key".to_owned(), "hash".to_owned()));
    let row = f.queue(&new).await;
    let find =
        async |owner, key, request_hash| f.store.started(owner, key, request_hash).await.unwrap();
    assert_eq!(find("ada", "key", "hash").await.map(|row| row.id), Some(row.id));
    for (owner, key, request_hash) in
        [("bob", "key", "hash"), ("", "key", "hash"), ("ada", "kez", "hash"), ("ada", "key", "p")]
    {
        assert_eq!(find(owner, key, request_hash).await, None, "{owner} {key} {request_hash}");
    }
}

pub async fn a_key_is_not_reused_for_another_start(f: &Fixture) {
    let mut first = task();
    first.idempotency = Some(("key".to_owned(), "hash".to_owned()));
    f.queue(&first).await;
    let mut second = task();
    second.idempotency = Some(("key".to_owned(), "another".to_owned()));
    assert!(matches!(f.store.insert(&second).await.unwrap(), Inserted::KeyReused));
}

pub async fn keys_of_two_owners_do_not_meet(f: &Fixture) {
    for owner in [Some("ada"), Some("bob"), None] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        new.idempotency = Some(("key".to_owned(), "hash".to_owned()));
        new.unique_key = Some("lighthouse".to_owned());
        f.queue(&new).await;
    }
}

pub async fn the_same_work_is_not_under_way_twice(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    for _ in 0..2 {
        let mut second = task();
        second.unique_key = first.unique_key.clone();
        let Inserted::UnderWay(row) = f.store.insert(&second).await.unwrap() else {
            panic!("the same work was queued twice")
        };
        assert_eq!(row.id, first.id);
        // Also while it runs.
        f.claim("w", 1).await;
    }
}

pub async fn the_same_work_can_follow_an_ended_one(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    f.store.request_cancel(first.id, "ada", None).await.unwrap();
    let mut second = task();
    second.unique_key = first.unique_key.clone();
    f.queue(&second).await;
}

pub async fn a_dying_task_is_not_in_the_way_of_the_next(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    f.claim("w", 1).await;
    f.store.request_cancel(first.id, "ada", None).await.unwrap();
    let mut second = task();
    second.unique_key = first.unique_key.clone();
    f.queue(&second).await;
    f.store.finish(first.id, 1, &Ending::Released).await.unwrap();
    assert_eq!(f.get(first.id).await.status, Status::Cancelled);
}

pub async fn a_key_that_led_to_work_under_way_leads_there_for_ever(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    let mut second = task();
    second.unique_key = first.unique_key.clone();
    second.idempotency = Some(("key".to_owned(), "hash".to_owned()));
    assert!(matches!(f.store.insert(&second).await.unwrap(), Inserted::UnderWay(_)));
    f.store.request_cancel(first.id, "ada", None).await.unwrap();
    // The answer was lost, and the client asks again after the end.
    let Inserted::SameKey(row) = f.store.insert(&second).await.unwrap() else {
        panic!("the same start began another task")
    };
    assert_eq!(row.id, first.id);
}

pub async fn a_secret_is_made_once(f: &Fixture) {
    let secret = f.store.secret("session").await.unwrap();
    assert_eq!(f.store.secret("session").await.unwrap(), secret);
    assert_ne!(f.store.secret("other").await.unwrap(), secret);
    assert_ne!(secret, [0; 32]);
}

pub async fn a_full_queue_takes_no_more(f: &Fixture) {
    let mut new = task();
    new.max_queued = 2;
    for _ in 0..2 {
        new.id = TaskId::from_uuid(Uuid::new_v4());
        f.queue(&new).await;
    }
    new.id = TaskId::from_uuid(Uuid::new_v4());
    assert!(matches!(f.store.insert(&new).await.unwrap(), Inserted::Full(2)));
    f.advance(1).await;
    // Another owner has a queue of his own, and a started task waits no more.
    f.queue(&NewTask { owner: Some("bob".to_owned()), ..task() }).await;
    f.claim("w", 1).await;
    f.queue(&new).await;
}

pub async fn the_oldest_task_is_claimed_first(f: &Fixture) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(f.queue(&task()).await.id);
        f.advance(10).await;
    }
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.push(f.claim("w", 1).await[0].id);
    }
    assert_eq!(claimed, ids);
    assert!(f.claim("w", 1).await.is_empty());
}

pub async fn an_owner_with_a_long_queue_does_not_starve_another(f: &Fixture) {
    let queue = async |owner: Option<&str>| {
        f.advance(1).await;
        f.queue(&NewTask { owner: owner.map(str::to_owned), max_queued: 1_000, ..task() }).await.id
    };
    let mut ada = Vec::new();
    for _ in 0..300 {
        ada.push(queue(Some("ada")).await);
    }
    let mut bob = vec![queue(Some("bob")).await];
    let nobody = queue(None).await;
    bob.push(queue(Some("bob")).await);
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(f.claim("w", 1).await[0].id);
    }
    assert_eq!(order, [ada[0], bob[0], nobody, ada[1], bob[1], ada[2]]);
    // Who has none running goes before whoever has three.
    let carol = queue(Some("carol")).await;
    assert_eq!(f.claim("w", 2).await.iter().filter(|row| row.id == carol).count(), 1);
}

pub async fn a_priority_orders_its_owners_tasks_and_nobody_elses(f: &Fixture) {
    let queue = async |owner: &str, priority: i32| {
        f.advance(1).await;
        f.queue(&NewTask { owner: Some(owner.to_owned()), priority, ..task() }).await.id
    };
    let (low, normal) = (queue("ada", -1).await, queue("ada", 0).await);
    let bob = queue("bob", 0).await;
    let high = queue("ada", 1).await;
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(f.claim("w", 1).await[0].id);
    }
    assert_eq!(order, [bob, high, normal, low]);
}

pub async fn the_queue_is_told_in_the_order_in_which_it_is_claimed(f: &Fixture) {
    for n in 0..12 {
        f.advance(1).await;
        let owner = ["ada", "bob", "carol"][n * n % 7 % 3].to_owned();
        let priority = [0, 1, -1, 0][n % 4];
        f.queue(&NewTask { owner: Some(owner), priority, ..task() }).await;
    }
    let mut snapshot = f.store.queue("story", 100).await.unwrap();
    assert_eq!(snapshot.len(), 12);
    assert_eq!(f.store.queue("story", 2).await.unwrap(), snapshot[..2]);
    while !snapshot.is_empty() {
        assert_eq!(f.claim("w", 1).await[0].id, snapshot.remove(0));
        assert_eq!(f.store.queue("story", 100).await.unwrap(), snapshot);
    }
}

pub async fn no_more_is_claimed_than_there_are_places(f: &Fixture) {
    for _ in 0..5 {
        f.queue(&task()).await;
    }
    assert_eq!(f.claim("w", 2).await.len(), 2);
    assert_eq!(f.claim("w", 10).await.len(), 3);
    assert_eq!(f.claim("w", 0).await.len(), 0);
}

pub async fn a_claim_is_the_next_attempt_with_a_fence(f: &Fixture) {
    let row = f.running("w").await;
    assert_eq!((row.status, row.attempt, row.run_seq), (Status::Running, 1, 1));
    assert_eq!((row.started_at, row.heartbeat_at), (Some(START), Some(START)));
    assert_eq!(f.get(row.id).await, row);
}

/// While others are just taking the first rows a claim may find less than there is; what is left it
/// finds at its next.
pub async fn two_workers_never_get_one_task(f: &Fixture) {
    for _ in 0..40 {
        f.queue(&task()).await;
    }
    let until_none_is_left = async |worker: &str| {
        let mut mine = Vec::new();
        while f.store.counts().await.unwrap().0 > 0 {
            mine.extend(f.claim(worker, 20).await.into_iter().map(|row| row.id));
        }
        mine
    };
    let (a, b, c, d) = tokio::join!(
        until_none_is_left("a"),
        until_none_is_left("b"),
        until_none_is_left("c"),
        until_none_is_left("d")
    );
    let mut ids: Vec<TaskId> = [a, b, c, d].concat();
    assert_eq!(ids.len(), 40);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

fn of(owner: &str) -> ListQuery {
    ListQuery { owner: owner.to_owned(), limit: 10, ..ListQuery::default() }
}

pub async fn lists_are_the_owners_newest_first(f: &Fixture) {
    let mut ids = Vec::new();
    for owner in [Some("ada"), Some("bob"), None, Some("ada")] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        ids.push(f.queue(&new).await.id);
        f.advance(1).await;
    }
    let listed = f.store.list(&of("ada")).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), vec![ids[3], ids[0]]);
    assert!(f.store.list(&of("")).await.unwrap().is_empty());
}

pub async fn a_title_is_found_however_it_is_written(f: &Fixture) {
    for title in ["Story: Ägypten", "Story: A\u{308}gyptens Straße", "Story: agypten"] {
        f.queue(&NewTask { title: title.to_owned(), ..task() }).await;
    }
    for (q, found) in [
        ("ägypten", 2),
        ("ÄGYPTEN", 2),
        ("a\u{308}gypten", 2),
        ("STRASSE", 1),
        ("straße", 1),
        ("story", 3),
        ("agypten", 1),
        ("\u{308}", 0),
    ] {
        let query = ListQuery {
            q: Some(q.to_owned()),
            limit: 9,
            owner: "ada".to_owned(),
            ..ListQuery::default()
        };
        assert_eq!(f.store.list(&query).await.unwrap().len(), found, "{q}");
    }
}

pub async fn lists_are_filtered_and_paged(f: &Fixture) {
    for n in 0..5 {
        let mut new = task();
        new.title = format!("Story 100% {n}_x");
        f.queue(&new).await;
    }
    f.claim("w", 2).await;
    let count = async |query: ListQuery| f.store.list(&query).await.unwrap().len();
    assert_eq!(count(ListQuery { status: Some(Status::Running), ..of("ada") }).await, 2);
    assert_eq!(count(ListQuery { kind: Some("dataset".to_owned()), ..of("ada") }).await, 0);
    assert_eq!(count(ListQuery { q: Some("STORY 100% 3_".to_owned()), ..of("ada") }).await, 1);
    assert_eq!(count(ListQuery { q: Some("100_".to_owned()), ..of("ada") }).await, 0);
    // All were queued in the same millisecond: the id decides, and no page repeats or skips one.
    let mut seen = Vec::new();
    let mut query = ListQuery { limit: 2, ..of("ada") };
    loop {
        let page = f.store.list(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.before = Some((last.created_at, last.id));
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 5);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

pub async fn the_newest_of_a_key_is_found(f: &Fixture) {
    let mut ids = Vec::new();
    for owner in [Some("ada"), None, Some("ada")] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        new.lookup_key = Some("lighthouse".to_owned());
        ids.push(f.queue(&new).await.id);
        f.store.request_cancel(new.id, "x", None).await.unwrap();
        f.advance(1).await;
    }
    let newest =
        async |owner, key| f.store.newest(owner, "story", key).await.unwrap().map(|row| row.id);
    assert_eq!(newest("ada", "lighthouse").await, Some(ids[2]));
    assert_eq!(newest("", "lighthouse").await, Some(ids[1]));
    assert_eq!(newest("bob", "lighthouse").await, None);
    assert_eq!(newest("", "sourdough").await, None);
}

pub async fn counts_are_right(f: &Fixture) {
    for _ in 0..5 {
        f.queue(&task()).await;
    }
    assert_eq!(f.store.waiting_kinds().await.unwrap(), [task().kind]);
    let claimed = f.claim("w", 3).await;
    f.store.request_cancel(claimed[0].id, "ada", None).await.unwrap();
    f.store.finish(claimed[1].id, 1, &Ending::Completed(result())).await.unwrap();
    assert_eq!(f.store.counts().await.unwrap(), (2, 2));
}

pub async fn a_search_examines_a_limited_number_of_tasks_and_goes_on_behind_them(f: &Fixture) {
    let mut ids = Vec::new();
    for n in 0..7 {
        f.advance(1).await;
        let (title, kind) =
            if n == 1 { ("An Ägypten tour", "tour") } else { ("A story", "story") };
        let new = NewTask { title: title.to_owned(), kind: kind.to_owned(), ..task() };
        ids.push(f.queue(&new).await.id);
    }
    let (examine, q) = (Some(3), Some("ägypten".to_owned()));
    let words = ListQuery { q, examine, ..of("ada") };
    let by_kind = ListQuery { kind: Some("tour".to_owned()), ..words.clone() };
    let both = ListQuery { status: Some(Status::Queued), q: None, ..by_kind.clone() };
    for (mut query, pages) in [(words, 2), (by_kind, 0), (both, 2)] {
        let mut empty = 0;
        let found = loop {
            let found = f.store.list(&query).await.unwrap();
            let next = f.store.last_examined(&query).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            empty += 1;
            assert!(next.is_some_and(|next| query.before.is_none_or(|before| next < before)));
            query.before = next;
        };
        assert_eq!((found.len(), found[0].id), (1, ids[1]), "{query:?}");
        assert_eq!(empty, pages - i32::from(pages > 0), "{query:?}");
    }
    // Without words or a second filter the index alone tells what belongs to the list.
    let query = ListQuery { kind: Some("tour".to_owned()), examine, ..of("ada") };
    assert_eq!(f.store.list(&query).await.unwrap().len(), 1);
    assert_eq!(f.store.last_examined(&query).await.unwrap(), None);
}
