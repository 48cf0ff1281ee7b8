//! Who calls, for which company, with which rights. Deny by default: without a valid token there is no answer but 401.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aggregates::{
    dienste::api_key::{ApiKeyNetz, stufe_fuer},
    registry::Entry,
    types::{Akteur, Bereich, Stufe},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;
use uuid::Uuid;

use super::{App, problem::Problem};
use crate::{commands::Caller, eventstore::SYSTEM};

/// A key is looked up again after this time even if no wake-up told of a change.
const CACHE_TIME: Duration = Duration::from_secs(1);
/// Keys remembered at most; the memory is emptied when it is full.
const CACHE_LIMIT: usize = 10_000;

/// A key as the door knows it.
#[derive(Debug)]
struct Schluessel {
    id: Uuid,
    name: String,
    status: String,
    ablauf: DateTime<Utc>,
    scopes: Arc<[String]>,
    sonderrechte: Arc<[String]>,
    /// Companies the key is limited to; empty means all.
    mandanten: Vec<Uuid>,
    netze: Vec<ApiKeyNetz>,
}

/// When a key was looked up, at which head of the system's log, and what it was.
type Known = (Instant, i64, Arc<Schluessel>);

/// When a company was looked up, at which head, its id, and whether it is closed.
type KnownCompany = (Instant, i64, Uuid, bool);

/// Keys and companies looked up lately, valid as long as the system's log has not moved.
#[derive(Default)]
pub struct TokenCache {
    known: Mutex<HashMap<[u8; 32], Known>>,
    companies: Mutex<HashMap<String, KnownCompany>>,
}

impl TokenCache {
    fn get(&self, hash: &[u8; 32], head: i64) -> Option<Arc<Schluessel>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, seen, key) = known.get(hash)?;
        (at.elapsed() < CACHE_TIME && *seen == head).then(|| key.clone())
    }

    fn company(&self, name: &str, head: i64) -> Option<(Uuid, bool)> {
        let companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, seen, id, closed) = companies.get(name)?;
        (at.elapsed() < CACHE_TIME && *seen == head).then_some((*id, *closed))
    }

    fn put_company(&self, name: &str, head: i64, id: Uuid, closed: bool) {
        let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        if companies.len() >= CACHE_LIMIT {
            companies.clear();
        }
        companies.insert(name.to_owned(), (Instant::now(), head, id, closed));
    }

    fn put(&self, hash: [u8; 32], head: i64, key: Arc<Schluessel>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHE_LIMIT {
            known.clear();
        }
        known.insert(hash, (Instant::now(), head, key));
    }
}

/// The caller of a request.
#[derive(Clone)]
pub struct Zugang {
    /// Company of the request; nil for the system's own.
    pub mandant_id: Uuid,
    /// Who acts.
    pub akteur: Akteur,
    /// The request's vorgang_id.
    pub correlation: Uuid,
    /// True if the company is closed for commands.
    pub nur_lesen: bool,
    grund: Option<String>,
    schluessel: Arc<Schluessel>,
}

impl Zugang {
    /// Full access for a program that has this one inside it; it puts the value into the request itself.
    #[must_use]
    pub fn house(mandant_id: Uuid, name: &str) -> Self {
        let schluessel = Schluessel {
            id: Uuid::nil(),
            name: name.to_owned(),
            status: "aktiv".to_owned(),
            ablauf: DateTime::<Utc>::MAX_UTC,
            scopes: Arc::from(["*:admin".to_owned()]),
            sonderrechte: Arc::from(["*".to_owned()]),
            mandanten: Vec::new(),
            netze: Vec::new(),
        };
        Self {
            mandant_id,
            akteur: Akteur::dienst(name),
            correlation: Uuid::now_v7(),
            nur_lesen: false,
            grund: None,
            schluessel: Arc::new(schluessel),
        }
    }

    /// Refuses unless the caller holds the level on the aggregate or report. The most specific scope wins.
    pub fn pruefe(&self, bereich: Bereich, typ: &str, stufe: Stufe) -> Result<(), Problem> {
        let held = stufe_fuer(&self.schluessel.scopes, bereich.as_str(), Some(typ));
        if held.is_some_and(|held| held >= stufe) {
            return Ok(());
        }
        let text: &str = stufe.into();
        Err(aggregates::Refusal::new(
            "BERECHTIGUNG_FEHLT",
            403,
            format!(
                "dieser Schlüssel darf das nicht: nötig ist {}.{typ}:{text}",
                bereich.as_str()
            ),
            json!({"bereich": bereich.as_str(), "ressource": typ, "stufe": text}),
        )
        .into())
    }

    /// The company whose log holds an aggregate's streams.
    #[must_use]
    pub fn mandant_fuer(&self, entry: &Entry) -> Uuid {
        if entry.system { SYSTEM } else { self.mandant_id }
    }

    /// For the bus.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            akteur: self.akteur.clone(),
            scopes: self.schluessel.scopes.clone(),
            sonderrechte: self.schluessel.sonderrechte.clone(),
            schluessel_id: Some(self.schluessel.id),
            im_auftrag_von: None,
            grund: self.grund.clone(),
            correlation: self.correlation,
            cause: None,
        }
    }

    /// Scope of Idempotency-Keys: one caller cannot meet another's keys.
    #[must_use]
    pub fn caller_id(&self) -> Uuid {
        self.schluessel.id
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .map(str::trim)
        .filter(|v| !v.is_empty())
}

fn unauthorised(detail: &str) -> Problem {
    Problem::new("ANMELDUNG_ERFORDERLICH", 401, detail)
}

/// SHA-256 of a token; only this is stored.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl FromRequestParts<Arc<App>> for Zugang {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(zugang) = parts.extensions.get::<Self>() {
            return Ok(zugang.clone());
        }
        let correlation = match header(&parts.headers, "x-correlation-id") {
            Some(text) => Uuid::parse_str(text)
                .map_err(|_| Problem::new("EINGABE_UNGUELTIG", 400, "X-Correlation-Id muss eine UUID sein"))?,
            None => Uuid::now_v7(),
        };
        let token = header(&parts.headers, header::AUTHORIZATION.as_str())
            .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")))
            .ok_or_else(|| unauthorised("bitte anmelden: Kopfzeile „Authorization: Bearer <Schlüssel>“"))?;
        let schluessel = lookup(app, token.trim()).await?;
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        usable(&schluessel, address)?;
        let (mandant_id, nur_lesen) = company(app, parts, &schluessel).await?;
        Ok(Self {
            mandant_id,
            akteur: Akteur::dienst(&*schluessel.name),
            correlation,
            nur_lesen,
            grund: header(&parts.headers, "x-grund").map(str::to_owned),
            schluessel,
        })
    }
}

fn usable(key: &Schluessel, address: Option<IpAddr>) -> Result<(), Problem> {
    match key.status.as_str() {
        "widerrufen" => {
            return Err(Problem::new(
                "API_KEY_WIDERRUFEN",
                401,
                "dieser Schlüssel wurde widerrufen",
            ));
        }
        "abgelaufen" => return Err(expired()),
        _ if key.ablauf <= crate::uhr::jetzt() => return Err(expired()),
        _ => {}
    }
    let allowed = |net: &ApiKeyNetz| address.is_some_and(|ip| net.enthaelt(ip));
    if !key.netze.is_empty() && !key.netze.iter().any(allowed) {
        let detail = "dieser Schlüssel ist an andere Netze gebunden";
        return Err(Problem::new("API_KEY_IP_VERBOTEN", 403, detail));
    }
    Ok(())
}

fn expired() -> Problem {
    Problem::new(
        "API_KEY_ABGELAUFEN",
        401,
        "dieser Schlüssel ist abgelaufen; bitte einen neuen ausstellen lassen",
    )
}

async fn lookup(app: &App, token: &str) -> Result<Arc<Schluessel>, Problem> {
    let hash = token_hash(token);
    let head = *app.store.signals().watch(SYSTEM).borrow();
    if let Some(known) = app.tokens.get(&hash, head) {
        return Ok(known);
    }
    let row = sqlx::query(
        "SELECT k.id, k.name, k.status, k.ablauf, \
                ARRAY(SELECT scope FROM dienste.api_key_scope s WHERE s.mandant_id = $1 AND s.api_key_id = k.id) AS scopes, \
                ARRAY(SELECT sonderrecht FROM dienste.api_key_sonderrecht s WHERE s.mandant_id = $1 AND s.api_key_id = k.id) \
                    AS sonderrechte, \
                ARRAY(SELECT mandant FROM dienste.api_key_mandant s WHERE s.mandant_id = $1 AND s.api_key_id = k.id) \
                    AS mandanten, \
                ARRAY(SELECT netz FROM dienste.api_key_netz s WHERE s.mandant_id = $1 AND s.api_key_id = k.id) AS netze \
         FROM dienste.api_key k WHERE k.mandant_id = $1 \
           AND (k.schluessel_hash = $2 OR (k.alter_hash = $2 AND k.alter_gueltig_bis > now()))",
    )
    .bind(SYSTEM)
    .bind(hex::encode(hash))
    .fetch_optional(app.store.pool())
    .await?
    .ok_or_else(|| unauthorised("dieser Schlüssel ist unbekannt"))?;
    let scopes: Vec<String> = row.try_get("scopes")?;
    let netze: Vec<String> = row.try_get("netze")?;
    let sonderrechte: Vec<String> = row.try_get("sonderrechte")?;
    let key = Arc::new(Schluessel {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        status: row.try_get("status")?,
        ablauf: row.try_get("ablauf")?,
        scopes: Arc::from(scopes),
        sonderrechte: Arc::from(sonderrechte),
        mandanten: row.try_get("mandanten")?,
        netze: netze.into_iter().map(|netz| ApiKeyNetz { netz }).collect(),
    });
    app.tokens.put(hash, head, key.clone());
    Ok(key)
}

/// The company named by X-Mandant (UUID, Kürzel or `system`). System aggregates need none.
async fn company(app: &App, parts: &Parts, key: &Schluessel) -> Result<(Uuid, bool), Problem> {
    let mut segments = parts.uri.path().trim_start_matches("/api/v1/").split('/');
    let route = segments
        .next()
        .zip(segments.next())
        .and_then(|(b, r)| app.store.registry().route(b, r));
    let of_the_system = || {
        if key.mandanten.is_empty() {
            return Ok((SYSTEM, false));
        }
        let detail = "dieser Schlüssel ist an einzelne Firmen gebunden und sieht nichts vom System";
        Err(Problem::new("BERECHTIGUNG_FEHLT", 403, detail))
    };
    if route.is_some_and(|entry| entry.system) {
        return of_the_system();
    }
    let Some(name) = header(&parts.headers, "x-mandant") else {
        if parts.uri.path() == "/api/v1/stapel" {
            return of_the_system();
        }
        return Err(Problem::new(
            "MANDANT_FEHLT",
            400,
            "bitte die Firma nennen: Kopfzeile „X-Mandant: <UUID oder Kürzel>“ (die Firmen zeigt GET /api/v1/dienste/mandanten)",
        ));
    };
    if name.eq_ignore_ascii_case("system") {
        return of_the_system();
    }
    let (id, closed) = find_company(app, name).await?.ok_or_else(|| unknown_company(name))?;
    if !key.mandanten.is_empty() && !key.mandanten.contains(&id) {
        // Who may not see a company does not learn that it exists.
        return Err(unknown_company(name));
    }
    Ok((id, closed))
}

fn unknown_company(name: &str) -> Problem {
    Problem::new("MANDANT_UNBEKANNT", 404, format!("die Firma „{name}“ gibt es nicht"))
}

async fn find_company(app: &App, name: &str) -> Result<Option<(Uuid, bool)>, Problem> {
    let head = *app.store.signals().watch(SYSTEM).borrow();
    if let Some(known) = app.tokens.company(name, head) {
        return Ok(Some(known));
    }
    let row = sqlx::query(
        "SELECT id, status FROM dienste.mandant WHERE mandant_id = $1 AND (id::text = lower($2) OR kuerzel = upper($2))",
    )
    .bind(SYSTEM)
    .bind(name)
    .fetch_optional(app.store.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (id, closed) = (row.try_get("id")?, row.try_get::<String, _>("status")? != "aktiv");
    app.tokens.put_company(name, head, id, closed);
    Ok(Some((id, closed)))
}
