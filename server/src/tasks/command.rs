//! Commands that operators declare, as tasks.

pub mod progress;
