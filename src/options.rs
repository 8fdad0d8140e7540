//! What all types of options have in common.

/// Lets other crates change options that may get further fields.
macro_rules! options {
    ($options:ident) => {
        impl $options {
            /// Returns these options, changed:
            #[doc = concat!("`", stringify!($options), "::default().with(|options| options.… = …)`.")]
            #[must_use]
            pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
                change(&mut self);
                self
            }
        }
    };
}

pub(crate) use options;
