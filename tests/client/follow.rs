//! Following tasks: what changes, cancellation, and how it ends when the task cannot be followed.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use milepost::{
    client::{Client, Error},
    poll::Freshness,
    prelude::*,
    task::GoneReason,
};

use crate::fixture::{Server, count};

#[tokio::test]
async fn each_step_is_seen_and_the_stream_ends_with_the_task() {
    let server = Server::start().await;
    let id = server.client.start(&count(2, true)).await.unwrap().snapshot.id;
    let mut follow = server.client.follow(id);
    let first = follow.next().await.unwrap().unwrap();
    assert!(!first.status.is_terminal());
    server.steps.add_permits(2);
    let rest: Vec<_> = (&mut follow).collect().await;
    let last = rest.last().unwrap().as_ref().unwrap();
    assert_eq!(last.status, Status::Completed);
    let versions: Vec<_> = rest.iter().map(|snapshot| snapshot.as_ref().unwrap().version).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert!(follow.next().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn a_followed_task_is_cancelled_and_seen_to_stop() {
    let server = Server::start().await;
    let started = server.client.start(&count(2, true)).await.unwrap().snapshot;
    let mut follow = server.client.follow_snapshot(started);
    follow.cancel().await.unwrap();
    let mut last = None;
    while let Some(snapshot) = follow.next().await {
        last = Some(snapshot.unwrap().status);
    }
    assert_eq!(last, Some(Status::Cancelled));
    server.stop().await;
}

#[tokio::test]
async fn a_task_that_ends_while_it_waits_is_told_once_and_one_that_failed_is_no_error() {
    let server = Server::start().await;
    let id = server.client.start(&count(13, false)).await.unwrap().snapshot.id;
    let ended = server.client.wait(id).await.unwrap();
    assert_eq!(ended.status, Status::Error);
    assert_eq!(ended.error.unwrap().code, "unlucky");
    let mut follow = server.client.follow(id);
    assert_eq!(follow.next().await.unwrap().unwrap().status, Status::Error);
    assert!(follow.next().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_task_is_gone_and_a_watch_without_tasks_waits_for_nothing() {
    let server = Server::start().await;
    let unknown: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
    let error = server.client.wait(unknown).await.unwrap_err();
    assert!(matches!(error, Error::Gone(GoneReason::NotFound)), "{error:?}");
    assert!(error.is_not_found());
    assert!(!server.client.watch().changed().await);
    server.stop().await;
}

/// Nothing listens at this address.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_given_up_after_the_configured_time() {
    let client = Client::new(&nowhere().await).unwrap();
    let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
    let error = client.wait(id).await.unwrap_err();
    assert!(matches!(error, Error::GaveUp { .. }), "{error:?}");
    assert!(error.is_temporary());
}

#[tokio::test(start_paused = true)]
async fn following_ends_at_its_time_limit_even_if_the_server_is_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder(&url).follow_timeout(Duration::from_secs(30)).build().unwrap();
    let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
    let error = client.wait(id).await.unwrap_err();
    assert!(matches!(error, Error::FollowTimeout), "{error:?}");
}

#[tokio::test]
async fn a_watch_can_be_dropped_at_any_point_and_waits_again_after_a_select() {
    let server = Server::start().await;
    let id = server.client.start(&count(1, true)).await.unwrap().snapshot.id;
    let mut watch = server.client.watch();
    watch.add(id);
    // As in a `select!` whose other branch wins.
    assert!(watch.changed().now_or_never().is_none());
    while watch.view(id).unwrap().snapshot.is_none() {
        assert!(watch.changed().await);
    }
    assert_eq!(watch.view(id).unwrap().freshness, Freshness::Fresh);
    server.steps.add_permits(1);
    while watch.changed().await {}
    assert_eq!(watch.view(id).unwrap().status, Some(Status::Completed));
    assert!(watch.lost(id).is_none());
    server.stop().await;
}
