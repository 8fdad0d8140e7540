//! What a browser's anonymous session owns becomes its user's.

use super::{
    super::fixture::{Fixture, task},
    artifacts::{kept, upload},
};
use crate::{
    engine::store::{Inserted, ListQuery, NewTask, NewUserSession, SessionLifetime, UsageOf},
    task::TaskId,
};

const ANONYMOUS: &str = "session:00ff";
const ADA: &str = "user:ada";

fn of(owner: &str) -> NewTask {
    task().with(|new| new.owner = Some(owner.to_owned()))
}

/// Ada signs in with the browser that has the anonymous session.
async fn sign_in(f: &Fixture, hash: &str) {
    f.store.add_user("ada", "hash", None).await.unwrap();
    let ada = f.store.user("ada").await.unwrap().unwrap();
    let new = NewUserSession::new(hash, hash, &ada, SessionLifetime::new(1_000, 1_000));
    let new = new.with(|new| new.take_over = Some(ANONYMOUS.to_owned()));
    assert!(f.store.add_user_session(&new).await.unwrap().is_ok());
}

async fn listed(f: &Fixture, owner: &str, tag: Option<&str>) -> Vec<TaskId> {
    let query = ListQuery {
        owner: owner.to_owned(),
        tag: tag.map(str::to_owned),
        limit: 10,
        ..ListQuery::default()
    };
    f.store.list(&query).await.unwrap().into_iter().map(|row| row.id).collect()
}

pub async fn what_a_browser_owns_becomes_its_users(f: &Fixture) {
    let key = Some(("key".to_owned(), "request".to_owned()));
    let file = upload(Some(ANONYMOUS), "u.csv");
    let uploaded = kept(f, &file, 5).await.unwrap().id.as_upload();
    let mine = of(ANONYMOUS).with(|new| {
        new.tags = vec!["night".to_owned()];
        new.idempotency = key.clone();
        new.uploads = vec![uploaded];
    });
    let mine = f.queue(&mine).await;
    let running = f.claim("w", 1).await.remove(0);
    assert_eq!(running.id, mine.id);
    let deleted = f.queue(&of(ANONYMOUS)).await;
    f.store.delete(deleted.id, 1_000_000, None).await.unwrap();
    let others = f.queue(&of("session:11")).await;
    let before = f.store.usage(&UsageOf::Account(ANONYMOUS.to_owned())).await.unwrap();

    sign_in(f, "h1").await;

    let row = f.get(mine.id).await;
    assert_eq!((row.owner.as_deref(), row.status), (Some(ADA), running.status));
    assert_eq!(listed(f, ADA, Some("night")).await, [mine.id]);
    assert!(listed(f, ANONYMOUS, None).await.is_empty());
    assert_eq!(listed(f, "session:11", None).await, [others.id]);
    let tombstone = f.store.tombstone(deleted.id).await.unwrap().unwrap();
    assert_eq!(tombstone.owner.as_deref(), Some(ADA));
    assert_eq!(f.store.uploads_of(ADA, None, 5).await.unwrap().len(), 1);
    assert_eq!(f.store.usage(&UsageOf::Account(ADA.to_owned())).await.unwrap(), before);
    let left = f.store.usage(&UsageOf::Account(ANONYMOUS.to_owned())).await.unwrap();
    assert_eq!((left.rows, left.files), (0, 0));
    // The same start, sent again by the user, leads to the same task.
    let again = of(ADA).with(|new| new.idempotency = key);
    let again = f.store.insert(&again).await.unwrap();
    assert!(matches!(&again, Inserted::SameKey(row) if row.id == mine.id), "{again:?}");
    // There is nothing left for the next time.
    sign_in(f, "h2").await;
    assert_eq!(listed(f, ADA, None).await, [mine.id]);
}

pub async fn work_that_the_user_has_under_way_already_does_not_prevent_a_take_over(f: &Fixture) {
    let twice = |owner: &str| {
        of(owner).with(|new| {
            new.unique_key = Some("lighthouse".to_owned());
            new.idempotency = Some(("key".to_owned(), "request".to_owned()));
        })
    };
    let (own, anonymous) = (f.queue(&twice(ADA)).await, f.queue(&twice(ANONYMOUS)).await);
    sign_in(f, "h1").await;
    let mut both = listed(f, ADA, None).await;
    both.sort();
    let mut expected = vec![own.id, anonymous.id];
    expected.sort();
    assert_eq!(both, expected);
    let again = f.store.insert(&twice(ADA)).await.unwrap();
    assert!(matches!(&again, Inserted::SameKey(row) if row.id == own.id), "{again:?}");
}

pub async fn who_may_not_sign_in_takes_nothing_over(f: &Fixture) {
    let anonymous = f.queue(&of(ANONYMOUS)).await;
    f.store.add_user("ada", "hash", None).await.unwrap();
    let ada = f.store.user("ada").await.unwrap().unwrap();
    f.store.set_disabled("ada", true, None).await.unwrap();
    let new = NewUserSession::new("i", "h", &ada, SessionLifetime::new(1_000, 1_000));
    let new = new.with(|new| new.take_over = Some(ANONYMOUS.to_owned()));
    assert!(f.store.add_user_session(&new).await.unwrap().is_err());
    assert_eq!(f.get(anonymous.id).await.owner.as_deref(), Some(ANONYMOUS));
}
