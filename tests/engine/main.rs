//! The engine over a real store, with tasks that do what the test says.

mod fixture;
mod lifecycle;
mod recovery;
mod service;
