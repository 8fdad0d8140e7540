//! Errors are typed, and every wait ends.

use std::time::Duration;

use milepost::{
    client::{Client, Error},
    prelude::*,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::fixture::{Server, count};

const ID: &str = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";

#[tokio::test]
async fn a_refusal_has_its_status_its_detail_and_its_fields() {
    let server = Server::start().await;
    let error = server.client.start(&count(0, false)).await.unwrap_err();
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.field_errors()[0].field, "to");
    assert_eq!(error.field_errors()[0].detail, "must be at least 1");
    assert!(error.detail().unwrap().contains("must be at least 1"));
    assert!(error.title().is_some() && error.code().is_some() && !error.is_temporary());

    let unknown = server.client.status(ID.parse().unwrap()).await.unwrap_err();
    assert!(unknown.is_not_found(), "{unknown:?}");
    let running = server.client.start(&count(1, true)).await.unwrap().snapshot.id;
    assert_eq!(server.client.result(running).await.unwrap_err().status(), Some(409));
    assert!(server.client.file(running, "../input").await.unwrap_err().is_not_found());
    server.stop().await;
}

#[tokio::test]
async fn a_result_that_is_larger_than_the_limit_is_not_taken() {
    let server = Server::start().await;
    let client = Client::builder(&server.url).max_result_bytes(4).build().unwrap();
    let id = client.start(&count(2, false)).await.unwrap().snapshot.id;
    client.wait(id).await.unwrap();
    let error = client.result(id).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { max_bytes: 4 }), "{error:?}");
    server.stop().await;
}

/// Answers each connection with these bytes, and leaves it open.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let _ = connection.write_all(bytes).await;
            open.push(connection);
        }
    });
    url
}

#[tokio::test]
async fn what_answers_but_is_no_milepost_is_told_apart() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
    ] {
        let client = Client::new(&answering(bytes).await).unwrap();
        let error = client.status(ID.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{error:?}");
    }
    let client = Client::new(&answering(b"SSH-2.0-x\r\n").await).unwrap();
    let error = client.status(ID.parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_limit() {
    const ENDLESS: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n[1,2,3,4,5,6,7,8,9,0]";
    let client = Client::builder(&answering(ENDLESS).await).max_response_bytes(8).build().unwrap();
    let error = client.kinds().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { max_bytes: 8 }), "{error:?}");
}

/// Time passes when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn every_call_to_a_server_that_falls_silent_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limit = Duration::from_secs(7);
    let client = Client::builder(&url).response_timeout(limit).upload_timeout(limit).build();
    let client = client.unwrap();
    let id: TaskId = ID.parse().unwrap();
    let errors = [
        client.status(id).await.unwrap_err(),
        client.start(&count(1, false)).await.unwrap_err(),
        client.cancel(id).await.unwrap_err(),
        client.result(id).await.unwrap_err(),
        client.file(id, "x").await.unwrap_err(),
        client.upload("x", Vec::new()).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::Timeout { after, .. } if after == limit), "{error:?}");
        assert!(error.is_temporary());
    }
}
