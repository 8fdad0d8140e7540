//! Formats batches as text.

use milepost::task::{Batch, Status};

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

/// Details of a batch, then one line per task.
pub(crate) fn batch(batch: &Batch) -> String {
    let all = batch.tasks.len();
    let ended = all.saturating_sub(usize::try_from(batch.unfinished).unwrap_or(all));
    let failed = batch.tasks.iter().filter(|task| task.status == Status::Error).count();
    format!(
        "batch    {}\nkind     {}\nstatus   {}\nprogress {:.0} %\n{}",
        batch.id,
        super::printable(&batch.kind),
        counts(all, ended, failed),
        batch.progress.floor(),
        table(&batch.tasks),
    )
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
