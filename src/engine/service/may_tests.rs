//! The decision, caller by caller.

use std::sync::Arc;

use super::*;
use crate::engine::store::StoredToken;

pub(super) const ACTIONS: [TaskAction; 8] = [
    TaskAction::See,
    TaskAction::SeeInput,
    TaskAction::Cancel,
    TaskAction::Rerun,
    TaskAction::Keep,
    TaskAction::Annotate,
    TaskAction::Share,
    TaskAction::Delete,
];

pub(super) fn of<'a>(owner: OwnerRef<'a>, kind: &'a str) -> Subject<'a> {
    Subject { owner, kind, task: None, batch: None }
}

#[test]
fn an_owner_and_an_admin_may_do_everything_and_others_nothing() {
    let ada = Caller::user("ada");
    let admin = Caller::user("root").with_role(Role::Admin);
    for action in ACTIONS {
        assert_eq!(ada.may(action, of(Some("user:ada"), "story")), Decision::Allowed, "{action:?}");
        assert_eq!(
            admin.may(action, of(Some("user:ada"), "story")),
            Decision::Allowed,
            "{action:?}"
        );
        for other in [Caller::user("bob"), Caller::nobody(), Caller::owner("session:1")] {
            assert_eq!(
                other.may(action, of(Some("user:ada"), "story")),
                Decision::Hidden,
                "{action:?}"
            );
            assert_eq!(
                other.may(action, of(None, "story")),
                Decision::Allowed,
                "nobody's: {action:?}"
            );
        }
    }
}

#[test]
fn a_viewer_sees_all_but_inputs_and_changes_only_what_is_its_own() {
    let viewer = Caller::user("eve").with_role(Role::Viewer);
    for action in ACTIONS {
        let expected = match action {
            TaskAction::See => Decision::Allowed,
            _ => Decision::Forbidden,
        };
        assert_eq!(viewer.may(action, of(Some("user:ada"), "story")), expected, "{action:?}");
        assert_eq!(
            viewer.may(action, of(Some("user:eve"), "story")),
            Decision::Allowed,
            "{action:?}"
        );
    }
}

fn token(scopes: &[TokenScope], kinds: &[&str]) -> Caller {
    let token = StoredToken {
        id: "1".to_owned(),
        owner: "user:ada".to_owned(),
        groups: vec!["ops".to_owned()],
        name: "CI".to_owned(),
        scopes: scopes.to_vec(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        created_at: 0,
        expires_at: i64::MAX,
        last_used_at: None,
    };
    Caller::of_token(Arc::new(token))
}

#[test]
fn a_token_permits_what_its_scopes_say_and_no_more_than_its_user_may() {
    for scope in TokenScope::ALL {
        let ada = token(&[scope], &[]);
        for action in ACTIONS {
            let own = ada.may(action, of(Some("user:ada"), "story"));
            let fits = action.scope() == scope;
            let expected = if fits { Decision::Allowed } else { Decision::Forbidden };
            assert_eq!(own, expected, "{scope}: {action:?}");
            let others = ada.may(action, of(Some("user:bob"), "story"));
            assert_eq!(others, Decision::Hidden, "{scope}: {action:?}");
        }
    }
    let admin = |scopes: &[TokenScope]| token(scopes, &[]).with_role(Role::Admin);
    let (see, bob) = (TaskAction::See, Some("user:bob"));
    assert_eq!(admin(&[TokenScope::Read]).may(see, of(bob, "story")), Decision::Hidden);
    let both = admin(&[TokenScope::Read, TokenScope::Admin]);
    assert_eq!(both.may(see, of(bob, "story")), Decision::Allowed);
    assert_eq!(both.may(TaskAction::Cancel, of(bob, "story")), Decision::Forbidden);
}

#[test]
fn a_token_for_a_kind_sees_and_starts_no_other() {
    let ada = token(&TokenScope::ALL, &["dataset"]).with_role(Role::Admin);
    for (kind, decision) in [("dataset", Decision::Allowed), ("story", Decision::Hidden)] {
        for owner in [Some("user:ada"), Some("user:bob"), None] {
            assert_eq!(ada.may(TaskAction::See, of(owner, kind)), decision, "{kind} {owner:?}");
        }
        assert_eq!(ada.may_start(kind, &[]), decision == Decision::Allowed, "{kind}");
    }
    assert!(ada.is_one_of(&["group:ops".to_owned()]), "its groups are those of its user");
}

#[test]
fn an_operator_steers_the_tasks_of_all_a_viewer_sees_them_and_nobody_else_does() {
    let admin = |scopes: &[TokenScope]| token(scopes, &[]).with_role(Role::Admin);
    let viewer = |scopes: &[TokenScope]| token(scopes, &[]).with_role(Role::Viewer);
    let eve = Caller::user("eve").with_role(Role::Viewer);
    for (caller, expected) in [
        (Caller::user("root").with_role(Role::Admin), Some(Oversight::Operate)),
        (Caller::nobody().local(true), Some(Oversight::Operate)),
        (eve.clone().local(true), Some(Oversight::Operate)),
        (admin(&[TokenScope::Admin]), Some(Oversight::Operate)),
        (admin(&[TokenScope::Read]), None),
        (eve, Some(Oversight::See)),
        (viewer(&[TokenScope::Read]), Some(Oversight::See)),
        (viewer(&[TokenScope::Start, TokenScope::Cancel, TokenScope::Admin]), None),
        (token(&TokenScope::ALL, &["dataset"]).with_role(Role::Viewer), None),
        (token(&TokenScope::ALL, &["dataset"]).with_role(Role::Admin), None),
        (Caller::user("ada"), None),
        (Caller::owner("session:1"), None),
        (Caller::nobody(), None),
    ] {
        assert_eq!(caller.oversight().ok(), expected, "{caller:?}");
        let steers = expected == Some(Oversight::Operate);
        assert_eq!(caller.may_operate().is_ok(), steers, "{caller:?}");
    }
}

#[test]
fn a_viewer_learns_the_names_of_users_and_no_whole_id_of_a_session() {
    let (user, session) = ("user:ada.lovelace@example.org", "session:0123456789abcdef");
    for (oversight, shown) in
        [(Oversight::Operate, [user, session]), (Oversight::See, [user, "session:01234567"])]
    {
        assert_eq!([user, session].map(|owner| oversight.owner_shown(owner)), shown);
    }
}

#[test]
fn a_kind_is_for_those_whom_it_names() {
    let allow = ["group:ops".to_owned(), "ada".to_owned()];
    let ops = |name: &str| Caller::user(name).in_groups(["dev", "ops"]);
    for (caller, may) in [
        (Caller::user("ada"), true),
        (ops("bob"), true),
        (Caller::user("bob"), false),
        (Caller::user("bob").in_groups(["ada"]), false),
        // Names of users never count as groups, whatever they look like.
        (Caller::user("group:ops"), false),
        (Caller::user("Ada"), false),
        (Caller::user(""), false),
        (Caller::nobody(), false),
        (Caller::owner("session:ada"), false),
        (Caller::user("eve").with_role(Role::Viewer), false),
        (Caller::user("eve").with_role(Role::Admin), true),
    ] {
        assert_eq!(caller.may_start("story", &allow), may, "{caller:?}");
        assert!(caller.may_start("story", &[]), "{caller:?}");
    }
}
