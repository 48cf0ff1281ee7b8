//! The description and what the program does are the same: the document is walked, and each path is asked.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

mod common;

use std::collections::BTreeSet;

use common::TestServer;
use serde_json::{Value, json};

/// An operation of the document: path, method, its parameters with those of the path, itself.
struct Operation {
    path: String,
    method: String,
    parameters: Vec<Value>,
    content: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn open(&self) -> bool {
        self.content["security"] == json!([])
    }

    fn parameters(&self, place: &str) -> BTreeSet<String> {
        let of_place = self.parameters.iter().filter(|p| p["in"] == place);
        of_place.map(|p| p["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        Some(target) => document
            .pointer(target.strip_prefix('#').unwrap())
            .unwrap_or_else(|| panic!("{target} leads nowhere")),
        None => node,
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post"] {
            let Some(content) = item.get(method) else { continue };
            let lists = [&item["parameters"], &content["parameters"]];
            let parameters = lists.into_iter().flat_map(|l| l.as_array().into_iter().flatten());
            all.push(Operation {
                path: path.clone(),
                method: method.to_uppercase(),
                parameters: parameters.map(|p| resolved(document, p).clone()).collect(),
                content: content.clone(),
            });
        }
    }
    all
}

fn references(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                found.push(target.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

async fn document(server: &TestServer) -> Value {
    server.get("/openapi.json").await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_a_name_its_right_and_the_refusals_of_the_door() {
    let server = common::bare_server().await;
    let document = document(&server).await;
    let mut targets = Vec::new();
    references(&document, &mut targets);
    for target in targets {
        assert!(document.pointer(&target[1..]).is_some(), "{target} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let name = operation.name();
        let id = operation.content["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!id.is_empty() && ids.insert(id), "operationId of {name}");
        assert!(operation.content["security"].is_array(), "security of {name}");
        let responses = operation.content["responses"].as_object().unwrap();
        if operation.open() {
            assert!(!operation.path.starts_with("/api/"), "{name} is open");
            continue;
        }
        for status in ["400", "401", "403", "404", "503"] {
            assert!(responses.contains_key(status), "{status} of {name}");
        }
        let text = operation.content["description"].as_str().unwrap_or_default();
        assert!(text.contains("Recht: "), "right of {name}");
        if operation.method == "POST" {
            for status in ["408", "409", "412", "413", "415", "422"] {
                assert!(responses.contains_key(status), "{status} of {name}");
            }
            let body = &operation.content["requestBody"];
            let required = body["content"]["application/json"]["schema"]["required"]
                .as_array()
                .is_some_and(|fields| !fields.is_empty());
            assert!(
                operation.path == "/api/v1/stapel" || body["required"] == required,
                "body of {name}"
            );
        }
    }
    let text = document.to_string();
    for internal in ["serde", "Folded state", "a row of `", "columns of `"] {
        assert!(!text.contains(internal), "{internal} is for the house");
    }
}

/// The parameters that a refusal of an unknown one names.
fn accepted(text: &str) -> BTreeSet<String> {
    let names = text.rsplit_once(": ").map_or("", |(_, names)| names);
    if text.contains("es gibt keine") {
        return BTreeSet::new();
    }
    names.split(", ").map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_that_is_read_is_documented_and_every_documented_one_is_read() {
    let server = common::server().await;
    let document = document(&server).await;
    for operation in operations(&document).into_iter().filter(|o| !o.open()) {
        let path = operation.path.replace("{id}", &uuid::Uuid::now_v7().to_string());
        let required = operation
            .parameters
            .iter()
            .filter(|p| p["in"] == "query" && p["required"] == true);
        let given: Vec<String> = required
            .map(|p| format!("{}=1000&", p["name"].as_str().unwrap()))
            .collect();
        let given = given.concat();
        let body = (operation.method == "POST").then(|| "{}".to_owned());
        let answer = server
            .request(&operation.method, &format!("{path}?{given}gibtsnicht=1"), &[], body)
            .await
            .refused(400, "EINGABE_UNGUELTIG");
        let text = answer["felder"][0]["meldung"]
            .as_str()
            .unwrap_or(answer["detail"].as_str().unwrap());
        assert_eq!(
            operation.parameters("query"),
            accepted(text),
            "{}: {text}",
            operation.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_company_is_required_where_a_request_without_it_is_refused() {
    let server = common::server().await;
    let document = document(&server).await;
    let mut needed = 0;
    for operation in operations(&document).into_iter().filter(|o| !o.open()) {
        let header = operation.parameters.iter().find(|p| p["name"] == "X-Mandant");
        let required = header.is_some_and(|p| p["required"] == true);
        let path = operation.path.replace("{id}", &uuid::Uuid::now_v7().to_string());
        let body = (operation.method == "POST").then(|| "{}".to_owned());
        // An empty header is none. What else the request lacks is found out later.
        let path = format!("{path}?gibtsnicht=1");
        let answer = server
            .request(&operation.method, &path, &[("X-Mandant", "")], body)
            .await;
        let asked = answer.body["code"] == "MANDANT_FEHLT";
        assert_eq!(required, asked, "{}: {}", operation.name(), answer.text);
        needed += usize::from(required);
    }
    assert!(needed > 100, "{needed}");
}

/// The members that a schema describes.
fn members(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let own = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone());
    let parts = ["allOf", "anyOf"]
        .into_iter()
        .flat_map(|k| schema[k].as_array().into_iter().flatten());
    own.chain(parts.flat_map(|part| members(document, part))).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_members_and_headers_that_their_schemas_name() {
    let server = common::server().await;
    let document = document(&server).await;
    let answer_of = |path: &str, method: &str, status: &str| &document["paths"][path][method]["responses"][status];
    let schema_of = |path: &str, method: &str, status: &str| {
        answer_of(path, method, status)["content"]["application/json"]["schema"].clone()
    };
    let buchung = json!({"belegkreis": "KA", "belegdatum": "2026-02-03", "buchungsdatum": "2026-02-03", "text": "Papier", "beleg": "1",
        "zeilen": [{"konto": "6815", "seite": "soll", "betrag": "119.00", "schluessel": "V19"},
                   {"konto": "1600", "seite": "haben", "betrag": "119.00"}]});
    let base = "/api/v1/fibu/buchungen";
    let trial = server.post(&format!("{base}?probelauf=true"), buchung.clone()).await;
    assert_eq!(trial.status, 200);
    assert!(keys(&trial.body).is_subset(&members(&document, &schema_of(base, "post", "200"))));
    let preview = members(&document, &document["components"]["schemas"]["Vorschau"]);
    assert_eq!(keys(&trial.body["vorschau"][0]), preview);

    let created = server.post(base, buchung).await;
    let path = created.header("location").to_owned();
    let headers = keys(&answer_of(base, "post", "201")["headers"]);
    for header in ["ETag", "Location", "X-Position"] {
        assert!(
            headers.contains(header) && !created.header(header).is_empty(),
            "{header}"
        );
    }
    assert!(keys(&created.ok()).is_subset(&members(&document, &schema_of(base, "post", "201"))));

    let list = server.get(base).await.ok();
    let page = schema_of(base, "get", "200");
    assert!(keys(&list).is_subset(&members(&document, &page)));
    assert_eq!(
        keys(&list["daten"][0]),
        members(&document, &page["properties"]["daten"]["items"])
    );
    let template = format!("{base}/{{id}}");
    let record = server.get(&path).await.ok();
    assert_eq!(keys(&record), members(&document, &schema_of(&template, "get", "200")));

    let history = server.get(&format!("{path}/ereignisse")).await.ok();
    let page = schema_of(&format!("{template}/ereignisse"), "get", "200");
    assert_eq!(
        keys(&history["daten"][0]),
        members(&document, &page["properties"]["daten"]["items"])
    );
    let past = server.get(&format!("{path}/zustand")).await.ok();
    let schema = schema_of(&format!("{template}/zustand"), "get", "200");
    assert_eq!(keys(&past), members(&document, &schema));
    assert!(keys(&past["zustand"]).is_subset(&members(&document, &schema["properties"]["zustand"])));

    let log = server.get("/api/v1/ereignisse?limit=1").await.ok();
    let page = schema_of("/api/v1/ereignisse", "get", "200");
    assert_eq!(keys(&log), members(&document, &page));
    assert_eq!(
        keys(&log["daten"][0]),
        members(&document, &page["properties"]["daten"]["items"])
    );

    for report in [
        "summen-und-saldenliste?stichtag=2026-02-28",
        "journal",
        "kontenplan",
        "kontenblatt?konto=6815",
    ] {
        let body = server.get(&format!("/api/v1/berichte/{report}")).await.ok();
        let path = format!("/api/v1/berichte/{}", report.split('?').next().unwrap());
        let schema = schema_of(&path, "get", "200");
        assert!(keys(&body).is_subset(&members(&document, &schema)), "{report}");
        let row = members(&document, &schema["properties"]["zeilen"]["items"]);
        assert_eq!(keys(&body["zeilen"][0]), row, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_seen_the_position_that_it_is_asked_for() {
    let server = common::server().await;
    let head: i64 = server
        .get("/api/v1/fibu/konten")
        .await
        .header("x-position")
        .parse()
        .unwrap();
    let path = |position: i64| format!("/api/v1/fibu/konten?limit=1&ab_position={position}");
    assert_eq!(server.get(&path(head)).await.status, 200);
    let early = server.get(&path(head + 1)).await;
    assert_eq!(early.header("retry-after"), "1");
    early.refused(503, "ABFRAGE_ZU_ALT");
}
