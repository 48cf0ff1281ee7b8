#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Rechnung: worked examples of fibu 3 and 8, every refusal, and that document, tax lines and posting always agree.

mod rechnung_welt;

use aggregates::{
    Aggregate, DomainError, Refused,
    context::Counter,
    crm::{Auftrag, auftrag::AuftragEvent},
    fibu::{
        Ausgleich, Kontenplan, OffenerPosten, Rechnung, Zahlungsbedingung,
        ausgleich::{AusgleichEvent, AusgleichZeile, Restbehandlung},
        buchung::{BuchungEvent, PostenArt, Seite},
        kontenplan::KontenplanEvent,
        offener_posten::{OffenerPostenEvent, OpBewegung, OpEroeffnung, OpStatus},
        rechnung::{
            RechnungArt, RechnungCommand, RechnungError, RechnungEvent, RechnungGebucht, RechnungStatus, Zahlungsziel,
        },
    },
    testing::World,
    types::{Betrag, Satz},
    wawi::{Artikel, Artikelgruppe},
};
use proptest::prelude::*;
use rechnung_welt::{BEDINGUNG, buchung, folgen, kurz, mische, mit_verkaeufer, ohne_verkaeufer, positionen, tag, welt};
use serde_json::{Value, json};
use uuid::Uuid;

const AUFTRAG: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0a01);
const ANZAHLUNG: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0a02);
const ORIGINAL: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0a03);
const AUSGLEICH: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0a04);

/// A line; `mehr` adds or replaces fields.
fn position(menge: &str, betrag: &str, schluessel: &str, mehr: Value) -> Value {
    let zeile = json!({
        "text": "Ware", "menge": menge, "einheit": "t", "schluessel": schluessel,
        "preis": {"betrag": betrag, "je": "1", "einheit": "t"},
    });
    mische(zeile, mehr)
}

/// `Entwerfen` for Debitor 10001, supplied on 2026-03-09; `mehr` adds or replaces fields.
fn entwurf(positionen: Vec<Value>, mehr: Value) -> Vec<Value> {
    let kopf = json!({"debitor_nr": "10001", "leistung_bis": "2026-03-09", "positionen": positionen});
    vec![json!({"Entwerfen": mische(kopf, mehr)})]
}

fn buchen() -> Value {
    json!({"Buchen": {"rechnungsdatum": "2026-03-10"}})
}

type Abgelehnt = Refused<RechnungError>;

/// Sends commands one after the other to one stream.
fn laufen(
    welt: &World,
    mut rechnung: Rechnung,
    commands: Vec<Value>,
) -> Result<(Rechnung, Vec<RechnungEvent>), Abgelehnt> {
    let mut alle = Vec::new();
    for command in commands {
        let command: RechnungCommand = serde_json::from_value(command).unwrap();
        for event in welt.decide(&rechnung, command)? {
            rechnung.evolve(event.clone());
            alle.push(event);
        }
    }
    Ok((rechnung, alle))
}

fn gefaltet(events: &[RechnungEvent]) -> Rechnung {
    let mut rechnung = Rechnung::default();
    for event in events {
        rechnung.evolve(event.clone());
    }
    rechnung
}

/// Drafts, books, and gives all events.
fn gebucht(welt: &World, mut commands: Vec<Value>) -> Vec<RechnungEvent> {
    commands.push(buchen());
    laufen(welt, Rechnung::default(), commands).unwrap().1
}

fn abgelehnt(welt: &World, mut commands: Vec<Value>) -> Abgelehnt {
    commands.push(buchen());
    laufen(welt, Rechnung::default(), commands).unwrap_err()
}

fn daten(events: &[RechnungEvent]) -> &RechnungGebucht {
    let gebucht = events.iter().find_map(|e| match e {
        RechnungEvent::Gebucht(daten) => Some(daten.as_ref()),
        _ => None,
    });
    gebucht.unwrap()
}

fn code(refused: &Abgelehnt) -> &'static str {
    match refused {
        Refused::Domain(error) => error.code(),
        Refused::Shared(error) => error.code(),
        Refused::Missing(_) => "-",
    }
}

/// The voucher of a booked invoice.
fn voucher(welt: &World, events: &[RechnungEvent]) -> BuchungEvent {
    let folgen = folgen("rechnung", welt.id, events.last().unwrap(), welt);
    buchung(welt, &folgen[0])
}

/// Basis, tax and gross of each key.
fn steuer(events: &[RechnungEvent]) -> Vec<String> {
    let zeilen = daten(events).steuerzeilen.iter();
    zeilen
        .map(|z| format!("{} {} {} {}", z.schluessel, z.basis, z.steuer, z.brutto))
        .collect()
}

fn cent(cents: i64) -> Betrag {
    Betrag::cent(cents)
}

fn satz(prozent: i64) -> Satz {
    Satz::percent(prozent.into())
}

fn eine() -> Vec<Value> {
    entwurf(vec![position("1", "100.00", "U19", json!({}))], json!({}))
}

// ---- worked examples ----

/// fibu 3, example 1.
fn futter_und_pflanzenschutz() -> Vec<Value> {
    let mut commands = entwurf(
        vec![
            position("25", "389.50", "U7", json!({"text": "Futtermittel"})),
            position("12", "148.33", "U19", json!({"text": "Pflanzenschutz"})),
        ],
        json!({"zahlungsbedingung_id": BEDINGUNG}),
    );
    commands.push(json!({"ZuAbschlagSetzen": {"art": "fracht", "betrag": "85.00"}}));
    commands
}

#[test]
fn beispiel_1_fracht_teilt_sich_nach_netto_und_die_buchung_stimmt_auf_den_cent() {
    let welt = welt();
    let events = gebucht(&welt, futter_und_pflanzenschutz());
    let d = daten(&events);
    let netto: Vec<Betrag> = d.positionen.iter().map(|p| p.netto).collect();
    assert_eq!(netto, [cent(973_750), cent(177_996)]);
    let anteile: Vec<Betrag> = d.zuabschlaege[0].anteile.iter().map(|a| a.netto).collect();
    assert_eq!(anteile, [cent(7_186), cent(1_314)]);
    assert_eq!(
        steuer(&events),
        ["U7 9809.36 686.66 10496.02", "U19 1793.10 340.69 2133.79"]
    );
    assert_eq!(d.brutto, cent(1_262_981));
    let voucher = voucher(&welt, &events);
    assert_eq!(
        kurz(&voucher),
        [
            "10001 S 12629.81",
            "4300 H 9809.36",
            "3801 H 686.66",
            "4400 H 1793.10",
            "3806 H 340.69"
        ]
    );
    let BuchungEvent::Erfasst {
        belegnummer,
        positionen,
        steuerdatum,
        herkunft,
        ..
    } = &voucher
    else {
        panic!("kein Erfasst")
    };
    assert_eq!(belegnummer, &d.nummer, "der Beleg trägt die Nummer der Rechnung");
    assert_eq!(*steuerdatum, tag(2026, 3, 9));
    assert_eq!(herkunft.as_ref().map(|h| h.typ.as_str()), Some("rechnung"));
    let op = positionen[0].op_bezug.as_ref().unwrap();
    assert_eq!(op.faellig, Some(tag(2026, 4, 9)));
    assert_eq!((op.skonto[0].bis, op.skonto[0].prozent), (tag(2026, 3, 20), satz(2)));
}

#[test]
fn beispiel_2_die_steuer_wird_einmal_je_schluessel_gerechnet() {
    let zeile = || position("1", "10.03", "U19", json!({}));
    let events = gebucht(&welt(), entwurf(vec![zeile(), zeile(), zeile()], json!({})));
    assert_eq!(steuer(&events), ["U19 30.09 5.72 35.81"]);
}

#[test]
fn abschnitt_8_beispiel_4_der_satz_folgt_dem_leistungsdatum() {
    let welt = welt();
    let mit = |mehr: Value, kopf: Value| entwurf(vec![position("1", "100.00", "U19", mehr)], kopf);
    let september = json!({"leistung_bis": "2020-09-15"});
    let events = gebucht(&welt, mit(json!({}), september.clone()));
    assert_eq!(steuer(&events), ["U19 100.00 16.00 116.00"]);
    assert_eq!(
        kurz(&voucher(&welt, &events)),
        ["10001 S 116.00", "4400 H 100.00", "3806 H 16.00"]
    );
    let falsch = |schluessel: &str| RechnungError::SteuersatzZumLeistungsdatum {
        schluessel: schluessel.into(),
        erwartet: satz(16),
    };
    assert_eq!(
        abgelehnt(&welt, mit(json!({"satz": "19"}), september)),
        falsch("U19").into()
    );
    // A delivery of another rate belongs on another invoice.
    let gemischt = entwurf(
        vec![
            position("1", "1.00", "U19", json!({"leistungsdatum": "2020-09-15"})),
            position("1", "1.00", "U19", json!({"leistungsdatum": "2020-06-30"})),
        ],
        json!({"leistung_bis": null}),
    );
    assert_eq!(abgelehnt(&welt, gemischt), falsch("U19").into());
    let igl = entwurf(vec![position("1", "1.00", "UIGL", json!({}))], json!({}));
    let fehlt = RechnungError::UstIdFehlt {
        schluessel: "UIGL".into(),
    };
    assert_eq!(abgelehnt(&welt, igl), fehlt.into());
}

#[test]
fn eine_steuerfreie_lieferung_mit_ust_id_hat_keine_steuer() {
    // The delivered account finding has no revenue account for UIGL (fibu 1, example 1): the line names it.
    let zeile = position("1", "1000.00", "UIGL", json!({"konto": "4125"}));
    let welt = welt();
    let events = gebucht(&welt, entwurf(vec![zeile], json!({"debitor_nr": "10002"})));
    assert_eq!(daten(&events).empfaenger.ust_id.as_deref(), Some("NL123456789B01"));
    assert_eq!(kurz(&voucher(&welt, &events)), ["10002 S 1000.00", "4125 H 1000.00"]);
    let ohne_konto = entwurf(
        vec![position("1", "1.00", "UIGL", json!({}))],
        json!({"debitor_nr": "10002"}),
    );
    assert_eq!(code(&abgelehnt(&welt, ohne_konto)), "KONTENFINDUNG_FEHLT");
}

#[test]
fn rabatte_mindern_und_zuschlaege_mehren_je_schluessel_und_konto() {
    let mut commands = entwurf(
        vec![
            position("1", "100.00", "U19", json!({"rabatt": "10"})),
            position("1", "10.00", "U19", json!({"konto": "4520"})),
        ],
        json!({}),
    );
    commands.push(json!({"ZuAbschlagSetzen": {"art": "rabatt", "prozent": "5"}}));
    commands.push(
        json!({"ZuAbschlagSetzen": {"art": "mindermenge", "betrag": "2.00", "aufteilung": "fester_schluessel",
        "schluessel": "U7"}}),
    );
    let welt = welt();
    let events = gebucht(&welt, commands);
    // 90 + 10 less 5 %, split 4.50 and 0.50; the small-quantity surcharge has a key of its own.
    assert_eq!(
        kurz(&voucher(&welt, &events)),
        [
            "10001 S 115.19",
            "4400 H 85.50",
            "4520 H 9.50",
            "3806 H 18.05",
            "4300 H 2.00",
            "3801 H 0.14"
        ]
    );
}

#[test]
fn ein_zuabschlag_wird_ersetzt_und_entfernt() {
    let mut commands = eine();
    commands.push(json!({"ZuAbschlagSetzen": {"art": "fracht", "betrag": "85.00"}}));
    commands.push(json!({"ZuAbschlagSetzen": {"nr": 1, "art": "fracht", "betrag": "10.00"}}));
    commands.push(json!({"ZuAbschlagSetzen": {"art": "fracht", "betrag": "1.00"}}));
    commands.push(json!({"ZuAbschlagEntfernen": {"nr": 2}}));
    let events = gebucht(&welt(), commands);
    assert_eq!(daten(&events).netto, cent(11_000));
}

#[test]
fn positionen_werden_geaendert_und_entfernt() {
    let mut commands = eine();
    commands.push(json!({"PositionHinzufuegen": position("1", "50.00", "U19", json!({}))}));
    commands.push(json!({"PositionAendern": {"nr": 1, "position": position("2", "100.00", "U7", json!({}))}}));
    commands.push(json!({"PositionEntfernen": {"nr": 2}}));
    commands.push(json!({"LeistungSetzen": {"bis": "2026-03-08"}}));
    commands.push(json!({"BedingungSetzen": {"zahlungsbedingung_id": BEDINGUNG}}));
    let events = gebucht(&welt(), commands);
    let d = daten(&events);
    assert_eq!(
        (d.netto, d.leistung_von, d.bedingung.faellig),
        (cent(20_000), Some(tag(2026, 3, 8)), tag(2026, 4, 9))
    );
}

// ---- refusals ----

#[test]
fn ohne_pflichtangaben_wird_nicht_gebucht() {
    let fehlt =
        |welt: World, kopf: Value| match abgelehnt(&welt, entwurf(vec![position("1", "1.00", "U19", json!({}))], kopf))
        {
            Refused::Domain(RechnungError::PflichtangabeFehlt { feld }) => feld,
            andere => andere.to_string(),
        };
    assert_eq!(fehlt(ohne_verkaeufer(), json!({})), "verkaeufer.firma");
    assert_eq!(
        fehlt(mit_verkaeufer(ohne_verkaeufer(), json!({"anschrift": null})), json!({})),
        "verkaeufer.anschrift"
    );
    assert_eq!(
        fehlt(
            mit_verkaeufer(ohne_verkaeufer(), json!({"steuernummer": null})),
            json!({})
        ),
        "verkaeufer.steuernummer"
    );
    assert_eq!(fehlt(welt(), json!({"debitor_nr": "10007"})), "empfaenger.anschrift");
}

#[test]
fn was_auf_keine_rechnung_gehoert_wird_mit_seinem_code_abgelehnt() {
    let welt = welt();
    let zeile = |betrag: &str, schluessel: &str| position("1", betrag, schluessel, json!({}));
    let faelle = [
        (entwurf(vec![], json!({})), "RECHNUNG_OHNE_POSITION"),
        (
            entwurf(vec![zeile("1.00", "U19")], json!({"leistung_bis": null})),
            "RECHNUNG_LEISTUNGSDATUM_FEHLT",
        ),
        (entwurf(vec![zeile("0.00", "U19")], json!({})), "RECHNUNG_SUMME_NEGATIV"),
        (
            entwurf(vec![zeile("1.00", "U13B")], json!({"debitor_nr": "10004"})),
            "RECHNUNG_EMPFAENGER_KEIN_UNTERNEHMER",
        ),
        (
            entwurf(vec![zeile("1.00", "U0")], json!({"leistung_bis": "2020-09-15"})),
            "STEUER_SCHLUESSEL_SATZ_FEHLT",
        ),
        (
            entwurf(vec![zeile("1.00", "U18")], json!({})),
            "STEUER_SCHLUESSEL_UNBEKANNT",
        ),
        (entwurf(vec![zeile("1.00", "V19")], json!({})), "EINGABE_UNGUELTIG"),
        (
            entwurf(vec![zeile("1.00", "U19")], json!({"debitor_nr": "10099"})),
            "DEBITOR_UNBEKANNT",
        ),
        (
            entwurf(vec![zeile("1.00", "U19")], json!({"debitor_nr": "10008"})),
            "DEBITOR_GESPERRT",
        ),
        (
            entwurf(vec![position("0", "1.00", "U19", json!({}))], json!({})),
            "MENGE_UNGUELTIG",
        ),
        (
            entwurf(vec![position("1", "1.00", "U19", json!({"netto": "1.00"}))], json!({})),
            "EINGABE_UNGUELTIG",
        ),
        (
            entwurf(vec![position("1", "1.00", "U19", json!({"einheit": "kg"}))], json!({})),
            "EINGABE_UNGUELTIG",
        ),
        (entwurf(vec![], json!({"art": "gutschrift"})), "EINGABE_UNGUELTIG"),
        (entwurf(vec![], json!({"art": "schluss"})), "EINGABE_UNGUELTIG"),
        (entwurf(vec![], json!({"art": "anzahlung"})), "EINGABE_UNGUELTIG"),
        (
            entwurf(vec![], json!({"zahlungsbedingung_id": ORIGINAL})),
            "EINGABE_UNGUELTIG",
        ),
    ];
    for (commands, erwartet) in faelle {
        assert_eq!(code(&abgelehnt(&welt, commands.clone())), erwartet, "{commands:?}");
    }
}

#[test]
fn ein_rabatt_ueber_den_wert_ergibt_keine_rechnung() {
    let mut commands = eine();
    commands.push(json!({"ZuAbschlagSetzen": {"art": "rabatt", "betrag": "100.01"}}));
    let negativ = RechnungError::SummeNegativ { summe: cent(-1) };
    assert_eq!(abgelehnt(&welt(), commands), negativ.into());
}

#[test]
fn die_erwartete_summe_und_das_datum_werden_geprueft() {
    let welt = welt();
    let mit = |mehr: Value| {
        let mut commands = eine();
        commands.push(json!({"Buchen": mehr}));
        laufen(&welt, Rechnung::default(), commands)
    };
    let abweichend = RechnungError::SummeAbweichend {
        erwartet: "119.01".into(),
        ist: cent(11_900),
    };
    assert_eq!(
        mit(json!({"erwartete_summe": "119.01"})).unwrap_err(),
        abweichend.into()
    );
    assert!(mit(json!({"erwartete_summe": "119"})).is_ok());
    assert_eq!(
        code(&mit(json!({"rechnungsdatum": "2026-03-11"})).unwrap_err()),
        "DATUM_ZUKUNFT"
    );
    let letzte = Counter {
        stand: 7,
        letztes_datum: Some(tag(2026, 3, 9)),
    };
    let welt = welt.clone().counter("AR", 2026, letzte);
    let mut commands = eine();
    commands.push(json!({"Buchen": {"rechnungsdatum": "2026-03-08"}}));
    let zu_frueh = RechnungError::DatumVorLetzter {
        rechnungsdatum: tag(2026, 3, 8),
    };
    assert_eq!(
        laufen(&welt, Rechnung::default(), commands).unwrap_err(),
        zu_frueh.into()
    );
    assert_eq!(daten(&gebucht(&welt, eine())).nummer.text, "AR-2026-000008");
}

#[test]
fn ein_anderer_status_laesst_nur_seine_schritte_zu() {
    let welt = welt();
    let (entwurf, _) = laufen(&welt, Rechnung::default(), eine()).unwrap();
    let (fertig, _) = laufen(&welt, entwurf.clone(), vec![buchen()]).unwrap();
    let (verworfen, _) = laufen(&welt, entwurf.clone(), vec![json!({"Verwerfen": {}})]).unwrap();
    assert_eq!(verworfen.status, RechnungStatus::Verworfen);
    for (rechnung, command) in [
        (&fertig, buchen()),
        (&fertig, json!({"PositionEntfernen": {"nr": 1}})),
        (&fertig, json!({"Verwerfen": {}})),
        (&entwurf, json!({"Stornieren": {"grund": "x"}})),
        (&entwurf, json!({"VersandVermerken": {"weg": "Post"}})),
        (&verworfen, buchen()),
    ] {
        let refused = laufen(&welt, rechnung.clone(), vec![command.clone()]).unwrap_err();
        assert_eq!(code(&refused), "STATUS_UNZULAESSIG", "{command}");
    }
    let (versandt, _) = laufen(&welt, fertig, vec![json!({"VersandVermerken": {"weg": "E-Mail"}})]).unwrap();
    assert_eq!(versandt.versandt_am, Some(tag(2026, 3, 10)));
}

// ---- Storno and correction ----

/// The open item of a booked invoice, with what is open of it.
fn posten(welt: World, buchung_id: Uuid, betrag: i64, ausgeglichen: i64) -> World {
    let id = OffenerPosten::stream_id(welt.frame.mandant_id, buchung_id, 1);
    let eroeffnet = OffenerPostenEvent::Eroeffnet {
        posten: OpEroeffnung {
            personenkonto: "10001".into(),
            konto: "1200".into(),
            art: PostenArt::Rechnung,
            buchung_id,
            position_nr: 1,
            belegnummer: "AR-2026-000001".into(),
            beleg: None,
            herkunft: None,
            text: "Rechnung".into(),
            belegdatum: tag(2026, 3, 10),
            buchungsdatum: tag(2026, 3, 10),
            steuerdatum: tag(2026, 3, 10),
            waehrung: "EUR".into(),
            betrag: cent(betrag),
            faellig: tag(2026, 3, 10),
            skonto: vec![],
            steuer: vec![],
        },
        kunde_id: None,
    };
    let mut events = vec![eroeffnet];
    if ausgeglichen != 0 {
        events.push(OffenerPostenEvent::AusgleichAngewandt(OpBewegung {
            ausgleich_id: AUSGLEICH,
            beleg: aggregates::fibu::buchung::Herkunft {
                typ: "rechnung".into(),
                id: ORIGINAL,
            },
            belegnummer: None,
            personenkonto: "10001".into(),
            kunde_id: None,
            betrag: cent(ausgeglichen),
            skonto: None,
            datum: tag(2026, 3, 10),
            rest: cent(betrag - ausgeglichen),
            status: OpStatus::TeilAusgeglichen,
        }));
    }
    welt.with::<OffenerPosten>(id, events)
}

fn stornieren() -> Value {
    json!({"Stornieren": {"grund": "falscher Kunde", "datum": "2026-03-10"}})
}

#[test]
fn ein_storno_ist_eine_eigene_rechnung_und_kehrt_die_buchung_um() {
    let mut events = gebucht(&welt(), futter_und_pflanzenschutz());
    let buchung_id = daten(&events).buchung_id;
    let mut welt = posten(welt(), buchung_id, 1_262_981, 0);
    welt.id = ORIGINAL;
    let (storniert, neu) = laufen(&welt, gefaltet(&events), vec![stornieren()]).unwrap();
    assert_eq!(storniert.status, RechnungStatus::Storniert);
    let folge = folgen("rechnung", ORIGINAL, &neu[0], &welt);
    assert_eq!(
        (folge.len(), folge[0].typ, Some(folge[0].id)),
        (1, "rechnung", storniert.storniert_durch)
    );
    events.extend(neu);
    let mut welt = welt.counter(
        "AR",
        2026,
        Counter {
            stand: 1,
            letztes_datum: Some(tag(2026, 3, 10)),
        },
    );
    welt = welt.with::<Rechnung>(ORIGINAL, events);
    welt.id = folge[0].id;
    let (storno, events) = laufen(&welt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    let d = daten(&events);
    assert_eq!(
        (d.nummer.text.as_str(), d.art, d.brutto),
        ("AR-2026-000002", RechnungArt::Storno, cent(1_262_981))
    );
    // It is the whole document once more: what stands below its lines belongs to its net.
    let netto: Betrag = d
        .positionen
        .iter()
        .map(|p| p.netto)
        .chain(d.zuabschlaege.iter().map(|z| z.wert))
        .sum();
    assert_eq!((netto, storno.zuabschlaege[0].wert), (d.netto, Some(cent(8_500))));
    assert_eq!(
        d.bezug.as_ref().map(|b| (b.rechnung_id, b.nummer.as_str())),
        Some((ORIGINAL, "AR-2026-000001"))
    );
    let folge = folgen("rechnung", welt.id, &events[0], &welt);
    let umkehr = d.umkehr.as_ref().unwrap();
    assert_eq!(folge.len(), 1);
    assert_eq!(
        (folge[0].id, &folge[0].command["Umkehren"]["original"]),
        (umkehr.durch, &json!(buchung_id))
    );
    assert_eq!(
        code(&laufen(&welt, storno, vec![stornieren()]).unwrap_err()),
        "RECHNUNG_STORNO_VON_STORNO"
    );
    assert_eq!(
        code(&laufen(&welt, storniert, vec![stornieren()]).unwrap_err()),
        "RECHNUNG_BEREITS_STORNIERT"
    );
}

#[test]
fn storniert_wird_nur_was_offen_und_unkorrigiert_ist() {
    let events = gebucht(&welt(), eine());
    let welt = posten(welt(), daten(&events).buchung_id, 11_900, 1_000);
    let rechnung = gefaltet(&events);
    assert_eq!(
        code(&laufen(&welt, rechnung.clone(), vec![stornieren()]).unwrap_err()),
        "RECHNUNG_OP_AUSGEGLICHEN"
    );
    let korrektur = json!({"Korrigieren": {"positionen": [{"position": 1, "netto": "1.00"}], "grund": "Mangel"}});
    let (korrigiert, _) = laufen(&welt, rechnung, vec![korrektur]).unwrap();
    assert_eq!(
        code(&laufen(&welt, korrigiert, vec![stornieren()]).unwrap_err()),
        "RECHNUNG_HAT_KORREKTUR"
    );
}

#[test]
fn eine_korrektur_bucht_erloesschmaelerung_und_hoechstens_den_rest() {
    let zeile = position("10", "10.03", "U19", json!({}));
    let events = gebucht(&welt(), entwurf(vec![zeile], json!({"leistung_bis": "2020-09-15"})));
    let mut welt = welt();
    welt.id = ORIGINAL;
    let korrigieren =
        |netto: &str| json!({"Korrigieren": {"positionen": [{"position": 1, "netto": netto}], "grund": "Mangel"}});
    let menge = json!({"Korrigieren": {"positionen": [{"position": 1, "menge": "3"}], "grund": "Rückgabe"}});
    let (korrigiert, neu) = laufen(&welt, gefaltet(&events), vec![menge]).unwrap();
    let folge = folgen("rechnung", ORIGINAL, &neu[0], &welt);
    let mut alle = events;
    alle.extend(neu);
    let mut gutschriftwelt = welt.clone().with::<Rechnung>(ORIGINAL, alle);
    gutschriftwelt.id = folge[0].id;
    let (gutschrift, events) = laufen(&gutschriftwelt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    assert_eq!(
        steuer(&events),
        ["U19 30.09 4.81 34.90"],
        "der Satz ist der der Leistung"
    );
    assert_eq!(daten(&events).positionen[0].menge.to_string(), "3");
    let folge = folgen("rechnung", gutschriftwelt.id, &events[0], &gutschriftwelt);
    let voucher = buchung(&gutschriftwelt, &folge[0]);
    assert_eq!(kurz(&voucher), ["10001 H 34.90", "4720 S 30.09", "3806 S 4.81"]);
    assert!(matches!(&voucher, BuchungEvent::Erfasst { steuerdatum, .. } if *steuerdatum == tag(2026, 3, 10)));
    // What is left of 100.30 is 70.21; its tax is what is left of 16.05.
    let zu_viel = RechnungError::KorrekturUeberschreitet {
        schluessel: "U19".into(),
        rest: cent(7_021),
    };
    assert_eq!(
        laufen(&welt, korrigiert.clone(), vec![korrigieren("70.22")]).unwrap_err(),
        zu_viel.into()
    );
    let (_, rest) = laufen(&welt, korrigiert, vec![korrigieren("70.21")]).unwrap();
    let RechnungEvent::Korrigiert { steuerzeilen, .. } = &rest[0] else {
        panic!("keine Korrektur")
    };
    assert_eq!(steuerzeilen[0].steuer, cent(1_605 - 481));
    // A cancelled correction gives its part back.
    welt.id = gutschriftwelt.id;
    let welt = posten(welt, gutschrift.buchung_id.unwrap(), -3_490, 0);
    let (_, storno) = laufen(&welt, gutschrift, vec![stornieren()]).unwrap();
    let folge = folgen("rechnung", welt.id, &storno[0], &welt);
    assert!(
        folge
            .iter()
            .any(|f| f.id == ORIGINAL && f.command.get("KorrekturAufheben").is_some()),
        "{folge:?}"
    );
}

#[test]
fn jede_rechnung_laesst_sich_korrigieren_und_sagt_was_das_gesetz_verlangt() {
    for (schluessel, konto, hinweis) in [
        ("U0", "4290", "§ 12 Abs. 3"),
        ("UAUS", "4120", "Ausfuhrlieferung"),
        ("UIGL", "4125", "innergemeinschaftliche Lieferung"),
        ("UEUL", "4336", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("U13B", "4337", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("UNST", "4338", "nicht steuerbar"),
        ("UFREI", "4200", "§ 4 Nr. 8"),
        ("UDREI", "4200", "Steuerschuldnerschaft des letzten Abnehmers"),
    ] {
        let zeile = position("1", "100.00", schluessel, json!({"konto": konto}));
        let events = gebucht(&welt(), entwurf(vec![zeile], json!({"debitor_nr": "10002"})));
        let text = daten(&events).steuerzeilen[0].hinweis.clone().unwrap_or_default();
        assert!(text.contains(hinweis), "{schluessel}: {text}");
        let mut welt = welt();
        welt.id = ORIGINAL;
        let mangel = json!({"Korrigieren": {"positionen": [{"position": 1, "netto": "10.00"}], "grund": "Mangel"}});
        let (_, neu) = laufen(&welt, gefaltet(&events), vec![mangel]).unwrap();
        let folge = folgen("rechnung", ORIGINAL, &neu[0], &welt);
        let mut welt = welt.with::<Rechnung>(ORIGINAL, [events, neu].concat());
        welt.id = folge[0].id;
        let (_, events) = laufen(&welt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
        let folge = folgen("rechnung", welt.id, &events[0], &welt);
        let soll = format!("{konto} S 10.00");
        assert_eq!(
            kurz(&buchung(&welt, &folge[0])),
            ["10002 H 10.00", soll.as_str()],
            "{schluessel}"
        );
    }
}

#[test]
fn eine_korrektur_nennt_position_oder_schluessel_und_einen_betrag() {
    let welt = welt();
    let rechnung = gefaltet(&gebucht(&welt, eine()));
    for position in [
        json!({"netto": "1.00"}),
        json!({"position": 1, "schluessel": "U19", "netto": "1.00"}),
        json!({"position": 2, "netto": "1.00"}),
        json!({"position": 1}),
        json!({"position": 1, "netto": "0.00"}),
        json!({"schluessel": "U19", "netto": "1.00"}),
    ] {
        let command = json!({"Korrigieren": {"positionen": [position], "grund": "Bonus"}});
        assert_eq!(
            code(&laufen(&welt, rechnung.clone(), vec![command]).unwrap_err()),
            "EINGABE_UNGUELTIG",
            "{position}"
        );
    }
    let leer = json!({"Korrigieren": {"positionen": [], "grund": "Bonus"}});
    assert_eq!(
        code(&laufen(&welt, rechnung, vec![leer]).unwrap_err()),
        "RECHNUNG_OHNE_POSITION"
    );
}

// ---- advance payments: fibu 3, example 3 ----

/// An order over one position, and what of it was cancelled.
fn auftrag(kunden_nr: &str, netto: &str, storniert: Option<&str>) -> Vec<AuftragEvent> {
    let position_id = Uuid::from_u128(0xa1);
    let preis = json!({"betrag": netto, "je": "1", "einheit": "t"});
    let mut events = vec![
        json!({"Angelegt": {"auftrag_nr": "AU-2026-000001", "art": "lager", "kunde_id": Uuid::from_u128(0x10),
            "kunden_nr": kunden_nr, "kunde_name": "Landhof Petersen GmbH", "auftragsdatum": "2026-03-01",
            "bestellnr_wiederholt": false, "lieferart": "lieferung", "rechnungsart": "einzel", "waehrung": "EUR"}}),
        json!({"PositionHinzugefuegt": {"position_id": position_id, "pos": 1, "position": {
            "artikel_id": Uuid::from_u128(0xa2), "artikel_nr": "SILO", "bezeichnung": "Silo", "lagergefuehrt": false,
            "lager_id": Uuid::from_u128(0xa3), "menge": "10", "einheit": "t", "basismenge": "10", "preis": preis,
            "netto": netto, "schluessel": "U19", "toleranz_plus": "0", "toleranz_minus": "0", "herleitung": []}}}),
    ];
    if let Some(menge) = storniert {
        events.push(
            json!({"PositionStorniert": {"position_id": position_id, "menge": menge, "grund": "weniger",
            "bestaetigt": false}}),
        );
    }
    let lesen = |event| serde_json::from_value(event).unwrap();
    events.into_iter().map(lesen).collect()
}

/// The world with an Auftrag of 50,000.00 of Debitor 10001.
fn auftragswelt() -> World {
    welt().with::<Auftrag>(AUFTRAG, auftrag("10001", "50000.00", None))
}

/// A draft of an Anzahlung on the Auftrag, and its booking.
fn anzahlung_buchen(netto: &str) -> Vec<Value> {
    let zeile = position("1", netto, "U19", json!({"text": "Anzahlung"}));
    let kopf = json!({"art": "anzahlung", "auftrag_id": AUFTRAG, "leistung_bis": null});
    let mut commands = entwurf(vec![zeile], kopf);
    commands.push(buchen());
    commands
}

fn anzahlung(brutto_teile: &[(&str, i64)]) -> Vec<RechnungEvent> {
    let commands = anzahlung_buchen("10000.00");
    let mut welt = auftragswelt();
    welt.id = ANZAHLUNG;
    let (mut rechnung, mut events) = laufen(&welt, Rechnung::default(), commands).unwrap();
    for (nr, (datum, betrag)) in brutto_teile.iter().enumerate() {
        let ausgleich = Uuid::from_u128(0x700 + u128::try_from(nr).unwrap());
        let command =
            json!({"AusgleichErfassen": {"ausgleich_id": ausgleich, "betrag": cent(*betrag), "datum": datum}});
        welt.frame.befehl_id = ausgleich;
        let (neu, mehr) = laufen(&welt, rechnung, vec![command]).unwrap();
        rechnung = neu;
        events.extend(mehr);
    }
    events
}

fn schluss(mehr: Vec<Value>) -> Vec<Value> {
    let zeile = position("1", "50000.00", "U19", json!({}));
    let mut commands = entwurf(vec![zeile], json!({"art": "schluss", "auftrag_id": AUFTRAG}));
    commands.extend(mehr);
    commands
}

fn verrechnen() -> Value {
    json!({"AnzahlungenVerrechnen": {"anzahlung_ids": [ANZAHLUNG]}})
}

#[test]
fn beispiel_3_anzahlung_zahlung_und_schlussrechnung() {
    let welt = auftragswelt();
    let events = anzahlung(&[("2026-03-10", 1_190_000)]);
    assert_eq!(daten(&events).anzahlung_nr, Some(1));
    let gebucht_am = events.iter().find(|e| matches!(e, RechnungEvent::Gebucht(_))).unwrap();
    let folge = folgen("rechnung", ANZAHLUNG, gebucht_am, &welt);
    let voucher = buchung(&welt, &folge[0]);
    assert_eq!(kurz(&voucher), ["10001 S 11900.00", "1495 H 11900.00"]);
    assert_eq!(
        positionen(&voucher)[0].op_bezug.as_ref().unwrap().posten,
        Some(PostenArt::Anzahlung)
    );
    let folge = folgen("rechnung", ANZAHLUNG, events.last().unwrap(), &welt);
    assert_eq!(
        kurz(&buchung(&welt, &folge[0])),
        ["1495 S 11900.00", "3272 H 10000.00", "3806 H 1900.00"]
    );
    let welt = welt.with::<Rechnung>(ANZAHLUNG, events);
    let vergessen = RechnungError::AnzahlungNichtVerrechnet {
        nummern: vec!["AR-2026-000001".into()],
    };
    assert_eq!(abgelehnt(&welt, schluss(vec![])), vergessen.into());
    let events = gebucht(&welt, schluss(vec![verrechnen()]));
    assert_eq!(
        (daten(&events).brutto, daten(&events).zahlbetrag),
        (cent(5_950_000), cent(4_760_000))
    );
    let folge = folgen("rechnung", welt.id, events.last().unwrap(), &welt);
    assert_eq!(
        kurz(&buchung(&welt, &folge[0])),
        [
            "10001 S 47600.00",
            "3272 S 10000.00",
            "3806 S 1900.00",
            "4400 H 50000.00",
            "3806 H 9500.00"
        ]
    );
    assert!(folge[1].id == ANZAHLUNG && folge[1].command.get("AnzahlungAnrechnen").is_some());
}

#[test]
fn mehr_als_der_auftrag_wert_ist_wird_nicht_angezahlt() {
    let mit = |auftrag| welt().with::<Auftrag>(AUFTRAG, auftrag);
    // 50,000.00 less three tenths; 10,000.00 are invoiced in advance already.
    let welt = mit(auftrag("10001", "50000.00", Some("3"))).with::<Rechnung>(ANZAHLUNG, anzahlung(&[]));
    let zuviel = RechnungError::AnzahlungUeberAuftrag {
        auftragswert: cent(3_500_000),
        anzahlungen: cent(3_500_001),
    };
    assert_eq!(abgelehnt_beim_buchen(&welt, "25000.01"), zuviel.into());
    let (zweite, _) = laufen(&welt, Rechnung::default(), anzahlung_buchen("25000.00")).unwrap();
    assert_eq!(zweite.anzahlung_nr, Some(2));
    // What is corrected or cancelled away makes room again.
    let mut stornowelt = welt.clone();
    stornowelt.id = ANZAHLUNG;
    let (_, storniert) = laufen(&stornowelt, gefaltet(&anzahlung(&[])), vec![stornieren()]).unwrap();
    let alle = [anzahlung(&[]), storniert].concat();
    let welt = welt.with::<Rechnung>(ANZAHLUNG, alle);
    laufen(&welt, Rechnung::default(), anzahlung_buchen("35000.00")).unwrap();
    assert_eq!(
        code(&abgelehnt_beim_buchen(&welt, "35000.01")),
        "RECHNUNG_ANZAHLUNG_UEBER_AUFTRAG"
    );
}

/// The refusal of an Anzahlung.
fn abgelehnt_beim_buchen(welt: &World, netto: &str) -> Abgelehnt {
    laufen(welt, Rechnung::default(), anzahlung_buchen(netto)).unwrap_err()
}

#[test]
fn eine_anzahlung_nennt_einen_auftrag_ihres_kunden() {
    for welt in [
        welt(),
        welt().with::<Auftrag>(AUFTRAG, auftrag("10002", "50000.00", None)),
    ] {
        assert_eq!(code(&abgelehnt_beim_buchen(&welt, "1.00")), "EINGABE_UNGUELTIG");
        assert_eq!(code(&abgelehnt(&welt, schluss(vec![]))), "EINGABE_UNGUELTIG");
    }
}

#[test]
fn auch_ein_entwurf_von_frueher_verbraucht_keine_anzahlung_eines_anderen_kunden() {
    let (fremd, _) = laufen(&auftragswelt(), Rechnung::default(), schluss(vec![])).unwrap();
    let fremd = Rechnung {
        debitor_nr: "10002".into(),
        ..fremd
    };
    let ohne = Rechnung {
        auftrag_id: None,
        art: RechnungArt::Anzahlung,
        ..fremd.clone()
    };
    for rechnung in [fremd, ohne] {
        let refused = laufen(&auftragswelt(), rechnung, vec![buchen()]).unwrap_err();
        assert_eq!(code(&refused), "EINGABE_UNGUELTIG");
    }
}

#[test]
fn eine_unbezahlte_anzahlung_haelt_die_schlussrechnung_auf() {
    let teilweise = anzahlung(&[("2026-03-10", 1_000_000)]);
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, teilweise.clone());
    let offen = RechnungError::AnzahlungOffen {
        nummer: "AR-2026-000001".into(),
        rest: cent(190_000),
    };
    assert_eq!(abgelehnt(&welt, schluss(vec![verrechnen()])), offen.into());
    // Corrected away: S 1495 / H Debitor without tax, settled with the invoice's item.
    let mut korrekturwelt = welt.clone();
    korrekturwelt.id = ANZAHLUNG;
    let rest = json!({"Korrigieren": {"positionen": [{"position": 1, "netto": "1596.64"}], "grund": "Rest entfällt"}});
    let (_, neu) = laufen(&korrekturwelt, gefaltet(&teilweise), vec![rest]).unwrap();
    let folge = folgen("rechnung", ANZAHLUNG, &neu[0], &korrekturwelt);
    let mut alle = teilweise;
    alle.extend(neu);
    let mut gutschriftwelt = welt.with::<Rechnung>(ANZAHLUNG, alle);
    gutschriftwelt.id = folge[0].id;
    let (_, events) = laufen(&gutschriftwelt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    let folge = folgen("rechnung", gutschriftwelt.id, &events[0], &gutschriftwelt);
    assert_eq!(
        kurz(&buchung(&gutschriftwelt, &folge[0])),
        ["10001 H 1900.00", "1495 S 1900.00"]
    );
    assert_eq!((folge[1].typ, folge.len()), ("ausgleich", 2));
    let events = gebucht(&gutschriftwelt, schluss(vec![verrechnen()]));
    assert_eq!(daten(&events).zahlbetrag, cent(5_950_000 - 1_000_000));
}

#[test]
fn ein_ausgleich_mit_der_eigenen_korrektur_ist_keine_zahlung() {
    let events = anzahlung(&[]);
    let ausgleich = |storno, op_id| AusgleichEvent::Ausgeglichen {
        datum: tag(2026, 3, 10),
        wert: tag(2026, 3, 10),
        restbehandlung: Restbehandlung::Offen,
        grund: None,
        storno,
        zeilen: vec![AusgleichZeile {
            op_id,
            betrag: cent(-50_000),
            skonto: None,
        }],
        folgebuchung: None,
    };
    let command =
        || vec![json!({"AusgleichErfassen": {"ausgleich_id": AUSGLEICH, "betrag": "500.00", "datum": "2026-03-10"}})];
    let welt = |event| welt().with::<Ausgleich>(AUSGLEICH, vec![event]);
    let erfasst = |welt: &World, rechnung| laufen(welt, rechnung, command()).unwrap().1.len();
    assert_eq!(erfasst(&welt(ausgleich(true, ORIGINAL)), gefaltet(&events)), 0);
    assert_eq!(erfasst(&welt(ausgleich(false, ORIGINAL)), gefaltet(&events)), 1);
    let rest = json!({"Korrigieren": {"positionen": [{"position": 1, "netto": "420.17"}], "grund": "Rest"}});
    let (korrigiert, neu) = laufen(&welt(ausgleich(true, ORIGINAL)), gefaltet(&events), vec![rest]).unwrap();
    let RechnungEvent::Korrigiert { gutschrift_op_id, .. } = &neu[0] else {
        panic!("keine Korrektur")
    };
    assert_eq!(erfasst(&welt(ausgleich(false, *gutschrift_op_id)), korrigiert), 0);
}

/// Money of an Ausgleich goes back.
fn zurueck() -> Vec<Value> {
    vec![json!({"AusgleichZuruecknehmen": {"ausgleich_id": Uuid::from_u128(0x700), "datum": "2026-03-10"}})]
}

/// A Schlussrechnung deducts so much of an Anzahlung under U19.
fn anrechnen(basis: &str, steuer: &str, brutto: &str) -> Vec<Value> {
    let zeile = json!({"schluessel": "U19", "satz": "19", "basis": basis, "steuer": steuer, "brutto": brutto});
    vec![json!({"AnzahlungAnrechnen": {"schlussrechnung_id": ORIGINAL, "steuerzeilen": [zeile]}})]
}

fn anrechnung_aufheben() -> Vec<Value> {
    vec![json!({"AnrechnungAufheben": {"schlussrechnung_id": ORIGINAL, "datum": "2026-03-10"}})]
}

fn namen(events: &[RechnungEvent]) -> Vec<&'static str> {
    events.iter().map(Into::into).collect()
}

#[test]
fn eine_zurueckgenommene_zahlung_kehrt_ihre_steuer_um() {
    let events = anzahlung(&[("2026-03-10", 1_190_000)]);
    let welt = welt();
    let (rechnung, neu) = laufen(&welt, gefaltet(&events), zurueck()).unwrap();
    assert!(rechnung.zahlungen.is_empty());
    let folge = folgen("rechnung", ANZAHLUNG, &neu[0], &welt);
    assert_eq!(
        folge[0].command["Umkehren"]["original"],
        json!(gefaltet(&events).zahlungen[0].buchung_id)
    );
}

#[test]
fn was_eine_schlussrechnung_abzieht_bleibt_versteuert_wenn_die_zahlung_zurueckgeht() {
    let events = anzahlung(&[("2026-03-10", 1_190_000)]);
    let buchung_id = daten(&events).buchung_id;
    let welt = posten(welt(), buchung_id, 1_190_000, 0);
    let alles = anrechnen("10000.00", "1900.00", "11900.00");
    let (angerechnet, _) = laufen(&welt, gefaltet(&events), alles.clone()).unwrap();
    assert_eq!(angerechnet.angerechnet_in, Some(ORIGINAL));
    assert_eq!(
        code(&laufen(&welt, angerechnet.clone(), alles).unwrap_err()),
        "STATUS_UNZULAESSIG",
        "kein Geld zweimal"
    );
    assert_eq!(
        code(&laufen(&welt, angerechnet.clone(), vec![stornieren()]).unwrap_err()),
        "STATUS_UNZULAESSIG"
    );
    // All is deducted: the item is open again, and no tax moves.
    let (zurueckgegeben, neu) = laufen(&welt, angerechnet, zurueck()).unwrap();
    assert_eq!(namen(&neu), [] as [&str; 0]);
    // With the Schlussrechnung the deduction falls, and with it the tax of money that is not there.
    let (frei, neu) = laufen(&welt, zurueckgegeben.clone(), anrechnung_aufheben()).unwrap();
    assert_eq!(namen(&neu), ["AnrechnungAufgehoben", "AnzahlungZurueckgenommen"]);
    assert_eq!((frei.angerechnet_in, frei.zahlungen.len()), (None, 0));
    // Paid anew in the meantime, the tax is due anew.
    let bezahlt = posten(welt, buchung_id, 1_190_000, 1_190_000);
    let erneut =
        vec![json!({"AusgleichErfassen": {"ausgleich_id": AUSGLEICH, "betrag": "11900.00", "datum": "2026-03-10"}})];
    let (zurueckgegeben, neu) = laufen(&bezahlt, zurueckgegeben, erneut).unwrap();
    assert_eq!(namen(&neu), [] as [&str; 0]);
    let (frei, neu) = laufen(&bezahlt, zurueckgegeben, anrechnung_aufheben()).unwrap();
    assert_eq!(
        namen(&neu),
        [
            "AnrechnungAufgehoben",
            "AnzahlungZurueckgenommen",
            "AnzahlungVereinnahmt"
        ]
    );
    assert_eq!(frei.zahlungen[0].ausgleich_id, AUSGLEICH);
}

#[test]
fn von_einer_zurueckgegangenen_zahlung_bleibt_nur_der_abgezogene_teil_versteuert() {
    let events = anzahlung(&[("2026-03-10", 1_190_000)]);
    let welt = posten(welt(), daten(&events).buchung_id, 1_190_000, 0);
    let teil = anrechnen("5000.00", "950.00", "5950.00");
    let (angerechnet, _) = laufen(&welt, gefaltet(&events), teil).unwrap();
    let (rechnung, neu) = laufen(&welt, angerechnet, zurueck()).unwrap();
    assert_eq!(namen(&neu), ["AnzahlungZurueckgenommen", "AnzahlungVereinnahmt"]);
    let folge = folgen("rechnung", ANZAHLUNG, &neu[1], &welt);
    assert_eq!(
        kurz(&buchung(&welt, &folge[0])),
        ["1495 S 5950.00", "3272 H 5000.00", "3806 H 950.00"]
    );
    // Paid again, only the rest of the tax falls due.
    let erneut =
        vec![json!({"AusgleichErfassen": {"ausgleich_id": AUSGLEICH, "betrag": "11900.00", "datum": "2026-03-10"}})];
    let (_, neu) = laufen(&welt, rechnung, erneut).unwrap();
    assert!(matches!(&neu[0], RechnungEvent::AnzahlungVereinnahmt { brutto, .. } if *brutto == cent(595_000)));
}

#[test]
fn eine_teillieferung_zieht_ab_was_passt_und_die_naechste_den_rest() {
    let bezahlt = anzahlung(&[("2026-03-10", 1_190_000)]);
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, bezahlt.clone());
    let teil = |netto: &str| {
        let kopf = json!({"art": "schluss", "auftrag_id": AUFTRAG});
        let mut commands = entwurf(vec![position("1", netto, "U19", json!({}))], kopf);
        commands.push(verrechnen());
        commands
    };
    let erste = gebucht(&welt, teil("5000.00"));
    assert_eq!(daten(&erste).zahlbetrag, Betrag::NULL);
    let folge = folgen("rechnung", welt.id, erste.last().unwrap(), &welt);
    assert_eq!(
        kurz(&buchung(&welt, &folge[0])),
        ["3272 S 5000.00", "3806 S 950.00", "4400 H 5000.00", "3806 H 950.00"]
    );
    let (_, angerechnet) = laufen(&welt, gefaltet(&bezahlt), vec![folge[1].command.clone()]).unwrap();
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, [bezahlt, angerechnet].concat());
    let zweite = gebucht(&welt, teil("45000.00"));
    let d = daten(&zweite);
    assert_eq!(
        (d.verrechnungen[0].brutto, d.zahlbetrag),
        (cent(595_000), cent(4_760_000))
    );
}

#[test]
fn eine_gewoehnliche_rechnung_laesst_nur_anzahlungen_stehen_die_noch_abgezogen_werden_koennen() {
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, anzahlung(&[("2026-03-10", 1_190_000)]));
    let rechnung = |netto: &str, mehr: Vec<Value>| {
        let mut commands = entwurf(
            vec![position("1", netto, "U19", json!({}))],
            json!({"auftrag_id": AUFTRAG}),
        );
        commands.extend(mehr);
        commands
    };
    assert_eq!(daten(&gebucht(&welt, rechnung("40000.00", vec![]))).verrechnungen, []);
    let uebergangen = RechnungError::AnzahlungNichtVerrechnet {
        nummern: vec!["AR-2026-000001".into()],
    };
    assert_eq!(
        abgelehnt(&welt, rechnung("40000.01", vec![])),
        uebergangen.clone().into()
    );
    // On a collective invoice the line names the Auftrag.
    let auftrag = json!({"auftrag_id": AUFTRAG, "position_id": Uuid::from_u128(0xa1)});
    let zeile = position(
        "10",
        "50000.00",
        "U19",
        json!({"netto": "50000.00", "auftrag": auftrag}),
    );
    assert_eq!(abgelehnt(&welt, entwurf(vec![zeile], json!({}))), uebergangen.into());
    // Naming them makes it a Schlussrechnung.
    let schluss = gebucht(&welt, rechnung("50000.00", vec![verrechnen()]));
    let d = daten(&schluss);
    assert_eq!((d.art, d.zahlbetrag), (RechnungArt::Schluss, cent(4_760_000)));
    // One that is not paid cannot be left behind either.
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, anzahlung(&[]));
    assert_eq!(
        code(&abgelehnt(&welt, rechnung("50000.00", vec![]))),
        "RECHNUNG_ANZAHLUNG_OFFEN"
    );
}

#[test]
fn die_korrektur_einer_anzahlung_wird_mit_ihrem_ausgleich_storniert() {
    let offen = anzahlung(&[]);
    let mut welt = welt();
    welt.id = ANZAHLUNG;
    let rest = json!({"Korrigieren": {"positionen": [{"position": 1, "netto": "1000.00"}], "grund": "Rest entfällt"}});
    let (_, neu) = laufen(&welt, gefaltet(&offen), vec![rest]).unwrap();
    let folge = folgen("rechnung", ANZAHLUNG, &neu[0], &welt);
    let korrigiert = [offen, neu].concat();
    let mut welt = welt.with::<Rechnung>(ANZAHLUNG, korrigiert.clone());
    welt.id = folge[0].id;
    let (gutschrift, _) = laufen(&welt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    let welt = posten(welt, gutschrift.buchung_id.unwrap(), -119_000, -119_000);
    let ausgleich = |storno| AusgleichEvent::Ausgeglichen {
        datum: tag(2026, 3, 10),
        wert: tag(2026, 3, 10),
        restbehandlung: Restbehandlung::Offen,
        grund: None,
        storno,
        zeilen: vec![],
        folgebuchung: None,
    };
    let mit = |welt: &World, storno| welt.clone().with::<Ausgleich>(AUSGLEICH, vec![ausgleich(storno)]);
    let eigen = mit(&welt, true);
    let (_, storniert) = laufen(&eigen, gutschrift.clone(), vec![stornieren()]).unwrap();
    let folge = folgen("rechnung", eigen.id, &storniert[0], &eigen);
    let ziele: Vec<(&str, Uuid)> = folge.iter().map(|f| (f.typ, f.id)).collect();
    assert_eq!(
        (ziele[0], ziele[2]),
        (("ausgleich", AUSGLEICH), ("rechnung", ANZAHLUNG))
    );
    // By hand the settlement stays, with the correction it falls.
    let mut stand = Ausgleich::default();
    stand.evolve(ausgleich(true));
    let von_hand = serde_json::from_value(json!({"Aufheben": {"grund": "x"}})).unwrap();
    assert!(eigen.decide(&stand, von_hand).is_err());
    let mit_korrektur = serde_json::from_value(folge[0].command.clone()).unwrap();
    assert!(eigen.decide(&stand, mit_korrektur).is_ok());
    // Settled with anything else, that comes first.
    assert_eq!(
        code(&laufen(&mit(&welt, false), gutschrift.clone(), vec![stornieren()]).unwrap_err()),
        "RECHNUNG_OP_AUSGEGLICHEN"
    );
    // Once a Schlussrechnung deducts the Anzahlung, it must have no open rest again.
    let abgezogen = RechnungEvent::AnzahlungAngerechnet {
        schlussrechnung_id: ORIGINAL,
        steuerzeilen: None,
    };
    let abgerechnet = eigen.with::<Rechnung>(ANZAHLUNG, [korrigiert, vec![abgezogen]].concat());
    assert_eq!(
        code(&laufen(&abgerechnet, gutschrift, vec![stornieren()]).unwrap_err()),
        "STATUS_UNZULAESSIG"
    );
}

#[test]
fn nur_die_eigenen_anzahlungen_werden_verrechnet() {
    let welt = auftragswelt().with::<Rechnung>(ANZAHLUNG, anzahlung(&[]));
    let (schluss, _) = laufen(&welt, Rechnung::default(), schluss(vec![])).unwrap();
    for ids in [json!([ORIGINAL]), json!([ANZAHLUNG, ANZAHLUNG])] {
        let command = json!({"AnzahlungenVerrechnen": {"anzahlung_ids": ids}});
        assert_eq!(
            code(&laufen(&welt, schluss.clone(), vec![command]).unwrap_err()),
            "EINGABE_UNGUELTIG"
        );
    }
    let mut normal = eine();
    normal.push(verrechnen());
    assert_eq!(
        code(&laufen(&welt, Rechnung::default(), normal).unwrap_err()),
        "EINGABE_UNGUELTIG"
    );
}

// ---- lines of an Auftrag ----

#[test]
fn eine_position_des_auftrags_behaelt_seinen_preis_und_sein_netto() {
    // 10 t for 50,000.00 in all: 3 t are 15,000.00.
    let welt = auftragswelt();
    let bezug = json!({"auftrag_id": AUFTRAG, "position_id": Uuid::from_u128(0xa1)});
    let mit = |mehr: Value| {
        let zeile = position("3", "50000.00", "U19", mische(json!({"auftrag": bezug}), mehr));
        laufen(&welt, Rechnung::default(), entwurf(vec![zeile], json!({})))
    };
    let netto = |mehr: Value| mit(mehr).unwrap().0.positionen[0].netto;
    assert_eq!(netto(json!({})), cent(1_500_000));
    assert_eq!(
        netto(json!({"netto": "14999.99"})),
        cent(1_499_999),
        "gerundet wird je Teil"
    );
    for mehr in [
        json!({"netto": "14999.98"}),
        json!({"netto": "15000.02"}),
        json!({"rabatt": "1"}),
        json!({"preis": {"betrag": "49999.99", "je": "1", "einheit": "t"}}),
        json!({"einheit": "kg"}),
        json!({"auftrag": {"auftrag_id": AUFTRAG, "position_id": ORIGINAL}}),
        json!({"auftrag": {"auftrag_id": ORIGINAL, "position_id": ORIGINAL}}),
    ] {
        assert_eq!(code(&mit(mehr.clone()).unwrap_err()), "EINGABE_UNGUELTIG", "{mehr}");
    }
    // So it stays when the line is changed.
    let (rechnung, _) = mit(json!({})).unwrap();
    let zeile = position("3", "50000.00", "U19", json!({"auftrag": bezug, "netto": "1.00"}));
    let aendern = vec![json!({"PositionAendern": {"nr": 1, "position": zeile}})];
    assert_eq!(
        code(&laufen(&welt, rechnung, aendern).unwrap_err()),
        "EINGABE_UNGUELTIG"
    );
}

// ---- collective invoices: README 5, row 12 ----

fn lieferung(datum: &str, netto: &str) -> Value {
    let auftrag = json!({"auftrag_id": AUFTRAG, "position_id": ORIGINAL});
    let zeile = position(
        "2",
        "999.99",
        "U7",
        json!({"netto": netto, "auftrag": auftrag, "lieferschein": "LS-1"}),
    );
    json!({"LieferungUebernehmen": {"debitor_nr": "10001", "leistungsdatum": datum, "positionen": [zeile]}})
}

#[test]
fn lieferungen_eines_monats_sammeln_sich_auf_einer_rechnung_mit_dem_netto_des_auftrags() {
    let mut welt = welt();
    let ziel = Zahlungsziel::default();
    let id = Rechnung::sammel_id(welt.frame.mandant_id, "10001", tag(2026, 3, 2), ziel);
    assert_eq!(
        id,
        Rechnung::sammel_id(welt.frame.mandant_id, "10001", tag(2026, 3, 9), ziel)
    );
    assert_ne!(
        id,
        Rechnung::sammel_id(welt.frame.mandant_id, "10001", tag(2026, 4, 1), ziel)
    );
    welt.id = id;
    let lieferungen = vec![lieferung("2026-03-02", "10.00"), lieferung("2026-03-09", "5.55")];
    let (entwurf, events) = laufen(&welt, Rechnung::default(), lieferungen).unwrap();
    let schluessel: Vec<String> = entwurf.keys().into_iter().map(|k| k.wert).collect();
    assert_eq!(schluessel, ["10001/2026-03"]);
    let (fertig, gebucht) = laufen(&welt, entwurf, vec![buchen()]).unwrap();
    let d = daten(&gebucht);
    assert_eq!(
        (d.netto, d.leistung_von, d.leistung_bis),
        (cent(1_555), Some(tag(2026, 3, 2)), Some(tag(2026, 3, 9)))
    );
    assert!(fertig.keys().is_empty());
    // A late one goes on to the next draft of the month, and only there.
    let (_, spaet) = laufen(&welt, fertig, vec![lieferung("2026-03-10", "1.00")]).unwrap();
    let folge = folgen("rechnung", id, &spaet[0], &welt);
    let naechste = folge[0].id;
    assert_ne!(naechste, id);
    let mut zweite = welt.clone();
    zweite.id = naechste;
    let (_, zweiter_entwurf) = laufen(&zweite, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    assert!(
        matches!(&zweiter_entwurf[1], RechnungEvent::PositionHinzugefuegt { position } if position.netto == cent(100))
    );
    let welt = welt.with::<Rechnung>(naechste, zweiter_entwurf);
    let mut alle = events;
    alle.extend(gebucht);
    let (_, spaeter) = laufen(&welt, gefaltet(&alle), vec![lieferung("2026-03-10", "1.00")]).unwrap();
    assert_eq!(folgen("rechnung", id, &spaeter[0], &welt)[0].id, naechste);
}

#[test]
fn lieferungen_mit_anderem_zahlungsziel_kommen_auf_eine_eigene_sammelrechnung() {
    let mut welt = welt();
    let ohne = Zahlungsziel::default();
    let mit = Zahlungsziel {
        zahlungsbedingung_id: Some(BEDINGUNG),
        valuta_tage: Some(60),
    };
    let valuta = Zahlungsziel {
        valuta_tage: Some(60),
        ..ohne
    };
    let id = |ziel| Rechnung::sammel_id(welt.frame.mandant_id, "10001", tag(2026, 3, 2), ziel);
    assert!(id(ohne) != id(mit) && id(mit) != id(valuta) && id(ohne) != id(valuta));
    let mit_ziel = |datum: &str| {
        let mut command = lieferung(datum, "10.00");
        command["LieferungUebernehmen"]["zahlungsbedingung_id"] = json!(BEDINGUNG);
        command["LieferungUebernehmen"]["valuta_tage"] = json!(60);
        command
    };
    welt.id = id(mit);
    let lieferungen = vec![mit_ziel("2026-03-02"), mit_ziel("2026-03-09")];
    let (entwurf, _) = laufen(&welt, Rechnung::default(), lieferungen).unwrap();
    assert_eq!(entwurf.positionen.len(), 2);
    // 30 days net and Skonto within 10 days count from 60 days after the invoice of 10 March.
    let (_, events) = laufen(&welt, entwurf.clone(), vec![buchen()]).unwrap();
    let bedingung = &daten(&events).bedingung;
    assert_eq!(
        (bedingung.faellig, bedingung.skonto[0].bis),
        (tag(2026, 6, 8), tag(2026, 5, 19))
    );
    // Other terms set by hand: what comes later begins a draft with the terms of its order.
    let setzen = json!({"BedingungSetzen": {"zahlungsbedingung_id": BEDINGUNG}});
    let (geaendert, _) = laufen(&welt, entwurf, vec![setzen]).unwrap();
    assert!(geaendert.keys().is_empty());
    let (_, spaet) = laufen(&welt, geaendert, vec![mit_ziel("2026-03-10")]).unwrap();
    let folge = folgen("rechnung", welt.id, &spaet[0], &welt);
    assert_ne!(folge[0].id, welt.id);
    let (neu, _) = laufen(&welt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    assert_eq!((neu.zahlungsbedingung_id, neu.valuta_tage), (Some(BEDINGUNG), Some(60)));
}

#[test]
fn die_valuta_verschiebt_faelligkeit_und_skonto() {
    let faellig = |kopf: Value| {
        let zeile = position("1", "1.00", "U19", json!({}));
        daten(&gebucht(&welt(), entwurf(vec![zeile], kopf))).bedingung.faellig
    };
    assert_eq!(faellig(json!({"zahlungsbedingung_id": BEDINGUNG})), tag(2026, 4, 9));
    let spaeter = json!({"zahlungsbedingung_id": BEDINGUNG, "valuta_tage": 20});
    assert_eq!(faellig(spaeter), tag(2026, 4, 29));
    assert_eq!(
        faellig(json!({"valuta_tage": 20})),
        tag(2026, 3, 30),
        "auch ohne Bedingung"
    );
    let zu_spaet = entwurf(vec![], json!({"valuta_tage": 366}));
    assert_eq!(code(&abgelehnt(&welt(), zu_spaet)), "EINGABE_UNGUELTIG");
}

#[test]
fn das_erloeskonto_folgt_der_regel_des_leistungstages() {
    // fibu 1, example 1, without an article: the general rule of a day.
    let welt = welt();
    let regel = KontenplanEvent::KontenfindungGesetzt {
        regel: serde_json::from_value(
            json!({"nr": 900, "zweck": "erloes", "schluessel": "U7", "konto_nr": "4200",
            "gueltig_ab": "2026-03-01"}),
        )
        .unwrap(),
    };
    let id = Kontenplan::stream_id(welt.frame.mandant_id);
    let mut plan = vec![KontenplanEvent::VorlageUebernommen {
        rahmen: aggregates::fibu::kontenplan::Rahmen::Skr04,
        stand: "x".into(),
        am: tag(2026, 1, 1),
        gruppen: vec![],
        gliederungszeilen: vec![],
        kontenfindung: aggregates::fibu::vorlage::kontenfindung(aggregates::fibu::kontenplan::Rahmen::Skr04),
    }];
    plan.push(regel);
    let welt = welt.with::<Kontenplan>(id, plan);
    let konto = |tag: &str| {
        let events = gebucht(
            &welt,
            entwurf(
                vec![position("1", "1.00", "U7", json!({}))],
                json!({"leistung_bis": tag}),
            ),
        );
        daten(&events).positionen[0].konto.clone().unwrap()
    };
    assert_eq!(
        (konto("2026-02-28"), konto("2026-03-01")),
        ("4300".to_owned(), "4200".to_owned())
    );
}

// ---- Skonto only on what earns it ----

/// The world with the terms BEDINGUNG, Skonto only on what earns it.
fn nettoskontowelt() -> World {
    let fassung = json!({"gueltig_ab": "2000-01-01", "faellig": "tage_netto", "tage": 30, "nettoskontierfaehig": true,
        "skonto": [{"tage": 10, "prozent": "2"}]});
    let angelegt = json!({"Angelegt": {"code": "30N", "bezeichnung": "30 Tage", "fassung": fassung}});
    welt().with::<Zahlungsbedingung>(BEDINGUNG, vec![serde_json::from_value(angelegt).unwrap()])
}

#[test]
fn fracht_und_ausgenommene_positionen_geben_kein_skonto_wenn_die_bedingung_es_so_will() {
    let mut commands = entwurf(
        vec![
            position("1", "1000.00", "U19", json!({})),
            position("1", "50.00", "U19", json!({"text": "Pfand", "skontierfaehig": false})),
            position("1", "100.00", "U7", json!({})),
        ],
        json!({"zahlungsbedingung_id": BEDINGUNG}),
    );
    commands.push(
        json!({"ZuAbschlagSetzen": {"art": "fracht", "betrag": "100.00", "aufteilung": "fester_schluessel",
        "schluessel": "U19"}}),
    );
    commands.push(
        json!({"ZuAbschlagSetzen": {"art": "rabatt", "betrag": "1.00", "aufteilung": "fester_schluessel",
        "schluessel": "U7"}}),
    );
    assert_eq!(
        daten(&gebucht(&welt(), commands.clone())).bedingung.skontofrei,
        [],
        "sonst auf alles"
    );
    let welt = nettoskontowelt();
    let events = gebucht(&welt, commands);
    let voucher = voucher(&welt, &events);
    // Of 1,368.50 under U19 150.00 net, 178.50 gross earn none.
    let buchung_id = daten(&events).buchung_id;
    let folge = folgen("buchung", buchung_id, &voucher, &welt);
    let eroeffnen = folge.iter().find(|f| f.typ == "offener_posten").unwrap();
    let steuer = &eroeffnen.command["Eroeffnen"]["steuer"];
    assert_eq!(
        (&steuer[0]["brutto"], &steuer[0]["skontofrei"]),
        (&json!("1368.50"), &json!("178.50"))
    );
    assert_eq!(
        (&steuer[1]["brutto"], &steuer[1]["skontofrei"]),
        (&json!("105.93"), &Value::Null)
    );
    let posten = OffenerPosten::default();
    let command = serde_json::from_value(eroeffnen.command.clone()).unwrap();
    let offen = welt.decide(&posten, command).unwrap();
    let welt = welt.with::<OffenerPosten>(eroeffnen.id, offen);
    let zahlung = OffenerPosten::stream_id(welt.frame.mandant_id, ORIGINAL, 1);
    let ausgleichen = |skonto: i64| {
        let betrag = 147_443;
        let gezahlt = welt
            .clone()
            .with::<OffenerPosten>(zahlung, zahlungsposten(betrag - skonto));
        let command = json!({"Ausgleichen": {"datum": "2026-03-10", "zeilen": [
            {"op_id": eroeffnen.id, "betrag": cent(betrag), "skonto": cent(skonto)},
            {"op_id": zahlung, "betrag": cent(skonto - betrag)}]}});
        gezahlt.decide(&Ausgleich::default(), serde_json::from_value(command).unwrap())
    };
    // 2 % of 1,474.43 less 178.50 are 25.92, and 0.50 more are accepted.
    assert_eq!(
        ausgleichen(2_643).unwrap_err().to_string(),
        "so viel Skonto ist nicht gewährt; höchstens 26.42 EUR"
    );
    let events = ausgleichen(2_592).unwrap();
    let AusgleichEvent::Ausgeglichen { folgebuchung, .. } = &events[0] else {
        panic!("kein Ausgleich")
    };
    let zeilen = &folgebuchung.as_ref().unwrap().buchung.zeilen;
    let skonto: Vec<(Option<&str>, Betrag)> = zeilen[1..]
        .iter()
        .map(|z| (z.schluessel.as_deref(), z.betrag))
        .collect();
    // Split by 1,190.00 under U19 and 105.93 under U7.
    assert_eq!(skonto, [(Some("U19"), cent(2_380)), (Some("U7"), cent(212))]);
}

/// A payment of Debitor 10001 that waits to be settled.
fn zahlungsposten(betrag: i64) -> Vec<OffenerPostenEvent> {
    let eroeffnung = json!({"Eroeffnet": {"posten": {"personenkonto": "10001", "konto": "1200", "art": "zahlung",
        "buchung_id": ORIGINAL, "position_nr": 1, "belegnummer": "BK-2026-000001", "text": "Zahlung",
        "belegdatum": "2026-03-10", "buchungsdatum": "2026-03-10", "steuerdatum": "2026-03-10", "waehrung": "EUR",
        "betrag": cent(-betrag), "faellig": "2026-03-10", "skonto": [], "steuer": []}}});
    vec![serde_json::from_value(eroeffnung).unwrap()]
}

// ---- what the article and the customer's status decide ----

const ARTIKEL: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0b01);

/// The world with an article of the Artikelgruppe Saatgut under U7, and a rule of that group for a purpose.
fn saatgutwelt(zweck: &str, konto_nr: &str) -> World {
    let mut welt = welt();
    let gruppe_id = Uuid::from_u128(0xb02);
    welt.setzen(
        ARTIKEL,
        Artikel {
            artikel_nr: "10020".into(),
            bezeichnung: "Saatmais".into(),
            gruppe_id,
            basiseinheit: "t".into(),
            steuerschluessel: "U7".into(),
            ..Artikel::default()
        },
    );
    welt.setzen(
        gruppe_id,
        Artikelgruppe {
            nr: "Saatgut".into(),
            ..Artikelgruppe::default()
        },
    );
    let regel = json!({"nr": 900, "zweck": zweck, "schluessel": "U7", "artikelgruppe": "Saatgut", "konto_nr": konto_nr,
        "gueltig_ab": "2026-03-01"});
    let plan = vec![
        KontenplanEvent::VorlageUebernommen {
            rahmen: aggregates::fibu::kontenplan::Rahmen::Skr04,
            stand: "x".into(),
            am: tag(2026, 1, 1),
            gruppen: vec![],
            gliederungszeilen: vec![],
            kontenfindung: aggregates::fibu::vorlage::kontenfindung(aggregates::fibu::kontenplan::Rahmen::Skr04),
        },
        KontenplanEvent::KontenfindungGesetzt {
            regel: serde_json::from_value(regel).unwrap(),
        },
    ];
    let id = Kontenplan::stream_id(welt.frame.mandant_id);
    welt.with::<Kontenplan>(id, plan)
}

#[test]
fn erloes_und_korrektur_folgen_der_artikelgruppe_jeder_position() {
    let zeilen = || {
        vec![
            position("1", "100.00", "U7", json!({"artikel_id": ARTIKEL})),
            position("1", "50.00", "U7", json!({})),
        ]
    };
    let events = gebucht(&saatgutwelt("erloes", "4200"), entwurf(zeilen(), json!({})));
    let konten: Vec<Option<String>> = daten(&events).positionen.iter().map(|p| p.konto.clone()).collect();
    assert_eq!(konten, [Some("4200".into()), Some("4300".into())]);
    let mut welt = saatgutwelt("erloesschmaelerung", "4200");
    let events = gebucht(&welt, entwurf(zeilen(), json!({})));
    welt.id = ORIGINAL;
    let mangel = json!({"Korrigieren": {"grund": "Mangel", "positionen": [
        {"position": 1, "netto": "10.00"}, {"position": 2, "netto": "5.00"}, {"position": 1, "netto": "1.00"}]}});
    let (_, neu) = laufen(&welt, gefaltet(&events), vec![mangel]).unwrap();
    let folge = folgen("rechnung", ORIGINAL, &neu[0], &welt);
    let mut welt = welt.with::<Rechnung>(ORIGINAL, [events, neu].concat());
    welt.id = folge[0].id;
    let (_, events) = laufen(&welt, Rechnung::default(), vec![folge[0].command.clone()]).unwrap();
    let folge = folgen("rechnung", welt.id, &events[0], &welt);
    assert_eq!(
        kurz(&buchung(&welt, &folge[0])),
        ["10001 H 17.12", "4200 S 11.00", "4710 S 5.00", "3801 S 1.12"]
    );
}

#[test]
fn ohne_schluessel_entscheidet_der_status_des_kunden_vor_dem_artikel() {
    let mut welt = saatgutwelt("erloes", "4200");
    let id = welt.frame.mandant_id;
    let kunde = |nr: &str, land: &str| {
        let anschrift = json!({"strasse": "Dijk 1", "plz": "9712", "ort": "Groningen", "land": land});
        let events = rechnung_welt::debitor(nr, &json!({"ust_id": "NL123456789B01", "anschrift": anschrift}));
        let mut debitor = aggregates::fibu::Debitor::default();
        for event in events {
            debitor.evolve(event);
        }
        debitor
    };
    welt.setzen(Uuid::new_v5(&id, b"10021"), kunde("10021", "NL"));
    welt.setzen(Uuid::new_v5(&id, b"10022"), kunde("10022", "DE"));
    let zeile = |mehr: Value| {
        let zeile = json!({"artikel_id": ARTIKEL, "menge": "1", "einheit": "t",
            "preis": {"betrag": "100.00", "je": "1", "einheit": "t"}});
        mische(zeile, mehr)
    };
    let schluessel = |nr: &str, mehr: Value| {
        let commands = entwurf(vec![zeile(mehr)], json!({"debitor_nr": nr}));
        let (rechnung, _) = laufen(&welt, Rechnung::default(), commands).unwrap();
        rechnung.positionen[0].schluessel.clone()
    };
    assert_eq!(schluessel("10001", json!({})), "U7");
    assert_eq!(schluessel("10021", json!({})), "UIGL");
    assert_eq!(schluessel("10022", json!({})), "U7", "im Inland geliefert");
    assert_eq!(
        schluessel("10021", json!({"schluessel": "U7"})),
        "U7",
        "wer ihn angibt, entscheidet"
    );
    // Then booking says what the status demands.
    let warnt = |nr: &str| {
        gebucht(
            &welt,
            entwurf(vec![zeile(json!({"schluessel": "U7"}))], json!({"debitor_nr": nr})),
        );
        let warnungen = welt.effects().warnings;
        warnungen.iter().any(|w| w.code == "RECHNUNG_STEUERSCHLUESSEL_STATUS")
    };
    assert!(!warnt("10001"));
    assert!(warnt("10021"));
}

// ---- properties ----

fn zeilen() -> impl Strategy<Value = Vec<(i64, i64, usize, i64)>> {
    prop::collection::vec((1_i64..500_000, 1_i64..5_000_000, 0_usize..3, 0_i64..50), 1..12)
}

proptest! {
    #[test]
    fn positionen_plus_steuer_sind_brutto_und_brutto_ist_das_personenkonto(
        zeilen in zeilen(), fracht in 0_i64..100_000, rabatt in 0_i64..30,
    ) {
        let keys = ["U19", "U7", "UNST"];
        let dezimal = |wert: i64, stellen: u32| rust_decimal::Decimal::new(wert, stellen).to_string();
        let positionen_json = zeilen.iter().map(|(menge, preis, key, nachlass)| {
            position(&dezimal(*menge, 3), &dezimal(*preis, 4), keys[*key], json!({"rabatt": nachlass.to_string()}))
        });
        let mut commands = entwurf(positionen_json.collect(), json!({}));
        if fracht > 0 {
            commands.push(json!({"ZuAbschlagSetzen": {"art": "fracht", "betrag": dezimal(fracht, 2)}}));
        }
        if rabatt > 0 {
            commands.push(json!({"ZuAbschlagSetzen": {"art": "rabatt", "prozent": rabatt.to_string()}}));
        }
        commands.push(buchen());
        let welt = welt();
        let Ok((_, events)) = laufen(&welt, Rechnung::default(), commands) else {
            // Cents that round to nothing make no invoice.
            return Ok(());
        };
        let d = daten(&events);
        let netto: Betrag = d.positionen.iter().map(|p| p.netto).chain(d.zuabschlaege.iter().map(|z| z.wert)).sum();
        prop_assert_eq!(netto, d.netto);
        prop_assert_eq!(d.steuerzeilen.iter().map(|z| z.basis).sum::<Betrag>(), d.netto);
        for z in &d.zuabschlaege {
            prop_assert_eq!(z.anteile.iter().map(|a| a.netto).sum::<Betrag>(), z.wert);
        }
        prop_assert_eq!(d.netto + d.steuer, d.brutto);
        let voucher = voucher(&welt, &events);
        let zeilen = positionen(&voucher);
        prop_assert_eq!((zeilen[0].personenkonto.as_deref(), zeilen[0].betrag), (Some("10001"), d.brutto));
        let steuer: Betrag = zeilen.iter().filter(|p| p.konto.starts_with("38")).map(|p| p.betrag).sum();
        prop_assert_eq!(steuer, d.steuer);
        prop_assert_eq!(zeilen.iter().map(|p| p.seite.signed(p.betrag)).sum::<Betrag>(), Betrag::NULL);
        prop_assert!(zeilen.iter().skip(1).all(|p| p.seite == Seite::Haben));
    }

    #[test]
    fn nummern_sind_lueckenlos_und_folgen_dem_datum(tage in prop::collection::vec((1_u32..10, prop::bool::ANY), 1..30)) {
        let welt = welt();
        let mut nummern: Vec<(i64, chrono::NaiveDate)> = Vec::new();
        for (tag_im_monat, gueltig) in tage {
            let datum = tag(2026, 3, tag_im_monat);
            let mut commands = if gueltig { eine() } else { entwurf(vec![], json!({})) };
            commands.push(json!({"Buchen": {"rechnungsdatum": datum}}));
            match laufen(&welt, Rechnung::default(), commands) {
                Ok((_, events)) => nummern.push((daten(&events).nummer.lfd, datum)),
                Err(refused) => prop_assert!(!gueltig || nummern.last().is_some_and(|(_, letzte)| datum < *letzte), "{refused}"),
            }
        }
        for (erwartet, (lfd, _)) in (1..).zip(&nummern) {
            prop_assert_eq!(erwartet, *lfd);
        }
        prop_assert!(nummern.is_sorted_by_key(|(_, datum)| *datum));
    }
}
