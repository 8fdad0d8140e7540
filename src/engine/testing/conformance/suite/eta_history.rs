//! How fast a task moves, and how long stages took.

use crate::engine::store::{ProgressWrite, Row, StoredPace};

use super::super::fixture::{Fixture, LEASE, START, task};

const PACE: StoredPace = StoredPace {
    rate: 0.25,
    ends_at: Some(START + 3_000),
    ends_between: Some((START + 2_000, START + 5_000)),
};

fn moving(row: &Row) -> ProgressWrite {
    super::runs::report(row, row.version + 1, 0.5).with(|write| {
        write.pace = PACE;
        write.message = None;
        write.updated_at = START;
    })
}

pub async fn the_pace_of_a_run_is_known_to_all_and_ends_with_it(f: &Fixture) {
    let row = f.running("w").await;
    assert_eq!(row.pace, StoredPace::default());
    f.store.save_progress(&[moving(&row)]).await.unwrap();
    assert_eq!(f.get(row.id).await.pace, PACE);
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    assert_eq!(f.claim("x", 1).await[0].pace, StoredPace::default());
}

pub async fn the_newest_times_of_a_stage_are_kept(f: &Fixture) {
    for ms in 1..=5 {
        let times = [("Reading".to_owned(), ms), ("Writing".to_owned(), ms * 10)];
        f.store.keep_stage_times(task().id, "story", &times, 3).await.unwrap();
        f.advance(1_000).await;
    }
    f.store.keep_stage_times(task().id, "other", &[("Reading".to_owned(), 7)], 3).await.unwrap();
    let mut times = f.store.stage_times("story").await.unwrap();
    times.sort();
    let expected: Vec<_> = [("Reading", 3), ("Reading", 4), ("Reading", 5)]
        .into_iter()
        .chain([("Writing", 30), ("Writing", 40), ("Writing", 50)])
        .map(|(stage, ms)| (stage.to_owned(), ms))
        .collect();
    assert_eq!(times, expected);
}
