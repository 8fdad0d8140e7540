//! A crate of its own, because the tests of `milepost` need crates that WebAssembly does not have.
//! See `tests/`.
