//! Names that a command may give: its own, those of parameters and of variables.

/// Maximum length of the names of kinds and parameters.
const MAX_NAME: usize = 40;

/// Rule for names of variables.
pub(super) const VARIABLE: &str = "names of variables have letters, digits and _; those that begin \
                                   with MILEPOST_ are this program's own";

/// Whether a command may set a variable of this name.
pub(super) fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with("MILEPOST_")
}

/// `[a-z][a-z0-9_]*`, and one more allowed character.
pub(super) fn is_name(name: &str, also: char) -> bool {
    let mut letters = name.chars();
    name.len() <= MAX_NAME
        && letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == also)
}
