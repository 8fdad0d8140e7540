//! The conformance suite over each store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ends;
mod fair;
mod memory;
mod migrations;
mod oldest;
#[path = "../support/pgbouncer.rs"]
mod pgbouncer;
mod plans;
mod pooler;
mod postgres;
#[path = "../support/postgres.rs"]
mod postgres_server;
mod roles;
#[expect(dead_code, reason = "what is counted is what falls silent here")]
#[path = "../support/silent.rs"]
mod silent;
mod sqlite;

use milepost::testing::conformance as fixture;
