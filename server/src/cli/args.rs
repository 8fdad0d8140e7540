//! Arguments of the commands that talk to a server.

use std::path::PathBuf;

use clap::Args;
use milepost::task::{PRIORITIES, TaskId};
use milepost_cli::{Format, Input};

#[derive(Args, Debug)]
pub(super) struct Remote {
    /// URL of the server, or its name in `milepost login`
    #[arg(long, env = "MILEPOST_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    pub(super) url: String,
    /// Bearer token; prefer the variable, because other users of this machine can read the command
    /// line
    #[arg(long, env = "MILEPOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// File that contains the token as its only line; ignored if --token is given
    #[arg(long, env = "MILEPOST_TOKEN_FILE", value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Print the JSON of the HTTP API, one document on one line (result prints the result itself)
    #[arg(long)]
    pub(super) json: bool,
}

impl Remote {
    pub(super) const fn format(&self) -> Format {
        Format::of(self.json)
    }
}

const LEAST: i64 = *PRIORITIES.start() as i64;
const MOST: i64 = *PRIORITIES.end() as i64;

#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(super) struct RunArgs {
    /// Kind of task, such as story or dataset
    #[arg(required_unless_present = "help")]
    pub(super) kind: Option<String>,
    /// Print help; with a KIND, describe its inputs
    #[arg(long, short)]
    pub(super) help: bool,
    /// Input field. KEY=@FILE reads a file (and uploads it for file fields), KEY=@- reads standard
    /// input, KEY=@@... is a text that begins with @
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    pub(super) inputs: Vec<Input>,
    /// Start a batch: one task for each input in this file, given as one JSON object per line or as
    /// a JSON list; - reads standard input. Fields missing in an input are taken from --input. More
    /// inputs than the server takes in one batch (engine.max_batch) become several batches; each
    /// after the first waits for room in the queue
    #[arg(long = "inputs", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// With --inputs: the same command with the same key and file starts nothing twice, so that it
    /// can be repeated after an error; not with another file or another engine.max_batch. 1 to 200 visible ASCII
    /// characters: each batch adds the numbers of its lines, and a server takes 255 bytes by default
    #[arg(long, value_name = "KEY", requires = "file", value_parser = batch_key)]
    pub(super) idempotency_key: Option<String>,
    /// Priority among your own queued tasks, -100 to 100; higher runs first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i32).range(LEAST..=MOST))]
    pub(super) priority: i32,
    /// Tag of the task; give it once for each tag
    #[arg(long = "tag", value_name = "TAG")]
    pub(super) tags: Vec<String>,
    /// Start it at this time (RFC 3339), such as 2026-12-24T14:02:11Z
    #[arg(long = "at", value_name = "TIME", conflicts_with = "delay_s")]
    pub(super) run_at: Option<String>,
    /// Start it after this time, such as 90s, 30m, 2h, 1d12h; a number alone is seconds
    #[arg(long = "in", value_name = "DURATION", value_parser = seconds)]
    pub(super) delay_s: Option<i64>,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    pub(super) follow: bool,
    /// With --follow: print what is finished as it grows, to standard error
    #[arg(long, requires = "follow", conflicts_with = "file")]
    pub(super) preview: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct RerunArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    /// Input field to change; see `milepost run --help`
    #[arg(long = "input", short, value_name = "KEY=VALUE")]
    pub(super) inputs: Vec<Input>,
    /// Follow it to its end; Ctrl-C cancels it
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    /// Follow it to its end; Ctrl-C stops following, the task continues
    #[arg(long, short)]
    pub(super) follow: bool,
    /// With --follow: print what is finished of a task as it grows, to standard error
    #[arg(long, requires = "follow")]
    pub(super) preview: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct WaitArgs {
    /// IDs of the tasks or batches
    #[arg(required = true)]
    pub(super) ids: Vec<TaskId>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct LogArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// Print new lines until the task has ended
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only tasks with this status
    #[arg(long)]
    pub(super) status: Option<String>,
    /// Only tasks of this kind
    #[arg(long)]
    pub(super) kind: Option<String>,
    /// Only tasks whose title contains this text, in any case
    #[arg(long, short, value_name = "TEXT")]
    pub(super) search: Option<String>,
    /// Only tasks with this tag
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Option<String>,
    /// Maximum number of tasks
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct TaskOrBatchArgs {
    /// ID of the task or the batch
    pub(super) id: TaskId,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct PauseArgs {
    /// Kind of task
    #[arg(required_unless_present = "worker", conflicts_with = "worker")]
    pub(super) kind: Option<String>,
    /// Name of the workers, instead of a kind
    #[arg(long, value_name = "NAME")]
    pub(super) worker: Option<String>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct TagArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// The tags, in place of all that the task has; none removes them
    pub(super) tags: Vec<String>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct NoteArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// The note, in place of the one that the task has; without it, that is removed
    pub(super) note: Option<String>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct TaskArgs {
    /// ID of the task
    pub(super) id: TaskId,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct DeleteArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// Also if it has not ended: it is stopped
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(Args, Debug)]
pub(super) struct ResultArgs {
    /// ID of the task
    pub(super) id: TaskId,
    /// Download this file instead of the result; `milepost files` lists the names
    #[arg(long, value_name = "NAME")]
    pub(super) file: Option<String>,
    /// Write to this file instead of standard output, which is `-`
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// Reads a duration such as `90`, `90s`, `30m`, `2h`, `1d12h`, in seconds.
fn seconds(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(seconds.into());
    }
    let wrong = || format!("\"{text}\" is no duration; it looks like 90s, 30m, 2h or 1d12h");
    let (mut seconds, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit_on) = rest.split_at(digits);
        let number: i64 = number.parse::<u32>().map_err(|_| wrong())?.into();
        let unit = unit_on.chars().next().ok_or_else(wrong)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        seconds = seconds.saturating_add(number.saturating_mul(factor));
        rest = unit_on[unit.len_utf8()..].trim_start();
    }
    if text.is_empty() { Err(wrong()) } else { Ok(seconds) }
}

/// Maximum length of a key to which each batch adds the numbers of its lines. Servers take 255 bytes by default
/// (`engine.max_idempotency_key_bytes`).
const MAX_BATCH_KEY_BYTES: usize = 200;

fn batch_key(key: &str) -> Result<String, String> {
    let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible && (1..=MAX_BATCH_KEY_BYTES).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    let bytes = key.len();
    Err(format!(
        "a key has 1 to {MAX_BATCH_KEY_BYTES} visible ASCII characters; this one has {bytes} bytes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_in_its_units_and_nothing_else_is() {
        for (text, expected) in [
            ("90", 90),
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("1d12h", 129_600),
            ("1h 30m", 5_400),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "1.5h", "h", "2w", "2hours", "99999999999s", "1hä", "ä"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_of_a_batch_leaves_room_for_the_numbers_of_its_lines() {
        let longest = "k".repeat(MAX_BATCH_KEY_BYTES);
        assert!(batch_key("k").is_ok() && batch_key(&longest).is_ok());
        let lines = format!("/{0}-{0}", usize::MAX);
        assert!(longest.len() + lines.len() <= 255, "what a server takes by default");
        for wrong in ["", "a b", "ä", &"k".repeat(MAX_BATCH_KEY_BYTES + 1)] {
            assert!(batch_key(wrong).is_err(), "{wrong}");
        }
    }
}
