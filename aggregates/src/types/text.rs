//! Text with a limit.

use std::{borrow::Cow, fmt, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::VALUE_MARK;

/// Text of 1 to `MAX` characters without control characters, trimmed. The door has already made it NFC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// The trimmed text, if it has 1 to `max` characters and no control characters.
pub(crate) fn text_pruefen(text: &str, max: usize) -> Result<&str, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err("der Text ist leer".to_owned());
    }
    if length > max {
        return Err(format!("der Text hat {length} Zeichen; höchstens {max} sind erlaubt"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err("der Text enthält Steuerzeichen".to_owned());
    }
    Ok(text)
}

impl<const MAX: usize> Text<MAX> {
    /// Checks and takes a text.
    pub fn new(text: &str) -> Result<Self, String> {
        match text_pruefen(text, MAX) {
            Ok(text) => Ok(Self(text.to_owned())),
            Err(meldung) => Err(format!("{VALUE_MARK}{meldung}")),
        }
    }

    /// Takes a text of the program's own and cuts it to the limit instead of refusing it.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX).collect();
        Self(if clean.is_empty() { "-".to_owned() } else { clean })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Default for Text<MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": MAX})
    }
}
