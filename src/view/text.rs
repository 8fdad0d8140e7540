//! Display texts and number formats. Pure functions, integer arithmetic only.

mod resumed;

use super::TaskView;
use crate::task::Status;

pub use resumed::resumed;

/// Formats a duration in its two largest relevant units: `12 s`, `1 min 12 s`, `2 h 5 min`, `3 d`.
pub fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let (large, small) = if days > 0 {
        ((days, " d"), (hours % 24, " h"))
    } else if hours > 0 {
        ((hours, " h"), (minutes % 60, " min"))
    } else if minutes > 0 {
        ((minutes, " min"), (seconds % 60, " s"))
    } else {
        return format!("{seconds} s");
    };
    match (large, small) {
        ((large, unit), (0, _)) => format!("{large}{unit}"),
        ((large, unit), (small, small_unit)) => format!("{large}{unit} {small}{small_unit}"),
    }
}

/// Formats a range of remaining time: `less than 10 s`, `about 20 to 35 s`, `about 2 to 3 min`,
/// `about 2 h`.
pub fn between(low_ms: i64, high_ms: i64) -> String {
    let (unit, step, name) = match high_ms / 1000 {
        ..60 => (5, 5, " s"),
        60..5400 => (60, 1, " min"),
        _ => (3600, 1, " h"),
    };
    let low = low_ms.max(0) / 1000 / unit * step;
    let high = (high_ms / 1000 / unit + i64::from(high_ms % (unit * 1000) > 0)).max(1) * step;
    match low {
        0 => format!("less than {high}{name}"),
        low if low < high => format!("about {low} to {high}{name}"),
        _ => format!("about {high}{name}"),
    }
}

/// Formats an age: `just now`, `4 s ago`.
pub fn ago(ms: i64) -> String {
    if ms < 1000 {
        return "just now".to_owned();
    }
    format!("{} ago", duration(ms))
}

/// `Step 3 of 4: Writing`, or the status without steps. Changes only with the stage.
pub fn stage_line(view: &TaskView) -> String {
    line(view, step_name(view))
}

/// `Step 3 of 4: Writing chapter 4 of 7`: the stage and the task's message; empty if the status says
/// all.
pub fn step_line(view: &TaskView) -> String {
    if view.status.is_terminal() || matches!(view.status, Status::Cancelling) {
        return String::new();
    }
    if let Some(wait) = wait(view) {
        return wait;
    }
    let name = step_name(view);
    match view.snapshot.message.as_deref() {
        None | Some("") => line(view, name),
        // The message contains the stage.
        Some(message) if message.starts_with(name) => line(view, message),
        Some(message) => line(view, &format!("{name} · {message}")),
    }
}

/// Why a queued task waits, if known: `3rd in line`, `2nd in line · waits: at most 10/min, next in 12 s`,
/// `Starts in 8 s · Will try again: too busy`.
fn wait(view: &TaskView) -> Option<String> {
    let snapshot = &view.snapshot;
    if !matches!(view.status, Status::Queued) {
        return None;
    }
    let mut line = match (snapshot.starts_in_ms, snapshot.queue_position) {
        (Some(starts_in_ms), _) => {
            let passed = view.elapsed_ms.saturating_sub(snapshot.elapsed_ms).max(0);
            format!("Starts in {}", duration(starts_in_ms.saturating_sub(passed)))
        }
        (None, Some(place)) => format!("{} in line", ordinal(place)),
        _ => String::new(),
    };
    // Why it waits.
    let reason = snapshot.message.as_deref().unwrap_or_default();
    if !line.is_empty() && !reason.is_empty() {
        line.push_str(" · ");
    }
    line.push_str(reason);
    (!line.is_empty()).then_some(line)
}

/// `1st`, `2nd`, `3rd`, `11th`.
pub fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn line(view: &TaskView, what: &str) -> String {
    if !matches!(view.status, Status::Running) {
        return status_sentence(view.status).to_owned();
    }
    match (view.snapshot.step, view.snapshot.total_steps) {
        (Some(step), Some(total)) => {
            format!("Step {step} of {total}: {what}")
        }
        _ if what.is_empty() => status_sentence(view.status).to_owned(),
        _ => what.to_owned(),
    }
}

/// `42 %`; empty if progress is unknown.
pub fn percent(view: &TaskView) -> String {
    view.percent().map(|percent| format!("{percent} %")).unwrap_or_default()
}

/// Text for `aria-valuetext`: `42 percent, step 3 of 4, Writing chapter 4 of 7`.
pub fn value_text(view: &TaskView) -> String {
    let snapshot = &view.snapshot;
    let mut text = match view.percent() {
        Some(percent) => format!("{percent} percent"),
        None => "Progress unknown".to_owned(),
    };
    if !matches!(view.status, Status::Running) {
        text.push_str(", ");
        text.push_str(status_word(view.status));
        return text;
    }
    if let (Some(step), Some(total)) = (snapshot.step, snapshot.total_steps) {
        text.push_str(&format!(", step {step} of {total}"));
    }
    let name = snapshot.message.as_deref().unwrap_or_else(|| step_name(view));
    if !name.is_empty() {
        text.push_str(", ");
        text.push_str(name);
    }
    text
}

/// Tab title: `42 % · The Drowned Lighthouse`.
pub fn tab_title(view: &TaskView) -> String {
    let text = match (view.status, view.percent()) {
        (Status::Running, Some(percent)) => format!("{percent} %"),
        (status, _) => status_word(status).to_owned(),
    };
    format!("{text} · {}", view.snapshot.title)
}

/// Status in one word.
pub const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Queued => "Waiting",
        Status::Running => "Running",
        Status::Cancelling => "Cancelling",
        Status::Completed => "Done",
        Status::Error => "Failed",
        Status::Cancelled => "Cancelled",
        Status::Unknown => "Unknown",
    }
}

/// Symbol of the status, for use beside the text, never alone.
pub const fn status_sign(status: Status) -> &'static str {
    match status {
        Status::Queued => "◷",
        Status::Running => "▸",
        Status::Cancelling => "◌",
        Status::Completed => "✓",
        Status::Error => "✕",
        Status::Cancelled => "⊘",
        Status::Unknown => "?",
    }
}

/// Status as a sentence.
pub const fn status_sentence(status: Status) -> &'static str {
    match status {
        Status::Queued => "Waiting for a free worker",
        Status::Running => "In progress",
        Status::Cancelling => "Cancelling…",
        Status::Completed => "Completed",
        Status::Error => "This task failed",
        Status::Cancelled => "This task was cancelled",
        Status::Unknown => "The server sent a status that this page does not know",
    }
}

/// Time of day of an RFC 3339 timestamp: `14:02:11`; other texts are returned unchanged.
pub fn clock(rfc3339: &str) -> &str {
    rfc3339.get(11..19).unwrap_or(rfc3339)
}

/// Date and time of an RFC 3339 timestamp: `2026-11-23 14:02:11 UTC`.
pub fn date_time(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..19)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// Day of an RFC 3339 timestamp: `23 November 2026`; other texts are returned unchanged.
pub fn day(rfc3339: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let number = |range: std::ops::Range<usize>| {
        rfc3339.get(range).and_then(|digits| digits.parse::<usize>().ok())
    };
    let month = number(5..7).and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (rfc3339.get(..4), month, number(8..10)) {
        (Some(year), Some(month), Some(day)) => format!("{day} {month} {year}"),
        _ => rfc3339.to_owned(),
    }
}

/// A message with a capital first letter.
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Formats a size in units of 1,000: `812 B`, `12 KB`, `3 MB`.
pub fn bytes(count: i64) -> String {
    match count.max(0) {
        count @ 0..1000 => format!("{count} B"),
        count @ 1000..1_000_000 => format!("{} KB", (count + 500) / 1000),
        count => format!("{} MB", (count + 500_000) / 1_000_000),
    }
}

/// A media type without its parameters.
pub fn essence(media_type: &str) -> &str {
    media_type.split_once(';').map_or(media_type, |(essence, _)| essence).trim()
}

fn step_name(view: &TaskView) -> &str {
    view.snapshot.current_step.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{task::TaskId, view::Seed};

    #[test]
    fn a_duration_has_at_most_two_units() {
        for (ms, text) in [
            (-5, "0 s"),
            (999, "0 s"),
            (12_000, "12 s"),
            (60_000, "1 min"),
            (72_000, "1 min 12 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000 * 3, "3 d"),
            (86_400_000 * 3 + 3_600_000, "3 d 1 h"),
            (i64::MAX, "106751991167 d 7 h"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn a_range_is_told_in_the_unit_of_its_end_and_never_narrower_than_it_is() {
        for (low, high, text) in [
            (0, 0, "less than 5 s"),
            (-9, 9_100, "less than 10 s"),
            (21_000, 34_000, "about 20 to 35 s"),
            (25_000, 25_000, "about 25 s"),
            (31_000, 75_000, "less than 2 min"),
            (120_000, 170_000, "about 2 to 3 min"),
            (120_000, 120_000, "about 2 min"),
            (3_600_000, 9_000_000, "about 1 to 3 h"),
            (i64::MIN, i64::MAX, "less than 2562047788016 h"),
        ] {
            assert_eq!(between(low, high), text);
        }
    }

    fn running(message: Option<&str>) -> TaskView {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut snapshot = Seed::from(id).into_snapshot();
        snapshot.status = Status::Running;
        (snapshot.step, snapshot.total_steps) = (Some(3), Some(4));
        snapshot.current_step = Some("Writing".to_owned());
        snapshot.message = message.map(str::to_owned);
        TaskView::new(snapshot)
    }

    #[test]
    fn the_step_is_told_with_what_the_task_says_and_never_twice() {
        for (message, told) in [
            (None, "Step 3 of 4: Writing"),
            (Some(""), "Step 3 of 4: Writing"),
            (Some("Writing chapter 4 of 7"), "Step 3 of 4: Writing chapter 4 of 7"),
            (Some("6,120 tokens"), "Step 3 of 4: Writing · 6,120 tokens"),
        ] {
            assert_eq!(step_line(&running(message)), told);
            assert_eq!(stage_line(&running(message)), "Step 3 of 4: Writing");
        }
    }

    #[test]
    fn a_waiting_task_tells_its_place_or_counts_down_to_its_next_attempt() {
        let mut view = running(None);
        view.status = Status::Queued;
        assert_eq!(step_line(&view), "Waiting for a free worker");
        for (place, told) in [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (101, "101st")] {
            view.snapshot.queue_position = Some(place);
            assert_eq!(step_line(&view), format!("{told} in line"));
        }
        view.snapshot.starts_in_ms = Some(8_400);
        for (passed, told) in
            [(0, "Starts in 8 s"), (3_000, "Starts in 5 s"), (9_000, "Starts in 0 s")]
        {
            view.elapsed_ms = view.snapshot.elapsed_ms + passed;
            assert_eq!(step_line(&view), told);
        }
        view.snapshot.message = Some("Will try again: busy".to_owned());
        assert_eq!(step_line(&view), "Starts in 0 s · Will try again: busy");
        assert_eq!(stage_line(&view), "Waiting for a free worker");
    }

    #[test]
    fn an_end_is_told_without_its_last_step() {
        let mut view = running(Some("Writing chapter 4 of 7"));
        view.status = Status::Cancelled;
        assert_eq!(
            (step_line(&view), stage_line(&view)),
            (String::new(), "This task was cancelled".to_owned())
        );
        assert_eq!(value_text(&view), "Progress unknown, Cancelled");
        assert_eq!(tab_title(&view), "Cancelled · ");
    }

    #[test]
    fn times_are_cut_from_the_text_and_odd_texts_stay_whole() {
        assert_eq!(clock("2026-11-23T14:02:11.5Z"), "14:02:11");
        assert_eq!(date_time("2026-11-23T14:02:11.5Z"), "2026-11-23 14:02:11 UTC");
        assert_eq!(clock("soon"), "soon");
        for (at, expected) in [
            ("2026-11-03T14:02:11.5Z", "3 November 2026"),
            ("2026-00-03T14:02:11.5Z", "2026-00-03T14:02:11.5Z"),
            ("2026-13-03", "2026-13-03"),
            ("soon", "soon"),
        ] {
            assert_eq!(day(at), expected);
        }
        assert_eq!(date_time("ümläut-äöü"), "ümläut-äöü");
    }

    #[test]
    fn a_message_begins_with_a_capital_letter() {
        for (message, expected) in
            [("too big", "Too big"), ("", ""), ("Ärger", "Ärger"), ("\u{5e9}x", "\u{5e9}x")]
        {
            assert_eq!(sentence(message), expected);
        }
    }

    #[test]
    fn a_size_is_told_in_its_unit() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(12_400), "12 KB");
        assert_eq!(bytes(3_000_000), "3 MB");
    }
}
