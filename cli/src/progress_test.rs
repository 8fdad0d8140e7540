//! `milepost progress-test`: shows what a preset or a pattern recognises in a log, piece by piece.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use figment::{
    Figment,
    providers::{Format as _, Toml},
};

use milepost_command::progress::{Limits, Reader, Rules, RulesError, Signal, Source, presets};

use crate::{CliError, Exit};

/// Maximum number of characters shown of a piece of the log.
const SHOWN_CHARS: usize = 72;

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
    /// The file cannot be read, or its rules are invalid.
    #[error("{}: {detail}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The error.
        detail: String,
    },
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
            list(out)?;
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
    let stages = rules.stages().into_iter().map(|(name, _)| name).collect();
    let mut test = Test { reader, source, out, stages, piece: String::new(), sum: Sum::default() };
    test.read(log)?;
    Ok(test.end()?)
}

fn read_rules(file: &Path) -> Result<Rules, ProgressTestError> {
    let wrong = |detail: String| ProgressTestError::File { file: file.to_owned(), detail };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let read = Figment::from(Toml::string(&text)).extract_inner::<Rules>("progress");
    read.map_err(|error| match error.kind {
        figment::error::Kind::MissingField(_) => {
            wrong("it has no `progress = ...`, as in a command's configuration".to_owned())
        }
        _ => wrong(error.to_string().replace(" in TOML source string", "")),
    })
}

#[derive(Default)]
struct Sum {
    pieces: u64,
    reports: u64,
    lines: u64,
    last: Option<f64>,
}

struct Test<'a, W> {
    reader: Reader,
    source: Source,
    out: &'a mut W,
    stages: Vec<String>,
    /// Text of the current piece to show.
    piece: String,
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
                let mut signals = Vec::new();
                self.reader.push(self.source, part, &mut signals);
                let room = SHOWN_CHARS.saturating_sub(self.piece.chars().count());
                self.piece.extend(String::from_utf8_lossy(part).chars().take(room));
                if part.ends_with(b"\n") || part.ends_with(b"\r") || part.ends_with(&[8]) {
                    self.tell(&signals)?;
                }
            }
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<Exit> {
        let mut signals = Vec::new();
        self.reader.end(self.source, &mut signals);
        if !signals.is_empty() || !self.piece.is_empty() {
            self.tell(&signals)?;
        }
        let Sum { pieces, reports, lines, last } = self.sum;
        let last = last.map_or_else(|| "none".to_owned(), |last| format!("{:.1} %", last * 100.0));
        writeln!(
            self.out,
            "{pieces} pieces, {reports} that say something; {lines} lines for the log; last \
             progress: {last}"
        )?;
        self.out.flush()?;
        Ok(if reports > 0 { Exit::Done } else { Exit::TaskFailed })
    }

    /// Prints one piece of the log and the signals recognised in it.
    fn tell(&mut self, signals: &[Signal]) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let piece: String = piece.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let piece = piece.trim_end();
        if piece.is_empty() && signals.is_empty() {
            return Ok(());
        }
        self.sum.pieces += 1;
        let (mut percent, mut words) = (String::new(), Vec::new());
        for signal in signals {
            match signal {
                Signal::Fraction(fraction) => {
                    percent = format!("{:.1}%", fraction * 100.0);
                    self.sum.last = Some(*fraction);
                }
                Signal::Stage(index) => {
                    let name = self.stages.get(*index).map_or("", String::as_str);
                    words.push(format!("stage {} {name}", index + 1));
                }
                Signal::Message(text) => words.push(format!("message \"{text}\"")),
                Signal::Preserved(text) => words.push(format!("kept \"{text}\"")),
                Signal::Line { source: Source::Channel, text } => words.push(text.clone()),
                Signal::Line { .. } => self.sum.lines += 1,
            }
        }
        self.sum.reports += u64::from(!percent.is_empty() || !words.is_empty());
        writeln!(self.out, "{percent:>7}  {piece}")?;
        for word in words {
            let word: String = word.chars().filter(|c| !c.is_control()).collect();
            writeln!(self.out, "         > {word}")?;
        }
        Ok(())
    }
}

/// Lists the presets: name, invocation and requirements.
fn list(out: &mut impl Write) -> io::Result<()> {
    for preset in presets() {
        writeln!(out, "{:<8} {:<34} {}", preset.name, preset.call, preset.needs)?;
    }
    out.flush()
}
