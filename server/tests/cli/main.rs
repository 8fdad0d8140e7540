//! The real binary, started as an operator and a user start it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a test that this machine cannot run says why")]

mod admin;
mod audit;
mod backup;
mod batches;
mod behind;
mod bodies;
mod check;
mod client;
mod commands;
mod config;
mod connections;
mod dataset;
mod disks;
mod drain;
mod failover;
mod files;
mod fixture;
mod heads;
mod hosts;
mod labels;
mod markup;
mod past;
mod people;
#[path = "../../../tests/support/pgbouncer.rs"]
mod pgbouncer;
mod pooler;
mod postgres;
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
mod progress;
mod proxies;
mod rates;
mod raw;
mod s3;
mod serve;
mod server_fns;
mod simple;
mod site;
mod story;
mod totals;
mod traces;
mod upgrade;
mod users;
