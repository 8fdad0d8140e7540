//! Leptos glue.
