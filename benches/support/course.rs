//! How long the simulated tasks take and how they progress: five shapes, three laws, all by seed.

/// Pieces of a task's time in which its speed is the same.
const PIECES: usize = 64;
/// Stages of a task that reports nothing else.
pub(crate) const STAGES: u32 = 5;

/// A small generator whose numbers are the same everywhere: SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Exponential with mean 1.
    fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// How a task's reports rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Linear,
    /// The speed of each piece of time is exponential.
    Noisy,
    /// Four times it stands still, for 40 % of its time in all.
    Stalling,
    /// It enters stages of equal weight and of any length, and reports nothing within them.
    StagesOnly,
    /// It reports nothing at all.
    None,
}

impl Shape {
    pub(crate) const ALL: [Self; 5] =
        [Self::Linear, Self::Noisy, Self::Stalling, Self::StagesOnly, Self::None];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Noisy => "noisy",
            Self::Stalling => "stalling",
            Self::StagesOnly => "stages only",
            Self::None => "none",
        }
    }
}

/// What a task says besides its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chatter {
    Silent,
    /// Another message each second.
    Messages,
    /// Twenty log lines each second.
    Log,
}

impl Chatter {
    pub(crate) const ALL: [Self; 3] = [Self::Silent, Self::Messages, Self::Log];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Messages => "a message each second",
            Self::Log => "20 log lines a second",
        }
    }

    /// The time between two reports in which it says something new, in milliseconds; `None`: never.
    pub(crate) const fn every_ms(self) -> Option<u64> {
        match self {
            Self::Silent => None,
            Self::Messages => Some(1_000),
            Self::Log => Some(REPORT_MS),
        }
    }
}

/// How often tasks report, in milliseconds.
pub(crate) const REPORT_MS: u64 = 100;

/// How long tasks take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// Uniform in 1..60 s.
    Uniform,
    /// Lognormal about a minute, cut at 1 s and at 1 h.
    Lognormal,
    /// One half 2 s, the other 10 min, each within a tenth.
    TwoKinds,
}

impl Law {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform 1-60 s",
            Self::Lognormal => "lognormal to 1 h",
            Self::TwoKinds => "2 s or 10 min",
        }
    }

    fn duration_s(self, random: &mut Random) -> f64 {
        match self {
            Self::Uniform => random.between(1.0, 60.0),
            Self::Lognormal => (60.0 * (1.3 * random.normal()).exp()).clamp(1.0, 3_600.0),
            Self::TwoKinds => {
                let middle = if random.unit() < 0.5 { 2.0 } else { 600.0 };
                middle * random.between(0.9, 1.1)
            }
        }
    }
}

/// One task: how long it takes and where it stands when.
pub(crate) struct Course {
    pub(crate) shape: Shape,
    pub(crate) chatter: Chatter,
    pub(crate) duration_ms: u64,
    /// Progress at the end of each piece of time; for stages, when each of them ends.
    marks: Vec<f64>,
}

impl Course {
    pub(crate) fn new(shape: Shape, chatter: Chatter, law: Law, random: &mut Random) -> Self {
        let duration_ms = (law.duration_s(random) * 1_000.0) as u64;
        let speeds: Vec<f64> = match shape {
            Shape::Linear | Shape::None => vec![1.0],
            Shape::Noisy => (0..PIECES).map(|_| random.exponential()).collect(),
            Shape::Stalling => stalls(random),
            Shape::StagesOnly => (0..STAGES).map(|_| random.between(0.2, 2.0)).collect(),
        };
        let all: f64 = speeds.iter().sum();
        let mut sum = 0.0;
        let add = |speed| {
            sum += speed;
            sum / all
        };
        Self { shape, chatter, duration_ms, marks: speeds.into_iter().map(add).collect() }
    }

    /// The stage at this time of the run, from 0.
    pub(crate) fn stage(&self, at_ms: u64) -> u32 {
        if self.shape != Shape::StagesOnly {
            return 0;
        }
        let share = at_ms as f64 / self.duration_ms as f64;
        let over = self.marks.partition_point(|end| *end <= share);
        u32::try_from(over).map_or(STAGES - 1, |over| over.min(STAGES - 1))
    }

    /// What the task has reported by this time of the run, 0..=1; `None` = it cannot tell.
    pub(crate) fn progress(&self, at_ms: u64) -> Option<f64> {
        match self.shape {
            Shape::None => return None,
            Shape::StagesOnly => return Some(f64::from(self.stage(at_ms)) / f64::from(STAGES)),
            _ => {}
        }
        let share = (at_ms as f64 / self.duration_ms as f64).min(1.0) * self.marks.len() as f64;
        let piece = (share as usize).min(self.marks.len() - 1);
        let begin = if piece == 0 { 0.0 } else { self.marks[piece - 1] };
        Some(begin + (self.marks[piece] - begin) * (share - piece as f64))
    }
}

/// Speeds of a task that stands still once in each quarter of its time.
fn stalls(random: &mut Random) -> Vec<f64> {
    let (quarter, still) = (PIECES / 4, PIECES / 10);
    let mut speeds = vec![1.0; PIECES];
    for begin in (0..PIECES).step_by(quarter) {
        let from = begin + random.between(0.0, (quarter - still) as f64) as usize;
        speeds[from..from + still].fill(0.0);
    }
    speeds
}
