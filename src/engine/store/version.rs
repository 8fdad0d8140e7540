//! The versions of a task. A change made by the store (a claim, a cancel, an end) starts a new
//! generation, the high bits; changes reported by a run count up the bits below. So any version
//! reported before a crash is smaller than every version after it.

/// The number of bits below the generation, also in statements.
macro_rules! generation_shift {
    () => {
        20
    };
}

/// SQL of a version in the generation that is `$more` after the row's.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
macro_rules! later_generation {
    ($more:literal) => {
        concat!(
            "version = ((version >> ",
            $crate::engine::store::version::generation_shift!(),
            ") + ",
            $more,
            ") << ",
            $crate::engine::store::version::generation_shift!()
        )
    };
}

/// SQL of the version of a new task.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
macro_rules! first_version {
    () => {
        concat!("1 << ", $crate::engine::store::version::generation_shift!())
    };
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(in crate::engine::store) use generation_shift;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(in crate::engine::store) use {first_version, later_generation};

/// Number of bits of a version below its generation.
pub const GENERATION_SHIFT: u32 = generation_shift!();
/// The version of a new task.
pub(in crate::engine) const FIRST_VERSION: i64 = 1 << GENERATION_SHIFT;

/// The generation of a version.
pub(in crate::engine) const fn generation(version: i64) -> i64 {
    version >> GENERATION_SHIFT
}

/// The greatest version of the same generation.
pub(in crate::engine) const fn last_of_generation(version: i64) -> i64 {
    version | ((1 << GENERATION_SHIFT) - 1)
}
