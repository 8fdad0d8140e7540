//! A JSON value as the input of serde.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, Unexpected, VariantAccess,
        Visitor,
        value::{MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Number, Value};

use super::fault::Fault;

/// A value that is read.
pub(super) struct Node {
    value: Value,
    /// Whether numbers and booleans are written as texts.
    from_text: bool,
}

impl Node {
    pub(super) const fn of_json(value: Value) -> Self {
        Self { value, from_text: false }
    }

    pub(super) const fn of_query(value: Value) -> Self {
        Self { value, from_text: true }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => Unexpected::Unsigned(value),
                (_, Some(value), _) => Unexpected::Signed(value),
                (.., value) => Unexpected::Float(value.unwrap_or_default()),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }

    fn seq<'de, V: Visitor<'de>>(
        items: Vec<Value>,
        from_text: bool,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut items =
            SeqDeserializer::new(items.into_iter().map(|value| Self { value, from_text }));
        let value = visitor.visit_seq(&mut items)?;
        items.end().map(|()| value)
    }

    /// Reads a number or a boolean.
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.parsed().deserialize_any(visitor)
    }

    /// Parses a scalar that is written as a text.
    fn parsed(mut self) -> Self {
        if self.from_text
            && let Value::String(text) = &self.value
            && let Some(value) = scalar_of(text)
        {
            self.value = value;
        }
        self
    }
}

/// The integer that a number with a fraction or an exponent equals: `327.0` and `3.27e2` are 327.
/// `None` for others, for -0, which is no integer of its own, and beyond 2^53, where not every
/// integer has a number of its own.
fn integer_of(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    (value.fract() == 0.0 && value.abs() <= EXACT && !is_negative_zero).then_some(value as i64)
}

/// Parses the text of a number or a boolean.
fn scalar_of(text: &str) -> Option<Value> {
    let integer = text.parse::<u64>().map(Number::from).ok();
    let integer = integer.or_else(|| text.parse::<i64>().map(Number::from).ok());
    let number = integer.or_else(|| Number::from_f64(text.parse().ok()?));
    number.map(Value::Number).or_else(|| text.parse().map(Value::Bool).ok())
}

/// Methods of a deserializer that read a number or a boolean.
macro_rules! scalars {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                self.scalar(visitor)
            }
        )*
    };
}

impl IntoDeserializer<'_, Fault> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let from_text = self.from_text;
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            // Also inside of tagged enums and flattened structures, which read a value before they know
            // of which type it is. A float accepts an integer, too.
            Value::Number(number) => {
                let integer = number.as_i64().or_else(|| integer_of(&number));
                match (number.as_u64(), integer, number.as_f64()) {
                    (Some(value), ..) => visitor.visit_u64(value),
                    (_, Some(value), _) => match u64::try_from(value) {
                        Ok(value) => visitor.visit_u64(value),
                        Err(_) => visitor.visit_i64(value),
                    },
                    (.., value) => visitor.visit_f64(value.unwrap_or_default()),
                }
            }
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => Self::seq(items, from_text, visitor),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields = fields.map(|(name, value)| (name, Self { value, from_text }));
                visitor.visit_map(MapDeserializer::new(fields))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// Visitors of structures also accept lists, so a list never reaches them.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(Fault::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let from_text = self.from_text;
        match self.value {
            Value::String(name) => visitor.visit_enum(StringDeserializer::new(name)),
            Value::Object(fields) if fields.len() == 1 => {
                let mut fields = fields.into_iter();
                let (name, value) = fields.next().unwrap_or_default();
                visitor.visit_enum(Variant { name, content: Self { value, from_text } })
            }
            _ => Err(Fault::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    scalars! {
        deserialize_bool deserialize_f32 deserialize_f64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier
    }
}

/// A variant of an enum with its content: `{"name": content}`.
struct Variant {
    name: String,
    content: Node,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Fault;
    type Variant = Node;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Node), Fault> {
        let name = seed.deserialize(StringDeserializer::<Fault>::new(self.name))?;
        Ok((name, self.content))
    }
}

impl<'de> VariantAccess<'de> for Node {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_struct("", fields, visitor)
    }
}
