//! The contract of the HTTP API: every call, every error body, checked against the OpenAPI document
//! that the server serves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod audit;
mod batches;
mod bodies;
mod delete_data;
mod errors;
mod expiry;
mod export;
mod files;
mod fixture;
mod health;
mod labels;
mod long_poll;
mod metrics;
mod nested;
mod oidc;
mod openapi;
mod own_calls;
mod preview;
mod session;
mod shares;
mod sign_in;
mod take_over;
mod tasks;
mod tokens;
mod viewers;
