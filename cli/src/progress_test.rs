//! `milepost progress-test`: shows what a task's page would show of a log, piece by piece.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use milepost::engine::Stages;
use milepost_command::{
    CommandsError, Decoder,
    progress::{Limits, PresetInfo, Reader, Rules, RulesError, Signal, Source, plain, presets},
};

use crate::{CliError, Exit, show::printable};

/// Maximum number of characters shown of a piece of the log.
const SHOWN_CHARS: usize = 72;
/// Bytes of a piece that are read beyond those, as escape sequences are not shown.
const MAX_ESCAPES: usize = 1_024;

/// Arguments of `progress-test`.
#[derive(Args, Debug)]
#[command(
    after_help = "Reads the log from the standard input. Exit codes: 0 progress was seen, 1 none \
                  was, 2 bad usage or rules.\n\nExample: rsync --info=progress2 -a from/ to/ | \
                  milepost progress-test rsync"
)]
pub struct ProgressTestArgs {
    /// Preset to test; without it, lists the presets
    #[arg(conflicts_with = "rules")]
    preset: Option<String>,
    /// TOML file with `progress = ...` as in a command's configuration
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Total if the output does not contain it, such as the number of bytes for dd
    #[arg(long, value_name = "NUMBER")]
    total: Option<f64>,
    /// Stream that the log comes from [default: apply the patterns of both streams]
    #[arg(long, value_enum, value_name = "STREAM")]
    stream: Option<Stream>,
    /// Print one JSON object for each piece, and one for the whole at the end
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stream {
    Stdout,
    Stderr,
    /// JSON lines, as written to the descriptor MILEPOST_PROGRESS_FD
    Channel,
}

/// Why nothing could be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressTestError {
    /// The preset does not exist.
    #[error(transparent)]
    Preset(RulesError),
    /// The file cannot be read, or has no rules.
    #[error("{}: {detail}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The error.
        detail: String,
    },
    /// The rules are invalid.
    #[error(transparent)]
    Rules(CommandsError),
    /// The total is not a positive number.
    #[error("--total is {0}; it is a number above 0")]
    Total(f64),
}

/// Reads a log and prints what is recognised. Without a preset or rules, lists the presets.
///
/// # Errors
/// If the arguments or rules are invalid, the log cannot be read, or the output cannot be written.
pub fn run(
    args: &ProgressTestArgs,
    log: &mut impl Read,
    out: &mut impl Write,
) -> Result<Exit, CliError> {
    let rules = match (&args.preset, &args.rules) {
        (Some(preset), _) => Rules::preset(preset).map_err(ProgressTestError::Preset)?,
        (None, Some(file)) => read_rules(file)?,
        (None, None) => {
            if args.json {
                list_json(out)?
            } else {
                list(out)?
            }
            return Ok(Exit::Done);
        }
    };
    let mut reader = Reader::new(&rules, Limits::default());
    if let Some(total) = args.total {
        if !(total.is_finite() && total > 0.0) {
            return Err(ProgressTestError::Total(total).into());
        }
        reader = reader.with_total(total);
    }
    let source = match args.stream {
        Some(Stream::Stdout) => Source::Stdout,
        Some(Stream::Stderr) => Source::Stderr,
        Some(Stream::Channel) => Source::Channel,
        None => {
            reader = reader.on_any_stream();
            Source::Stdout
        }
    };
    let page = Page::new(rules.stages());
    let decoder = Decoder::new(None);
    let mut test = Test {
        reader,
        source,
        decoder,
        out,
        json: args.json,
        page,
        piece: Vec::new(),
        sum: Sum::default(),
    };
    test.read(log)?;
    Ok(test.end()?)
}

fn read_rules(file: &Path) -> Result<Rules, ProgressTestError> {
    let wrong = |detail: String| ProgressTestError::File { file: file.to_owned(), detail };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let rules = milepost_command::read_rules(&text, file).map_err(ProgressTestError::Rules)?;
    rules.ok_or_else(|| {
        wrong("it has no `progress = ...`, as in a command's configuration".to_owned())
    })
}

#[derive(Default)]
struct Sum {
    pieces: u64,
    reports: u64,
    lines: u64,
}

/// What the page of a task shows: the stage, the bar and the message.
struct Page {
    names: Vec<String>,
    stages: Stages,
    /// Begin and width of the current stage.
    span: (f64, f64),
    /// The whole, 0..=1; `None`: unknown.
    bar: Option<f64>,
    /// Highest bar so far: it never goes back.
    highest: f64,
    /// Whether there was ever a bar.
    began: bool,
}

impl Page {
    fn new(stages: Vec<(String, f64)>) -> Self {
        let names = stages.iter().map(|(name, _)| name.clone()).collect();
        let stages = Stages::new(stages);
        Self { names, stages, span: (0.0, 1.0), bar: None, highest: 0.0, began: false }
    }

    /// Shows a signal; returns what is told of it beside the bar.
    fn show(&mut self, signal: &Signal) -> Option<String> {
        match signal {
            Signal::Fraction(fraction) => self.raise(self.span.0 + fraction * self.span.1),
            Signal::Unknown => {
                self.bar = None;
                return Some("progress of the whole is unknown".to_owned());
            }
            Signal::Stage(index) => {
                self.span = self.stages.span(*index);
                self.raise(self.span.0);
                let name = self.names.get(*index).map_or("", String::as_str);
                return Some(format!("stage {} {name}", index + 1));
            }
            Signal::Message(text) => return Some(format!("message \"{text}\"")),
            Signal::Preserved(text) => return Some(format!("kept \"{text}\"")),
            Signal::Line { source: Source::Channel, text } => return Some(text.clone()),
            Signal::Line { .. } => {}
        }
        None
    }

    fn raise(&mut self, bar: f64) {
        self.began = true;
        self.highest = self.highest.max(bar);
        self.bar = Some(self.highest);
    }

    /// In percent, as the page shows it; `None`: unknown.
    fn rounded(&self) -> Option<f64> {
        self.bar.map(|bar| (bar * 1_000.0).round() / 10.0)
    }

    fn percent(&self) -> Option<String> {
        match self.bar {
            Some(bar) => Some(format!("{:.1}", bar * 100.0)),
            None => self.began.then(|| "?".to_owned()),
        }
    }
}

struct Test<'a, W> {
    reader: Reader,
    source: Source,
    decoder: Decoder,
    out: &'a mut W,
    json: bool,
    page: Page,
    /// Beginning of the current piece.
    piece: Vec<u8>,
    sum: Sum,
}

impl<W: Write> Test<'_, W> {
    fn read(&mut self, log: &mut impl Read) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match log.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            for part in buffer[..count].split_inclusive(|b| matches!(*b, b'\n' | b'\r' | 8)) {
                // Escape sequences may end a piece anywhere.
                let step = if part.contains(&0x1b) { 1 } else { part.len() };
                part.chunks(step).try_for_each(|bytes| self.push(bytes))?;
            }
        }
        Ok(())
    }

    fn push(&mut self, read: &[u8]) -> io::Result<()> {
        let mut signals = Vec::new();
        let text = match self.source {
            Source::Channel => None,
            Source::Stdout | Source::Stderr => Some(self.decoder.push(read)),
        };
        let bytes = text.as_deref().unwrap_or(read);
        self.reader.push(self.source, bytes, &mut signals);
        if self.piece.len() < 4 * SHOWN_CHARS + MAX_ESCAPES {
            self.piece.extend_from_slice(bytes);
        }
        let ends = read.last().is_some_and(|b| matches!(*b, b'\n' | b'\r' | 8));
        if ends || !signals.is_empty() { self.tell(&signals) } else { Ok(()) }
    }

    fn end(mut self) -> io::Result<Exit> {
        let mut signals = Vec::new();
        let rest = self.decoder.end();
        self.piece.extend_from_slice(&rest);
        self.reader.push(self.source, &rest, &mut signals);
        self.reader.end(self.source, &mut signals);
        if !signals.is_empty() || !self.piece.is_empty() {
            self.tell(&signals)?;
        }
        let Sum { pieces, reports, lines } = self.sum;
        let exit = if reports > 0 { Exit::Done } else { Exit::TaskFailed };
        if self.json {
            let progress = self.page.rounded();
            let whole = serde_json::json!({
                "pieces": pieces, "reports": reports, "lines": lines, "progress": progress,
            });
            writeln!(self.out, "{whole}")?;
            self.out.flush()?;
            return Ok(exit);
        }
        let last = match self.page.percent() {
            Some(percent) if self.page.bar.is_some() => format!("{percent} %"),
            Some(_) => "unknown".to_owned(),
            None => "none".to_owned(),
        };
        let pieces = counted(pieces, "piece", "pieces");
        let (say, lines) =
            (if reports == 1 { "says" } else { "say" }, counted(lines, "line", "lines"));
        writeln!(
            self.out,
            "{pieces}, {reports} that {say} something; {lines} for the log; last progress: {last}"
        )?;
        self.out.flush()?;
        Ok(exit)
    }

    /// Prints one piece of the log, the bar if the piece moves it, and what else the page shows.
    fn tell(&mut self, signals: &[Signal]) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let piece = String::from_utf8_lossy(&piece);
        let piece: String = printable(&plain(&piece)).chars().take(SHOWN_CHARS).collect();
        let piece = piece.trim_end();
        if piece.is_empty() && signals.is_empty() {
            return Ok(());
        }
        self.sum.pieces += 1;
        let moves = |signal: &Signal| {
            matches!(signal, Signal::Fraction(_) | Signal::Unknown | Signal::Stage(_))
        };
        let words: Vec<_> = signals.iter().filter_map(|signal| self.page.show(signal)).collect();
        let moves = signals.iter().any(moves);
        let percent = moves.then(|| self.page.percent()).flatten();
        let percent = percent.map_or_else(String::new, |percent| format!("{percent}%"));
        let is_line = |signal: &&Signal| {
            matches!(signal, Signal::Line { source: Source::Stdout | Source::Stderr, .. })
        };
        self.sum.lines += signals.iter().filter(is_line).count() as u64;
        self.sum.reports += u64::from(!percent.is_empty() || !words.is_empty());
        let visible = |word: &String| word.chars().filter(|c| !c.is_control()).collect();
        let words: Vec<String> = words.iter().map(visible).collect();
        if self.json {
            let progress = moves.then(|| self.page.rounded()).flatten();
            let told = serde_json::json!({
                "piece": piece, "moves": moves, "progress": progress, "notes": words,
            });
            return writeln!(self.out, "{told}");
        }
        writeln!(self.out, "{percent:>7}  {piece}")?;
        for word in words {
            writeln!(self.out, "         > {word}")?;
        }
        Ok(())
    }
}

/// `1 line`, `2 lines`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Lists the presets as one JSON document.
fn list_json(out: &mut impl Write) -> io::Result<()> {
    let one = |preset: &PresetInfo| serde_json::json!({ "name": preset.name, "call": preset.call, "needs": preset.needs });
    let all: Vec<_> = presets().iter().map(one).collect();
    writeln!(out, "{}", serde_json::json!({ "presets": all }))?;
    out.flush()
}

/// Lists the presets: name, invocation and requirements.
fn list(out: &mut impl Write) -> io::Result<()> {
    for preset in presets() {
        writeln!(out, "{:<8} {:<34} {}", preset.name, preset.call, preset.needs)?;
    }
    out.flush()
}
