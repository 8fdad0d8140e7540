//! HTML writer with limits on bytes and nesting depth.

use std::fmt::{self, Write as _};

use super::escape;

/// Limits of an HTML fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HtmlLimits {
    /// Maximum size in bytes, including the notes about omitted content. Default: 1 MiB.
    pub max_bytes: usize,
    /// Maximum nesting depth of elements. Default: 32.
    pub max_depth: usize,
}

crate::with::with!(HtmlLimits);

impl Default for HtmlLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, max_depth: 32 }
    }
}

/// Whether a start tag, without its `<` and `>`, has no end tag.
pub fn is_void(tag: &str) -> bool {
    tag.ends_with('/') || ["br", "col", "hr", "img", "input", "wbr"].contains(&name_of(tag))
}

/// The name of the element of a start tag.
fn name_of(tag: &str) -> &str {
    tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default()
}

/// HTML fragment under construction. Content beyond the size limit is omitted, elements beyond the
/// depth limit are reduced to their content, and a note states this. Open elements are closed. The
/// fragment is therefore bounded and well-formed whatever is written to it.
///
/// Write markup through [`fmt::Write`], in pieces of any size. Escape untrusted text with
/// [`escape`], or write it with [`Html::text`].
#[derive(Debug)]
pub struct Html {
    limits: HtmlLimits,
    html: String,
    /// Names of the open elements.
    open: Vec<String>,
    /// Bytes reserved for the end tags and the notes.
    reserved: usize,
    /// Number of open elements that were omitted because they are nested too deeply.
    skipped: usize,
    /// Tag being read; empty between tags.
    tag: String,
    /// Closing quote of the attribute value being read.
    quote: Option<char>,
    is_part: bool,
    is_full: bool,
    is_flat: bool,
    part_note: String,
    flat_note: String,
}

impl Html {
    /// Creates an empty fragment. If content is omitted, its note links to the full content at
    /// `href`.
    pub fn new(limits: HtmlLimits, href: &str) -> Self {
        let part_note = format!(
            "<p class=\"part\">Only the beginning is shown. <a href=\"{}\" download>Download all of \
             it</a></p>",
            escape(href),
        );
        let flat_note = format!(
            "<p class=\"part\">What is nested more than {} levels deep is shown without the deeper \
             levels.</p>",
            limits.max_depth,
        );
        Self {
            limits,
            reserved: part_note.len() + flat_note.len(),
            html: String::new(),
            open: Vec::new(),
            skipped: 0,
            tag: String::new(),
            quote: None,
            is_part: false,
            is_full: false,
            is_flat: false,
            part_note,
            flat_note,
        }
    }

    /// Creates an empty fragment without notes, for callers that report omitted content themselves.
    pub fn part(limits: HtmlLimits) -> Self {
        let (part_note, flat_note) = (String::new(), String::new());
        Self { reserved: 0, part_note, flat_note, ..Self::new(limits, "") }
    }

    /// The limits.
    pub const fn limits(&self) -> HtmlLimits {
        self.limits
    }

    /// Writes untrusted text, escaped.
    ///
    /// # Errors
    /// If the fragment is full.
    pub fn text(&mut self, text: &str) -> fmt::Result {
        write!(self, "{}", escape(text))
    }

    /// Writes markup; omits what does not fit.
    pub fn push_str(&mut self, markup: &str) {
        let _ = self.write_str(markup);
    }

    /// Marks the fragment as incomplete, which adds the note.
    pub const fn is_only_the_beginning(&mut self) {
        self.is_part = true;
    }

    /// Whether content was omitted because the fragment is full. A full fragment accepts nothing
    /// more.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Closes open elements, adds the notes if content was omitted, and returns the HTML.
    pub fn finish(mut self) -> String {
        while let Some(name) = self.open.pop() {
            self.end_tag(&name);
        }
        if self.is_part || self.is_full {
            self.html.push_str(&self.part_note);
        }
        if self.is_flat {
            self.html.push_str(&self.flat_note);
        }
        self.html
    }

    /// Bytes left for content.
    const fn room(&self) -> usize {
        self.limits.max_bytes.saturating_sub(self.html.len() + self.reserved)
    }

    fn put_text(&mut self, text: &str) {
        // White space between omitted elements only has to separate their texts.
        if self.skipped > 0 && text.trim().is_empty() {
            self.separate(text);
            return;
        }
        let room = self.room();
        if text.len() <= room {
            self.html.push_str(text);
            return;
        }
        let fitting = &text[..text.floor_char_boundary(room)];
        // Never cut a character reference in half.
        let whole = match fitting.rfind('&') {
            Some(at) if !fitting[at..].contains(';') => &fitting[..at],
            _ => fitting,
        };
        self.html.push_str(whole);
        self.is_full = true;
    }

    fn put_tag(&mut self, tag: &str) {
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        if let Some(name) = inner.strip_prefix('/') {
            self.close(name.trim());
            return;
        }
        let (name, is_void) = (name_of(inner), is_void(inner));
        if !is_void && (self.skipped > 0 || self.open.len() >= self.limits.max_depth) {
            self.skipped += 1;
            self.is_flat = true;
            self.separate("\n");
            return;
        }
        let end = if is_void { 0 } else { end_len(name) };
        if tag.len() + end > self.room() {
            self.is_full = true;
            return;
        }
        self.html.push_str(tag);
        if !is_void {
            self.reserved += end;
            self.open.push(name.to_owned());
        }
    }

    fn close(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            self.separate("\n");
        } else if self.open.pop_if(|open| open == name).is_some() {
            self.end_tag(name);
        }
    }

    fn end_tag(&mut self, name: &str) {
        self.reserved = self.reserved.saturating_sub(end_len(name));
        self.html.push_str("</");
        self.html.push_str(name);
        self.html.push('>');
    }

    /// Separates the texts of omitted elements by white space.
    fn separate(&mut self, space: &str) {
        let is_apart = self.html.ends_with(['\n', ' ', '>']);
        if !is_apart && !space.is_empty() && self.room() > 0 {
            self.html.push('\n');
        }
    }

    /// Finds the end of the current tag in `piece`.
    fn tag_end(&mut self, piece: &str) -> Option<usize> {
        for (at, c) in piece.char_indices() {
            match (self.quote, c) {
                (Some(quote), c) if c == quote => self.quote = None,
                (None, '"' | '\'') => self.quote = Some(c),
                (None, '>') => return Some(at + 1),
                _ => {}
            }
        }
        None
    }
}

/// Length of an end tag in bytes.
const fn end_len(name: &str) -> usize {
    name.len() + "</>".len()
}

impl fmt::Write for Html {
    /// # Errors
    /// If the fragment is full, so the caller can stop early.
    fn write_str(&mut self, mut piece: &str) -> fmt::Result {
        while !piece.is_empty() && !self.is_full {
            if self.tag.is_empty() {
                let end = piece.find('<').unwrap_or(piece.len());
                self.put_text(&piece[..end]);
                // A tag begins here, including the `<`.
                let begun = usize::from(end < piece.len());
                self.tag.push_str(&piece[end..end + begun]);
                piece = &piece[end + begun..];
                continue;
            }
            let end = self.tag_end(piece);
            let part = &piece[..end.unwrap_or(piece.len())];
            if self.tag.len() + part.len() > self.limits.max_bytes {
                self.is_full = true;
                break;
            }
            self.tag.push_str(part);
            piece = &piece[part.len()..];
            if end.is_some() {
                let tag = std::mem::take(&mut self.tag);
                self.put_tag(&tag);
            }
        }
        if self.is_full { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(limits: HtmlLimits, pieces: &[&str]) -> String {
        let mut html = Html::new(limits, "/file?a=\"b\"");
        pieces.iter().for_each(|piece| html.push_str(piece));
        html.finish()
    }

    const NOTE: &str = "<p class=\"part\">Only the beginning is shown. \
         <a href=\"/file?a=&quot;b&quot;\" download>Download all of it</a></p>";

    #[test]
    fn what_fits_is_written_as_it_came_in_whatever_pieces() {
        let whole = "<p title=\"a > b\">x &amp; <br/>y</p><img src=\"/z\"><hr /><b>ä</b>\n";
        assert_eq!(written(HtmlLimits::default(), &[whole]), whole);
        let pieces = whole.char_indices().map(|(at, c)| &whole[at..][..c.len_utf8()]);
        let pieces: Vec<_> = pieces.collect();
        assert_eq!(written(HtmlLimits::default(), &pieces), whole);
    }

    #[test]
    fn it_ends_within_its_bytes_with_everything_closed_and_a_note() {
        for max_bytes in 0..1_200 {
            let limits = HtmlLimits { max_bytes, max_depth: 8 };
            let html = written(limits, &["<ul>", &"<li>a&amp;ä<b>c</b></li>".repeat(99), "</ul>"]);
            let notes = written(HtmlLimits { max_bytes: 0, max_depth: 8 }, &["x"]).len();
            assert!(html.len() <= max_bytes.max(notes), "{max_bytes} {}", html.len());
            let body = html.strip_suffix(NOTE).unwrap();
            for (open, close) in [("<ul>", "</ul>"), ("<li>", "</li>"), ("<b>", "</b>")] {
                assert_eq!(body.matches(open).count(), body.matches(close).count(), "{body}");
            }
            assert_eq!(body.matches('&').count(), body.matches("&amp;").count(), "{body}");
        }
    }

    #[test]
    fn a_tag_or_a_text_without_an_end_is_no_more_than_the_limit() {
        let limits = HtmlLimits { max_bytes: 1_000, max_depth: 8 };
        let long = "x".repeat(10_000);
        for start in ["", "<p>", "<p title=\"", "<", "</", "&"] {
            assert!(written(limits, &[start, &long, &long]).len() <= 1_000, "{start}");
        }
    }

    #[test]
    fn what_is_too_deep_is_there_without_its_elements() {
        let limits = HtmlLimits { max_depth: 2, ..HtmlLimits::default() };
        let html = written(limits, &["<a><b>1<c>2<d>3</d>4<br>", "</c>5</b>6</a>7"]);
        let (body, note) = html.split_once("<p class=\"part\">").unwrap();
        assert_eq!(body, "<a><b>1\n2\n3\n4<br>5</b>6</a>7");
        let html = written(limits, &["<a><b>", &"<c>\n".repeat(9_000), &"</c>\n".repeat(9_000)]);
        assert!(html.starts_with("<a><b>\n</b></a><p "), "{html}");
        assert!(note.starts_with("What is nested more than 2 levels"), "{note}");
    }

    #[test]
    fn an_end_tag_that_ends_nothing_is_left_out() {
        assert_eq!(written(HtmlLimits::default(), &["</div><p></b></p></p>"]), "<p></p>");
    }

    #[test]
    fn whoever_writes_hears_that_it_is_full() {
        let mut html = Html::new(HtmlLimits { max_bytes: 500, max_depth: 2 }, "");
        assert_eq!(html.text("<"), Ok(()));
        assert_eq!(html.text(&"<".repeat(500)), Err(fmt::Error));
        assert!(html.is_full() && html.text("").is_err());
    }
}
