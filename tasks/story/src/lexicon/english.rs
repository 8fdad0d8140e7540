//! Closed classes of English words used by the lexicon.

use std::{collections::HashSet, sync::LazyLock};

/// A set, because it is searched for every word of a text that may be very long.
type Words = LazyLock<HashSet<&'static str>>;

static FUNCTION_WORDS: Words = LazyLock::new(|| {
    "the of and to in a is was that it for with as on by are at from an were".split(' ').collect()
});

static DETERMINERS: Words = LazyLock::new(|| {
    "the a an its his her their this that each every no another our whose any some one"
        .split(' ')
        .collect()
});

static PREPOSITIONS: Words =
    LazyLock::new(|| "of in with for by from into without between".split(' ').collect());

static STOPWORDS: Words = LazyLock::new(|| {
    "the of and to in a is was that it for with as on by are at from an were be been being \
     has have had do does did will would can could may might must shall should not no nor \
     but or if then than so such this these those there their they them he she his her hers \
     him its itself we us our you your i my me who whom whose which what when where why how \
     all any both each every few more most much many other another some one two three only \
     own same too very just also about above after again against before below between down \
     during into off out over through under until up upon while because since without \
     within along among across behind toward towards never always often still yet once here \
     now even however though although whether nobody nothing everybody everyone everything \
     somebody someone anybody anyone anything none almost well back"
        .split(' ')
        .collect()
});

/// Nouns that characterise no text.
static VAGUE: Words = LazyLock::new(|| {
    "time times way ways year years day days thing things part parts end number people kind \
     place hand side work first last second third lot case point fact example course result \
     rest half form use little good new old long man men woman name word words night nights \
     evening morning afternoon hour minute week weeks month months summer winter size sort \
     fact rule reason question answer matter order least next else rather others them later \
     hours minutes century something"
        .split(' ')
        .collect()
});

pub(super) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(word)
}

pub(super) fn is_determiner(word: &str) -> bool {
    DETERMINERS.contains(word)
}

pub(super) fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.contains(word)
}

/// Whether the word is grammatical rather than content.
pub(in super::super) fn is_stopword(word: &str) -> bool {
    STOPWORDS.contains(word)
}

/// Whether a lower-case word can be the head of a significant noun phrase.
pub(super) fn may_be_noun(word: &str) -> bool {
    word.chars().count() >= 3
        && word.chars().all(char::is_alphabetic)
        && !is_stopword(word)
        && !VAGUE.contains(word)
        && !word.ends_with("ly")
}

/// Whether a lower-case word can stand between an article and its noun.
pub(super) fn may_qualify(word: &str) -> bool {
    may_be_noun(word) && !word.ends_with("ed")
}

pub(super) fn is_month_or_day(word: &str) -> bool {
    static DATES: Words = LazyLock::new(|| {
        "January February March April May June July August September October November December \
         Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter English God"
            .split(' ')
            .collect()
    });
    DATES.contains(word)
}

/// Whether four digits after this word are a year.
pub(super) fn leads_to_year(word: &str) -> bool {
    static LEADS: Words = LazyLock::new(|| {
        "in by of since until from before after between and around during early late spring \
         summer autumn winter to the"
            .split(' ')
            .collect()
    });
    let mut chars = word.chars();
    let capital = chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>());
    LEADS.contains(word) || capital.is_some_and(|month| is_month_or_day(&month))
}

/// Whether a sentence refers to the one before it.
pub(in super::super) fn is_anaphoric(sentence: &str) -> bool {
    static LEANING: Words = LazyLock::new(|| {
        "he she it they this these that those such his her its their but however and yet so \
         then thus also still nor or instead there both neither either another others some \
         one two here therefore hence moreover later afterwards meanwhile even only again \
         too for because which who once after finally similarly otherwise nevertheless \
         nonetheless besides him them soon now not"
            .split(' ')
            .collect()
    });
    let first = super::words(sentence).first().map(|word| word.text.to_lowercase());
    first.is_some_and(|first| LEANING.contains(super::bare(&first)))
}
