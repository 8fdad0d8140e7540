use std::{convert::Infallible, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

use super::*;

/// Body of pieces, each with a delay and a size.
fn pieces(pieces: Vec<(u64, usize)>) -> Body {
    Body::from_stream(stream::iter(pieces).then(async |(after_s, bytes)| {
        sleep(Duration::from_secs(after_s)).await;
        Ok::<_, Infallible>(Bytes::from(vec![b'x'; bytes]))
    }))
}

/// Reads a body; returns the problem and the number of bytes read.
async fn read(path: &str, media: &str, pages: bool, body: Body) -> (Option<Problem>, usize) {
    let request = axum::http::Request::post(path).header(header::CONTENT_TYPE, media).body(body);
    let mut request = request.unwrap_or_else(|error| panic!("{error}"));
    let options = HttpOptions {
        max_body_bytes: 1024,
        file_form_paths: &["/start/"],
        ..HttpOptions::default()
    };
    let check = match check(&mut request, &options, pages) {
        Ok(check) => check,
        Err(problem) => return (Some(problem), 0),
    };
    let (mut body, mut bytes) = (request.into_body().into_data_stream(), 0);
    while let Some(Ok(piece)) = body.next().await {
        bytes += piece.len();
    }
    (check.and_then(|check| check.problem()), bytes)
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_as_large_as_the_setting_says() {
    let json = "application/json";
    let (problem, bytes) = read("/api/v1/tasks", json, false, pieces(vec![(0, 1024)])).await;
    assert_eq!((problem, bytes), (None, 1024));
    let (problem, bytes) =
        read("/api/v1/tasks", json, false, pieces(vec![(0, 1024), (0, 1)])).await;
    let problem = problem.unwrap_or_else(|| panic!("a fault"));
    assert_eq!((problem.status, bytes), (413, 1024));
    assert_eq!(problem.detail, "The body has more than 1 KiB (http.max_body_bytes)");
    // A declared length over the limit is refused before the first byte.
    let (problem, bytes) = read("/api/v1/tasks", json, false, Body::from(vec![0; 1025])).await;
    assert_eq!((problem.map(|problem| problem.status), bytes), (Some(413), 0));
}

#[tokio::test(start_paused = true)]
async fn a_form_has_more_room_and_files_have_limits_of_their_own() {
    let form = "application/x-www-form-urlencoded";
    let (problem, _) = read("/start/x", form, true, Body::from(vec![0; 3072])).await;
    assert_eq!(problem, None);
    let (problem, _) = read("/start/x", form, true, Body::from(vec![0; 3073])).await;
    let detail = problem.map(|problem| problem.detail).unwrap_or_default();
    assert_eq!(detail, "The body has more than 3 KiB (3 times http.max_body_bytes)");
    for (path, media, pages, limited) in [
        ("/start/x", "Multipart/Form-Data; boundary=x", true, false),
        ("/api/v1/uploads", "application/octet-stream", false, false),
        ("/tasks/x/rerun", "multipart/form-data; boundary=x", true, true),
        ("/api/v1/uploads/x", "application/octet-stream", false, true),
    ] {
        let (problem, _) = read(path, media, pages, Body::from(vec![0; 4096])).await;
        assert_eq!(problem.is_some(), limited, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_for_a_while_is_not_waited_for() {
    let path = "/api/v1/uploads";
    let (problem, bytes) = read(path, "", false, pieces(vec![(19, 1_000_000), (59, 1)])).await;
    assert_eq!((problem, bytes), (None, 1_000_001));
    let (problem, bytes) = read(path, "", false, pieces(vec![(0, 1_000_000), (61, 1)])).await;
    let problem = problem.unwrap_or_else(|| panic!("a fault"));
    assert_eq!((problem.status, bytes), (408, 1_000_000));
    let detail = "Nothing of the body came for 60 s (http.connections.body_idle_timeout_s)";
    assert_eq!(problem.detail, detail);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_not_waited_for() {
    let drips = pieces((0..100).map(|_| (10, 1)).collect());
    let (problem, bytes) = read("/api/v1/uploads", "", false, drips).await;
    let problem = problem.unwrap_or_else(|| panic!("a fault"));
    assert_eq!(problem.status, 408);
    assert!(problem.detail.contains("less than 500 bytes per second"), "{problem}");
    assert_eq!(bytes, 2);
    // A fast start does not pay for a slow rest.
    let drips = std::iter::once((0, 1_000_000)).chain((0..100).map(|_| (10, 1)));
    let (problem, bytes) = read("/api/v1/uploads", "", false, pieces(drips.collect())).await;
    assert_eq!((problem.map(|problem| problem.status), bytes), (Some(408), 1_000_006));
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_ends_after_the_grace_and_no_later() {
    let (begun, drips) = (tokio::time::Instant::now(), pieces(vec![(1, 1); 1_000]));
    let (problem, _) = read("/api/v1/tasks", "application/json", false, drips).await;
    assert_eq!(problem.map(|problem| problem.status), Some(408));
    assert_eq!(begun.elapsed().as_secs(), 20);
}
