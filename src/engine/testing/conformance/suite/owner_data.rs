//! What an owner has beside tasks and sessions, deleted as a whole.

use crate::engine::store::{AuditQuery, NewAudit, NewTask, NewToken, StoredToken};

use super::{
    super::fixture::{Fixture, KEEP, task},
    artifacts::{kept, upload},
};

const KNOWN: i64 = 1_000;
const HOUR: i64 = 3_600_000;

async fn ids(f: &Fixture, owner: &str) -> Vec<String> {
    let tokens = f.store.tokens(Some(owner)).await.unwrap().into_iter();
    tokens.map(|StoredToken { id, .. }| id).collect()
}

pub async fn the_tokens_of_an_owner_are_removed_but_one(f: &Fixture) {
    let add = async |id: &str, owner: &str, lifetime_ms| {
        let new = NewToken::new(id, id, owner).with(|new| new.lifetime_ms = lifetime_ms);
        f.store.add_token(&new).await.unwrap().expect("there is room");
    };
    for (id, owner) in [("a", "user:ada"), ("b", "user:ada"), ("c", "user:adam")] {
        add(id, owner, HOUR).await;
    }
    add("expired", "user:ada", 1).await;
    f.advance(1).await;
    let audit = NewAudit::new("ada", "password", "remove_token");
    let remove = async |but| f.store.remove_tokens_of("user:ada", but, Some(&audit)).await.unwrap();
    assert_eq!(remove(Some("b")).await, 2, "also the one that has expired");
    assert_eq!(ids(f, "user:ada").await, ["b"]);
    assert_eq!(remove(Some("b")).await, 0);
    assert_eq!(remove(None).await, 1);
    assert_eq!((ids(f, "user:ada").await.len(), ids(f, "user:adam").await.len()), (0, 1));
    assert_eq!(f.store.use_token("b").await.unwrap(), None);
    let query = AuditQuery::default().with(|query| query.limit = 10);
    assert_eq!(f.store.audit(&query).await.unwrap().len(), 2, "one each time that some were");
}

pub async fn the_uploads_of_an_owner_that_no_task_uses_are_deleted(f: &Fixture) {
    let used = kept(f, &upload(Some("ada"), "used"), 5).await.unwrap();
    let free = kept(f, &upload(Some("ada"), "free"), 5).await.unwrap();
    let open = upload(Some("ada"), "open");
    f.store.begin_artifact(&open).await.unwrap().unwrap();
    let other = kept(f, &upload(Some("bob"), "other"), 5).await.unwrap();
    let nobodys = kept(f, &upload(None, "nobody's"), 5).await.unwrap();
    let user = NewTask { uploads: vec![used.id.as_upload()], ..task() };
    f.queue(&user).await;
    assert_eq!(f.store.delete_uploads_of("ada").await.unwrap(), 2);
    assert_eq!(f.store.delete_uploads_of("ada").await.unwrap(), 0);
    let finished = f.store.finish_artifact(&open, 5, "00ff").await.unwrap();
    assert!(finished.is_err(), "it can no longer be completed");
    for (upload, is_there) in [(&used, true), (&free, false), (&other, true), (&nobodys, true)] {
        let found = f.store.upload(upload.id.as_upload()).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{}", upload.name);
    }
    let mut due = f.store.mark_artifacts_deleted(10, HOUR).await.unwrap();
    due.sort();
    let mut expected = [free.id, open.id];
    expected.sort();
    assert_eq!(due, expected, "their bytes are removed");
    assert_eq!(f.store.delete_uploads_of("").await.unwrap(), 0);
}

pub async fn the_titles_of_an_owners_expired_tasks_are_cleared(f: &Fixture) {
    let mut expired = Vec::new();
    for owner in ["ada", "ada", "ada", "bob"] {
        let row = f.queue(&NewTask { owner: Some(owner.to_owned()), ..task() }).await;
        f.store.request_cancel(row.id, owner, None).await.unwrap();
        expired.push(row.id);
    }
    f.advance(KEEP).await;
    f.store.clean(10, KNOWN).await.unwrap();
    assert_eq!(f.store.clear_tombstones_of("ada", 2).await.unwrap(), 2);
    assert_eq!(f.store.clear_tombstones_of("ada", 2).await.unwrap(), 1);
    assert_eq!(f.store.clear_tombstones_of("ada", 2).await.unwrap(), 0);
    for (index, id) in expired.into_iter().enumerate() {
        let over = f.store.tombstone(id).await.unwrap().expect("its owner may learn of it");
        let is_cleared = (over.title.is_empty(), over.deleted_at.is_some());
        assert_eq!(is_cleared, if index < 3 { (true, true) } else { (false, false) });
    }
    f.advance(KNOWN).await;
    assert_eq!(f.store.clean(10, KNOWN).await.unwrap().forgotten, 4, "no later than before");
}
