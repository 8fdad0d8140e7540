//! Markers of missing values, such as `NA` and `\N`.
//!
//! Whether a marker means that a value is missing depends on its column: `NA` among numbers does,
//! `NA` among codes of countries is Namibia.

/// How sure it is that a marker means a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// In each column: what only programs write.
    Always,
    /// Among figures, and in texts where other columns of the file use it or its quotes differ.
    Figures,
    /// Among figures only: signs that are values elsewhere.
    Signs,
}

use Strength::{Always, Figures, Signs};

/// The markers; compared exactly, so that a name such as `Na` stays a name.
const MARKERS: [(&str, Strength); 95] = [
    ("N/A", Always),
    ("n/a", Always),
    ("#N/A", Always),
    ("#N/A N/A", Always),
    ("#NA", Always),
    ("<NA>", Always),
    ("NULL", Always),
    ("null", Always),
    ("(null)", Always),
    ("<null>", Always),
    ("[null]", Always),
    ("(NULL)", Always),
    ("<NULL>", Always),
    ("[NULL]", Always),
    ("\\N", Always),
    ("NaN", Always),
    ("nan", Always),
    ("-NaN", Always),
    ("-nan", Always),
    ("NaT", Always),
    ("1.#QNAN", Always),
    ("-1.#QNAN", Always),
    ("1.#IND", Always),
    ("-1.#IND", Always),
    ("#NULL!", Always),
    ("#DIV/0!", Always),
    ("#VALUE!", Always),
    ("#REF!", Always),
    ("#NAME?", Always),
    ("#NUM!", Always),
    ("#NV", Always),
    ("#WERT!", Always),
    ("#BEZUG!", Always),
    ("#ZAHL!", Always),
    ("#N/V", Always),
    ("#VALEUR!", Always),
    ("#NOMBRE!", Always),
    ("-nan(ind)", Always),
    ("nan(ind)", Always),
    ("-NaN(IND)", Always),
    ("NaN(IND)", Always),
    ("NA", Figures),
    ("None", Figures),
    ("none", Figures),
    ("NONE", Figures),
    ("Null", Figures),
    ("Nan", Figures),
    ("NAN", Figures),
    ("nil", Figures),
    ("n.a.", Figures),
    ("N.A.", Figures),
    ("n.a", Figures),
    ("na", Figures),
    ("n. a.", Figures),
    ("k.A.", Figures),
    ("k. A.", Figures),
    ("n.d.", Figures),
    ("N/D", Figures),
    ("ND", Figures),
    ("n/d", Figures),
    ("s/d", Figures),
    ("missing", Figures),
    ("N.D.", Figures),
    ("not available", Figures),
    ("Not available", Figures),
    ("unbekannt", Figures),
    ("Unbekannt", Figures),
    ("0000-00-00", Figures),
    ("0000-00-00 00:00:00", Figures),
    ("Inf", Figures),
    ("-Inf", Figures),
    ("inf", Figures),
    ("-inf", Figures),
    ("INF", Figures),
    ("-INF", Figures),
    ("Infinity", Figures),
    ("-Infinity", Figures),
    ("infinity", Figures),
    ("-infinity", Figures),
    ("-", Signs),
    ("--", Signs),
    ("---", Signs),
    ("\u{2013}", Signs),
    ("\u{2014}", Signs),
    (".", Signs),
    ("..", Signs),
    ("...", Signs),
    ("\u{2026}", Signs),
    (":", Signs),
    ("?", Signs),
    ("*", Signs),
    ("/", Signs),
    ("x", Signs),
    ("X", Signs),
    ("\u{2212}", Signs),
];
const MAX_BYTES: usize = 19;

/// Markers of missing values of a data set.
#[derive(Clone, Debug, Default)]
pub(super) struct Markers {
    /// Those that were given; they replace the usual ones and count in each column.
    given: Option<Vec<String>>,
}

/// Index of a marker.
pub(super) type Marker = u16;

impl Markers {
    /// Markers separated by commas, or the usual ones.
    pub(super) fn new(given: Option<&str>) -> Self {
        let split = |text: &str| {
            let markers = text.split(',').map(str::trim).filter(|marker| !marker.is_empty());
            markers.map(str::to_owned).take(usize::from(Marker::MAX)).collect()
        };
        Self { given: given.map(split) }
    }

    /// Whether they were given, so that numbers may be among them.
    pub(super) const fn are_given(&self) -> bool {
        self.given.is_some()
    }

    /// Finds a cell without surrounding blanks among the markers.
    pub(super) fn find(&self, text: &str) -> Option<Marker> {
        let index = match &self.given {
            Some(given) => {
                let exact = given.iter().position(|marker| marker == text);
                exact.or_else(|| {
                    let whole = whole(text);
                    let is_number = whole.ends_with(|char: char| char.is_ascii_digit());
                    is_number
                        .then(|| given.iter().position(|marker| self::whole(marker) == whole))?
                })?
            }
            None if text.len() > MAX_BYTES || !may_begin(text) => return None,
            None => MARKERS.iter().position(|(marker, _)| *marker == text)?,
        };
        Marker::try_from(index).ok()
    }

    /// Text of a marker.
    pub(super) fn text(&self, marker: Marker) -> &str {
        match &self.given {
            Some(given) => given.get(usize::from(marker)).map_or("", String::as_str),
            None => MARKERS.get(usize::from(marker)).map_or("", |(text, _)| text),
        }
    }

    /// How sure a marker is.
    pub(super) fn strength(&self, marker: Marker) -> Strength {
        match &self.given {
            Some(_) => Always,
            None => MARKERS.get(usize::from(marker)).map_or(Signs, |(_, strength)| *strength),
        }
    }
}

/// A number without decimals that are all zero: `-99` for `-99.0`.
fn whole(text: &str) -> &str {
    let Some((whole, zeros)) = text.split_once(['.', ',']) else { return text };
    // Three digits after a comma are thousands.
    let is_decimal = text.contains('.') || zeros.len() != 3;
    let are_zeros = !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0');
    let digits = whole.trim_start_matches(['-', '+']);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal && are_zeros && is_number { whole } else { text }
}

/// Whether a marker may begin like this text: a quick look before the list is searched.
fn may_begin(text: &str) -> bool {
    const BEGIN: [bool; 256] = {
        let mut begin = [false; 256];
        let mut at = 0;
        while at < MARKERS.len() {
            begin[MARKERS[at].0.as_bytes()[0] as usize] = true;
            at += 1;
        }
        begin
    };
    text.bytes().next().is_some_and(|byte| BEGIN[usize::from(byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_exactly() {
        let usual = Markers::new(None);
        for (text, strength) in [
            ("NA", Some(Figures)),
            ("\\N", Some(Always)),
            ("#DIV/0!", Some(Always)),
            ("..", Some(Signs)),
            ("Na", None),
            ("Nashville", None),
            ("", None),
            ("0", None),
        ] {
            assert_eq!(usual.find(text).map(|marker| usual.strength(marker)), strength, "{text:?}");
        }
        assert!(MARKERS.iter().all(|(text, _)| text.len() <= MAX_BYTES));
        for (index, (text, _)) in MARKERS.iter().enumerate() {
            assert_eq!(usual.find(text), Some(index as Marker), "{text:?} stands twice");
        }
    }

    #[test]
    fn markers_that_are_given_replace_the_usual_ones() {
        let given = Markers::new(Some("-9999, n.v. ,"));
        assert_eq!(given.find("NA"), None);
        let marker = given.find("n.v.").unwrap();
        assert_eq!((given.text(marker), given.strength(marker)), ("n.v.", Always));
        assert_eq!(given.find("-9999.0"), given.find("-9999"));
        assert_eq!((given.find("-9999,000"), given.find("-9999.01")), (None, None));
        assert!(given.find("-9999").is_some() && given.find("").is_none());
    }
}
