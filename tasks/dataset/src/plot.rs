//! SVG plot per column: a histogram of numbers, dates and times, bars for repeated values, or else the
//! share of cells with a value. Colours come from the page's style, light or dark.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    profile::{Bin, ColumnProfile, DataType, TopValue},
    text::{count, number},
};
use milepost::html::{Html, escape, put};

/// Width of a plot and height of a histogram, in SVG units.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 96.0;
/// Height of a row and its bar; start and maximum length of bars.
const ROW: f64 = 20.0;
const BAR: f64 = 14.0;
const BARS_FROM: f64 = 150.0;
const BARS_WIDE: f64 = 180.0;
/// Maximum length of a bar's label in characters.
const LABEL: usize = 20;

/// The plots of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    /// The distribution of figures.
    Histogram,
    /// The most frequent values.
    Bars,
    /// How many cells have a value.
    Filled,
}

/// Writes the most informative plot of a column; returns which.
pub(super) fn plot(html: &mut Html, position: usize, column: &ColumnProfile) -> Plot {
    if !column.histogram.is_empty() {
        histogram(html, position, column);
        Plot::Histogram
    } else if column.top.iter().any(|value| value.count > 1) {
        bars(html, position, column);
        Plot::Bars
    } else {
        filled(html, position, column);
        Plot::Filled
    }
}

/// Opens a figure with an image that has a name and a description for assistive technology.
fn open(html: &mut Html, position: usize, (sort, height): (&str, f64), title: &str, desc: &str) {
    let stretch = if sort == "bars" { "xMinYMid meet" } else { "none" };
    put!(
        html,
        "<figure class=\"profile-plot profile-{sort}\"><svg viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-labelledby=\"plot-{position}-title plot-{position}-desc\" \
         preserveAspectRatio=\"{stretch}\"><title id=\"plot-{position}-title\">{}</title>\
         <desc id=\"plot-{position}-desc\">{}</desc>",
        escape(title),
        escape(desc),
    );
}

/// Closes it, with labels below from left to right.
fn close(html: &mut Html, labels: &[String]) {
    html.push_str("</svg>");
    if !labels.is_empty() {
        html.push_str("<figcaption>");
        for label in labels {
            put!(html, "<span>{}</span> ", escape(label));
        }
        html.push_str("</figcaption>");
    }
    html.push_str("</figure>");
}

fn histogram(html: &mut Html, position: usize, column: &ColumnProfile) {
    let bins = &column.histogram;
    let Some(fullest) = bins.iter().max_by_key(|bin| bin.count) else { return };
    let all: i64 = bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.count));
    let desc = format!(
        "{}; the tallest, {}, holds {} of {}.",
        count(i64::try_from(bins.len()).unwrap_or(i64::MAX), "bar"),
        range(bins, fullest, column),
        count(fullest.count, ""),
        count(all, "value"),
    );
    let title = format!("Histogram of {}", column.name);
    open(html, position, ("histogram", HEIGHT), &title, &desc);
    let tallest = fullest.count.max(1) as f64;
    let step = WIDTH / bins.len() as f64;
    for (index, bin) in bins.iter().enumerate() {
        let height = HEIGHT * (bin.count.max(0) as f64 / tallest);
        put!(
            html,
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\">\
             <title>{}: {}</title></rect>",
            index as f64 * step + step * 0.04,
            HEIGHT - height,
            step * 0.92,
            range(bins, bin, column),
            count(bin.count, "value"),
        );
    }
    let scale = format!("tallest bar: {}", count(fullest.count, "value"));
    let label = |value| label(bins, value, column);
    let ends = bins.first().zip(bins.last());
    let labels = ends.map(|(a, z)| [label(a.from), scale, label(z.to)]);
    close(html, labels.as_ref().map_or(&[], |labels| labels));
}

fn range(bins: &[Bin], bin: &Bin, column: &ColumnProfile) -> String {
    let label = |value| label(bins, value, column);
    if bin.from == bin.to {
        label(bin.from)
    } else {
        format!("{} to {}", label(bin.from), label(bin.to))
    }
}

/// Axis label: a number, a duration, a date, or a time if all values lie within a few days.
fn label(bins: &[Bin], value: f64, column: &ColumnProfile) -> String {
    if column.data_type == DataType::Time {
        return duration(value);
    }
    const DAYS: f64 = 5.0 * 86_400.0;
    let time = (column.data_type == DataType::Date)
        .then(|| Timestamp::from_second(value as i64).ok())
        .flatten();
    let Some(time) = time else { return number(value) };
    let time = time.to_zoned(TimeZone::UTC).datetime();
    let wide = bins.first().zip(bins.last()).is_some_and(|(a, z)| z.to - a.from > DAYS);
    if wide || bins.len() == 1 {
        time.date().to_string()
    } else {
        time.to_string().replace('T', " ")
    }
}

/// Seconds as hours, minutes and seconds.
fn duration(seconds: f64) -> String {
    let (sign, seconds) = (if seconds < 0.0 { "−" } else { "" }, seconds.abs().round() as u64);
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The most frequent values, one bar below the other.
fn bars(html: &mut Html, position: usize, column: &ColumnProfile) {
    let limit = column.top.iter().map(|value| value.count).max().unwrap_or(1).max(1);
    let title = format!("Most frequent values of {}", column.name);
    let message = |value: &TopValue| format!("{}: {}", value.value, count(value.count, ""));
    let desc = column.top.iter().map(message).collect::<Vec<_>>().join("; ");
    open(html, position, ("bars", ROW * column.top.len() as f64), &title, &desc);
    for (index, value) in column.top.iter().enumerate() {
        let y = index as f64 * ROW;
        let length = BARS_WIDE * (value.count.max(0) as f64 / limit as f64);
        let baseline = y + ROW - 6.0;
        put!(
            html,
            "<text x=\"{:.0}\" y=\"{baseline:.0}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{BARS_FROM}\" y=\"{:.0}\" width=\"{length:.2}\" height=\"{BAR}\"/>\
             <text x=\"{:.2}\" y=\"{baseline:.0}\">{}</text>",
            BARS_FROM - 6.0,
            escape(&cut(&value.value)),
            y + (ROW - BAR) / 2.0,
            BARS_FROM + length + 6.0,
            count(value.count, ""),
        );
    }
    close(html, &[]);
}

/// Number of cells with a value, if each value occurs once.
fn filled(html: &mut Html, position: usize, column: &ColumnProfile) {
    let rows = column.count.saturating_add(column.missing);
    let title = format!("Cells of {} that have a value", column.name);
    let desc = format!("{} of {}.", count(column.count, ""), count(rows, "cell"));
    open(html, position, ("filled", BAR), &title, &desc);
    let length = WIDTH * (column.count.max(0) as f64 / rows.max(1) as f64);
    put!(
        html,
        "<rect class=\"profile-rest\" width=\"{WIDTH}\" height=\"{BAR}\"/>\
         <rect width=\"{length:.2}\" height=\"{BAR}\"/>",
    );
    let missing = format!("{} missing", count(column.missing, ""));
    close(html, &[count(column.count, "value"), missing]);
}

fn cut(label: &str) -> String {
    match label.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", &label[..end]),
        None => label.to_owned(),
    }
}
