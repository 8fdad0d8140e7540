//! Who follows all tasks, and what a follower may see: nothing that goes back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use milepost::task::{Snapshot, Status};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::{
    book::Book,
    fleet::{Addresses, client},
};

const BREATH: Duration = Duration::from_millis(25);

pub(crate) const KNOWN: &str = "accepted tasks known to every server";
pub(crate) const VERSIONS: &str = "versions that never went back";
pub(crate) const BARS: &str = "bars that never fell within an attempt";
pub(crate) const ENDS: &str = "ends that stayed the end";

/// The bits of a version below the store's own changes.
const GENERATION: u32 = 20;

/// What a follower saw last of one task.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    last: Option<Snapshot>,
    /// The highest attempt, and the bar of it. A given-back attempt comes again.
    attempt: u32,
    bar: Option<f64>,
}

impl Seen {
    /// Takes in what a server told; what is wrong with it. `strict`: servers tell what the store
    /// knows. Else a server also tells what it knows itself, and of that the last quarter of a
    /// second can be lost with it: then the bar is compared only while the task is at work.
    pub(crate) fn look(&mut self, told: Snapshot, strict: bool) -> Option<(&'static str, String)> {
        let wrong = self.last.as_ref().and_then(|last| compare(last, &told));
        let at_work =
            matches!(told.status, Status::Running | Status::Cancelling | Status::Completed);
        let mut fell = None;
        if told.attempt > self.attempt {
            (self.attempt, self.bar) = (told.attempt, None);
        }
        if (strict || at_work) && told.attempt == self.attempt {
            match (self.bar, told.progress) {
                (Some(bar), Some(now)) if now < bar - 1e-9 => {
                    fell = Some((BARS, format!("{}: {bar} %, then {now} %", told.id)));
                }
                (bar, now) => self.bar = now.or(bar),
            }
        }
        self.last = Some(told);
        wrong.or(fell)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.status.is_terminal())
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.last.as_ref().is_some_and(|last| last.status.as_str() == status)
    }

    pub(crate) fn version(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.version)
    }
}

fn compare(last: &Snapshot, told: &Snapshot) -> Option<(&'static str, String)> {
    let both = format!(
        "{}: {} of version {}, then {} of version {}",
        told.id, last.status, last.version, told.status, told.version
    );
    if last.status.is_terminal() && (last.status, last.version) != (told.status, told.version) {
        return Some((ENDS, both));
    }
    let same = last.version == told.version;
    let changed = (last.status, last.attempt) != (told.status, told.attempt);
    // What a waiting task's version tells is its place, too, which can be a farther one.
    let both_wait = last.status == Status::Queued && told.status == Status::Queued;
    let part = if both_wait { GENERATION } else { 0 };
    let back = told.version >> part < last.version >> part;
    (back || same && changed).then_some((VERSIONS, both))
}

/// Asks for every task again and again until nobody is to ask any more.
pub(crate) async fn follow(addresses: Addresses, book: Arc<Book>, seed: u64, strict: bool) {
    let (mut rng, http) = (StdRng::seed_from_u64(seed), client());
    while book.may_poll() {
        let mut ids = book.open();
        // What has ended is looked at, too, now and then.
        let ended = book.ended();
        ids.extend(ended.choose_multiple(&mut rng, 2).cloned());
        let mut asked = JoinSet::new();
        for id in ids {
            let Some(url) = addresses.any(&mut rng) else { continue };
            let (http, book) = (http.clone(), Arc::clone(&book));
            let pause = Duration::from_millis(rng.random_range(0..10));
            asked.spawn(async move {
                tokio::time::sleep(pause).await;
                ask(&http, &url, &id, &book, strict).await;
            });
        }
        asked.join_all().await;
        tokio::time::sleep(BREATH).await;
    }
}

async fn ask(http: &reqwest::Client, url: &str, id: &str, book: &Book, strict: bool) {
    // Who does not answer was killed, or has no database.
    let Ok(answer) = http.get(format!("{url}/api/v1/tasks/{id}")).send().await else { return };
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::SERVICE_UNAVAILABLE => return,
        other => return book.wrong(KNOWN, format!("{id}: {other}")),
    }
    let Ok(told) = answer.json::<Snapshot>().await else { return };
    book.polls.fetch_add(1, Ordering::Relaxed);
    for check in [KNOWN, VERSIONS, BARS, ENDS] {
        book.looked(check);
    }
    let wrong = book.tasks().get_mut(id).and_then(|task| task.seen.look(told, strict));
    if let Some((check, what)) = wrong {
        book.wrong(check, what);
    }
}

/// Waits until every task has been seen to end; false where some have not in time.
pub(crate) async fn until_all_ended(book: &Book, patience: Duration) -> bool {
    let begin = Instant::now();
    while !book.open().is_empty() {
        if begin.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(BREATH).await;
    }
    true
}
