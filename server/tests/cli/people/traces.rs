//! Each way to start tasks keeps the trace of its request, and the request is a span of it.

use std::collections::BTreeSet;

use sqlx::Connection as _;

use super::{
    rows::{Act, ROWS, Row},
    world::{Who, World, json_of},
};
use crate::traces::{Collector, ENDPOINT, SPAN, attribute, hex};

/// The trace that the request of the row with this number belongs to.
fn trace(row: usize) -> String {
    format!("{:032x}", row + 1)
}

/// A batch of a task that has failed.
async fn failed(world: &World) -> String {
    let id = world.batch("fail").await;
    let batch = world.ask(Who::Owner, "GET", &format!("/api/v1/batches/{id}"), "", "", &[]).await;
    let batch = json_of(&batch);
    let task = batch["tasks"][0]["id"].as_str().unwrap_or_else(|| panic!("{batch:#}"));
    let wait = &[("Prefer", "wait=20; until=end")];
    let path = format!("/api/v1/tasks/{task}");
    let task = world.ask(Who::Owner, "GET", &path, "", "", wait).await;
    assert_eq!(json_of(&task)["status"], "error", "{task:?}");
    id
}

/// A body with which the request starts tasks, where that of the row starts none.
fn body(row: &Row, id: &str) -> String {
    match row.path {
        "/api/v1/admin/rerun" => r#"{"kind":"fail"}"#.to_owned(),
        "/admin/rerun" => "kind=fail".to_owned(),
        "/start-several/{kind}" => "pause=0%0A0".to_owned(),
        _ => row.body.replace("{id}", id),
    }
}

/// The number of the row and the span above each task that the requests have started.
async fn started(world: &World) -> Vec<(usize, String)> {
    let url = format!("sqlite://{}", world.place.path("data/milepost.db").display());
    let mut file = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let query = sqlx::query_scalar("SELECT traceparent FROM tasks WHERE traceparent IS NOT NULL");
    let traces: Vec<String> = query.fetch_all(&mut file).await.unwrap();
    file.close().await.unwrap();
    let rows = (0..ROWS.len()).map(trace).collect::<Vec<_>>();
    let of_row = |traceparent: String| {
        let (trace, span) = (&traceparent[3..35], traceparent[36..52].to_owned());
        Some((rows.iter().position(|it| it == trace)?, span))
    };
    traces.into_iter().filter_map(of_row).collect()
}

#[tokio::test]
async fn each_way_to_start_keeps_the_trace_of_its_request_and_is_a_span_of_it() {
    let mut collector = Collector::start().await;
    let delay = ("OTEL_BSP_SCHEDULE_DELAY", "50");
    let world = World::with(&[(ENDPOINT, &collector.url), delay]).await;
    for (number, row) in ROWS.iter().enumerate().filter(|(_, row)| !row.takes_all()) {
        let id = match row.about {
            "batch" => failed(&world).await,
            _ => world.subject(row).await,
        };
        let path = match row.path {
            "/start-several/{kind}" => "/start-several/quick".to_owned(),
            _ => row.path_of(&id),
        };
        let traceparent = format!("00-{}-{SPAN}-01", trace(number));
        let who = if row.act == Act::Operate { Who::Admin } else { Who::Owner };
        let headers = [("traceparent", traceparent.as_str())];
        world.send(who, row, &path, &body(row, &id), &headers).await;
    }
    let (mut spans, mut ways) = (BTreeSet::new(), BTreeSet::new());
    for (number, above) in started(&world).await {
        let row = &ROWS[number];
        assert_ne!(above, SPAN, "{} is no span", row.path);
        let span = collector.span_of(&trace(number), &format!("POST {}", row.path)).await;
        assert_eq!((hex(&span.span_id), hex(&span.parent_span_id)), (above, SPAN.to_owned()));
        ways.insert(row.path.to_owned());
    }
    let requests = collector.spans.iter().filter(|span| span.name.starts_with("POST "));
    spans.extend(requests.map(|span| attribute(span, "http.route")));
    assert_eq!(spans, ways, "a span is of a request that can start tasks");
    assert!(ways.len() >= 15, "{ways:?}");
}
