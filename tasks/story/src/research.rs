//! Parses a research file: its title, sections and sentences.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::sentences;

/// Headings of sections about the text rather than its subject.
const BACK_MATTER: &[&str] = &[
    "references",
    "sources",
    "bibliography",
    "further reading",
    "see also",
    "external links",
    "notes",
    "footnotes",
    "about this text",
    "about this file",
    "acknowledgements",
    "citations",
    "license",
    "contents",
];

/// A parsed research file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Research {
    /// Title of the text.
    pub(super) title: Option<String>,
    /// Paragraphs before the first section.
    pub(super) preamble: Vec<Paragraph>,
    /// Sections in order; none is empty.
    pub(super) sections: Vec<Section>,
}

/// A heading and its paragraphs, including those of deeper headings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Without numbering.
    pub(super) heading: String,
    /// In order; none is empty.
    pub(super) paragraphs: Vec<Paragraph>,
}

/// One block of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// Sentences, list items or table rows; at least one.
    pub(super) sentences: Vec<String>,
    /// Whether they form continuous text.
    pub(super) prose: bool,
}

impl Research {
    /// Parses Markdown. Never fails.
    pub(super) fn read(markdown: &str) -> Self {
        arrange(Reader::default().read(markdown))
    }

    /// All paragraphs in order.
    pub(super) fn paragraphs(&self) -> impl Iterator<Item = &Paragraph> {
        self.preamble.iter().chain(self.sections.iter().flat_map(|section| &section.paragraphs))
    }

    /// Whether there are no paragraphs.
    pub(super) fn is_empty(&self) -> bool {
        self.paragraphs().next().is_none()
    }
}

/// A heading with its level (0 before the first heading) and its own paragraphs.
#[derive(Debug, Default)]
struct Block {
    level: u8,
    heading: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    heading: Option<u8>,
    list: Vec<String>,
    list_depth: u32,
    header: Vec<String>,
    row: Vec<String>,
    /// Nesting depth in content that is not text: metadata, footnotes, HTML blocks.
    skipped: u32,
}

impl Reader {
    fn read(mut self, markdown: &str) -> Vec<Block> {
        self.blocks.push(Block::default());
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        for event in Parser::new_ext(markdown, options) {
            match event {
                Event::Start(tag) => self.start(&tag),
                Event::End(tag) => self.end(tag),
                Event::Text(text) | Event::Code(text) if self.skipped == 0 => {
                    self.text.push_str(&text);
                }
                Event::SoftBreak | Event::HardBreak => self.text.push(' '),
                _ => {}
            }
        }
        self.flush();
        self.flush_list();
        self.blocks
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::MetadataBlock(_) | Tag::FootnoteDefinition(_) | Tag::HtmlBlock => {
                self.flush();
                self.skipped += 1;
            }
            Tag::Heading { level, .. } => {
                self.flush();
                self.flush_list();
                self.heading = Some(depth(*level));
            }
            Tag::List(_) => {
                self.flush();
                self.list_depth += 1;
            }
            Tag::Paragraph
            | Tag::Item
            | Tag::CodeBlock(_)
            | Tag::TableCell
            | Tag::BlockQuote(_) => {
                self.flush();
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::MetadataBlock(_) | TagEnd::FootnoteDefinition | TagEnd::HtmlBlock => {
                self.text.clear();
                self.skipped = self.skipped.saturating_sub(1);
            }
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::List(_) => {
                self.flush();
                self.list_depth = self.list_depth.saturating_sub(1);
                if self.list_depth == 0 {
                    self.flush_list();
                }
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::TableCell => {
                let cell = sentences::collapse(&std::mem::take(&mut self.text));
                self.row.push(cell);
            }
            TagEnd::TableHead => self.header = std::mem::take(&mut self.row),
            TagEnd::TableRow => self.end_row(),
            TagEnd::Table => {
                self.header.clear();
                self.flush_list();
            }
            TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_) => self.flush(),
            _ => {}
        }
    }

    fn end_heading(&mut self) {
        let heading = unnumbered(&sentences::collapse(&std::mem::take(&mut self.text)));
        if let Some(level) = self.heading.take() {
            self.blocks.push(Block { level, heading, paragraphs: Vec::new() });
        }
    }

    /// Formats a row as `Height: 31 m; range: 17 miles`.
    fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.row);
        let message: Vec<String> = cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(i, cell)| match self.header.get(i).filter(|name| !name.is_empty()) {
                Some(name) if i > 0 || cells.len() == 1 => format!("{name}: {cell}"),
                _ => cell.clone(),
            })
            .collect();
        push_item(&mut self.list, &message.join("; "));
    }

    /// The lines of code are items, not prose.
    fn end_code(&mut self) {
        let code = std::mem::take(&mut self.text);
        for line in code.lines() {
            push_item(&mut self.list, line);
        }
        if self.list_depth == 0 {
            self.flush_list();
        }
    }

    /// Ends the running text: an item within a list, otherwise a paragraph.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.heading.is_some() || text.trim().is_empty() {
            return;
        }
        if self.list_depth > 0 {
            push_item(&mut self.list, &text);
            return;
        }
        self.push(sentences::split(&text), true);
    }

    /// Ends a list. Items that are sentences form prose.
    fn flush_list(&mut self) {
        let items = std::mem::take(&mut self.list);
        if !items.is_empty() && items.iter().all(|item| item.ends_with(['.', '!', '?', '。'])) {
            let message = items.iter().flat_map(|item| sentences::split(item)).collect();
            self.push(message, true);
        } else {
            self.push(items, false);
        }
    }

    fn push(&mut self, sentences: Vec<String>, prose: bool) {
        if let Some(block) = self.blocks.last_mut().filter(|_| !sentences.is_empty()) {
            block.paragraphs.push(Paragraph { sentences, prose });
        }
    }
}

fn push_item(list: &mut Vec<String>, text: &str) {
    let item = sentences::collapse(text);
    if item.chars().any(char::is_alphanumeric) {
        list.push(item);
    }
}

const fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// `2.1 The keepers` -> `The keepers`; `1871` stays.
fn unnumbered(heading: &str) -> String {
    let rest = heading.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &heading[..heading.len() - rest.len()];
    let rest = rest.trim_start_matches(')');
    let numbered =
        number.len() <= 5 && (number.contains('.') || heading[number.len()..].starts_with(')'));
    let stripped = if numbered && rest.starts_with(' ') { rest } else { heading };
    stripped.trim().trim_end_matches(':').to_owned()
}

/// Determines the title and the heading level of chapters.
fn arrange(mut blocks: Vec<Block>) -> Research {
    let mut research = Research::default();
    let mut preamble = std::mem::take(&mut blocks[0].paragraphs);
    blocks.remove(0);
    let top = blocks.iter().map(|block| block.level).min().unwrap_or(0);
    let single = blocks.iter().filter(|block| block.level == top).count() == 1;
    if single && blocks.first().is_some_and(|block| block.level == top) {
        let first = blocks.remove(0);
        research.title = Some(first.heading).filter(|title| !title.is_empty());
        preamble.extend(first.paragraphs);
    }
    let level = (1..=6)
        .find(|level| blocks.iter().filter(|block| block.level <= *level).count() >= 2)
        .unwrap_or(6);
    for block in blocks {
        if block.level <= level || research.sections.is_empty() {
            research
                .sections
                .push(Section { heading: block.heading, paragraphs: block.paragraphs });
        } else if let Some(section) = research.sections.last_mut() {
            section.paragraphs.extend(block.paragraphs);
        }
    }
    research.sections.retain(|section| !section.paragraphs.is_empty());
    drop_back_matter(&mut research.sections, !preamble.is_empty());
    research.preamble = preamble;
    research
}

fn drop_back_matter(sections: &mut Vec<Section>, has_more: bool) {
    let is_back =
        |section: &Section| BACK_MATTER.contains(&section.heading.to_lowercase().as_str());
    if has_more || sections.iter().any(|section| !is_back(section)) {
        sections.retain(|section| !is_back(section));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_a_preamble_and_sections_are_told_apart() {
        let research = Research::read(
            "# The Light\n\nIt is old. It is high.\n\n## 1. Building\n\nStone.\n\n### Detail\n\nGranite.\n\n## Keepers\n\nTwo.\n\n## Sources\n\nA book.",
        );
        assert_eq!(research.title.as_deref(), Some("The Light"));
        assert_eq!(research.preamble[0].sentences, ["It is old.", "It is high."]);
        let headings: Vec<_> = research.sections.iter().map(|s| s.heading.as_str()).collect();
        assert_eq!(headings, ["Building", "Keepers"]);
        assert_eq!(research.sections[0].paragraphs.len(), 2);
    }

    #[test]
    fn several_top_headings_are_chapters_and_no_title() {
        let research = Research::read("# One\n\na b.\n\n# Two\n\nc d.");
        assert_eq!(research.title, None);
        assert_eq!(research.sections.len(), 2);
    }

    #[test]
    fn tables_lists_and_code_become_items() {
        let research = Research::read(
            "| Part | Height |\n|---|---|\n| Tower | 31 m |\n\n- flour\n- water\n\n```\nlet x = 1;\n```\n",
        );
        let message: Vec<_> =
            research.paragraphs().map(|p| (p.sentences.clone(), p.prose)).collect();
        assert_eq!(
            message,
            [
                (vec!["Tower; Height: 31 m".to_owned()], false),
                (vec!["flour".to_owned(), "water".to_owned()], false),
                (vec!["let x = 1;".to_owned()], false)
            ]
        );
    }

    #[test]
    fn a_list_of_sentences_reads_as_prose() {
        let research = Research::read("- Flour is milled.\n- Water is poured. It rests.\n");
        assert_eq!(research.preamble[0].sentences.len(), 3);
        assert!(research.preamble[0].prose);
    }

    #[test]
    fn html_metadata_and_footnotes_are_no_text() {
        let research = Research::read(
            "---\ntitle: x\n---\n\n<script>alert(1)</script>\n\nA fact.[^1]\n\n[^1]: A source.\n",
        );
        let message: Vec<_> = research.paragraphs().flat_map(|p| p.sentences.clone()).collect();
        assert_eq!(message, ["A fact."]);
    }

    #[test]
    fn nothing_but_headings_or_space_is_empty() {
        assert!(Research::read(" \n\t\n").is_empty());
        assert!(Research::read("# Title\n\n## Section\n").is_empty());
        assert!(!Research::read("tides").is_empty());
    }
}
