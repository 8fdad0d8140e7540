//! The conformance suite over each store.

#[path = "store/conformance.rs"]
mod conformance;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/sqlite.rs"]
mod sqlite;
