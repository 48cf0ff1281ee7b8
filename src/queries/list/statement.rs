//! The SQL of a list: one statement for rows, count and position, and the condition that goes on behind a cursor.

use uuid::Uuid;

use super::ListQuery;
use crate::{
    api::problem::Problem,
    queries::{
        catalog::Kind,
        params::wrong,
        sql::{Arg, Sql, quoted},
    },
};

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

impl ListQuery {
    /// The statement and the number of its sort keys.
    pub(super) fn statement(&self, mandant_id: Uuid) -> Result<(Sql, usize), Problem> {
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

/// Makes the wildcards of LIKE literal.
pub(super) fn like_escaped(text: &str) -> String {
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
    use super::*;

    #[test]
    fn the_place_of_null_is_the_same_in_order_and_cursor() {
        let order = |descending| {
            vec![SortKey {
                expression: "x".to_owned(),
                kind: Kind::Date,
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
