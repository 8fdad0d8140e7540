//! What the numbers of a program say about the whole. They may restart from 0 (a second
//! transfer), belong to one of several bars, shrink while a total grows, or exceed their total. What
//! is not known is reported as unknown, never as the last number.

use std::collections::HashMap;

/// A bar is complete from this fraction on; programs round down.
const COMPLETE: f64 = 0.995;
/// A fall to this fraction is a new beginning, also of an incomplete bar.
const BEGINNING: f64 = 0.05;
/// Maximum fall that is only imprecision: the bar waits.
const JITTER: f64 = 0.1;
/// Maximum fraction that exceeds one only by rounding.
pub(super) const HARDLY_ABOVE_ONE: f64 = 1.001;
/// Maximum number of bars that are distinguished; others are ignored.
const MAX_BARS: usize = 1_000;

/// A number that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    pub(super) fraction: f64,
    /// The amount done and the total that the fraction was computed from.
    pub(super) count: Option<(f64, f64)>,
    /// Name of the bar.
    pub(super) bar: Option<String>,
    /// Whether the bars add up to the whole.
    pub(super) sum: bool,
}

/// What a report says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Estimate {
    /// The whole is at this fraction.
    Whole(f64),
    /// Only this fraction of the current part is known, and not the whole.
    Part(f64),
    /// A smaller bar inside of the whole is at this fraction.
    Inner(f64),
    /// Nothing is known: more than the total is done.
    Beyond,
}

/// Number of a part, and the number of parts if that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// From 1.
    pub(super) number: u32,
    pub(super) of: Option<u32>,
    pub(super) name: String,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Whole {
    part: Part,
    /// Highest fraction of the current part.
    best: Option<f64>,
    /// Last amount done and total.
    count: Option<(f64, f64)>,
    /// The bar that is the whole.
    main_bar: Option<String>,
    /// Amount done and total of each bar, if they add up.
    bars: HashMap<String, (f64, f64)>,
}

impl Default for Whole {
    fn default() -> Self {
        let part = Part { number: 1, ..Part::default() };
        Self { part, best: None, count: None, main_bar: None, bars: HashMap::new() }
    }
}

impl Whole {
    pub(super) const fn part(&self) -> &Part {
        &self.part
    }

    /// Whether the whole consists of parts whose number is not known.
    pub(super) const fn is_open(&self) -> bool {
        self.part.number > 1 && self.part.of.is_none()
    }

    /// Highest fraction of the current part.
    pub(super) const fn best(&self) -> Option<f64> {
        self.best
    }

    /// A program named a part that begins. Several names before any progress are one part.
    pub(super) fn begin(&mut self, name: &str, number: Option<f64>, of: Option<f64>) {
        match number.and_then(counted) {
            Some(number) => {
                self.restart();
                self.part = Part { number, of: of.and_then(counted), name: name.to_owned() };
                if self.part.of.is_some_and(|of| of < number) {
                    self.part.of = None;
                }
            }
            None if self.part.of.is_some() => name.clone_into(&mut self.part.name),
            None => {
                if self.best.is_some_and(|best| best > 0.0) {
                    self.next();
                }
                name.clone_into(&mut self.part.name);
            }
        }
    }

    /// Takes in a report.
    pub(super) fn report(&mut self, report: &Report) -> Estimate {
        let mut fraction = report.fraction;
        let mut grown = self.has_grown(report.count);
        if let Some(bar) = &report.bar {
            if report.sum {
                grown |= !self.bars.contains_key(bar);
                fraction = self.add_up(bar, report);
            } else if !self.is_main(bar) {
                return Estimate::Inner(fraction.clamp(0.0, 1.0));
            }
        }
        if fraction > HARDLY_ABOVE_ONE {
            return Estimate::Beyond;
        }
        let fraction = fraction.min(1.0);
        let best = self.best.unwrap_or(0.0);
        let complete = best >= COMPLETE && fraction < best - JITTER;
        let afresh = best > 2.0 * BEGINNING && fraction <= BEGINNING;
        if (complete || afresh) && !grown {
            self.next();
        }
        let best = self.best.unwrap_or(0.0);
        self.count = report.count;
        self.best = Some(best.max(fraction));
        match self.part.of {
            Some(of) => {
                let before = f64::from(self.part.number - 1);
                Estimate::Whole((before + best.max(fraction)) / f64::from(of))
            }
            None if self.is_open() => Estimate::Part(fraction),
            None if fraction < best - JITTER => Estimate::Part(fraction),
            None => Estimate::Whole(best.max(fraction)),
        }
    }

    /// Begins the next part. Of a known number of parts, the program names the next one itself.
    fn next(&mut self) {
        if self.part.of.is_none() {
            self.part.number = self.part.number.saturating_add(1);
            self.part.name.clear();
            self.restart();
        }
    }

    fn restart(&mut self) {
        (self.best, self.count, self.main_bar) = (None, None, None);
        self.bars.clear();
    }

    /// Whether more became known to be done: the total grew, and so did the amount done.
    fn has_grown(&self, count: Option<(f64, f64)>) -> bool {
        match (self.count, count) {
            (Some((done, total)), Some((now, of))) => of > total && now >= done,
            _ => false,
        }
    }

    /// Whether this bar is the whole. The first one is, and the next one once that is complete.
    fn is_main(&mut self, bar: &str) -> bool {
        match &self.main_bar {
            Some(main) if main == bar => return true,
            Some(_) if self.best.is_none_or(|best| best < COMPLETE) => return false,
            Some(_) => {
                self.next();
                bar.clone_into(&mut self.part.name);
            }
            None => {}
        }
        self.main_bar = Some(bar.to_owned());
        true
    }

    /// The fraction of all bars together. A bar never goes back: programs draw old states again.
    fn add_up(&mut self, bar: &str, report: &Report) -> f64 {
        let (done, total) = report.count.unwrap_or((report.fraction, 1.0));
        if self.bars.len() < MAX_BARS || self.bars.contains_key(bar) {
            let entry = self.bars.entry(bar.to_owned()).or_default();
            *entry = (entry.0.max(done.min(total)), entry.1.max(total));
        }
        let sum = |of: fn(&(f64, f64)) -> f64| self.bars.values().map(of).sum::<f64>();
        sum(|bar| bar.0) / sum(|bar| bar.1)
    }
}

/// A number of parts, from 1.
fn counted(number: f64) -> Option<u32> {
    let whole = number.is_finite() && (1.0..=1e9).contains(&number);
    whole.then_some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(fraction: f64) -> Report {
        Report { fraction, ..Report::default() }
    }

    fn bar(name: &str, fraction: f64) -> Report {
        Report { bar: Some(name.to_owned()), ..at(fraction) }
    }

    fn count(done: f64, total: f64) -> Report {
        Report { count: Some((done, total)), ..at(done / total) }
    }

    fn estimates<const N: usize>(whole: &mut Whole, reports: [Report; N]) -> [Estimate; N] {
        reports.map(|report| whole.report(&report))
    }

    #[test]
    fn a_second_beginning_is_a_second_part() {
        for reports in [[0.4, 1.0, 0.1, 0.9], [0.4, 0.6, 0.01, 0.9], [1.0, 1.0, 0.85, 1.0]] {
            let mut whole = Whole::default();
            let seen = estimates(&mut whole, reports.map(at));
            assert_eq!(seen[..2], [Estimate::Whole(reports[0]), Estimate::Whole(reports[1])]);
            assert_eq!(seen[2..], [Estimate::Part(reports[2]), Estimate::Part(reports[3])]);
            assert_eq!((whole.part().number, whole.is_open()), (2, true));
        }
    }

    #[test]
    fn a_small_fall_is_no_new_beginning_and_a_large_one_is_unknown_until_it_is_caught_up() {
        let mut whole = Whole::default();
        let seen = estimates(&mut whole, [0.5, 0.45, 0.3, 0.41, 0.6].map(at));
        assert_eq!(seen[1], Estimate::Whole(0.5), "the bar waits");
        assert_eq!(seen[2..4], [Estimate::Part(0.3), Estimate::Whole(0.5)]);
        assert_eq!((seen[4], whole.part().number), (Estimate::Whole(0.6), 1));
    }

    #[test]
    fn a_growing_total_is_no_second_part() {
        let mut whole = Whole::default();
        let seen = estimates(&mut whole, [count(10.0, 10.0), count(11.0, 40.0), count(40.0, 40.0)]);
        assert_eq!(seen, [Estimate::Whole(1.0), Estimate::Part(0.275), Estimate::Whole(1.0)]);
        let seen = estimates(&mut whole, [count(1.0, 50.0)]);
        assert_eq!(seen, [Estimate::Part(0.02)], "less is done: another count");
        assert_eq!(whole.part().number, 2);
    }

    #[test]
    fn of_nested_bars_the_first_is_the_whole() {
        let mut whole = Whole::default();
        let reports = [
            bar("a", 0.0),
            bar("b", 1.0),
            bar("a", 0.5),
            bar("b", 0.1),
            bar("a", 1.0),
            bar("c", 0.2),
        ];
        let seen = estimates(&mut whole, reports);
        let inner = [Estimate::Inner(1.0), Estimate::Inner(0.1)];
        assert_eq!([seen[1], seen[3]], inner);
        assert_eq!([seen[0], seen[2], seen[4]], [0.0, 0.5, 1.0].map(Estimate::Whole));
        assert_eq!((seen[5], whole.part().number), (Estimate::Part(0.2), 2));
        assert_eq!(whole.part().name, "c");
    }

    #[test]
    fn bars_add_up_and_a_new_one_is_no_new_part() {
        let mut whole = Whole::default();
        let step = |name: &str, done, total| Report {
            bar: Some(name.to_owned()),
            sum: true,
            ..count(done, total)
        };
        let reports =
            [step("a", 3.0, 4.0), step("b", 0.0, 4.0), step("a", 1.0, 4.0), step("b", 4.0, 4.0)];
        let seen = estimates(&mut whole, reports);
        assert_eq!(seen[0], Estimate::Whole(0.75));
        assert_eq!(seen[1..3], [Estimate::Part(0.375), Estimate::Part(0.375)]);
        assert_eq!((seen[3], whole.part().number), (Estimate::Whole(0.875), 1));
    }

    #[test]
    fn a_known_number_of_parts_is_a_whole() {
        let mut whole = Whole::default();
        whole.begin("", Some(1.0), Some(4.0));
        assert_eq!(
            estimates(&mut whole, [0.5, 1.0, 0.1].map(at)),
            [0.125, 0.25, 0.25].map(Estimate::Whole)
        );
        whole.begin("", Some(3.0), Some(4.0));
        assert_eq!(estimates(&mut whole, [at(0.5)]), [Estimate::Whole(0.625)]);
        for wrong in [(5.0, 4.0), (0.0, 4.0), (f64::NAN, 1.0), (1e300, 1.0)] {
            whole.begin("", Some(wrong.0), Some(wrong.1));
            whole.report(&at(0.5));
        }
    }

    #[test]
    fn names_begin_parts_once_there_was_progress() {
        let mut whole = Whole::default();
        for name in ["a", "b"] {
            whole.begin(name, None, None);
        }
        assert_eq!(whole.part(), &Part { number: 1, of: None, name: "b".to_owned() });
        whole.report(&at(0.7));
        whole.begin("c", None, None);
        assert_eq!((whole.part().number, whole.part().name.as_str()), (2, "c"));
        assert_eq!(whole.report(&at(0.9)), Estimate::Part(0.9));
    }

    #[test]
    fn beyond_the_total_nothing_is_known() {
        let mut whole = Whole::default();
        let seen =
            estimates(&mut whole, [count(9.0, 10.0), count(11.0, 10.0), count(10.005, 10.0)]);
        assert_eq!(seen, [Estimate::Whole(0.9), Estimate::Beyond, Estimate::Whole(1.0)]);
    }

    #[test]
    fn the_number_of_bars_is_bounded() {
        let mut whole = Whole::default();
        for n in 0..2 * MAX_BARS {
            let estimates = whole.report(&Report { sum: true, ..bar(&n.to_string(), 0.5) });
            assert_eq!(estimates, Estimate::Whole(0.5));
        }
        assert_eq!(whole.bars.len(), MAX_BARS);
    }
}
