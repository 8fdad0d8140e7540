//! A task whose log is shown: what is asked for.

use super::harness::*;
use crate::{
    poll::Event,
    task::{PollResponse, TaskId, TaskLog},
};

pub(super) fn lines_to(id: TaskId, seq: i64) -> Vec<TaskLog> {
    vec![TaskLog { id, seq, lines: Vec::new() }]
}

fn follow_log(after: i64) -> Event {
    Event::FollowLog { id: ID, after }
}

/// 69.
#[test]
fn lines_are_asked_for_after_the_last_one_received() {
    let mut bench = Bench::holding();
    let asked = |bench: &Bench| {
        let watch = &bench.last_request.as_ref().expect("a request").watch[0];
        (watch.log_after, watch.version)
    };
    assert_eq!(asked(&bench), (None, 1));
    // Lines may have come with the answers before: everything is asked for, at once.
    bench.event(follow_log(7));
    assert!(bench.until_sent() <= 500);
    assert_eq!(asked(&bench), (Some(0), 0));
    bench.answer(PollResponse { log: lines_to(ID, 9), ..held(vec![at(50.0, 2)], 10) });
    bench.until_sent();
    assert_eq!(asked(&bench), (Some(9), 2));
    // An older piece, or one of another task, sets nothing back.
    for log in [lines_to(ID, 8), lines_to(id(2), 50), Vec::new()] {
        bench.advance(1_000);
        bench.answer(PollResponse { log, ..held(Vec::new(), 1_000) });
        bench.until_sent();
        assert_eq!(asked(&bench).0, Some(9));
    }
}

/// 69.
#[test]
fn a_log_that_is_shown_from_the_beginning_costs_no_request() {
    let mut bench = Bench::new(Default::default());
    let snapshot = Some(Box::new(running(ID, 1)));
    bench.event(Event::Watch { id: ID, snapshot });
    bench.event(follow_log(7));
    bench.until_sent();
    let watch = &bench.last_request.as_ref().expect("a request").watch[0];
    assert_eq!((watch.log_after, watch.version), (Some(7), 1));
    assert_eq!(bench.sent.len(), 1);
}
