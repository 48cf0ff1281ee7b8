//! Whatever happens, and in whatever order: once the policies rest, the credit line says what the documents say.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::verkauf_haus::{CRM, FIBU, Haus, WAWI, id};

/// Numbers without a pattern, the same for the same seed (splitmix64).
struct Zufall(u64);

impl Zufall {
    fn bis(&mut self, grenze: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % grenze
    }

    fn aus(&mut self, liste: &[Value]) -> Option<Value> {
        let laenge = u64::try_from(liste.len()).unwrap();
        let stelle = (laenge > 0).then(|| usize::try_from(self.bis(laenge)).unwrap())?;
        Some(liste[stelle].clone())
    }

    /// Tonnes with three decimals, up to some.
    fn tonnen(&mut self, hoechstens: u64) -> String {
        let kg = 1 + self.bis(hoechstens * 1000);
        format!("{}.{:03}", kg / 1000, kg % 1000)
    }

    /// A part of an amount in cents, now and then all of it; signed as the amount.
    fn teil(&mut self, cents: i64) -> i64 {
        if self.bis(2) == 0 {
            return cents;
        }
        let teil = 1 + self.bis(cents.unsigned_abs());
        i64::try_from(teil).unwrap() * cents.signum()
    }
}

fn cents(betrag: &Value) -> i64 {
    betrag.as_str().unwrap().replace('.', "").parse().unwrap()
}

fn euro(cents: i64) -> String {
    let vorzeichen = if cents < 0 { "-" } else { "" };
    format!("{vorzeichen}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// What the documents say: orders with what waits, deliveries with the values with which they went, claims, credit. Every
/// order has one position.
const BELEGE: &str = "WITH geliefert AS ( \
        SELECT position_id, sum(netto) AS netto FROM crm.auftrag_bewegung \
        WHERE mandant_id = $1 AND art = 'geliefert' GROUP BY position_id), \
    auftrag AS ( \
        SELECT p.netto, p.menge, p.geliefert, coalesce(g.netto, 0) AS weg, p.fakturiert_lieferwert AS berechnet, \
            CASE WHEN a.status = 'bestaetigt' \
                THEN greatest(p.menge - p.storniert - p.verfallen - p.geliefert, 0) ELSE 0 END AS offen, \
            CASE p.schluessel WHEN 'U19' THEN 0.19 WHEN 'U7' THEN 0.07 END AS satz \
        FROM crm.auftrag a JOIN crm.auftrag_position p ON p.mandant_id = a.mandant_id AND p.auftrag_id = a.id \
        LEFT JOIN geliefert g ON g.position_id = p.position_id \
        WHERE a.mandant_id = $1 AND a.status IN ('bestaetigt', 'abgeschlossen')), \
    wert AS ( \
        SELECT satz, weg, berechnet, CASE WHEN offen = 0 THEN weg \
            ELSE greatest(round(netto * (geliefert + offen) / menge, 2), weg) END AS alles FROM auftrag), \
    brutto AS ( \
        SELECT alles + round(alles * satz, 2) AS alles, weg + round(weg * satz, 2) AS weg, \
            berechnet + round(berechnet * satz, 2) AS berechnet FROM wert) \
    SELECT (SELECT coalesce(sum(alles - weg), 0) FROM brutto)::numeric(15,2)::text, \
        (SELECT coalesce(sum(weg - berechnet), 0) FROM brutto)::numeric(15,2)::text, \
        coalesce(sum(rest) FILTER (WHERE rest > 0), 0)::numeric(15,2)::text, \
        coalesce(sum(rest) FILTER (WHERE rest < 0), 0)::numeric(15,2)::text \
    FROM fibu.offener_posten WHERE mandant_id = $1";

/// What the line says of the same, and whether its obligo is the sum of its parts.
const LINIE: &str = "SELECT coalesce(sum(b.belegt + b.vorgemerkt) FILTER (WHERE b.beleg_typ = 'auftrag'), 0)::numeric(15,2)::text, \
        coalesce(sum(b.belegt) FILTER (WHERE b.beleg_typ = 'lieferung'), 0)::numeric(15,2)::text, \
        coalesce(sum(b.belegt) FILTER (WHERE b.beleg_typ = 'op'), 0)::numeric(15,2)::text, \
        coalesce(sum(b.belegt) FILTER (WHERE b.beleg_typ = 'zahlung'), 0)::numeric(15,2)::text, \
        coalesce(sum(b.belegt), 0) = max(k.obligo) \
    FROM crm.kreditlinie k LEFT JOIN crm.kredit_belegung b ON b.mandant_id = k.mandant_id AND b.kreditlinie_id = k.id \
    WHERE k.mandant_id = $1";

/// A history that goes on by chance.
struct Verlauf {
    haus: Haus,
    bank: String,
    zufall: Zufall,
    gelungen: BTreeMap<&'static str, u32>,
}

impl Verlauf {
    async fn neu(saat: u64) -> Self {
        let haus = Haus::neu().await;
        haus.limit("8000.00").await;
        haus.zugang(&haus.kas, "1000000").await;
        haus.zugang(&haus.futter, "1000000").await;
        let bank = haus.bank().await;
        let bedingung = json!({"code": "2%", "bezeichnung": "2 % in 10 Tagen",
            "fassung": {"tage": 30, "skonto": [{"tage": 10, "prozent": "2"}]}});
        let bedingung = haus
            .server
            .post(&format!("{FIBU}/zahlungsbedingungen"), bedingung)
            .await;
        let konditionen = json!({"zahlungsbedingung_id": bedingung.ok()["id"]});
        let pfad = format!("{CRM}/kunden/{}/konditionen-setzen", haus.kunde);
        haus.server.post(&pfad, konditionen).await.ok();
        Self {
            haus,
            bank,
            zufall: Zufall(saat),
            gelungen: BTreeMap::new(),
        }
    }

    /// Sends a command. A rule may refuse it; a history of refusals only would be noticed at the end.
    async fn tu(&mut self, was: &'static str, pfad: &str, body: Value) -> Option<String> {
        let antwort = self.haus.server.post(pfad, body).await;
        if antwort.status >= 300 {
            assert!([409, 422].contains(&antwort.status), "{was}: {}", antwort.text);
            return None;
        }
        *self.gelungen.entry(was).or_default() += 1;
        Some(id(&antwort.body))
    }

    async fn liste(&self, pfad: &str) -> Vec<Value> {
        let liste = self.haus.server.get(&format!("{pfad}&limit=200")).await.ok();
        liste["daten"].as_array().unwrap().clone()
    }

    /// Any order in a status, with its position.
    async fn auftrag(&mut self, status: &str) -> Option<(String, Value)> {
        let liste = self.liste(&format!("{CRM}/auftraege?status={status}")).await;
        let auftrag = id(&self.zufall.aus(&liste)?);
        let position = self.haus.auftrag(&auftrag).await["positionen"][0].clone();
        Some((auftrag, position))
    }

    /// Any open item of one side.
    async fn posten(&mut self, forderung: bool) -> Option<Value> {
        let liste = self
            .liste(&format!("{FIBU}/offene-posten?personenkonto={}", self.haus.kunden_nr))
            .await;
        let seite = |p: &Value| cents(&p["rest"]).signum() == if forderung { 1 } else { -1 };
        let liste: Vec<Value> = liste.into_iter().filter(seite).collect();
        self.zufall.aus(&liste)
    }

    async fn auftrag_bestaetigen(&mut self) {
        let artikel = if self.zufall.bis(2) == 0 {
            &self.haus.kas
        } else {
            &self.haus.futter
        }
        .clone();
        let preis = ["312.40", "288.17", "99.99"][usize::try_from(self.zufall.bis(3)).unwrap()];
        let menge = self.zufall.tonnen(6);
        let (auftrag, _) = self.haus.erfasst(&artikel, (&menge, "t"), Some(preis)).await;
        let pfad = format!("{CRM}/auftraege/{auftrag}/bestaetigen");
        self.tu("bestaetigen", &pfad, json!({})).await;
    }

    async fn auftrag_aendern(&mut self) {
        let Some((auftrag, position)) = self.auftrag("bestaetigt").await else {
            return;
        };
        let position_id = &position["position_id"];
        let (menge, weniger) = (self.zufall.tonnen(8), self.zufall.tonnen(1));
        let (was, befehl, body) = match self.zufall.bis(4) {
            0 => {
                let was = if position["geliefert"] == "0.000000" {
                    "aendern"
                } else {
                    "teilgeliefert aendern"
                };
                let body = json!({"position_id": position_id, "menge": menge});
                (was, "position-aendern", body)
            }
            1 => (
                "kuerzen",
                "position-stornieren",
                json!({"position_id": position_id, "menge": weniger, "grund": "weniger"}),
            ),
            2 => (
                "streichen",
                "rest-streichen",
                json!({"position_id": position_id, "grund": "kommt nicht mehr"}),
            ),
            _ => ("stornieren", "stornieren", json!({"grund": "abgesagt"})),
        };
        self.tu(was, &format!("{CRM}/auftraege/{auftrag}/{befehl}"), body).await;
    }

    async fn liefern(&mut self) {
        let Some((auftrag, position)) = self.auftrag("bestaetigt").await else {
            return;
        };
        let position = position["position_id"].as_str().unwrap();
        let menge = self.zufall.tonnen(4);
        // A locked order is planned, but nothing of it goes.
        if self.haus.auftrag(&auftrag).await["sperren"] != json!([]) {
            return;
        }
        let geplant = self.haus.planen(&auftrag, position, &menge).await;
        if geplant.status >= 300 {
            return;
        }
        let versand = id(&geplant.body);
        self.haus.kommissionieren(&versand, position, &menge).await;
        let pfad = format!("{WAWI}/versande/{versand}/warenausgang-buchen");
        self.tu("liefern", &pfad, json!({})).await;
    }

    async fn rechnung(&mut self, status: &str) -> Option<String> {
        let liste = self.liste(&format!("{FIBU}/rechnungen?status={status}")).await;
        self.zufall.aus(&liste).as_ref().map(id)
    }

    async fn buchen(&mut self) {
        if let Some(entwurf) = self.rechnung("entwurf").await {
            let pfad = format!("{FIBU}/rechnungen/{entwurf}/buchen");
            self.tu("buchen", &pfad, json!({})).await;
        }
    }

    async fn anzahlen(&mut self) {
        let Some((auftrag, _)) = self.auftrag("bestaetigt").await else {
            return;
        };
        let zeile = json!({"text": "Anzahlung", "menge": "1", "einheit": "t", "schluessel": "U19",
            "preis": {"betrag": euro(1 + i64::try_from(self.zufall.bis(20000)).unwrap()), "je": "1", "einheit": "t"}});
        let kopf = json!({"debitor_nr": self.haus.kunden_nr, "art": "anzahlung", "auftrag_id": auftrag,
            "positionen": [zeile]});
        let anzahlung = self
            .tu("anzahlung entwerfen", &format!("{FIBU}/rechnungen"), kopf)
            .await
            .unwrap();
        let pfad = format!("{FIBU}/rechnungen/{anzahlung}");
        if self
            .tu("anzahlen", &format!("{pfad}/buchen"), json!({}))
            .await
            .is_none()
        {
            self.tu("verwerfen", &format!("{pfad}/verwerfen"), json!({})).await;
        }
    }

    async fn rechnung_zuruecknehmen(&mut self) {
        let Some(rechnung) = self.rechnung("gebucht").await else {
            return;
        };
        let pfad = format!("{FIBU}/rechnungen/{rechnung}");
        if self.zufall.bis(2) == 0 {
            let grund = json!({"grund": "falsch"});
            self.tu("rechnung stornieren", &format!("{pfad}/stornieren"), grund)
                .await;
        } else {
            let menge = self.zufall.tonnen(2);
            let position = if self.zufall.bis(2) == 0 {
                json!({"position": 1, "menge": menge})
            } else {
                json!({"position": 1, "netto": "12.34"})
            };
            let body = json!({"positionen": [position], "grund": "Mangel"});
            self.tu("gutschreiben", &format!("{pfad}/korrigieren"), body).await;
        }
    }

    async fn zahlen(&mut self) {
        let mut zuordnungen = Vec::new();
        let mut betrag = if self.zufall.bis(3) == 0 { 5_000 } else { 0 };
        if self.zufall.bis(4) > 0
            && let Some(posten) = self.posten(true).await
        {
            let teil = self.zufall.teil(cents(&posten["rest"]));
            // 2 % are granted, rounded down; less than half a cent is none.
            let skonto = if self.zufall.bis(2) == 0 { teil / 50 } else { 0 };
            betrag += teil - skonto;
            let skonto = (skonto > 0).then(|| euro(skonto));
            zuordnungen.push(json!({"op_id": posten["id"], "betrag": euro(teil), "skonto": skonto}));
        }
        if betrag == 0 {
            betrag = 12_345;
        }
        let was = match zuordnungen.first() {
            Some(z) if !z["skonto"].is_null() => "mit skonto zahlen",
            Some(_) => "zahlen",
            None => "ohne zuordnung zahlen",
        };
        self.zahlung(was, "eingang", betrag, Value::Array(zuordnungen)).await;
    }

    async fn auszahlen(&mut self) {
        if let Some(posten) = self.posten(false).await {
            let teil = self.zufall.teil(cents(&posten["rest"]));
            let zuordnungen = json!([{"op_id": posten["id"], "betrag": euro(-teil)}]);
            self.zahlung("auszahlen", "ausgang", -teil, zuordnungen).await;
        }
    }

    async fn zahlung(&mut self, was: &'static str, richtung: &str, betrag: i64, zuordnungen: Value) {
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let zahlung = json!({"richtung": richtung, "geldkonto_id": self.bank, "personenkonto": self.haus.kunden_nr,
            "betrag": euro(betrag), "buchungsdatum": heute, "zuordnungen": zuordnungen});
        if let Some(zahlung) = self.tu("zahlung erfassen", &format!("{FIBU}/zahlungen"), zahlung).await {
            self.tu(was, &format!("{FIBU}/zahlungen/{zahlung}/buchen"), json!({}))
                .await;
        }
    }

    async fn zahlung_zuruecknehmen(&mut self) {
        let liste = self.liste(&format!("{FIBU}/zahlungen?status=gebucht")).await;
        let Some(zahlung) = self.zufall.aus(&liste).as_ref().map(id) else {
            return;
        };
        let (was, befehl, body) = match self.zufall.bis(3) {
            0 => ("zahlung stornieren", "stornieren", json!({"grund": "doppelt"})),
            1 => ("zurueckgeben", "zurueckgeben", json!({"grund_code": "AC04"})),
            _ => (
                "mit gebuehr zurueckgeben",
                "zurueckgeben",
                json!({"grund_code": "AC04", "gebuehr": "3.00", "weiterbelasten": true}),
            ),
        };
        self.tu(was, &format!("{FIBU}/zahlungen/{zahlung}/{befehl}"), body)
            .await;
    }

    async fn ausgleichen(&mut self) {
        let (Some(forderung), Some(guthaben)) = (self.posten(true).await, self.posten(false).await) else {
            return;
        };
        let (soll, haben) = (cents(&forderung["rest"]), -cents(&guthaben["rest"]));
        let teil = self.zufall.teil(soll.min(haben));
        let (was, soll, rest) = if soll > haben && self.zufall.bis(2) == 0 {
            ("verlust ausgleichen", soll, Some("forderungsverlust"))
        } else {
            ("ausgleichen", teil, None)
        };
        let gegen = if rest.is_some() { haben } else { teil };
        let heute = aggregates::types::kalender::tag(neuroerp::uhr::jetzt());
        let body = json!({"datum": heute, "restbehandlung": rest, "grund": "von Hand", "zeilen": [
            {"op_id": forderung["id"], "betrag": euro(soll)}, {"op_id": guthaben["id"], "betrag": euro(-gegen)}]});
        self.tu(was, &format!("{FIBU}/ausgleiche"), body).await;
    }

    async fn aufheben(&mut self) {
        let liste = self.liste(&format!("{FIBU}/ausgleiche?status=ausgeglichen")).await;
        if let Some(ausgleich) = self.zufall.aus(&liste).as_ref().map(id) {
            let pfad = format!("{FIBU}/ausgleiche/{ausgleich}/aufheben");
            self.tu("aufheben", &pfad, json!({"grund": "falsch zugeordnet"})).await;
        }
    }

    async fn schritt(&mut self) {
        match self.zufall.bis(24) {
            0..=3 => self.auftrag_bestaetigen().await,
            4..=5 => self.auftrag_aendern().await,
            6..=9 => self.liefern().await,
            10..=13 => self.buchen().await,
            14 => self.anzahlen().await,
            15..=16 => self.rechnung_zuruecknehmen().await,
            17..=18 => self.zahlen().await,
            19 => self.auszahlen().await,
            20 => self.zahlung_zuruecknehmen().await,
            21..=22 => self.ausgleichen().await,
            _ => self.aufheben().await,
        }
    }

    async fn pruefen(&self, saat: u64, schritt: u32) {
        self.haus.ruhe().await;
        let pool = &self.haus.server.db.pool;
        let belege: (String, String, String, String) = sqlx::query_as(BELEGE)
            .bind(self.haus.mandant)
            .fetch_one(pool)
            .await
            .unwrap();
        let (auftraege, lieferungen, posten, guthaben, stimmt): (String, String, String, String, bool) =
            sqlx::query_as(LINIE)
                .bind(self.haus.mandant)
                .fetch_one(pool)
                .await
                .unwrap();
        let linie = (auftraege, lieferungen, posten, guthaben);
        assert_eq!(linie, belege, "seed {saat}, step {schritt}, {:?}", self.gelungen);
        assert!(stimmt, "the obligo is not its sum: seed {saat}, step {schritt}");
        let abgelehnt = self.haus.abgelehnte_folgen(&super::KETTE).await;
        assert_eq!(abgelehnt, [] as [String; 0], "seed {saat}, step {schritt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nach_jedem_verlauf_ist_das_obligo_was_die_belege_sagen() {
    let mut gelungen: BTreeMap<&str, u32> = BTreeMap::new();
    for saat in [1, 2, 3, 4] {
        let mut verlauf = Verlauf::neu(saat).await;
        for schritt in 0..160 {
            verlauf.schritt().await;
            if schritt % 4 == 3 {
                verlauf.pruefen(saat, schritt).await;
            }
        }
        for (was, wie_oft) in verlauf.gelungen {
            *gelungen.entry(was).or_default() += wie_oft;
        }
    }
    let alle = [
        "bestaetigen",
        "aendern",
        "teilgeliefert aendern",
        "kuerzen",
        "streichen",
        "stornieren",
        "liefern",
        "buchen",
        "anzahlen",
        "rechnung stornieren",
        "gutschreiben",
        "zahlen",
        "mit skonto zahlen",
        "ohne zuordnung zahlen",
        "auszahlen",
        "zahlung stornieren",
        "zurueckgeben",
        "mit gebuehr zurueckgeben",
        "ausgleichen",
        "verlust ausgleichen",
        "aufheben",
    ];
    let nie: Vec<_> = alle.iter().filter(|was| !gelungen.contains_key(*was)).collect();
    assert!(nie.is_empty(), "never happened: {nie:?} of {gelungen:?}");
}
