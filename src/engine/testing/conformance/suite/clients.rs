//! Clients without a session are distinguished by their address.

use crate::{
    engine::store::{Inserted, NewArtifact, NewTask, Source, WriteRejected},
    task::TaskId,
};

use super::super::fixture::{Fixture, task};
use super::artifacts;

fn of(client: &str) -> NewTask {
    NewTask { owner: None, client: Some(client.to_owned()), max_queued: 2, ..task() }
}

pub async fn anonymous_clients_have_limits_turns_and_keys_of_their_own(f: &Fixture) {
    let queue = async |new: NewTask| -> TaskId {
        f.advance(1).await;
        f.queue(&new).await.id
    };
    let with_key = |client| {
        let idempotency = Some(("key".to_owned(), "hash".to_owned()));
        let lookup_key = Some("lighthouse".to_owned());
        NewTask { idempotency, lookup_key, ..of(client) }
    };
    let mut one = vec![queue(with_key("one")).await, queue(of("one")).await];
    assert!(matches!(f.store.insert(&of("one")).await.unwrap(), Inserted::Full(2)));
    // One that is full is in nobody's way, and neither is its key.
    let other = queue(with_key("other")).await;
    assert!(matches!(f.store.insert(&with_key("one")).await.unwrap(), Inserted::SameKey(_)));
    for (account, id) in [("one", one[0]), ("other", other)] {
        let started = f.store.started(account, "key", "hash").await.unwrap();
        let newest = f.store.newest(account, "story", "lighthouse").await.unwrap();
        assert_eq!(started.map(|row| row.id), Some(id));
        assert_eq!(newest.map(|row| row.id), Some(id));
    }
    for stranger in ["", "ada", "third"] {
        assert_eq!(f.store.newest(stranger, "story", "lighthouse").await.unwrap(), None);
    }
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(f.claim("w", 1).await[0].id);
    }
    one.insert(1, other);
    assert_eq!(order, one);
}

pub async fn anonymous_files_are_counted_by_client(f: &Fixture) {
    let upload = |client: &str| NewArtifact {
        source: Source::Upload { owner: None, client: Some(client.to_owned()), keep_ms: 1_000 },
        max_files: 1,
        ..artifacts::upload(None, "u")
    };
    artifacts::kept(f, &upload("one"), 900).await.unwrap();
    let full = artifacts::kept(f, &upload("one"), 1).await;
    assert_eq!(full, Err(WriteRejected::TooMany));
    artifacts::kept(f, &upload("other"), 900).await.unwrap();
    // What a task makes counts for who started it.
    f.queue(&of("one")).await;
    let row = f.claim("w", 1).await.remove(0);
    let made = artifacts::of(&row, "made");
    assert_eq!(artifacts::kept(f, &made, 200).await, Err(WriteRejected::Full));
    f.queue(&of("third")).await;
    let row = f.claim("w", 1).await.remove(0);
    artifacts::kept(f, &artifacts::of(&row, "made"), 200).await.unwrap();
}
