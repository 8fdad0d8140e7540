//! Components for tasks. They take signals and callbacks and fetch nothing, except [`run_task`].

pub mod bar;
pub mod cancel_button;
pub mod facts;
pub mod freshness;
pub mod live_region;
pub mod outcome;
pub mod poll_panel;
mod reads;
pub mod resumed_note;
pub mod run_task;
pub mod status_badge;
pub mod step_text;

pub use bar::{Bar, MiniBar, StageLabels};
pub use cancel_button::{CancelButton, CancelNote};
pub use facts::{Facts, Times};
pub use freshness::{FreshnessNote, FreshnessText, WatchButton};
pub use live_region::LiveRegion;
pub use outcome::{ErrorCard, RESULT_ELEMENT, ResultCard};
pub use poll_panel::PollPanel;
pub use resumed_note::ResumedNote;
pub use run_task::{RunTask, Starter};
pub use status_badge::StatusBadge;
pub use step_text::{Percent, StepText};
