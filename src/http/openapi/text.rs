//! Doc comments as descriptions: the links of the source code lead nowhere in the document.

/// Replaces `[text](target)` and `` [`text`] `` by their text, except for links to web pages.
pub(super) fn without_links(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(begin) = rest.find('[') {
        let (before, link) = rest.split_at(begin);
        plain.push_str(before);
        let Some(end) = link.find(']') else {
            rest = link;
            break;
        };
        let (label, after) = (&link[1..end], &link[end + 1..]);
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        rest = match target {
            Some((target, after)) if !target.contains("://") => {
                plain.push_str(label);
                after
            }
            None if label.len() > 2 && label.starts_with('`') && label.ends_with('`') => {
                plain.push_str(label);
                after
            }
            _ => {
                plain.push_str(&link[..=end]);
                after
            }
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_source_are_replaced_and_all_else_stays() {
        for (text, plain) in [
            ("see [`A::b`](super::A::b).", "see `A::b`."),
            ("see [`A`] and [the `B`](x)", "see `A` and the `B`"),
            ("[web](https://example.org)", "[web](https://example.org)"),
            ("`inputs[3].subject`, a[0]", "`inputs[3].subject`, a[0]"),
            ("open [ end", "open [ end"),
            ("ä[`ö`]ü", "ä`ö`ü"),
            ("[", "["),
        ] {
            assert_eq!(without_links(text), plain);
        }
    }
}
