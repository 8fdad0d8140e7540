//! Sketches of the values of a column, once there are too many of them (Apache DataSketches).

use std::collections::HashMap;

use ahash::RandomState;
use datasketches::{
    common::NumStdDev,
    frequencies::{ErrorType, FrequentItemsSketch},
    hll::{HllSketch, HllType},
    kll::{KllFloat, KllSketch},
};

use super::{
    counted::{Entry, Sizes, Summary, numbers, sorted, top},
    interpretation::{Interpretation, Live, Shapes},
    spread::Spread,
    stats::Counted,
    texts::Texts,
    value::Cell,
};

/// Longer texts are counted, but not listed once there are sketches.
const MAX_NAMED: usize = 256;

/// Sketches of too many values.
#[derive(Debug)]
pub(super) struct Sketches {
    /// Number of distinct values when the sketches began.
    at_least: usize,
    distinct: HllSketch,
    frequent: FrequentItemsSketch<String>,
    /// Present while all values are numbers, or all are dates.
    ranks: Option<Ranks>,
    /// Other interpretations that fit all values so far, each with its ranks.
    live: Vec<(Live, Ranks)>,
    shapes: Shapes,
    texts: Texts,
    empty: Ranks,
}

type Ranks = KllSketch<KllFloat<f64>>;

impl Sketches {
    /// Sketches of values; `ordered` if all are plain numbers, or all are plain dates.
    pub(super) fn of(
        values: HashMap<Box<str>, Entry, RandomState>,
        ordered: bool,
        sizes: Sizes,
    ) -> Self {
        let fine = "a size that the sketch allows";
        let empty: Ranks = KllSketch::new(sizes.ranks).expect(fine);
        let mut sketches = Self {
            at_least: values.len(),
            distinct: HllSketch::new(sizes.distinct, HllType::Hll8).expect(fine),
            frequent: FrequentItemsSketch::new(sizes.frequent).expect(fine),
            ranks: ordered.then(|| ranks(empty.clone(), &numbers(&values))),
            live: Vec::new(),
            shapes: Shapes::of(values.keys().map(|text| &**text)),
            texts: Texts::of(&values),
            empty,
        };
        let mut values: Vec<(Box<str>, Entry)> = values.into_iter().collect();
        values.sort_unstable_by(|a, b| (a.1.line, &a.0).cmp(&(b.1.line, &b.0)));
        if !ordered {
            sketches.follow(&values);
        }
        for (text, entry) in values {
            sketches.distinct.update(&*text);
            if text.len() <= MAX_NAMED {
                sketches.frequent.update_with_count(text.into(), entry.count);
            }
        }
        sketches
    }

    pub(super) const fn shapes(&self) -> Shapes {
        self.shapes
    }

    pub(super) fn texts(&self) -> Texts {
        self.texts.clone()
    }

    /// The interpretations that fit all values.
    pub(super) fn interpretations(&self) -> Vec<Interpretation> {
        let finish =
            |(live, ranks): &(Live, Ranks)| live.clone().finish(Spread::About(ranks.clone()));
        self.live.iter().filter(|(live, _)| live.is_plausible()).map(finish).collect()
    }

    /// Approximate memory in bytes, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let texts = self.frequent.num_active_items() * MAX_NAMED;
        let ranks = self.ranks.iter().chain(self.live.iter().map(|(_, ranks)| ranks));
        let ranks = ranks.map(KllSketch::num_retained).sum::<usize>() * 8;
        self.distinct.estimated_size() + self.frequent.estimated_size() + texts + ranks
    }

    /// Begins to follow the interpretations that fit all values so far.
    fn follow(&mut self, values: &[(Box<str>, Entry)]) {
        for form in Live::fitting(values.iter().map(|(text, _)| &**text)) {
            let mut live = Live::new(form);
            let mut counted = Vec::with_capacity(values.len());
            for (text, entry) in values {
                if let Some(cell) = live.take(text, entry.count) {
                    counted.extend(cell.number().map(|number| (number, entry.count)));
                }
            }
            self.live.push((live, ranks(self.empty.clone(), &sorted(counted))));
        }
    }

    pub(super) fn add(&mut self, text: &str, number: Option<f64>, count: u64) {
        self.distinct.update(text);
        self.shapes.see(text);
        self.texts.add(text, count);
        if text.len() <= MAX_NAMED {
            if count == 1 {
                self.frequent.update_ref(text);
            } else {
                self.frequent.update_with_count(text.to_owned(), count);
            }
        }
        match number.and_then(|number| KllFloat::<f64>::new(number).ok()) {
            Some(number) => {
                if let Some(ranks) = &mut self.ranks {
                    ranks.update(number);
                }
            }
            None => self.ranks = None,
        }
        self.live.retain_mut(|(live, ranks)| {
            let Some(cell) = live.take(text, count) else { return false };
            if let Some(number) = number_of(cell) {
                ranks.update(number);
            }
            true
        });
    }

    pub(super) fn summary(self) -> Summary {
        let estimate = self.distinct.estimate();
        let upper = self.distinct.upper_bound(NumStdDev::Two) / estimate - 1.0;
        let lower = 1.0 - self.distinct.lower_bound(NumStdDev::Two) / estimate;
        let frequent = self.frequent.frequent_items(ErrorType::NoFalsePositives);
        let frequent = frequent.iter().map(|row| (row.item().clone(), row.lower_bound()));
        Summary {
            distinct: self.at_least,
            estimate: Some((estimate, upper.max(lower))),
            top: top(frequent.collect()),
            top_error: Some(self.frequent.maximum_error()),
            spread: self.ranks.map(Spread::About),
        }
    }
}

fn number_of(cell: Cell) -> Option<KllFloat<f64>> {
    KllFloat::<f64>::new(cell.number()?).ok()
}

/// Sketch of numbers with many occurrences. Processes the bits of their counts from the highest to
/// the lowest and doubles the sketch at each step, so that a million occurrences do not take a
/// million steps.
pub(super) fn ranks(mut sketch: Ranks, numbers: &[Counted]) -> Ranks {
    let limit = numbers.iter().map(|(_, count)| *count).max().unwrap_or(0);
    for bit in (0..u64::BITS - limit.leading_zeros()).rev() {
        let half = sketch.clone();
        // Fails only beyond 2^64 numbers.
        let _ = sketch.merge(&half);
        for (number, _) in numbers.iter().filter(|(_, count)| count >> bit & 1 == 1) {
            if let Ok(number) = KllFloat::<f64>::new(*number) {
                sketch.update(number);
            }
        }
    }
    sketch
}
