//! Lists over the head table of a state read model: filter, sort, search, keyset pages. What may be asked for comes
//! from the read model's own declaration; the types come from the catalogue.

mod filter;

use projections::StateModel;
use serde_json::Value;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use self::filter::Filter;
use super::{
    catalog::{Catalog, Column, Kind},
    cursor::Cursor,
    params::{DEFAULT_LIMIT, MAX_LIMIT, Params, too_old, unknown, wrong},
    sql::{Arg, Sql, quoted},
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

/// Most keys of a sort.
const MAX_SORT_KEYS: usize = 5;

/// Longest search text in characters.
const MAX_SEARCH_CHARS: usize = 200;

/// A word this similar to the search text is a hit (dienste D8).
const SIMILARITY: &str = "0.3";

/// Alias of the head table in every statement.
const ALIAS: &str = "z";

/// One key of the order.
#[derive(Debug, Clone)]
struct SortKey {
    expression: String,
    kind: Kind,
    nullable: bool,
    descending: bool,
}

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
    /// Reads the parameters of a list of this model, whose rows are states of this schema.
    pub fn parse(model: &StateModel, catalog: &Catalog, schema: &Value, mut params: Params) -> Result<Self, Problem> {
        let table = model
            .head()
            .ok_or_else(|| Problem::not_found("zu dieser Ressource gibt es keine Liste"))?
            .name;
        let filterable = filter_columns(model, catalog);
        let limit = params.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
        let gesamt = params.flag("gesamt")?;
        let ab_position = params.positive("ab_position")?.unwrap_or(0);
        let cursor_text = params.take("cursor");
        let suche = search_text(params.take("suche"), table, catalog)?;
        let sort_text = params.take("sortierung").unwrap_or_default();
        let sort = sort_keys(&sort_text, &filterable)?;
        let columns = chosen_columns(params.take("felder"), catalog.of(table))?;

        let mut given = params.rest();
        given.sort();
        let mut filters = Vec::with_capacity(given.len());
        for (name, value) in &given {
            filters.push(Filter::parse(name, value, &filterable, &allowed(&filterable), schema)?);
        }
        let fingerprint = format!("{table}|{sort_text}|{}|{given:?}", suche.as_deref().unwrap_or_default());
        let cursor = cursor_text
            .map(|text| Cursor::decode(&text, &fingerprint))
            .transpose()?;
        Ok(Self {
            table,
            columns,
            filters,
            sort,
            suche,
            limit,
            cursor,
            gesamt,
            ab_position,
            fingerprint,
        })
    }

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

    /// The statement and the number of its sort keys.
    fn statement(&self, mandant_id: Uuid) -> Result<(Sql, usize), Problem> {
        let mut sql = Sql::of(mandant_id);
        let mut conditions = vec![format!("{ALIAS}.mandant_id = $1")];
        for filter in &self.filters {
            conditions.push(filter.condition(ALIAS, &mut sql));
        }
        let mut order = Vec::new();
        if let Some(text) = &self.suche {
            let pattern = sql.bind(Arg::Text(format!("%{}%", like_escaped(text))));
            let word = sql.bind(Arg::Text(text.clone()));
            let hit = format!("{ALIAS}.suche LIKE log.falten({pattern})");
            conditions.push(format!("({hit} OR log.falten({word}) <% {ALIAS}.suche)"));
            if self.sort.is_empty() {
                // A literal hit ranks before any similar one. Rounded, so that the cursor compares exactly.
                order.push(SortKey {
                    expression: format!(
                        "round(CASE WHEN {hit} THEN 1 ELSE 0 END \
                         + word_similarity(log.falten({word}), {ALIAS}.suche)::numeric, 4)"
                    ),
                    kind: Kind::Numeric,
                    nullable: false,
                    descending: true,
                });
            }
        }
        order.extend(self.sort.iter().map(|(column, descending)| SortKey {
            expression: format!("{ALIAS}.{}", quoted(&column.name)),
            kind: column.kind,
            nullable: column.nullable,
            descending: *descending,
        }));
        if !self.sort.iter().any(|(column, _)| column.name == "id") {
            order.push(SortKey {
                expression: format!("{ALIAS}.id"),
                kind: Kind::Uuid,
                nullable: false,
                descending: false,
            });
        }
        let count = if self.gesamt {
            format!(
                ", (SELECT count(*) FROM {} {ALIAS} WHERE {}) AS gesamt",
                self.table,
                conditions.join(" AND ")
            )
        } else {
            String::new()
        };
        if let Some(cursor) = &self.cursor {
            conditions.push(after(&order, &cursor.values, &mut sql)?);
        }
        let keys: Vec<String> = order
            .iter()
            .enumerate()
            .map(|(i, key)| format!("{} AS s{i}", key.kind.as_text(&key.expression)))
            .collect();
        let order_by: Vec<String> = order
            .iter()
            .map(|key| format!("{}{}", key.expression, if key.descending { " DESC" } else { "" }))
            .collect();
        let columns: Vec<String> = self.columns.iter().map(|c| c.json_select(ALIAS)).collect();
        let limit = sql.bind(Arg::Int(self.limit + 1));
        // The join keeps position and count where there are no rows; row_number keeps the order through it.
        sql.text = format!(
            "SELECT k.position AS kopf_position, k.epoche AS kopf_epoche{count}, l.* FROM \
             (SELECT coalesce(max(position), 0) AS position, coalesce(max(epoche), 1) AS epoche \
              FROM log.kopf WHERE mandant_id = $1) k LEFT JOIN \
             (SELECT s.*, row_number() OVER () AS lfd FROM \
              (SELECT (SELECT row_to_json(j)::text FROM (SELECT {columns}) j) AS zeile, {keys} \
               FROM {table} {ALIAS} WHERE {conditions} ORDER BY {order_by} LIMIT {limit}) s) l ON true ORDER BY l.lfd",
            columns = columns.join(", "),
            keys = keys.join(", "),
            table = self.table,
            conditions = conditions.join(" AND "),
            order_by = order_by.join(", "),
        );
        Ok((sql, order.len()))
    }
}

/// The parameters that a list of these columns takes.
fn allowed<'a>(filterable: &[&'a Column]) -> Vec<&'a str> {
    let names = filterable.iter().map(|c| c.name.as_str());
    names.chain(RESERVED.iter().copied()).collect()
}

fn search_text(text: Option<String>, table: &str, catalog: &Catalog) -> Result<Option<String>, Problem> {
    let Some(text) = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    if catalog.column(table, "suche").is_none() {
        return Err(wrong("suche", "diese Liste hat keine Suche; bitte filtern"));
    }
    if text.chars().count() > MAX_SEARCH_CHARS {
        return Err(wrong("suche", format!("höchstens {MAX_SEARCH_CHARS} Zeichen")));
    }
    Ok(Some(text))
}

fn sort_keys(text: &str, filterable: &[&Column]) -> Result<Vec<(Column, bool)>, Problem> {
    let mut keys: Vec<(Column, bool)> = Vec::new();
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        let Some(column) = filterable.iter().find(|c| c.name == name) else {
            let names: Vec<&str> = filterable.iter().map(|c| c.name.as_str()).collect();
            return Err(wrong(
                "sortierung",
                format!(
                    "nach „{name}“ lässt sich nicht sortieren; möglich sind: {}",
                    names.join(", ")
                ),
            ));
        };
        if keys.iter().any(|(c, _)| c.name == name) {
            return Err(wrong("sortierung", format!("„{name}“ steht mehrfach da")));
        }
        keys.push(((*column).clone(), descending));
    }
    if keys.len() > MAX_SORT_KEYS {
        return Err(wrong("sortierung", format!("höchstens {MAX_SORT_KEYS} Felder")));
    }
    Ok(keys)
}

fn chosen_columns(felder: Option<String>, columns: &[Column]) -> Result<Vec<Column>, Problem> {
    let visible = columns.iter().filter(|c| c.name != "mandant_id" && !c.generated);
    let Some(felder) = felder else {
        return Ok(visible.cloned().collect());
    };
    let wanted: Vec<&str> = felder.split(',').map(str::trim).filter(|f| !f.is_empty()).collect();
    let visible: Vec<&Column> = visible.collect();
    if let Some(name) = wanted.iter().find(|name| !visible.iter().any(|c| c.name == **name)) {
        let names: Vec<&str> = visible.iter().map(|c| c.name.as_str()).collect();
        return Err(unknown_field(name, &names));
    }
    let chosen = visible
        .into_iter()
        .filter(|c| c.name == "id" || wanted.contains(&c.name.as_str()));
    Ok(chosen.cloned().collect())
}

fn unknown_field(name: &str, names: &[&str]) -> Problem {
    wrong(
        "felder",
        format!("das Feld „{name}“ gibt es hier nicht; es gibt: {}", names.join(", ")),
    )
}

/// Makes the wildcards of LIKE literal.
fn like_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// "Comes after the cursor" in the order, with Postgres' default place of NULL: last upwards, first downwards.
fn after(order: &[SortKey], values: &[Option<String>], sql: &mut Sql) -> Result<String, Problem> {
    let foreign = || wrong("cursor", "passt nicht zu dieser Abfrage; bitte von vorn lesen");
    if order.len() != values.len() {
        return Err(foreign());
    }
    let mut alternatives = Vec::with_capacity(order.len());
    let mut equal_so_far: Vec<String> = Vec::new();
    let mut bound = None;
    for (i, (key, value)) in order.iter().zip(values).enumerate() {
        let expression = &key.expression;
        let (beyond, equal, at_or_beyond) = match value {
            None if key.descending => (
                Some(format!("{expression} IS NOT NULL")),
                format!("{expression} IS NULL"),
                None,
            ),
            None => (
                None,
                format!("{expression} IS NULL"),
                Some(format!("{expression} IS NULL")),
            ),
            Some(value) => {
                let value = key.kind.read(value).ok_or_else(foreign)?;
                let placeholder = sql.bind(Arg::Text(value));
                let value = format!("{placeholder}::{}", key.kind.sql_type().unwrap_or("text"));
                let (sign, null) = match (key.descending, key.nullable) {
                    (true, _) => ("<", String::new()),
                    (false, true) => (">", format!(" OR {expression} IS NULL")),
                    (false, false) => (">", String::new()),
                };
                (
                    Some(format!("({expression} {sign} {value}{null})")),
                    format!("{expression} = {value}"),
                    Some(format!("({expression} {sign}= {value}{null})")),
                )
            }
        };
        if i == 0 {
            // Implied by the alternatives, but a condition that an index can use.
            bound = at_or_beyond;
        }
        if let Some(beyond) = beyond {
            let mut parts = equal_so_far.clone();
            parts.push(beyond);
            alternatives.push(parts.join(" AND "));
        }
        equal_so_far.push(equal);
    }
    let any = format!("({})", alternatives.join(" OR "));
    Ok(bound.map_or_else(|| any.clone(), |bound| format!("{bound} AND {any}")))
}

#[cfg(test)]
mod tests {
    use projections::Table;

    use super::*;

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

    #[test]
    fn the_place_of_null_is_the_same_in_order_and_cursor() {
        let query = parse("sortierung=seit").unwrap();
        let order = |descending| {
            vec![SortKey {
                expression: "x".to_owned(),
                kind: query.sort[0].0.kind,
                nullable: true,
                descending,
            }]
        };
        let condition = |descending, value: Option<&str>| {
            let mut sql = Sql::of(Uuid::nil());
            after(&order(descending), &[value.map(str::to_owned)], &mut sql).unwrap()
        };
        assert_eq!(
            condition(false, Some("2026-01-31")),
            "(x >= $2::date OR x IS NULL) AND ((x > $2::date OR x IS NULL))"
        );
        assert_eq!(
            condition(true, Some("2026-01-31")),
            "(x <= $2::date) AND ((x < $2::date))"
        );
        assert_eq!(condition(true, None), "(x IS NOT NULL)");
    }

    #[test]
    fn wildcards_in_a_search_are_literal() {
        assert_eq!(like_escaped(r"100%_\"), r"100\%\_\\");
    }
}
