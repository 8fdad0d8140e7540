//! The real binary, started as an operator and a user start it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a test that this machine cannot run says why")]

mod audit;
mod backup;
mod batches;
mod bodies;
mod client;
mod commands;
mod config;
mod connections;
mod dataset;
mod disks;
mod drain;
mod files;
mod fixture;
mod hosts;
mod markup;
mod past;
mod postgres;
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
mod progress;
mod rates;
mod raw;
mod s3;
mod serve;
mod server_fns;
mod simple;
mod site;
mod story;
mod totals;
