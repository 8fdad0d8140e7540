//! For those who watch over the server.

use serde_json::json;

use crate::fixture::{ADA, fixture};

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
