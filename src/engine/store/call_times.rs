//! How long the calls to a store take.

#[cfg(feature = "http")]
use prometheus_client::registry::Registry;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCall {
    call: &'static str,
}

/// How long the calls to a store take: the wait for a connection, the statements, and what is between them.
#[derive(Clone, Debug)]
pub struct CallTimes(Family<ByCall, Histogram, fn() -> Histogram>);

/// From 0.5 ms to about 8 s.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 4.0, 8))
}

impl CallTimes {
    /// Of no call yet.
    pub(super) fn new() -> Self {
        Self(Family::new_with_constructor(times as fn() -> Histogram))
    }

    /// The times of the calls of this name.
    pub(super) fn of(&self, call: &'static str) -> Histogram {
        self.0.get_or_create_owned(&ByCall { call })
    }

    /// Adds them to a registry of metrics.
    #[cfg(feature = "http")]
    pub(in crate::engine) fn register(&self, registry: &mut Registry) {
        let help = "Time of calls to the database, with the wait for a connection";
        registry.register("store_call_seconds", help, self.0.clone());
    }
}

/// Measures a call until it is dropped.
pub(super) struct Timed {
    begun: std::time::Instant,
    times: Histogram,
}

impl Timed {
    pub(super) fn new(times: &Histogram) -> Self {
        Self { begun: std::time::Instant::now(), times: times.clone() }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.times.observe(self.begun.elapsed().as_secs_f64());
    }
}
