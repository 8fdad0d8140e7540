//! The conformance suite over each store.

mod conformance;
mod fixture;
mod sqlite;
