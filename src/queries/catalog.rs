//! The columns of the read models with their types, read from the database's catalogue once at start.

use std::collections::HashMap;

use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{sql::quoted, zeit};

/// Type of a column, as far as reading cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// uuid.
    Uuid,
    /// date.
    Date,
    /// timestamptz.
    Moment,
    /// numeric; goes out as a decimal string.
    Numeric,
    /// smallint, integer, bigint.
    Integer,
    /// boolean.
    Boolean,
    /// text.
    Text,
    /// Anything else: goes out, is not filtered or sorted by.
    Other,
}

impl Kind {
    fn of(catalogue_type: &str) -> Self {
        match catalogue_type {
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "timestamp with time zone" => Self::Moment,
            "smallint" | "integer" | "bigint" => Self::Integer,
            "boolean" => Self::Boolean,
            "text" => Self::Text,
            t if t.starts_with("numeric") && !t.ends_with("[]") => Self::Numeric,
            t if t.starts_with("character") && !t.ends_with("[]") => Self::Text,
            _ => Self::Other,
        }
    }

    /// Type to cast a bound text to; `None` if the column is not compared.
    #[must_use]
    pub fn sql_type(self) -> Option<&'static str> {
        match self {
            Self::Uuid => Some("uuid"),
            Self::Date => Some("date"),
            Self::Moment => Some("timestamptz"),
            Self::Numeric => Some("numeric"),
            Self::Integer => Some("bigint"),
            Self::Boolean => Some("boolean"),
            Self::Text => Some("text"),
            Self::Other => None,
        }
    }

    /// What a value looks like, for error texts.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Uuid => "eine UUID",
            Self::Date => "ein Datum der Form 2026-01-31",
            Self::Moment => "ein Zeitpunkt nach RFC 3339 (2026-01-31T12:00:00Z) oder ein Datum (2026-01-31)",
            Self::Numeric => "eine Dezimalzahl mit Punkt, z. B. 1234.56",
            Self::Integer => "eine ganze Zahl",
            Self::Boolean => "true oder false",
            Self::Text | Self::Other => "ein Text",
        }
    }

    /// Checks a value and gives it in the spelling that the database casts; `None` if it is not of this type.
    #[must_use]
    pub fn read(self, text: &str) -> Option<String> {
        match self {
            Self::Uuid => Uuid::parse_str(text).ok().map(|id| id.to_string()),
            Self::Date => zeit::datum(text).map(|d| d.to_string()),
            Self::Moment => zeit::moment(text).map(zeit::rfc3339),
            Self::Numeric => Decimal::from_str_exact(text).ok().map(|d| d.to_string()),
            Self::Integer => text.parse::<i64>().ok().map(|n| n.to_string()),
            Self::Boolean => text.parse::<bool>().ok().map(|b| b.to_string()),
            Self::Text => Some(text.to_owned()),
            Self::Other => None,
        }
    }

    /// An expression of this type as the text that [`Kind::read`] takes back.
    #[must_use]
    pub fn as_text(self, expression: &str) -> String {
        match self {
            Self::Moment => {
                format!("to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            }
            _ => format!("({expression})::text"),
        }
    }
}

/// A column as the database has it: how it is read, compared and sent out follows from it.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: Kind,
    /// May be NULL.
    pub nullable: bool,
    /// Computed by the database (`suche`); not part of answers.
    pub generated: bool,
    numeric_list: bool,
}

impl Column {
    /// The column in a select list whose rows become JSON: what JSON's own numbers and times would bend goes as text.
    #[must_use]
    pub fn json_select(&self, alias: &str) -> String {
        let column = format!("{alias}.{}", quoted(&self.name));
        match self.kind {
            Kind::Numeric | Kind::Moment => format!("{} AS {}", self.kind.as_text(&column), quoted(&self.name)),
            _ if self.numeric_list => format!("{column}::text[] AS {}", quoted(&self.name)),
            _ => column,
        }
    }
}

/// The columns of every table of the read models.
#[derive(Debug, Clone, Default)]
pub struct Catalog(HashMap<String, Vec<Column>>);

impl Catalog {
    /// Reads the catalogue.
    pub async fn load(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT n.nspname || '.' || c.relname AS tabelle, a.attname::text AS name, \
                    format_type(a.atttypid, a.atttypmod) AS typ, NOT a.attnotnull AS nullbar, \
                    a.attgenerated <> '' AS berechnet \
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname IN ('wawi', 'fibu', 'crm', 'dienste') AND c.relkind IN ('r', 'p') \
               AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY 1, a.attnum",
        )
        .fetch_all(connection)
        .await?;
        let mut tables: HashMap<String, Vec<Column>> = HashMap::new();
        for row in rows {
            let typ: String = row.try_get("typ")?;
            tables.entry(row.try_get("tabelle")?).or_default().push(Column {
                name: row.try_get("name")?,
                kind: Kind::of(&typ),
                nullable: row.try_get("nullbar")?,
                generated: row.try_get("berechnet")?,
                numeric_list: typ.starts_with("numeric") && typ.ends_with("[]"),
            });
        }
        Ok(Self(tables))
    }

    /// Columns of `schema.table`, in the table's order; none for an unknown table.
    #[must_use]
    pub fn of(&self, table: &str) -> &[Column] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }

    /// One column.
    #[must_use]
    pub fn column(&self, table: &str, name: &str) -> Option<&Column> {
        self.of(table).iter().find(|c| c.name == name)
    }

    #[cfg(test)]
    pub(super) fn sample(table: &str, columns: &[(&str, &str, bool)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, typ, nullable)| Column {
                name: (*name).to_owned(),
                kind: Kind::of(typ),
                nullable: *nullable,
                generated: *name == "suche",
                numeric_list: false,
            })
            .collect();
        Self(HashMap::from([(table.to_owned(), columns)]))
    }
}
