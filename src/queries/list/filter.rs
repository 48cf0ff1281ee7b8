//! One filter of a list: `feld=wert` or `feld[op]=wert`, its value checked against the column's type.

use aggregates::eingabe::woerter_des_felds;
use serde_json::Value;

use super::statement::like_escaped;
use crate::{
    api::problem::Problem,
    queries::{
        catalog::{Column, Kind},
        params::{unknown, wrong},
        sql::{Arg, Sql, quoted},
        zeit,
    },
};

/// Operators, as they stand in brackets.
pub const OPERATORS: &[&str] = &[
    "eq", "ne", "lt", "lte", "gt", "gte", "in", "zwischen", "beginnt", "leer",
];

/// Most values of `in`.
const MAX_IN: usize = 200;

/// A comparison that a column's type allows.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// `=`, `<>` …: SQL operator and value.
    Compare(&'static str, String),
    /// `IS DISTINCT FROM`: rows without a value differ too.
    Differs(String),
    /// One of.
    In(Vec<String>),
    /// Both ends included; the flag says that the upper end is excluded.
    Between(String, String, bool),
    /// Text prefix.
    Starts(String),
    /// Has no value.
    Empty(bool),
}

/// A column and what is asked of it; several hold together.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    column: Column,
    test: Test,
}

impl Filter {
    /// Reads `name` (with its operator) and value. A column that is an enum of the state's schema takes its words only.
    pub(super) fn parse(
        name: &str,
        value: &str,
        columns: &[&Column],
        allowed: &[&str],
        schema: &Value,
    ) -> Result<Self, Problem> {
        let (field, operator) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            Some((field, operator)) => (field, operator),
            None => (name, "eq"),
        };
        let Some(column) = columns.iter().find(|c| c.name == field) else {
            return Err(unknown(name, allowed));
        };
        let kind = column.kind;
        let words = woerter_des_felds(schema, field);
        let read = |text: &str| {
            if !words.is_empty() && !words.contains(&text) {
                let text = format!("„{text}“ gibt es hier nicht; möglich: {}", words.join(", "));
                return Err(wrong(name, text));
            }
            kind.read(text)
                .ok_or_else(|| wrong(name, format!("„{text}“ passt nicht; erwartet wird {}", kind.expected())))
        };
        let day = (kind == Kind::Moment).then(|| zeit::datum(value)).flatten();
        let test = match (operator, day) {
            // A date compared with a moment means the whole day in Europe/Berlin.
            ("eq", Some(day)) => Test::Between(zeit::rfc3339(zeit::beginn(day)), zeit::rfc3339(zeit::ende(day)), true),
            ("lt", Some(day)) => Test::Compare("<", zeit::rfc3339(zeit::beginn(day))),
            ("lte", Some(day)) => Test::Compare("<", zeit::rfc3339(zeit::ende(day))),
            ("gt", Some(day)) => Test::Compare(">=", zeit::rfc3339(zeit::ende(day))),
            ("gte", Some(day)) => Test::Compare(">=", zeit::rfc3339(zeit::beginn(day))),
            ("eq", None) => Test::Compare("=", read(value)?),
            ("ne", _) => Test::Differs(read(value)?),
            ("lt", None) => Test::Compare("<", read(value)?),
            ("lte", None) => Test::Compare("<=", read(value)?),
            ("gt", None) => Test::Compare(">", read(value)?),
            ("gte", None) => Test::Compare(">=", read(value)?),
            ("in", _) => {
                let values: Vec<&str> = value.split(',').collect();
                if values.len() > MAX_IN {
                    return Err(wrong(name, format!("höchstens {MAX_IN} Werte")));
                }
                if values.contains(&"") {
                    let text = "„in“ nimmt Werte mit Komma: a,b; nach leeren Feldern fragt feld[leer]=true";
                    return Err(wrong(name, text));
                }
                Test::In(values.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            ("zwischen", _) => between(name, value, kind, read)?,
            ("beginnt", _) if kind == Kind::Text => Test::Starts(value.to_owned()),
            ("beginnt", _) => return Err(wrong(name, "„beginnt“ gibt es nur für Texte")),
            ("leer", _) => Test::Empty(value.parse().map_err(|_| wrong(name, "„leer“ nimmt true oder false"))?),
            _ => {
                return Err(wrong(
                    name,
                    format!(
                        "den Vergleich „{operator}“ gibt es nicht; möglich sind: {}",
                        OPERATORS.join(", ")
                    ),
                ));
            }
        };
        Ok(Self {
            column: (*column).clone(),
            test,
        })
    }

    /// As a condition; values are bound.
    pub(super) fn condition(&self, alias: &str, sql: &mut Sql) -> String {
        let column = format!("{alias}.{}", quoted(&self.column.name));
        let typ = self.column.kind.sql_type().unwrap_or("text");
        let mut bind = |value: &str| format!("{}::{typ}", sql.bind(Arg::Text(value.to_owned())));
        match &self.test {
            Test::Compare(operator, value) => format!("{column} {operator} {}", bind(value)),
            Test::Differs(value) => format!("{column} IS DISTINCT FROM {}", bind(value)),
            Test::In(values) => format!("{column} = ANY({}::{typ}[])", sql.bind(Arg::Texts(values.clone()))),
            Test::Between(from, to, exclusive) => {
                let (from, to) = (bind(from), bind(to));
                let upper = if *exclusive { "<" } else { "<=" };
                format!("({column} >= {from} AND {column} {upper} {to})")
            }
            Test::Starts(prefix) => {
                format!(
                    "{column} LIKE {}",
                    sql.bind(Arg::Text(format!("{}%", like_escaped(prefix))))
                )
            }
            Test::Empty(empty) => match (self.column.kind, empty) {
                (Kind::Text, true) => format!("coalesce({column}, '') = ''"),
                (Kind::Text, false) => format!("coalesce({column}, '') <> ''"),
                (_, true) => format!("{column} IS NULL"),
                (_, false) => format!("{column} IS NOT NULL"),
            },
        }
    }
}

fn between(
    name: &str,
    value: &str,
    kind: Kind,
    read: impl Fn(&str) -> Result<String, Problem>,
) -> Result<Test, Problem> {
    let Some((from, to)) = value.split_once(',') else {
        return Err(wrong(name, "„zwischen“ nimmt zwei Werte mit Komma: von,bis"));
    };
    if kind != Kind::Moment {
        return Ok(Test::Between(read(from)?, read(to)?, false));
    }
    let from = match zeit::datum(from) {
        Some(day) => zeit::rfc3339(zeit::beginn(day)),
        None => read(from)?,
    };
    Ok(match zeit::datum(to) {
        Some(day) => Test::Between(from, zeit::rfc3339(zeit::ende(day)), true),
        None => Test::Between(from, read(to)?, false),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::queries::catalog::Catalog;

    fn columns() -> Catalog {
        Catalog::sample(
            "t",
            &[
                ("id", "uuid", false),
                ("am", "timestamp with time zone", false),
                ("datum", "date", false),
                ("summe", "numeric", false),
                ("nr", "bigint", false),
                ("ja", "boolean", false),
                ("text", "text", true),
                ("art", "text", true),
            ],
        )
    }

    /// Only `art` is an enum, behind a reference and optional.
    fn schema() -> Value {
        json!({
            "properties": {"art": {"anyOf": [{"$ref": "#/$defs/Art"}, {"type": "null"}]}, "text": {"type": "string"}},
            "$defs": {"Art": {"oneOf": [{"const": "gut", "type": "string"}, {"const": "schlecht", "type": "string"}]}},
        })
    }

    #[test]
    fn an_enum_takes_its_words_only_and_a_list_no_empty_value() {
        assert!(condition("art", "gut").is_ok());
        assert!(condition("art[in]", "gut,schlecht").is_ok());
        assert!(condition("art[beginnt]", "g").is_ok());
        for (name, value) in [("art", "quatsch"), ("art[ne]", "quatsch"), ("art[in]", "gut,quatsch")] {
            let refused = condition(name, value).unwrap_err();
            assert_eq!(refused.status(), 400, "{name}={value}");
            let detail = refused.body().to_string();
            assert!(detail.contains("möglich: gut, schlecht"), "{detail}");
        }
        for value in ["", "a,", ",a"] {
            assert_eq!(condition("text[in]", value).unwrap_err().status(), 400, "{value}");
        }
    }

    fn condition(name: &str, value: &str) -> Result<String, Problem> {
        let catalog = columns();
        let columns: Vec<&Column> = catalog.of("t").iter().collect();
        let mut sql = Sql::of(uuid::Uuid::nil());
        Filter::parse(name, value, &columns, &["text"], &schema()).map(|f| f.condition("z", &mut sql))
    }

    #[test]
    fn every_operator_has_its_condition() {
        let cases = [
            ("summe", "1.50", "z.\"summe\" = $2::numeric"),
            ("summe[eq]", "1.50", "z.\"summe\" = $2::numeric"),
            ("summe[ne]", "1.50", "z.\"summe\" IS DISTINCT FROM $2::numeric"),
            ("nr[lt]", "3", "z.\"nr\" < $2::bigint"),
            ("nr[lte]", "3", "z.\"nr\" <= $2::bigint"),
            ("datum[gt]", "2026-01-31", "z.\"datum\" > $2::date"),
            ("datum[gte]", "2026-01-31", "z.\"datum\" >= $2::date"),
            ("nr[in]", "1,2", "z.\"nr\" = ANY($2::bigint[])"),
            (
                "nr[zwischen]",
                "1,2",
                "(z.\"nr\" >= $2::bigint AND z.\"nr\" <= $3::bigint)",
            ),
            ("text[beginnt]", "Mü", "z.\"text\" LIKE $2"),
            ("text[leer]", "true", "coalesce(z.\"text\", '') = ''"),
            ("datum[leer]", "false", "z.\"datum\" IS NOT NULL"),
            (
                "am",
                "2026-01-31",
                "(z.\"am\" >= $2::timestamptz AND z.\"am\" < $3::timestamptz)",
            ),
            ("am[lte]", "2026-01-31", "z.\"am\" < $2::timestamptz"),
            ("am[lte]", "2026-01-31T10:00:00Z", "z.\"am\" <= $2::timestamptz"),
            (
                "am[zwischen]",
                "2026-01-01,2026-01-31",
                "(z.\"am\" >= $2::timestamptz AND z.\"am\" < $3::timestamptz)",
            ),
        ];
        for (name, value, expected) in cases {
            assert_eq!(condition(name, value).unwrap(), expected, "{name}={value}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_what_is_expected() {
        let cases = [
            ("id", "1"),
            ("am[lt]", "gestern"),
            ("datum", "31.01.2026"),
            ("summe", "1,50"),
            ("nr[in]", "1,x"),
            ("ja", "ja"),
            ("nr[zwischen]", "1"),
            ("nr[beginnt]", "1"),
            ("text[leer]", "vielleicht"),
            ("text[aehnlich]", "x"),
            ("farbe", "rot"),
        ];
        for (name, value) in cases {
            let refused = condition(name, value).unwrap_err();
            assert_eq!(
                (refused.code(), refused.status()),
                ("EINGABE_UNGUELTIG", 400),
                "{name}={value}"
            );
            assert_eq!(refused.body()["felder"][0]["feld"], name);
        }
        let detail = condition("summe", "1,50").unwrap_err().body().to_string();
        assert!(detail.contains("Dezimalzahl mit Punkt"), "{detail}");
    }
}
