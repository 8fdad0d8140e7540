//! Expiry of a task, and the form to extend it. Rendered on the server only, because it changes
//! once a day.

use jiff::{Timestamp, tz::TimeZone};
use leptos::prelude::*;
use milepost::task::{Snapshot, TaskId};

/// Expiry of an ended task, as HTML; of others a form that appears at their end.
pub(super) fn note(snapshot: &Snapshot) -> String {
    let id = snapshot.id;
    let until = match &snapshot.expires_at {
        Some(until) => until.clone(),
        None if snapshot.status.is_terminal() => return String::new(),
        // The task may end while the page is open; the style sheet then reveals the form.
        None => {
            return view! {
                <section class="keep later" aria-label="Retention">
                    <KeepForm id />
                </section>
            }
            .to_html();
        }
    };
    let words = until.parse().map(|at| words(at, Timestamp::now())).unwrap_or(until.clone());
    view! {
        <section class="keep" aria-label="Retention">
            <p>"Kept until " <time datetime=until>{words}</time> "."</p>
            <KeepForm id />
        </section>
    }
    .to_html()
}

#[component]
fn KeepForm(id: TaskId) -> impl IntoView {
    view! {
        <form method="post" action=format!("tasks/{id}/keep")>
            <button>"Keep longer"</button>
        </form>
    }
}

/// `24 December 2026, 30 days from now`.
fn words(at: Timestamp, now: Timestamp) -> String {
    let minutes = at.duration_since(now).as_mins().max(1);
    // Rounded, so that a retention of 30 days starts with 30.
    let (number, unit) = match minutes {
        2_880.. => ((minutes + 720) / 1_440, "day"),
        120..2_880 => ((minutes + 30) / 60, "hour"),
        _ => (minutes, "minute"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{}, {number} {unit}{plural} from now", day(at))
}

/// `24 December 2026`.
fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_in_its_unit() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = at("2026-12-24T14:02:11Z");
        for (now, told) in [
            ("2026-11-24T14:02:10Z", "24 December 2026, 30 days from now"),
            ("2026-12-23T12:00:00Z", "24 December 2026, 26 hours from now"),
            ("2026-12-24T13:00:00Z", "24 December 2026, 62 minutes from now"),
            ("2026-12-24T14:02:00Z", "24 December 2026, 1 minute from now"),
            ("2027-01-01T00:00:00Z", "24 December 2026, 1 minute from now"),
        ] {
            assert_eq!(words(until, at(now)), told);
        }
    }
}
