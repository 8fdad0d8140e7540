//! Tests of the complete reader.

mod channel;
mod properties;
mod real;
mod rules;
mod streams;

use super::{Limits, Reader, Rules, Signal, Source};

/// Signals from bytes that arrive in chunks of one size.
fn read_in(mut reader: Reader, source: Source, bytes: &[u8], chunk: usize) -> Vec<Signal> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(chunk.max(1)) {
        reader.push(source, chunk, &mut out);
    }
    reader.end(source, &mut out);
    out
}

fn read(rules: &Rules, source: Source, bytes: impl AsRef<[u8]>) -> Vec<Signal> {
    read_in(Reader::new(rules, Limits::default()), source, bytes.as_ref(), usize::MAX)
}

/// Rules from TOML.
fn rules(toml: &str) -> Rules {
    use figment::{
        Figment,
        providers::{Format as _, Toml},
    };
    Figment::from(Toml::string(toml)).extract_inner("progress").expect("the rules are right")
}

fn fractions(signals: &[Signal]) -> Vec<f64> {
    let fraction = |signal: &Signal| match signal {
        Signal::Fraction(fraction) => Some(*fraction),
        _ => None,
    };
    signals.iter().filter_map(fraction).collect()
}

fn lines(signals: &[Signal]) -> Vec<&str> {
    fn line(signal: &Signal) -> Option<&str> {
        match signal {
            Signal::Line { text, .. } => Some(text),
            _ => None,
        }
    }
    signals.iter().filter_map(line).collect()
}

fn messages(signals: &[Signal]) -> Vec<&str> {
    fn message(signal: &Signal) -> Option<&str> {
        match signal {
            Signal::Message(text) => Some(text),
            _ => None,
        }
    }
    signals.iter().filter_map(message).collect()
}

fn stages(signals: &[Signal]) -> Vec<usize> {
    let stage = |signal: &Signal| match signal {
        Signal::Stage(stage) => Some(*stage),
        _ => None,
    };
    signals.iter().filter_map(stage).collect()
}
