//! Random ids; knowing the id of an anonymous task grants access to it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use uuid::Uuid;

/// Defines a UUID type.
macro_rules! id {
    ($(#[$about:meta])* $name:ident, $(#[$about_error:meta])* $error:ident, $what:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an existing UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the UUID.
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

            /// Parses the hyphenated form only, so that each id has one spelling.
            fn from_str(text: &str) -> Result<Self, $error> {
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err($error);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| $error)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                String::deserialize(text)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

id! {
    /// Identifies one task; never reused. 122 random bits as a hyphenated UUID.
    TaskId,
    /// The text is not a task id.
    InvalidTaskId,
    "a task id"
}

id! {
    /// Identifies a batch, as long as one of its tasks is retained.
    BatchId,
    /// The text is not a batch id.
    InvalidBatchId,
    "a batch id"
}

id! {
    /// Identifies one upload. 122 random bits as a hyphenated UUID.
    UploadId,
    /// The text is not an upload id.
    InvalidUploadId,
    "the id of an upload"
}
