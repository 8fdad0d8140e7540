//! The calls about users and what they have.

use milepost::engine::store::{EndedSessions, NewUserSession, SessionLifetime, Store, StoreError};
use uuid::Uuid;

/// Makes the call of this name.
pub(super) async fn call(store: &dyn Store, name: &str) -> Result<(), StoreError> {
    let lifetime = SessionLifetime::new(5, 5);
    match name {
        "add_user" => store.add_user("ada", "hash", None).await.map(drop),
        "set_password" => store.set_password("ada", "hash", None).await.map(drop),
        "set_disabled" => store.set_disabled("ada", true, None).await.map(drop),
        "user" => store.user("ada").await.map(drop),
        "users" => store.users(5).await.map(drop),
        "add_user_session" => {
            store.add_user("eve", "hash", None).await?;
            let user = store.user("eve").await?.unwrap();
            let id = Uuid::new_v4().to_string();
            store
                .add_user_session(&NewUserSession::new(&*id, &*id, &user, lifetime))
                .await
                .map(drop)
        }
        "use_user_session" => store.use_user_session("hash", lifetime).await.map(drop),
        "user_sessions" => store.user_sessions("ada").await.map(drop),
        "end_user_sessions" => {
            store.end_user_sessions("ada", EndedSessions::One("id"), None).await.map(drop)
        }
        "remove_tokens_of" => store.remove_tokens_of("user:ada", None, None).await.map(drop),
        "delete_uploads_of" => store.delete_uploads_of("ada").await.map(drop),
        "clear_tombstones_of" => store.clear_tombstones_of("ada", 5).await.map(drop),
        other => panic!("`{other}` is new: call it here, so that it is known to end"),
    }
}
