//! The table: each figure beside its limit.

use std::fmt;

use crate::{book::Book, program::Program};

/// From the end of a story to the client that knows, the 99th percentile, in milliseconds.
const P99_MS: f64 = 100.0;
const MEMORY_MB: f64 = 300.0;
/// The share of the clients that may come back within one second.
const RETURN_SHARE: f64 = 0.2;
/// The share of the clients whose request is held at any moment, at least: half a second lies between
/// two requests, and each is held for up to 20 s.
const HELD_SHARE: f64 = 0.9;

/// Samples of the number of waiting requests.
#[derive(Default)]
pub(crate) struct Held(Vec<usize>);

impl Held {
    pub(crate) fn add(&mut self, held: usize) {
        self.0.push(held);
    }
}

struct Row {
    what: String,
    figure: String,
    limit: String,
    fine: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    fn row(&mut self, what: impl Into<String>, figure: String, limit: String, fine: bool) {
        self.0.push(Row { what: what.into(), figure, limit, fine });
    }

    fn note(&mut self, what: impl Into<String>, figure: String) {
        self.row(what, figure, String::new(), true);
    }

    pub(crate) fn is_fine(&self) -> bool {
        self.0.iter().all(|row| row.fine)
    }

    pub(crate) fn held(&mut self, clients: usize, held: &Held) {
        let mut all = held.0.clone();
        all.sort_unstable();
        let min = all.first().copied().unwrap_or(0);
        let middle = all.get(all.len() / 2).copied().unwrap_or(0);
        let wanted = (clients as f64 * HELD_SHARE) as usize;
        let figure = format!("{middle}; at least {min}");
        self.row("requests held at once", figure, format!("at least {wanted}"), min >= wanted);
    }

    pub(crate) fn pace(&mut self, requests_per_s: f64, cpu: f64) {
        self.note("requests a second meanwhile", format!("{requests_per_s:.0}"));
        self.note("processor time of the server", format!("{:.0} % of one core", cpu * 100.0));
    }

    pub(crate) fn ends(&mut self, clients: usize, in_time: bool, book: &Book, program: &Program) {
        let heard = format!("{} of {clients}", book.ended());
        self.row("clients that heard of the end", heard, "all".to_owned(), in_time);
        let (held, between) = book.delays(|task| program.told_at(task));
        let p99 = at(&held, 0.99);
        let (p50, most) = (at(&held, 0.5), at(&held, 1.0));
        let figure = format!("{p99:.0} ms (p50 {p50:.0}, max {most:.0})");
        let limit = format!("under {P99_MS} ms");
        self.row("from a story's end to those held then, p99", figure, limit, p99 < P99_MS);
        let figure = match between.len() {
            0 => "none".to_owned(),
            count => format!("{count}, the last after {:.0} ms", at(&between, 1.0)),
        };
        self.note("clients between two requests then", figure);
    }

    pub(crate) fn memory(&mut self, what: &str, peak_mb: f64) {
        let limit = format!("under {MEMORY_MB} MB");
        let fine = peak_mb < MEMORY_MB;
        self.row(format!("memory, {what}, at its peak"), format!("{peak_mb:.0} MB"), limit, fine);
    }

    /// Errors without any disturbance.
    pub(crate) fn lost(&mut self, book: &Book) {
        let lost = book.lost();
        let answer = lost.iter().map(|(what, count)| format!("{count} {what}"));
        let figure = answer.collect::<Vec<_>>().join(", ");
        let figure = if figure.is_empty() { "none".to_owned() } else { figure };
        self.row("requests failed or not held", figure, "none".to_owned(), lost.is_empty());
        let reasons = book.reasons();
        let answers = reasons.iter().map(|(reason, count)| format!("{count} {reason}"));
        self.note("answers", answers.collect::<Vec<_>>().join(", "));
    }

    pub(crate) fn returned(&mut self, what: &str, clients: usize, book: &Book) {
        let (back, peak, span_s) = book.returned();
        let figure = format!("{back} of {clients}, within {span_s:.1} s");
        self.row(format!("{what}: clients back"), figure, "all".to_owned(), back == clients);
        let most = (clients as f64 * RETURN_SHARE) as usize;
        let fine = peak < most;
        self.row("  in the worst second", peak.to_string(), format!("under {most}"), fine);
    }

    /// What TERM did to those who waited.
    pub(crate) fn stopped(&mut self, code: Option<i32>, book: &Book) {
        let code_text = code.map_or("none".to_owned(), |code| code.to_string());
        self.row("TERM: exit code", code_text, "0".to_owned(), code == Some(0));
        let (answered, lost) = book.met();
        let figure = format!("{answered} of {}", answered + lost);
        let fine = lost == 0 && answered > 0;
        self.row("  requests under way answered", figure, "all".to_owned(), fine);
    }
}

/// The value below which this share of the sorted values is.
fn at(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::INFINITY)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { what, figure, limit, fine } in &self.0 {
            let verdict = match (limit.is_empty(), fine) {
                (true, _) => "",
                (_, true) => "ok",
                (_, false) => "MISSED",
            };
            writeln!(f, "{what:<52} {figure:<34} {limit:<16} {verdict}")?;
        }
        let missed = self.0.iter().filter(|row| !row.fine).count();
        write!(f, "{missed} figures missed")
    }
}
