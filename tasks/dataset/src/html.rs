//! Profile as HTML: an overview, then a section per column with facts, a plot and the most frequent
//! values. All content is escaped, and no scripts or `style` attributes are used, so a strict
//! content security policy holds.

use super::{
    plot::{self, Plot},
    profile::{ColumnProfile, DataType, Profile, Scalar, Warning},
    text::{bytes, count, integer, number},
};
use milepost::html::{Html, escape, put};

/// Writes the profile as HTML that is safe to insert into a page. Headings start at `h2`.
pub fn write_html(html: &mut Html, profile: &Profile) {
    html.push_str("<article class=\"profile\">");
    summary(html, profile);
    warnings(html, &profile.warnings, profile.warnings_total);
    assumptions(html, profile);
    preview(html, profile);
    overview(html, &profile.columns);
    for (index, column) in profile.columns.iter().enumerate() {
        if html.is_full() {
            break;
        }
        section(html, index + 1, column);
    }
    html.push_str("</article>");
}

fn summary(html: &mut Html, profile: &Profile) {
    let separator = match profile.delimiter.as_str() {
        "," => "commas",
        ";" => "semicolons",
        "\t" => "tabs",
        "|" => "vertical bars",
        ":" => "colons",
        " " => "blanks",
        _ => "another character",
    };
    html.push_str("<p class=\"profile-summary\">");
    if let Some(name) = &profile.name {
        put!(html, "<strong>{}</strong>: ", escape(name));
    }
    put!(
        html,
        "{}, {}, {}",
        count(profile.rows, "row"),
        count(i64::try_from(profile.columns.len()).unwrap_or(i64::MAX), "column"),
        bytes(profile.bytes),
    );
    if !profile.delimiter.is_empty() {
        put!(html, ", separated by {separator}");
    }
    if let Some(encoding) = &profile.encoding {
        put!(html, ", read as {}", escape(encoding));
    }
    if let Some(packing) = &profile.packing {
        put!(html, ", unpacked from {}", escape(packing));
    }
    html.push_str(".</p>");
}

fn warnings(html: &mut Html, warnings: &[Warning], total: i64) {
    if warnings.is_empty() {
        return;
    }
    html.push_str(
        "<section class=\"profile-warnings\" aria-labelledby=\"profile-warnings\">\
         <h2 id=\"profile-warnings\">What was odd</h2><ul>",
    );
    for warning in warnings {
        put!(html, "<li data-code=\"{}\">", escape(&warning.code));
        if let Some(line) = warning.line {
            put!(html, "<span class=\"profile-line\">Line {line}</span> ");
        }
        put!(html, "{}</li>", escape(&warning.message));
    }
    html.push_str("</ul>");
    let rest = total - i64::try_from(warnings.len()).unwrap_or(i64::MAX);
    if rest > 0 {
        put!(html, "<p>And {} that are not listed.</p>", count(rest, "more oddity|more oddities"));
    }
    html.push_str("</section>");
}

/// What was assumed, and how sure it is.
fn assumptions(html: &mut Html, profile: &Profile) {
    if profile.assumptions.is_empty() {
        return;
    }
    html.push_str(
        "<section class=\"profile-assumptions\" aria-labelledby=\"profile-assumptions\">\
         <h2 id=\"profile-assumptions\">How it was read</h2><ul>",
    );
    for known in &profile.assumptions {
        put!(
            html,
            "<li>{}: {} ({})</li>",
            escape(&known.subject),
            escape(&known.assumed),
            known.certainty.as_str(),
        );
    }
    html.push_str("</ul></section>");
}

/// The first rows as they were read.
fn preview(html: &mut Html, profile: &Profile) {
    if profile.preview.is_empty() {
        return;
    }
    let cells = profile.preview.iter().map(Vec::len).max().unwrap_or(0);
    html.push_str(
        "<div class=\"profile-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The first \
         rows\"><table class=\"profile-overview\"><caption>The first rows</caption><thead><tr>",
    );
    for column in profile.columns.iter().take(cells) {
        put!(html, "<th scope=\"col\">{}</th>", escape(&column.name));
    }
    html.push_str("</tr></thead><tbody>");
    for row in &profile.preview {
        html.push_str("<tr>");
        for cell in row {
            put!(html, "<td>{}</td>", escape(cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
}

fn overview(html: &mut Html, columns: &[ColumnProfile]) {
    html.push_str(
        "<div class=\"profile-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Columns at a \
         glance\"><table class=\"profile-overview\"><caption>Columns at a glance</caption><thead>\
         <tr><th scope=\"col\">Column</th><th scope=\"col\">Type</th>\
         <th scope=\"col\" class=\"figure\">Values</th><th scope=\"col\" class=\"figure\">Missing</th>\
         <th scope=\"col\" class=\"figure\">Distinct</th><th scope=\"col\" class=\"figure\">Least</th>\
         <th scope=\"col\" class=\"figure\">Greatest</th></tr></thead><tbody>",
    );
    for (index, column) in columns.iter().enumerate() {
        put!(
            html,
            "<tr><th scope=\"row\"><a href=\"#column-{}\">{}</a></th><td>{}</td>\
             <td class=\"figure\">{}</td><td class=\"figure\">{}</td><td class=\"figure\">{}</td>\
             <td class=\"figure\">{}</td><td class=\"figure\">{}</td></tr>",
            index + 1,
            escape(&column.name),
            column.data_type.as_str(),
            count(column.count, ""),
            count(column.missing, ""),
            distinct(column),
            end(column, column.min.as_ref()),
            end(column, column.max.as_ref()),
        );
    }
    html.push_str("</tbody></table></div>");
}

fn section(html: &mut Html, position: usize, column: &ColumnProfile) {
    put!(
        html,
        "<section class=\"profile-column\" id=\"column-{position}\" \
         aria-labelledby=\"column-{position}-name\"><h2 id=\"column-{position}-name\">{} \
         <span class=\"profile-type\">{}</span></h2>",
        escape(&column.name),
        column.data_type.as_str(),
    );
    facts(html, column);
    reading(html, column);
    note(html, column);
    // Bars show the most frequent values already; their figures are there for whoever wants them.
    if plot::plot(html, position, column) == Plot::Bars && !column.top.is_empty() {
        html.push_str("<details><summary>The same as figures</summary>");
        top(html, column);
        html.push_str("</details>");
    } else {
        top(html, column);
    }
    html.push_str("</section>");
}

fn facts(html: &mut Html, column: &ColumnProfile) {
    html.push_str("<dl class=\"profile-facts\">");
    let mut fact = |name: &str, value: &str| {
        put!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    fact("Values", &count(column.count, ""));
    fact("Missing", &missing(column));
    fact("Distinct", &distinct(column));
    if let Some(unit) = &column.unit {
        fact("Unit", &escape(unit).to_string());
    }
    if column.min.is_some() {
        let is_text = column.data_type == DataType::Text;
        let (first, last) =
            if is_text { ("First in order", "Last in order") } else { ("Least", "Greatest") };
        fact(first, &scalar(column.min.as_ref()));
        fact(last, &scalar(column.max.as_ref()));
    }
    if let Some(numeric) = &column.numeric {
        let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
        fact("Mean", &shown(numeric.mean));
        fact("Standard deviation", &shown(numeric.std_dev));
        let about = if column.rank_error.is_none() { "" } else { "about " };
        for (name, value) in [
            ("First quartile", numeric.q25),
            ("Median", numeric.median),
            ("Third quartile", numeric.q75),
        ] {
            fact(name, &format!("{about}{}", shown(value)));
        }
    }
    if let Some(lengths) = &column.lengths {
        let longest = count(lengths.max, "character");
        if lengths.min == lengths.max {
            fact("Length", &longest);
        } else {
            fact("Length", &format!("{} to {longest}", count(lengths.min, "")));
            fact("Mean length", &number(lengths.mean));
        }
    }
    html.push_str("</dl>");
}

/// Minimum or maximum at a glance. The order of texts is no figure.
fn end(column: &ColumnProfile, value: Option<&Scalar>) -> String {
    scalar(value.filter(|_| column.data_type != DataType::Text))
}

/// Number of missing values, and which markers they had.
fn missing(column: &ColumnProfile) -> String {
    let markers = column.markers.iter().filter(|marker| marker.missing);
    let note_text: Vec<String> = markers
        .map(|marker| format!("{} × “{}”", count(marker.count, ""), escape(&marker.marker)))
        .collect();
    let missing = count(column.missing, "");
    if note_text.is_empty() { missing } else { format!("{missing} ({})", note_text.join(", ")) }
}

fn distinct(column: &ColumnProfile) -> String {
    let found = count(column.distinct, "");
    match column.distinct_estimate {
        _ if column.distinct_exact => found,
        Some(estimate) => format!("about {}", count(estimate, "")),
        None => format!("at least {found}"),
    }
}

fn scalar(value: Option<&Scalar>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Scalar::Integer(value)) => integer(*value),
        Some(Scalar::Number(value)) => number(*value),
        Some(Scalar::Text(text)) => escape(text).to_string(),
    }
}

/// Says how the values were read, and which markers are values.
fn reading(html: &mut Html, column: &ColumnProfile) {
    if let Some(read) = &column.read_as {
        let sure = if read.unsure { "Unsure: " } else { "" };
        put!(
            html,
            "<p class=\"profile-about\">{sure}{} of {} look like {}.</p>",
            count(read.matching, ""),
            count(column.count, "value"),
            escape(&read.description),
        );
    }
    for marker in column.markers.iter().filter(|marker| !marker.missing) {
        put!(
            html,
            "<p class=\"profile-about\">“{}” counts as a value here, not as missing ({}).</p>",
            escape(&marker.marker),
            count(marker.count, "cell"),
        );
    }
}

/// Explains the accuracy of approximate figures.
fn note(html: &mut Html, column: &ColumnProfile) {
    let mut note_text = Vec::new();
    if let Some(error) = column.distinct_error {
        let error = number(error * 100.0);
        note_text
            .push(format!("the number of different values within {error} % in 19 of 20 cases"));
    }
    if let Some(error) = column.rank_error {
        let error = number(error * 100.0);
        note_text.push(format!(
            "quartiles and bars within {error} % of the values in rank, in 99 of 100 cases"
        ));
    }
    if !note_text.is_empty() {
        put!(
            html,
            "<p class=\"profile-about\">Too many different values to keep them all, so that some \
             figures are about right: {}.</p>",
            note_text.join("; "),
        );
    }
}

fn top(html: &mut Html, column: &ColumnProfile) {
    if column.count > 1 && column.distinct_exact && column.distinct == column.count {
        html.push_str("<p class=\"profile-unique\">Every value is different.</p>");
        return;
    }
    let caption = match column.top_error {
        None => "Most frequent values".to_owned(),
        // No other value can be more frequent than this.
        Some(error) if column.top.is_empty() => {
            let limit = count(error.saturating_mul(2), "time");
            put!(html, "<p class=\"profile-unique\">No value occurs more than {limit}.</p>");
            return;
        }
        Some(0) => "Most frequent values".to_owned(),
        Some(error) => {
            format!("Most frequent values; each at most {} more often", count(error, "time"))
        }
    };
    if column.top.is_empty() {
        return;
    }
    put!(
        html,
        "<table class=\"profile-top\"><caption>{caption}</caption><thead><tr>\
         <th scope=\"col\">Value</th><th scope=\"col\" class=\"figure\">Count</th>\
         <th scope=\"col\" class=\"figure\">Share</th></tr>\
         </thead><tbody>",
    );
    for value in &column.top {
        let share = 100.0 * value.count as f64 / column.count.max(1) as f64;
        put!(
            html,
            "<tr><td>{}</td><td class=\"figure\">{}</td><td class=\"figure\">{share:.1} %</td></tr>",
            escape(&value.value),
            count(value.count, ""),
        );
    }
    html.push_str("</tbody></table>");
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
