//! Distribution of a column's numbers: exact counts, or a KLL sketch.

use datasketches::{
    common::SearchCriteria,
    kll::{KllFloat, KllSketch},
};

use super::{
    profile::Bin,
    stats::{self, Counted},
};

/// Distribution of at least one number.
pub(super) enum Spread {
    /// All numbers in order.
    Exact(Vec<Counted>),
    /// Approximate ranks.
    About(KllSketch<KllFloat<f64>>),
}

impl Spread {
    /// Quartiles.
    pub(super) fn quartiles(&self) -> [Option<f64>; 3] {
        let shares = [0.25, 0.5, 0.75];
        match self {
            Self::Exact(sorted) => shares.map(|share| stats::quantile(sorted, share)),
            Self::About(sketch) => {
                let view = sketch.sorted_view();
                shares.map(|share| {
                    let found = view.quantile(share, SearchCriteria::Inclusive);
                    found.ok().flatten().map(KllFloat::into_inner)
                })
            }
        }
    }

    /// Histogram with bins of equal width.
    pub(super) fn histogram(&self, whole: bool) -> Vec<Bin> {
        match self {
            Self::Exact(sorted) => {
                let (Some((min, _)), Some((greatest, _))) = (sorted.first(), sorted.last()) else {
                    return Vec::new();
                };
                let total = sorted.iter().map(|(_, count)| count).sum();
                let below = |edge: f64| {
                    let end = sorted.partition_point(|(value, _)| *value < edge);
                    sorted[..end].iter().map(|(_, count)| count).sum()
                };
                stats::histogram((*min, *greatest), total, whole, below)
            }
            Self::About(sketch) => {
                let (Some(min), Some(greatest)) = (sketch.min_item(), sketch.max_item()) else {
                    return Vec::new();
                };
                let view = sketch.sorted_view();
                let below = |edge: f64| {
                    let edge = KllFloat::<f64>::new(edge).ok();
                    let rank = edge.and_then(|edge| view.rank(&edge, SearchCriteria::Exclusive));
                    (rank.unwrap_or(0.0) * sketch.n() as f64).round() as u64
                };
                let ends = (min.into_inner(), greatest.into_inner());
                stats::histogram(ends, sketch.n(), whole, below)
            }
        }
    }

    /// Maximum rank error as a share of all numbers, in 99 of 100 cases.
    pub(super) fn rank_error(&self) -> Option<f64> {
        match self {
            Self::Exact(_) => None,
            Self::About(sketch) => Some(sketch.normalized_pmf_error()),
        }
    }
}
