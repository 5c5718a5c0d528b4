//! A value of a scenario file, and where it stands.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A value with its place in the row of all files that a scenario is written in. Its schema is the value's own.
#[derive(Debug, Clone)]
pub(super) struct Placed<T>(Spanned<T>);

impl<T> Placed<T> {
    /// Puts a value in a place.
    pub(super) fn new(place: Range<usize>, value: T) -> Self {
        Self(Spanned::new(place, value))
    }

    /// Returns the place.
    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }

    /// Returns where it begins.
    pub(super) fn at(&self) -> usize {
        self.0.span().start
    }

    /// Returns the value.
    pub(super) fn get_ref(&self) -> &T {
        self.0.get_ref()
    }

    /// Returns the value, to be changed where it stands.
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
