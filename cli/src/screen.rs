//! Display of a followed task on standard error: a bar on a terminal, otherwise one line per
//! change.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use milepost::{
    poll::{Freshness, TaskView},
    task::Snapshot,
};

use super::show;

/// Length of the bar in tenths of a percent.
const LENGTH: u64 = 1000;

/// Display of the followed tasks.
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    last_line: String,
    /// Resume note shown last.
    resumed: Option<String>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
            // An invalid template falls back to the default bar.
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {prefix}\n{wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, last_line: String::new(), resumed: None }
    }

    /// Whether there is a bar, which can move between two responses.
    pub(super) const fn is_live(&self) -> bool {
        self.bar.is_some()
    }

    pub(super) fn draw(&mut self, view: &TaskView<'_>) {
        let Some(snapshot) = view.snapshot else { return };
        let resumed = show::resumed(snapshot);
        if resumed != self.resumed {
            resumed.iter().for_each(|resumed| self.say(resumed));
            self.resumed = resumed;
        }
        if super::is_over(snapshot) {
            return;
        }
        match &self.bar {
            Some(bar) => {
                if let Some(percent) = view.bar {
                    bar.set_position((percent.clamp(0.0, 100.0) * 10.0) as u64);
                }
                bar.set_prefix(percent(view));
                bar.set_message(text(view, snapshot, true));
            }
            None => {
                let line = format!("{:>5}  {}", percent(view), text(view, snapshot, false));
                if line != self.last_line {
                    write(&line);
                    self.last_line = line;
                }
            }
        }
    }

    /// Draws several tasks as one bar.
    pub(super) fn draw_all(&mut self, all: f64, mut text: String, freshness: Freshness) {
        if let Some(worry) = worry(freshness) {
            text = format!("{text} · {worry}");
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position((all.clamp(0.0, 100.0) * 10.0) as u64);
                bar.set_prefix(format!("{:.0} %", all.floor()));
                bar.set_message(text);
            }
            None if text != self.last_line => {
                write(&text);
                self.last_line = text;
            }
            None => {}
        }
    }

    /// Prints a message without disturbing the bar.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write(text)),
            None => write(text),
        }
    }

    pub(super) fn finish(&self, text: &str) {
        self.clear();
        write(text);
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn write(line: &str) {
    // Ignore write errors; following continues.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn percent(view: &TaskView<'_>) -> String {
    // Round down, so that 100 % appears only at the end.
    view.bar.map_or_else(|| "-".to_owned(), |bar| format!("{:.0} %", bar.floor()))
}

fn text(view: &TaskView<'_>, snapshot: &Snapshot, with_times: bool) -> String {
    let status = view.status.unwrap_or(snapshot.status);
    let mut parts = vec![match show::step(snapshot) {
        Some(step) if status == milepost::task::Status::Running => step,
        Some(step) => format!("{status}; {step}"),
        None => status.to_string(),
    }];
    parts.extend(snapshot.message.as_deref().map(show::printable));
    parts.extend(worry(view.freshness).map(str::to_owned));
    if with_times {
        parts.extend(view.elapsed_ms.map(show::duration));
        let eta_ms = view.eta_ms.filter(|eta_ms| *eta_ms >= 1_000);
        parts.extend(eta_ms.map(|eta_ms| format!("about {} left", show::duration(eta_ms))));
    }
    parts.join(" · ")
}

const fn worry(freshness: Freshness) -> Option<&'static str> {
    match freshness {
        Freshness::Fresh | Freshness::Woken => None,
        Freshness::Silent => Some("its worker is alive, but nothing has moved for a while"),
        Freshness::LostWorker => Some("its worker has not been heard of"),
        Freshness::Unreachable => Some("the server does not answer; trying again"),
        Freshness::Offline => Some("offline"),
    }
}
