//! Anything that can happen.

use proptest::prelude::*;

use crate::{
    poll::{
        Config, Event, Failure, HoldConfig, Policy, TabEvent,
        tabs::{Shows, Word},
        tests::harness::{id, running},
    },
    task::{AnswerReason, Gone, GoneReason, PollResponse, Snapshot, Status, TaskId},
};

/// Few tasks, so that events meet.
pub(super) const TASKS: u128 = 3;
/// A task that no random event is about.
pub(super) const LAST: u128 = TASKS + 1;

/// One step of a driver that does anything at any time.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes; the timer fires if it comes due, as often as it does.
    Wait(u64),
    /// Time passes and no timer fires.
    Sleep(u64),
    /// Something happens, whether it makes sense or not.
    Give(Event),
    /// The request in flight is answered.
    Answer(PollResponse),
    /// The request in flight fails.
    Fail(Failure),
    /// Somebody between ends the request in flight when it is this old, again and again.
    Cuts {
        /// Milliseconds.
        age_ms: u64,
        /// How often.
        times: u32,
    },
    /// The server holds the request in flight for as long as it may, and has nothing to tell.
    Timeout,
}

pub(super) fn any_id() -> impl Strategy<Value = TaskId> {
    (1..=TASKS).prop_map(id)
}

pub(super) fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..100.0_f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-3.0),
        1 => Just(1e300),
    ]
}

pub(super) fn any_status() -> impl Strategy<Value = Status> {
    prop_oneof![
        2 => Just(Status::Queued),
        6 => Just(Status::Running),
        1 => Just(Status::Cancelling),
        1 => Just(Status::Completed),
        1 => Just(Status::Error),
        1 => Just(Status::Cancelled),
        1 => Just(Status::Unknown),
    ]
}

pub(super) fn any_ms() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..60_000_i64, 1 => Just(-1), 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

pub(super) fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let numbers = (proptest::option::of(any_number()), any_number(), any_ms(), any_ms(), any_ms());
    (any_id(), any_status(), 0..4_u32, 0..30_i64, numbers).prop_map(
        |(id, status, attempt, version, (progress, rate, elapsed_ms, eta, updated_age_ms))| {
            Snapshot {
                status,
                attempt,
                progress,
                rate_per_s: rate / 1_000.0,
                elapsed_ms,
                eta_ms: Some(eta),
                heartbeat_age_ms: Some(eta),
                updated_age_ms,
                ..running(id, version)
            }
        },
    )
}

fn any_reason() -> impl Strategy<Value = AnswerReason> {
    prop_oneof![
        Just(AnswerReason::Ended),
        Just(AnswerReason::Cancelling),
        Just(AnswerReason::Attempt),
        Just(AnswerReason::Step),
        Just(AnswerReason::Deviation),
        Just(AnswerReason::Changed),
        Just(AnswerReason::Timeout),
        Just(AnswerReason::ShuttingDown),
        Just(AnswerReason::NoWait),
        Just(AnswerReason::Unknown),
    ]
}

pub(super) fn any_response() -> impl Strategy<Value = PollResponse> {
    let reason = prop_oneof![Just(GoneReason::NotFound), Just(GoneReason::Expired)];
    let gone = (any_id(), reason).prop_map(|(id, reason)| Gone { id, reason });
    (
        proptest::collection::vec(any_snapshot(), 0..4),
        proptest::collection::vec(gone, 0..2),
        prop_oneof![any_number(), 0.0..20_000.0_f64],
        proptest::option::of(any_ms()),
        proptest::option::of(any_reason()),
        proptest::option::of(prop_oneof![any_number(), 0.0..20_000.0_f64]),
    )
        .prop_map(|(mut tasks, gone, poll_after_ms, waited_ms, reason, spread_ms)| {
            // No server tells one task twice in one answer.
            tasks.sort_by_key(|snapshot| snapshot.id);
            tasks.dedup_by_key(|snapshot| snapshot.id);
            PollResponse {
                tasks,
                gone,
                log: Vec::new(),
                rendered: Vec::new(),
                preview: Vec::new(),
                poll_after_ms,
                waited_ms,
                reason,
                spread_ms,
            }
        })
}

pub(super) fn any_failure() -> impl Strategy<Value = Failure> {
    let code = prop_oneof![
        Just(200_u16),
        Just(400),
        Just(401),
        Just(404),
        Just(408),
        Just(410),
        Just(429),
        Just(500),
        Just(502),
        Just(503),
        Just(504),
        Just(524),
    ];
    let status = (code, proptest::option::of(any_ms())).prop_map(|(status, retry_after_ms)| {
        Failure::Status { status, retry_after_ms, problem: None }
    });
    prop_oneof![
        2 => Just(Failure::Network),
        1 => Just(Failure::Timeout),
        1 => Just(Failure::Unreadable),
        4 => status,
    ]
}

pub(super) fn any_policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        3 => Just(Policy::Paced),
        1 => (0..5_000_u32).prop_map(|every_ms| Policy::Interval { every_ms }),
        1 => Just(Policy::Adaptive),
        1 => Just(Policy::Backoff),
    ]
}

fn any_tab_event() -> impl Strategy<Value = TabEvent> {
    let watched = proptest::collection::vec(any_id(), 0..3);
    let watches = (0..3_u32, watched).prop_map(|(tab, ids)| {
        Word::Watches(tab, ids.into_iter().map(|id| (id, Shows::default())).collect())
    });
    prop_oneof![
        2 => Just(TabEvent::Joined { tab: 9 }),
        3 => Just(TabEvent::Granted),
        1 => Just(TabEvent::Said(Word::Leads.text())),
        3 => watches.prop_map(|word| TabEvent::Said(word.text())),
        2 => (proptest::collection::vec(any_id(), 0..3), any_response()).prop_map(
            |(ids, response)| TabEvent::Answered { word: Word::Answer(ids.into_iter().map(|id| (id, Shows::default())).collect()).text(), response }
        ),
    ]
}

pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let rendered = proptest::option::of(any_snapshot());
    prop_oneof![
        6 => (any_id(), rendered).prop_map(|(id, snapshot)| {
            let snapshot = snapshot.map(|snapshot| Box::new(Snapshot { id, ..snapshot }));
            Event::Watch { id, snapshot }
        }),
        3 => any_id().prop_map(|id| Event::Unwatch { id }),
        1 => (0..40_u32, any_response())
            .prop_map(|(epoch, response)| Event::Answer { epoch, response, bytes: 1 }),
        1 => (0..40_u32, any_failure())
            .prop_map(|(epoch, failure)| Event::Failure { epoch, failure }),
        2 => Just(Event::Timer),
        1 => any_snapshot().prop_map(|snapshot| Event::Told { snapshot: Box::new(snapshot) }),
        1 => any_id().prop_map(|id| Event::CancelRequested { id }),
        1 => any_id().prop_map(|id| Event::CancelFailed { id }),
        3 => any::<bool>().prop_map(Event::Visible),
        3 => any::<bool>().prop_map(Event::Online),
        1 => Just(Event::Freeze),
        2 => Just(Event::Resume),
        1 => any::<bool>().prop_map(Event::NotifyHidden),
        2 => any_policy().prop_map(Event::SetPolicy),
        1 => Just(Event::StopWatching),
        2 => Just(Event::ResumeWatching),
        2 => Just(Event::TryAgain),
        2 => any::<bool>().prop_map(Event::SessionRefreshed),
        4 => any_tab_event().prop_map(Event::Tabs),
    ]
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..30_000_u64).prop_map(Step::Wait),
        1 => (0..400_000_u64).prop_map(Step::Wait),
        1 => (0..7_200_000_u64).prop_map(Step::Sleep),
        10 => any_event().prop_map(Step::Give),
        10 => any_response().prop_map(Step::Answer),
        5 => any_failure().prop_map(Step::Fail),
        2 => (500..20_000_u64, 1..4_u32).prop_map(|(age_ms, times)| Step::Cuts { age_ms, times }),
        2 => Just(Step::Timeout),
    ]
}

pub(super) fn any_config() -> impl Strategy<Value = Config> {
    let deadline = proptest::option::weighted(0.3, 0..120_000_u64);
    (any_policy(), any::<bool>(), any::<bool>(), deadline, 1..=4_u32).prop_map(
        |(policy, hold, live, deadline_ms, ids_per_request)| Config {
            policy,
            foreground: live,
            hold: hold.then(HoldConfig::default),
            deadline_ms,
            ids_per_request,
            ..Config::default()
        },
    )
}
