//! Structs whose fields are public and may become more.

/// Lets other crates change a value that may get further fields.
macro_rules! with {
    ($type:ident) => {
        impl $type {
            /// Returns this value, changed: `value.with(|value| value.… = …)`.
            #[must_use]
            pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
                change(&mut self);
                self
            }
        }
    };
}

pub(crate) use with;
