//! State tables: `row = f(state)`. The folded state's JSON is cut into head and child rows, the rows are written
//! set-based with `jsonb_populate_recordset`, and only what changed is touched.

use std::collections::{BTreeMap, HashMap};

use aggregates::Aggregate;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Key fields: JSON field in the element, and the column it becomes.
pub type Keys = &'static [(&'static str, &'static str)];

/// One table of an aggregate.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// `schema.table`.
    pub name: &'static str,
    /// Where its rows are in the state's JSON: empty for the head, `["positionen"]` for a child,
    /// `["positionen", "kontierung"]` for a child of a child.
    pub path: &'static [&'static str],
    /// The keys: JSON field in the element, and the column it becomes. One for each level above the row, then those of
    /// the row itself, where both are usually the same.
    pub keys: Keys,
}

impl Table {
    /// The head table: one row per stream.
    #[must_use]
    pub const fn head(name: &'static str) -> Self {
        Self {
            name,
            path: &[],
            keys: &[],
        }
    }

    /// A child table: one row per element of a list.
    #[must_use]
    pub const fn child(name: &'static str, path: &'static [&'static str], keys: Keys) -> Self {
        Self { name, path, keys }
    }

    /// True for the head table.
    #[must_use]
    pub const fn is_head(&self) -> bool {
        self.path.is_empty()
    }

    /// The keys of the levels above the row, one for each, and those of the row itself.
    #[must_use]
    pub fn split_keys(&self) -> (Keys, Keys) {
        let above = self.path.len().saturating_sub(1).min(self.keys.len());
        self.keys.split_at(above)
    }
}

/// What an aggregate's file in this crate declares.
pub trait StateReadModel: Aggregate {
    /// Its tables, head first.
    const TABLES: &'static [Table];
    /// Columns of the head that `?suche=` looks into; the table has a generated column `suche` over them.
    const SEARCH: &'static [&'static str];
    /// Columns of the head that may be filtered and sorted by; each has an index or the table stays small.
    const FILTER: &'static [&'static str];
}

/// A declared read model without its type.
#[derive(Debug, Clone, Copy)]
pub struct StateModel {
    /// Aggregate type.
    pub typ: &'static str,
    /// Its tables, head first.
    pub tables: &'static [Table],
    /// Searched columns.
    pub search: &'static [&'static str],
    /// Columns to filter and sort by.
    pub filter: &'static [&'static str],
}

impl StateModel {
    /// The registry line of a read model.
    #[must_use]
    pub const fn of<T: StateReadModel>() -> Self {
        Self {
            typ: T::TYPE,
            tables: T::TABLES,
            search: T::SEARCH,
            filter: T::FILTER,
        }
    }

    /// The column of the child tables that names their head.
    #[must_use]
    pub fn owner(&self) -> String {
        owner_column(self.typ)
    }

    /// The head table.
    #[must_use]
    pub fn head(&self) -> Option<&'static Table> {
        self.tables.iter().find(|t| t.is_head())
    }
}

/// The column that names an aggregate of a type in tables of other rows. The one of the Mandant has no `_id`: that column
/// is the company every row belongs to.
pub(crate) fn owner_column(typ: &str) -> String {
    match typ {
        "mandant" => typ.to_owned(),
        typ => format!("{typ}_id"),
    }
}

/// A stream whose state changed.
#[derive(Debug)]
pub struct Change<'a> {
    /// The read model.
    pub model: StateModel,
    /// Company.
    pub mandant_id: Uuid,
    /// Stream.
    pub id: Uuid,
    /// Version after the change.
    pub version: i64,
    /// Position of the stream's last event.
    pub position: i64,
    /// When the stream began; `None` keeps what the row has.
    pub angelegt_am: Option<DateTime<Utc>>,
    /// When it last changed.
    pub geaendert_am: DateTime<Utc>,
    /// True for a stream that has no rows yet.
    pub begins: bool,
    /// The state's JSON before, to compare children with; not needed for a stream that begins or a model without any.
    pub old: Option<&'a Value>,
    /// The state's JSON after.
    pub new: &'a Value,
}

/// Rows to delete and to write, per model and table.
#[derive(Debug, Default)]
pub struct RowSet {
    models: BTreeMap<&'static str, Vec<TableRows>>,
}

#[derive(Debug)]
struct TableRows {
    table: &'static str,
    gone: Vec<Value>,
    /// Of streams that have no rows yet.
    new: Vec<Value>,
    changed: Vec<Value>,
}

/// SQL with one parameter `$1`, and the rows to bind to it as a JSON array.
#[derive(Debug)]
pub struct Write<'s> {
    sql: &'s str,
    rows: Value,
}

impl RowSet {
    /// Adds the difference that a change makes. Children are compared under their declared key; equal rows are left
    /// alone.
    pub fn add(&mut self, change: &Change<'_>) {
        let owner = change.model.owner();
        let tables = self.models.entry(change.model.typ).or_insert_with(|| {
            let rows = |table: &Table| TableRows {
                table: table.name,
                gone: Vec::new(),
                new: Vec::new(),
                changed: Vec::new(),
            };
            change.model.tables.iter().map(rows).collect()
        });
        for (table, target) in change.model.tables.iter().zip(tables) {
            if table.is_head() {
                let rows = if change.begins {
                    &mut target.new
                } else {
                    &mut target.changed
                };
                rows.push(head_row(change));
                continue;
            }
            let rows = |state| child_rows(table, &owner, change.mandant_id, change.id, state);
            let new = rows(change.new);
            if change.begins {
                target.new.extend(new.into_values());
                continue;
            }
            let mut old = change.old.map(rows).unwrap_or_default();
            for (key, row) in new {
                if old.remove(&key).as_ref() != Some(&row) {
                    target.changed.push(row);
                }
            }
            target.gone.extend(old.into_values());
        }
    }

    /// What is to be done, per model; the writes of one model touch no row twice, so that one statement can do them.
    #[must_use]
    pub fn writes(self, statements: &Statements) -> Vec<Vec<Write<'_>>> {
        let models = self.models.into_values().map(|tables| {
            let mut writes = Vec::new();
            for rows in tables {
                let Some(sql) = statements.0.get(rows.table) else {
                    continue;
                };
                for (sql, rows) in [
                    (&sql.delete, rows.gone),
                    (&sql.insert, rows.new),
                    (&sql.upsert, rows.changed),
                ] {
                    if !rows.is_empty() {
                        let rows = Value::Array(rows);
                        writes.push(Write { sql, rows });
                    }
                }
            }
            writes
        });
        models.filter(|writes| !writes.is_empty()).collect()
    }
}

/// The writes as parts of a WITH clause, each behind a comma; their rows are the parameters from `first` on.
#[must_use]
pub fn with_parts(writes: &[Write<'_>], first: usize) -> String {
    let part = |(index, write): (usize, &Write<'_>)| {
        let sql = write.sql.replace("$1", &format!("${}", first + index));
        format!(", zeilen_{index} AS ({sql})")
    };
    writes.iter().enumerate().map(part).collect()
}

impl Write<'_> {
    /// The rows, to be bound.
    #[must_use]
    pub fn into_rows(self) -> Value {
        self.rows
    }
}

/// The SQL of all state tables, made once.
#[derive(Debug)]
pub struct Statements(HashMap<&'static str, TableSql>);

#[derive(Debug)]
struct TableSql {
    delete: String,
    insert: String,
    upsert: String,
}

impl Statements {
    /// For the tables of these models.
    #[must_use]
    pub fn new<'m>(models: impl IntoIterator<Item = &'m StateModel>, columns: &Columns) -> Self {
        let mut statements = HashMap::new();
        for model in models {
            let owner = model.owner();
            for table in model.tables {
                let columns = columns.of(table.name);
                let sql = TableSql {
                    delete: delete_sql(table, &owner),
                    insert: insert_sql(table, columns, table.name),
                    upsert: upsert_sql(table, &owner, columns, table.name),
                };
                statements.insert(table.name, sql);
            }
        }
        Self(statements)
    }
}

/// The head row of a state: its scalar fields and the engine's columns.
#[must_use]
pub fn head_row(change: &Change<'_>) -> Value {
    let mut row = scalars(change.new);
    row.insert("mandant_id".to_owned(), json!(change.mandant_id));
    row.insert("id".to_owned(), json!(change.id));
    row.insert("version".to_owned(), json!(change.version));
    row.insert("log_position".to_owned(), json!(change.position));
    row.insert("geaendert_am".to_owned(), json!(change.geaendert_am));
    row.insert(
        "angelegt_am".to_owned(),
        json!(change.angelegt_am.unwrap_or(change.geaendert_am)),
    );
    Value::Object(row)
}

/// The rows of a child table, under their key.
#[must_use]
pub fn child_rows(table: &Table, owner: &str, mandant_id: Uuid, id: Uuid, state: &Value) -> BTreeMap<String, Value> {
    let mut base = Map::new();
    base.insert("mandant_id".to_owned(), json!(mandant_id));
    base.insert(owner.to_owned(), json!(id));
    let mut rows = BTreeMap::new();
    collect(table.path, table.keys, &base, "", state, &mut rows);
    rows
}

fn collect(
    path: &[&str],
    keys: &[(&str, &str)],
    base: &Map<String, Value>,
    prefix: &str,
    value: &Value,
    rows: &mut BTreeMap<String, Value>,
) {
    let [field, deeper @ ..] = path else { return };
    // Every level above the row has one key; the row itself may have a key of several fields.
    let (own, below) = if deeper.is_empty() {
        (keys, &[][..])
    } else {
        keys.split_at(keys.len().min(1))
    };
    for element in value.get(*field).and_then(Value::as_array).into_iter().flatten() {
        let mut key = prefix.to_owned();
        let mut row = base.clone();
        if deeper.is_empty() {
            row.extend(scalars(element));
        }
        for (json_key, column) in own {
            let key_value = element.get(*json_key).cloned().unwrap_or(Value::Null);
            key = format!("{key}{key_value}\u{1f}");
            row.remove(*json_key);
            row.insert((*column).to_owned(), key_value);
        }
        if deeper.is_empty() {
            rows.insert(key, Value::Object(row));
        } else {
            collect(deeper, below, &row, &key, element, rows);
        }
    }
}

/// Fields that become columns: everything but lists of objects, which are child tables. A list of plain values is an
/// array column.
fn scalars(value: &Value) -> Map<String, Value> {
    let is_child = |v: &Value| {
        v.as_array()
            .is_some_and(|items| items.first().is_some_and(Value::is_object))
    };
    let fields = value.as_object().into_iter().flatten().filter(|(_, v)| !is_child(v));
    fields.map(|(name, v)| (name.clone(), v.clone())).collect()
}

/// The columns of each table as the catalogue has them, without generated ones.
#[derive(Debug, Clone, Default)]
pub struct Columns(BTreeMap<String, Vec<String>>);

impl Columns {
    /// Reads the catalogue once.
    pub async fn load(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT n.nspname || '.' || c.relname AS tabelle, array_agg(a.attname::text ORDER BY a.attnum) AS spalten
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('wawi', 'fibu', 'crm', 'dienste') AND c.relkind IN ('r', 'p')
               AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             GROUP BY 1",
        )
        .fetch_all(connection)
        .await?;
        let mut columns = BTreeMap::new();
        for row in rows {
            columns.insert(row.try_get("tabelle")?, row.try_get("spalten")?);
        }
        Ok(Self(columns))
    }

    /// Columns of `schema.table`.
    #[must_use]
    pub fn of(&self, table: &str) -> &[String] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The key columns of a table.
fn key_columns(table: &Table, owner: &str) -> Vec<String> {
    if table.is_head() {
        return vec!["mandant_id".to_owned(), "id".to_owned()];
    }
    let mut keys = vec!["mandant_id".to_owned(), owner.to_owned()];
    keys.extend(table.keys.iter().map(|(_, column)| (*column).to_owned()));
    keys
}

/// Insert of rows given as one JSON array: of streams that have none yet, or into a table that is new itself.
#[must_use]
pub fn insert_sql(table: &Table, columns: &[String], target: &str) -> String {
    let list = columns.join(", ");
    let name = table.name;
    format!("INSERT INTO {target} AS ziel ({list}) SELECT {list} FROM jsonb_populate_recordset(NULL::{name}, $1)")
}

/// Upsert of rows given as one JSON array. A head row never goes back to an older version.
#[must_use]
pub fn upsert_sql(table: &Table, owner: &str, columns: &[String], target: &str) -> String {
    let keys = key_columns(table, owner);
    let insert = insert_sql(table, columns, target);
    let keep = |c: &&String| !keys.contains(c) && *c != "angelegt_am";
    let sets: Vec<String> = columns
        .iter()
        .filter(keep)
        .map(|c| format!("{c} = EXCLUDED.{c}"))
        .collect();
    let conflict = if sets.is_empty() {
        "NOTHING".to_owned()
    } else {
        format!("UPDATE SET {}", sets.join(", "))
    };
    let guard = if table.is_head() {
        " WHERE ziel.version < EXCLUDED.version"
    } else {
        ""
    };
    format!("{insert} ON CONFLICT ({}) DO {conflict}{guard}", keys.join(", "))
}

/// Delete of child rows given as one JSON array.
fn delete_sql(table: &Table, owner: &str) -> String {
    let on: Vec<String> = key_columns(table, owner)
        .iter()
        .map(|k| format!("ziel.{k} = weg.{k}"))
        .collect();
    format!(
        "DELETE FROM {name} AS ziel USING jsonb_populate_recordset(NULL::{name}, $1) AS weg WHERE {on}",
        name = table.name,
        on = on.join(" AND "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_cut_out_under_all_fields_of_its_key() {
        let table = Table::child("fibu.zeile", &["zeilen"], &[("art", "art"), ("nr", "nr")]);
        let state = json!({"zeilen": [{"art": "a", "nr": 1, "text": "x"}, {"art": "a", "nr": 2, "text": "y"}]});
        let rows = child_rows(&table, "plan_id", Uuid::nil(), Uuid::nil(), &state);
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_grandchild_bears_the_keys_of_all_levels() {
        let table = Table::child(
            "fibu.k",
            &["positionen", "kontierung"],
            &[("nr", "position_nr"), ("lfd", "lfd")],
        );
        let state = json!({"positionen": [
            {"nr": 1, "konto": "6815", "kontierung": [{"lfd": 1, "kst": "100"}, {"lfd": 2, "kst": "200"}]},
            {"nr": 2, "konto": "1600", "kontierung": []}]});
        let rows: Vec<Value> = child_rows(&table, "buchung_id", Uuid::nil(), Uuid::nil(), &state)
            .into_values()
            .collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&rows[1]["position_nr"], &rows[1]["lfd"], &rows[1]["kst"]),
            (&json!(1), &json!(2), &json!("200"))
        );
        assert!(rows[0].get("konto").is_none());
    }

    #[test]
    fn only_what_changed_is_written() {
        const TABLES: &[Table] = &[Table::head("x.a"), Table::child("x.b", &["b"], &[("nr", "nr")])];
        let model = StateModel {
            typ: "a",
            tables: TABLES,
            search: &[],
            filter: &[],
        };
        let old = json!({"b": [{"nr": 1, "t": "x"}, {"nr": 2, "t": "y"}, {"nr": 3, "t": "z"}]});
        let new = json!({"b": [{"nr": 1, "t": "x"}, {"nr": 2, "t": "neu"}]});
        let mut rows = RowSet::default();
        rows.add(&Change {
            model,
            mandant_id: Uuid::nil(),
            id: Uuid::nil(),
            version: 2,
            position: 2,
            angelegt_am: None,
            geaendert_am: DateTime::UNIX_EPOCH,
            begins: false,
            old: Some(&old),
            new: &new,
        });
        let child = &rows.models["a"][1];
        assert_eq!((child.gone.len(), child.new.len(), child.changed.len()), (1, 0, 1));
        assert_eq!(child.changed[0]["t"], "neu");
        let statements = Statements::new(&[model], &Columns::default());
        let writes = rows.writes(&statements);
        assert_eq!(writes[0].len(), 3, "head, what went, what changed");
        let parts = with_parts(&writes[0], 26);
        assert!(parts.starts_with(", zeilen_0 AS (INSERT INTO x.a"), "{parts}");
        assert!(
            parts.contains("$26") && parts.contains("$28") && !parts.contains("$1)"),
            "{parts}"
        );
    }

    #[test]
    fn a_stream_that_begins_is_inserted_without_looking_for_rows() {
        const TABLES: &[Table] = &[Table::head("x.a"), Table::child("x.b", &["b"], &[("nr", "nr")])];
        let model = StateModel {
            typ: "a",
            tables: TABLES,
            search: &[],
            filter: &[],
        };
        let new = json!({"b": [{"nr": 1, "t": "x"}]});
        let mut rows = RowSet::default();
        rows.add(&Change {
            model,
            mandant_id: Uuid::nil(),
            id: Uuid::nil(),
            version: 1,
            position: 1,
            angelegt_am: None,
            geaendert_am: DateTime::UNIX_EPOCH,
            begins: true,
            old: None,
            new: &new,
        });
        let parts = with_parts(&rows.writes(&Statements::new(&[model], &Columns::default()))[0], 1);
        assert!(
            parts.contains("INSERT INTO x.b") && !parts.contains("ON CONFLICT"),
            "{parts}"
        );
    }
}
