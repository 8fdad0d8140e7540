//! The server `milepost`: command line, configuration, start-up and the built-in tasks.

pub mod config;
pub mod tasks;
pub mod viewers;
