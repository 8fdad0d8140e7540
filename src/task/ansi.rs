//! Text with terminal escape sequences (ECMA-48), as spans of plain text with a style. Only colours
//! and emphasis are interpreted; all other sequences and control characters are removed.

/// Maximum number of style changes in one text; further ones are ignored.
const MAX_CHANGES: usize = 64;

/// The short form of ESC [. The other short forms are no more than control characters here, because they also stand in
/// text that was decoded wrongly, and would take the rest of it along.
const CSI: char = '\u{9b}';

/// The style of a span. Colours are the 16 basic ones; others are mapped to the nearest, so that a
/// page's palette stays readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnsiStyle {
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub faint: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Text and background exchanged.
    pub inverse: bool,
    /// Colour of the text, 0..=15.
    pub text: Option<u8>,
    /// Colour of the background, 0..=15.
    pub background: Option<u8>,
}

/// Splits a text into spans of one style each. None is empty.
pub fn spans(text: &str) -> Vec<(AnsiStyle, String)> {
    let (mut spans, mut style, mut run, mut changes) =
        (Vec::new(), AnsiStyle::default(), String::new(), 0);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' | CSI => {
                let mut next = style;
                match c {
                    CSI => short(&mut chars, &mut next),
                    _ => sequence(&mut chars, &mut next),
                }
                if next != style && changes < MAX_CHANGES {
                    changes += 1;
                    if !run.is_empty() {
                        spans.push((style, std::mem::take(&mut run)));
                    }
                    style = next;
                }
            }
            '\t' => run.push(c),
            c if c.is_control() => {}
            c => run.push(c),
        }
    }
    if !run.is_empty() {
        spans.push((style, run));
    }
    spans
}

/// Returns the text without styles.
pub fn plain(text: &str) -> String {
    spans(text).into_iter().map(|(_, text)| text).collect()
}

/// Consumes the sequence after an escape character.
fn sequence(chars: &mut std::str::Chars<'_>, style: &mut AnsiStyle) {
    match chars.next() {
        Some('[') => control(chars, style),
        // A string, such as a window title or a link: up to BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next() != Some('\u{1b}')) {
                    break;
                }
            }
        }
        Some(' '..='/') => {
            chars.by_ref().find(|c| !matches!(c, ' '..='/'));
        }
        _ => {}
    }
}

/// Consumes a control sequence after its [`CSI`], where one follows.
fn short(chars: &mut std::str::Chars<'_>, style: &mut AnsiStyle) {
    if chars.clone().next().is_some_and(|c| matches!(c, '0'..='9' | '?' | 'm' | 'K')) {
        control(chars, style);
    }
}

/// Consumes the parameters and the final character of a control sequence.
fn control(chars: &mut std::str::Chars<'_>, style: &mut AnsiStyle) {
    let (mut parameters, mut last) = (String::new(), None);
    for c in chars.by_ref() {
        if matches!(c, '\u{40}'..='\u{7e}') {
            last = Some(c);
            break;
        }
        parameters.push(c);
    }
    if last == Some('m') {
        apply(&parameters, style);
    }
}

/// Select Graphic Rendition.
fn apply(parameters: &str, style: &mut AnsiStyle) {
    let mut codes = parameters.split([';', ':']).map(|code| match code {
        "" => 0,
        code => code.parse().unwrap_or(u16::MAX),
    });
    while let Some(code) = codes.next() {
        match code {
            0 => *style = AnsiStyle::default(),
            1 => style.bold = true,
            2 => style.faint = true,
            3 => style.italic = true,
            4 => style.underline = true,
            7 => style.inverse = true,
            22 => (style.bold, style.faint) = (false, false),
            23 => style.italic = false,
            24 => style.underline = false,
            27 => style.inverse = false,
            30..=37 => style.text = Some((code - 30) as u8),
            38 => style.text = fine(&mut codes).or(style.text),
            39 => style.text = None,
            40..=47 => style.background = Some((code - 40) as u8),
            48 => style.background = fine(&mut codes).or(style.background),
            49 => style.background = None,
            90..=97 => style.text = Some((code - 82) as u8),
            100..=107 => style.background = Some((code - 92) as u8),
            _ => {}
        }
    }
}

/// A colour of 256, or of 16 million.
fn fine(codes: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match codes.next()? {
        5 => match codes.next()? {
            code @ 0..=15 => Some(code as u8),
            code @ 16..=231 => {
                let level = |n: u16| if n == 0 { 0 } else { 55 + n * 40 };
                let code = code - 16;
                Some(nearest(level(code / 36), level(code / 6 % 6), level(code % 6)))
            }
            code @ 232..=255 => {
                let grey = 8 + (code - 232) * 10;
                Some(nearest(grey, grey, grey))
            }
            _ => None,
        },
        2 => {
            let mut level = || codes.next().map(|level| level.min(255));
            Some(nearest(level()?, level()?, level()?))
        }
        _ => None,
    }
}

/// The nearest basic colour: the hue by the dominant components, the brightness by the greatest
/// one.
fn nearest(red: u16, green: u16, blue: u16) -> u8 {
    let most = red.max(green).max(blue);
    if most < 48 {
        return 0;
    }
    let strong = |level: u16| u8::from(level * 2 > most);
    let hue = strong(red) | strong(green) << 1 | strong(blue) << 2;
    match (hue, most) {
        (7, 0..128) => 8,
        (7, 128..208) => 7,
        (hue, 0..208) => hue,
        (hue, _) => hue + 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plainly(text: &str) -> AnsiStyle {
        spans(text)[0].0
    }

    #[test]
    fn colours_and_emphasis_make_spans() {
        let red = AnsiStyle { text: Some(1), ..AnsiStyle::default() };
        let bold = AnsiStyle { bold: true, ..red };
        assert_eq!(
            spans("a\u{1b}[31mb\u{1b}[1mc\u{1b}[0md\u{1b}[m"),
            [
                (AnsiStyle::default(), "a".to_owned()),
                (red, "b".to_owned()),
                (bold, "c".to_owned()),
                (AnsiStyle::default(), "d".to_owned()),
            ]
        );
        assert_eq!(plainly("\u{1b}[97;104mx").text, Some(15));
        assert_eq!(plainly("\u{1b}[97;104mx").background, Some(12));
        assert_eq!(plainly("\u{1b}[38;5;196mx").text, Some(9));
        assert_eq!(plainly("\u{1b}[38;2;0;128;0mx").text, Some(2));
        assert_eq!(plainly("\u{1b}[38:2:10:10:10mx").text, Some(0));
        assert_eq!(plainly("\u{1b}[48;5;244mx").background, Some(7));
        assert_eq!(plainly("\u{1b}[8;5mx"), AnsiStyle::default(), "nothing hides or blinks");
    }

    #[test]
    fn nothing_else_is_obeyed() {
        for (text, seen) in [
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;https://example.org\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}[2J\u{1b}[1;1Hx\u{1b}[K", "x"),
            ("a\0b\u{8}c\u{7f}d\u{9d}e\tf", "abcde\tf"),
            ("a\u{9b}31mb\u{9b}Kc\u{9b}?25ld\u{c3}\u{9b}ber", "abcd\u{c3}ber"),
            ("\u{1b}", ""),
            ("\u{1b}[31", ""),
            ("\u{1b}]never", ""),
            ("\u{1b}[999999999999;;;mx", "x"),
            ("<b>&amp;", "<b>&amp;"),
        ] {
            assert_eq!(plain(text), seen, "{text:?}");
        }
    }

    #[test]
    fn a_flood_of_changes_makes_few_spans() {
        let text: String = (0..1_000).map(|n| format!("\u{1b}[3{}mx", n % 8)).collect();
        assert!(spans(&text).len() <= MAX_CHANGES + 1);
        assert_eq!(plain(&text).len(), 1_000);
    }
}
