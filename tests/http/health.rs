//! For those who watch over the server.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;

use crate::fixture::{ADA, fixture, fixture_with, options};

#[tokio::test]
async fn a_server_says_that_it_lives_and_is_ready() {
    let f = fixture().await;
    assert_eq!(f.get("/healthz", "").await.bytes, b"ok\n");
    assert_eq!(f.get("/readyz", "").await.bytes, b"ready\n");
    f.engine.shutdown().await;
    assert_eq!(f.get("/healthz", "").await.status, 200);
    assert_eq!(f.get("/readyz", "").await.status, 503);
}

#[tokio::test]
async fn figures_are_for_operators() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &id, "running").await;
    f.start(ADA, "endless", json!({})).await;
    let text = String::from_utf8(f.get("/metrics", "").await.bytes).unwrap();
    for line in ["milepost_tasks{status=\"queued\"} 1", "milepost_tasks{status=\"running\"} 1"] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    // Nothing has ended yet, so that no estimate was judged.
    assert!(
        text.contains("milepost_eta_ranges_total{kind=\"endless\",end=\"inside\"} 0"),
        "{text}"
    );
}

/// The text format asks for the samples of a metric in one group, below its HELP and TYPE.
#[tokio::test]
async fn the_samples_of_a_metric_are_one_group() {
    let f = fixture().await;
    let text = String::from_utf8(f.get("/metrics", "").await.bytes).unwrap();
    let mut groups: Vec<&str> = Vec::new();
    for line in text.lines() {
        let name = match line.strip_prefix("# ") {
            Some(comment) => comment.split(' ').nth(1).unwrap(),
            None => line.split(['{', ' ']).next().unwrap(),
        };
        // The samples of a histogram.
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().find_map(|part| name.strip_suffix(part));
        let name = whole.filter(|whole| groups.contains(whole)).unwrap_or(name);
        if groups.last() != Some(&name) {
            assert!(line.starts_with("# HELP ") && !groups.contains(&name), "{name}: {text}");
            groups.push(name);
        }
    }
    assert!(groups.contains(&"milepost_eta_error_seconds_total"), "{groups:?}");
}

#[tokio::test]
async fn a_flood_of_calls_reaches_the_store_once() {
    let f = fixture().await;
    assert_eq!(f.get("/metrics", "").await.status, 200);
    // Without a store the next call could not be answered.
    f.engine.shutdown().await;
    for _ in 0..100 {
        assert_eq!(f.get("/metrics", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_name_that_others_can_make_mean_this_server_is_not_told_its_figures() {
    let f = fixture().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let request = Request::get(path).header(header::HOST, "evil.example");
        let answer = f.send(request.body(Body::empty()).unwrap()).await;
        f.problem(&answer, 421);
    }
}

#[tokio::test]
async fn monitors_can_have_a_listener_of_their_own() {
    let f = fixture_with(options().with(|o| o.monitoring = false)).await;
    assert_eq!(f.get("/metrics", "").await.status, 404);
}
