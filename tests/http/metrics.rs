//! Metrics by kind, and the files in `docs/` that use them.

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::json;

use crate::fixture::{ADA, Fixture, fixture};

async fn text(f: &Fixture) -> String {
    let answer = f.get("/metrics", "").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    String::from_utf8(answer.bytes).unwrap()
}

#[tokio::test]
async fn what_starts_runs_and_ends_is_counted_by_kind() {
    let text = self::text(&fixture().await).await;
    let none = "milepost_task_starts_total{kind=\"echo\"} 0";
    assert!(text.contains(none), "from the beginning: {text}");
    let f = fixture().await;
    for fail in [false, true] {
        let id = f.start(ADA, "echo", json!({ "text": "x", "fail": fail })).await;
        f.until(ADA, &id, if fail { "error" } else { "completed" }).await;
    }
    let running = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &running, "running").await;
    let waiting = f.start(ADA, "endless", json!({})).await;
    let later = json!({ "kind": "endless", "input": {}, "delay_s": 600 });
    assert_eq!(f.post("/api/v1/tasks", ADA, &later).await.status, 202);
    f.post(&format!("/api/v1/tasks/{waiting}/cancel"), ADA, &json!({})).await;
    let text = self::text(&f).await;
    for line in [
        "milepost_task_starts_total{kind=\"echo\"} 2",
        "milepost_task_attempts_total{kind=\"echo\"} 2",
        "milepost_task_ends_total{kind=\"echo\",outcome=\"completed\"} 1",
        "milepost_task_ends_total{kind=\"echo\",outcome=\"error\"} 1",
        "milepost_task_ends_total{kind=\"endless\",outcome=\"cancelled\"} 1",
        "milepost_task_duration_seconds_count{kind=\"echo\",outcome=\"error\"} 1",
        "milepost_task_wait_seconds_count{kind=\"echo\"} 2",
        "milepost_running_tasks{kind=\"endless\"} 1",
        "milepost_scheduled_tasks{kind=\"endless\"} 1",
        "milepost_queued_tasks{kind=\"endless\"} 0",
        "milepost_queue_oldest_age_seconds{kind=\"endless\"} 0.0",
        "milepost_lost_leases_total{kind=\"echo\"} 0",
        "milepost_uploads_in_progress 0",
        "milepost_uploads_total{outcome=\"stored\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(text.contains("milepost_store_call_seconds_count{call=\"write\"}"), "{text}");
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("milepost_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_metric_of_dashboard_alerts_and_documentation_exists() {
    let f = fixture().await;
    // Histograms and families have samples once something was counted.
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    f.until(ADA, &id, "completed").await;
    let known = names(&text(&f).await);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for file in ["grafana-dashboard.json", "prometheus-alerts.yml"] {
        let used = names(&std::fs::read_to_string(docs.join(file)).unwrap());
        assert!(used.len() > 5, "{file}");
        let unknown: Vec<_> = used.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} has {unknown:?}");
    }
    let manual = std::fs::read_to_string(docs.join("operating.md")).unwrap();
    // The budgets of kinds that have some.
    let documented = |name: &&String| !manual.contains(name.as_str());
    let parts = ["_bucket", "_sum", "_count"];
    let missing: Vec<_> = known
        .iter()
        .filter(|name| !parts.iter().any(|part| name.ends_with(part)))
        .filter(documented)
        .collect();
    assert!(missing.is_empty(), "docs/operating.md lacks {missing:?}");
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_where_it_is_installed() {
    let f = fixture().await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    f.until(ADA, &id, "completed").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics");
    std::fs::write(&file, text(&f).await).unwrap();
    let input = std::fs::File::open(&file).unwrap();
    let Ok(checked) = Command::new("promtool").args(["check", "metrics"]).stdin(input).output()
    else {
        return;
    };
    assert!(checked.status.success(), "{checked:?}");
    let alerts = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prometheus-alerts.yml");
    let checked = Command::new("promtool").args(["check", "rules"]).arg(alerts).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
