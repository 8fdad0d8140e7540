//! Tokens of users.

use crate::engine::store::{NewToken, StoredToken, TokenScope};

use super::super::fixture::{Fixture, START};

const HOUR: i64 = 3_600_000;

fn new(owner: &str, hash: &str) -> NewToken {
    NewToken {
        id: format!("id of {hash}"),
        hash: hash.to_owned(),
        owner: owner.to_owned(),
        groups: vec!["ops".to_owned()],
        name: "for the “CI”".to_owned(),
        scopes: vec![TokenScope::Read, TokenScope::Start],
        kinds: vec!["story".to_owned()],
        lifetime_ms: HOUR,
        max_per_owner: 2,
        audit: None,
    }
}

async fn add(f: &Fixture, owner: &str, hash: &str) -> Option<StoredToken> {
    f.store.add_token(&new(owner, hash)).await.unwrap()
}

pub async fn a_token_is_found_by_its_hash_until_it_expires(f: &Fixture) {
    let token = add(f, "user:ada", "h1").await.expect("there is room");
    assert_eq!(token.scopes, [TokenScope::Read, TokenScope::Start]);
    assert_eq!((token.groups.len(), token.kinds.len()), (1, 1));
    assert_eq!(token.expires_at - token.created_at, HOUR);
    assert_eq!(token.name, "for the “CI”");
    assert_eq!(f.store.use_token("h1").await.unwrap(), Some(token));
    for wrong in ["", "h2", "H1", "id of h1", "' OR 1=1 --"] {
        assert_eq!(f.store.use_token(wrong).await.unwrap(), None, "{wrong}");
    }
    f.advance(HOUR - 1).await;
    assert!(f.store.use_token("h1").await.unwrap().is_some());
    f.advance(1).await;
    assert_eq!(f.store.use_token("h1").await.unwrap(), None);
    assert!(f.store.tokens(Some("user:ada")).await.unwrap().is_empty());
}

pub async fn the_use_of_a_token_is_noted_once_in_a_minute(f: &Fixture) {
    add(f, "user:ada", "h1").await.expect("there is room");
    let last = async || f.store.tokens(None).await.unwrap()[0].last_used_at;
    assert_eq!(last().await, None);
    f.store.use_token("h1").await.unwrap();
    let first = last().await.expect("it was used");
    assert!(first >= START);
    f.advance(59_999).await;
    f.store.use_token("h1").await.unwrap();
    assert_eq!(last().await, Some(first));
    f.advance(1).await;
    f.store.use_token("h1").await.unwrap();
    assert_eq!(last().await, Some(first + 60_000));
}

pub async fn an_owner_has_so_many_tokens_and_removes_only_its_own(f: &Fixture) {
    let first = add(f, "user:ada", "h1").await.expect("there is room");
    f.advance(1).await;
    let second = add(f, "user:ada", "h2").await.expect("there is room");
    assert_eq!(add(f, "user:ada", "h3").await, None, "as many as may be");
    let other = add(f, "user:bob", "h4").await.expect("another has room");
    let ids = |tokens: Vec<StoredToken>| tokens.into_iter().map(|it| it.id).collect::<Vec<_>>();
    let of = async |owner| ids(f.store.tokens(owner).await.unwrap());
    assert_eq!(of(Some("user:ada")).await, [&*second.id, &*first.id]);
    assert_eq!(of(None).await.len(), 3);
    assert!(!f.store.remove_token(Some("user:bob"), &first.id, None).await.unwrap());
    assert!(f.store.remove_token(Some("user:ada"), &first.id, None).await.unwrap());
    assert!(!f.store.remove_token(Some("user:ada"), &first.id, None).await.unwrap());
    assert_eq!(f.store.use_token("h1").await.unwrap(), None);
    assert!(f.store.remove_token(None, &other.id, None).await.unwrap());
    assert_eq!(of(None).await, [&*second.id]);
    // What has expired takes no room.
    assert!(add(f, "user:ada", "h5").await.is_some());
    f.advance(2 * HOUR).await;
    assert!(add(f, "user:ada", "h6").await.is_some());
}
