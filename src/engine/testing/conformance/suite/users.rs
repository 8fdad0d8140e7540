//! Users who sign in with a password, and their sessions.

use super::super::fixture::{Fixture, START};
use crate::engine::store::{
    EndedSessions, NewToken, NewUserSession, SessionLifetime, StoredUser, StoredUserSession,
};

const HOUR: i64 = 3_600_000;
/// Two hours without use, five in all.
const LIFETIME: SessionLifetime = SessionLifetime::new(2 * HOUR, 5 * HOUR);

async fn user(f: &Fixture, name: &str) -> StoredUser {
    assert!(f.store.add_user(name, &format!("hash of {name}"), None).await.unwrap());
    f.store.user(name).await.unwrap().expect("it was added")
}

async fn begin(f: &Fixture, user: &StoredUser, hash: &str) -> Option<StoredUserSession> {
    let new = NewUserSession::new(format!("id of {hash}"), hash, user, LIFETIME);
    let new = new.with(|new| new.browser = "Firefox on „Linux“".to_owned());
    f.store.add_user_session(&new).await.unwrap().ok()
}

async fn used(f: &Fixture, hash: &str) -> Option<StoredUserSession> {
    f.store.use_user_session(hash, LIFETIME).await.unwrap()
}

pub async fn a_user_is_added_once_and_listed_by_name(f: &Fixture) {
    assert!(f.store.users(5).await.unwrap().is_empty());
    let zoe = user(f, "Zoë O'Neill").await;
    let ada = user(f, "ada").await;
    assert_eq!(ada.password_hash, "hash of ada");
    assert!(ada.created_at >= START && ada.disabled_at.is_none());
    assert!(!format!("{ada:?}").contains("hash of"), "{ada:?}");
    assert!(!f.store.add_user("ada", "another", None).await.unwrap());
    assert_eq!(f.store.user("ada").await.unwrap(), Some(ada.clone()));
    assert_eq!(f.store.users(5).await.unwrap(), [zoe.clone(), ada]);
    assert_eq!(f.store.users(1).await.unwrap(), [zoe]);
    for wrong in ["", "Ada", "ada ", "' OR 1=1 --"] {
        assert_eq!(f.store.user(wrong).await.unwrap(), None, "{wrong}");
    }
}

pub async fn a_session_of_a_user_is_found_by_its_hash_until_it_is_idle_too_long(f: &Fixture) {
    let ada = user(f, "ada").await;
    let session = begin(f, &ada, "h1").await.expect("ada may sign in");
    assert_eq!((&*session.user, &*session.browser), ("ada", "Firefox on „Linux“"));
    assert_eq!(session.created_at, session.last_used_at);
    assert_eq!(session.expires_at - session.created_at, 2 * HOUR);
    assert_eq!(used(f, "h1").await, Some(session.clone()));
    for wrong in ["", "h2", "H1", "id of h1", "' OR 1=1 --"] {
        assert_eq!(used(f, wrong).await, None, "{wrong}");
    }
    // A use is noted once in a minute.
    f.advance(59_999).await;
    assert_eq!(used(f, "h1").await, Some(session.clone()));
    f.advance(1).await;
    let later = used(f, "h1").await.expect("it is used");
    assert_eq!(later.last_used_at - session.last_used_at, 60_000);
    assert_eq!(later.expires_at - session.expires_at, 60_000);
    assert_eq!(f.store.user_sessions("ada").await.unwrap(), [later]);
    f.advance(2 * HOUR - 1).await;
    assert!(used(f, "h1").await.is_some());
    f.advance(2 * HOUR).await;
    assert_eq!(used(f, "h1").await, None);
    assert!(f.store.user_sessions("ada").await.unwrap().is_empty());
}

pub async fn a_session_that_is_used_ends_when_its_longest_lifetime_is_over(f: &Fixture) {
    let ada = user(f, "ada").await;
    begin(f, &ada, "h1").await.expect("ada may sign in");
    for _ in 0..4 {
        f.advance(HOUR).await;
        assert!(used(f, "h1").await.is_some());
    }
    f.advance(HOUR - 1).await;
    assert!(used(f, "h1").await.is_some());
    f.advance(1).await;
    assert_eq!(used(f, "h1").await, None);
}

pub async fn sessions_are_ended_one_by_one_or_all_others(f: &Fixture) {
    let (ada, bob) = (user(f, "ada").await, user(f, "bob").await);
    for (user, hash) in [(&ada, "h1"), (&ada, "h2"), (&ada, "h3"), (&bob, "h4")] {
        begin(f, user, hash).await.expect("each may sign in");
        f.advance(60_000).await;
    }
    used(f, "h1").await.expect("it is used");
    let ids = async |user| {
        let sessions = f.store.user_sessions(user).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("ada").await, ["id of h1", "id of h3", "id of h2"], "the last used first");
    let end = async |user, which| f.store.end_user_sessions(user, which, None).await.unwrap();
    assert_eq!(end("bob", EndedSessions::One("id of h1")).await, 0, "it is not bob's");
    assert_eq!(end("ada", EndedSessions::One("id of h3")).await, 1);
    assert_eq!(end("ada", EndedSessions::One("id of h3")).await, 0);
    assert_eq!(used(f, "h3").await, None);
    begin(f, &ada, "h5").await.expect("ada may sign in");
    assert_eq!(end("ada", EndedSessions::AllBut("id of h2")).await, 2);
    assert_eq!((ids("ada").await, ids("bob").await.len()), (vec!["id of h2".to_owned()], 1));
}

pub async fn a_new_password_ends_the_sessions_and_begins_none_for_the_old_one(f: &Fixture) {
    let (ada, bob) = (user(f, "ada").await, user(f, "bob").await);
    begin(f, &ada, "h1").await.expect("ada may sign in");
    begin(f, &bob, "h2").await.expect("bob may sign in");
    assert!(f.store.set_password("ada", "new", None).await.unwrap());
    assert!(!f.store.set_password("eve", "new", None).await.unwrap());
    assert_eq!(used(f, "h1").await, None);
    assert!(used(f, "h2").await.is_some());
    // The old password was verified just before.
    assert_eq!(begin(f, &ada, "h3").await, None);
    let ada = f.store.user("ada").await.unwrap().expect("ada is there");
    assert_eq!(ada.password_hash, "new");
    assert!(begin(f, &ada, "h3").await.is_some());
}

pub async fn a_disabled_user_has_no_session_and_no_valid_token(f: &Fixture) {
    let ada = user(f, "ada").await;
    begin(f, &ada, "h1").await.expect("ada may sign in");
    for (hash, owner) in [("t1", "user:ada"), ("t2", "user:bob"), ("t3", "XXXXXada")] {
        f.store.add_token(&NewToken::new(hash, hash, owner)).await.unwrap().expect("room");
    }
    assert!(f.store.set_disabled("ada", true, None).await.unwrap());
    assert!(!f.store.set_disabled("eve", true, None).await.unwrap());
    assert_eq!(used(f, "h1").await, None);
    assert_eq!(begin(f, &ada, "h2").await, None);
    assert!(f.store.use_token("t1").await.unwrap().is_none());
    assert!(f.store.use_token("t2").await.unwrap().is_some(), "of another");
    assert!(f.store.use_token("t3").await.unwrap().is_some(), "of another owner with that end");
    let disabled = async || f.store.user("ada").await.unwrap().expect("ada is there").disabled_at;
    let since = disabled().await.expect("ada is disabled");
    f.advance(5).await;
    assert!(f.store.set_disabled("ada", true, None).await.unwrap());
    assert_eq!(disabled().await, Some(since));
    assert!(f.store.set_disabled("ada", false, None).await.unwrap());
    assert_eq!(disabled().await, None);
    assert!(f.store.use_token("t1").await.unwrap().is_some());
    assert!(begin(f, &ada, "h2").await.is_some());
}

pub async fn expired_sessions_are_removed(f: &Fixture) {
    let ada = user(f, "ada").await;
    begin(f, &ada, "h1").await.expect("ada may sign in");
    f.advance(HOUR).await;
    begin(f, &ada, "h2").await.expect("ada may sign in");
    f.advance(HOUR).await;
    f.store.clean(100, HOUR).await.unwrap();
    // The hash of the first is free again, as is its id.
    assert!(begin(f, &ada, "h1").await.is_some());
    assert_eq!(f.store.user_sessions("ada").await.unwrap().len(), 2);
}
