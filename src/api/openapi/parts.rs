//! What operations share: parameters, headers, answers, schemas; and the operation itself.

use serde_json::{Map, Value, json};

/// An operation in the making. Whatever needs a key has the answers that come with it.
pub(in crate::api) struct Operation {
    tag: String,
    id: String,
    summary: String,
    description: String,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
    open: bool,
}

impl Operation {
    /// An operation for callers with a key.
    pub(in crate::api) fn new(tag: impl Into<String>, id: impl Into<String>, summary: impl Into<String>) -> Self {
        let operation = Self::open(tag, id, summary);
        let operation = Self {
            open: false,
            ..operation
        };
        operation.refused(&["400", "401", "403", "404", "429", "503", "default"])
    }

    /// An operation without a key.
    pub(in crate::api) fn open(tag: impl Into<String>, id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            tag: tag.into(),
            id: id.into(),
            summary: summary.into(),
            description: String::new(),
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
            open: true,
        }
    }

    /// Adds a paragraph.
    pub(in crate::api) fn about(mut self, text: &str) -> Self {
        if !self.description.is_empty() && !text.is_empty() {
            self.description.push_str("\n\n");
        }
        self.description.push_str(text);
        self
    }

    /// Says which right it needs.
    pub(in crate::api) fn right(self, bereich: &str, typ: &str, stufe: &str) -> Self {
        self.about(&format!("Recht: {bereich}.{typ}:{stufe}"))
    }

    /// Adds parameters of the components.
    pub(in crate::api) fn takes(mut self, names: &[&str]) -> Self {
        self.parameters.extend(names.iter().map(|name| parameter(name)));
        self
    }

    /// Adds parameters of its own.
    pub(in crate::api) fn with(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// The request's body.
    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// An answer of its own.
    pub(in crate::api) fn answers(mut self, status: &str, response: Value) -> Self {
        self.responses.insert(status.to_owned(), response);
        self
    }

    /// Refusals of the components.
    pub(in crate::api) fn refused(mut self, statuses: &[&str]) -> Self {
        for status in statuses {
            let response = json!({"$ref": format!("#/components/responses/Problem.{status}")});
            self.responses.insert((*status).to_owned(), response);
        }
        self
    }

    /// As the document has it.
    pub(in crate::api) fn done(self) -> Value {
        let mut operation = json!({
            "tags": [self.tag], "operationId": self.id, "summary": self.summary,
            "parameters": self.parameters, "responses": self.responses,
        });
        if !self.description.is_empty() {
            operation["description"] = json!(self.description);
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation["security"] = if self.open {
            json!([])
        } else {
            json!([{"schluessel": []}])
        };
        operation
    }
}

pub(in crate::api) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

pub(in crate::api) fn query(name: &str, schema: &Value, required: bool, description: &str) -> Value {
    json!({"name": name, "in": "query", "required": required, "schema": schema, "description": description})
}

/// An answer with JSON and headers of the components.
pub(in crate::api) fn answer(description: &str, schema: &Value, headers: &[&str]) -> Value {
    response(description, &json!({"application/json": {"schema": schema}}), headers)
}

/// An answer with content and headers of the components.
pub(in crate::api) fn response(description: &str, content: &Value, headers: &[&str]) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                json!({"$ref": format!("#/components/headers/{name}")}),
            )
        })
        .collect();
    json!({"description": description, "headers": headers, "content": content})
}

/// An object of a page: its elements and how to go on.
pub(super) fn page(items: &Value, weiter: &Value, more: &Value) -> Value {
    let mut properties = json!({"daten": {"type": "array", "items": items}, "weiter": weiter});
    for (name, schema) in more.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    json!({"type": "object", "required": ["daten", "weiter"], "properties": properties})
}

/// The refusals, one text for each status.
pub(super) fn responses() -> Map<String, Value> {
    let list: [(&str, &str, &[&str]); 15] = [
        (
            "400",
            "nicht lesbar: unbekanntes Feld oder unbekannter Parameter, falscher Typ",
            &[],
        ),
        ("401", "kein oder ungültiger Schlüssel", &["WWW-Authenticate"]),
        (
            "403",
            "Recht fehlt, oder der Schlüssel ist an andere Netze gebunden",
            &[],
        ),
        ("404", "gibt es nicht", &[]),
        ("406", "in dieser Form nicht verfügbar", &[]),
        ("408", "der Inhalt kam nicht an; es wurde nichts ausgeführt", &[]),
        ("409", "im jetzigen Zustand nicht möglich, oder schon vergeben", &[]),
        ("410", "nach gesetzlicher Frist gelöscht", &[]),
        ("412", "If-Match: inzwischen geändert", &[]),
        ("413", "die Anfrage ist zu groß", &[]),
        (
            "415",
            "dieser Content-Type oder diese Content-Encoding wird nicht gelesen",
            &[],
        ),
        ("422", "lesbar, aber von einer Regel abgelehnt", &[]),
        (
            "429",
            "Kontingent des Schlüssels verbraucht (API_RATE, API_KONTINGENT)",
            &["Retry-After"],
        ),
        ("503", "zurzeit nicht möglich; später wiederholen", &["Retry-After"]),
        ("default", "jeder andere Fehler", &[]),
    ];
    list.iter()
        .map(|(status, text, headers)| {
            let content = json!({"application/problem+json": {"schema": reference("Problem")}});
            (format!("Problem.{status}"), response(text, &content, headers))
        })
        .collect()
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let header = |kind: &str, description: &str| json!({"schema": {"type": kind}, "description": description});
    json!({
        "ETag": header("string", "Version des Datensatzes in Anführungszeichen, für If-Match und If-None-Match"),
        "Location": header("string", "Weg zum neuen Datensatz"),
        "X-Position": header("integer", "bis zu dieser Position des Journals hat die Antwort alles gesehen"),
        "Idempotent-Replayed": header("boolean", "true: die erste Antwort noch einmal; es wurde nichts geschrieben"),
        "X-Weiter": header("string", "bei einer Seite als CSV: cursor der nächsten"),
        "Retry-After": header("integer", "Sekunden bis zum nächsten Versuch"),
        "WWW-Authenticate": header("string", "Bearer"),
    })
}

/// The parameters that several operations take.
pub(super) fn parameters() -> Value {
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "schema": {"type": "string"}, "description": description});
    let needed = |name: &str, description: &str| {
        let mut header = header(name, description);
        header["required"] = json!(true);
        header
    };
    let param = |name: &str, kind: &str, description: &str| query(name, &json!({"type": kind}), false, description);
    json!({
        "id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}, "description": "id des Datensatzes"},
        "mandant": needed("X-Mandant", "Firma: UUID oder Kürzel"),
        "mandant_oder_system": needed("X-Mandant", "Firma: UUID oder Kürzel; „system“ für die Daten des Systems"),
        "mandant_im_stapel": header("X-Mandant", "Firma: UUID oder Kürzel; ohne gilt der Stapel dem System (Mandanten, Schlüssel)"),
        "idempotenz": header("Idempotency-Key", "derselbe Schlüssel wirkt nur einmal; 1 bis 255 Zeichen"),
        "if_match": header("If-Match", "ETag, also die Version, die der Benutzer gesehen hat, in Anführungszeichen, z. B. \"7\"; auch mehrere mit Komma, oder * (es gibt den Datensatz)"),
        "if_none_match": header("If-None-Match", "ETag einer früheren Antwort; ist der Datensatz unverändert, kommt 304"),
        "korrelation": header("X-Correlation-Id", "vorgang_id, UUID; sonst wird eine vergeben"),
        "grund": header("X-Grund", "Begründung, UTF-8, höchstens 500 Zeichen; steht in den Ereignissen und ihrer Historie; gilt auch als Grund einer Buchung und eines Ausgleichs ohne eigenen"),
        "min_position": header("X-Min-Position", "wie ab_position"),
        "last_event_id": header("Last-Event-ID", "Position des zuletzt empfangenen Ereignisses; geht „ab“ vor"),
        "probelauf": param("probelauf", "boolean", "nur zeigen, welche Ereignisse entstünden"),
        "modus": query("modus", &json!({"type": "string", "enum": ["atomar", "einzeln"], "default": "atomar"}), false,
            "atomar: alles oder nichts; einzeln: jeder für sich"),
        "limit": query("limit", &json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}), false, "Größe der Seite"),
        "cursor": param("cursor", "string", "aus „weiter“ der vorigen Seite"),
        "sortierung": param("sortierung", "string", "Filterfelder mit Komma, absteigend mit Minus, z. B. -datum,nummer"),
        "suche": param("suche", "string", "Volltext, tippfehlertolerant"),
        "felder": param("felder", "string", "nur diese Spalten, mit Komma; id ist immer dabei"),
        "gesamt": param("gesamt", "boolean", "auch die Gesamtzahl"),
        "ab_position": param("ab_position", "integer", "die Antwort muss das Journal bis zu dieser Position gesehen haben, sonst 503 ABFRAGE_ZU_ALT"),
        "ab_version": param("ab_version", "integer", "erst ab dieser Version"),
        "version": param("version", "integer", "nach dem Ereignis mit dieser Version; nur eines von version, zeitpunkt und position"),
        "zeitpunkt": param("zeitpunkt", "string", "wie zu diesem Zeitpunkt (RFC 3339) oder am Ende dieses Tages erfasst"),
        "position": param("position", "integer", "nach dieser Position des Journals"),
        "ab": param("ab", "integer", "ab dieser Position, einschließlich"),
        "typ": param("typ", "string", "nur diese Aggregattypen, mit Komma"),
        "epoche": param("epoche", "integer", "Epoche des Journals, die der Leser kennt; nach einer Wiederherstellung 409 ABFRAGE_ALTE_EPOCHE"),
    })
}

/// The schemas that several operations use.
pub(super) fn schemas() -> Map<String, Value> {
    let uuid = json!({"type": "string", "format": "uuid"});
    let maybe_uuid = json!({"type": ["string", "null"], "format": "uuid"});
    let moment = json!({"type": "string", "format": "date-time"});
    let answer = json!({
        "id": uuid, "version": {"type": "integer", "description": "Version nach dem Befehl"},
        "position": {"type": "integer", "description": "letzte Position im Journal, für ab_position"},
        "ereignisse": {"type": "array", "items": {"type": "string"}, "description": "Namen der Ereignisse dieses Datensatzes"},
        "nummer": {"type": "string", "description": "Belegnummer"},
        "warnungen": {"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}, "meldung": {"type": "string"}}}},
        "einmalig": {"type": "object", "description": "nur in dieser Antwort, z. B. der Klartext eines Schlüssels"}});
    let mut trial = answer.clone();
    trial["probelauf"] = json!({"const": true});
    trial["vorschau"] = json!({"type": "array", "items": reference("Vorschau"),
        "description": "alle Ereignisse, die entstünden, auch die der Folgebefehle"});
    let mut element = trial.clone();
    element["status"] = json!({"type": "integer", "description": "HTTP-Status dieses Befehls"});
    element["wiederholt"] = json!({"const": true, "description": "die erste Antwort noch einmal"});
    let mandatory = json!(["id", "version", "position", "ereignisse"]);
    let event = json!({
        "position": {"type": "integer"}, "version": {"type": "integer"}, "ereignis": {"type": "string"},
        "event_version": {"type": "integer", "description": "Fassung der abgelegten Form"},
        "daten": {"type": ["object", "null"], "description": "Felder des Ereignisses; null, wenn sie nach gesetzlicher Frist gelöscht wurden"},
        "erfasst_am": moment, "akteur": {"type": "string"}, "ursache": maybe_uuid, "korrelation": uuid});
    let mut past = event.clone();
    past["grund"] = json!({"type": ["string", "null"]});
    past["befehl_id"] = maybe_uuid;
    past["aenderungen"] = json!({"type": ["array", "null"], "items": {"type": "object", "properties": {
        "feld": {"type": "string", "description": "JSON Pointer im Zustand"}, "alt": {}, "neu": {}}}});
    let mut logged = event;
    logged["event_id"] = uuid.clone();
    logged["typ"] = json!({"type": "string", "description": "Aggregattyp"});
    logged["id"] = uuid.clone();
    logged["meta"] = json!({"type": ["object", "null"]});
    logged["daten_hash"] = json!({"type": "string", "description": "SHA-256, hexadezimal"});
    logged["blatt_hash"] = json!({"type": "string", "description": "Blatt im Merkle-Baum, hexadezimal"});
    let schemas = json!({
        "Antwort": {"type": "object", "required": mandatory, "properties": answer},
        "Probelauf": {"type": "object", "required": mandatory, "properties": trial},
        "AntwortImStapel": {"anyOf": [{"type": "object", "required": mandatory, "properties": element}, reference("Problem")]},
        "Vorschau": {"type": "object", "properties": {"aggregat": {"type": "string", "description": "Aggregattyp"}, "id": uuid,
            "version": {"type": "integer"}, "ereignis": {"type": "string"}, "daten": {"type": "object"}}},
        "Problem": {"type": "object", "required": ["type", "title", "status", "code", "detail", "vorgang_id"], "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "description": "stabil, z. B. PERIODE_FESTGESCHRIEBEN"}, "detail": {"type": "string"},
            "daten": {"type": "object"}, "vorgang_id": uuid,
            "felder": {"type": "array", "items": {"type": "object", "properties": {
                "feld": {"type": "string", "description": "JSON Pointer oder Name des Parameters"},
                "code": {"type": "string"}, "meldung": {"type": "string"}}}}}},
        "StapelElement": {"type": "object", "required": ["bereich", "ressource", "befehl"], "additionalProperties": false, "properties": {
            "bereich": {"type": "string"}, "ressource": {"type": "string"}, "id": uuid,
            "befehl": {"type": "string", "description": "wie im Weg, z. B. erfassen"}, "daten": {"type": "object"},
            "if_match": {"type": "integer"}}},
        "Ereignis": {"type": "object", "properties": past},
        "JournalEreignis": {"type": "object", "properties": logged},
        "Datensatz": {"type": "object", "required": ["id", "version", "log_position", "angelegt_am", "geaendert_am"], "properties": engine()},
    });
    match schemas {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The fields that every record has besides those of its state.
pub(super) fn engine() -> Value {
    let moment = json!({"type": "string", "format": "date-time"});
    json!({
        "id": {"type": "string", "format": "uuid"},
        "version": {"type": "integer", "description": "Zahl seiner Ereignisse"},
        "log_position": {"type": "integer", "description": "Position seines letzten Ereignisses im Journal"},
        "angelegt_am": moment, "geaendert_am": moment,
    })
}
