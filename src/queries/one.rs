//! One record with its children, nested under the state's field names.

use projections::{StateModel, Table};
use serde_json::{Map, Value};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{
    catalog::Catalog,
    sql::{Arg, Sql, quoted},
};
use crate::api::problem::Problem;

/// One aggregate as its read model shows it.
#[derive(Debug, Clone)]
pub struct Record {
    /// Head row and children.
    pub daten: Value,
    /// Version, for the ETag.
    pub version: i64,
    /// Head of the log that the answer has seen.
    pub position: i64,
}

/// Reads one record. One statement, so head, children and position are of one moment.
pub async fn fetch(
    pool: &PgPool,
    catalog: &Catalog,
    model: &StateModel,
    mandant_id: Uuid,
    id: Uuid,
) -> Result<Option<Record>, Problem> {
    let Some(sql) = statement(catalog, model, mandant_id, id) else {
        return Ok(None);
    };
    let mut connection = pool.acquire().await?;
    let rows = sql.fetch_all(&mut connection).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let json = |column: &str| -> Result<Value, sqlx::Error> {
        let text: Option<String> = row.try_get(column)?;
        text.map_or(Ok(Value::Null), |t| {
            serde_json::from_str(&t).map_err(|e| sqlx::Error::Decode(Box::new(e)))
        })
    };
    let mut daten = json("zeile")?;
    let mut children: Vec<(usize, &Table)> = model.tables.iter().filter(|t| !t.is_head()).enumerate().collect();
    // Parents before their children.
    children.sort_by_key(|(_, table)| table.path.len());
    for (i, table) in children {
        let rows = json(&format!("k{i}"))?;
        let rows = rows.as_array().cloned().unwrap_or_default();
        nest(&mut daten, table, rows);
    }
    Ok(Some(Record {
        daten,
        version: row.try_get("version")?,
        position: row.try_get("position")?,
    }))
}

/// Column with a row's place in its document, which its key does not tell.
const PLATZ: &str = "pos";

fn statement(catalog: &Catalog, model: &StateModel, mandant_id: Uuid, id: Uuid) -> Option<Sql> {
    let head = model.head()?;
    let mut sql = Sql::of(mandant_id);
    let id = sql.bind(Arg::Uuid(id));
    let select = |table: &Table, alias: &str, left_out: &[&str]| {
        let columns = catalog.of(table.name).iter();
        let columns = columns.filter(|c| !c.generated && !left_out.contains(&c.name.as_str()));
        columns.map(|c| c.json_select(alias)).collect::<Vec<_>>().join(", ")
    };
    let owner = model.owner();
    let children: Vec<String> = model
        .tables
        .iter()
        .filter(|t| !t.is_head())
        .enumerate()
        .map(|(i, table)| {
            let columns = select(table, "c", &["mandant_id", &owner]);
            let platz = catalog.of(table.name).iter().any(|c| c.name == PLATZ).then_some(PLATZ);
            let keys = platz.into_iter().chain(table.keys.iter().map(|(_, column)| *column));
            let keys: Vec<String> = keys.map(|column| format!("c.{}", quoted(column))).collect();
            let keys = keys.join(", ");
            format!(
                ", (SELECT json_agg((SELECT row_to_json(j) FROM (SELECT {columns}) j) ORDER BY {keys})::text \
                 FROM {name} c WHERE c.mandant_id = $1 AND c.{owner} = {id}) AS k{i}",
                name = table.name,
                owner = quoted(&owner),
            )
        })
        .collect();
    sql.text = format!(
        "SELECT z.version, coalesce((SELECT position FROM log.kopf WHERE mandant_id = $1), 0) AS position, \
         (SELECT row_to_json(j)::text FROM (SELECT {columns}) j) AS zeile{children} \
         FROM {name} z WHERE z.mandant_id = $1 AND z.id = {id}",
        columns = select(head, "z", &["mandant_id"]),
        children = children.concat(),
        name = head.name,
    );
    Some(sql)
}

/// Puts the rows of a child table where the state has them.
fn nest(daten: &mut Value, table: &Table, rows: Vec<Value>) {
    let Some((field, above)) = table.path.split_last() else {
        return;
    };
    for parent in parents(daten, above) {
        parent.insert((*field).to_owned(), Value::Array(Vec::new()));
    }
    let (above, own) = table.split_keys();
    for row in rows {
        let Value::Object(mut row) = row else {
            continue;
        };
        // The ancestors' keys in this row find the parent; they are not part of the element.
        let place: Vec<(&str, Value)> = above
            .iter()
            .map(|(json_key, column)| (*json_key, row.remove(*column).unwrap_or(Value::Null)))
            .collect();
        for (json_key, column) in own {
            if json_key != column
                && let Some(key) = row.remove(*column)
            {
                row.insert((*json_key).to_owned(), key);
            }
        }
        if let Some(list) = list_at(daten, table.path, &place) {
            list.push(Value::Object(row));
        }
    }
}

/// All objects that hold lists at the end of a path.
fn parents<'a>(value: &'a mut Value, path: &[&str]) -> Vec<&'a mut Map<String, Value>> {
    let Some((field, deeper)) = path.split_first() else {
        return value.as_object_mut().into_iter().collect();
    };
    let elements = value.get_mut(*field).and_then(Value::as_array_mut);
    let elements = elements.into_iter().flatten();
    elements.flat_map(|element| parents(element, deeper)).collect()
}

/// The list of a path below the elements with these keys.
fn list_at<'a>(value: &'a mut Value, path: &[&str], place: &[(&str, Value)]) -> Option<&'a mut Vec<Value>> {
    let (field, deeper) = path.split_first()?;
    let list = value.get_mut(*field)?.as_array_mut()?;
    match place.split_first() {
        None => Some(list),
        Some(((key, wanted), place)) => {
            let element = list.iter_mut().find(|e| e.get(*key) == Some(wanted))?;
            list_at(element, deeper, place)
        }
    }
}

#[cfg(test)]
mod tests {
    use projections::state::child_rows;
    use serde_json::json;

    use super::*;

    #[test]
    fn children_and_their_children_stand_under_the_fields_of_the_state() {
        const TABLES: &[Table] = &[
            Table::head("fibu.buchung"),
            Table::child("fibu.buchungs_position", &["positionen"], &[("nr", "nr")]),
            Table::child(
                "fibu.kontierung",
                &["positionen", "kontierung"],
                &[("nr", "position_nr"), ("lfd", "lfd_nr")],
            ),
        ];
        let mut daten = json!({"text": "Miete"});
        nest(
            &mut daten,
            &TABLES[1],
            vec![json!({"nr": 1, "betrag": "2.00"}), json!({"nr": 2})],
        );
        nest(
            &mut daten,
            &TABLES[2],
            vec![json!({"position_nr": 2, "lfd_nr": 1, "betrag": "1.00"})],
        );
        assert_eq!(
            daten,
            json!({"text": "Miete", "positionen": [
                {"nr": 1, "betrag": "2.00", "kontierung": []},
                {"nr": 2, "kontierung": [{"lfd": 1, "betrag": "1.00"}]},
            ]})
        );
    }

    /// A state with two elements in each list of a model, whose keys tell them apart only all together.
    fn beispiel(tables: &[Table], path: &[&str]) -> Value {
        let below = tables
            .iter()
            .filter(|t| t.path.len() == path.len() + 1 && t.path.starts_with(path));
        let mut value = Map::new();
        for table in below {
            let field = table.path[path.len()];
            let elements = (1..=2).map(|nr| {
                let mut element = beispiel(tables, table.path);
                let (_, own) = table.split_keys();
                for (at, (json_key, _)) in own.iter().enumerate() {
                    let same = at + 1 < own.len();
                    element[*json_key] = json!(if same { 1 } else { nr });
                }
                element
            });
            value.insert(field.to_owned(), elements.collect());
        }
        Value::Object(value)
    }

    #[test]
    fn the_children_of_every_aggregate_stand_where_its_state_has_them() {
        let mut with_children = 0;
        for model in projections::state_models() {
            let state = beispiel(model.tables, &[]);
            let mut children: Vec<&Table> = model.tables.iter().filter(|t| !t.is_head()).collect();
            children.sort_by_key(|table| table.path.len());
            let mut daten = json!({});
            for table in children {
                let rows = child_rows(table, &model.owner(), Uuid::nil(), Uuid::nil(), &state).into_values();
                let rows = rows.map(|mut row| {
                    row.as_object_mut()
                        .unwrap()
                        .retain(|k, _| *k != "mandant_id" && *k != model.owner());
                    row
                });
                nest(&mut daten, table, rows.collect());
                with_children += 1;
            }
            assert_eq!(daten, state, "{}", model.typ);
        }
        assert!(with_children > 30, "{with_children}");
    }
}
