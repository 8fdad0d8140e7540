//! First figures of the columns, shown while rows are being read. The type of a column is decided once all
//! are read: until then it is what the cells look like.

use std::time::{Duration, Instant};

use milepost::engine::Context;

use super::{column::Column, profile::Scalar, rows::Rows};

/// Maximum number of columns that are shown.
const MAX_COLUMNS: usize = 100;
/// Minimum time between two previews.
const INTERVAL: Duration = Duration::from_secs(1);

const HEADER: [&str; 6] = ["Column", "Looks like", "Values", "Missing", "Smallest", "Largest"];

/// Shows the figures in the task's preview, from time to time.
pub(super) fn show(ctx: &Context) -> impl FnMut(&Rows) {
    let mut shown: Option<Instant> = None;
    move |rows| {
        let now = Instant::now();
        if shown.is_none_or(|at| now.saturating_duration_since(at) >= INTERVAL) {
            shown = Some(now);
            ctx.preview("text/csv", of(rows));
        }
    }
}

/// One row for each column, after a row of headings.
fn of(rows: &Rows) -> Vec<Vec<String>> {
    let columns = rows.header.iter().zip(&rows.columns).take(MAX_COLUMNS);
    let figures = columns.map(|(name, column)| row(name, column));
    std::iter::once(HEADER.map(str::to_owned).to_vec()).chain(figures).collect()
}

fn row(name: &str, column: &Column) -> Vec<String> {
    let figures = column.first_figures();
    let scalar = |value: Option<Scalar>| match value {
        Some(Scalar::Integer(number)) => number.to_string(),
        Some(Scalar::Number(number)) => number.to_string(),
        Some(Scalar::Text(text)) => text,
        None => String::new(),
    };
    vec![
        name.to_owned(),
        figures.data_type.as_str().to_owned(),
        figures.count.to_string(),
        figures.missing.to_string(),
        scalar(figures.min),
        scalar(figures.max),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::LoadError,
        layout::Options,
        process::{open_text, process_showing},
        settings::DatasetSettings,
    };

    #[test]
    fn the_columns_are_shown_with_what_was_read_of_them() {
        let rows = (1..=200).map(|n| format!("{n},\"a, {n}\",2024-01-{:02}\n", n % 28 + 1));
        let text = "id,name,on\n".to_owned() + &rows.collect::<String>();
        let (settings, options) = (DatasetSettings::default(), Options::default());
        let table = open_text(text.as_bytes(), text.len() as u64, &options, &settings).unwrap();
        let mut seen = Vec::new();
        let go_on = &mut |_: f64| Ok::<(), LoadError>(());
        process_showing(table, &settings, go_on, &mut |rows| seen = of(rows)).unwrap();
        assert_eq!(seen[0], HEADER);
        assert_eq!(seen[1][..2], ["id", "integer"]);
        assert_eq!((seen[1][3].as_str(), seen[1][4].as_str()), ("0", "1"));
        assert!(seen[1][2].parse::<u32>().unwrap() > 100, "{:?}", seen[1]);
        assert_eq!(
            (seen[2][0].as_str(), seen[2][1].as_str(), seen[2][5].as_str()),
            ("name", "text", "")
        );
        assert_eq!((seen[3][1].as_str(), seen[3][5].as_str()), ("date", "2024-01-28"));
    }
}
