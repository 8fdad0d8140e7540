//! The words of the simple calls.

use super::*;

#[test]
fn the_simple_words_are_the_promised_ones() {
    for (status, expected) in [
        (Status::Queued, "starting"),
        (Status::Running, "running"),
        (Status::Cancelling, "running"),
        (Status::Completed, "completed"),
        (Status::Error, "error"),
        (Status::Cancelled, "cancelled"),
    ] {
        assert_eq!(word(status), expected);
    }
}
