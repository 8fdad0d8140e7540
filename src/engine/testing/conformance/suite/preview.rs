//! Previews: pieces, the next run, and the end.

use crate::{
    engine::store::{Ending, PreviewPiece, Row},
    task::{Status, TaskId},
};

use super::super::fixture::{Fixture, LEASE, result, task};
use super::runs::report;

/// Reports a piece of the preview, with the version `by` after that of `row`.
async fn show(f: &Fixture, row: &Row, by: i64, start: usize, text: &str) {
    let mut write = report(row, row.version + by, 0.1);
    write.preview = Some(PreviewPiece::new(start, row.version + by, text));
    f.store.save_progress(&[write]).await.unwrap();
}

/// The beginnings and texts of the pieces after a version.
async fn pieces(f: &Fixture, id: TaskId, after: i64) -> Vec<(usize, String)> {
    let pieces = f.store.preview(id, after).await.unwrap();
    pieces.into_iter().map(|piece| (piece.start, piece.text)).collect()
}

fn texts(pieces: &[(usize, &str)]) -> Vec<(usize, String)> {
    pieces.iter().map(|(start, text)| (*start, (*text).to_owned())).collect()
}

pub async fn a_preview_grows_piece_by_piece(f: &Fixture) {
    let (row, other) = (f.running("w").await, f.running("w").await);
    assert!(pieces(f, row.id, 0).await.is_empty());
    show(f, &row, 1, 0, "one ü").await;
    show(f, &row, 3, 6, "two").await;
    show(f, &other, 1, 0, "another task's").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "one ü"), (6, "two")]));
    assert_eq!(pieces(f, row.id, row.version + 1).await, texts(&[(6, "two")]));
    assert!(pieces(f, row.id, row.version + 3).await.is_empty());
    let last = f.store.preview(row.id, row.version + 2).await.unwrap().remove(0);
    assert_eq!((last.version, last.media_type.as_str()), (row.version + 3, "text/plain"));
}

pub async fn a_piece_replaces_those_behind_its_beginning(f: &Fixture) {
    let row = f.running("w").await;
    for (by, start, text) in [(1, 0, "aaa"), (2, 3, "bbb"), (3, 6, "ccc")] {
        show(f, &row, by, start, text).await;
    }
    show(f, &row, 4, 3, "BBB\n'; -- \"").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "aaa"), (3, "BBB\n'; -- \"")]));
    assert_eq!(pieces(f, row.id, row.version + 3).await, texts(&[(3, "BBB\n'; -- \"")]));
    show(f, &row, 5, 0, "").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "")]));
}

pub async fn a_preview_is_there_for_the_next_run(f: &Fixture) {
    let row = f.running("w").await;
    show(f, &row, 1, 0, "kept").await;
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "kept")]), "while it is queued, too");
    let next = f.claim("x", 1).await.remove(0);
    assert!(next.version > row.version + 1);
    show(f, &next, 1, 4, " on").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "kept"), (4, " on")]));
    assert_eq!(pieces(f, row.id, row.version + 1).await, texts(&[(4, " on")]));
}

pub async fn a_lost_run_writes_no_preview(f: &Fixture) {
    let row = f.running("w").await;
    show(f, &row, 1, 0, "mine").await;
    let lost = Row { run_seq: row.run_seq + 1, ..row.clone() };
    show(f, &lost, 2, 0, "not mine").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "mine")]));
    f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap();
    show(f, &row, 3, 0, "too late").await;
    assert_eq!(pieces(f, row.id, 0).await, texts(&[(0, "mine")]));
}

pub async fn no_end_leaves_a_preview(f: &Fixture) {
    let failed = Ending::Failed { code: "x".into(), message: "x".to_owned(), retryable: false };
    for ending in [Ending::Completed(result()), failed, Ending::Cancelled, Ending::Forced] {
        let row = f.running("w").await;
        show(f, &row, 1, 0, "so far").await;
        assert_eq!(pieces(f, row.id, 0).await.len(), 1);
        f.store.finish(row.id, row.run_seq, &ending).await.unwrap();
        assert!(pieces(f, row.id, 0).await.is_empty(), "{ending:?}");
        show(f, &row, 2, 0, "resurrected").await;
        assert!(pieces(f, row.id, 0).await.is_empty(), "{ending:?}");
    }
    // By a lost worker, and by a cancel between two runs.
    let cancelling = f.running("w").await;
    f.store.request_cancel(cancelling.id, "ada", None).await.unwrap();
    let mut once = task();
    once.max_attempts = 1;
    f.queue(&once).await;
    let exhausted = f.claim("w", 1).await.remove(0);
    let again = f.running("w").await;
    for row in [&cancelling, &exhausted, &again] {
        show(f, &f.get(row.id).await, 1, 0, "so far").await;
        assert_eq!(pieces(f, row.id, 0).await.len(), 1);
    }
    f.advance(LEASE + 1).await;
    assert_eq!(f.rescue_expired().await.unwrap().len(), 3);
    assert!(pieces(f, cancelling.id, 0).await.is_empty());
    assert!(pieces(f, exhausted.id, 0).await.is_empty());
    assert_eq!(pieces(f, again.id, 0).await.len(), 1, "it goes on from there");
    f.store.request_cancel(again.id, "ada", None).await.unwrap();
    assert_eq!(f.get(again.id).await.status, Status::Cancelled);
    assert!(pieces(f, again.id, 0).await.is_empty());
}
