//! The machine under a fake clock, with a seeded source of randomness, no timers and no network.
//! The numbers are those of the list of rules that the machine is tested for.

mod browser;
mod errors;
mod harness;
mod holding;
mod never_backwards;
mod pace;
mod policies;
mod properties;
mod retry_after;
mod start_and_stop;
mod view;
