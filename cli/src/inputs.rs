//! `--inputs FILE`: inputs of batches as JSON lines or as a JSON list. Errors name the line.

use std::{
    io::{BufRead, BufReader, Read as _},
    path::Path,
};

use milepost::{
    client::Error,
    task::{Problem, batch_input},
};
use serde_json::{Deserializer, Map, Value};

use super::{ClientError, input};

/// Name of standard input.
const STDIN: &str = "-";

/// Maximum length of a line, in bytes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Reads the inputs of a file, some at a time. JSON lines are read as they are needed, a JSON list
/// at once.
pub(super) struct Reader {
    file: String,
    from: Source,
}

enum Source {
    Lines { from: Box<dyn BufRead>, line: usize },
    List(std::vec::IntoIter<(usize, Map<String, Value>)>),
}

/// Some inputs of a file, each with its line number.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    file: String,
    listed: Listed,
}

/// Inputs with their line numbers.
type Listed = Vec<(usize, Map<String, Value>)>;

/// Line number and error.
type Fault = (usize, String);

impl Reader {
    /// Opens a file, or standard input if the name is `-`.
    ///
    /// # Errors
    /// If it cannot be read, or is a list that contains an invalid input.
    pub(super) fn open(path: &Path) -> Result<Self, ClientError> {
        let (file, from): (_, Box<dyn BufRead>) = if path == Path::new(STDIN) {
            ("the standard input".to_owned(), Box::new(BufReader::new(std::io::stdin())))
        } else {
            let open = std::fs::File::open(path);
            let open = open.map_err(|error| ClientError::File { path: path.to_owned(), error })?;
            (path.display().to_string(), Box::new(BufReader::new(open)))
        };
        Self::new(file, from)
    }

    fn new(file: String, mut from: Box<dyn BufRead>) -> Result<Self, ClientError> {
        let failed = |error| ClientError::File { path: (&file).into(), error };
        // Some programs begin a text with a byte order mark.
        if from.fill_buf().map_err(failed)?.starts_with("\u{feff}".as_bytes()) {
            from.consume('\u{feff}'.len_utf8());
        }
        let mut line = 0;
        let is_list = loop {
            let bytes = from.fill_buf().map_err(failed)?;
            let Some(byte) = bytes.first() else { break false };
            match byte {
                b'[' => break true,
                b'\n' => line += 1,
                byte if byte.is_ascii_whitespace() => {}
                _ => break false,
            }
            from.consume(1);
        };
        let from = match is_list {
            false => Source::Lines { from, line },
            true => {
                let listed = parse_list(&input::read((&file).into(), from)?);
                let mut listed = listed.map_err(|(at, what)| fault(&file, line + at, &what))?;
                listed.iter_mut().for_each(|(at, _)| *at += line);
                Source::List(listed.into_iter())
            }
        };
        Ok(Self { file, from })
    }

    /// Reads at most `most` inputs; none at the end.
    ///
    /// # Errors
    /// If it cannot be read, or a line is not a valid input.
    pub(super) fn next(&mut self, most: usize) -> Result<Inputs, ClientError> {
        let mut listed = Vec::new();
        match &mut self.from {
            Source::List(rest) => listed.extend(rest.take(most)),
            Source::Lines { from, line } => {
                while listed.len() < most {
                    let mut bytes = Vec::new();
                    let read = from.take(MAX_LINE + 1).read_until(b'\n', &mut bytes);
                    let read = read
                        .map_err(|error| ClientError::File { path: (&self.file).into(), error })?;
                    if read == 0 {
                        break;
                    }
                    *line += 1;
                    match parse_line(&bytes) {
                        Ok(None) => {}
                        Ok(Some(input)) => listed.push((*line, input)),
                        Err(what) => return Err(fault(&self.file, *line, &what)),
                    }
                }
            }
        }
        Ok(Inputs { file: self.file.clone(), listed })
    }
}

fn fault(file: &str, line: usize, what: &str) -> ClientError {
    ClientError::Input(format!("{file}:{line}: {what}"))
}

impl Inputs {
    /// The error if there are none at all.
    pub(super) fn none(&self) -> ClientError {
        let right = "there are no inputs in it; each is a JSON object on a line of its own";
        ClientError::Input(format!("{}: {right}", self.file))
    }

    /// Number of inputs.
    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    /// Line numbers of the first and the last input.
    pub(super) fn lines(&self) -> Option<(usize, usize)> {
        Some((self.listed.first()?.0, self.listed.last()?.0))
    }

    /// Two halves; `None` if there are not two inputs.
    pub(super) fn halves(mut self) -> Option<(Self, Self)> {
        let half = self.listed.len() / 2;
        let listed = self.listed.split_off(half);
        (half > 0).then(|| {
            (
                Self { listed: self.listed, file: self.file.clone() },
                Self { listed, file: self.file },
            )
        })
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

fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        (line_of(before), "this is not UTF-8".to_owned())
    })
}

fn parse_list(bytes: &[u8]) -> Result<Listed, Fault> {
    list(text_of(bytes)?)
}

/// Parses a line; `None` if it is empty.
fn parse_line(bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    if bytes.len() as u64 > MAX_LINE {
        return Err("this line is longer than 64 MiB".to_owned());
    }
    let text = text_of(bytes).map_err(|(_, what)| what)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value = serde_json::from_str(text).map_err(|error| words(&error))?;
    object(value, 0).map(Some).map_err(|(_, what)| what)
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
#[path = "inputs_tests.rs"]
mod tests;
