//! What single cells of a sample look like, before anything is known of their columns.

use super::{
    clock,
    markers::Markers,
    moment::{self, Order},
    number,
    reading::{Form, Reading},
    value::{Cell, classify},
};

/// What a cell looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing, or a marker of a missing value.
    Empty,
    Number,
    Date,
    Time,
    Boolean,
    Text,
}

/// Classifies a cell in any form that is known.
pub(super) fn class(text: &str) -> Class {
    let text = text.trim();
    match classify(text) {
        Cell::Missing => return Class::Empty,
        Cell::Integer(_) | Cell::Number(_) => return Class::Number,
        Cell::Boolean => return Class::Boolean,
        Cell::Date(_) => return Class::Date,
        Cell::Time(_) | Cell::Text => {}
    }
    // `x` marks a missing value among figures, and names a column above them.
    if !text.eq_ignore_ascii_case("x") && Markers::default().find(text).is_some() {
        return Class::Empty;
    }
    if number::parse(text, ',').or_else(|| number::parse(text, '.')).is_some() {
        return Class::Number;
    }
    let orders = [
        Order::YearFirst,
        Order::DayFirst,
        Order::MonthFirst,
        Order::ShortYearFirst,
        Order::Named,
        Order::WithoutYear,
    ];
    if orders.iter().any(|order| moment::parse(text, *order).is_some()) {
        return Class::Date;
    }
    if clock::parse(text).is_some() {
        return Class::Time;
    }
    let is_word = text.len() > 1 && Reading::new(Form::Booleans).take(text).is_some();
    if is_word { Class::Boolean } else { Class::Text }
}

/// Whether a text begins with a date or a time and goes on after a blank, as the lines of a log.
pub(super) fn begins_with_stamp(text: &str) -> bool {
    let ends = text.match_indices(' ').take(4).map(|(at, _)| at);
    ends.map(|end| text[..end].trim_matches(['[', ']']))
        .any(|begin| matches!(class(begin), Class::Date | Class::Time))
}

/// How well a cell fits as a cell, from 0 to 1: low if it looks as if it was split in the wrong
/// place, or holds the delimiter of another dialect.
pub(super) fn fitness(text: &str, quoted: bool, delimiter: Option<u8>) -> f64 {
    if quoted {
        return 0.9;
    }
    match class(text) {
        Class::Text => {}
        Class::Empty => return 0.7,
        _ => return 1.0,
    }
    let others = [b';', b'\t', b'|', b'^', 1, 0x1f];
    let has_other = text.bytes().any(|byte| others.contains(&byte) && Some(byte) != delimiter);
    let mut fitness = 0.8;
    if has_other || text.contains('"') {
        fitness = 0.1;
    } else if text.contains(',') {
        fitness = if text.replace(", ", "").contains(',') { 0.1 } else { 0.7 };
    }
    // A part of prose, split at its comma.
    if text.starts_with(' ') { fitness / 2.0 } else { fitness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_look_like_something() {
        for (text, expected) in [
            ("", Class::Empty),
            ("NA", Class::Empty),
            ("-", Class::Empty),
            ("1", Class::Number),
            ("1.234,50 €", Class::Number),
            ("2024-01-01", Class::Date),
            ("31.12.24", Class::Date),
            ("10:30", Class::Time),
            ("Ja", Class::Boolean),
            ("yes", Class::Boolean),
            ("Betrag, EUR", Class::Text),
            ("01067", Class::Text),
        ] {
            assert_eq!(class(text), expected, "{text:?}");
        }
    }
}
