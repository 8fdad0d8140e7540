//! Panel about polling: policy, counters, and the choice of a policy.

use leptos::prelude::*;

use crate::{
    poll::{AnswerKind, Policy, Stats},
    task::AnswerReason,
    view::text,
};

/// Shows the polling loop and lets the user choose its policy.
#[component]
pub fn PollPanel(
    /// The counters.
    #[prop(into)]
    stats: Signal<Stats>,
    /// Called to change the policy.
    #[prop(into)]
    on_policy: Callback<Policy>,
) -> impl IntoView {
    // Before the script runs, a choice would be displayed but have no effect.
    let deaf = move || stats.with(sleeps);
    let choice = move |offered: Policy| {
        let word = offered.as_str();
        let chosen = move || stats.with(|stats| stats.policy.as_str() == word);
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="policy"
                    value=word
                    checked=chosen
                    // Without this, a browser restores the previous choice when the page is
                    // reopened.
                    autocomplete="off"
                    on:change=move |_| on_policy.run(offered)
                />
                <span>
                    {name(offered)} " " <small>{meaning(offered)}</small> " "
                    <small>{move || stats.with(|stats| compared(offered, stats))}</small>
                </span>
            </label>
        }
    };
    let fact = move |label: &'static str, value: fn(&Stats) -> String| {
        let value = move || stats.with(value);
        view! {
            <div>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <details class="polls js">
            <summary>"Polling"</summary>
            <fieldset disabled=deaf>
                <legend>"When to ask again"</legend>
                {Policy::ALL.into_iter().map(choice).collect::<Vec<_>>()}
            </fieldset>
            <dl class="facts">
                {fact("Requests", |stats| stats.requests.to_string())}
                {fact("Received", |stats| text::bytes(stats.bytes.min(1 << 40) as i64))}
                {fact("Waited", |stats| text::duration(stats.waited_ms.min(1 << 40) as i64))}
                {fact("Failed", |stats| stats.failures.to_string())} {fact("Next", next)}
                {fact("Last answer", |stats| last(stats).to_owned())}
            </dl>
        </details>
    }
}

const fn name(policy: Policy) -> &'static str {
    match policy {
        Policy::Paced => "Paced",
        Policy::Interval { .. } => "Interval",
        Policy::Adaptive => "Adaptive",
        Policy::Backoff => "Backoff",
    }
}

const fn meaning(policy: Policy) -> &'static str {
    match policy {
        Policy::Paced => "the server responds when there is news",
        Policy::Interval { .. } => "every 2 s",
        Policy::Adaptive => "every 1 s, later 2 s, later 5 s",
        Policy::Backoff => "1 s, 2 s, 4 s, 8 s, then every 10 s",
    }
}

/// Whether the loop is not running: no request sent, in flight or planned.
const fn sleeps(stats: &Stats) -> bool {
    stats.requests == 0 && stats.next_in_ms.is_none() && !stats.in_flight && !stats.led
}

fn next(stats: &Stats) -> String {
    match stats.next_in_ms {
        _ if stats.in_flight && stats.hold_ms > 0 => "held by the server".to_owned(),
        _ if stats.in_flight => "now".to_owned(),
        None if stats.led => "asked by another tab".to_owned(),
        None => "none planned".to_owned(),
        Some(ms) => format!("in {}", text::duration(i64::from(ms).saturating_add(999))),
    }
}

/// Number of requests that this policy would have sent in the same time.
fn compared(offered: Policy, stats: &Stats) -> String {
    match offered.requests_in(stats.asking_ms) {
        Some(count) if offered.as_str() != stats.policy.as_str() => {
            format!("(would have asked {count} × by now)")
        }
        _ => String::new(),
    }
}

/// Reason for the last response.
fn last(stats: &Stats) -> &'static str {
    match (stats.reason, stats.last) {
        (_, None) => "none yet",
        (_, Some(AnswerKind::Failed)) => "failed",
        (Some(AnswerReason::Ended), _) | (None, Some(AnswerKind::Ended)) => "the end",
        (Some(AnswerReason::Cancelling), _) => "a cancel was asked for",
        (Some(AnswerReason::Attempt), _) => "another attempt began",
        (Some(AnswerReason::Step), _) => "a new stage",
        (Some(AnswerReason::Deviation), _) => "the bar was wrong",
        (Some(AnswerReason::Output), _) => "the task said something",
        (Some(AnswerReason::ShuttingDown), _) => "the server is stopping",
        (Some(AnswerReason::NoWait), Some(AnswerKind::Unchanged)) => "nothing new; not held",
        (Some(AnswerReason::Timeout), _) | (None, Some(AnswerKind::Timeout)) => {
            "nothing new while held"
        }
        (_, Some(AnswerKind::Unchanged)) => "nothing new",
        _ => "something changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Config, Machine};

    fn stats() -> Stats {
        Machine::new(Config::default()).stats(0)
    }

    #[test]
    fn the_other_policies_are_compared_and_the_chosen_one_is_not() {
        let stats = Stats { asking_ms: 20_000, ..stats() };
        let told = Policy::ALL.map(|policy| compared(policy, &stats));
        let asked = |times| format!("(would have asked {times} × by now)");
        // At 0, 2, ... 20 s; at 0, 1, ... 9, 11, ... 19 s; at 0, 1, 3, 7, 15 s.
        assert_eq!(told, [String::new(), asked(11), asked(15), asked(5)]);
    }

    #[test]
    fn each_reason_for_an_answer_has_words_of_its_own() {
        let reasons = [
            AnswerReason::Ended,
            AnswerReason::Cancelling,
            AnswerReason::Attempt,
            AnswerReason::Step,
            AnswerReason::Deviation,
            AnswerReason::Changed,
            AnswerReason::Timeout,
            AnswerReason::ShuttingDown,
        ];
        let answered = |reason| {
            let last = Some(AnswerKind::Changed);
            super::last(&Stats { last, reason: Some(reason), ..stats() })
        };
        let mut told: Vec<_> = reasons.map(answered).into();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), reasons.len(), "{told:?}");
        assert_eq!(super::last(&stats()), "none yet");
    }

    #[test]
    fn the_next_request_is_held_planned_or_another_tabs() {
        let held = Stats { in_flight: true, hold_ms: 20_000, ..stats() };
        let planned = Stats { next_in_ms: Some(1_200), ..stats() };
        let led = Stats { led: true, ..stats() };
        assert!(sleeps(&stats()), "no policy is chosen where nobody asks");
        assert!(![&held, &planned, &led].into_iter().any(sleeps));
        let told = [held, planned, led].map(|stats| next(&stats));
        assert_eq!(told, ["held by the server", "in 2 s", "asked by another tab"]);
    }
}
