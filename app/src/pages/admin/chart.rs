//! Tasks started, completed and failed by the hour, as a chart and as a table.

use leptos::prelude::*;
use milepost::{
    task::HourLoad,
    view::{server_fns::PagePart, text},
};

use super::Table;

/// Size of the drawing, in its own units.
const WIDTH: i64 = 480;
const HEIGHT: i64 = 60;

/// One of the figures of an hour.
type Figure = fn(&HourLoad) -> i64;

/// The bars and the figures, which are the content of the parts.
#[component]
pub fn HourChart(
    /// The bars.
    bars: PagePart,
    /// The figures.
    hours: PagePart,
) -> impl IntoView {
    let columns = &["Hour", "Started", "Completed", "Failed", "Cancelled"];
    view! {
        <section>
            <h2>"The last 24 hours"</h2>
            <div id=bars.element inner_html=bars.html></div>
            <details>
                <summary>"As a table"</summary>
                <Table caption="Tasks by the hour" columns rows=hours hide_caption=true />
            </details>
        </section>
    }
}

/// Four rows of bars, each with its own scale and its sum in words; the hours are the oldest first.
pub(super) fn bars(hours: &[HourLoad]) -> String {
    let series: [(&str, Figure); 4] = [
        ("Started", |hour| hour.started),
        ("Completed", |hour| hour.completed),
        ("Failed", |hour| hour.failed),
        ("Cancelled", |hour| hour.cancelled),
    ];
    let rows = series.map(|(label, value)| {
        let values: Vec<_> = hours.iter().map(value).collect();
        view! { <Bars label values /> }
    });
    rows.into_iter().collect::<Vec<_>>().to_html()
}

/// The figures as rows of a table, the newest first.
pub(super) fn figures(hours: &[HourLoad]) -> String {
    let rows = hours.iter().rev().map(|hour| {
        view! {
            <tr>
                <th scope="row">
                    <time datetime=hour.hour.clone()>{text::date_time(&hour.hour)}</time>
                </th>
                <td>{hour.started}</td>
                <td>{hour.completed}</td>
                <td>{hour.failed}</td>
                <td>{hour.cancelled}</td>
            </tr>
        }
    });
    rows.collect::<Vec<_>>().to_html()
}

#[component]
fn Bars(label: &'static str, values: Vec<i64>) -> impl IntoView {
    let (sum, max) = (values.iter().sum::<i64>(), values.iter().copied().max().unwrap_or(0));
    let summary = format!("{label}: {sum}, at most {max} in an hour");
    let path = path(&values);
    view! {
        <figure class="bars">
            <figcaption>{summary.clone()}</figcaption>
            <svg
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                width="100%"
                height="60"
                preserveAspectRatio="none"
                role="img"
                aria-label=summary
            >
                <path d=path fill="currentColor" />
                <path d=format!("M0 {HEIGHT}H{WIDTH}") stroke="currentColor" />
            </svg>
        </figure>
    }
}

/// A bar for each value; the greatest has the whole height, and none that is not zero is invisible.
fn path(values: &[i64]) -> String {
    let max = values.iter().copied().max().unwrap_or(0).max(1);
    let step = WIDTH / i64::try_from(values.len()).unwrap_or(1).max(1);
    let bar = |(index, value): (i64, &i64)| {
        let height = value.saturating_mul(HEIGHT) / max;
        let height = if *value > 0 { height.max(2) } else { 0 };
        let (left, width) = (index * step + 1, step - 2);
        (height > 0).then(|| format!("M{left} {HEIGHT}v-{height}h{width}v{height}z"))
    };
    (0..).zip(values).filter_map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn each_value_has_a_bar_and_none_is_taller_than_the_drawing() {
        assert_eq!(path(&[]), "");
        assert_eq!(path(&[0, 0]), "");
        assert_eq!(path(&[1, 0, 2, 1_000]), "M1 60v-2h118v2zM241 60v-2h118v2zM361 60v-60h118v60z");
        assert!(path(&[i64::MAX, 1]).starts_with("M1 60v-"));
    }
}
