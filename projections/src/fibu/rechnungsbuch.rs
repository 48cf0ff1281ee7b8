//! The ledger `rechnungsbuch` (fibu 3): `fibu.rechnungsbuch`, one row per booked outgoing or incoming document, and
//! `fibu.rechnungsbuch_steuer`, its amounts per tax key. Amounts are signed: what takes an invoice back is negative.

use aggregates::{
    Aggregate,
    fibu::{
        Eingangsrechnung, OffenerPosten, Rechnung,
        eingangsrechnung::{EingangsrechnungArt, EingangsrechnungEvent, EingangsrechnungGebucht},
        rechnung::{RechnungArt, RechnungEvent, RechnungGebucht},
        steuerrechnung::Steuerzeile,
    },
    types::Betrag,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, append},
};

const TABLE: &str = "fibu.rechnungsbuch";
const STEUER: &str = "fibu.rechnungsbuch_steuer";

/// The books of outgoing and incoming documents.
pub struct Rechnungsbuch;

/// −1 for what takes an invoice back.
fn vorzeichen(art: RechnungArt, bezug: Option<RechnungArt>) -> i64 {
    match (art, bezug) {
        (RechnungArt::Storno, Some(original)) => -vorzeichen(original, None),
        (RechnungArt::Gutschrift | RechnungArt::Storno, _) => -1,
        (RechnungArt::Rechnung | RechnungArt::Anzahlung | RechnungArt::Schluss, _) => 1,
    }
}

fn mal(betrag: Betrag, faktor: i64) -> Betrag {
    if faktor < 0 { -betrag } else { betrag }
}

/// Rows to insert, each a JSON object with the columns of its table.
#[derive(Default)]
struct Zeilen {
    kopf: Vec<Value>,
    steuer: Vec<Value>,
}

impl Zeilen {
    fn ausgang(&mut self, mandant_id: Uuid, event: &LogEvent, g: &RechnungGebucht) {
        let faktor = vorzeichen(g.art, g.bezug.as_ref().map(|b| b.art));
        let art: &str = g.art.into();
        self.kopf.push(json!({
            "mandant_id": mandant_id, "log_position": event.position, "richtung": "ausgang",
            "beleg_id": event.aggregate_id, "kreis": g.nummer.kreis, "jahr": g.nummer.jahr, "lfd": g.nummer.lfd,
            "nummer": g.nummer.text, "art": art, "bezug_id": g.bezug.as_ref().map(|b| b.rechnung_id),
            "datum": g.rechnungsdatum, "buchungsdatum": g.rechnungsdatum, "leistung_bis": g.leistung_bis,
            "personenkonto": g.empfaenger.debitor_nr, "partner": g.empfaenger.name,
            "netto": mal(g.netto, faktor), "steuer": mal(g.steuer, faktor), "brutto": mal(g.brutto, faktor),
            "zahlbetrag": mal(g.zahlbetrag, faktor), "faellig": g.bedingung.faellig,
            "op_id": OffenerPosten::stream_id(mandant_id, g.buchung_id, 1),
        }));
        self.steuerzeilen(mandant_id, event.position, &g.steuerzeilen, faktor);
    }

    fn steuerzeilen(&mut self, mandant_id: Uuid, position: i64, zeilen: &[Steuerzeile], faktor: i64) {
        self.steuer.extend(zeilen.iter().map(|z| {
            json!({
                "mandant_id": mandant_id, "log_position": position, "schluessel": z.schluessel,
                "satz": z.satz, "netto": mal(z.basis, faktor), "steuer": mal(z.brutto - z.basis, faktor),
            })
        }));
    }

    fn eingang(&mut self, mandant_id: Uuid, event: &LogEvent, g: &EingangsrechnungGebucht) {
        let faktor = if g.art == EingangsrechnungArt::Gutschrift {
            -1
        } else {
            1
        };
        let art: &str = g.art.into();
        self.kopf.push(json!({
            "mandant_id": mandant_id, "log_position": event.position, "richtung": "eingang",
            "beleg_id": event.aggregate_id, "kreis": g.nummer.kreis, "jahr": g.nummer.jahr, "lfd": g.nummer.lfd,
            "nummer": g.nummer.text, "art": art, "datum": g.rechnungsdatum, "buchungsdatum": g.buchungsdatum,
            "leistung_bis": g.leistung_bis, "personenkonto": g.kreditor_nr, "partner": g.kreditor_name,
            "netto": mal(g.netto, faktor), "steuer": mal(g.steuer, faktor), "brutto": mal(g.brutto, faktor),
            "zahlbetrag": mal(g.brutto, faktor), "faellig": g.bedingung.faellig, "fremdnummer": g.lieferantennummer,
            "op_id": OffenerPosten::stream_id(mandant_id, g.buchung.buchung_id, 1),
        }));
        self.steuerzeilen(mandant_id, event.position, &g.steuerzeilen, faktor);
    }
}

const KOPF_SPALTEN: &str = "mandant_id, log_position, richtung, beleg_id, kreis, jahr, lfd, nummer, art, bezug_id, \
    datum, buchungsdatum, leistung_bis, personenkonto, partner, netto, steuer, brutto, zahlbetrag, faellig, op_id, fremdnummer";

/// A reversal repeats the row of the posted document with negated amounts.
async fn eingang_storniert(
    connection: &mut PgConnection,
    mandant_id: Uuid,
    event: &LogEvent,
    datum: chrono::NaiveDate,
    target: &(dyn Fn(&str) -> String + Sync),
) -> Result<(), LedgerError> {
    let (kopf, steuer) = (target(TABLE), target(STEUER));
    for sql in [
        format!(
            "INSERT INTO {steuer} (mandant_id, log_position, schluessel, satz, netto, steuer) \
             SELECT s.mandant_id, $3, s.schluessel, s.satz, -s.netto, -s.steuer FROM {steuer} s JOIN {kopf} k \
                USING (mandant_id, log_position) \
             WHERE k.mandant_id = $1 AND k.beleg_id = $2 AND k.art <> 'storno' AND $4::date IS NOT NULL"
        ),
        format!(
            "INSERT INTO {kopf} ({KOPF_SPALTEN}) \
             SELECT mandant_id, $3, richtung, beleg_id, kreis, NULL, NULL, nummer, 'storno', beleg_id, $4, $4, \
                    leistung_bis, personenkonto, partner, -netto, -steuer, -brutto, -zahlbetrag, $4, NULL, fremdnummer \
             FROM {kopf} WHERE mandant_id = $1 AND beleg_id = $2 AND art <> 'storno'"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .bind(mandant_id)
            .bind(event.aggregate_id)
            .bind(event.position)
            .bind(datum)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl EventLedger for Rechnungsbuch {
    const NAME: &'static str = "rechnungsbuch";
    const TABLES: &'static [&'static str] = &[TABLE, STEUER];
    const SOURCES: &'static [&'static str] = &[Rechnung::TYPE, Eingangsrechnung::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let mut zeilen = Zeilen::default();
        for event in events {
            if let Some(RechnungEvent::Gebucht(g)) = event.event.downcast_ref::<RechnungEvent>() {
                zeilen.ausgang(mandant_id, event, g);
            } else if let Some(EingangsrechnungEvent::Gebucht(g)) = event.event.downcast_ref::<EingangsrechnungEvent>()
            {
                zeilen.eingang(mandant_id, event, g);
            }
        }
        append(connection, TABLE, &target(TABLE), &zeilen.kopf).await?;
        append(connection, STEUER, &target(STEUER), &zeilen.steuer).await?;
        // A reversal reads what this page or an earlier one has posted.
        for event in events {
            if let Some(EingangsrechnungEvent::Storniert { datum, .. }) =
                event.event.downcast_ref::<EingangsrechnungEvent>()
            {
                eingang_storniert(connection, mandant_id, event, *datum, target).await?;
            }
        }
        Ok(())
    }
}
