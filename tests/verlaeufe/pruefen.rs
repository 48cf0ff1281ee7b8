//! What must hold after any history.

use aggregates::policy::Kind;
use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;

use crate::{common::wuerfel::cent, modell::BANK, pruefen_einkauf, welt::Welt};

impl Welt {
    pub async fn kopf(&self) -> i64 {
        self.server.db.store.head(self.mandant).await.unwrap()
    }

    /// Waits until the policies have read everything, what they wrote too.
    pub async fn ruhe(&self) {
        let registry = aggregates::registry();
        let folgend = registry.all_policies().iter().filter(|p| p.kind == Kind::Following);
        let (namen, quellen): (Vec<&str>, Vec<&str>) =
            folgend.flat_map(|p| p.sources().map(|quelle| (p.name, quelle))).unzip();
        for _ in 0..1_500 {
            let wartet: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS p(name, quelle) \
                    LEFT JOIN log.politik_stand s ON s.mandant_id = $1 AND s.politik = p.name \
                    JOIN log.ereignis e ON e.mandant_id = $1 AND e.aggregate_type = p.quelle AND e.position > coalesce(s.position, 0))",
            )
            .bind(self.mandant)
            .bind(&namen)
            .bind(&quellen)
            .fetch_one(&self.server.db.pool)
            .await
            .unwrap();
            if !wartet {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the policies do not come to an end");
    }
}

pub async fn leer(w: &Welt, was: &str, sql: &'static str) {
    let zeilen: Vec<String> = sqlx::query_scalar(sql)
        .bind(w.mandant)
        .fetch_all(&w.server.db.pool)
        .await
        .unwrap();
    assert_eq!(zeilen, Vec::<String>::new(), "{was}");
}

/// Everything that must hold, at one position of the log.
pub async fn alles(w: &Welt) {
    w.ruhe().await;
    let kopf = w.kopf().await;
    buecher(w, kopf).await;
    posten(w, kopf).await;
    siegel(w).await;
    bestaende(w, kopf).await;
    nummern(w, kopf).await;
    auftraege(w).await;
    pruefen_einkauf::alles(w, kopf).await;
    modell(w, kopf).await;
    folgen(w).await;
    einzeln(w).await;
    let unterschiede = neuroerp::projector::rebuild::verify(&w.server.db.store, None)
        .await
        .unwrap();
    let unterschiede: Vec<String> = unterschiede.iter().map(ToString::to_string).collect();
    assert_eq!(unterschiede, Vec::<String>::new(), "read models equal a fresh build");
}

/// Soll = Haben in every voucher and over the ledger, and the Summen- und Saldenliste is the sum of the journal.
async fn buecher(w: &Welt, kopf: i64) {
    let bis = NaiveDate::from_ymd_opt(w.heute.year(), 12, 31).unwrap();
    let susa = w
        .get(&format!(
            "berichte/summen-und-saldenliste?stichtag={bis}&bekannt_am={kopf}&ab_position={kopf}"
        ))
        .await;
    assert_eq!(susa["summen"]["ausgeglichen"], true, "{susa}");
    let journal: Vec<(String, Decimal, Decimal)> = sqlx::query_as(
        "SELECT konto, sum(soll), sum(haben) FROM fibu.journalzeile WHERE mandant_id = $1 AND log_position <= $2 \
         GROUP BY konto ORDER BY konto",
    )
    .bind(w.mandant)
    .bind(kopf)
    .fetch_all(&w.server.db.pool)
    .await
    .unwrap();
    let aus_journal: Vec<String> = journal.iter().map(|(k, s, h)| format!("{k} {s:.2} {h:.2}")).collect();
    let aus_susa: Vec<String> = susa["zeilen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|z| {
            ["konto", "kumuliert_soll", "kumuliert_haben"]
                .map(|f| z[f].as_str().unwrap())
                .join(" ")
        })
        .collect();
    assert_eq!(aus_susa, aus_journal);
    leer(
        w,
        "Soll = Haben in every voucher",
        "SELECT belegnummer FROM fibu.journalzeile WHERE mandant_id = $1 \
        GROUP BY buchung_id, belegnummer HAVING sum(soll) <> sum(haben)",
    )
    .await;
    leer(
        w,
        "a voucher and its Generalumkehr leave nothing on any account and side",
        "SELECT b.belegnummer FROM fibu.buchung b JOIN fibu.journalzeile z ON z.mandant_id = b.mandant_id \
            AND z.buchung_id IN (b.id, b.storniert_durch) \
         WHERE b.mandant_id = $1 AND b.status = 'storniert' \
         GROUP BY b.belegnummer, z.konto HAVING sum(z.soll) <> 0 OR sum(z.haben) <> 0",
    )
    .await;
}

/// Open items: Σ rest = balance for every partner, Σ partners = Sammelkonto, nothing over-settled.
async fn posten(w: &Welt, kopf: i64) {
    for tag in [w.heute, w.heute - Days::new(8), w.heute - Days::new(60)] {
        let frage = format!("stichtag={tag}&bekannt_am={kopf}&ab_position={kopf}");
        let abstimmung = w.get(&format!("berichte/abstimmung-op-sammelkonto?{frage}")).await;
        assert_eq!(abstimmung["summen"]["abgestimmt"], true, "{tag}: {abstimmung}");
        if tag.year() != w.heute.year() {
            continue;
        }
        let susa = w
            .get(&format!("berichte/summen-und-saldenliste?personenkonten=true&{frage}"))
            .await;
        let liste = w.get(&format!("berichte/op-liste?{frage}")).await;
        for konto in susa["zeilen"].as_array().unwrap().iter().filter(|z| z["art"] != "sach") {
            let saldo = cent(&konto["saldo_soll"]) - cent(&konto["saldo_haben"]);
            let eigene = liste["zeilen"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|p| p["personenkonto"] == konto["konto"]);
            assert_eq!(eigene.map(|p| cent(&p["rest"])).sum::<i64>(), saldo, "{tag}: {konto}");
        }
    }
    leer(
        w,
        "an item is never settled beyond its amount",
        "SELECT id::text || ' ' || betrag || ' ' || rest FROM fibu.offener_posten WHERE mandant_id = $1 \
         AND (sign(rest) * sign(betrag) < 0 OR abs(rest) > abs(betrag))",
    )
    .await;
    leer(w, "the moves of an item are its rest",
        "SELECT p.id::text FROM fibu.offener_posten p JOIN fibu.op_bewegung b ON b.mandant_id = p.mandant_id AND b.op_id = p.id \
         WHERE p.mandant_id = $1 GROUP BY p.id, p.rest HAVING sum(b.betrag) <> p.rest").await;
    leer(w, "the settlements that hold explain the rest",
        "SELECT p.id::text FROM fibu.offener_posten p LEFT JOIN fibu.offener_posten_ausgleich a \
            ON a.mandant_id = p.mandant_id AND a.offener_posten_id = p.id \
         WHERE p.mandant_id = $1 GROUP BY p.id, p.betrag, p.rest HAVING p.betrag - coalesce(sum(a.betrag), 0) <> p.rest").await;
}

/// Nothing was posted into a period after its seal.
async fn siegel(w: &Welt) {
    for siegel in &w.siegel {
        let danach: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM fibu.journalzeile WHERE mandant_id = $1 AND buchungsdatum BETWEEN $2 AND $3 AND log_position > $4",
        )
        .bind(w.mandant)
        .bind(siegel.von)
        .bind(siegel.bis)
        .bind(siegel.position)
        .fetch_one(&w.server.db.pool)
        .await
        .unwrap();
        assert_eq!(danach, 0, "posted after the seal of {}", siegel.von);
    }
}

/// Stock: never below nothing on any day, over all places 0, and promises within it.
async fn bestaende(w: &Welt, kopf: i64) {
    let frage = format!(
        "berichte/bestandsliste?stichtag={}&bekannt_am={kopf}&ab_position={kopf}",
        w.heute
    );
    let liste = w.get(&frage).await;
    for zeile in liste["zeilen"].as_array().unwrap() {
        let zahl = |feld: &str| zeile[feld].as_str().unwrap().parse::<Decimal>().unwrap();
        assert!(zahl("menge") > Decimal::ZERO, "{zeile}");
        assert!(zahl("lager_reserviert") <= zahl("lager_bestand"), "{zeile}");
        assert!(zahl("lager_reserviert") >= Decimal::ZERO, "{zeile}");
    }
    leer(
        w,
        "stock is never below nothing at the end of any day",
        "WITH enden AS (SELECT b.artikel_id, b.lager_id, b.buchungsdatum AS tag, e.menge FROM wawi.lagerbewegung b, \
            LATERAL (VALUES (b.nach_art, b.menge), (b.von_art, -b.menge)) AS e(art, menge) \
            WHERE b.mandant_id = $1 AND e.art = 'platz'), \
         tage AS (SELECT artikel_id, lager_id, tag, sum(menge) AS menge FROM enden GROUP BY 1, 2, 3), \
         salden AS (SELECT tag, sum(menge) OVER (PARTITION BY artikel_id, lager_id ORDER BY tag) AS saldo FROM tage) \
         SELECT tag || ' ' || saldo FROM salden WHERE saldo < 0",
    )
    .await;
    leer(
        w,
        "over all places the moves of an article sum to 0",
        "WITH enden AS (SELECT b.artikel_id, e.art, e.menge FROM wawi.lagerbewegung b, \
            LATERAL (VALUES (b.nach_art, b.menge), (b.von_art, -b.menge)) AS e(art, menge) WHERE b.mandant_id = $1), \
         draussen AS (SELECT artikel_id, sum(menge) AS menge FROM enden WHERE art <> 'platz' GROUP BY 1), \
         drinnen AS (SELECT s.artikel_id, sum(z.menge) AS menge FROM wawi.bestandszeile z JOIN wawi.lagerbestand s \
            ON s.mandant_id = z.mandant_id AND s.id = z.lagerbestand_id WHERE z.mandant_id = $1 GROUP BY 1) \
         SELECT artikel_id::text FROM draussen FULL JOIN drinnen USING (artikel_id) \
         WHERE coalesce(draussen.menge, 0) + coalesce(drinnen.menge, 0) <> 0",
    )
    .await;
    leer(w, "the promises of a stock are those on record, and no more than there is",
        "SELECT s.id::text FROM wawi.lagerbestand s \
         WHERE s.mandant_id = $1 AND (s.reserviert > s.bestand OR s.reserviert <> coalesce((SELECT sum(r.menge) \
            FROM wawi.lagerreservierung r WHERE r.mandant_id = s.mandant_id AND r.lagerbestand_id = s.id), 0) \
         OR s.reserviert <> coalesce((SELECT sum(delta) FROM wawi.reservierung_bewegung r WHERE r.mandant_id = s.mandant_id \
            AND r.artikel_id = s.artikel_id AND r.lager_id = s.lager_id), 0))").await;
    leer(
        w,
        "no position is delivered beyond its tolerance",
        "SELECT position_id::text FROM crm.auftrag_position WHERE mandant_id = $1 \
         AND geliefert > (menge - storniert) * (1 + toleranz_plus / 100)",
    )
    .await;
}

/// Every gapless Nummernkreis counts 1..n, and invoices rise with their dates.
async fn nummern(w: &Welt, kopf: i64) {
    let pruefung = w
        .get(&format!(
            "berichte/nummernpruefung?bekannt_am={kopf}&ab_position={kopf}"
        ))
        .await;
    for kreis in pruefung["zeilen"].as_array().unwrap() {
        assert_eq!(
            (&kreis["luecken"], &kreis["doppelte"]),
            (&"".into(), &"".into()),
            "{kreis}"
        );
        assert!(kreis["kreis"] != "AR" || kreis["rueckwaerts"] == "", "{kreis}");
    }
    leer(
        w,
        "gapless numbers",
        "WITH nummern AS ( \
            SELECT belegnummer AS nr FROM fibu.buchung WHERE mandant_id = $1 AND belegkreis NOT IN ('AR', 'ER') \
            UNION ALL SELECT nummer FROM fibu.rechnung WHERE mandant_id = $1 AND nummer IS NOT NULL \
            UNION ALL SELECT nummer FROM fibu.eingangsrechnung WHERE mandant_id = $1 AND nummer IS NOT NULL \
            UNION ALL SELECT auftrag_nr FROM crm.auftrag WHERE mandant_id = $1 \
            UNION ALL SELECT lieferschein_nr FROM wawi.versand WHERE mandant_id = $1 AND lieferschein_nr IS NOT NULL \
            UNION ALL SELECT bestell_nr FROM wawi.bestellung WHERE mandant_id = $1 AND bestell_nr IS NOT NULL \
            UNION ALL SELECT we_nr FROM wawi.wareneingang WHERE mandant_id = $1 AND we_nr IS NOT NULL), \
         teile AS (SELECT left(nr, length(nr) - 6) AS kreis, right(nr, 6)::int AS lfd FROM nummern) \
         SELECT kreis FROM teile GROUP BY kreis \
         HAVING min(lfd) <> 1 OR max(lfd) <> count(*) OR count(*) <> count(DISTINCT lfd)",
    )
    .await;
}

/// Credit lines hold what their documents use, and nothing of an order outlives it.
async fn auftraege(w: &Welt) {
    leer(
        w,
        "a credit line is the sum of its documents",
        "SELECT k.kunde_id::text FROM crm.kreditlinie k LEFT JOIN crm.kredit_belegung b \
            ON b.mandant_id = k.mandant_id AND b.kreditlinie_id = k.id WHERE k.mandant_id = $1 \
         GROUP BY k.id, k.kunde_id, k.obligo, k.vorgemerkt \
         HAVING k.obligo <> coalesce(sum(b.belegt), 0) OR k.vorgemerkt <> coalesce(sum(b.vorgemerkt), 0)",
    )
    .await;
    leer(
        w,
        "a credit line counts the open items of its customer",
        "SELECT concat_ws(' ', k.kunde_id, l.belegt, p.rest) FROM crm.kreditlinie k, \
            LATERAL (SELECT coalesce(sum(b.belegt), 0) AS belegt FROM crm.kredit_belegung b WHERE b.mandant_id = k.mandant_id \
                AND b.kreditlinie_id = k.id AND b.beleg_typ IN ('op', 'zahlung', 'gutschrift')) l, \
            LATERAL (SELECT coalesce(sum(p.rest), 0) AS rest FROM fibu.offener_posten p WHERE p.mandant_id = k.mandant_id \
                AND p.kunde_id = k.kunde_id) p \
         WHERE k.mandant_id = $1 AND l.belegt <> p.rest",
    )
    .await;
    leer(
        w,
        "what an order believes to use is what the line holds for it",
        "SELECT a.auftrag_nr FROM crm.auftrag a LEFT JOIN crm.kredit_belegung b \
            ON b.mandant_id = a.mandant_id AND b.beleg_typ = 'auftrag' AND b.beleg_id = a.id \
         WHERE a.mandant_id = $1 AND a.kredit <> coalesce(b.belegt + b.vorgemerkt, 0)",
    )
    .await;
    leer(
        w,
        "no promise is larger than what its order still waits for",
        "SELECT concat_ws(' ', r.beleg_nummer, r.menge, to_jsonb(p)) FROM wawi.lagerreservierung r LEFT JOIN (crm.auftrag_position p JOIN crm.auftrag a \
            ON a.mandant_id = p.mandant_id AND a.id = p.auftrag_id AND a.status = 'bestaetigt') \
            ON p.mandant_id = r.mandant_id AND p.position_id = r.beleg_position \
         WHERE r.mandant_id = $1 AND r.beleg_typ = 'auftrag' AND (p.position_id IS NULL \
            OR r.menge > (p.menge - p.storniert - p.geliefert - p.verfallen) * p.basismenge / p.menge)",
    )
    .await;
    leer(
        w,
        "an order has got what its deliveries took, and a cancelled one nothing",
        "SELECT a.auftrag_nr FROM crm.auftrag a JOIN crm.auftrag_position p ON p.mandant_id = a.mandant_id AND p.auftrag_id = a.id \
         LEFT JOIN (wawi.versand_position vp JOIN wawi.versand v ON v.mandant_id = vp.mandant_id AND v.id = vp.versand_id \
            AND v.lieferschein_nr IS NOT NULL) ON vp.mandant_id = p.mandant_id AND vp.position_id = p.position_id \
         WHERE a.mandant_id = $1 GROUP BY a.auftrag_nr, a.status, p.position_id, p.geliefert \
         HAVING p.geliefert <> coalesce(sum(vp.ist), 0) OR (a.status = 'storniert' AND p.geliefert <> 0)",
    )
    .await;
}

/// The sums that were added up beside the books.
async fn modell(w: &Welt, kopf: i64) {
    let bis = NaiveDate::from_ymd_opt(w.heute.year(), 12, 31).unwrap();
    let susa = w
        .get(&format!(
            "berichte/summen-und-saldenliste?stichtag={bis}&bekannt_am={kopf}&ab_position={kopf}"
        ))
        .await;
    let bank = susa["zeilen"].as_array().unwrap().iter().find(|z| z["konto"] == BANK);
    let saldo = bank.map_or(0, |z| cent(&z["saldo_soll"]) - cent(&z["saldo_haben"]));
    assert_eq!(saldo, w.modell.bank, "the bank");
    let mut bestaende: Vec<String> = sqlx::query_scalar(
        "SELECT lagerbestand_id || ' ' || platz || ' ' || trim_scale(menge) FROM wawi.bestandszeile WHERE mandant_id = $1",
    )
    .bind(w.mandant)
    .fetch_all(&w.server.db.pool)
    .await
    .unwrap();
    bestaende.sort();
    let mut erwartet = w.modell.bestaende();
    erwartet.sort();
    assert_eq!(bestaende, erwartet, "the places of the stock");
}

/// Policies could do all that they wanted.
async fn folgen(w: &Welt) {
    let abgelehnt: Vec<String> = sqlx::query_scalar(
        "SELECT politik || ' ' || code || ' ' || detail || coalesce((SELECT ' <- ' || event_type || ' ' || payload::text FROM log.ereignis e \
            WHERE e.mandant_id = a.mandant_id AND e.position = a.position), '') \
         FROM log.politik_abgelehnt a WHERE mandant_id = $1",
    )
    .bind(w.mandant)
    .fetch_all(&w.server.db.pool)
    .await
    .unwrap();
    assert_eq!(abgelehnt, Vec::<String>::new());
}

/// A record asked for by its id has the children that its state has.
async fn einzeln(w: &Welt) {
    let registry = aggregates::registry();
    let mut verglichen = 0;
    for modell in projections::state_models().iter().filter(|m| m.tables.len() > 1) {
        let aggregat = registry.entry(modell.typ).unwrap();
        let sql = format!(
            "SELECT id FROM {} WHERE mandant_id = $1 ORDER BY id LIMIT 20",
            modell.head().unwrap().name
        );
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(w.mandant)
            .fetch_all(&w.server.db.pool)
            .await
            .unwrap();
        for id in ids {
            let pfad = format!("{}/{}/{id}", aggregat.bereich.as_str(), aggregat.ressource);
            let (satz, stand) = (w.get(&pfad).await, w.get(&format!("{pfad}/zustand")).await);
            for tabelle in modell.tables.iter().filter(|t| t.path.len() == 1) {
                let liste = |von: &serde_json::Value| {
                    let elemente = von[tabelle.path[0]].as_array();
                    let schluessel = |e: &serde_json::Value| {
                        let felder = tabelle.split_keys().1.iter();
                        felder.map(|(feld, _)| e[*feld].to_string()).collect::<Vec<_>>()
                    };
                    let mut alle: Vec<_> = elemente.into_iter().flatten().map(schluessel).collect();
                    alle.sort();
                    alle
                };
                assert_eq!(liste(&satz), liste(&stand["zustand"]), "{pfad} {}", tabelle.name);
                verglichen += liste(&satz).len();
            }
        }
    }
    assert!(verglichen > 100, "{verglichen}");
}
