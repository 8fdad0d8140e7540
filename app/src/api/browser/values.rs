//! Takes values from what `JSON.parse` made. It knows what the wire types need and no more: objects,
//! lists, texts, numbers, `true`, `false`, `null`, and enumerations of plain words.

use std::fmt;

use js_sys::{Array, Object, Reflect};
use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::StrDeserializer,
    },
};
use wasm_bindgen::{JsCast, JsValue};

/// A value that `JSON.parse` made.
pub(super) struct Value(JsValue);

/// What a JSON text says; `None` where it is none.
#[inline(never)]
pub(super) fn parse(text: &str) -> Option<Value> {
    js_sys::JSON::parse(text).ok().map(Value)
}

/// The value is not what was expected. It does not say which: nobody could read it, and the words
/// would weigh more than this whole module.
#[derive(Debug)]
pub(super) struct Unlike;

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unlike")
    }
}

impl std::error::Error for Unlike {}

impl Error for Unlike {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

impl Value {
    #[inline(never)]
    fn text(&self) -> Result<String, Unlike> {
        self.0.as_string().ok_or(Unlike)
    }

    /// A whole number that JavaScript can tell exactly.
    #[inline(never)]
    fn whole(&self) -> Result<i64, Unlike> {
        let number = self.0.as_f64().ok_or(Unlike)?;
        let whole = number as i64;
        if whole as f64 == number { Ok(whole) } else { Err(Unlike) }
    }

    #[inline(never)]
    fn fields(self) -> Result<Fields, Unlike> {
        let object = self.0.dyn_into::<Object>().map_err(|_| Unlike)?;
        Ok(Fields { entries: Object::entries(&object), next: 0, value: JsValue::NULL })
    }
}

macro_rules! whole_numbers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
            visitor.visit_i64(self.whole()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Value {
    type Error = Unlike;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unlike> {
        Err(Unlike)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_bool(self.0.as_bool().ok_or(Unlike)?)
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_f64(self.0.as_f64().ok_or(Unlike)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_str(&self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unlike> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unlike> {
        let list = self.0.dyn_into::<Array>().map_err(|_| Unlike)?;
        visitor.visit_seq(Items { list, next: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unlike> {
        visitor.visit_map(self.fields()?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unlike> {
        let word = self.text()?;
        let word: StrDeserializer<'_, Unlike> = word.as_str().into_deserializer();
        visitor.visit_enum(word)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit_struct tuple tuple_struct map
    }
}

struct Items {
    list: Array,
    next: u32,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Unlike;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unlike> {
        self.step().map(|item| seed.deserialize(item)).transpose()
    }
}

impl Items {
    #[inline(never)]
    fn step(&mut self) -> Option<Value> {
        if self.next >= self.list.length() {
            return None;
        }
        self.next += 1;
        Some(Value(self.list.get(self.next - 1)))
    }
}

struct Fields {
    entries: Array,
    next: u32,
    value: JsValue,
}

impl Fields {
    /// The next field's name; its value is kept for the call that follows.
    #[inline(never)]
    fn step(&mut self) -> Option<JsValue> {
        if self.next >= self.entries.length() {
            return None;
        }
        let entry = self.entries.get(self.next);
        self.next += 1;
        self.value = Reflect::get_u32(&entry, 1).ok()?;
        Reflect::get_u32(&entry, 0).ok()
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Unlike;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unlike> {
        self.step().map(|key| seed.deserialize(Value(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unlike> {
        seed.deserialize(Value(std::mem::take(&mut self.value)))
    }
}
