//! Share links of tasks and batches.

use uuid::Uuid;

use super::super::fixture::{Fixture, task};
use crate::{
    engine::store::{AddedShare, NewShare, NewTask, ShareSubject, StoredShare},
    task::{BatchId, TaskId},
};

const HOUR: i64 = 3_600_000;
const KNOWN: i64 = 90 * 24 * HOUR;

fn new(subject: ShareSubject, hash: &str) -> NewShare {
    NewShare::new(format!("id of {hash}"), hash, subject).with(|share| {
        share.may_cancel = true;
        share.created_by = Some("user:ada".to_owned());
        share.max_shares = 2;
    })
}

async fn add(f: &Fixture, subject: ShareSubject, hash: &str) -> StoredShare {
    let added = f.store.add_share(&new(subject, hash)).await.unwrap();
    let AddedShare::Stored(share) = added else { panic!("{hash}: {added:?}") };
    share
}

async fn queued(f: &Fixture) -> ShareSubject {
    ShareSubject::Task(f.queue(&task()).await.id)
}

async fn batch(f: &Fixture, tasks: u32) -> (ShareSubject, Vec<TaskId>) {
    let id = BatchId::from_uuid(Uuid::new_v4());
    let new: Vec<_> =
        (0..tasks).map(|index| NewTask { batch: Some((id, index)), ..task() }).collect();
    f.store.insert_all(&new).await.unwrap();
    (ShareSubject::Batch(id), new.into_iter().map(|new| new.id).collect())
}

pub async fn a_share_link_is_found_by_its_hash_until_it_expires(f: &Fixture) {
    for (subject, hash) in [(queued(f).await, "h1"), (batch(f, 1).await.0, "h2")] {
        let share = add(f, subject, hash).await;
        assert_eq!((share.subject, share.may_cancel), (subject, true));
        assert_eq!(share.expires_at - share.created_at, HOUR);
        assert_eq!(share.created_by.as_deref(), Some("user:ada"));
        assert_eq!(f.store.share(hash).await.unwrap(), Some(share.clone()));
        assert_eq!(f.store.shares(subject).await.unwrap(), [share]);
    }
    for wrong in ["", "h3", "H1", "id of h1", "' OR 1=1 --"] {
        assert_eq!(f.store.share(wrong).await.unwrap(), None, "{wrong}");
    }
    f.advance(HOUR - 1).await;
    assert!(f.store.share("h1").await.unwrap().is_some());
    f.advance(1).await;
    assert_eq!(f.store.share("h1").await.unwrap(), None);
}

pub async fn a_task_has_so_many_share_links_and_each_is_revoked_by_itself(f: &Fixture) {
    let subject = queued(f).await;
    let first = add(f, subject, "h1").await;
    f.advance(1).await;
    let second = add(f, subject, "h2").await;
    assert_eq!(f.store.add_share(&new(subject, "h3")).await.unwrap(), AddedShare::TooMany);
    let other = queued(f).await;
    let elsewhere = add(f, other, "h4").await;
    assert_eq!(f.store.shares(subject).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(
        f.store.remove_share(other, &first.id, None).await.unwrap(),
        None,
        "of another task"
    );
    assert_eq!(
        f.store.remove_share(subject, &first.id, None).await.unwrap().as_deref(),
        Some("h1")
    );
    assert_eq!(f.store.remove_share(subject, &first.id, None).await.unwrap(), None);
    assert_eq!(f.store.share("h1").await.unwrap(), None);
    assert_eq!(f.store.shares(subject).await.unwrap(), [second]);
    assert_eq!(f.store.shares(other).await.unwrap(), [elsewhere]);
    // What has expired takes no room.
    add(f, subject, "h5").await;
    f.advance(2 * HOUR).await;
    add(f, subject, "h6").await;
}

pub async fn a_share_link_goes_with_what_it_leads_to(f: &Fixture) {
    let id = f.queue(&task()).await.id;
    add(f, ShareSubject::Task(id), "h1").await;
    assert!(f.store.delete(id, KNOWN, None).await.unwrap());
    assert_eq!(f.store.share("h1").await.unwrap(), None);
    let gone = f.store.add_share(&new(ShareSubject::Task(id), "h2")).await.unwrap();
    assert_eq!(gone, AddedShare::NoSubject);
    let (subject, tasks) = batch(f, 2).await;
    add(f, subject, "h3").await;
    assert!(f.store.delete(tasks[0], KNOWN, None).await.unwrap());
    assert!(f.store.share("h3").await.unwrap().is_some(), "one task is left");
    assert!(f.store.delete(tasks[1], KNOWN, None).await.unwrap());
    assert_eq!(f.store.share("h3").await.unwrap(), None);
    let gone = f.store.add_share(&new(subject, "h4")).await.unwrap();
    assert_eq!(gone, AddedShare::NoSubject);
}

pub async fn a_share_link_goes_with_a_batch_that_expires(f: &Fixture) {
    let id = BatchId::from_uuid(Uuid::new_v4());
    let new_task = NewTask { batch: Some((id, 0)), keep_ms: Some(1_000), ..task() };
    f.store.insert_all(&[new_task]).await.unwrap();
    add(f, ShareSubject::Batch(id), "h1").await;
    let lasting = queued(f).await;
    add(f, lasting, "h2").await;
    f.store.cancel_queued_of(id, "owner", None).await.unwrap();
    f.advance(1_000).await;
    f.store.clean(10, KNOWN).await.unwrap();
    assert_eq!(f.store.share("h1").await.unwrap(), None);
    assert!(f.store.share("h2").await.unwrap().is_some());
    f.advance(HOUR).await;
    f.store.clean(10, KNOWN).await.unwrap();
    assert_eq!(f.store.share("h2").await.unwrap(), None);
}
