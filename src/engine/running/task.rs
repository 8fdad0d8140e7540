//! One running task: its reports, the state shown to watchers, and how it is stopped.

mod eta;
mod saving;
mod state;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use crate::{
    engine::{
        Stages,
        clock::rfc3339,
        eta::{DurationHistory, Forecasts, Route, Silences},
        log::RunLog,
        long_poll::LineTimes,
        preview::RunPreview,
        store::{Labels, Resumption, Row, Stopping},
    },
    task::{BatchId, EtaRange, StageInfo, Status, TaskId},
};

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Cancellation was requested.
    Cancel,
    /// The time limit was exceeded.
    Timeout,
    /// The process shuts down; the task continues elsewhere.
    Shutdown,
    /// The lease is lost; another worker may have the task.
    LeaseLost,
}

/// Marks unknown progress in the atomic fraction.
const UNKNOWN: u64 = u64::MAX;

/// A bar is corrected when it deviates by this share of the whole, and not sooner than this many
/// seconds after the last report (the paced policy's figures).
const VISIBLE: f64 = 0.02;
const SOONEST_CORRECTION_S: f64 = 0.7;

/// See the module documentation.
pub(crate) struct RunningTask {
    pub(crate) id: TaskId,
    pub(crate) owner: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) kind: String,
    pub(crate) batch: Option<BatchId>,
    pub(crate) title: String,
    pub(crate) stages: Vec<StageInfo>,
    pub(crate) attempt: u32,
    pub(crate) run_seq: i64,
    /// When it was queued and when this run began, as RFC 3339.
    pub(crate) created_at: String,
    pub(crate) started_at: String,
    /// How it resumed the run before.
    pub(crate) resumed: Option<Resumption>,
    /// When this process claimed it, for durations.
    pub(crate) taken: Instant,
    pub(crate) token: CancellationToken,
    spans: Stages,
    durations: Arc<DurationHistory>,
    /// Bits of the overall progress; non-negative floats sort as their bits do.
    fraction: AtomicU64,
    /// Bits of the highest progress before it became unknown.
    floor: AtomicU64,
    /// Begin and width of the current stage: the bits of two `f32`, so that both are read at once.
    span: AtomicU64,
    /// Whether progress was reported since the last look.
    dirty: AtomicBool,
    /// Whether the store is known to have moved on.
    passed: AtomicBool,
    state: Mutex<State>,
    /// Held from taking a report until it is in the store (or returned), so that the ending never
    /// overtakes the run's last report.
    pub(crate) saving: Arc<tokio::sync::Mutex<()>>,
}

/// The state under the lock.
pub(crate) struct State {
    pub(crate) status: Status,
    pub(crate) version: i64,
    pub(crate) progress: Option<f64>,
    pub(crate) step: u32,
    pub(crate) message: Option<String>,
    /// The version with which the current stage was entered.
    step_version: i64,
    pub(crate) cancel: Option<(i64, String)>,
    pub(crate) stopping: Stopping,
    pub(crate) labels: Labels,
    pub(crate) updated_at: i64,
    silences: Silences,
    pub(crate) stop: Option<Stop>,
    pub(crate) renewed_at: Instant,
    eta_range: Option<EtaRange>,
    meter: Meter,
    route: Route,
    forecasts: Forecasts,
    /// When the range was estimated, in seconds after the start.
    estimated_t: f64,
    told: LastReported,
    saved_version: i64,
    log: RunLog,
    preview: RunPreview,
    /// The version of the latest output: a line or a message.
    pub(crate) output_version: i64,
    /// When the latest log lines were reported.
    lines: LineTimes,
}

fn pack(begin: f64, width: f64) -> u64 {
    u64::from((begin as f32).to_bits()) << 32 | u64::from((width as f32).to_bits())
}

fn unpack(span: u64) -> (f64, f64) {
    let (begin, width) = ((span >> 32) as u32, span as u32);
    (f64::from(f32::from_bits(begin)), f64::from(f32::from_bits(width)))
}

impl RunningTask {
    /// Creates the run of a task that was just claimed.
    pub(crate) fn new(row: &Row, durations: Arc<DurationHistory>) -> Self {
        let now = Instant::now();
        let start = row.progress.or((!row.stages.is_empty()).then_some(0.0));
        let mut meter = Meter::default();
        if let Some(start) = start {
            meter.begin(0.0, start);
        }
        Self {
            id: row.id,
            owner: row.owner.clone(),
            client: row.client.clone(),
            kind: row.kind.clone(),
            batch: row.batch,
            title: row.title.clone(),
            stages: row.stages.clone(),
            attempt: row.attempt,
            run_seq: row.run_seq,
            created_at: rfc3339(row.created_at),
            started_at: rfc3339(row.started_at.unwrap_or(row.read_at)),
            resumed: row.resumed,
            taken: now,
            token: CancellationToken::new(),
            spans: Stages::from_stored(row.stages.clone()),
            fraction: AtomicU64::new(start.map_or(UNKNOWN, f64::to_bits)),
            floor: AtomicU64::new(0),
            span: AtomicU64::new(pack(0.0, 1.0)),
            durations,
            dirty: AtomicBool::new(false),
            passed: AtomicBool::new(false),
            state: Mutex::new(State {
                status: row.status,
                version: row.version,
                progress: start,
                step: row.step,
                step_version: row.version,
                message: row.message.clone(),
                cancel: row.cancel.clone(),
                stopping: row.stopping.clone(),
                labels: row.labels.clone(),
                updated_at: row.updated_at,
                silences: Silences::new(now),
                stop: None,
                renewed_at: now,
                eta_range: None,
                meter,
                route: Route::default(),
                forecasts: Forecasts::default(),
                estimated_t: 0.0,
                told: LastReported { t: 0.0, progress: start.unwrap_or_default(), rate: 0.0 },
                saved_version: row.version,
                log: RunLog::new(row.run_seq),
                preview: RunPreview::new(row.run_seq < 2),
                output_version: row.version,
                lines: LineTimes::default(),
            }),
            saving: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // As in `RunningTasks`: a panic cannot leave the plain values half written.
        self.state.lock()
    }

    /// The hot path: reports progress within the current stage. Takes a few nanoseconds.
    pub(crate) fn report(&self, within_stage: f64) {
        if within_stage.is_nan() {
            return;
        }
        let (begin, width) = unpack(self.span.load(Ordering::Relaxed));
        self.raise(begin + within_stage.clamp(0.0, 1.0) * width);
        self.dirty.store(true, Ordering::Release);
    }

    /// Raises the progress; it never falls within an attempt.
    fn raise(&self, fraction: f64) {
        // Minus zero is the sum of no weights; its bits would sort above all others.
        let bits = fraction.clamp(0.0, 1.0).abs().to_bits();
        let bits = bits.max(self.floor.load(Ordering::Relaxed));
        if self.fraction.load(Ordering::Relaxed) == UNKNOWN {
            // Two first reports may race; the maximum below settles it.
            let _ =
                self.fraction.compare_exchange(UNKNOWN, bits, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.fraction.fetch_max(bits, Ordering::Relaxed);
    }

    /// The progress is not known any more.
    pub(crate) fn forget_progress(&self, now_ms: i64) {
        let mut state = self.lock();
        let before = self.fraction.swap(UNKNOWN, Ordering::Relaxed);
        if before == UNKNOWN {
            return;
        }
        self.floor.fetch_max(before, Ordering::Relaxed);
        self.dirty.store(false, Ordering::Relaxed);
        let t = self.taken.elapsed().as_secs_f64();
        state.progress = None;
        state.meter = Meter::default();
        state.estimated_t = 0.0;
        state.told = LastReported { t, progress: 0.0, rate: 0.0 };
        state.touch(now_ms);
    }

    /// Enters a stage, counted from 0, and drops the old message.
    pub(crate) fn enter(&self, index: usize, now_ms: i64) {
        let (begin, width) = self.spans.span(index);
        self.span.store(pack(begin, width), Ordering::Relaxed);
        self.raise(begin);
        let mut state = self.lock();
        state.step = u32::try_from(index + 1).unwrap_or(u32::MAX);
        state.message = None;
        let fraction = self.fraction();
        state.progress = fraction;
        let (t, progress) = (self.taken.elapsed().as_secs_f64(), fraction.unwrap_or_default());
        state.meter.begin(t, progress);
        state.route.enter(index, t);
        // The earlier estimate is of another stage, and may be from before the history was read.
        state.estimated_t = 0.0;
        state.told = LastReported { t, progress, rate: 0.0 };
        state.touch(now_ms);
        state.step_version = state.version;
    }

    pub(crate) fn message(&self, text: String, now_ms: i64) {
        let text = Some(text).filter(|text| !text.is_empty());
        let mut state = self.lock();
        if state.message != text {
            state.message = text;
            state.touch(now_ms);
            state.output_version = state.version;
        }
    }

    /// Stops the run. The first reason counts, but a lost lease replaces every other.
    pub(crate) fn stop(&self, reason: Stop) {
        {
            let mut state = self.lock();
            if state.stop.is_none() || reason == Stop::LeaseLost {
                state.stop = Some(reason);
            }
        }
        self.token.cancel();
    }

    /// Why it was stopped, if it was.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        self.lock().stop
    }

    /// Shows a cancel request that is in the store already, and stops the run.
    pub(crate) fn cancel(&self, cancel: (i64, String), row_version: i64, now_ms: i64) {
        {
            let mut state = self.lock();
            if state.cancel.is_none() {
                state.cancel = Some(cancel);
                state.stopping.delivered_at = Some(now_ms);
                state.status = Status::Cancelling;
                state.version = state.version.max(row_version);
                state.touch(now_ms);
            }
        }
        self.stop(Stop::Cancel);
    }

    /// Whether cancellation was requested.
    pub(crate) fn cancel_asked(&self) -> bool {
        self.lock().cancel.is_some()
    }

    /// Records that the task has observed the cancel request; the first time counts.
    pub(crate) fn acknowledge(&self, now_ms: i64) {
        let mut state = self.lock();
        if state.cancel.is_some() && state.stopping.acknowledged_at.is_none() {
            state.stopping.acknowledged_at = Some(now_ms);
            state.touch(now_ms);
        }
    }

    /// Sets the description of the work preserved on cancellation. It is not visible until then, so
    /// the version stays.
    pub(crate) fn keep(&self, text: String) {
        let mut state = self.lock();
        state.stopping.preserved = Some(text);
        state.saved_version = 0;
    }

    pub(crate) fn renewed(&self, at: Instant) {
        self.lock().renewed_at = at;
    }

    pub(crate) fn renewed_at(&self) -> Instant {
        self.lock().renewed_at
    }

    /// Takes in reported progress, then passes the state to `read`.
    pub(crate) fn with_state<T>(&self, now_ms: i64, read: impl FnOnce(&State) -> T) -> T {
        let mut state = self.lock();
        self.look(&mut state, now_ms);
        read(&state)
    }

    fn fraction(&self) -> Option<f64> {
        let bits = self.fraction.load(Ordering::Relaxed);
        (bits != UNKNOWN).then(|| f64::from_bits(bits))
    }

    fn look(&self, state: &mut State, now_ms: i64) {
        let t = self.taken.elapsed().as_secs_f64();
        let reported = self.dirty.swap(false, Ordering::Acquire);
        if let Some(fraction) = self.fraction().filter(|_| reported) {
            state.meter.record(t, fraction);
            if state.progress != Some(fraction) {
                state.progress = Some(fraction);
                state.told = LastReported { t, progress: fraction, rate: state.meter.rate(t) };
                state.touch(now_ms);
            }
        }
        // An extrapolating bar must be corrected when its task stands still.
        let progress = state.progress.unwrap_or_default();
        if state.told.is_wrong(t, progress) {
            state.told = LastReported { t, progress, rate: state.meter.rate(t) };
            state.version += 1;
        }
        self.estimate(state, t);
    }
}

/// What watchers extrapolate from.
struct LastReported {
    t: f64,
    progress: f64,
    rate: f64,
}

impl LastReported {
    /// Whether a bar extrapolated from it is visibly wrong by now.
    fn is_wrong(&self, t: f64, progress: f64) -> bool {
        let age = t - self.t;
        let predicted = (self.progress + self.rate * age).min(0.99);
        age >= SOONEST_CORRECTION_S && (predicted - progress).abs() >= VISIBLE
    }
}

impl State {
    fn touch(&mut self, now_ms: i64) {
        self.version += 1;
        self.updated_at = now_ms;
        self.silences.news(Instant::now());
    }

    /// Rate per second and seconds left, `t` seconds after the start.
    pub(crate) fn pace(&self, t: f64) -> (f64, Option<f64>) {
        (self.meter.rate(t), self.meter.eta(t))
    }
}
