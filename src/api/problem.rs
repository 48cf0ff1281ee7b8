//! RFC 9457 problem details: one mapping for every error that leaves the program.

use aggregates::Refusal;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{eventstore::StoreError, postgres::may_pass};

/// An error answer. Never bears a stack trace or a bare string.
#[derive(Debug, Clone)]
pub struct Problem {
    // Boxed, so that a Result with it stays small.
    refusal: Box<Refusal>,
    retry_after_s: Option<u32>,
    vorgang_id: Option<Uuid>,
}

impl Problem {
    /// With a code of the machinery.
    pub fn new(code: &str, status: u16, detail: impl Into<String>) -> Self {
        Refusal::new(code, status, detail, json!({})).into()
    }

    /// `NICHT_GEFUNDEN`.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new("NICHT_GEFUNDEN", 404, detail)
    }

    /// The client may try again after some seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Bears the request's vorgang_id.
    #[must_use]
    pub fn vorgang(mut self, vorgang_id: Uuid) -> Self {
        self.vorgang_id = Some(vorgang_id);
        self
    }

    /// Is the one of an element of a Stapel.
    #[must_use]
    pub fn element(mut self, index: usize) -> Self {
        *self.refusal = self.refusal.im_stapel(index);
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.refusal.code
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.refusal.status
    }

    /// After how many seconds the client may try again.
    pub fn seconds(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// The body (RFC 9457), with the members of the house: code, daten, felder.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "type": format!("urn:neuroerp:fehler:{}", self.refusal.code),
            "title": title(self.refusal.status),
            "status": self.refusal.status,
            "code": self.refusal.code,
            "detail": self.refusal.detail,
        });
        if self.refusal.daten.as_object().is_some_and(|d| !d.is_empty()) {
            body["daten"] = self.refusal.daten.clone();
        }
        if !self.refusal.felder.is_empty() {
            body["felder"] = json!(self.refusal.felder);
        }
        if let Some(vorgang_id) = self.vorgang_id {
            body["vorgang_id"] = json!(vorgang_id);
        }
        body
    }
}

/// German title of a status; the same for every occurrence, as RFC 9457 wants it.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Anfrage nicht lesbar",
        401 => "Anmeldung erforderlich",
        403 => "Nicht erlaubt",
        404 => "Nicht gefunden",
        405 => "Methode nicht erlaubt",
        406 => "Format nicht verfügbar",
        408 => "Nicht vollständig angekommen",
        409 => "Im jetzigen Zustand nicht möglich",
        410 => "Nicht mehr vorhanden",
        412 => "Inzwischen geändert",
        413 => "Anfrage zu groß",
        415 => "Format nicht unterstützt",
        422 => "Abgelehnt",
        429 => "Zu viele Anfragen",
        503 => "Zurzeit nicht möglich",
        _ => "Interner Fehler",
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        // Where nobody knows whether the command was carried out, a client must not try again by itself.
        let open = ["API_AUSGANG_OFFEN", "API_ABBRUCH"].contains(&&*refusal.code);
        let retry_after_s = (refusal.status == 503 && !open).then_some(1);
        Self {
            refusal: Box::new(refusal),
            retry_after_s,
            vorgang_id: None,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "das Journal ließ sich nicht lesen oder schreiben");
        match error {
            StoreError::Database(error) => error.into(),
            _ => Self::new(
                "INTERN",
                500,
                "interner Fehler; er steht mit Ursache im Protokoll des Servers",
            ),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "Fehler der Datenbank");
        match error {
            // The limit of queries.
            sqlx::Error::Database(error) if error.code().as_deref() == Some("57014") => Self::new(
                "API_ZEIT",
                503,
                "die Abfrage hat zu lange gedauert; bitte enger fassen oder später noch einmal versuchen",
            )
            .retry_after(30),
            // It restarts, has no connection left, or took back what was read because something newer came.
            error if may_pass(&error) => Self::new(
                "DATENBANK_NICHT_ERREICHBAR",
                503,
                "die Datenbank antwortet nicht; bitte gleich noch einmal versuchen",
            )
            .retry_after(2),
            _ => Self::new(
                "INTERN",
                500,
                "interner Fehler; er steht mit Ursache im Protokoll des Servers",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // For the middleware that knows the request's vorgang_id.
        response.extensions_mut().insert(self);
        response
    }
}
