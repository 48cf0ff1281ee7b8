//! Finds the company that a request names.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use aggregates::dienste::mandant::VORBEHALTEN;
use axum::http::request::Parts;
use sqlx::Row;
use uuid::Uuid;

use super::{CACHE_LIMIT, CACHE_TIME, Zugang, schluessel::Schluessel};
use crate::{
    api::{App, input, problem::Problem},
    eventstore::SYSTEM,
};

/// When a company was looked up, at which head of the system's log, its id, and whether it is closed.
type Known = (Instant, i64, Uuid, bool);

/// Companies looked up lately, valid as long as the system's log has not moved.
#[derive(Default)]
pub(super) struct Companies(Mutex<HashMap<String, Known>>);

impl Companies {
    fn get(&self, name: &str, head: i64) -> Option<(Uuid, bool)> {
        let companies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, seen, id, closed) = companies.get(name)?;
        (at.elapsed() < CACHE_TIME && *seen == head).then_some((*id, *closed))
    }

    fn put(&self, name: &str, head: i64, id: Uuid, closed: bool) {
        let mut companies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if companies.len() >= CACHE_LIMIT {
            companies.clear();
        }
        companies.insert(name.to_owned(), (Instant::now(), head, id, closed));
    }
}

/// The company named by X-Mandant (UUID, Kürzel or `system`) and whether it is closed. System aggregates need none.
/// Whether the key may act there is asked by [`Zugang::pruefe`], for every single thing it wants to do.
pub(super) async fn of_request(app: &App, parts: &Parts, key: &Schluessel) -> Result<(Uuid, bool), Problem> {
    let mut segments = parts.uri.path().trim_start_matches("/api/v1/").split('/');
    let route = segments
        .next()
        .zip(segments.next())
        .and_then(|(b, r)| app.store.registry().route(b, r));
    let name = input::header(&parts.headers, "X-Mandant")?;
    if route.is_some_and(|entry| entry.system) {
        return Ok((SYSTEM, false));
    }
    let Some(name) = name else {
        if parts.uri.path() == "/api/v1/stapel" {
            return Ok((SYSTEM, false));
        }
        return Err(Problem::new(
            "MANDANT_FEHLT",
            400,
            "bitte die Firma nennen: Kopfzeile „X-Mandant: <UUID oder Kürzel>“ (die Firmen zeigt GET /api/v1/dienste/mandanten)",
        ));
    };
    if name.eq_ignore_ascii_case(VORBEHALTEN) {
        return Ok((SYSTEM, false));
    }
    if !name.is_ascii() {
        let detail =
            "X-Mandant: ein Kürzel hat nur Buchstaben und Ziffern ohne Umlaute; sonst bitte die UUID der Firma";
        return Err(Problem::new("EINGABE_UNGUELTIG", 400, detail));
    }
    // Who may not see a company does not learn that it exists.
    let found = find(app, &name).await?;
    found
        .filter(|(id, _)| Zugang::gilt_in(key, *id))
        .ok_or_else(|| Problem::new("MANDANT_UNBEKANNT", 404, format!("die Firma „{name}“ gibt es nicht")))
}

async fn find(app: &App, name: &str) -> Result<Option<(Uuid, bool)>, Problem> {
    let head = *app.store.signals().watch(SYSTEM).borrow();
    if let Some(known) = app.tokens.companies.get(name, head) {
        return Ok(Some(known));
    }
    let store = app.store.reading(SYSTEM, 0).await;
    let row = sqlx::query(
        "SELECT id, status FROM dienste.mandant WHERE mandant_id = $1 AND (id::text = lower($2) OR kuerzel = upper($2))",
    )
    .bind(SYSTEM)
    .bind(name)
    .fetch_optional(store.door())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (id, closed) = (row.try_get("id")?, row.try_get::<String, _>("status")? != "aktiv");
    app.tokens.companies.put(name, head, id, closed);
    Ok(Some((id, closed)))
}
