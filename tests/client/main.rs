//! The client against the real router, over TCP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod errors;
mod fixture;
mod follow;
