//! The rows of files: never more than the truth, and never bytes without a row.

use crate::{
    engine::store::{
        Artifact, ArtifactId, Ending, Inserted, NewArtifact, NewTask, Row, Source, WriteRejected,
    },
    task::{TaskId, UploadId},
};

use super::super::fixture::{Fixture, KEEP, LEASE, START, result, task};

const SILENCE: i64 = 900_000;
const DAY: i64 = 86_400_000;
const RETRY: i64 = 60_000;
const PRINT: &str = "00ff";

pub(super) fn of(row: &Row, name: &str) -> NewArtifact {
    let source = Source::Run { task_id: row.id, run_seq: row.run_seq };
    NewArtifact { source, ..upload(None, name) }
}

pub(super) fn upload(owner: Option<&str>, name: &str) -> NewArtifact {
    NewArtifact {
        id: ArtifactId::random(),
        source: Source::Upload { owner: owner.map(str::to_owned), client: None, keep_ms: DAY },
        name: name.to_owned(),
        media_type: "text/csv".to_owned(),
        silence_ms: SILENCE,
        max_files: 3,
        max_owner_bytes: 1_000,
        audit: None,
    }
}

pub(super) async fn kept(
    f: &Fixture,
    new: &NewArtifact,
    size: i64,
) -> Result<Artifact, WriteRejected> {
    f.store.begin_artifact(new).await.unwrap()?;
    f.store.renew_artifact(new, size).await.unwrap()?;
    f.store.finish_artifact(new, size, PRINT).await.unwrap()
}

async fn names(f: &Fixture, id: TaskId) -> Vec<String> {
    let files = f.store.artifacts_of(id).await.unwrap();
    files.into_iter().map(|file| file.name).collect()
}

async fn deleted(f: &Fixture) -> Vec<ArtifactId> {
    f.store.mark_artifacts_deleted(10, RETRY).await.unwrap()
}

fn with(uploads: &[UploadId]) -> NewTask {
    NewTask { uploads: uploads.to_vec(), ..task() }
}

pub async fn a_file_is_seen_once_it_is_whole(f: &Fixture) {
    let row = f.running("w").await;
    let new = of(&row, "b.csv");
    f.store.begin_artifact(&new).await.unwrap().unwrap();
    assert!(names(f, row.id).await.is_empty(), "its bytes are on their way");
    assert_eq!(f.store.artifact_of(row.id, "b.csv").await.unwrap(), None);
    f.advance(5).await;
    let file = f.store.finish_artifact(&new, 7, PRINT).await.unwrap().unwrap();
    assert_eq!((file.task_id, file.owner.as_deref()), (Some(row.id), Some("ada")));
    assert_eq!((file.name.as_str(), file.media_type.as_str()), ("b.csv", "text/csv"));
    assert_eq!((file.size, file.sha256.as_str()), (7, PRINT));
    assert_eq!((file.created_at, file.expires_at), (START, None));
    kept(f, &of(&row, "a.csv"), 1).await.unwrap();
    assert_eq!(names(f, row.id).await, ["a.csv", "b.csv"]);
    let read = f.store.artifact_of(row.id, "b.csv").await.unwrap().unwrap();
    assert_eq!((read.id, read.size), (new.id, 7));
    assert_eq!(f.store.artifact_of(row.id, "c.csv").await.unwrap(), None);
    assert_eq!(f.store.upload(new.id.as_upload()).await.unwrap(), None, "it is no upload");
}

pub async fn a_lost_run_keeps_no_file(f: &Fixture) {
    let row = f.running("w").await;
    let late = of(&row, "late.csv");
    f.store.begin_artifact(&late).await.unwrap().unwrap();
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    f.claim("x", 1).await;
    assert_eq!(kept(f, &of(&row, "new.csv"), 1).await, Err(WriteRejected::Lost));
    let finished = f.store.finish_artifact(&late, 1, PRINT).await.unwrap();
    assert_eq!(finished, Err(WriteRejected::Lost));
    assert!(names(f, row.id).await.is_empty());
    f.advance(SILENCE).await;
    assert_eq!(deleted(f).await, [late.id], "its bytes are not forgotten");
}

pub async fn a_name_is_used_once_in_a_run_and_replaced_by_the_next(f: &Fixture) {
    let row = f.running("w").await;
    let first = kept(f, &of(&row, "a").clone(), 1).await.unwrap();
    assert_eq!(kept(f, &of(&row, "a"), 1).await, Err(WriteRejected::Duplicate));
    kept(f, &of(&row, "b"), 2).await.unwrap();
    f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap();
    assert_eq!(names(f, row.id).await, ["a", "b"], "what was kept is not worked for twice");
    let row = f.claim("w", 1).await.remove(0);
    let new = of(&row, "a");
    f.store.begin_artifact(&new).await.unwrap().unwrap();
    assert_eq!(f.store.artifact_of(row.id, "a").await.unwrap().unwrap().id, first.id);
    f.store.finish_artifact(&new, 3, PRINT).await.unwrap().unwrap();
    assert_eq!(f.store.artifact_of(row.id, "a").await.unwrap().unwrap().id, new.id);
    assert_eq!(names(f, row.id).await, ["a", "b"]);
    assert_eq!(deleted(f).await, [first.id]);
}

pub async fn files_have_limits(f: &Fixture) {
    let row = f.running("w").await;
    for name in ["a", "b", "c"] {
        kept(f, &of(&row, name), 100).await.unwrap();
    }
    assert_eq!(kept(f, &of(&row, "d"), 1).await, Err(WriteRejected::TooMany));
    let ada = upload(Some("ada"), "u");
    f.store.begin_artifact(&ada).await.unwrap().unwrap();
    assert_eq!(f.store.renew_artifact(&ada, 700).await.unwrap(), Ok(()));
    assert_eq!(f.store.renew_artifact(&ada, 701).await.unwrap(), Err(WriteRejected::Full));
    let whole = f.store.finish_artifact(&ada, 701, PRINT).await.unwrap();
    assert_eq!(whole, Err(WriteRejected::Full));
    f.store.finish_artifact(&ada, 700, PRINT).await.unwrap().unwrap();
    assert_eq!(kept(f, &upload(Some("ada"), "u"), 1).await, Err(WriteRejected::Full));
    kept(f, &upload(Some("bob"), "u"), 1_000).await.unwrap();
    for _ in 0..3 {
        kept(f, &upload(None, "u"), 1).await.unwrap();
    }
    assert_eq!(kept(f, &upload(None, "u"), 1).await, Err(WriteRejected::TooMany));
}

pub async fn a_silent_writer_is_lost(f: &Fixture) {
    let new = upload(Some("ada"), "u");
    f.store.begin_artifact(&new).await.unwrap().unwrap();
    f.advance(SILENCE - 1).await;
    assert!(deleted(f).await.is_empty());
    f.store.renew_artifact(&new, 1).await.unwrap().unwrap();
    f.advance(SILENCE - 1).await;
    assert!(deleted(f).await.is_empty(), "it was heard of");
    f.advance(1).await;
    assert_eq!(deleted(f).await, [new.id]);
    assert_eq!(f.store.renew_artifact(&new, 2).await.unwrap(), Err(WriteRejected::Lost));
    let finished = f.store.finish_artifact(&new, 2, PRINT).await.unwrap();
    assert_eq!(finished, Err(WriteRejected::Lost));
    assert_eq!(f.store.upload(new.id.as_upload()).await.unwrap(), None);
}

pub async fn what_is_doomed_is_told_to_one_and_again_until_it_is_gone(f: &Fixture) {
    let mut all = Vec::new();
    for _ in 0..3 {
        let new = upload(Some("ada"), "u");
        f.store.begin_artifact(&new).await.unwrap().unwrap();
        all.push(new.id);
        f.advance(1).await;
    }
    f.advance(SILENCE).await;
    assert_eq!(f.store.mark_artifacts_deleted(2, RETRY).await.unwrap(), all[..2]);
    assert_eq!(deleted(f).await, all[2..]);
    f.store.delete_artifact(all[0]).await.unwrap();
    assert!(deleted(f).await.is_empty());
    f.advance(RETRY).await;
    let mut again = deleted(f).await;
    again.sort();
    all.remove(0);
    all.sort();
    assert_eq!(again, all, "whose bytes could not be removed is tried again");
}

pub async fn several_processes_mark_files_deleted_without_meeting(f: &Fixture) {
    for _ in 0..3 {
        for owner in ["ada", "bob", "eve"] {
            f.store.begin_artifact(&upload(Some(owner), "u")).await.unwrap().unwrap();
        }
    }
    f.advance(SILENCE).await;
    let mark_deleted = || f.store.mark_artifacts_deleted(4, RETRY);
    let (a, b, c) = tokio::join!(mark_deleted(), mark_deleted(), mark_deleted());
    let mut all: Vec<_> = [a, b, c].into_iter().flat_map(|it| it.unwrap()).collect();
    all.extend(mark_deleted().await.unwrap());
    all.sort();
    let snapshot = all.len();
    all.dedup();
    assert_eq!((snapshot, all.len()), (9, 9), "each is returned once");
}

pub async fn the_files_of_a_removed_task_are_doomed_with_it(f: &Fixture) {
    let row = f.running("w").await;
    let file = kept(f, &of(&row, "a"), 1).await.unwrap();
    let open = of(&row, "b");
    f.store.begin_artifact(&open).await.unwrap().unwrap();
    f.store.finish(row.id, row.run_seq, &Ending::Completed(result())).await.unwrap();
    let finished = f.store.finish_artifact(&open, 1, PRINT).await.unwrap();
    assert_eq!(finished, Err(WriteRejected::Lost), "the task has ended");
    assert_eq!(names(f, row.id).await, ["a"]);
    f.advance(KEEP).await;
    f.store.clean(10, KEEP).await.unwrap();
    assert!(names(f, row.id).await.is_empty());
    let mut gone = deleted(f).await;
    gone.sort();
    let mut both = vec![file.id, open.id];
    both.sort();
    assert_eq!(gone, both);
}

pub async fn an_upload_is_its_owners_and_expires(f: &Fixture) {
    let mine = kept(f, &upload(Some("ada"), "u.csv"), 5).await.unwrap();
    assert_eq!((mine.owner.as_deref(), mine.task_id), (Some("ada"), None));
    assert_eq!(mine.expires_at, Some(START + DAY));
    let id = mine.id.as_upload();
    let theirs = NewTask { owner: Some("bob".to_owned()), ..with(&[id]) };
    let refused = f.store.insert(&theirs).await.unwrap();
    assert!(matches!(refused, Inserted::NoUpload(no) if no == id), "{refused:?}");
    assert_eq!(f.store.get(theirs.id).await.unwrap(), None, "nothing was queued");
    f.advance(DAY).await;
    assert!(f.store.upload(id).await.unwrap().unwrap().is_expired());
    assert!(matches!(f.store.insert(&with(&[id])).await.unwrap(), Inserted::NoUpload(_)));
    assert_eq!(deleted(f).await, [mine.id]);
    assert_eq!(f.store.upload(id).await.unwrap(), None);
}

pub async fn the_uploads_of_an_owner_are_read_page_by_page(f: &Fixture) {
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(kept(f, &upload(Some("ada"), "u.csv"), 5).await.unwrap().id);
    }
    ids.sort_by_key(ToString::to_string);
    kept(f, &upload(Some("bob"), "u.csv"), 5).await.unwrap();
    kept(f, &upload(None, "u.csv"), 5).await.unwrap();
    // One that is still being written is none yet.
    f.store.begin_artifact(&upload(Some("ada"), "open")).await.unwrap().unwrap();
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = f.store.uploads_of("ada", after, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(page.len(), 1);
        after = Some(last.id);
        read.extend(page.into_iter().map(|upload| upload.id));
    }
    assert_eq!(read, ids);
    assert!(f.store.uploads_of("", None, 5).await.unwrap().is_empty());
}

pub async fn an_upload_of_nobodys_is_for_whoever_has_its_id(f: &Fixture) {
    let id = kept(f, &upload(None, "u.csv"), 5).await.unwrap().id.as_upload();
    for owner in [None, Some("ada".to_owned())] {
        let row = f.queue(&NewTask { owner, ..with(&[id]) }).await;
        assert!(f.store.upload_of(row.id, id).await.unwrap().is_some());
    }
}

pub async fn an_upload_is_kept_while_a_task_uses_it(f: &Fixture) {
    let upload = kept(f, &upload(Some("ada"), "u.csv"), 5).await.unwrap();
    let id = upload.id.as_upload();
    f.advance(DAY - 1).await;
    let row = f.queue(&with(&[id])).await;
    let other = f.queue(&task()).await;
    assert_eq!(f.store.upload_of(row.id, id).await.unwrap().unwrap().name, "u.csv");
    assert_eq!(f.store.upload_of(other.id, id).await.unwrap(), None, "it did not name it");
    f.advance(3 * DAY).await;
    assert!(deleted(f).await.is_empty(), "the task has not ended");
    assert!(f.store.upload_of(row.id, id).await.unwrap().is_some());
    f.store.request_cancel(row.id, "ada", None).await.unwrap();
    assert_eq!(deleted(f).await, [upload.id]);
}

pub async fn a_start_with_an_upload_keeps_it_as_long_as_at_first(f: &Fixture) {
    let upload = kept(f, &upload(Some("ada"), "u.csv"), 5).await.unwrap();
    let id = upload.id.as_upload();
    f.advance(DAY / 2).await;
    let row = f.queue(&with(&[id])).await;
    f.store.request_cancel(row.id, "ada", None).await.unwrap();
    let kept = f.store.upload(id).await.unwrap().unwrap();
    assert_eq!(kept.expires_at, Some(START + DAY + DAY / 2));
    f.advance(DAY - 1).await;
    assert!(deleted(f).await.is_empty());
    f.advance(1).await;
    assert_eq!(deleted(f).await, [upload.id]);
}

pub async fn uploads_are_deleted_with_the_last_task_that_uses_them(f: &Fixture) {
    let mut uploads = Vec::new();
    for name in ["shared", "own", "unused"] {
        uploads.push(kept(f, &upload(Some("ada"), name), 5).await.unwrap().id);
    }
    let [shared, own] = [uploads[0].as_upload(), uploads[1].as_upload()];
    let first = f.queue(&with(&[shared, own])).await;
    let second = f.queue(&with(&[shared])).await;
    assert!(f.store.delete(first.id, KEEP, None).await.unwrap());
    assert_eq!(f.store.upload(own).await.unwrap(), None, "only the deleted task used it");
    assert!(f.store.upload_of(second.id, shared).await.unwrap().is_some());
    assert_eq!(deleted(f).await, uploads[1..2], "its bytes are removed at once");
    assert!(f.store.delete(second.id, KEEP, None).await.unwrap());
    assert_eq!(deleted(f).await, uploads[..1]);
    assert!(f.store.upload(uploads[2].as_upload()).await.unwrap().is_some(), "no task used it");
}

pub async fn an_expired_task_leaves_an_upload_to_its_own_retention(f: &Fixture) {
    let upload = kept(f, &upload(Some("ada"), "u.csv"), 5).await.unwrap();
    let row = f.queue(&with(&[upload.id.as_upload()])).await;
    f.store.request_cancel(row.id, "ada", None).await.unwrap();
    f.advance(KEEP).await;
    assert_eq!(f.store.clean(10, KEEP).await.unwrap().removed, [row.id]);
    assert!(deleted(f).await.is_empty(), "it may be started with until it expires");
    f.advance(DAY - KEEP).await;
    assert_eq!(deleted(f).await, [upload.id]);
}
