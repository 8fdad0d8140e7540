//! Each call once, as a program uses it.

use milepost::{client::ListTasks, prelude::*, task::StartBatch};

use crate::fixture::{Server, count};

#[tokio::test]
async fn a_task_is_started_followed_to_its_end_and_its_results_are_fetched() {
    let server = Server::start().await;
    let client = &server.client;
    let started = client.start(&count(3, false)).await.unwrap();
    assert!(!started.existing);
    let id = started.snapshot.id;

    let ended = client.wait(id).await.unwrap();
    assert_eq!((ended.status, ended.progress), (Status::Completed, Some(100.0)));
    assert_eq!(client.status(id).await.unwrap().status, Status::Completed);
    assert_eq!(client.result(id).await.unwrap(), b"counted to 3");
    let files = client.files(id).await.unwrap();
    assert_eq!(files.files.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["numbers.txt"]);
    let file = client.file(id, "numbers.txt").await.unwrap();
    assert_eq!(file.bytes(10).await.unwrap(), b"3");
    assert_eq!(client.input(id).await.unwrap().input["to"], 3);
    let log = client.log(id, 0).await.unwrap();
    let texts: Vec<_> = log.lines.iter().map(|line| &*line.text).collect();
    assert_eq!(texts, ["step 1", "step 2", "step 3"]);
    let rest = client.log(id, log.lines[0].seq).await.unwrap();
    assert_eq!((rest.lines.len(), rest.next), (2, log.next));
    assert!(client.log(id, log.next).await.unwrap().lines.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_starts_one_task() {
    let server = Server::start().await;
    let first = server.client.start_once(&count(1, true), "a key").await;
    assert!(first.is_err(), "a key has no spaces");
    let first = server.client.start_once(&count(1, true), "a-key").await.unwrap();
    let second = server.client.start_once(&count(1, true), "a-key").await.unwrap();
    assert_eq!(first.snapshot.id, second.snapshot.id);
    assert!(second.existing);
    server.stop().await;
}

#[tokio::test]
async fn a_task_that_ended_is_rerun_and_listed_kinds_are_described() {
    let server = Server::start().await;
    let client = &server.client;
    let id = client.start(&count(2, false)).await.unwrap().snapshot.id;
    client.wait(id).await.unwrap();
    client.keep(id).await.unwrap();
    let rerun = client.rerun(id).await.unwrap();
    assert_ne!(rerun.id, id);
    assert_eq!(client.wait(rerun.id).await.unwrap().status, Status::Completed);
    let kinds = client.kinds().await.unwrap();
    assert_eq!(kinds.len(), 1);
    assert_eq!(client.kind("count").await.unwrap(), kinds[0]);
    // Tasks without a session are in nobody's list.
    let list =
        ListTasks::default().kind("count").status(Status::Completed).search("é&x=1").limit(5);
    assert!(client.list(&list).await.unwrap().tasks.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_batch_is_started_cancelled_and_rerun() {
    let server = Server::start().await;
    let client = &server.client;
    let inputs = [1, 13].map(|to| serde_json::json!({ "to": to })).to_vec();
    let start = StartBatch::new("count", inputs);
    let batch = client.start_batch(&start).await.unwrap();
    let mut watch = client.watch();
    batch.tasks.iter().for_each(|task| watch.add_snapshot(task.clone()));
    while watch.changed().await {}
    let statuses: Vec<_> = client.batch(batch.id).await.unwrap().tasks;
    let statuses: Vec<_> = statuses.iter().map(|task| task.status).collect();
    assert_eq!(statuses, [Status::Completed, Status::Error]);
    // Batches without a session are in nobody's list.
    assert!(client.batches(None).await.unwrap().batches.is_empty());
    let again = client.rerun_batch(batch.id).await.unwrap();
    assert_eq!(again.tasks.len(), 1);
    let again = client.cancel_batch(again.id).await.unwrap();
    assert_eq!(again.tasks.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_file_is_uploaded_from_memory_and_piece_by_piece() {
    let server = Server::start().await;
    let upload = server.client.upload("a b&c.txt", b"abc".to_vec()).await.unwrap();
    assert_eq!((&*upload.name, upload.size_bytes), ("a b&c.txt", 3));
    let upload = server.client.upload_stream("d.txt", 4, "abcd".into()).await.unwrap();
    assert_eq!((&*upload.name, upload.size_bytes), ("d.txt", 4));
    server.stop().await;
}
