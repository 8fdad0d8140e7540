//! Kinds as callers see them.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::{Caller, Service};
use crate::{engine::Suggestion, task::KindInfo};

/// How long a start form waits for the suggestions of its kind.
const MAX_SUGGESTING: Duration = Duration::from_secs(3);

impl Service {
    /// Lists the kinds that this caller may start.
    pub fn kinds_for(&self, caller: &Caller) -> Vec<KindInfo> {
        let kinds = self.engine.inner().kinds.now();
        let allowed =
            kinds.all().filter(|kind| caller.may_start(&kind.info.kind, &kind.options.allow));
        allowed.map(|kind| self.info_of(&kind.info)).collect()
    }

    /// Returns one kind; `None` if there is none of this name that this caller may start.
    pub fn kind_for(&self, caller: &Caller, kind: &str) -> Option<KindInfo> {
        let kinds = self.engine.inner().kinds.now();
        let known = kinds
            .get(kind)
            .filter(|kind| caller.may_start(&kind.info.kind, &kind.options.allow))?;
        Some(self.info_of(&known.info))
    }

    /// Returns the values that the start form of a kind suggests to this caller. A kind that does not
    /// answer within 3 s suggests none.
    pub async fn suggestions(&self, caller: &Caller, kind: &str) -> Vec<Suggestion> {
        let kinds = self.engine.inner().kinds.now();
        match kinds.get(kind) {
            Some(kind) if caller.may_start(&kind.info.kind, &kind.options.allow) => {
                timeout(MAX_SUGGESTING, kind.suggestions()).await.unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// Lists all kinds, whoever may start them.
    pub fn kinds(&self) -> Vec<KindInfo> {
        self.engine.inner().kinds.now().all().map(|kind| self.info_of(&kind.info)).collect()
    }

    /// Returns one kind, whoever may start it; `None` if there is none of this name.
    pub fn kind(&self, kind: &str) -> Option<KindInfo> {
        self.engine.inner().kinds.now().get(kind).map(|kind| self.info_of(&kind.info))
    }

    /// The kind within the limits of this server.
    fn info_of(&self, info: &KindInfo) -> KindInfo {
        let options = &self.engine.inner().options;
        let max_batch = u32::try_from(options.max_batch).ok();
        KindInfo { max_batch, ..within(info.clone(), options.max_input_bytes) }
    }
}

/// A kind whose fields do not promise more than an input of `max` bytes may have.
fn within(mut info: KindInfo, max: usize) -> KindInfo {
    let fields = info.input_schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        // `{"name":"…"}` with one byte a character.
        limit(field, max.saturating_sub(name.len() + r#"{"":""}"#.len()));
    }
    info
}

/// Lowers each `maxLength` beyond `max`.
fn limit(schema: &mut Value, max: usize) {
    match schema {
        Value::Object(schema) => {
            if let Some(length) = schema.get_mut("maxLength")
                && length.as_u64().is_some_and(|length| length > max as u64)
            {
                *length = Value::from(max);
            }
            schema.values_mut().for_each(|value| limit(value, max));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| limit(value, max)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_field_promises_more_than_an_input_may_have() {
        let schema = json!({ "properties": {
            "text": { "type": "string", "maxLength": 5_000 },
            "list": { "items": { "anyOf": [{ "maxLength": 5_000 }, { "type": "null" }] } },
            "short": { "maxLength": 10 },
            "free": { "type": "string" },
        }});
        let info = within(KindInfo::new("a", "A", "", schema), 1_000);
        let fields = &info.input_schema["properties"];
        assert_eq!(fields["text"]["maxLength"], 989);
        assert_eq!(fields["list"]["items"]["anyOf"][0]["maxLength"], 989);
        assert_eq!(fields["short"]["maxLength"], 10);
        assert_eq!(fields["free"].get("maxLength"), None);
        // An input with a text of that length is one of the maximum.
        let input = json!({ "text": "x".repeat(989) });
        assert_eq!(input.to_string().len(), 1_000);
    }
}
