//! The server `milepost`: command line, configuration, start-up and the built-in tasks.

pub mod cli;
pub mod client;
pub mod config;
mod html;
pub mod process;
pub mod progress_test;
pub mod secrets;
pub mod serve;
mod signals;
pub mod tasks;
pub mod viewers;
