//! When to ask again: the pure polling machine.
