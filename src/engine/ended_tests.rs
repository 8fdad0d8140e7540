use super::*;
use crate::{engine::store::GENERATION_SHIFT, task::Status};

fn ended(id: TaskId, title: &str) -> Row {
    Row::new(id, "k", title).with(|row| {
        (row.status, row.attempt, row.run_seq) = (Status::Completed, 1, 1);
        row.version = 7 << GENERATION_SHIFT;
        (row.finished_at, row.expires_at) = (Some(0), Some(1_000));
    })
}

fn id() -> TaskId {
    TaskId::from_uuid(uuid::Uuid::new_v4())
}

fn put(rows: &EndedRows, row: &Row) {
    rows.put(row, rows.reading());
}

#[test]
fn an_ended_row_is_known_until_it_expires_and_no_other_is() {
    let rows = EndedRows::new(1 << 20, false);
    let row = ended(id(), "a report");
    assert_eq!(rows.get(row.id, 0), None);
    put(&rows, &row);
    assert_eq!(rows.get(row.id, 999), Some(Row { read_at: 999, ..row.clone() }));
    assert_eq!(rows.get(row.id, 1_000), None);
    let running = Row { status: Status::Running, ..ended(id(), "a report") };
    put(&rows, &running);
    assert_eq!(rows.get(running.id, 0), None);
}

#[test]
fn a_row_that_was_read_before_a_change_is_not_retained_after_it() {
    let rows = EndedRows::new(1 << 20, false);
    let row = ended(id(), "a report");
    let reading = rows.reading();
    rows.forget(row.id);
    rows.put(&row, reading);
    assert_eq!(rows.get(row.id, 0), None);
    put(&rows, &row);
    assert!(rows.get(row.id, 0).is_some());
    rows.forget(row.id);
    assert_eq!(rows.get(row.id, 0), None);
}

#[test]
fn no_more_bytes_are_retained_than_allowed_and_none_if_there_are_to_be_none() {
    let max = 64 << 10;
    let rows = EndedRows::new(max, false);
    let all: Vec<_> = (0..1_000).map(|_| ended(id(), &"t".repeat(1_000))).collect();
    all.iter().for_each(|row| put(&rows, row));
    let retained = all.iter().filter(|row| rows.get(row.id, 0).is_some()).count();
    assert!((1..=max / 2_000).contains(&retained), "{retained} rows of 2 kB in {max} bytes");
    let none = EndedRows::new(0, false);
    put(&none, &all[0]);
    assert_eq!(none.get(all[0].id, 0), None);
}

#[test]
fn where_others_may_change_it_a_row_counts_for_a_moment() {
    let rows = EndedRows::new(1 << 20, true);
    let row = ended(id(), "a report");
    put(&rows, &row);
    assert!(rows.get(row.id, 0).is_some());
    let Some(long_ago) = Instant::now().checked_sub(FRESH * 2) else { return };
    rows.put(&row, Reading { read: long_ago, ..rows.reading() });
    assert_eq!(rows.get(row.id, 0), None);
}
