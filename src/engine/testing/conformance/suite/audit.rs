//! The audit log.

use std::sync::Arc;

use super::super::fixture::{Fixture, KEEP, START, task};
use crate::{
    engine::store::{
        AllInserted, Audit, AuditQuery, CommitGroup, EndedSessions, Inserted, LabelChange,
        NewAudit, NewShare, NewTask, NewToken, NewUserSession, PauseScope, SessionLifetime,
        ShareSubject, SignsIn,
    },
    task::{BatchId, TaskId},
};

const DAY: i64 = 86_400_000;

fn row(who: &str, action: &'static str, subject: impl ToString) -> NewAudit {
    NewAudit::new(who, "token", action).with(|row| row.subject = Some(subject.to_string()))
}

fn by_ada(action: &'static str) -> NewAudit {
    row("ada", action, "it")
}

async fn read(f: &Fixture, change: impl FnOnce(&mut AuditQuery)) -> Vec<Audit> {
    let query = AuditQuery::default().with(|query| query.limit = 100).with(change);
    f.store.audit(&query).await.unwrap()
}

/// The actions, newest first.
async fn actions(f: &Fixture) -> Vec<String> {
    read(f, |_| ()).await.into_iter().map(|row| row.action).collect()
}

fn start(action: &'static str) -> NewTask {
    let new = task();
    let audit = row("ada", action, new.id);
    new.with(|new| new.audit = Some(audit))
}

pub async fn a_row_of_the_audit_log_comes_back_as_it_was_written(f: &Fixture) {
    let long = "é".repeat(1_000);
    let new = by_ada("start").with(|row| {
        row.address = Some("192.0.2.7".to_owned());
        row.outcome = "a\0b".to_owned();
        row.detail = Some(long.clone());
    });
    f.store.add_audit(&[new, NewAudit::new("eve", "cli", "add_user")]).await.unwrap();
    f.store.add_audit(&[]).await.unwrap();
    let rows = read(f, |_| ()).await;
    assert_eq!(rows.len(), 2);
    let ada = rows.iter().find(|row| row.who == "ada").expect("the row");
    assert_eq!((&*ada.how, &*ada.action, ada.subject.as_deref()), ("token", "start", Some("it")));
    assert_eq!(ada.address.as_deref(), Some("192.0.2.7"));
    assert_eq!(ada.outcome, "a\u{fffd}b");
    assert_eq!(ada.detail.as_deref(), Some(&*"é".repeat(200)), "no text is longer");
    assert!(ada.at >= START);
    let eve = rows.iter().find(|row| row.who == "eve").expect("the row");
    assert_eq!((&eve.address, &eve.subject, &eve.detail), (&None, &None, &None));
}

pub async fn a_start_writes_its_row_and_one_that_is_not_queued_none(f: &Fixture) {
    let first = start("start").with(|new| new.unique_key = Some("key".to_owned()));
    assert!(matches!(f.store.insert(&first).await.unwrap(), Inserted::Queued(_)));
    let same = start("start").with(|new| new.unique_key = Some("key".to_owned()));
    assert!(matches!(f.store.insert(&same).await.unwrap(), Inserted::UnderWay(_)));
    let full = start("start").with(|new| new.max_queued = 0);
    assert!(matches!(f.store.insert(&full).await.unwrap(), Inserted::Full(_)));
    let upload = start("start")
        .with(|new| new.uploads = vec![uuid::Uuid::new_v4().to_string().parse().unwrap()]);
    assert!(matches!(f.store.insert(&upload).await.unwrap(), Inserted::NoUpload(_)));
    let rows = read(f, |_| ()).await;
    let subjects: Vec<_> = rows.iter().map(|row| row.subject.as_deref()).collect();
    assert_eq!(subjects, [Some(&*first.id.to_string())]);
    // A batch is queued as a whole, with one row, or not at all.
    let batch = BatchId::from_uuid(uuid::Uuid::new_v4());
    let tasks = [start("start_batch"), task()];
    let tasks = [0, 1]
        .map(|place| tasks[place].clone().with(|new| new.batch = Some((batch, place as u32))));
    let refused = [tasks[0].clone(), same];
    assert!(matches!(f.store.insert_all(&refused).await.unwrap(), AllInserted::Not(1, _)));
    assert_eq!(actions(f).await, ["start"]);
    assert!(matches!(f.store.insert_all(&tasks).await.unwrap(), AllInserted::Queued(_)));
    assert_eq!(actions(f).await, ["start_batch", "start"]);
}

pub async fn starts_that_come_together_write_their_rows_together(f: &Fixture) {
    let plain = start("start");
    let keyed = start("start").with(|new| new.unique_key = Some("key".to_owned()));
    let full = start("start").with(|new| {
        (new.owner, new.max_queued) = (Some("bob".to_owned()), 0);
    });
    let group = CommitGroup::default().with(|group| {
        group.starts = vec![Arc::new(plain.clone()), Arc::new(keyed.clone()), Arc::new(full)];
    });
    let committed = f.store.commit_group(&group).await;
    assert!(matches!(committed.starts[2], Some(Ok(Inserted::Full(_)))));
    let mut subjects: Vec<_> =
        read(f, |_| ()).await.into_iter().filter_map(|row| row.subject).collect();
    subjects.sort_unstable();
    let mut started = [plain.id.to_string(), keyed.id.to_string()];
    started.sort_unstable();
    assert_eq!(subjects, started);
}

pub async fn what_changes_a_task_writes_its_row_and_what_does_not_none(f: &Fixture) {
    let none = TaskId::from_uuid(uuid::Uuid::new_v4());
    let queued = f.queue(&task().with(|new| new.run_at = Some(i64::MAX / 2))).await;
    let audit = |action| Some(by_ada(action));
    for id in [none, queued.id] {
        f.store.start_now(id, audit("start_now").as_ref()).await.unwrap();
        let change = LabelChange::default().with(|it| it.note = Some("x".to_owned()));
        f.store.set_labels(id, &change, audit("annotate").as_ref()).await.unwrap();
        f.store.request_cancel(id, "ada", audit("cancel").as_ref()).await.unwrap();
        // It has ended.
        f.store.request_cancel(id, "ada", audit("cancel").as_ref()).await.unwrap();
        f.store.start_now(id, audit("start_now").as_ref()).await.unwrap();
        f.store.keep(id, 2 * KEEP, audit("keep").as_ref()).await.unwrap();
        f.store.keep(id, 1, audit("keep").as_ref()).await.unwrap();
        let share = NewShare::new("s", "s", ShareSubject::Task(id))
            .with(|new| (new.max_shares, new.audit) = (1, audit("share")));
        f.store.add_share(&share).await.unwrap();
        f.store.add_share(&share.clone().with(|new| new.id = "t".to_owned())).await.unwrap();
        let of = ShareSubject::Task(id);
        f.store.remove_share(of, "t", audit("revoke_share").as_ref()).await.unwrap();
        f.store.remove_share(of, "s", audit("revoke_share").as_ref()).await.unwrap();
        f.store.delete(id, KEEP, audit("delete").as_ref()).await.unwrap();
    }
    let mut written = actions(f).await;
    written.reverse();
    let once = ["start_now", "annotate", "cancel", "keep", "share", "revoke_share", "delete"];
    assert_eq!(written, once, "each was done once");
}

pub async fn what_changes_users_tokens_and_pauses_writes_its_row(f: &Fixture) {
    let audit = |action| Some(by_ada(action));
    f.store.set_password("ada", "h", audit("set_password").as_ref()).await.unwrap();
    f.store.set_disabled("ada", true, audit("disable_user").as_ref()).await.unwrap();
    f.store.add_user("ada", "h", audit("add_user").as_ref()).await.unwrap();
    f.store.add_user("ada", "h", audit("add_user").as_ref()).await.unwrap();
    let user = f.store.user("ada").await.unwrap().expect("the user");
    let lifetime = SessionLifetime::new(KEEP, KEEP);
    let session = NewUserSession::new("i", "h", &user, lifetime);
    let session = session.with(|new| new.audit = audit("sign_in"));
    f.store.add_user_session(&session).await.unwrap().expect("a session");
    let old = SignsIn::Password { name: "ada".to_owned(), hash: "old".to_owned() };
    let late = session.clone().with(|new| new.who = old);
    assert!(f.store.add_user_session(&late).await.unwrap().is_err());
    for _ in 0..2 {
        let audit = audit("sign_out");
        f.store.end_user_sessions("ada", EndedSessions::One("i"), audit.as_ref()).await.unwrap();
    }
    f.store.set_password("ada", "g", audit("set_password").as_ref()).await.unwrap();
    f.store.set_disabled("ada", true, audit("disable_user").as_ref()).await.unwrap();
    let token = NewToken::new("t", "t", "user:ada")
        .with(|new| (new.max_per_owner, new.audit) = (1, audit("add_token")));
    f.store.add_token(&token).await.unwrap().expect("a token");
    assert!(f.store.add_token(&token).await.unwrap().is_none());
    for _ in 0..2 {
        f.store.remove_token(None, "t", audit("remove_token").as_ref()).await.unwrap();
    }
    for _ in 0..2 {
        f.store.pause(PauseScope::Kind, "story", audit("pause").as_ref()).await.unwrap();
    }
    for _ in 0..2 {
        f.store.resume(PauseScope::Kind, "story", audit("resume").as_ref()).await.unwrap();
    }
    let mut written = actions(f).await;
    written.reverse();
    let once = [
        "add_user",
        "sign_in",
        "sign_out",
        "set_password",
        "disable_user",
        "add_token",
        "remove_token",
        "pause",
        "resume",
    ];
    assert_eq!(written, once, "each was done once");
}

pub async fn the_audit_log_is_filtered_and_paged(f: &Fixture) {
    for hour in 0..4 {
        let who = if hour % 2 == 0 { "ada" } else { "bob" };
        let rows = [row(who, "start", hour), row(who, "cancel", hour)];
        f.store.add_audit(&rows).await.unwrap();
        f.advance(3_600_000).await;
    }
    let found = async |change: fn(&mut AuditQuery)| {
        let rows = read(f, change).await;
        let rows = rows.into_iter().map(|row| format!("{} {}", row.action, row.subject.unwrap()));
        rows.collect::<Vec<_>>()
    };
    let mut all = found(|_| ()).await;
    assert_eq!(all.len(), 8);
    all.truncate(2);
    all.sort_unstable();
    assert_eq!(all, ["cancel 3", "start 3"], "newest first");
    assert_eq!(found(|it| it.who = Some("bob".to_owned())).await.len(), 4);
    let starts = found(|it| it.action = Some("start".to_owned())).await;
    assert_eq!(starts, ["start 3", "start 2", "start 1", "start 0"]);
    assert_eq!(found(|it| it.subject = Some("2".to_owned())).await.len(), 2);
    let one = found(|it| {
        (it.who, it.action) = (Some("ada".to_owned()), Some("cancel".to_owned()));
        it.subject = Some("2".to_owned());
    });
    assert_eq!(one.await, ["cancel 2"]);
    let none = found(|it| (it.who, it.subject) = (Some("bob".to_owned()), Some("2".to_owned())));
    assert!(none.await.is_empty());
    assert!(found(|it| it.who = Some("a\0b".to_owned())).await.is_empty());
    assert_eq!(found(|it| it.from = Some(START + 2 * 3_600_000)).await.len(), 4);
    assert_eq!(found(|it| it.before = Some((START + 3_600_000, i64::MIN))).await.len(), 2);
    // Page by page each row comes once.
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = read(f, |query| (query.limit, query.before) = (3, before)).await;
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.id));
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 8);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 8);
}

pub async fn old_rows_of_the_audit_log_are_removed_some_at_a_time(f: &Fixture) {
    f.store.add_audit(&[by_ada("a"), by_ada("b"), by_ada("c")]).await.unwrap();
    f.advance(DAY).await;
    f.store.add_audit(&[by_ada("d")]).await.unwrap();
    assert_eq!(f.store.clean_audit(2 * DAY, 10).await.unwrap(), 0);
    assert_eq!(f.store.clean_audit(DAY / 2, 2).await.unwrap(), 2);
    assert_eq!(f.store.clean_audit(DAY / 2, 2).await.unwrap(), 1);
    assert_eq!(f.store.clean_audit(DAY / 2, 2).await.unwrap(), 0);
    assert_eq!(actions(f).await, ["d"]);
}
