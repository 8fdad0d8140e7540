//! Rules as written in the configuration.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// See `Rules`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Form {
    /// Whether only the name of a preset was given.
    #[serde(skip)]
    pub(super) short: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) streams: Option<Vec<StreamName>>,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) percent: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) fraction: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) count: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) stage: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) message: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub(super) hide: Texts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stages: Vec<StageForm>,
}

impl Form {
    /// The name of a preset, if only that was given, or a table.
    pub(super) fn serialize_short<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.preset {
            Some(name) if self.short => serializer.serialize_str(name),
            _ => self.serialize(serializer),
        }
    }
}

/// Rules as written, not yet validated.
#[derive(Clone, Debug)]
pub(crate) struct RawRules(pub(super) Form);

impl Serialize for RawRules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_short(serializer)
    }
}

impl<'de> Deserialize<'de> for RawRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer).map(Self)
    }
}

/// A stage, and the pattern that marks its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageForm {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StreamName {
    Stdout,
    Stderr,
}

/// One pattern, or a list of patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Texts(pub(super) Vec<String>);

impl Texts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or a list of patterns")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Reads the name of a preset, or a table.
fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Form, D::Error> {
    struct NameOrTable;
    impl<'de> Visitor<'de> for NameOrTable {
        type Value = Form;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a preset or a table of patterns")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Form, E> {
            Ok(Form { preset: Some(name.to_owned()), short: true, ..Form::default() })
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Form, A::Error> {
            Form::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(NameOrTable)
}
