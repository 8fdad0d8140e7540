use std::str::FromStr;

use super::*;
use crate::engine::snapshot::of_row;

fn waiting(place: Option<u32>, waited_ms: i64) -> Snapshot {
    let id = TaskId::from_str("4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55").expect("an id");
    let row = Row::new(id, "k", "").with(|row| {
        row.version = 7 << GENERATION_SHIFT;
        row.read_at = waited_ms;
    });
    let mut snapshot = of_row(&row);
    tell(&mut snapshot, place, waited_ms);
    snapshot
}

const DAY: i64 = 86_400_000;

#[test]
fn a_nearer_place_is_a_greater_version_at_once() {
    for waited in [0, 1_000, DAY, 400 * DAY] {
        let mut before = waiting(None, waited).version;
        for place in (1..=MAX_PLACES).rev() {
            let version = waiting(Some(place), waited).version;
            assert!(version > before, "place {place} after {waited} ms");
            before = version;
        }
        assert!(before < 8 << GENERATION_SHIFT, "what the store does next is newer still");
    }
}

#[test]
fn the_same_place_is_nothing_new_whatever_time_has_passed() {
    let known = waiting(Some(3), 0).version;
    for waited in [10, 60_000, DAY] {
        let mut later = waiting(Some(3), waited);
        settle(&mut later, known);
        assert_eq!(later.version, known);
    }
    let mut another_wait = waiting(Some(3), 10);
    settle(&mut another_wait, 6 << GENERATION_SHIFT | known & PLACE_MASK);
    assert_eq!(another_wait.version >> GENERATION_SHIFT, 7);
}

#[test]
fn a_farther_place_is_told_with_a_greater_version_and_until_then_not() {
    let known = waiting(Some(3), 60_000).version;
    let mut at_once = waiting(Some(5), 60_001);
    settle(&mut at_once, known);
    assert_eq!(at_once.version, known, "a version never falls");
    let mut soon = waiting(Some(5), 65_000);
    settle(&mut soon, known);
    assert!(soon.version > known);
}

#[test]
fn only_waiting_tasks_have_such_versions() {
    let mut running = waiting(None, 0);
    (running.status, running.version) = (Status::Running, 7 << GENERATION_SHIFT | 5);
    tell(&mut running, None, 60_000);
    settle(&mut running, 7 << GENERATION_SHIFT | 9 << PLACE_BITS | 5);
    assert_eq!(running.version, 7 << GENERATION_SHIFT | 5);
}

#[test]
fn a_farther_place_in_the_same_moment_is_held_back_and_no_version_falls() {
    let mut order = Order::default();
    let mut told = |place, waited_ms| {
        let mut snapshot = waiting(place, waited_ms);
        order.hold_back(&mut snapshot, next_tick_ms(waited_ms));
        (snapshot.queue_position, snapshot.version)
    };
    let before = told(Some(3), 60_000);
    assert_eq!(told(Some(5), 60_001), before);
    assert_eq!(told(None, 60_002), before);
    let nearer = told(Some(2), 60_003);
    assert!(nearer.0 == Some(2) && nearer.1 > before.1);
    let later = told(Some(5), next_tick_ms(60_003));
    assert!(later.0 == Some(5) && later.1 > nearer.1);
}

#[test]
fn a_tick_ends_when_it_is_said_to() {
    for waited_ms in [0, 1, 61, 62, 63, 250, 999, 60_000, DAY] {
        let next = next_tick_ms(waited_ms);
        assert!(next > waited_ms && tick(next) > tick(waited_ms), "{waited_ms}: {next}");
    }
}

#[test]
fn many_starts_read_the_order_for_a_share_of_the_time_only() {
    let mut order = Order::default();
    let begun = Instant::now();
    assert!(!order.has_read_enough(begun));
    order.reading += SOONER - Duration::from_millis(1);
    assert!(!order.has_read_enough(begun + PERIOD / 2));
    order.reading += Duration::from_millis(1);
    assert!(order.has_read_enough(begun + PERIOD / 2));
    assert!(!order.has_read_enough(begun + PERIOD), "a new period");
    assert_eq!(order.reading, Duration::ZERO);
}
