//! Tells a quoted cell of several lines from rows that an odd quote swallowed.

use super::cells::{Dialect, Splitter};

/// Lines of a quoted cell that are rows by themselves are rows from this number on.
const MANY: usize = 10;
/// The same where each of them begins with a number, as the row does.
const FEW: usize = 3;

/// Whether the lines of a record are rows of `width` cells rather than one row; `is_clean` if it is
/// a well-formed row of that width.
pub(super) fn fits_better(
    record: &[u8],
    line_end: u8,
    dialect: Dialect,
    (width, is_clean): (usize, bool),
) -> bool {
    if width < 2 {
        return false;
    }
    let bare = Dialect { quote: None, ..dialect };
    let mut splitter = Splitter::new(dialect);
    let (mut lines, mut fitting, mut numbered) = (0_usize, 0_usize, 0_usize);
    for line in record.split(|byte| *byte == line_end) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        splitter.restart(if lines == 0 { bare } else { dialect });
        splitter.push(line);
        if splitter.is_quoted() {
            splitter.restart(bare);
            splitter.push(line);
        }
        splitter.finish();
        let fits = splitter.row.ends.len() == width;
        if lines == 0 && !fits {
            return false;
        }
        lines += 1;
        fitting += usize::from(fits);
        numbered += usize::from(splitter.row.text.first().is_some_and(u8::is_ascii_digit));
    }
    if is_clean {
        let all = fitting == lines;
        lines >= FEW && all && numbered == lines || lines >= MANY && fitting * 10 >= lines * 9
    } else {
        lines > 1 && fitting * 10 >= lines * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_a_quote_swallowed_are_told_from_a_cell_of_several_lines() {
        let many: String = (10..900).map(|row| format!("{row},y\n")).collect();
        for (record, is_clean, expected) in [
            (format!("9,\"x\n{many}900,x\"\n"), true, true),
            ("1,\"x\n2,y\n3,z".to_owned(), false, true),
            ("1,\"x\n2,\"y\n".to_owned(), false, true),
            ("a,\"one\ntwo\nthree\"\n".to_owned(), true, false),
            ("a,\"one, two\nthree, four\"\n".to_owned(), true, false),
            ("a,\"London\nMain Street, 5\"\n".to_owned(), true, false),
            ("a,\"k,v\n1,2\n3,4\n5,6\"\n".to_owned(), true, false),
            ("a,\"never closed\nprose, and more, of it\nend".to_owned(), false, false),
        ] {
            let found =
                fits_better(record.as_bytes(), b'\n', Dialect::of(Some(b',')), (2, is_clean));
            assert_eq!(found, expected, "{record:?}");
        }
    }
}
