//! Formats batches as text.

use milepost::task::{Batch, Status, StatusCounts};

use super::table;

/// `3 of 10 have ended, 1 failed`.
pub(crate) fn counts(all: usize, ended: usize, failed: usize) -> String {
    let mut text = format!("{ended} of {all} have ended");
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    text
}

/// `3 tasks have ended: 2 completed, 1 failed`.
pub(crate) fn sum(statuses: impl Iterator<Item = Status> + Clone) -> String {
    let count = |status: Status| statuses.clone().filter(|other| *other == status).count();
    let words = [
        (Status::Completed, "completed"),
        (Status::Error, "failed"),
        (Status::Cancelled, "cancelled"),
    ];
    let counted = words.map(|(status, word)| (count(status), word));
    let parts = counted.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    match statuses.count() {
        1 => format!("1 task has ended: {}", parts.join(", ")),
        all => format!("{all} tasks have ended: {}", parts.join(", ")),
    }
}

/// [`sum`] of the tasks of a batch.
pub(crate) fn sum_of(counts: &StatusCounts) -> String {
    let ended = [
        (Status::Completed, counts.completed),
        (Status::Error, counts.error),
        (Status::Cancelled, counts.cancelled),
    ];
    sum(ended.into_iter().flat_map(|(status, tasks)| (0..tasks).map(move |_| status)))
}

/// Details of a batch, then one line per task.
pub(crate) fn batch(batch: &Batch) -> String {
    let mut text = format!(
        "batch    {}\nkind     {}\nstatus   {}\nprogress {:.0} %\n{}",
        batch.id,
        super::printable(&batch.kind),
        batch.ended_text(),
        batch.progress.floor(),
        table(&batch.tasks),
    );
    let listed = u32::try_from(batch.tasks.len()).unwrap_or(u32::MAX);
    if batch.next_cursor.is_some() {
        text.push_str(&format!("and {} more\n", batch.total.saturating_sub(listed)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_counted_in_words() {
        assert_eq!(counts(10, 3, 0), "3 of 10 have ended");
        assert_eq!(counts(10, 3, 1), "3 of 10 have ended, 1 failed");
        let all = [Status::Error, Status::Completed, Status::Completed];
        assert_eq!(sum(all.into_iter()), "3 tasks have ended: 2 completed, 1 failed");
        assert_eq!(sum([Status::Cancelled].into_iter()), "1 task has ended: 1 cancelled");
    }
}
