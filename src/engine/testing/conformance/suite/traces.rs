//! What a task keeps of the trace that its start belongs to.

use std::sync::Arc;

use crate::{
    engine::store::{CommitGroup, Ending, NewTask, Row, RunEnd, StoredTrace},
    task::TraceParent,
};

use super::super::fixture::{Fixture, START, result, task};

fn parent(span_id: u64) -> Option<TraceParent> {
    TraceParent::new(u128::MAX / 3, span_id, 1)
}

async fn kept(f: &Fixture, row: &Row) -> StoredTrace {
    f.store.input(row.id).await.unwrap().expect("it is there").trace
}

/// Ends a run together with others, as a worker does.
async fn end(f: &Fixture, row: &Row, ending: Ending, traceparent: Option<TraceParent>) {
    let end = RunEnd::new(row, ending).with(|end| end.traceparent = traceparent);
    let group = CommitGroup { ends: vec![Arc::new(end)], ..CommitGroup::default() };
    let ended = f.store.commit_group(&group).await.ends.pop();
    assert!(ended.expect("one end").expect("in the group").unwrap().is_some());
}

pub async fn a_task_keeps_the_trace_of_its_start(f: &Fixture) {
    let new = NewTask { traceparent: parent(7), ..task() };
    let row = f.queue(&new).await;
    let start = StoredTrace { start: parent(7), last_run: None };
    assert_eq!(kept(f, &row).await, start);
    let claim = f.claim("w", 1).await;
    assert_eq!(kept(f, &claim[0]).await, start);
    end(f, &claim[0], Ending::Completed(result()), parent(8)).await;
    assert_eq!(kept(f, &row).await, start, "nothing runs after the end");
    // Started together, and without a trace.
    let starts = [NewTask { traceparent: parent(9), ..task() }, task()];
    let group = starts.iter().cloned().map(Arc::new).collect();
    let group = CommitGroup { starts: group, ..CommitGroup::default() };
    f.store.commit_group(&group).await;
    for (new, start) in starts.iter().zip([parent(9), None]) {
        assert_eq!(kept(f, &f.get(new.id).await).await, StoredTrace { start, last_run: None });
    }
}

pub async fn a_rerun_has_the_trace_of_its_own_start(f: &Fixture) {
    let original = f.queue(&NewTask { traceparent: parent(7), ..task() }).await;
    let claim = f.claim("w", 1).await;
    end(f, &claim[0], Ending::Cancelled, parent(8)).await;
    for start in [None, parent(9)] {
        let rerun = NewTask { rerun_of: Some(original.id), traceparent: start, ..task() };
        let rerun = f.queue(&rerun).await;
        assert_eq!(kept(f, &rerun).await, StoredTrace { start, last_run: None });
    }
}

pub async fn a_run_that_is_followed_by_another_leaves_its_span_to_it(f: &Fixture) {
    f.queue(&NewTask { traceparent: parent(7), ..task() }).await;
    let again = || Ending::Again { after_ms: 0, message: "busy".to_owned() };
    let waiting = Ending::Waiting { after_ms: 0, message: "busy".to_owned() };
    // Each run, and the span that the next one finds. A run without one leaves that of an earlier run.
    for (ending, own, last_run) in [
        (again(), None, None),
        (again(), parent(8), parent(8)),
        (waiting, parent(9), parent(9)),
        (Ending::Released, None, parent(9)),
    ] {
        let claim = f.claim("w", 1).await;
        end(f, &claim[0], ending, own).await;
        let row = f.get(claim[0].id).await;
        assert_eq!(kept(f, &row).await, StoredTrace { start: parent(7), last_run });
        assert_eq!(row.run_at, START);
    }
}
