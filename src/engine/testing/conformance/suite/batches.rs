//! Tasks that are started together.

use crate::{
    engine::store::{AllInserted, Ending, Inserted, NewTask, Row},
    task::{BatchId, Status},
};
use uuid::Uuid;

use super::super::fixture::{Fixture, KEEP, result, task};
use super::runs::report;

fn batch(tasks: u32) -> (BatchId, Vec<NewTask>) {
    let id = BatchId::from_uuid(Uuid::new_v4());
    (id, (0..tasks).map(|place| NewTask { batch: Some((id, place)), ..task() }).collect())
}

async fn tasks_of(f: &Fixture, id: BatchId) -> Vec<Row> {
    let rows = f.store.batch(id, None, None, 1_000).await.unwrap();
    rows.into_iter().map(|(_, row)| row).collect()
}

pub async fn a_batch_is_read_in_its_order(f: &Fixture) {
    let (id, new) = batch(5);
    // Others are not in it, alone or together.
    f.queue(&task()).await;
    f.store.insert_all(&batch(2).1).await.unwrap();
    let AllInserted::Queued(rows) = f.store.insert_all(&new).await.unwrap() else {
        panic!("the batch was not queued")
    };
    let ids: Vec<_> = new.iter().map(|task| task.id).collect();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids);
    assert!(rows.iter().all(|row| row.batch == Some(id)));
    assert_eq!(tasks_of(f, id).await, rows);
    assert_eq!(f.claim("w", 9).await.len(), 8, "they wait like any other");
}

pub async fn batches_are_listed_by_owner_newest_first_with_their_counts(f: &Fixture) {
    let of = |owner: &str, tasks| {
        let (id, mut new) = batch(tasks);
        new.iter_mut().for_each(|task| task.owner = Some(owner.to_owned()));
        (id, new)
    };
    let (mut ids, mut first) = (Vec::new(), None);
    for tasks in [3, 1, 2] {
        let (id, new) = of("ada", tasks);
        f.store.insert_all(&new).await.unwrap();
        first.get_or_insert(new[0].id);
        ids.insert(0, id);
        f.advance(5).await;
    }
    f.store.insert_all(&of("bob", 1).1).await.unwrap();
    f.queue(&NewTask { owner: Some("ada".to_owned()), ..task() }).await;
    f.store.request_cancel(first.unwrap(), "owner", None).await.unwrap().unwrap();
    let rows = f.store.batches("ada", None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids);
    let counts: Vec<_> = rows.iter().map(|row| (row.tasks, row.unfinished, row.failed)).collect();
    assert_eq!(counts, [(2, 2, 0), (1, 1, 0), (3, 2, 0)]);
    assert_eq!(rows[0].kind, task().kind);
    let page = f.store.batches("ada", None, 2).await.unwrap();
    assert_eq!(page, rows[..2]);
    let before = Some((page[1].created_at, page[1].id));
    assert_eq!(f.store.batches("ada", before, 2).await.unwrap(), rows[2..]);
    assert_eq!(f.store.batches("eve", None, 2).await.unwrap(), []);
}

pub async fn an_unknown_batch_is_empty(f: &Fixture) {
    assert_eq!(tasks_of(f, batch(0).0).await, []);
}

pub async fn one_task_that_cannot_be_queued_keeps_out_the_whole_batch(f: &Fixture) {
    let (id, mut new) = batch(3);
    let twin = NewTask { unique_key: Some("lighthouse".to_owned()), ..task() };
    f.queue(&twin).await;
    new[2].unique_key = twin.unique_key.clone();
    let outcome = f.store.insert_all(&new).await.unwrap();
    let AllInserted::Not(2, inserted) = outcome else { panic!("got {outcome:?}") };
    let Inserted::UnderWay(row) = *inserted else { panic!("got {inserted:?}") };
    assert_eq!(row.id, twin.id);
    assert_eq!(tasks_of(f, id).await, []);
    assert_eq!(f.store.counts().await.unwrap(), (1, 0));
}

pub async fn a_batch_that_is_too_long_for_the_queue_is_not_begun(f: &Fixture) {
    let (id, mut new) = batch(3);
    for task in &mut new {
        task.max_queued = 2;
    }
    let outcome = f.store.insert_all(&new).await.unwrap();
    let AllInserted::Not(2, inserted) = outcome else { panic!("got {outcome:?}") };
    assert!(matches!(*inserted, Inserted::Full(2)), "got {inserted:?}");
    assert_eq!(tasks_of(f, id).await, []);
    assert_eq!(f.store.counts().await.unwrap(), (0, 0));
}

/// A batch whose tasks are claimed in their order.
fn ordered(tasks: i32) -> (BatchId, Vec<NewTask>) {
    let (id, mut new) = batch(tasks.unsigned_abs());
    (0..).zip(&mut new).for_each(|(index, task): (i32, _)| task.priority = -index);
    (id, new)
}

pub async fn a_batch_is_counted_and_read_page_by_page(f: &Fixture) {
    let (id, new) = ordered(7);
    f.store.insert_all(&new).await.unwrap();
    let counts = f.store.batch_counts(id).await.unwrap().unwrap();
    assert_eq!((counts.owner.as_deref(), &*counts.kind), (Some("ada"), "story"));
    assert_eq!((&counts.by_status[..], counts.progress), (&[(Status::Queued, 7)][..], 0.0));
    let running = f.claim("w", 3).await;
    f.store.finish(running[0].id, running[0].run_seq, &Ending::Completed(result())).await.unwrap();
    f.store.save_progress(&[report(&running[1], running[1].version + 1, 0.5)]).await.unwrap();
    let later = f.store.batch_counts(id).await.unwrap().unwrap();
    let mut by_status = later.by_status.clone();
    by_status.sort_by_key(|(_, tasks)| *tasks);
    let expected = [(Status::Completed, 1), (Status::Running, 2), (Status::Queued, 4)];
    assert_eq!((&by_status[..], later.progress), (&expected[..], 1.5));
    assert!(later.versions > counts.versions);

    let page = async |status, after, limit| {
        let rows = f.store.batch(id, status, after, limit).await.unwrap();
        rows.into_iter().map(|(index, row)| (index, row.id)).collect::<Vec<_>>()
    };
    let of = |index: u32| (index, new[index as usize].id);
    assert_eq!(page(None, None, 2).await, [of(0), of(1)]);
    assert_eq!(page(None, Some(1), 9).await, [of(2), of(3), of(4), of(5), of(6)]);
    assert_eq!(page(Some(Status::Queued), None, 2).await, [of(3), of(4)]);
    assert_eq!(page(Some(Status::Queued), Some(4), 9).await, [of(5), of(6)]);
    assert_eq!(page(Some(Status::Error), None, 9).await, []);
    // An expired task is in no count and on no page.
    f.advance(KEEP).await;
    // Counts go by this process's idea of the clock.
    f.store.now_ms().await.unwrap();
    let counts = f.store.batch_counts(id).await.unwrap().unwrap();
    assert_eq!(counts.by_status.iter().map(|(_, tasks)| tasks).sum::<u32>(), 6);
    assert_eq!(page(None, None, 1).await, [of(1)]);
    assert_eq!(f.store.batch_counts(batch(1).0).await.unwrap(), None);
}

pub async fn what_waits_of_a_batch_is_cancelled_at_once(f: &Fixture) {
    let (id, new) = ordered(4);
    f.store.insert_all(&new).await.unwrap();
    let (other, others) = batch(2);
    let running = f.claim("w", 1).await.remove(0);
    f.store.insert_all(&others).await.unwrap();
    assert!(f.store.save_checkpoint(running.id, running.run_seq, "k", "1").await.unwrap());
    let rows = f.store.cancel_queued_of(id, "owner", None).await.unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    ids.sort();
    let mut expected: Vec<_> = new[1..].iter().map(|task| task.id).collect();
    expected.sort();
    assert_eq!(ids, expected);
    for row in &rows {
        assert_eq!(
            (row.status, row.cancel.as_ref().map(|(_, by)| &**by)),
            (Status::Cancelled, Some("owner"))
        );
        assert_eq!(f.get(row.id).await, *row);
    }
    assert_eq!(f.get(running.id).await.status, Status::Running);
    assert_eq!(f.store.checkpoint(running.id, "k").await.unwrap().as_deref(), Some("1"));
    let counts = f.store.batch_counts(other).await.unwrap().unwrap();
    assert_eq!(counts.by_status, [(Status::Queued, 2)]);
    assert_eq!(f.store.cancel_queued_of(id, "owner", None).await.unwrap(), []);
}
