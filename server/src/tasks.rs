//! The built-in kinds of tasks.

pub mod command;
pub mod dataset;
pub mod story;
