//! Settings: what makes no sense, and what is never shown.

use super::*;

fn endpoint() -> NarratorSettings {
    NarratorSettings {
        url: Some("http://localhost/v1".to_owned()),
        model: "m".to_owned(),
        ..NarratorSettings::default()
    }
}

#[test]
fn the_defaults_make_sense_and_need_no_endpoint() {
    assert_eq!(StorySettings::default().invalid(), []);
    assert_eq!(NarratorSettings::default().invalid(), []);
    assert_eq!(NarratorSettings::default().endpoint(), None);
    assert_eq!(endpoint().invalid(), []);
}

#[test]
fn what_makes_no_sense_is_told_by_its_key() {
    let wrong = [
        (NarratorSettings { url: Some("localhost".to_owned()), ..endpoint() }, "narrator.url"),
        (NarratorSettings { url: Some("http://h/v1#x".to_owned()), ..endpoint() }, "narrator.url"),
        (
            NarratorSettings {
                url: Some("http://a:b@h/v1".to_owned()),
                key: Some(ApiKey::new("k")),
                ..endpoint()
            },
            "narrator.url",
        ),
        (NarratorSettings { temperature: 3.0, ..endpoint() }, "narrator.temperature"),
        (
            NarratorSettings { key_header: Some("a b".to_owned()), ..endpoint() },
            "narrator.key_header",
        ),
        (
            NarratorSettings {
                extra_headers: Some(ExtraHeaders(vec![("a b".to_owned(), "c".to_owned())])),
                ..endpoint()
            },
            "narrator.extra_headers",
        ),
        (NarratorSettings { outage_s: 0.0, ..endpoint() }, "narrator.outage_s"),
        (NarratorSettings { model: " ".to_owned(), ..endpoint() }, "narrator.model"),
        (NarratorSettings { key: Some(ApiKey::new("a\nb")), ..endpoint() }, "narrator.key"),
        (NarratorSettings { chapters: 0, ..endpoint() }, "narrator.chapters"),
        (NarratorSettings { max_wait_s: f64::NAN, ..endpoint() }, "narrator.max_wait_s"),
    ];
    for (settings, key) in wrong {
        let keys: Vec<_> = settings.invalid().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [key]);
    }
    let story = StorySettings { words_per_second: f64::NAN, ..StorySettings::default() };
    assert_eq!(story.invalid().len(), 1);
}

#[test]
fn a_key_is_shown_nowhere() {
    let settings = NarratorSettings { key: Some(ApiKey::new("sk-secret")), ..endpoint() };
    assert!(!format!("{settings:?}").contains("secret"));
    assert!(!serde_json::to_string(&settings).unwrap().contains("secret"));
}

#[test]
fn an_empty_key_is_none() {
    for key in ["", " ", "\t"] {
        let settings = NarratorSettings { key: Some(ApiKey::new(key)), ..endpoint() };
        assert_eq!(settings.key(), None);
    }
}
