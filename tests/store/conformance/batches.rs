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
