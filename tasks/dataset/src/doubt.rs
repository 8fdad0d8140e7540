//! What is uncertain about the values of a column.

/// What is uncertain about a verdict.
pub(super) struct Doubt {
    /// Code of the warning.
    pub(super) code: &'static str,
    /// What the warning says of the values.
    pub(super) text: String,
    /// The values that it is about.
    pub(super) about: About,
}

/// Values that a doubt is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About {
    All,
    /// Those with a sign.
    Sign(char),
    /// Integers beyond 64 bits.
    Beyond,
}

impl About {
    /// Whether a value is one of them.
    pub(super) fn has(self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Sign(sign) => text.contains(sign),
            Self::Beyond => {
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_err()
            }
        }
    }
}

impl Doubt {
    /// A doubt about all values.
    pub(super) const fn of(code: &'static str, text: String) -> Self {
        Self { code, text, about: About::All }
    }

    /// The same about the values with a sign.
    pub(super) fn with(self, sign: Option<char>) -> Self {
        Self { about: sign.map_or(About::All, About::Sign), ..self }
    }
}
