//! Statistics of numbers, safe from overflow.

use super::profile::Bin;

/// Mean and deviation in one pass (Welford).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds a value that occurs `count` times.
    pub(super) fn add(&mut self, value: f64, count: u64) {
        let count = count as f64;
        self.count += count;
        let delta = value - self.mean;
        self.mean += delta * count / self.count;
        self.squares += count * delta * (value - self.mean);
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0.0 && self.mean.is_finite()).then_some(self.mean)
    }

    pub(super) fn std_dev(&self) -> Option<f64> {
        let deviation = (self.squares / (self.count - 1.0)).sqrt();
        (self.count > 1.0 && deviation.is_finite()).then_some(deviation)
    }
}

/// A number and its number of occurrences.
pub(super) type Counted = (f64, u64);

/// Quantile of sorted numbers, with linear interpolation between neighbours.
pub(super) fn quantile(sorted: &[Counted], share: f64) -> Option<f64> {
    let total: u64 = sorted.iter().map(|(_, count)| count).sum();
    let last = total.checked_sub(1)?;
    let position = last as f64 * share;
    let below = (position.floor() as u64).min(last);
    let part = position - below as f64;
    let (low, high) = (at(sorted, below)?, at(sorted, (below + 1).min(last))?);
    // Not `low + part * (high - low)`: the difference may overflow.
    let value = if low == high { low } else { low * (1.0 - part) + high * part };
    value.is_finite().then_some(value)
}

/// The number at a rank, from 0.
fn at(sorted: &[Counted], position: u64) -> Option<f64> {
    let mut passed = 0;
    let here = |(_, count): &&Counted| {
        passed += count;
        passed > position
    };
    sorted.iter().find(here).map(|(value, _)| *value)
}

/// Maximum number of bins, as many as a small plot can show.
const MAX_BINS: usize = 20;

/// Bins of equal width by Sturges' rule; `below` returns how many numbers are less than its
/// argument. Integers get integer edges.
pub(super) fn histogram(
    (least, greatest): (f64, f64),
    total: u64,
    whole: bool,
    below: impl Fn(f64) -> u64,
) -> Vec<Bin> {
    let count = |from: u64, to: u64| i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX);
    if least == greatest {
        return vec![Bin { from: least, to: greatest, count: count(0, total) }];
    }
    let edges = edges(least, greatest, total, whole);
    let mut start = 0;
    let mut bins = Vec::with_capacity(edges.len());
    for (index, pair) in edges.windows(2).enumerate() {
        let last = index + 2 == edges.len();
        let end = if last { total } else { below(pair[1]).clamp(start, total) };
        bins.push(Bin { from: pair[0], to: pair[1], count: count(start, end) });
        start = end;
    }
    bins
}

/// Edges of the bins.
fn edges(least: f64, greatest: f64, count: u64, whole: bool) -> Vec<f64> {
    // Doubles represent every integer up to 2^53; differences need some room below.
    const EXACT: f64 = 1_125_899_906_842_624.0;
    let wanted = (count.max(1).ilog2() as usize + 2).min(MAX_BINS);
    let whole = whole && least.abs() < EXACT && greatest.abs() < EXACT;
    if whole {
        let width = ((greatest - least + 1.0) / wanted as f64).ceil();
        let bins = ((greatest - least + 1.0) / width).ceil() as usize;
        let edge = |index: usize| (least + width * index as f64).min(greatest);
        return (0..=bins).map(edge).collect();
    }
    let edge = |index: usize| {
        let part = index as f64 / wanted as f64;
        (least * (1.0 - part) + greatest * part).clamp(least, greatest)
    };
    let mut edges: Vec<f64> = (0..wanted).map(edge).collect();
    edges.push(greatest);
    edges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn once(values: &[f64]) -> Vec<Counted> {
        values.iter().map(|value| (*value, 1)).collect()
    }

    fn bins(sorted: &[f64], whole: bool) -> Vec<Bin> {
        let below = |edge: f64| sorted.iter().filter(|value| **value < edge).count() as u64;
        let ends = (sorted[0], sorted[sorted.len() - 1]);
        histogram(ends, sorted.len() as u64, whole, below)
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 3, 4], [.25, .5, .75]) and numpy.quantile([1, 2, 4, 8, 16], ...)
        let quartiles =
            |values: &[f64]| [0.25, 0.5, 0.75].map(|share| quantile(&once(values), share));
        assert_eq!(quartiles(&[1.0, 2.0, 3.0, 4.0]), [1.75, 2.5, 3.25].map(Some));
        assert_eq!(quartiles(&[1.0, 2.0, 4.0, 8.0, 16.0]), [2.0, 4.0, 8.0].map(Some));
        assert_eq!(quartiles(&[7.0]), [7.0; 3].map(Some));
        assert_eq!(quartiles(&[]), [None; 3]);
        assert_eq!(quantile(&once(&[-f64::MAX, f64::MAX]), 0.5), Some(0.0));
        // numpy.quantile([1, 1, 1, 4], .75)
        assert_eq!(quantile(&[(1.0, 3), (4.0, 1)], 0.75), Some(1.75));
    }

    #[test]
    fn what_a_double_cannot_hold_is_absent() {
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.std_dev()), (None, None));
        moments.add(f64::MAX, 1);
        assert_eq!((moments.mean(), moments.std_dev()), (Some(f64::MAX), None));
        moments.add(-f64::MAX, 1);
        assert_eq!(moments.std_dev(), None);
    }

    #[test]
    fn whole_numbers_get_whole_bins() {
        let values: Vec<f64> = (1..=6).map(f64::from).collect();
        let bins = bins(&values, true);
        assert!(bins.iter().all(|bin| bin.from.fract() == 0.0 && bin.to.fract() == 0.0));
        assert_eq!(bins.last().map(|bin| bin.to), Some(6.0));
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<i64>(), 6);
        assert_eq!(super::tests::bins(&[2.0, 2.0], true), [Bin { from: 2.0, to: 2.0, count: 2 }]);
    }

    proptest! {
        #[test]
        fn mean_and_deviation_agree_with_two_passes(values in prop::collection::vec(-1e6..1e6, 2..200)) {
            let mut moments = Moments::default();
            values.iter().for_each(|value: &f64| moments.add(*value, 1));
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            let deviation = (squares / (count - 1.0)).sqrt();
            prop_assert!((moments.mean().unwrap() - mean).abs() < 1e-6);
            prop_assert!((moments.std_dev().unwrap() - deviation).abs() < 1e-6 * deviation.max(1.0));
        }

        #[test]
        fn quartiles_halve_the_values(mut values in prop::collection::vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 1..200)) {
            values.sort_by(f64::total_cmp);
            for share in [0.25, 0.5, 0.75] {
                let quantile = quantile(&once(&values), share).unwrap();
                let below = values.iter().filter(|value| **value < quantile).count() as f64;
                let above = values.iter().filter(|value| **value > quantile).count() as f64;
                let count = values.len() as f64;
                prop_assert!(below <= (count - 1.0) * share + 1.0, "{below} below");
                prop_assert!(above <= (count - 1.0) * (1.0 - share) + 1.0, "{above} above");
            }
        }

        #[test]
        fn bins_hold_every_value_once(mut values in prop::collection::vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 1..100), whole in any::<bool>()) {
            if whole {
                values.iter_mut().for_each(|value| *value = (*value % 1e15).trunc());
            }
            values.sort_by(f64::total_cmp);
            let bins = bins(&values, whole);
            prop_assert!(bins.len() <= MAX_BINS);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<i64>(), values.len() as i64);
            prop_assert!(bins.windows(2).all(|pair| pair[0].to == pair[1].from));
            for (index, bin) in bins.iter().enumerate() {
                let last = index + 1 == bins.len();
                let inside = |value: f64| value >= bin.from && (value < bin.to || last && value <= bin.to);
                prop_assert_eq!(bin.count, values.iter().filter(|value| inside(**value)).count() as i64);
            }
        }
    }
}
