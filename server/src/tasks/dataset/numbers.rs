//! The numbers of a column: each of them, or, once there are too many, what a t-digest keeps of them.

use datasketches::tdigest::TDigestMut;

use super::{
    profile::{Bin, Numeric},
    stats::{self, Moments},
};

/// The digest's size: quartiles are right to some thousandths of a rank.
const COMPRESSION: u16 = 500;

/// The numbers so far.
#[derive(Debug)]
pub(super) enum Numbers {
    /// All of them.
    Exact(Vec<f64>),
    /// How they spread.
    Digest(Box<TDigestMut>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Numbers {
    /// Takes a number; `left` is how many numbers all columns together may still keep.
    pub(super) fn add(&mut self, value: f64, left: &mut usize) {
        if *left == 0 {
            self.condense(left);
        }
        match self {
            Self::Exact(values) => {
                *left = left.saturating_sub(1);
                values.push(value);
            }
            Self::Digest(digest) => digest.update(value),
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self, left: &mut usize) {
        if let Self::Exact(values) = self {
            *left += values.len();
        }
        *self = Self::default();
    }

    /// From all of them to how they spread.
    fn condense(&mut self, left: &mut usize) {
        let Self::Exact(values) = self else { return };
        // Fails for a size that makes no sense only.
        let Ok(mut digest) = TDigestMut::new(COMPRESSION) else { return };
        *left += values.len();
        for value in values.iter() {
            digest.update(*value);
        }
        *self = Self::Digest(Box::new(digest));
    }

    /// The least and the greatest.
    pub(super) fn extremes(&self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Exact(values) => {
                (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max))
            }
            Self::Digest(digest) => (digest.min_value(), digest.max_value()),
        }
    }

    /// Mean, deviation, quartiles, and bins over them.
    pub(super) fn summary(self, moments: Moments, whole: bool) -> (Numeric, Vec<Bin>) {
        match self {
            Self::Exact(mut values) => {
                values.sort_unstable_by(f64::total_cmp);
                (stats::summary(moments, &values), stats::histogram(&values, whole))
            }
            Self::Digest(mut digest) => {
                let quartiles = digest.quantiles(&[0.25, 0.5, 0.75]).ok().flatten();
                let quartile =
                    |index: usize| quartiles.as_ref().and_then(|values| values.get(index).copied());
                let numeric = Numeric {
                    mean: moments.mean(),
                    std_dev: moments.std_dev(),
                    q25: quartile(0),
                    median: quartile(1),
                    q75: quartile(2),
                    exact: false,
                };
                (numeric, bins(&mut digest, whole))
            }
        }
    }
}

/// Bins whose counts add up to all, each about right.
fn bins(digest: &mut TDigestMut, whole: bool) -> Vec<Bin> {
    let (Some(least), Some(greatest)) = (digest.min_value(), digest.max_value()) else {
        return Vec::new();
    };
    let total = digest.total_weight();
    let count = |from: u64, to: u64| i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX);
    if least == greatest {
        return vec![Bin { from: least, to: greatest, count: count(0, total) }];
    }
    let values = usize::try_from(total).unwrap_or(usize::MAX);
    let edges = stats::edges(least, greatest, values, whole);
    let mut below = 0;
    let mut bins = Vec::with_capacity(edges.len());
    for (index, pair) in edges.windows(2).enumerate() {
        let up_to = if index + 2 == edges.len() {
            total
        } else {
            let rank = digest.rank(pair[1]).ok().flatten().unwrap_or(0.0);
            ((rank * total as f64).round() as u64).clamp(below, total)
        };
        bins.push(Bin { from: pair[0], to: pair[1], count: count(below, up_to) });
        below = up_to;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(count: u32, mut left: usize) -> (Numeric, Vec<Bin>, (Option<f64>, Option<f64>)) {
        let (mut numbers, mut moments) = (Numbers::default(), Moments::default());
        for index in 0..count {
            // Each number from 0 to count once, in no order.
            let value = f64::from((u64::from(index) * 7_919 % u64::from(count)) as u32);
            numbers.add(value, &mut left);
            moments.add(value);
        }
        let extremes = numbers.extremes();
        let (numeric, bins) = numbers.summary(moments, true);
        (numeric, bins, extremes)
    }

    #[test]
    fn many_numbers_are_told_about_right_and_few_exactly() {
        let (exact, exact_bins, extremes) = summary(100_000, 1_000_000);
        let (about, about_bins, about_extremes) = summary(100_000, 1_000);
        assert!(exact.exact && !about.exact);
        assert_eq!((exact.mean, exact.std_dev), (about.mean, about.std_dev));
        assert_eq!(extremes, about_extremes);
        let pairs = [(exact.q25, about.q25), (exact.median, about.median), (exact.q75, about.q75)];
        for (exact, about) in pairs {
            let (exact, about) = (exact.unwrap(), about.unwrap());
            assert!((exact - about).abs() < 500.0, "{exact}, about {about}");
        }
        assert_eq!(about_bins.iter().map(|bin| bin.count).sum::<i64>(), 100_000);
        for (exact, about) in exact_bins.iter().zip(&about_bins) {
            assert_eq!((exact.from, exact.to), (about.from, about.to));
            assert!((exact.count - about.count).abs() < 500, "{exact:?}, about {about:?}");
        }
    }

    #[test]
    fn what_a_column_no_longer_keeps_is_there_for_others() {
        let mut left = 2;
        let mut numbers = Numbers::default();
        for value in [1.0, 2.0, 3.0] {
            numbers.add(value, &mut left);
        }
        assert_eq!(left, 2);
        let mut others = Numbers::default();
        others.add(1.0, &mut left);
        others.clear(&mut left);
        assert_eq!(left, 2);
    }
}
