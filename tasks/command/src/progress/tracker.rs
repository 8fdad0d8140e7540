//! Progress so far, and the signals that follow from new reports.

use super::{
    Mask, Signal,
    escape::plain,
    pattern::Seen,
    whole::{Estimate, Report, Whole},
};

/// Begins the key of a bar without a name. No name has it: it is a control character.
const UNNAMED: char = '\u{1}';

/// See the module.
pub(super) struct Tracker {
    stages: Vec<String>,
    stage: Option<usize>,
    /// Highest fraction of each stage in this pass.
    stage_best: Vec<f64>,
    /// Number of the pass through the stages, from 1; a program may go through them repeatedly.
    pass: u32,
    /// What the program calls this pass.
    pass_name: String,
    total: Option<f64>,
    /// Whether the operator declared the total, which then takes precedence over the output.
    declared: bool,
    message: Option<String>,
    message_chars: usize,
    mask: Mask,
    /// Last fraction sent in this stage.
    fraction: Option<f64>,
    /// Whether the last signals left the progress of the whole known.
    known: bool,
    whole: Whole,
    /// Whether the total still grows.
    unsure: bool,
}

/// Reference to a stage.
pub(super) enum StageRef<'a> {
    Name(&'a str),
    /// From 1.
    Number(u64),
}

/// Position of a stage relative to the current one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StageEntry {
    /// It is, or has become, the current stage.
    Present,
    /// It is over: stages never go back.
    Behind,
    /// The stage does not exist.
    Nowhere,
}

impl Tracker {
    pub(super) fn new(message_chars: usize) -> Self {
        Self {
            stages: Vec::new(),
            stage: None,
            stage_best: Vec::new(),
            pass: 1,
            pass_name: String::new(),
            total: None,
            declared: false,
            message: None,
            message_chars,
            mask: Mask::default(),
            fraction: None,
            known: false,
            whole: Whole::default(),
            unsure: false,
        }
    }

    pub(super) fn set_stages(&mut self, stages: Vec<String>) {
        self.stage_best = vec![0.0; stages.len()];
        self.stages = stages;
    }

    pub(super) fn set_mask(&mut self, mask: Mask) {
        self.mask = mask;
    }

    /// The text in one line, without escape sequences and secrets, and truncated.
    pub(super) fn shown(&self, text: &str, max_chars: usize) -> String {
        // A line may end inside a secret.
        one_line(&self.mask.hide_cut(&plain(text)), max_chars)
    }

    pub(super) fn stages(&self) -> &[String] {
        &self.stages
    }

    /// Sets a total that the operator declared.
    pub(super) fn declare_total(&mut self, total: f64) {
        self.set_total(total);
        self.declared |= self.total.is_some();
    }

    /// Sets a total that the command reported on its channel.
    pub(super) fn set_total(&mut self, total: f64) {
        if total.is_finite() && total > 0.0 {
            self.total = Some(total);
        }
    }

    /// Processes the matches in one piece of output.
    pub(super) fn see(&mut self, seen: Seen, out: &mut Vec<Signal>) {
        if let Some(sure) = seen.sure {
            self.unsure = !sure;
        }
        if let Some(name) = &seen.part {
            self.begin_part(name, &seen, out);
        }
        if let Some(total) = seen.total.filter(|_| !self.declared) {
            let before = self.total.filter(|_| seen.largest).unwrap_or(0.0);
            self.set_total(total.max(before));
        }
        let report = self.read(&seen).filter(|_| !self.unsure);
        let entry = match &seen.stage {
            Some(name) => self.come_to(name, report.as_ref(), out),
            None => StageEntry::Present,
        };
        let report = report.filter(|_| entry == StageEntry::Present);
        let estimate = report.as_ref().map(|report| self.whole.report(report));
        self.tell_fraction(estimate, out);
        let known =
            matches!(estimate, Some(Estimate::Whole(_) | Estimate::Part(_) | Estimate::Inner(_)));
        let message = seen.message.or_else(|| seen.instead.filter(|_| !known));
        let inner = seen.bar.as_deref().filter(|_| matches!(estimate, Some(Estimate::Inner(_))));
        let within = match estimate {
            Some(Estimate::Part(fraction) | Estimate::Inner(fraction)) => Some(fraction),
            Some(Estimate::Whole(fraction)) if self.pass > 1 => Some(fraction),
            Some(Estimate::Whole(_)) if self.whole.part().of.is_some() => self.whole.best(),
            _ => seen.item,
        };
        let tells = message.is_some() || within.is_some() || seen.part.is_some();
        if tells && entry != StageEntry::Behind {
            self.say_where(within, inner, message.as_deref(), out);
        }
    }

    /// The fraction that a piece of output reports, if any.
    fn read(&self, seen: &Seen) -> Option<Report> {
        let count = match (seen.done, seen.left) {
            (Some(done), _) => self.total.map(|total| (done, total)),
            // What is left is counted in the program's own unit.
            (None, Some(left)) => seen.total.or(self.total).map(|total| (total - left, total)),
            (None, None) => None,
        };
        let of_total =
            |(done, total): (f64, f64)| if total > 0.0 { done / total } else { f64::NAN };
        let counted = count.map(of_total);
        let fraction =
            if self.declared { counted.or(seen.fraction) } else { seen.fraction.or(counted) };
        let fraction = fraction?;
        let fits = fraction.is_finite() && fraction >= 0.0;
        // Bars without a name are distinguished by their totals.
        let bar = seen.bar.as_ref().map(|name| match (name.is_empty(), seen.total) {
            (true, Some(total)) => format!("{UNNAMED}{total}"),
            _ => name.clone(),
        });
        fits.then_some(Report { fraction, count, bar, sum: seen.sum })
    }

    /// A program named a part that begins.
    fn begin_part(&mut self, name: &str, seen: &Seen, out: &mut Vec<Signal>) {
        let name = self.shown(name, self.message_chars / 2);
        self.whole.begin(&name, seen.part_number, seen.parts);
        if self.whole.is_open() {
            self.tell_unknown(out);
        }
    }

    /// Another pass through the stages: the progress of the whole is no longer known.
    fn begin_pass(&mut self, out: &mut Vec<Signal>) {
        self.pass = self.pass.saturating_add(1);
        let named = self.whole.best().is_none();
        self.pass_name = self.whole.part().name.clone();
        if !named {
            self.pass_name.clear();
        }
        self.stage = None;
        self.stage_best.fill(0.0);
        self.whole = Whole::default();
        self.tell_unknown(out);
    }

    /// Enters the stage of a report. A stage that restarts after it was complete, or from 0,
    /// begins another pass.
    fn come_to(
        &mut self,
        name: &str,
        report: Option<&Report>,
        out: &mut Vec<Signal>,
    ) -> StageEntry {
        let Some(index) = self.index(&StageRef::Name(name)) else { return StageEntry::Nowhere };
        let begins_again = self.stage.is_some_and(|present| index < present)
            && report.is_some_and(|report| {
                let best = self.stage_best.get(index).copied().unwrap_or(0.0);
                report.fraction < 0.5 && (best >= 0.995 || (best > 0.1 && report.fraction <= 0.05))
            });
        if begins_again {
            self.begin_pass(out);
        }
        let entry = self.enter(&StageRef::Name(name), out);
        if let (StageEntry::Present, Some(report)) = (entry, report)
            && let Some(best) = self.stage_best.get_mut(index)
        {
            *best = best.max(report.fraction);
        }
        entry
    }

    fn tell_fraction(&mut self, estimate: Option<Estimate>, out: &mut Vec<Signal>) {
        match estimate {
            Some(Estimate::Whole(fraction)) if self.pass == 1 => {
                self.move_to(fraction, out);
            }
            Some(Estimate::Part(_) | Estimate::Beyond) => self.tell_unknown(out),
            Some(Estimate::Whole(_) | Estimate::Inner(_)) | None => {}
        }
    }

    fn tell_unknown(&mut self, out: &mut Vec<Signal>) {
        self.fraction = None;
        if std::mem::take(&mut self.known) {
            out.push(Signal::Unknown);
        }
    }

    /// Reports the message together with what the bar cannot show: `part 2: Receiving objects, 45
    /// %`.
    fn say_where(
        &mut self,
        within: Option<f64>,
        inner: Option<&str>,
        message: Option<&str>,
        out: &mut Vec<Signal>,
    ) {
        let part = self.whole.part();
        let (number, name) = match self.pass {
            1 => (part.number, &part.name),
            pass => (pass, &self.pass_name),
        };
        let mut text = String::new();
        if number > 1 || part.of.is_some() {
            text.push_str("part ");
            text.push_str(&number.to_string());
            if let Some(of) = part.of.filter(|_| self.pass == 1) {
                text.push_str(&format!(" of {of}"));
            }
            if !name.is_empty() && !name.starts_with(UNNAMED) {
                text.push_str(&format!(" ({})", self.shown(name, self.message_chars / 2)));
            }
            if let Some(stage) = self.stage.filter(|_| self.pass > 1) {
                text.push_str(": ");
                text.push_str(self.stages.get(stage).map_or("", String::as_str));
            }
        }
        let percent = within.map(|within| format!("{} %", (within * 100.0 + 1e-9).floor()));
        let inner = inner.map(|name| if name.is_empty() { "inner bar" } else { name }.to_owned());
        for piece in [inner, percent].into_iter().flatten() {
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(&piece);
        }
        if let Some(message) = message {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(message);
        }
        self.say(&text, out);
    }

    /// Processes counts of the channel, which may arrive separately.
    pub(super) fn counted(&mut self, done: Option<f64>, out: &mut Vec<Signal>) {
        if let (Some(done), Some(total)) = (done, self.total) {
            self.move_to(done / total, out);
        }
    }

    /// Reports a fraction; false if it is invalid.
    pub(super) fn move_to(&mut self, fraction: f64, out: &mut Vec<Signal>) -> bool {
        if !fraction.is_finite() || fraction < 0.0 {
            return false;
        }
        let fraction = fraction.min(1.0);
        if self.fraction != Some(fraction) {
            self.fraction = Some(fraction);
            self.known = true;
            out.push(Signal::Fraction(fraction));
        }
        true
    }

    /// Enters a stage, unless it is an earlier one.
    pub(super) fn enter(&mut self, stage: &StageRef<'_>, out: &mut Vec<Signal>) -> StageEntry {
        let Some(index) = self.index(stage) else { return StageEntry::Nowhere };
        match self.stage {
            Some(present) if index < present => return StageEntry::Behind,
            Some(present) if index == present => return StageEntry::Present,
            _ => {}
        }
        self.stage = Some(index);
        self.fraction = None;
        // Messages belong to a stage and end with it.
        self.message = None;
        self.whole = Whole::default();
        if self.pass == 1 {
            self.known = true;
            out.push(Signal::Stage(index));
        }
        StageEntry::Present
    }

    fn index(&self, stage: &StageRef<'_>) -> Option<usize> {
        match *stage {
            StageRef::Name(name) => {
                let same =
                    |stage: &String| stage.trim().to_lowercase() == name.trim().to_lowercase();
                self.stages.iter().position(same)
            }
            StageRef::Number(number) => {
                let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
                index.filter(|index| *index < self.stages.len())
            }
        }
    }

    /// Reports a message, unless it is unchanged.
    pub(super) fn say(&mut self, text: &str, out: &mut Vec<Signal>) {
        let text = self.shown(text, self.message_chars);
        if !text.is_empty() && self.message.as_ref() != Some(&text) {
            self.message = Some(text.clone());
            out.push(Signal::Message(text));
        }
    }

    pub(super) fn keep(&self, text: &str, out: &mut Vec<Signal>) {
        let text = self.shown(text, self.message_chars);
        if !text.is_empty() {
            out.push(Signal::Preserved(text));
        }
    }
}

/// Removes control characters and surrounding blanks, and truncates.
pub(super) fn one_line(text: &str, max_chars: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut plain: String = plain.skip_while(|c| c.is_whitespace()).take(max_chars + 1).collect();
    if let Some((end, _)) = plain.char_indices().nth(max_chars) {
        plain.truncate(end);
        plain.push('…');
    }
    plain.truncate(plain.trim_end().len());
    plain
}
