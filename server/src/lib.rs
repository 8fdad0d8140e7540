//! The server `milepost`: command line, configurationand start-up.

pub mod cli;
pub mod config;
pub mod process;
pub mod serve;
mod simple;
mod telemetry;
pub mod viewers;
