//! Reports over HTTP: one route for all, JSON or CSV from the same table.

use std::sync::Arc;

use aggregates::{Refusal, types::Stufe};
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{StreamExt as _, future, stream};
use serde_json::{Map, Value, json};

use super::{
    App,
    auth::Zugang,
    openapi::parts::{Operation, query, response},
    problem::Problem,
    read::seen,
};
use crate::queries::{
    params::{Params, wrong},
    reports::{self, Answer, ParameterArt, Report},
};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/berichte/{bericht}", get(report))
}

/// What is to be said of every report that comes in pages.
const SEITEN: &str = "Kommt in Seiten; alle zeigen den Stand, den die erste zeigte. Als CSV ohne limit und cursor kommt der \
                      ganze Bericht als eine Datei; bricht die Verbindung dabei ab, fehlt ihr Ende. CSV mit limit oder \
                      cursor ist eine Seite, X-Weiter der cursor der nächsten.";

/// Describes all reports for OpenAPI.
pub(super) fn describe(paths: &mut Map<String, Value>) {
    for report in reports::ALL {
        let parameters = report.parameter.iter().chain(reports::COMMON).map(|p| {
            let schema = match p.art {
                ParameterArt::Zahl => json!({"type": "integer", "minimum": 1}),
                ParameterArt::Limit(max) => json!({"type": "integer", "minimum": 1, "maximum": max}),
                ParameterArt::Ja => json!({"type": "boolean"}),
                ParameterArt::Datum => json!({"type": "string", "format": "date"}),
                ParameterArt::Konto | ParameterArt::Text => json!({"type": "string"}),
            };
            query(p.name, &schema, p.pflicht, p.beschreibung)
        });
        let content =
            json!({"application/json": {"schema": schema(report)}, "text/csv": {"schema": {"type": "string"}}});
        let operation = Operation::new("Berichte", format!("bericht.{}", report.name), report.titel)
            .about(report.beschreibung)
            .about(if report.seite().is_some() { SEITEN } else { "" })
            .right(report.bereich.as_str(), report.typ, "read")
            .takes(&["mandant", "min_position"])
            .with(parameters)
            .answers("200", response("der Bericht", &content, &["X-Position", "X-Weiter"]))
            .refused(&["406", "409", "422"]);
        paths.insert(
            format!("/api/v1/berichte/{}", report.name),
            json!({"get": operation.done()}),
        );
    }
}

/// The schema of a report's JSON: its columns are the members of its rows.
fn schema(report: &Report) -> Value {
    let column = |spalte: &reports::Spalte| {
        let mut schema = match spalte.art {
            reports::Art::Text => json!({"type": ["string", "null"]}),
            reports::Art::Betrag => json!({"type": ["string", "null"], "examples": ["119.00"]}),
            reports::Art::Menge => json!({"type": ["string", "null"], "examples": ["25.5"]}),
            reports::Art::Preis => json!({"type": ["string", "null"], "examples": ["389.50"]}),
            reports::Art::Zahl => json!({"type": ["integer", "null"]}),
            reports::Art::Datum => json!({"type": ["string", "null"], "format": "date"}),
            reports::Art::Zeit => json!({"type": ["string", "null"], "format": "date-time"}),
        };
        schema["description"] = json!(spalte.titel);
        (spalte.name.to_owned(), schema)
    };
    let columns: Map<String, Value> = report.spalten.iter().map(column).collect();
    json!({"type": "object", "required": ["bericht", "titel", "parameter", "stand", "zeilen", "summen"], "properties": {
        "bericht": {"const": report.name}, "titel": {"type": "string"},
        "parameter": {"type": "object", "description": "wie sie wirkten, mit ihren Vorgaben"},
        "stand": {"type": "integer", "description": "Position des Journals, die der Bericht zeigt"},
        "kopf": {"type": "object", "description": "was über den Zeilen steht, wenn der Bericht etwas hat"},
        "zeilen": {"type": "array", "items": {"type": "object", "properties": columns}},
        "summen": {"type": ["object", "null"], "description": "was unter den Zeilen steht"},
        "weiter": {"type": ["string", "null"], "description": "cursor der nächsten Seite, wenn der Bericht Seiten hat"}}})
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

async fn report(
    State(app): State<Arc<App>>,
    zugang: Zugang,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = reports::find(&name).ok_or_else(|| {
        let names: Vec<&str> = reports::ALL.iter().map(|r| r.name).collect();
        Problem::not_found(format!(
            "den Bericht „{name}“ gibt es nicht; es gibt: {}",
            names.join(", ")
        ))
    })?;
    zugang.pruefe(zugang.mandant_id, report.bereich, report.typ, Stufe::Read)?;
    let mut params = Params::of(&uri)?;
    let format = format(params.take("format").as_deref(), &headers)?;
    let min_position = min_position(&headers)?;
    let seitenweise = params.has("limit") || params.has("cursor");
    let datei = report.seite().filter(|_| format == Format::Csv && !seitenweise);
    if let Some(groesste) = datei {
        params.set("limit", groesste.to_string());
    }
    let leser = Leser {
        app,
        zugang,
        report,
        params,
    };
    let answer = leser.lesen(None, min_position).await?;
    let position = answer.position;
    let mut response = match format {
        Format::Json => Json(answer.json(report)).into_response(),
        Format::Csv if datei.is_some() => csv(report, leser.datei(answer)?),
        Format::Csv => seite(report, &answer)?,
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
    Ok(seen(response, position))
}

/// Reads the pages of a report for one request; counts as a call of its key as long as it reads.
struct Leser {
    app: Arc<App>,
    zugang: Zugang,
    report: &'static Report,
    params: Params,
}

impl Leser {
    /// The first page, or the one after a cursor.
    async fn lesen(&self, cursor: Option<&str>, min_position: Option<i64>) -> Result<Answer, Problem> {
        let mut params = self.params.clone();
        if let Some(cursor) = cursor {
            params.set("cursor", cursor);
        }
        let store = self.app.store.reading(self.zugang.mandant_id, 0).await;
        reports::run(&store, self.report, self.zugang.mandant_id, params, min_position).await
    }

    /// All pages as one file. Each is read when the one before it is sent: the memory of one is enough for any number.
    /// The head of the answer is gone by then; what goes wrong breaks the connection, so that no part passes for all.
    fn datei(self, erste: Answer) -> Result<Body, Problem> {
        let spalten = self.report.spalten;
        let anfang = erste.table.csv(spalten, true)?;
        if erste.table.weiter.is_none() {
            return Ok(anfang.into());
        }
        let rest = stream::try_unfold((self, erste.table.weiter), async |(leser, weiter)| {
            let Some(cursor) = weiter else { return Ok(None) };
            let gelesen = leser.lesen(Some(&cursor), None).await;
            let seite = gelesen.and_then(|answer| Ok((answer.table.csv(leser.report.spalten, false)?, answer)));
            match seite {
                Ok((text, answer)) => Ok(Some((text, (leser, answer.table.weiter)))),
                Err(problem) => {
                    tracing::error!(code = problem.code(), report = leser.report.name, "a file broke off");
                    Err(std::io::Error::other(problem.code().to_owned()))
                }
            }
        });
        Ok(Body::from_stream(stream::once(future::ready(Ok(anfang))).chain(rest)))
    }
}

fn csv(report: &Report, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let csv = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    headers.insert(header::CONTENT_TYPE, csv);
    if let Ok(file) = HeaderValue::from_str(&format!("attachment; filename=\"{}.csv\"", report.name)) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    response
}

/// One page as CSV, which has no place for the cursor of the next one.
fn seite(report: &Report, answer: &Answer) -> Result<Response, Problem> {
    let mut response = csv(report, answer.table.csv(report.spalten, true)?.into());
    let weiter = answer.table.weiter.as_deref();
    if let Some(weiter) = weiter.and_then(|w| HeaderValue::from_str(w).ok()) {
        response.headers_mut().insert("x-weiter", weiter);
    }
    Ok(response)
}

fn min_position(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("x-min-position") else {
        return Ok(None);
    };
    let position = value.to_str().ok().and_then(|text| text.parse::<i64>().ok());
    position
        .filter(|position| *position >= 0)
        .map(Some)
        .ok_or_else(|| wrong("X-Min-Position", "eine Position im Journal"))
}

/// The form of the answer: the parameter decides, else the most wanted type of `Accept` (RFC 9110 section 12.5.1).
fn format(parameter: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    match parameter {
        Some("json") => return Ok(Format::Json),
        Some("csv") => return Ok(Format::Csv),
        Some(other) => {
            return Err(wrong(
                "format",
                format!("„{other}“ gibt es nicht; möglich sind: json, csv"),
            ));
        }
        None => {}
    }
    let values: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .collect();
    if values.is_empty() {
        return Ok(Format::Json);
    }
    let mut best: Option<(u16, Format)> = None;
    for range in values.iter().flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Format::Json,
            "text/csv" | "text/*" => Format::Csv,
            _ => continue,
        };
        let quality = parts.find_map(|p| p.strip_prefix("q=")).map_or(1000, thousandths);
        if quality > 0 && best.is_none_or(|(other, _)| quality > other) {
            best = Some((quality, format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let text = "diese Form gibt es nicht; möglich sind application/json und text/csv";
        let possible = json!({ "moeglich": ["application/json", "text/csv"] });
        Refusal::new("ABFRAGE_FORMAT", 406, text, possible).into()
    })
}

/// A quality value (`0.8`) in thousandths; an unreadable one counts as 1.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{fraction:0<3}");
    match (
        whole.parse::<u16>(),
        digits.get(..3).and_then(|d| d.parse::<u16>().ok()),
    ) {
        (Ok(0), Some(fraction)) => fraction,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &'static str) -> Result<Format, Problem> {
        format(
            None,
            &HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]),
        )
    }

    #[test]
    fn the_most_wanted_form_wins_and_unknown_ones_are_406() {
        assert_eq!(format(None, &HeaderMap::new()).unwrap(), Format::Json);
        assert_eq!(accepted("*/*").unwrap(), Format::Json);
        assert_eq!(accepted("text/csv").unwrap(), Format::Csv);
        assert_eq!(accepted("application/json;q=0.5, text/csv;q=0.9").unwrap(), Format::Csv);
        assert_eq!(accepted("text/html, */*;q=0.8").unwrap(), Format::Json);
        assert_eq!(accepted("text/csv;q=0, application/json;q=0.1").unwrap(), Format::Json);
        let refused = accepted("application/pdf").unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("ABFRAGE_FORMAT", 406));
        assert_eq!(format(Some("csv"), &HeaderMap::new()).unwrap(), Format::Csv);
        assert_eq!(format(Some("xml"), &HeaderMap::new()).unwrap_err().status(), 400);
    }
}
