use proptest::prelude::*;

use super::*;
use crate::{
    engine::{Meter, store::GENERATION_SHIFT},
    task::TaskId,
};

const ID: TaskId = TaskId::from_uuid(uuid::Uuid::from_u128(1));
const VERSION: i64 = 3 << GENERATION_SHIFT;
/// When the requests of the tables arrive.
const NOW: f64 = 1_000.0;

/// A task at 40 % after 100 s, in the stage that the client knows.
fn state() -> TaskState {
    TaskState {
        status: Status::Running,
        version: VERSION + 9,
        output_version: 0,
        lines: LineTimes::default(),
        step_version: VERSION + 1,
        progress: Some(0.4),
        eta_s: None,
        t_s: 100.0,
        stage_s: 60.0,
    }
}

/// A client that received 40 % and no rate one second ago.
fn watch() -> Watch {
    Watch { progress: Some(40.0), age_ms: 1_000, ..Watch::at_version(ID, VERSION + 5) }
}

fn reason(watch: &Watch, state: &TaskState) -> Option<AnswerReason> {
    ClientState::of(watch, NOW).reason(state, NOW)
}

#[test]
fn nothing_is_answered_while_the_bar_is_right() {
    assert_eq!(reason(&watch(), &state()), None);
}

#[test]
fn what_a_status_or_a_version_says_is_answered_at_once_and_whatever_the_budget() {
    let spent = Watch { early_responses: 1_000, age_ms: 0, ..watch() };
    let knows = |version| Watch { version, ..spent.clone() };
    let next = (VERSION | 0xf_ffff) + 1;
    for (told, status, version, expected) in [
        (VERSION + 5, Status::Completed, next, Some(AnswerReason::Ended)),
        (VERSION + 5, Status::Error, next, Some(AnswerReason::Ended)),
        (0, Status::Cancelled, next, Some(AnswerReason::Ended)),
        (next, Status::Cancelled, next, None),
        (VERSION + 5, Status::Cancelling, next + 1, Some(AnswerReason::Cancelling)),
        (next + 1, Status::Cancelling, next + 3, None),
        (VERSION + 5, Status::Running, next, Some(AnswerReason::Attempt)),
        (VERSION + 5, Status::Queued, next, Some(AnswerReason::Changed)),
        (0, Status::Running, VERSION, Some(AnswerReason::Changed)),
        (0, Status::Queued, VERSION, Some(AnswerReason::Changed)),
        // Versions that this server never issued.
        (VERSION + 7, Status::Running, VERSION + 6, Some(AnswerReason::Changed)),
        (i64::MAX, Status::Running, VERSION, Some(AnswerReason::Changed)),
        (-1, Status::Running, VERSION, Some(AnswerReason::Changed)),
    ] {
        let now = TaskState { status, version, step_version: 0, ..state() };
        assert_eq!(reason(&knows(told), &now), expected, "{told} known of {status} {version}");
    }
}

#[test]
fn a_bar_that_is_visibly_wrong_is_corrected_but_not_too_soon_nor_too_often_nor_at_the_end() {
    let right = Some(AnswerReason::Deviation);
    for (progress, age_ms, early, eta_s, live, expected) in [
        (0.4201, 701, 0, None, false, right),
        (0.3799, 701, 0, None, false, right),
        (0.4199, 701, 0, None, false, None),
        (0.4101, 701, 0, None, true, right),
        (0.4099, 701, 0, None, true, None),
        (0.4201, 699, 0, None, false, None),
        (0.4201, 701, 0, Some(0.7), false, right),
        (0.4201, 701, 0, Some(0.69), false, None),
        // After 100 s: log2(34.3) + 2.5 = 7.6, and log2(34.3) + 16.7 = 21.8.
        (0.4201, 701, 7, None, false, right),
        (0.4201, 701, 8, None, false, None),
        (0.4201, 701, 21, None, true, right),
        (0.4201, 701, 22, None, true, None),
    ] {
        let client = Watch { age_ms, early_responses: early, foreground: live, ..watch() };
        let now = TaskState { progress: Some(progress), eta_s, ..state() };
        let told = reason(&client, &now);
        assert_eq!(told, expected, "{progress} {age_ms} {early} {eta_s:?} {live}");
    }
}

#[test]
fn the_clients_own_rate_counts_and_its_bar_stops_at_99_percent() {
    let moving = Watch { rate: 0.01, age_ms: 10_000, ..watch() };
    let at = |progress| TaskState { progress: Some(progress), ..state() };
    assert_eq!(reason(&moving, &at(0.5)), None);
    assert_eq!(reason(&moving, &at(0.4)), Some(AnswerReason::Deviation));
    let rushing = Watch { rate: 1.0, ..moving };
    assert_eq!(reason(&rushing, &at(0.98)), None);
    assert_eq!(reason(&rushing, &at(0.9)), Some(AnswerReason::Deviation));
}

#[test]
fn a_stage_is_told_within_the_budget_even_right_after_an_answer() {
    let entered = TaskState { step_version: VERSION + 7, ..state() };
    let client = Watch { age_ms: 0, ..watch() };
    assert_eq!(reason(&client, &entered), Some(AnswerReason::Step));
    assert_eq!(reason(&Watch { early_responses: 8, ..client }, &entered), None);
}

/// A client that was sent a last stage of a few milliseconds learned of the end half a second late.
#[test]
fn nothing_is_told_early_in_the_first_half_second_of_a_stage_but_the_end_is() {
    let entered = TaskState { step_version: VERSION + 7, progress: Some(0.9), ..state() };
    let after = |stage_s| reason(&watch(), &TaskState { stage_s, ..entered });
    assert_eq!([0.0, 0.49, 0.51].map(after), [None, None, Some(AnswerReason::Step)]);
    let ended = TaskState { status: Status::Completed, stage_s: 0.01, ..entered };
    assert_eq!(reason(&watch(), &ended), Some(AnswerReason::Ended));
}

#[test]
fn a_bar_appears_and_disappears_like_any_deviation() {
    let blind = Watch { progress: None, ..watch() };
    let unable = TaskState { progress: None, ..state() };
    assert_eq!(reason(&blind, &state()), Some(AnswerReason::Deviation));
    assert_eq!(reason(&watch(), &unable), Some(AnswerReason::Deviation));
    assert_eq!(reason(&blind, &unable), None);
    // A client with the current version knows its progress.
    let mut client = ClientState::of(&Watch { version: VERSION + 9, ..blind }, NOW);
    client.complete(&state());
    assert_eq!(client.reason(&state(), NOW), None);
}

/// A page that shows the task, and its log if `log`.
fn page(log: bool, early_responses: u32, age_ms: i64) -> Watch {
    let log_after = log.then_some(0);
    Watch { foreground: true, early_responses, age_ms, log_after, ..watch() }
}

/// A message alone, each second, made more requests than polling every 2 s. Test 71 of the contract.
#[test]
fn output_is_told_within_the_budget_of_the_bar_and_not_more_often_than_its_pause() {
    let said = TaskState { output_version: VERSION + 8, ..state() };
    let output = Some(AnswerReason::Output);
    // After 100 s: 22 early responses, and 3 s between two of them for output.
    assert_eq!(reason(&page(false, 21, 3_000), &said), output);
    assert_eq!(reason(&page(false, 22, 3_000), &said), None);
    assert_eq!(reason(&page(true, 22, 3_000), &said), None, "it is no line");
    assert_eq!(reason(&page(false, 21, 2_999), &said), None);
    assert_eq!(reason(&watch(), &said), None, "a list shows no output");
    let known = TaskState { output_version: VERSION + 5, ..said };
    assert_eq!(reason(&page(false, 0, 3_000), &known), None);
    let about_to_end = TaskState { eta_s: Some(0.6), ..said };
    assert_eq!(reason(&page(false, 0, 3_000), &about_to_end), None);
    let young = TaskState { stage_s: 0.4, ..said };
    assert_eq!(reason(&page(false, 0, 3_000), &young), None);
}

/// Test 72 of the contract.
#[test]
fn a_line_on_a_page_that_shows_the_log_is_told_in_time_whatever_the_budget() {
    let mut lines = LineTimes::default();
    // The client knows the first of these; the next one appeared 97.5 s after the start.
    lines.add(VERSION + 5, 90.0);
    lines.add(VERSION + 6, 97.5);
    let at = |t_s| TaskState { output_version: VERSION + 6, lines, t_s, ..state() };
    assert_eq!(reason(&page(true, 1_000, 200), &at(100.0)), Some(AnswerReason::Output));
    assert_eq!(reason(&page(true, 1_000, 200), &at(99.99)), None);
    assert_eq!(reason(&page(false, 1_000, 200), &at(100.0)), None, "it shows no log");
    let ending = TaskState { stage_s: 0.1, eta_s: Some(0.1), ..at(100.0) };
    assert_eq!(reason(&page(true, 1_000, 200), &ending), Some(AnswerReason::Output));
}

#[test]
fn nonsense_from_a_client_does_no_harm() {
    for (progress, rate, age_ms) in
        [(f64::NAN, f64::NAN, i64::MIN), (f64::INFINITY, -1.0, 0), (-1e308, 1e308, i64::MAX)]
    {
        let odd = Watch { progress: Some(progress), rate, age_ms, ..watch() };
        let shown = ClientState::of(&odd, NOW).predicted(NOW).expect("a bar");
        assert!(!shown.is_nan() && shown <= 0.99, "{shown}");
    }
}

#[test]
fn who_waits_for_the_end_hears_of_nothing_else() {
    let client = ClientState::until_the_end();
    for status in [Status::Queued, Status::Running, Status::Cancelling] {
        assert_eq!(client.reason(&TaskState { status, ..state() }, NOW), None);
    }
    let ended = TaskState { status: Status::Completed, ..state() };
    assert_eq!(client.reason(&ended, NOW), Some(AnswerReason::Ended));
}

#[test]
fn a_hold_is_spread_over_its_last_tenth() {
    assert_eq!([0.0, 0.5, 1.0].map(|random| longest_hold_s(20.0, random)), [18.0, 19.0, 20.0]);
}

/// Segments of seconds, speed (of the whole per second), and whether a stage is entered first.
type Course = Vec<(f64, f64, bool)>;

fn courses() -> impl Strategy<Value = Course> {
    prop::collection::vec((0.05..40.0f64, 0.0..0.2f64, any::<bool>()), 1..12)
}

/// Lets a client follow a task along a course, in steps of 50 ms of virtual time. Calls `sent` with
/// the number and the time of each request, and checks that no response for a deviation comes
/// before the time from `not_before` or beyond the budget.
fn follow(
    course: &Course,
    live: bool,
    random: f64,
    mut sent: impl FnMut(u32, f64) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let detail = if live { Detail::Foreground } else { Detail::Background };
    let mut meter = Meter::default();
    meter.begin(0.0, 0.0);
    let mut now = TaskState {
        version: VERSION,
        step_version: VERSION,
        progress: Some(0.0),
        t_s: 0.0,
        ..state()
    };
    let mut client = Watch { progress: Some(0.0), age_ms: 0, foreground: live, ..watch() };
    client.version = VERSION;
    let (mut told_at, mut ask_at, mut requests) = (0.0, 0.0, 0);
    let mut held: Option<(ClientState, f64, f64)> = None;
    for &(seconds, speed, stage) in course {
        let ends = now.t_s + seconds;
        if stage {
            now.version += 1;
            now.step_version = now.version;
            now.stage_s = 0.0;
            meter.begin(now.t_s, now.progress.unwrap_or(0.0));
        }
        while now.t_s < ends {
            let t = now.t_s + 0.05;
            let p = (now.progress.unwrap_or(0.0) + speed * 0.05).min(1.0);
            meter.record(t, p);
            now = TaskState {
                t_s: t,
                stage_s: now.stage_s + 0.05,
                version: now.version + 1,
                progress: Some(p),
                eta_s: meter.eta(t),
                ..now
            };
            if held.is_none() && t >= ask_at {
                requests += 1;
                sent(requests, t)?;
                client.age_ms = ((t - told_at) * 1000.0) as i64;
                let known = ClientState::of(&client, t);
                held = Some((known, t + longest_hold_s(20.0, random), known.not_before(&now, t)));
            }
            let Some((known, until, not_before)) = held else { continue };
            let reason = known.reason(&now, t);
            if reason == Some(AnswerReason::Deviation) {
                prop_assert!(t >= not_before - 1e-3, "answered at {t}, promised {not_before}");
                prop_assert!(f64::from(client.early_responses) < detail.budget(t));
            }
            if reason.is_some() || t >= until {
                client.early_responses += u32::from(reason.is_some());
                client.version = now.version;
                client.progress = Some(p * 100.0);
                client.rate = meter.rate(t);
                (told_at, ask_at, held) = (t, t + 0.5, None);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Test 68 of the polling contract; 18 s is the shortest wait.
    #[test]
    fn on_random_progress_the_requests_stay_under_their_bound(
        course in courses(), live: bool, random in 0.0..1.0f64,
    ) {
        let detail = if live { Detail::Foreground } else { Detail::Background };
        follow(&course, live, random, |requests, t| {
            let bound = 2.0 + t / 18.0 + detail.budget(t);
            prop_assert!(f64::from(requests) < bound, "{requests} requests after {t} s");
            Ok(())
        })?;
    }

    #[test]
    fn the_moment_at_which_the_budget_opens_is_never_named_too_late(early in 0u32..200, live: bool) {
        let detail = if live { Detail::Foreground } else { Detail::Background };
        let at = detail.opens_at(early);
        prop_assert!(detail.budget(at) <= f64::from(early));
        prop_assert!(detail.budget(at + 0.01) > f64::from(early));
    }
}
