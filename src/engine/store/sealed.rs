//! Keeps the traits of the store from being implemented elsewhere.

/// Only this crate (and its tests, by the feature `testing`) can name it.
pub trait Sealed {}
