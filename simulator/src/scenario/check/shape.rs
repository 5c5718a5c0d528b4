//! From tables to the types of a scenario file; or to all that has another shape.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

use super::super::file::{
    Application, Client, File, HostMount, Matrix, Pool, Secondary, Session, Volume, Workload,
};
use super::super::file_orders::{Expect, Order};
use super::super::sources::{Checked, Sources};

/// Reads what the files of a scenario say together.
pub(super) fn file(sources: &Sources) -> Checked<File> {
    let table = sources.table()?;
    File::deserialize(Deserializer::from(table.clone())).map_err(|error| {
        // Of the whole, serde tells only what it comes to first.
        for (key, value) in table.get_ref() {
            part(sources, key, value);
        }
        sources.wrong_shape(table.span().start, &error)
    })
}

/// Looks at a part of the file by itself.
fn part(sources: &Sources, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
    match &**key.get_ref() {
        "extends" | "about" => one::<String>(sources, value),
        "tags" => one::<BTreeSet<String>>(sources, value),
        "matrix" => one::<Matrix>(sources, value),
        "pool" => one::<Pool>(sources, value),
        "secondary" => one::<Secondary>(sources, value),
        "volumes" => each::<Volume>(sources, value),
        "sessions" => each::<Session>(sources, value),
        "clients" => each::<Client>(sources, value),
        "mounts" => each::<HostMount>(sources, value),
        "applications" => each::<Application>(sources, value),
        "workload" => one::<Workload>(sources, value),
        "orders" => each::<Order>(sources, value),
        "expect" => one::<Expect>(sources, value),
        _ => {
            // A file of this key alone: the first that is told is that there is no such key.
            let mut alone = DeTable::new();
            alone.insert(key.clone(), value.clone());
            let alone = Spanned::new(key.span(), alone);
            if let Err(error) = File::deserialize(Deserializer::from(alone)) {
                sources.wrong_shape(key.span().start, &error);
            }
        }
    }
}

fn one<'de, T: Deserialize<'de>>(sources: &Sources, value: &Spanned<DeValue<'de>>) {
    if let Err(error) = T::deserialize(ValueDeserializer::from(value.clone())) {
        sources.wrong_shape(value.span().start, &error);
    }
}

/// Looks at each entry of a list; at the whole, where it is none.
fn each<'de, T: Deserialize<'de>>(sources: &Sources, value: &Spanned<DeValue<'de>>) {
    match value.get_ref().as_array() {
        Some(entries) => entries.iter().for_each(|entry| one::<T>(sources, entry)),
        None => one::<Vec<T>>(sources, value),
    }
}
