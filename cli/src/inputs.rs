//! `--inputs FILE`: inputs of a batch as JSON lines or as a JSON list. Errors name the line.

use std::path::Path;

use milepost::{
    client::Error,
    task::{Problem, batch_input},
};
use serde_json::{Deserializer, Map, Value};

use super::{ClientError, input};

/// Name of standard input.
const STDIN: &str = "-";

/// Inputs of a file, each with its line number.
#[derive(Debug)]
pub(super) struct Inputs {
    file: String,
    listed: Listed,
}

/// Inputs with their line numbers.
type Listed = Vec<(usize, Map<String, Value>)>;

/// Line number and error.
type Fault = (usize, String);

impl Inputs {
    /// Reads a file, or standard input if the name is `-`.
    ///
    /// # Errors
    /// If it cannot be read, or a line is not a valid input.
    pub(super) fn read(path: &Path) -> Result<Self, ClientError> {
        let (file, bytes) = if path == Path::new(STDIN) {
            let name = "the standard input";
            (name.to_owned(), input::read(name.into(), std::io::stdin().lock())?)
        } else {
            let open = std::fs::File::open(path);
            let open = open.map_err(|error| ClientError::File { path: path.to_owned(), error })?;
            (path.display().to_string(), input::read(path.to_owned(), open)?)
        };
        match parse(&bytes) {
            Ok(listed) if listed.is_empty() => {
                let right = "there are no inputs in it; each is a JSON object on a line of its own";
                Err(ClientError::Input(format!("{file}: {right}")))
            }
            Ok(listed) => Ok(Self { file, listed }),
            Err((line, what)) => Err(ClientError::Input(format!("{file}:{line}: {what}"))),
        }
    }

    /// The inputs, with missing fields taken from `common`.
    pub(super) fn with(&self, common: &Map<String, Value>) -> Vec<Value> {
        let whole = |(_, own): &(usize, Map<String, Value>)| {
            let mut whole = common.clone();
            whole.extend(own.clone());
            Value::Object(whole)
        };
        self.listed.iter().map(whole).collect()
    }

    /// Converts a rejection by the server to errors at the lines concerned.
    pub(super) fn located(&self, refused: ClientError) -> ClientError {
        let ClientError::Api(Error::Refused(problem)) = &refused else { return refused };
        match self.faults(problem) {
            Some(faults) if !faults.is_empty() => ClientError::Input(faults.join("; ")),
            _ => refused,
        }
    }

    /// `None` if one of the errors concerns no line.
    fn faults(&self, problem: &Problem) -> Option<Vec<String>> {
        let faults = problem.errors.iter().map(|error| {
            let (place, field) = batch_input(&error.field)?;
            let (line, _) = self.listed.get(place)?;
            let colon = if field.is_empty() { "" } else { ": " };
            let what = format!("{field}{colon}{}", error.detail);
            Some(format!("{}:{line}: {}", self.file, super::show::printable(&what)))
        });
        faults.collect()
    }
}

fn parse(bytes: &[u8]) -> Result<Listed, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        (line_of(before), "this is not UTF-8".to_owned())
    })?;
    // Some programs begin a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('[') { list(text) } else { lines(text) }
}

fn lines(text: &str) -> Result<Listed, Fault> {
    let mut listed = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let value = serde_json::from_str(text).map_err(|error| (line, words(&error)))?;
        listed.push((line, object(value, line)?));
    }
    Ok(listed)
}

/// Parses entry by entry, so that each has its line.
fn list(text: &str) -> Result<Listed, Fault> {
    let mut listed = Vec::new();
    let mut rest = Rest { text, line: 1 };
    rest.take("[");
    if !rest.take("]") {
        loop {
            let line = rest.at();
            if !rest.text.starts_with('{') {
                return Err((line, NO_OBJECT.to_owned()));
            }
            let mut values = Deserializer::from_str(rest.text).into_iter();
            let value = values.next().unwrap_or(Ok(Value::Null));
            let value = value.map_err(|error| (line + error.line() - 1, words(&error)))?;
            listed.push((line, object(value, line)?));
            rest.skip(values.byte_offset());
            if rest.take("]") {
                break;
            }
            if !rest.take(",") {
                return Err((rest.at(), "a comma or the ] of the list is missing here".to_owned()));
            }
        }
    }
    match rest.at() {
        line if !rest.text.is_empty() => Err((line, "there is more after the list".to_owned())),
        _ => Ok(listed),
    }
}

/// Remaining text and its line number.
struct Rest<'t> {
    text: &'t str,
    line: usize,
}

impl Rest<'_> {
    fn skip(&mut self, bytes: usize) {
        let (gone, rest) = self.text.split_at(bytes);
        self.line += gone.matches('\n').count();
        self.text = rest;
    }

    /// Skips white space and returns the line number.
    fn at(&mut self) -> usize {
        self.skip(self.text.len() - self.text.trim_start().len());
        self.line
    }

    /// Consumes `sign` if it comes next; returns whether it did.
    fn take(&mut self, sign: &str) -> bool {
        self.at();
        let comes = self.text.starts_with(sign);
        if comes {
            self.skip(sign.len());
        }
        comes
    }
}

const NO_OBJECT: &str = "an input is a JSON object, such as {\"subject\": \"lighthouse\"}";

fn object(value: Value, line: usize) -> Result<Map<String, Value>, Fault> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err((line, NO_OBJECT.to_owned())),
    }
}

/// The error without its line, which is relative to the entry.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("this is no JSON: {what} (character {})", error.column())
}

fn line_of(before: &[u8]) -> usize {
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use milepost::task::FieldError;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn placed(text: &str) -> Result<Vec<(usize, Value)>, Fault> {
        let listed = parse(text.as_bytes())?;
        Ok(listed.into_iter().map(|(line, input)| (line, Value::Object(input))).collect())
    }

    #[test]
    fn lines_and_lists_are_read_with_their_lines() {
        let expected = Ok(vec![(1, json!({"a": 1})), (3, json!({"a": "x\ny"}))]);
        assert_eq!(placed("{\"a\": 1}\r\n\n {\"a\": \"x\\ny\"}"), expected);
        assert_eq!(placed("\u{feff}[{\"a\": 1},\n\n{\"a\":\n\"x\\ny\"}\n]\n"), expected);
        assert_eq!(placed(" [ ] "), Ok(vec![]));
        assert_eq!(placed("\n \n"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, part) in [
            ("{}\n{\"a\"}\n", 2, "no JSON"),
            ("{}\n5\n", 2, "JSON object"),
            ("{} {}", 1, "no JSON"),
            ("[{},\n 5]", 2, "JSON object"),
            ("[{}\n {}]", 2, "comma"),
            ("[{},\n{\n\"a\": }]", 3, "no JSON"),
            ("[{},\n]", 2, "JSON object"),
            ("[{}", 1, "comma"),
            ("[", 1, "JSON object"),
            ("[{}]\n\nx", 3, "more after"),
        ] {
            let (told, what) = placed(text).expect_err(text);
            assert_eq!(told, line, "{text}: {what}");
            assert!(what.contains(part), "{text}: {what}");
        }
        assert_eq!(parse(b"{}\n{\"a\": \"\xff\"}").map_err(|(line, _)| line), Err(2));
    }

    #[test]
    fn a_refusal_is_told_at_its_line() {
        let inputs = Inputs { file: "jobs".to_owned(), listed: parse(b"{}\n\n{}").unwrap() };
        let refused = |fields: &[&str]| {
            let mut problem = Problem::new(400, "Bad Request", "no");
            let error = |field: &&str| FieldError::new(*field, "bad");
            problem.errors = fields.iter().map(error).collect();
            inputs.located(Error::Refused(Box::new(problem)).into()).to_string()
        };
        assert_eq!(
            refused(&["inputs[1].subject", "inputs[0]"]),
            "jobs:3: subject: bad; jobs:1: bad"
        );
        for elsewhere in [&["inputs"][..], &["inputs[7].x"], &[]] {
            assert!(refused(elsewhere).starts_with("no"), "{elsewhere:?}");
        }
    }

    #[test]
    fn what_all_have_in_common_gives_way_to_their_own() {
        let listed = parse(b"{\"a\": 1}\n{}").unwrap();
        let inputs = Inputs { file: String::new(), listed };
        let Value::Object(common) = json!({"a": 0, "b": 2}) else { unreachable!() };
        assert_eq!(inputs.with(&common), [json!({"a": 1, "b": 2}), json!({"a": 0, "b": 2})]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[\\[\\]{},:\"\\\\ \n0-9ae\u{e9}]{0,40}") {
            if let Err((line, _)) = parse(text.as_bytes()) {
                prop_assert!(line >= 1 && line <= text.lines().count().max(1) + 1);
            }
        }
    }
}
