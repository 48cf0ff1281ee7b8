//! One statement under construction: text from catalogue names and constants, values always bound.

use sqlx::{AssertSqlSafe, PgConnection, Postgres, postgres::PgArguments, postgres::PgRow, query::Query};
use uuid::Uuid;

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Arg {
    /// A UUID.
    Uuid(Uuid),
    /// A text; the statement casts it to the column's type.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A whole number.
    Int(i64),
}

/// Statement text and its values. The first value is always the company: `$1`.
#[derive(Debug, Clone)]
pub(super) struct Sql {
    /// With placeholders for all values; no value stands in it.
    pub text: String,
    args: Vec<Arg>,
}

impl Sql {
    /// A statement of one company.
    pub fn of(mandant_id: Uuid) -> Self {
        Self {
            text: String::new(),
            args: vec![Arg::Uuid(mandant_id)],
        }
    }

    /// Binds a value and gives its placeholder.
    pub fn bind(&mut self, arg: Arg) -> String {
        self.args.push(arg);
        format!("${}", self.args.len())
    }

    /// Runs it.
    pub async fn fetch_all(self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut query: Query<'_, Postgres, PgArguments> = sqlx::query(AssertSqlSafe(self.text));
        for arg in self.args {
            query = match arg {
                Arg::Uuid(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Texts(value) => query.bind(value),
                Arg::Int(value) => query.bind(value),
            };
        }
        query.fetch_all(connection).await
    }
}

/// A name of the catalogue as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
