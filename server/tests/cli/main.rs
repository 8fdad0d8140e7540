//! The real binary, started as an operator and a user start it.

mod client;
mod config;
mod fixture;
mod serve;
mod story;
