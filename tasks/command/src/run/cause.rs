//! The lines of a command's output that say why it failed: around the first one that reads like an
//! error, and the last ones.

use std::{collections::VecDeque, sync::LazyLock};

use milepost::task::plain;
use regex::Regex;

/// Lines before and after the one that reads like an error.
const BEFORE: usize = 1;
const AFTER: usize = 3;
/// Lines of the source, and of its position, before a line of carets.
const BEFORE_CARETS: usize = 3;
/// Maximum number of lines of source code after the error.
const MAX_EXCERPT: usize = 10;
/// Last lines.
const LAST: usize = 3;
/// Maximum length of a line in characters.
const MAX_LINE: usize = 300;

/// An error that ends a program.
const FATAL: &str = r"(?i)^\W*(?:\w[\w.-]*\W+)?(?:fatal\b|panic|segmentation fault)|panicked at|^[\w.$]+(?:Error|Exception|Interrupt)(?::|$)|^Exception in thread|\b(?:no space left on device|out of memory|disk quota exceeded|core dumped|assertion .*failed)\b";
/// An error.
const ERROR: &str = r"(?i)\b(?:errors?|err!|exception|failed|failure|cannot|can't|could not|couldn't|unable to|denied|no such|not found|not permitted|refused|unreachable|unexpected|unrecognized|undefined|unknown|invalid|illegal|timed out|missing|does not exist|killed)\b|\bE\d{3,5}\b";
/// What reads like an error and is none, or only repeats that there was one.
const NO_CAUSE: &str = r"(?i)\b(?:0|no) (?:errors?|failures?|failed)\b|\berrors?: *0\b|\bprevious errors?\b|\bcould not compile\b|a complete log of this run|^make(?:\[\d+\])?: |^ninja: build stopped|^traceback \(most recent|\bwarnings?\b|\b(?:retrying|ignored|non-fatal)\b|^\d+ (?:passed|failed)";

static PATTERNS: LazyLock<Option<[Regex; 3]>> = LazyLock::new(|| {
    let compile = |text| Regex::new(text).ok();
    Some([compile(FATAL)?, compile(ERROR)?, compile(NO_CAUSE)?])
});

/// Whether a line only marks a part of the one above it: `    ~~^~~`.
fn is_carets(line: &str) -> bool {
    line.contains('^')
        && line.chars().all(|char| matches!(char, ' ' | '\t' | '^' | '~' | '-' | '|'))
}

/// Whether a line belongs to the source code that a compiler shows below its error: `  3 | let x`,
/// `  --> a.rs:3:5`, or a line of carets.
fn is_excerpt(line: &str) -> bool {
    let text = line.trim_start();
    let unnumbered = text.trim_start_matches(|char: char| char.is_ascii_digit()).trim_start();
    unnumbered.starts_with('|') || text.starts_with("--> ") || is_carets(line)
}

/// Nothing reads more like a cause.
const HEAVIEST: u8 = 2;

/// How much a line reads like the cause, from 0 to [`HEAVIEST`].
fn weight(line: &str) -> u8 {
    let Some([fatal, error, none]) = &*PATTERNS else { return 0 };
    match () {
        () if none.is_match(line) => 0,
        () if fatal.is_match(line) => HEAVIEST,
        () if error.is_match(line) => 1,
        () => 0,
    }
}

/// Looks for the cause in one stream. Memory is bounded.
#[derive(Default)]
pub(super) struct Cause {
    /// Number of lines so far.
    count: u64,
    last: VecDeque<String>,
    found: Option<Found>,
}

struct Found {
    weight: u8,
    /// Number of the first of these lines.
    first: u64,
    lines: Vec<String>,
    /// Number of lines that still belong to it.
    after: usize,
    /// Number of lines of source code that may belong to it beyond those; 0 once it has ended.
    max_excerpt: usize,
}

impl Found {
    /// Adds a line after the cause, if it belongs to it.
    fn add(&mut self, line: &str) {
        if self.after > 0 {
            self.after -= 1;
        } else if self.max_excerpt > 0 && is_excerpt(line) {
            self.max_excerpt -= 1;
        } else {
            self.max_excerpt = 0;
            return;
        }
        self.lines.push(line.to_owned());
    }
}

impl Cause {
    /// Takes a line, which may hold escape sequences.
    pub(super) fn push(&mut self, line: &str) {
        let line = plain(line);
        let line: String = line.trim_end().chars().take(MAX_LINE).collect();
        if line.trim().is_empty() {
            return;
        }
        let heavier = self.weight();
        let weight = if heavier == HEAVIEST { 0 } else { weight(&line) };
        if weight > heavier {
            let is_marked = self.last.back().is_some_and(|line| is_carets(line));
            let before = if is_marked { BEFORE_CARETS } else { BEFORE };
            let before = self.last.iter().rev().take(before).rev().cloned();
            let lines: Vec<_> = before.chain([line.clone()]).collect();
            let first = self.count + 1 - lines.len() as u64;
            self.found =
                Some(Found { weight, first, lines, after: AFTER, max_excerpt: MAX_EXCERPT });
        } else if let Some(found) = &mut self.found {
            found.add(&line);
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line);
        self.count += 1;
    }

    /// The lines to show: around the cause, and the last ones.
    fn lines(&self) -> Vec<&str> {
        let last_from = self.count - self.last.len() as u64;
        let Some(Found { first, lines, .. }) = &self.found else {
            return self.last.iter().map(String::as_str).collect();
        };
        let end = first + lines.len() as u64;
        let mut shown: Vec<_> = lines.iter().map(String::as_str).collect();
        if last_from > end {
            shown.push("…");
        }
        let seen = usize::try_from(end.saturating_sub(last_from)).unwrap_or(usize::MAX);
        shown.extend(self.last.iter().skip(seen).map(String::as_str));
        shown
    }

    fn weight(&self) -> u8 {
        self.found.as_ref().map_or(0, |found| found.weight)
    }
}

/// The lines that say why a command failed. Standard error comes first, unless only standard output
/// reads like an error.
pub(super) fn lines<'c>(stdout: &'c Cause, stderr: &'c Cause) -> Vec<&'c str> {
    let from_stdout = stderr.count == 0 || stdout.weight() > 0 && stderr.weight() == 0;
    match (from_stdout, stderr.lines()) {
        (false, lines) => lines,
        (true, after) => {
            let mut lines = stdout.lines();
            lines.extend(after.into_iter().rev().take(1));
            lines
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stdout: &[&str], stderr: &[&str]) -> String {
        let cause = |lines: &[&str]| {
            let mut cause = Cause::default();
            lines.iter().for_each(|line| cause.push(line));
            cause
        };
        lines(&cause(stdout), &cause(stderr)).join("\n")
    }

    #[test]
    fn the_first_error_is_shown_with_the_lines_around_it() {
        let log: Vec<String> = (0..30).map(|n| format!("note {n}")).collect();
        let mut log: Vec<&str> = log.iter().map(String::as_str).collect();
        log.splice(
            10..10,
            [
                "main.c: In function 'main':",
                "main.c:3:5: error: expected ';'",
                "    3 | int x",
                "      |      ^",
            ],
        );
        log.push("make: *** [Makefile:2: all] Error 1");
        assert_eq!(
            of(&[], &log),
            "main.c: In function 'main':\nmain.c:3:5: error: expected ';'\n    3 | int x\n      |      ^\n\
             note 10\n…\nnote 28\nnote 29\nmake: *** [Makefile:2: all] Error 1"
        );
    }

    #[test]
    fn carets_are_shown_with_the_line_that_they_mark() {
        let python = [
            "Traceback (most recent call last):",
            "  File \"a.py\", line 5, in <module>",
            "    f(1)",
            "    ~^^^",
            "  File \"a.py\", line 2, in f",
            "    return 1 / 0",
            "           ~~^~~",
            "ZeroDivisionError: division by zero",
        ];
        assert_eq!(of(&[], &python), python[4..].join("\n"));
        let syntax =
            ["  File \"a.py\", line 1", "    x = = 1", "        ^", "SyntaxError: invalid syntax"];
        assert_eq!(of(&[], &syntax), syntax.join("\n"));
        let rust = [
            "error[E0308]: mismatched types",
            " --> src/main.rs:2:18",
            "  |",
            "2 |     let x: u8 = \"a\";",
            "  |            --   ^^^ expected `u8`, found `&str`",
            "  |            |",
            "  |            expected due to this",
            "",
            "note 1",
            "note 2",
            "note 3",
            "note 4",
        ];
        let shown = of(&[], &rust);
        assert!(shown.starts_with(&rust[..7].join("\n")), "{shown}");
        assert!(!shown.contains("note 1"), "{shown}");
    }

    #[test]
    fn summaries_warnings_and_tries_are_no_cause() {
        for (log, cause) in [
            (
                &[
                    "tar: x: Cannot stat: No such file",
                    "tar: Exiting with failure status due to previous errors",
                ][..],
                "tar: x: Cannot stat",
            ),
            (
                &[
                    "warning: error handling is old",
                    "fatal: repository 'x' not found",
                    "a",
                    "b",
                    "c",
                    "d",
                    "e",
                ],
                "fatal: repository",
            ),
            (
                &[
                    "connection refused, retrying",
                    "x",
                    "y",
                    "z",
                    "disk full: No space left on device",
                    "1",
                    "2",
                    "3",
                    "4",
                    "5",
                ],
                "disk full: No space",
            ),
            (
                &[
                    "0 errors",
                    "a",
                    "b",
                    "c",
                    "d",
                    "npm ERR! code E404",
                    "npm ERR! x",
                    "npm ERR! y",
                    "npm ERR! z",
                    "npm ERR! A complete log of this run can be found in: x",
                ],
                "npm ERR! code E404",
            ),
            (
                &[
                    "Traceback (most recent call last):",
                    "  File \"a.py\", line 1",
                    "    f()",
                    "ValueError: bad",
                    "cleaning",
                    "up",
                    "now",
                    "x",
                    "y",
                ],
                "ValueError: bad",
            ),
            (
                &["\u{1b}[31merror\u{1b}[0m: x\u{1b}]0;t\u{7}", "1", "2", "3", "4", "5", "6", "7"],
                "error: x\n1",
            ),
        ] {
            assert!(of(&[], log).contains(cause), "{log:?}: {}", of(&[], log));
        }
    }

    #[test]
    fn where_nothing_reads_like_an_error_the_last_lines_are_shown() {
        assert_eq!(of(&["fine"], &["disk is full"]), "disk is full");
        assert_eq!(of(&[], &["a", "b", " ", "c", "d"]), "b\nc\nd");
        assert_eq!(of(&["a", "b"], &[]), "a\nb");
        assert_eq!(of(&[], &[]), "");
    }

    #[test]
    fn an_error_on_standard_output_is_found() {
        let shown = of(&["src/a.ts(3,1): error TS2304: Cannot find name 'x'."], &["npm notice"]);
        assert_eq!(shown, "src/a.ts(3,1): error TS2304: Cannot find name 'x'.\nnpm notice");
    }

    #[test]
    fn memory_and_lines_are_bounded() {
        let mut cause = Cause::default();
        for n in 0..10_000 {
            cause.push(&format!("error {n} {}", "x".repeat(1_000)));
        }
        let lines = cause.lines();
        assert!(lines.len() <= BEFORE + AFTER + MAX_EXCERPT + LAST + 2);
        assert!(lines.iter().all(|line| line.chars().count() <= MAX_LINE));
        assert!(lines[0].starts_with("error 0 "));
    }

    #[test]
    fn the_patterns_compile() {
        assert!(PATTERNS.is_some());
    }
}
