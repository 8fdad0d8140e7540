//! Names of the columns.

use std::collections::{HashMap, HashSet};

use super::{
    error::LoadError,
    record::Record,
    warnings::{Warnings, shorten},
};

/// Names in a record.
pub(super) fn names(record: &Record<'_>, max_columns: usize) -> Result<Vec<String>, LoadError> {
    let (line, found) = (record.line, record.len());
    if found > max_columns {
        return Err(LoadError::TooManyColumns { line, found, limit: max_columns });
    }
    Ok(record.iter().map(|name| shorten(name.trim())).collect())
}

/// Number of names before the empty ones at the end, which may be empty columns of a spreadsheet.
pub(super) fn named(names: &[String]) -> usize {
    names.iter().rposition(|name| !name.is_empty()).map_or(names.len(), |last| last + 1)
}

/// Adds the warning about a column without a name, from 1.
pub(super) fn warn_of_empty(column: usize, name: &str, line: u64, warnings: &mut Warnings) {
    warnings.add("empty_name", Some(line), || {
        format!("Column {column} has no name in the header; it is called “{name}” here.")
    });
}

/// Names unnamed columns, and numbers repeated names. The names after the first `named` ones are
/// empty, and whether they need a warning is decided at the end of the table.
pub(super) fn unique_names(
    names: Vec<String>,
    named: usize,
    line: u64,
    warnings: &mut Warnings,
) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut used = HashSet::new();
    let mut next: HashMap<String, u64> = HashMap::new();
    let rename = |base: &str, first: u64, taken: &mut HashSet<String>, next: &mut HashMap<_, _>| {
        // Stores the last number per name, so that a thousand equal names take linear time.
        let number = next.entry(base.to_owned()).or_insert(first);
        loop {
            let name = format!("{base}_{number}");
            *number += 1;
            if taken.insert(name.clone()) {
                return name;
            }
        }
    };
    let mut unique = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        let number = index as u64 + 1;
        let name = if name.is_empty() {
            let given = rename("column", number, &mut taken, &mut HashMap::new());
            if index < named {
                warn_of_empty(index + 1, &given, line, warnings);
            }
            given
        } else if used.contains(&name) {
            let given = rename(&name, 2, &mut taken, &mut next);
            warnings.add("duplicate_name", Some(line), || {
                format!(
                    "Column {number} is called “{name}” like one before it; it is called “{given}” \
                     here."
                )
            });
            given
        } else {
            name
        };
        used.insert(name.clone());
        unique.push(name);
    }
    unique
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_unique_with_warnings() {
        let names = ["a", "a", "", "a", "a_2", "column_3"].map(str::to_owned).to_vec();
        let mut warnings = Warnings::new(9);
        let unique = unique_names(names, 6, 2, &mut warnings);
        assert_eq!(unique, ["a", "a_3", "column_4", "a_4", "a_2", "column_3"]);
        let (items, total) = warnings.into_parts();
        assert_eq!(total, 3);
        assert_eq!(items[0].code, "duplicate_name");
        assert_eq!(items[0].line, Some(2));
        assert!(items[1].message.contains("“column_4”"), "{}", items[1].message);
    }

    proptest! {
        #[test]
        fn names_are_always_unique_and_not_empty(names in prop::collection::vec("[ab_1-4]{0,3}|column_[1-9]", 1..30)) {
            let header = unique_names(names.clone(), 0, 1, &mut Warnings::new(0));
            prop_assert_eq!(header.len(), names.len());
            let set: HashSet<_> = header.iter().collect();
            prop_assert_eq!(set.len(), header.len());
            prop_assert!(header.iter().all(|name| !name.is_empty()));
        }
    }
}
