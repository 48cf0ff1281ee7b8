//! Who calls, for which company, with which rights. Deny by default: without a valid token there is no answer but 401.

mod firma;
mod kontingent;
mod schluessel;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::{
    dienste::api_key::{ApiKey, ApiKeyScope, ApiKeySonderrecht, ApiKeyStatus, stufe_fuer},
    registry::Entry,
    types::{Akteur, Bereich, Stufe, Text},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

pub(crate) use self::kontingent::Rate;
pub use self::schluessel::find;
use self::{
    kontingent::{Kontingente, Platz},
    schluessel::Schluessel,
};
use super::{App, Vorgang, input, problem::Problem};
use crate::{commands::Caller, eventstore::SYSTEM};

/// A key or company is looked up again after this time even if no wake-up told of a change.
const CACHE_TIME: Duration = Duration::from_secs(1);
/// Keys and companies remembered at most; the memory is emptied when it is full.
const CACHE_LIMIT: usize = 10_000;
/// Longest reason of a request, characters.
const GRUND_LIMIT: usize = 500;

/// What the door remembers: keys and companies looked up lately, and what keys have used of their quota.
#[derive(Default)]
pub struct TokenCache {
    keys: schluessel::Keys,
    companies: firma::Companies,
    kontingente: Kontingente,
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
    /// Counts as a call of its key as long as it is held.
    _platz: Option<Arc<Platz>>,
}

impl Zugang {
    /// Full access for a program that has this one inside it; it puts the value into the request itself.
    #[must_use]
    pub fn house(mandant_id: Uuid, name: &str) -> Self {
        let key = ApiKey {
            name: name.to_owned(),
            status: ApiKeyStatus::Aktiv,
            ablauf: DateTime::<Utc>::MAX_UTC,
            scopes: vec![ApiKeyScope {
                scope: "*:admin".to_owned(),
            }],
            sonderrechte: vec![ApiKeySonderrecht {
                sonderrecht: "*".to_owned(),
            }],
            ..ApiKey::default()
        };
        Self {
            mandant_id,
            akteur: Akteur::dienst(name),
            correlation: Uuid::now_v7(),
            nur_lesen: false,
            grund: None,
            schluessel: Arc::new(Schluessel::new(Uuid::nil(), Arc::new(key))),
            _platz: None,
        }
    }

    /// The one authorisation check (design.md section 8): refuses unless the caller's key holds in the company and has
    /// the level on the aggregate or report. The most specific scope wins.
    pub fn pruefe(&self, mandant_id: Uuid, bereich: Bereich, typ: &str, stufe: Stufe) -> Result<(), Problem> {
        if !Self::gilt_in(&self.schluessel, mandant_id) {
            let detail = "dieser Schlüssel ist an einzelne Firmen gebunden und sieht nichts vom System; dazu ist ein Schlüssel \
                          ohne das Feld mandanten nötig";
            return Err(Problem::new("BERECHTIGUNG_FEHLT", 403, detail));
        }
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

    /// The company whose log holds an aggregate's streams, for a caller that has the level on it there.
    pub fn zu(&self, entry: &Entry, stufe: Stufe) -> Result<Uuid, Problem> {
        let mandant_id = if entry.system { SYSTEM } else { self.mandant_id };
        self.pruefe(mandant_id, entry.bereich, entry.typ, stufe)?;
        Ok(mandant_id)
    }

    /// True if a key may act in a company; one that is bound to companies may not act in the system's own.
    fn gilt_in(key: &Schluessel, mandant_id: Uuid) -> bool {
        key.mandanten.is_empty() || key.mandanten.contains(&mandant_id)
    }

    /// For the bus.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            akteur: self.akteur.clone(),
            scopes: self.schluessel.scopes.clone(),
            sonderrechte: self.schluessel.sonderrechte.clone(),
            mandanten: self.schluessel.mandanten.clone(),
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

fn unauthorised(detail: &str) -> Problem {
    Problem::new("ANMELDUNG_ERFORDERLICH", 401, detail)
}

impl FromRequestParts<Arc<App>> for Zugang {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(zugang) = parts.extensions.get::<Self>() {
            return Ok(zugang.clone());
        }
        let token = input::header(&parts.headers, header::AUTHORIZATION.as_str())?;
        let token = token
            .as_deref()
            .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")))
            .ok_or_else(|| unauthorised("bitte anmelden: Kopfzeile „Authorization: Bearer <Schlüssel>“"))?;
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        let schluessel = schluessel::of_token(app, token.trim(), address).await?;
        let vorgang = parts.extensions.get::<Vorgang>().cloned().unwrap_or_default();
        let kontingente = &app.tokens.kontingente;
        let einlass = kontingente.einlassen(schluessel.id, &schluessel.key, Instant::now(), crate::uhr::jetzt());
        vorgang.set_rate(einlass.rate);
        let platz = einlass.ergebnis?;
        let (mandant_id, nur_lesen) = firma::of_request(app, parts, &schluessel).await?;
        Ok(Self {
            mandant_id,
            akteur: Akteur::dienst(&*schluessel.key.name),
            correlation: vorgang.id(),
            nur_lesen,
            grund: grund(&parts.headers)?,
            schluessel,
            _platz: platz.map(Arc::new),
        })
    }
}

/// The reason given with the request: goes into the events, so it is checked like a text of a body.
fn grund(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(grund) = input::header(headers, "X-Grund")? else {
        return Ok(None);
    };
    let text: String = grund.nfc().collect();
    let text = Text::<GRUND_LIMIT>::new(&text).map_err(|_| {
        let detail = format!("X-Grund: höchstens {GRUND_LIMIT} Zeichen und keine Steuerzeichen");
        Problem::new("EINGABE_UNGUELTIG", 400, detail)
    })?;
    Ok(Some(text.to_string()))
}
