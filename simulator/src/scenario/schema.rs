//! The published schema of a scenario file, for editors and other programs.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::file::File;

/// Returns the JSON schema of a scenario file, as it is printed and kept in docs/scenario.schema.json. TOML's values count
/// as JSON's.
///
/// # Errors
/// Never, unless the schema itself is no JSON.
pub fn schema() -> serde_json::Result<String> {
    // Editors' TOML servers read this draft; not all of them read a newer one.
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = serde_json::to_value(generator.into_root_schema_for::<File>())?;
    if let Some(schema) = schema.as_object_mut() {
        let required = required_alone(schema);
        schema.insert("anyOf".to_owned(), json!([{ "required": ["extends"] }, required]));
    }
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// Takes out what the file and its tables must have, and returns that as a schema of its own: a file that extends another
/// one may leave to that one what it likes. What is in a list is written whole in any case.
fn required_alone(schema: &mut Map<String, Value>) -> Value {
    let required = schema.remove("required").unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    let tables: Vec<(String, String)> = properties
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), type_of(value)?)))
        .collect();
    let mut of_tables = Map::new();
    for (key, name) in tables {
        let types = schema.get_mut("definitions").and_then(Value::as_object_mut);
        let table = types.and_then(|types| types.get_mut(&name)?.as_object_mut());
        if let Some(required) = table.and_then(|table| table.remove("required")) {
            of_tables.insert(key, json!({ "required": required }));
        }
    }
    json!({ "required": required, "properties": of_tables })
}

/// Returns the name of the type that a property has by itself, not as one of a list.
fn type_of(property: &Value) -> Option<String> {
    let parts = ["allOf", "anyOf"].iter().filter_map(|key| property.get(key)?.as_array()).flatten();
    let mut names = std::iter::once(property).chain(parts).filter_map(|part| part.get("$ref")?.as_str());
    names.find_map(|name| name.strip_prefix("#/definitions/")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use rstest::rstest;

    use super::*;

    const PUBLISHED: &str = include_str!("../../../docs/scenario.schema.json");

    #[test]
    fn the_published_schema_is_todays() {
        let today = schema().unwrap();
        // Accepted like a golden text, to be read in the diff.
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scenario.schema.json");
            std::fs::write(file, &today).unwrap();
            return;
        }
        assert!(
            today == PUBLISHED,
            "INSTA_UPDATE=always writes docs/scenario.schema.json anew; read the difference"
        );
    }

    /// Returns what the published schema has against a scenario.
    fn errors(toml: &str) -> Vec<String> {
        let published = jsonschema::validator_for(&serde_json::from_str(PUBLISHED).unwrap()).unwrap();
        let scenario: Value = toml::from_str(toml).unwrap();
        let errors = published.iter_errors(&scenario);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[rstest]
    fn every_scenario_of_the_project_is_valid_by_it(
        #[files("../scenarios/**/*.toml")]
        #[exclude("\\.base\\.toml$")]
        #[base_dir = "${CARGO_MANIFEST_DIR}"]
        path: PathBuf,
    ) {
        assert_eq!(errors(&std::fs::read_to_string(path).unwrap()), Vec::<String>::new());
    }

    fn online_replicated() -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/online-replicated.toml");
        std::fs::read_to_string(path).unwrap()
    }

    #[rstest]
    #[case::a_list_of_cases(
        "release = \"10.3\"\n",
        "",
        "[matrix]\nreleases = [[\"9.2\", \"10.3\"]]\ninit = [\"bare\"]\n"
    )]
    #[case::a_deed_without_a_table(
        "waive",
        "waive",
        "[[orders]]\nto = \"11.1\"\noutcome = \"upgraded\"\nbefore = [\"second_executor\"]\n"
    )]
    fn what_can_be_read_is_valid(#[case] right: &str, #[case] other: &str, #[case] more: &str) {
        let text = online_replicated();
        assert!(text.contains(right));
        assert_eq!(errors(&format!("{}{more}", text.replacen(right, other, 1))), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_extends_another_one_says_only_what_differs() {
        let text = "extends = \"online-replicated.toml\"\n[pool]\nrelease = \"9.2\"\n";
        assert_eq!(errors(text), Vec::<String>::new());
        assert!(!errors("[pool]\nrelease = \"9.2\"\n").is_empty(), "alone, it says too little");
        // A list takes the place of the base's, so its entries are whole.
        assert!(!errors(&format!("{text}[[orders]]\nto = \"10.3\"\n")).is_empty());
    }

    #[rstest]
    #[case::unknown_key("outcome", "outcme")]
    #[case::unknown_word("\"replica\"", "\"replicated\"")]
    #[case::wrong_type("replica = 3", "replica = \"three\"")]
    #[case::out_of_range("operations_per_second = 6", "operations_per_second = 6000")]
    #[case::missing_sentence("about =", "# about =")]
    #[case::missing_key("family =", "# family =")]
    #[case::half_a_pair("[expect]", "[matrix]\nreleases = [[\"9.2\"]]\n[expect]")]
    fn what_cannot_be_read_is_not(#[case] right: &str, #[case] wrong: &str) {
        let text = online_replicated();
        assert!(text.contains(right));
        assert!(!errors(&text.replacen(right, wrong, 1)).is_empty());
    }

    /// Finds the keys of a schema that nothing is said of.
    fn untold(path: &str, schema: &Value, found: &mut Vec<String>) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            let place = format!("{path}/{key}");
            if key == "properties" {
                let keys = value.as_object().unwrap().iter();
                let bare = keys.filter(|(_, value)| value.get("description").is_none());
                found.extend(bare.map(|(key, _)| format!("{place}/{key}")));
            }
            untold(&place, value, found);
        }
        for (at, part) in schema.as_array().into_iter().flatten().enumerate() {
            untold(&format!("{path}/{at}"), part, found);
        }
    }

    #[test]
    fn an_editor_can_show_what_each_key_is() {
        let mut published: Value = serde_json::from_str(PUBLISHED).unwrap();
        published.as_object_mut().unwrap().remove("anyOf");
        let mut found = Vec::new();
        untold("", &published, &mut found);
        // Of a deed it is said beside its only key.
        found.retain(|place| {
            !place.starts_with("/definitions/Deed/oneOf/") || place.matches("/properties/").count() > 1
        });
        assert_eq!(found, Vec::<String>::new());
    }
}
