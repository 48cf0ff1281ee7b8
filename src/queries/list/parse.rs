//! What a list may be asked for: its parameters, checked against the declaration before the database sees them.

use projections::StateModel;
use serde_json::Value;

use super::{ListQuery, RESERVED, filter::Filter, filter_columns};
use crate::{
    api::problem::Problem,
    queries::{
        catalog::{Catalog, Column},
        cursor::Cursor,
        params::{DEFAULT_LIMIT, MAX_LIMIT, Params, wrong},
    },
};

/// Most keys of a sort.
const MAX_SORT_KEYS: usize = 5;

/// Longest search text in characters.
const MAX_SEARCH_CHARS: usize = 200;

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
