//! The contract of the HTTP API: every call, every error body, checked against the OpenAPI document
//! that the server serves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batches;
mod bodies;
mod errors;
mod expiry;
mod files;
mod fixture;
mod health;
mod long_poll;
mod nested;
mod openapi;
mod own_calls;
mod session;
mod tasks;
