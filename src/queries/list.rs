//! Lists over the head table of a state read model: filter, sort, search, keyset pages. What may be asked for comes
//! from the read model's own declaration; the types come from the catalogue.

mod filter;
mod parse;
mod statement;

use projections::StateModel;
use serde_json::Value;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use self::filter::Filter;
use super::{
    catalog::{Catalog, Column},
    cursor::Cursor,
    params::too_old,
};
use crate::api::problem::Problem;

/// Columns of every head table that may be filtered and sorted by, besides the declared ones.
pub const ENGINE_COLUMNS: &[&str] = &["id", "version", "angelegt_am", "geaendert_am", "log_position"];

/// Parameters of every list that are not filters.
pub const RESERVED: &[&str] = &[
    "limit",
    "cursor",
    "sortierung",
    "gesamt",
    "felder",
    "suche",
    "ab_position",
];

/// A word this similar to the search text is a hit (dienste D8).
const SIMILARITY: &str = "0.3";

/// A list as asked for, checked against the declaration.
#[derive(Debug, Clone)]
pub struct ListQuery {
    table: &'static str,
    columns: Vec<Column>,
    filters: Vec<Filter>,
    /// Columns to sort by with their direction; the search's rank and the id are added when the statement is built.
    sort: Vec<(Column, bool)>,
    suche: Option<String>,
    limit: i64,
    cursor: Option<Cursor>,
    gesamt: bool,
    /// The page must have seen the log up to here.
    ab_position: i64,
    fingerprint: String,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The rows as JSON objects.
    pub daten: Vec<Value>,
    /// Cursor of the next page.
    pub weiter: Option<String>,
    /// Number of all rows, if asked for.
    pub gesamt: Option<i64>,
    /// Head of the log that the page has seen.
    pub position: i64,
}

/// The columns of a model that may be filtered and sorted by.
#[must_use]
pub fn filter_columns<'a>(model: &StateModel, catalog: &'a Catalog) -> Vec<&'a Column> {
    let Some(head) = model.head() else {
        return Vec::new();
    };
    let columns = catalog.of(head.name).iter();
    columns
        .filter(|c| ENGINE_COLUMNS.contains(&c.name.as_str()) || model.filter.contains(&c.name.as_str()))
        .filter(|c| c.kind.sql_type().is_some())
        .collect()
}

impl ListQuery {
    /// The position that the page must have seen.
    #[must_use]
    pub fn needs(&self) -> i64 {
        self.ab_position
    }

    /// Reads the page. One statement, so rows, count and position are of one moment.
    pub async fn fetch(&self, pool: &PgPool, mandant_id: Uuid) -> Result<Page, Problem> {
        let (sql, keys) = self.statement(mandant_id)?;
        let rows = if self.suche.is_some() {
            let mut transaction = pool.begin().await?;
            // The operator <% of pg_trgm uses its index and compares with this setting.
            sqlx::query("SELECT set_config('pg_trgm.word_similarity_threshold', $1, true)")
                .bind(SIMILARITY)
                .execute(&mut *transaction)
                .await?;
            let rows = sql.fetch_all(&mut transaction).await?;
            transaction.commit().await?;
            rows
        } else {
            let mut connection = pool.acquire().await?;
            sql.fetch_all(&mut connection).await?
        };
        let Some(first) = rows.first() else {
            return Err(Problem::from(sqlx::Error::RowNotFound));
        };
        let (position, epoch): (i64, i32) = (first.try_get("kopf_position")?, first.try_get("kopf_epoche")?);
        // State rows commit with their events, so only a database that lacks these events is behind.
        if position < self.ab_position {
            return Err(too_old(self.ab_position));
        }
        if let Some(cursor) = &self.cursor {
            cursor.check_epoch(epoch)?;
        }
        let gesamt = if self.gesamt { first.try_get("gesamt")? } else { None };
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let mut daten = Vec::with_capacity(rows.len().min(limit));
        // An empty list is one row without content.
        for row in rows.iter().take(limit) {
            if let Some(text) = row.try_get::<Option<String>, _>("zeile")? {
                let value = serde_json::from_str(&text).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
                daten.push(value);
            }
        }
        let weiter = match rows.get(limit.wrapping_sub(1)) {
            Some(last) if rows.len() > limit => {
                let values = (0..keys)
                    .map(|i| last.try_get(format!("s{i}").as_str()))
                    .collect::<Result<Vec<Option<String>>, _>>()?;
                Some(Cursor { values, epoch }.encode(&self.fingerprint))
            }
            _ => None,
        };
        Ok(Page {
            daten,
            weiter,
            gesamt,
            position,
        })
    }
}

#[cfg(test)]
mod tests {
    use projections::Table;

    use super::*;
    use crate::queries::params::Params;

    const TABLES: &[Table] = &[Table::head("crm.kunde")];

    fn model() -> StateModel {
        StateModel {
            typ: "kunde",
            tables: TABLES,
            search: &["name"],
            filter: &["name", "summe", "seit", "aktiv"],
        }
    }

    fn catalog() -> Catalog {
        Catalog::sample(
            "crm.kunde",
            &[
                ("mandant_id", "uuid", false),
                ("id", "uuid", false),
                ("version", "bigint", false),
                ("geaendert_am", "timestamp with time zone", false),
                ("name", "text", false),
                ("summe", "numeric(15,2)", true),
                ("seit", "date", true),
                ("aktiv", "boolean", false),
                ("geheim", "text", true),
                ("suche", "text", true),
            ],
        )
    }

    fn parse(query: &str) -> Result<ListQuery, Problem> {
        let params = Params::of(&format!("/k?{query}").parse().unwrap()).unwrap();
        ListQuery::parse(&model(), &catalog(), &Value::Null, params)
    }

    fn text(query: &str) -> String {
        parse(query).unwrap().statement(Uuid::nil()).unwrap().0.text
    }

    #[test]
    fn every_statement_has_the_company_and_no_value_in_its_text() {
        let sql = text("name=Meier&summe[gte]=12.50&gesamt=true&suche=Rob%27%3B--");
        assert_eq!(sql.matches("z.mandant_id = $1").count(), 2, "rows and count: {sql}");
        for value in ["Meier", "12.50", "Rob"] {
            assert!(!sql.contains(value), "{value} in {sql}");
        }
    }

    #[test]
    fn money_and_moments_go_out_as_text_and_the_searched_column_not_at_all() {
        let sql = text("");
        assert!(sql.contains("(z.\"summe\")::text AS \"summe\""), "{sql}");
        assert!(sql.contains("to_char(z.\"geaendert_am\" AT TIME ZONE 'UTC'"), "{sql}");
        assert!(!sql.contains("\"suche\"") && !sql.contains("\"mandant_id\""), "{sql}");
        assert!(sql.contains("ORDER BY z.id LIMIT"), "{sql}");
    }

    #[test]
    fn undeclared_columns_are_refused_as_filter_sort_and_field() {
        let filter = parse("geheim=x").unwrap_err();
        assert_eq!(filter.body()["felder"][0]["feld"], "geheim");
        assert!(filter.body()["felder"][0]["meldung"].as_str().unwrap().contains("name"));
        assert_eq!(
            parse("sortierung=geheim").unwrap_err().body()["felder"][0]["feld"],
            "sortierung"
        );
        assert_eq!(
            parse("felder=gibtsnicht").unwrap_err().body()["felder"][0]["feld"],
            "felder"
        );
        assert_eq!(parse("sortierung=name,-name").unwrap_err().status(), 400);
        assert_eq!(
            parse("felder=name").unwrap().columns.len(),
            2,
            "the id always goes along"
        );
    }

    #[test]
    fn a_cursor_is_bound_to_sort_and_filters() {
        let query = parse("sortierung=-summe,name").unwrap();
        let cursor = Cursor {
            values: vec![
                Some("3.50".to_owned()),
                Some("Meier".to_owned()),
                Some(Uuid::nil().to_string()),
            ],
            epoch: 1,
        };
        let text = cursor.encode(&query.fingerprint);
        assert!(parse(&format!("sortierung=-summe,name&cursor={text}")).is_ok());
        assert!(parse(&format!("sortierung=summe,name&cursor={text}")).is_err());
        assert!(parse(&format!("sortierung=-summe,name&aktiv=true&cursor={text}")).is_err());
    }
}
