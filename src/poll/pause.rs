//! Pauses: without long polls, and after a failure.

/// A random number in 0..=1, whatever the driver's source returns.
pub(super) fn unit(random: &mut dyn FnMut() -> f64) -> f64 {
    let number = random();
    if number.is_nan() { 0.5 } else { number.clamp(0.0, 1.0) }
}

/// The pause without long polls for a task that has run `elapsed_ms`: it grows with the square root
/// of the age, which distributes requests evenly over the probable time of the end, and is
/// shortened near the estimated end. `unit` in 0..=1.
pub(crate) fn gap_ms(elapsed_ms: i64, eta_ms: Option<i64>, unit: f64) -> u64 {
    let seconds = (elapsed_ms.max(0) as f64 / 1_000.0).max(1.0);
    let gap = (0.8 * seconds.sqrt()).clamp(0.5, 5.0) * (0.9 + 0.2 * unit) * 1_000.0;
    match eta_ms {
        Some(eta @ 0..) if (eta as f64) <= gap => (eta as u64 + 30).max(500),
        _ => gap as u64,
    }
}

/// Full jitter before the retry after failure number `failures` (from 1): up to 2^failures seconds,
/// and up to `spread_ms` if the lost server asked for that, so that clients that lost it together
/// do not return together.
pub(super) fn jitter_ms(
    failures: u32,
    spread_ms: u64,
    floor_ms: u64,
    longest_ms: u64,
    unit: f64,
) -> u64 {
    let most = longest_ms.min((1_000 << failures.min(20)).max(spread_ms));
    ((unit * most as f64) as u64).max(floor_ms)
}

/// The pause after the first waiting request that was cut: half a second plus up to another half,
/// or up to `spread_ms` in total.
pub(super) fn after_cut_ms(spread_ms: u64, unit: f64) -> u64 {
    const LEAST: u64 = 500;
    let most = spread_ms.max(2 * LEAST) - LEAST;
    LEAST + (unit * most as f64) as u64
}

/// Converts a duration from a response; anything but a positive number means no pause.
pub(super) fn told_pause_ms(poll_after_ms: f64, longest_ms: u64) -> u64 {
    // The cast saturates: NaN and negative numbers become 0.
    (poll_after_ms as u64).min(longest_ms)
}
