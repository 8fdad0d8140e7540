//! The decision about callers that came by share links.

use std::sync::Arc;

use super::{
    tests::{ACTIONS, of},
    *,
};
use crate::engine::{
    service::shares::{OpenShare, OpenShares},
    store::StoredShare,
};

fn task_id(n: u128) -> TaskId {
    TaskId::from_uuid(uuid::Uuid::from_u128(n))
}

fn batch_id(n: u128) -> BatchId {
    BatchId::from_uuid(uuid::Uuid::from_u128(n))
}

fn share(subject: ShareSubject, may_cancel: bool) -> Arc<OpenShare> {
    let (id, created_by) = ("1".to_owned(), Some("user:ada".to_owned()));
    let (created_at, expires_at) = (0, i64::MAX);
    let stored = StoredShare { id, subject, may_cancel, created_by, created_at, expires_at };
    Arc::new(OpenShare::new(stored))
}

/// A guest, other users and a session, each with this link.
fn those_with(share: &Arc<OpenShare>) -> [Caller; 3] {
    [Caller::guest(), Caller::user("bob"), Caller::owner("session:1")]
        .map(|caller| caller.with_shares(OpenShares(vec![Arc::clone(share)])))
}

#[test]
fn a_share_link_permits_to_see_what_it_leads_to_and_to_cancel_if_it_says_so() {
    let task = |n| Subject { task: Some(task_id(n)), ..of(Some("user:ada"), "story") };
    let in_batch = |n, batch| Subject { batch: Some(batch_id(batch)), ..task(n) };
    let batch = |n| Subject { batch: Some(batch_id(n)), ..of(Some("user:ada"), "story") };
    for may_cancel in [false, true] {
        let to_task = share(ShareSubject::Task(task_id(1)), may_cancel);
        let to_batch = share(ShareSubject::Batch(batch_id(9)), may_cancel);
        for (link, here, elsewhere) in [
            // A link to a task leads neither to its batch nor to the others of it.
            (&to_task, [task(1), in_batch(1, 9)], [task(2), in_batch(2, 9), batch(9), batch(1)]),
            (&to_batch, [batch(9), in_batch(2, 9)], [task(9), task(2), in_batch(2, 8), batch(8)]),
        ] {
            for caller in those_with(link) {
                for action in ACTIONS {
                    let expected = match action {
                        TaskAction::See => Decision::Allowed,
                        TaskAction::Cancel if may_cancel => Decision::Allowed,
                        _ => Decision::Forbidden,
                    };
                    for subject in here {
                        assert_eq!(caller.may(action, subject), expected, "{action:?} {caller:?}");
                    }
                    for subject in elsewhere {
                        let decision = caller.may(action, subject);
                        assert_eq!(decision, Decision::Hidden, "{action:?} {subject:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_guest_has_nothing_but_the_links() {
    let link = share(ShareSubject::Task(task_id(1)), true);
    let [guest, bob, _] = those_with(&link);
    for action in ACTIONS {
        // Not even what is nobody's.
        assert_eq!(guest.may(action, of(None, "story")), Decision::Hidden, "{action:?}");
        assert_eq!(bob.may(action, of(None, "story")), Decision::Allowed, "{action:?}");
    }
    assert!(!guest.may_start("story", &[]) && bob.may_start("story", &[]));
    for scope in TokenScope::ALL {
        let is_needed = matches!(scope, TokenScope::Read | TokenScope::Cancel);
        assert_eq!(guest.needs(scope).is_ok(), is_needed, "{scope}");
    }
}

#[test]
fn a_revoked_link_permits_nothing_to_those_who_came_by_it() {
    let link = share(ShareSubject::Task(task_id(1)), true);
    let shared = Subject { task: Some(task_id(1)), ..of(Some("user:ada"), "story") };
    let callers = those_with(&link);
    link.revoke();
    for caller in callers {
        assert_eq!(caller.may(TaskAction::See, shared), Decision::Hidden);
    }
}

#[test]
fn a_receipt_tells_a_link_from_the_owner() {
    let link = share(ShareSubject::Task(task_id(1)), true);
    let shared = Subject { task: Some(task_id(1)), ..of(Some("session:2"), "story") };
    let [guest, bob, session] = those_with(&link);
    for (caller, name) in [
        (&guest, "share link"),
        (&session, "share link"),
        (&bob, "bob"),
        (&Caller::owner("session:2"), "owner"),
        (&Caller::user("share link"), "user:share link"),
    ] {
        assert_eq!(caller.cancels_as(shared), name);
    }
}

#[test]
fn who_came_by_a_link_reads_no_name_of_a_user() {
    let link = share(ShareSubject::Task(task_id(1)), true);
    let shared = Subject { task: Some(task_id(1)), ..of(Some("user:ada"), "story") };
    let [guest, bob, session] = those_with(&link);
    let of = |by: &str| {
        let mut snapshot = Snapshot::new(task_id(1), "story".to_owned(), "Story".to_owned());
        snapshot.started_by = Some("ada".to_owned());
        snapshot.cancel = Some(crate::task::CancelReceipt::new("2026-11-25T14:02:11Z", by));
        snapshot
    };
    for caller in [guest, bob, session] {
        for (by, shown) in [("ada", "user"), ("owner", "owner"), ("share link", "share link")] {
            let seen = caller.shown(shared, of(by));
            assert_eq!(seen.started_by, None);
            assert_eq!(seen.cancel.map(|cancel| cancel.requested_by).as_deref(), Some(shown));
        }
    }
    let seen = Caller::user("ada").shown(shared, of("ada"));
    assert_eq!(seen.started_by.as_deref(), Some("ada"));
}
