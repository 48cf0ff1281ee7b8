//! The commands of an aggregate, from the schema of its command enum.

use serde_json::Value;

use super::CommandInfo;
use crate::Aggregate;

pub(super) fn commands_of<T: Aggregate>(schema: &Value) -> Vec<CommandInfo> {
    let variants = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let defs = schema.get("$defs").cloned();
    let mut commands = Vec::new();
    for variant in variants {
        let Some((name, fields)) = variant
            .get("properties")
            .and_then(Value::as_object)
            .and_then(|p| p.iter().next())
            .map(|(n, f)| (n.clone(), f.clone()))
        else {
            continue;
        };
        let mut fields = resolved(fields, defs.as_ref());
        if let (Some(defs), Some(object)) = (&defs, fields.as_object_mut()) {
            object.insert("$defs".to_owned(), defs.clone());
        }
        commands.push(CommandInfo {
            segment: kebab(&name),
            description: variant
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            internal: T::INTERNAL.contains(&name.as_str()),
            stufe: T::stufe(&name),
            schema: fields,
            name,
        });
    }
    commands
}

/// The fields of a command whose variant holds a struct of its own stand in the definitions.
fn resolved(fields: Value, defs: Option<&Value>) -> Value {
    let name = fields["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"));
    let target = name.and_then(|name| defs?.get(name)).cloned();
    target.unwrap_or(fields)
}

/// `PeriodeFestschreiben` → `periode-festschreiben`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
