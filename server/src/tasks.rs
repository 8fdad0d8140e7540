//! The built-in kinds of task. Nothing outside this module knows them by name.

pub mod command;
pub mod dataset;
pub mod story;
