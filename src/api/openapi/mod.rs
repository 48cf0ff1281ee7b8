//! OpenAPI 3.1 from the registry, and a page to try it that needs nothing from outside.

mod aggregate;
mod fixed;
mod lift;
pub(super) mod parts;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::{Map, Value, json};

use super::App;

/// The page; plain HTML and JavaScript of the project's own.
const PAGE: &str = include_str!("docs.html");

/// Routes of the description.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(document))
        .route("/api/v1/openapi.json", get(document))
        .route(
            "/docs",
            get(|| async {
                let policy =
                    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
                ([(header::CONTENT_SECURITY_POLICY, policy)], Html(PAGE)).into_response()
            }),
        )
}

/// Registry and columns stay the same as long as the program runs, so the document is built once.
async fn document(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.openapi.get_or_init(|| build(&app).to_string().into());
    ([(header::CONTENT_TYPE, "application/json")], text.clone())
}

/// What holds for the whole document.
const ABOUT: &str = "Befehle, Listen, Historie und Berichte. Beträge und Mengen sind Dezimal-Zeichenketten (\"119.00\"), Zeitpunkte UTC \
    nach RFC 3339, Geschäftstage jjjj-mm-tt. Fehler sind application/problem+json mit stabilem code und vorgang_id. \
    Ein Schlüssel mit Kontingent bekommt RateLimit-Limit, -Remaining und -Reset genannt, und 429 mit Retry-After. Was der Server selbst \
    sagt, ist deutsch; die Beschreibungen der Befehle und Felder stehen im Quelltext und sind deshalb englisch.";

/// The whole document.
#[must_use]
pub fn build(app: &App) -> Value {
    let mut schemas = parts::schemas();
    let mut paths = Map::new();
    lift::reserve(app.store.registry().entries(), &mut schemas);
    for entry in app.store.registry().entries() {
        aggregate::describe(app, entry, &mut paths, &mut schemas);
    }
    fixed::describe(&mut paths);
    super::reports::describe(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {"title": "VALEO NeuroERP", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "security": [{"schluessel": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"schluessel": {"type": "http", "scheme": "bearer", "description": "API-Schlüssel"}},
            "schemas": schemas,
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "responses": parts::responses(),
        },
    })
}
