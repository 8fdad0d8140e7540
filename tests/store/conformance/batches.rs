//! Tasks that are started together.

use milepost::{
    engine::store::{AllInserted, Inserted, NewTask},
    task::BatchId,
};
use uuid::Uuid;

use crate::fixture::{Fixture, task};

fn batch(tasks: u32) -> (BatchId, Vec<NewTask>) {
    let id = BatchId::from_uuid(Uuid::new_v4());
    (id, (0..tasks).map(|place| NewTask { batch: Some((id, place)), ..task() }).collect())
}

pub(crate) async fn a_batch_is_read_in_its_order(f: &Fixture) {
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
    assert_eq!(f.store.batch(id).await.unwrap(), rows);
    assert_eq!(f.claim("w", 9).await.len(), 8, "they wait like any other");
}

pub(crate) async fn batches_are_listed_by_owner_newest_first_with_their_counts(f: &Fixture) {
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
    f.store.request_cancel(first.unwrap(), "owner").await.unwrap().unwrap();
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

pub(crate) async fn an_unknown_batch_is_empty(f: &Fixture) {
    assert_eq!(f.store.batch(batch(0).0).await.unwrap(), []);
}

pub(crate) async fn one_task_that_cannot_be_queued_keeps_out_the_whole_batch(f: &Fixture) {
    let (id, mut new) = batch(3);
    let twin = NewTask { unique_key: Some("lighthouse".to_owned()), ..task() };
    f.queue(&twin).await;
    new[2].unique_key = twin.unique_key.clone();
    let outcome = f.store.insert_all(&new).await.unwrap();
    let AllInserted::Not(2, inserted) = outcome else { panic!("got {outcome:?}") };
    let Inserted::UnderWay(row) = *inserted else { panic!("got {inserted:?}") };
    assert_eq!(row.id, twin.id);
    assert_eq!(f.store.batch(id).await.unwrap(), []);
    assert_eq!(f.store.counts().await.unwrap(), (1, 0));
}

pub(crate) async fn a_batch_that_is_too_long_for_the_queue_is_not_begun(f: &Fixture) {
    let (id, mut new) = batch(3);
    for task in &mut new {
        task.max_queued = 2;
    }
    let outcome = f.store.insert_all(&new).await.unwrap();
    let AllInserted::Not(2, inserted) = outcome else { panic!("got {outcome:?}") };
    assert!(matches!(*inserted, Inserted::Full(2)), "got {inserted:?}");
    assert_eq!(f.store.batch(id).await.unwrap(), []);
    assert_eq!(f.store.counts().await.unwrap(), (0, 0));
}
