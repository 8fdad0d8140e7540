//! JSON lines on the progress channel.

use serde_json::{Map, Value};

use super::{
    Signal, Source,
    tracker::{StageEntry, StageRef, Tracker, one_line},
    whole::HARDLY_ABOVE_ONE,
};

/// Maximum number of characters shown of an invalid line.
const EXCERPT_CHARS: usize = 80;

/// Splits bytes into lines, and reports only the first invalid one.
pub(super) struct Channel {
    max_bytes: usize,
    line: Vec<u8>,
    too_long: bool,
    number: u64,
    warned: bool,
    speaks: bool,
}

impl Channel {
    /// Accepts lines of up to `max_bytes` bytes.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            line: Vec::new(),
            too_long: false,
            number: 0,
            warned: false,
            speaks: false,
        }
    }

    /// Whether a valid line was received.
    pub(super) const fn speaks(&self) -> bool {
        self.speaks
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], tracker: &mut Tracker, out: &mut Vec<Signal>) {
        while let Some(at) = bytes.iter().position(|b| *b == b'\n') {
            self.take(&bytes[..at]);
            self.end(tracker, out);
            bytes = &bytes[at + 1..];
        }
        self.take(bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.too_long || self.line.len() + bytes.len() > self.max_bytes {
            self.too_long = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    /// Ends a line, or the channel.
    pub(super) fn end(&mut self, tracker: &mut Tracker, out: &mut Vec<Signal>) {
        if self.too_long {
            self.number += 1;
            self.complain(&format!("it has more than {} bytes", self.max_bytes), "", out);
        } else if !self.line.is_empty() {
            self.number += 1;
            let line = std::mem::take(&mut self.line);
            let problem = match read(&line) {
                Ok(fields) => {
                    let before = out.len();
                    let problem = apply(&fields, tracker, out);
                    self.speaks |= out.len() > before || problem.is_none();
                    problem
                }
                Err(problem) => Some(problem),
            };
            if let Some(problem) = problem {
                let excerpt = tracker.shown(&String::from_utf8_lossy(&line), EXCERPT_CHARS);
                self.complain(&problem, &excerpt, out);
            }
            self.line = line;
        }
        self.line.clear();
        self.too_long = false;
    }

    /// Reports the first problem only: a program that writes one invalid line usually writes many.
    /// `line` is an excerpt.
    fn complain(&mut self, problem: &str, line: &str, out: &mut Vec<Signal>) {
        if std::mem::replace(&mut self.warned, true) {
            return;
        }
        let mut text = format!("progress channel, line {}: {problem}", self.number);
        if !line.is_empty() {
            text.push_str(": ");
            text.push_str(line);
        }
        text.push_str(" (reported once; other such lines are ignored)");
        out.push(Signal::Line { source: Source::Channel, text });
    }
}

/// UTF-8 byte order mark, which some programs write first.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn read(line: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("expected an object such as {\"progress\":0.4}".to_owned()),
        Err(error) => Err(format!("not JSON ({error})")),
    }
}

/// Applies the fields; returns the first problem, but applies the other fields.
fn apply(
    fields: &Map<String, Value>,
    tracker: &mut Tracker,
    out: &mut Vec<Signal>,
) -> Option<String> {
    let mut problem = None;
    if let Some(stage) = fields.get("stage").filter(|value| !value.is_null()) {
        match enter(stage, tracker, out) {
            Ok(StageEntry::Present) => {}
            // The rest concerns a stage that is over.
            Ok(_) => return None,
            Err(wrong) => problem = Some(wrong),
        }
    }
    let mut number = |name: &str| match fields.get(name)? {
        Value::Null => None,
        value => match value.as_f64().filter(|number| number.is_finite() && *number >= 0.0) {
            Some(number) => Some(number),
            None => {
                problem.get_or_insert_with(|| format!("{name} is not a number from 0 up"));
                None
            }
        },
    };
    let (progress, percent) = (number("progress"), number("percent"));
    let (done, total) = (number("done"), number("total"));
    if let Some(total) = total {
        if total > 0.0 {
            tracker.set_total(total);
        } else {
            problem.get_or_insert_with(|| "total is 0".to_owned());
        }
    }
    let wrong = advance((progress, percent), (done, total), tracker, out).err();
    let wrong = wrong.or(say(fields, tracker, out).err());
    problem.or(wrong)
}

/// Moves the bar by a fraction, a percent, or counts.
fn advance(
    (progress, percent): (Option<f64>, Option<f64>),
    (done, total): (Option<f64>, Option<f64>),
    tracker: &mut Tracker,
    out: &mut Vec<Signal>,
) -> Result<(), String> {
    match (progress, percent) {
        (Some(progress), _) if progress <= HARDLY_ABOVE_ONE => {
            tracker.move_to(progress, out);
        }
        (Some(progress), _) => {
            return Err(format!(
                "progress is {progress}, but it goes from 0 to 1; \"percent\" goes to 100"
            ));
        }
        (None, Some(percent)) if percent <= 100.0 * HARDLY_ABOVE_ONE => {
            tracker.move_to(percent / 100.0, out);
        }
        (None, Some(_)) => return Err("percent is more than 100".to_owned()),
        // A total of 0 is ignored, and so are counts towards an earlier total.
        (None, None) if total != Some(0.0) => tracker.counted(done, out),
        (None, None) => {}
    }
    Ok(())
}

/// Shows the texts; returns the first problem, but shows the other one.
fn say(
    fields: &Map<String, Value>,
    tracker: &mut Tracker,
    out: &mut Vec<Signal>,
) -> Result<(), String> {
    let mut problem = Ok(());
    for name in ["message", "preserved"] {
        match fields.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if name == "message" => tracker.say(text, out),
            Some(Value::String(text)) => tracker.keep(text, out),
            Some(_) => problem = problem.and_then(|()| Err(format!("{name} is not a text"))),
        }
    }
    problem
}

fn enter(
    stage: &Value,
    tracker: &mut Tracker,
    out: &mut Vec<Signal>,
) -> Result<StageEntry, String> {
    let (stage, named) = match stage {
        Value::String(name) => (StageRef::Name(name), tracker.shown(name, EXCERPT_CHARS)),
        Value::Number(number) if number.is_u64() => {
            (StageRef::Number(number.as_u64().unwrap_or_default()), number.to_string())
        }
        _ => return Err("stage is neither a name nor a number from 1 up".to_owned()),
    };
    match tracker.enter(&stage, out) {
        StageEntry::Nowhere if tracker.stages().is_empty() => {
            Err(format!("there is no stage {named}; no stages are declared"))
        }
        StageEntry::Nowhere => {
            let declared = one_line(&tracker.stages().join(", "), 4 * EXCERPT_CHARS);
            Err(format!("there is no stage {named}; declared are: {declared}"))
        }
        index => Ok(index),
    }
}
