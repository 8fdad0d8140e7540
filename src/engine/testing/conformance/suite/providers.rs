//! Users of an OpenID Connect provider.

use super::super::fixture::Fixture;
use crate::engine::store::{
    NewUserSession, NotBegun, ProviderUser, SessionLifetime, StoredUserSession,
};

const LIFETIME: SessionLifetime = SessionLifetime::new(1_000_000, 1_000_000);
const ISSUER: &str = "https://id.example.org";

async fn begin(f: &Fixture, hash: &str, user: ProviderUser) -> Result<StoredUserSession, NotBegun> {
    let new = NewUserSession::new(hash, hash, user, LIFETIME);
    f.store.add_user_session(&new).await.unwrap()
}

pub async fn a_user_of_a_provider_is_added_when_they_sign_in_first(f: &Fixture) {
    let ada = ProviderUser::new(ISSUER, "1", "ada").with(|it| it.groups = vec!["ops".to_owned()]);
    let session = begin(f, "h1", ada).await.unwrap();
    assert_eq!((&*session.user, session.issuer.as_deref()), ("ada", Some(ISSUER)));
    assert_eq!(session.groups, ["ops"]);
    let user = f.store.user("ada").await.unwrap().unwrap();
    assert_eq!((&*user.password_hash, user.issuer.as_deref()), ("", Some(ISSUER)));
    assert_eq!(f.store.use_user_session("h1", LIFETIME).await.unwrap(), Some(session));
    // The next time the provider calls them something else, and names other groups.
    let renamed = ProviderUser::new(ISSUER, "1", "countess");
    let session = begin(f, "h2", renamed).await.unwrap();
    assert_eq!((&*session.user, session.groups.len()), ("ada", 0));
    assert_eq!(f.store.users(5).await.unwrap().len(), 1);
    // The groups are those of the last time in all browsers.
    let sessions = f.store.user_sessions("ada").await.unwrap();
    assert_eq!(sessions.iter().map(|it| it.groups.len()).collect::<Vec<_>>(), [0, 0]);
}

pub async fn a_name_stays_with_who_had_it_first(f: &Fixture) {
    assert!(f.store.add_user("ada", "hash", None).await.unwrap());
    begin(f, "h1", ProviderUser::new(ISSUER, "1", "bob")).await.unwrap();
    for user in [
        ProviderUser::new(ISSUER, "2", "ada"),
        ProviderUser::new(ISSUER, "2", "bob"),
        ProviderUser::new("https://other.example.org", "1", "bob"),
    ] {
        assert_eq!(begin(f, "h2", user).await, Err(NotBegun::NameTaken));
    }
    // The same subject of another provider is somebody else.
    let other = ProviderUser::new("https://other.example.org", "1", "eve");
    assert_eq!(begin(f, "h3", other).await.unwrap().user, "eve");
    assert_eq!(f.store.users(5).await.unwrap().len(), 3);
}

pub async fn a_disabled_user_of_a_provider_does_not_sign_in(f: &Fixture) {
    let ada = || ProviderUser::new(ISSUER, "1", "ada");
    begin(f, "h1", ada()).await.unwrap();
    assert!(f.store.set_disabled("ada", true, None).await.unwrap());
    assert!(f.store.user_sessions("ada").await.unwrap().is_empty());
    let renamed = ProviderUser::new(ISSUER, "1", "countess");
    for user in [ada(), renamed] {
        assert_eq!(begin(f, "h2", user).await, Err(NotBegun::Disabled));
    }
    assert!(f.store.set_disabled("ada", false, None).await.unwrap());
    begin(f, "h3", ada()).await.unwrap();
}

pub async fn a_user_of_a_provider_has_no_password(f: &Fixture) {
    begin(f, "h1", ProviderUser::new(ISSUER, "1", "ada")).await.unwrap();
    let ada = f.store.user("ada").await.unwrap().unwrap();
    assert!(!f.store.set_password("ada", "hash", None).await.unwrap());
    let by_password = NewUserSession::new("h2", "h2", &ada, LIFETIME);
    let begun = f.store.add_user_session(&by_password).await.unwrap();
    assert_eq!(begun, Err(NotBegun::Changed));
    assert_eq!(f.store.user_sessions("ada").await.unwrap().len(), 1);
}
