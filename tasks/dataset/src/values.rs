//! Distinct values of a column with their counts, or sketches of them once they exceed the memory
//! limit.

use std::collections::HashMap;

use ahash::RandomState;

use super::{
    counted::{Distinct, Entry, Sizes, Summary, numbers, top},
    interpretation::{Interpretation, Live, Shapes},
    sketches::Sketches,
    spread::Spread,
    texts::Texts,
};

/// Memory of an entry in addition to its text: two words and a count, spare capacity, allocator
/// overhead.
const ENTRY_BYTES: usize = 64;

/// Memory limits, so that memory does not grow with the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes per column.
    per_column: usize,
    /// Bytes left for all columns.
    left: usize,
    sizes: Sizes,
}

impl Budget {
    /// Creates limits in bytes, per column and for all columns.
    pub(super) const fn new(per_column: usize, all: usize, columns: usize) -> Self {
        // At most about 300 KB per column, or 40 KB if there are many.
        let sizes = if columns <= 100 {
            Sizes { distinct: 13, frequent: 1024, ranks: 1000 }
        } else {
            Sizes { distinct: 11, frequent: 128, ranks: 200 }
        };
        Self { per_column, left: all, sizes }
    }
}

/// Distinct values so far.
#[derive(Debug)]
pub(super) enum Values {
    /// All values, and their memory in bytes.
    All(HashMap<Box<str>, Entry, RandomState>, usize),
    /// Sketches.
    About(Box<Sketches>),
}

impl Default for Values {
    fn default() -> Self {
        Self::All(HashMap::default(), 0)
    }
}

impl Values {
    /// Adds a value; `number` represents it while all values are numbers, or all are dates.
    pub(super) fn add(
        &mut self,
        text: &str,
        number: Option<f64>,
        entry: Entry,
        budget: &mut Budget,
    ) {
        if let Self::All(values, used) = self {
            if let Some(known) = values.get_mut(text) {
                known.count += entry.count;
                return;
            }
            let bytes = ENTRY_BYTES + text.len();
            if *used + bytes <= budget.per_column && bytes <= budget.left {
                *used += bytes;
                budget.left -= bytes;
                values.insert(text.into(), entry);
                return;
            }
            budget.left += *used;
            let sketches = Sketches::of(std::mem::take(values), number.is_some(), budget.sizes);
            *self = Self::About(Box::new(sketches));
        }
        if let Self::About(sketches) = self {
            sketches.add(text, number, entry.count);
        }
    }

    /// Approximate memory in bytes, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::All(_, used) => *used,
            Self::About(sketches) => sketches.bytes(),
        }
    }

    /// All values in the order of their first occurrence, unless there are too many.
    pub(super) fn distinct(&self) -> Option<Vec<Distinct<'_>>> {
        let Self::All(values, _) = self else { return None };
        let mut distinct: Vec<_> =
            values.iter().map(|(text, entry)| (text.as_ref(), *entry)).collect();
        distinct.sort_unstable_by(|a, b| (a.1.line, a.0).cmp(&(b.1.line, b.0)));
        Some(distinct)
    }

    /// The values as texts.
    pub(super) fn texts(&self) -> Texts {
        match self {
            Self::All(values, _) => Texts::of(values),
            Self::About(sketches) => sketches.texts(),
        }
    }

    /// What the values look like.
    pub(super) fn shapes(&self) -> Shapes {
        match self {
            Self::All(values, _) => Shapes::of(values.keys().map(|text| &**text)),
            Self::About(sketches) => sketches.shapes(),
        }
    }

    /// The interpretations of values that are not in the plain form, as far as they fit all.
    pub(super) fn interpretations(&self) -> Vec<Interpretation> {
        match self {
            Self::All(values, _) => {
                // Most columns of texts fit none, which is known without order.
                let forms = Live::fitting(values.keys().map(|text| &**text));
                if forms.is_empty() {
                    return Vec::new();
                }
                let distinct = self.distinct().unwrap_or_default();
                forms.into_iter().filter_map(|form| Interpretation::of(form, &distinct)).collect()
            }
            Self::About(sketches) => sketches.interpretations(),
        }
    }

    /// Summarises the values; `ordered` if all are plain numbers, or all are plain dates.
    pub(super) fn summary(self, ordered: bool) -> Summary {
        match self {
            Self::All(values, _) => Summary {
                distinct: values.len(),
                estimate: None,
                spread: ordered.then(|| Spread::Exact(numbers(&values))),
                top: top(values
                    .into_iter()
                    .map(|(value, entry)| (value.into(), entry.count))
                    .collect()),
                top_error: None,
            },
            Self::About(sketches) => sketches.summary(),
        }
    }
}

#[cfg(test)]
mod tests {
    use datasketches::kll::KllSketch;

    use super::{super::sketches::ranks, *};

    const ONCE: Entry = Entry { count: 1, line: 1 };

    fn summary(count: u32, bytes: usize) -> (Summary, Budget) {
        let mut budget = Budget::new(bytes, bytes, 1);
        let mut values = Values::default();
        for index in 0..count {
            // Each number from 0 once in mixed order, with a tenth of sevens in between.
            let value = u64::from(index) * 7_919 % u64::from(count);
            values.add(&value.to_string(), Some(value as f64), ONCE, &mut budget);
            if index % 9 == 0 {
                values.add("7", Some(7.0), ONCE, &mut budget);
            }
        }
        (values.summary(true), budget)
    }

    #[test]
    fn too_many_values_are_told_about_right_and_the_error_is_told() {
        let (exact, _) = summary(90_000, usize::MAX);
        let (about, budget) = summary(90_000, 100_000);
        assert_eq!(budget.left, 100_000, "what it no longer keeps is there for others");
        assert_eq!((exact.distinct, exact.estimate), (90_000, None));
        let (estimate, error) = about.estimate.unwrap();
        assert!(error < 0.03 && (estimate / 90_000.0 - 1.0).abs() < error, "{estimate}");
        assert!(about.distinct < 90_000);

        assert_eq!((exact.top[0].count, exact.top_error), (10_001, None));
        let error = about.top_error.unwrap() as i64;
        assert_eq!(about.top.len(), 1);
        assert_eq!(about.top[0].value, "7");
        assert!((10_001 - error..=10_001).contains(&about.top[0].count), "{:?}", about.top);
        assert!(error < 400, "{error}");

        let (exact, about) = (exact.spread.unwrap(), about.spread.unwrap());
        assert_eq!(exact.rank_error(), None);
        let error = about.rank_error().unwrap() * 100_000.0;
        assert!(error < 400.0, "{error}");
        for (exact, about) in exact.quartiles().into_iter().zip(about.quartiles()) {
            let (exact, about) = (exact.unwrap(), about.unwrap());
            assert!((exact - about).abs() < 2.0 * error, "{exact}, about {about}");
        }
        let (exact, about) = (exact.histogram(true), about.histogram(true));
        assert_eq!(about.iter().map(|bin| bin.count).sum::<i64>(), 100_000);
        for (exact, about) in exact.iter().zip(&about) {
            assert_eq!((exact.from, exact.to), (about.from, about.to));
            assert!((exact.count - about.count).abs() < 800, "{exact:?}, about {about:?}");
        }
    }

    #[test]
    fn what_occurs_a_billion_times_weighs_so_much_in_a_sketch() {
        let few = [(1.0, 2_500_000_000), (2.0, 1_500_000_001), (9.0, 1)];
        let spread = Spread::About(ranks(KllSketch::new(200).unwrap(), &few));
        assert_eq!(spread.quartiles(), [Some(1.0), Some(1.0), Some(2.0)]);
        let counts: Vec<i64> = spread.histogram(true).iter().map(|bin| bin.count).collect();
        assert_eq!(counts.iter().sum::<i64>(), 4_000_000_002);
    }

    #[test]
    fn a_column_of_mixed_values_has_no_ranks() {
        let mut budget = Budget::new(100, 100, 1);
        let mut values = Values::default();
        values.add("1", Some(1.0), ONCE, &mut budget);
        values.add("2", Some(2.0), ONCE, &mut budget);
        values.add("x", None, ONCE, &mut budget);
        values.add(&"x".repeat(10_000), None, ONCE, &mut budget);
        let summary = values.summary(false);
        assert!(summary.spread.is_none());
        assert_eq!(summary.estimate.map(|(estimate, _)| estimate.round()), Some(4.0));
        assert_eq!(summary.top.len(), 3, "the long one is counted only");
    }
}
