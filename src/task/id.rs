//! Ids: random, so that knowing one is a capability.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A UUID with a meaning of its own.
macro_rules! id {
    ($(#[$about:meta])* $name:ident, $(#[$about_error:meta])* $error:ident, $what:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that somebody else made.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        $(#[$about_error])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $error;

        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($what, " is a UUID such as 4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55"))
            }
        }

        impl std::error::Error for $error {}

        impl FromStr for $name {
            type Err = $error;

            /// Reads the hyphenated form only: one thing has one spelling.
            fn from_str(text: &str) -> Result<Self, $error> {
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err($error);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| $error)
            }
        }
    };
}

id! {
    /// Names one task, for ever. 122 random bits in the usual UUID spelling.
    TaskId,
    /// The text is not a task id.
    InvalidTaskId,
    "a task id"
}

id! {
    /// Names tasks that were started together, for as long as one of them is kept.
    BatchId,
    /// The text is not a batch id.
    InvalidBatchId,
    "a batch id"
}
