//! What must hold of purchases after any history.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::{
    common::wuerfel::cent,
    modell::{Zugang, kilo},
    pruefen::leer,
    welt::Welt,
};

/// Everything that must hold of purchases, at one position of the log.
pub async fn alles(w: &Welt, kopf: i64) {
    bestellungen(w).await;
    freigaben(w).await;
    wareneingaenge(w).await;
    rechnungen(w).await;
    offenes(w, kopf).await;
    modell(w).await;
}

/// What came of an order, what was invoiced, and when it ends.
async fn bestellungen(w: &Welt) {
    leer(
        w,
        "of an order came what its receipts brought, and is invoiced what is of them",
        "SELECT concat_ws(' ', b.bestell_nr, to_jsonb(p), sum(z.bestellmenge), sum(z.berechnet)) FROM wawi.bestell_position p \
         JOIN wawi.bestellung b ON b.mandant_id = p.mandant_id AND b.id = p.bestellung_id \
         LEFT JOIN (wawi.wareneingang_position z JOIN wawi.wareneingang g ON g.mandant_id = z.mandant_id \
            AND g.id = z.wareneingang_id AND g.status = 'gebucht') \
            ON z.mandant_id = p.mandant_id AND z.bestellung_id = p.bestellung_id AND z.position_id = p.position_id \
         WHERE p.mandant_id = $1 GROUP BY b.bestell_nr, p.*, p.geliefert, p.berechnet \
         HAVING p.geliefert <> coalesce(sum(z.bestellmenge), 0) \
            OR p.berechnet <> coalesce(sum(round(z.bestellmenge * z.berechnet / z.menge, 6)), 0)",
    )
    .await;
    leer(
        w,
        "an order ends when nothing is expected and all that came is invoiced, and not before",
        "SELECT concat_ws(' ', b.bestell_nr, b.status) FROM wawi.bestellung b JOIN wawi.bestell_position p \
            ON p.mandant_id = b.mandant_id AND p.bestellung_id = b.id \
         WHERE b.mandant_id = $1 AND b.status IN ('bestellt', 'bestaetigt', 'teil_geliefert', 'geliefert', 'abgeschlossen') \
         GROUP BY b.id, b.bestell_nr, b.status \
         HAVING (b.status = 'abgeschlossen') <> bool_and(p.berechnet = p.geliefert AND (p.status = 'storniert' \
            OR p.status = 'geliefert' OR p.geliefert >= p.menge))",
    )
    .await;
    leer(
        w,
        "the status of a position says how much of it came",
        "SELECT to_jsonb(p)::text FROM wawi.bestell_position p WHERE p.mandant_id = $1 AND CASE p.status \
            WHEN 'offen' THEN p.geliefert <> 0 \
            WHEN 'teil_geliefert' THEN p.geliefert <= 0 OR p.geliefert > p.menge \
            WHEN 'geliefert' THEN p.geliefert < p.menge * (1 - p.toleranz_unter / 100) \
            ELSE p.geliefert < 0 END",
    )
    .await;
    leer(
        w,
        "a cancelled order got nothing, and one that was never sent neither",
        "SELECT b.id::text FROM wawi.bestellung b JOIN wawi.bestell_position p \
            ON p.mandant_id = b.mandant_id AND p.bestellung_id = b.id \
         WHERE b.mandant_id = $1 AND (b.status = 'storniert' OR b.bestellt_am IS NULL) AND p.geliefert <> 0",
    )
    .await;
    leer(
        w,
        "the positions of an order are its net, the parts of a position its quantity",
        "SELECT b.id::text FROM wawi.bestellung b LEFT JOIN (SELECT p.mandant_id, p.bestellung_id, p.netto, \
            p.menge = (SELECT sum(e.menge) FROM wawi.bestell_einteilung e WHERE e.mandant_id = p.mandant_id \
                AND e.bestellung_id = p.bestellung_id AND e.position_id = p.position_id) AS ganz \
            FROM wawi.bestell_position p) p ON p.mandant_id = b.mandant_id AND p.bestellung_id = b.id \
         WHERE b.mandant_id = $1 GROUP BY b.id, b.netto HAVING b.netto <> coalesce(sum(p.netto), 0) OR NOT bool_and(p.ganz)",
    )
    .await;
    leer(
        w,
        "the shares of costs are the costs",
        "SELECT n.bestellung_id::text FROM wawi.bestell_nebenkosten n JOIN wawi.bestell_nebenkosten_anteil a \
            ON a.mandant_id = n.mandant_id AND a.bestellung_id = n.bestellung_id AND a.art = n.art \
         WHERE n.mandant_id = $1 GROUP BY n.bestellung_id, n.art, n.betrag HAVING sum(a.betrag) <> n.betrag",
    )
    .await;
}

/// Nobody sends more to a supplier than others have approved.
async fn freigaben(w: &Welt) {
    leer(
        w,
        "what is on its way is approved up to its total, or needs no approval",
        "SELECT b.bestell_nr FROM wawi.bestellung b LEFT JOIN wawi.bestell_nebenkosten n \
            ON n.mandant_id = b.mandant_id AND n.bestellung_id = b.id \
         WHERE b.mandant_id = $1 AND b.status IN ('freigegeben', 'bestellt', 'bestaetigt', 'teil_geliefert', 'geliefert', \
            'abgeschlossen') \
         GROUP BY b.bestell_nr, b.netto, b.freigegeben_netto \
         HAVING b.netto + coalesce(sum(n.betrag), 0) > greatest(b.freigegeben_netto, 1000)",
    )
    .await;
    leer(
        w,
        "nobody approves his own order, nor two levels of one",
        "SELECT b.bestell_nr FROM wawi.bestellung b JOIN wawi.bestell_freigabe f \
            ON f.mandant_id = b.mandant_id AND f.bestellung_id = b.id AND f.entscheidung = 'freigegeben' \
         WHERE b.mandant_id = $1 GROUP BY b.bestell_nr, b.id \
         HAVING count(*) <> count(DISTINCT f.von) OR bool_or(f.von = b.besteller OR f.von = b.vorgelegt_von)",
    )
    .await;
}

/// Receipts: what is invoiced of them, and that the stock has what they brought.
async fn wareneingaenge(w: &Welt) {
    leer(
        w,
        "no more is invoiced than came, and nothing of what went back",
        "SELECT g.we_nr FROM wawi.wareneingang g JOIN wawi.wareneingang_position z \
            ON z.mandant_id = g.mandant_id AND z.wareneingang_id = g.id \
         WHERE g.mandant_id = $1 AND (z.berechnet < 0 OR z.berechnet > z.menge OR (g.status <> 'gebucht' AND z.berechnet <> 0))",
    )
    .await;
    leer(
        w,
        "the stock got what receipts brought, and gave back what was reversed",
        "SELECT concat_ws(' ', g.we_nr, g.status, z.pos, z.basismenge, sum(m.menge)) FROM wawi.wareneingang g \
         JOIN wawi.wareneingang_position z ON z.mandant_id = g.mandant_id AND z.wareneingang_id = g.id \
         LEFT JOIN LATERAL (SELECT CASE WHEN l.storno_von IS NULL THEN l.menge ELSE -l.menge END AS menge \
            FROM wawi.lagerbewegung l WHERE l.mandant_id = g.mandant_id AND l.beleg_typ = 'wareneingang' \
            AND l.beleg_id = g.id AND l.beleg_position = z.we_position_id) m ON true \
         WHERE g.mandant_id = $1 GROUP BY g.we_nr, g.status, g.id, z.pos, z.basismenge, z.lagergefuehrt \
         HAVING coalesce(sum(m.menge), 0) <> CASE WHEN g.status = 'gebucht' AND z.lagergefuehrt THEN z.basismenge ELSE 0 END",
    )
    .await;
}

/// Invoices and their comparisons go together.
async fn rechnungen(w: &Welt) {
    leer(
        w,
        "a comparison is where its invoice is",
        "SELECT concat_ws(' ', r.lieferantennummer, r.status, e.status) FROM wawi.rechnungspruefung r \
         JOIN fibu.eingangsrechnung e ON e.mandant_id = r.mandant_id AND e.id = r.eingangsrechnung_id \
         WHERE r.mandant_id = $1 AND NOT CASE e.status WHEN 'erfasst' THEN r.status = 'offen' \
            WHEN 'gebucht' THEN r.status = 'verbucht' WHEN 'storniert' THEN r.status = 'zurueckgenommen' \
            WHEN 'abgelehnt' THEN r.status = 'abgelehnt' \
            ELSE r.status IN ('geprueft', 'freigegeben', 'zurueckgestellt') END",
    )
    .await;
    leer(
        w,
        "what is booked has no deviation that nobody released",
        "SELECT r.lieferantennummer FROM wawi.rechnungspruefung r JOIN wawi.rechnungspruefung_zeile z \
            ON z.mandant_id = r.mandant_id AND z.rechnungspruefung_id = r.id \
         WHERE r.mandant_id = $1 AND r.status = 'verbucht' AND z.ergebnis IN ('offen', 'abweichung') \
            AND r.freigegeben_von IS NULL",
    )
    .await;
}

/// Bestellobligo, open orders and WE/RE-Liste are what orders and receipts say.
async fn offenes(w: &Welt, kopf: i64) {
    let bericht = async |name: &str| {
        let frage = format!(
            "berichte/{name}?stichtag={}&bekannt_am={kopf}&ab_position={kopf}",
            w.heute
        );
        w.get(&frage).await
    };
    let offene: Vec<(String, Decimal, Decimal)> = sqlx::query_as(
        "SELECT b.bestell_nr || ' ' || p.pos, o.offen, round(p.netto * o.offen / p.menge, 2) \
         FROM wawi.bestellung b JOIN wawi.bestell_position p ON p.mandant_id = b.mandant_id AND p.bestellung_id = b.id, \
         LATERAL (SELECT CASE WHEN p.status IN ('offen', 'teil_geliefert') THEN greatest(p.menge - p.geliefert, 0) \
            ELSE 0 END AS offen) o \
         WHERE b.mandant_id = $1 AND b.bestellt_am IS NOT NULL AND b.status <> 'storniert' AND o.offen > 0 \
           AND EXISTS (SELECT FROM wawi.bestell_bewegung v WHERE v.mandant_id = b.mandant_id \
                AND v.position_id = p.position_id AND v.art = 'bestellt') \
         ORDER BY b.bestell_nr, p.pos",
    )
    .bind(w.mandant)
    .fetch_all(&w.server.db.pool)
    .await
    .unwrap();
    let erwartet: Vec<String> = offene
        .iter()
        .map(|(p, m, wert)| format!("{p} {} {wert:.2}", m.normalize()))
        .collect();
    let liste = bericht("offene-bestellungen").await;
    let zeilen = liste["zeilen"].as_array().unwrap().iter();
    let gezeigt: Vec<String> = zeilen
        .map(|z| {
            let text = |feld: &str| z[feld].as_str().unwrap();
            let (nr, menge) = (text("bestell_nr"), text("offen_menge"));
            format!("{nr} {} {menge} {}", z["pos"], text("offen_wert"))
        })
        .collect();
    assert_eq!(gezeigt, erwartet, "open orders");
    let summe: Decimal = offene.iter().map(|(_, _, wert)| wert).sum();
    let obligo = bericht("bestellobligo").await;
    assert_eq!(
        cent(&obligo["summen"]["netto"]),
        cent(&format!("{summe:.2}").into()),
        "{obligo}"
    );
    let unberechnet: (i64, Option<Decimal>) = sqlx::query_as(
        "SELECT count(*), sum(z.netto - round(z.netto * z.berechnet / z.menge, 2)) FROM wawi.wareneingang g \
         JOIN wawi.wareneingang_position z ON z.mandant_id = g.mandant_id AND z.wareneingang_id = g.id \
         WHERE g.mandant_id = $1 AND g.status = 'gebucht' AND z.berechnet < z.menge",
    )
    .bind(w.mandant)
    .fetch_one(&w.server.db.pool)
    .await
    .unwrap();
    let liste = bericht("we-re-liste").await["summen"].clone();
    assert_eq!(liste["positionen"], unberechnet.0);
    let wert = unberechnet.1.unwrap_or_default();
    assert_eq!(liste["wert_offen"], format!("{wert:.2}"), "WE/RE-Liste");
}

/// Less than this many kg is what conversion into big bags rounds away.
fn gleich(a: Decimal, b: Decimal) -> bool {
    (a - b).abs() < Decimal::new(2, 2)
}

/// What came and was invoiced, as it was added up beside the receipts.
async fn modell(w: &Welt) {
    let zeilen: Vec<(String, String, Decimal, Decimal)> = sqlx::query_as(
        "SELECT z.we_position_id::text, z.einheit, z.menge, z.berechnet FROM wawi.wareneingang g \
         JOIN wawi.wareneingang_position z ON z.mandant_id = g.mandant_id AND z.wareneingang_id = g.id \
         WHERE g.mandant_id = $1 AND g.status = 'gebucht'",
    )
    .bind(w.mandant)
    .fetch_all(&w.server.db.pool)
    .await
    .unwrap();
    assert_eq!(zeilen.len(), w.modell.zugaenge.len(), "received lines");
    for (we_position, einheit, menge, berechnet) in zeilen {
        let zugang = &w.modell.zugaenge[&we_position];
        let kilo = kilo(&einheit.into());
        assert!(gleich(menge * kilo, zugang.kilo), "{we_position}: came {menge}");
        assert!(
            gleich(berechnet * kilo, zugang.berechnet),
            "{we_position}: invoiced {berechnet}, beside it {} kg",
            zugang.berechnet
        );
    }
    let mut je_position: BTreeMap<&str, Decimal> = BTreeMap::new();
    for Zugang { position, kilo, .. } in w.modell.zugaenge.values() {
        if let Some(position) = position {
            *je_position.entry(position).or_default() += kilo;
        }
    }
    let positionen: Vec<(String, String, Decimal)> =
        sqlx::query_as("SELECT position_id::text, einheit, geliefert FROM wawi.bestell_position WHERE mandant_id = $1")
            .bind(w.mandant)
            .fetch_all(&w.server.db.pool)
            .await
            .unwrap();
    for (position, einheit, geliefert) in positionen {
        let gekommen = je_position.get(position.as_str()).copied().unwrap_or_default();
        let geliefert = geliefert * kilo(&einheit.into());
        assert!(
            gleich(geliefert, gekommen),
            "{position}: {geliefert} kg of an order, received {gekommen}"
        );
    }
}
