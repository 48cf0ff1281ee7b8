//! The posting rules: input → accounts → tax → balance → period → number. The number is drawn last, so that no
//! refusal comes after it.

use chrono::{Days, NaiveDate};

use super::{
    BuchungError, BuchungEvent, BuchungsPosition, Buchungsart, Ergebnis, Herkunft, MAX_BETRAG, MAX_VERTEILUNG,
    MAX_ZEILEN, OpBezug, Seite, Uebernahme, VerteilungEingabe, ZeileEingabe, op,
    periode::{buchungsort, nicht_zu_weit_voraus},
    steuer::{self, Steuerfall},
};
use crate::{
    Context, Shared,
    dienste::nummernkreis::{Belegnummer, haus},
    fibu::{
        debitor::Debitor,
        konto::{Konto, KontoFunktion, KontoStatus, KstRegel},
        kreditor::Kreditor,
        partner::{PartnerStatus, ist_debitor},
    },
    types::{Betrag, Dezimal, Text},
};

/// Days after which a voucher counts as recorded late (GoBD: timely; cash the same day, else ten days).
const ZEITGERECHT_TAGE: u64 = 10;

/// The command `Erfassen`, defaults of its head filled in.
pub(super) struct Eingabe {
    pub belegnummer: Option<Belegnummer>,
    pub belegkreis: Text<12>,
    pub belegdatum: NaiveDate,
    pub buchungsdatum: NaiveDate,
    pub steuerdatum: NaiveDate,
    pub periode: Option<u8>,
    pub buchungsart: Option<Buchungsart>,
    pub text: Text<200>,
    pub waehrung: Option<Text<3>>,
    pub beleg: Option<Text<36>>,
    pub grund: Option<Text<500>>,
    pub herkunft: Option<Herkunft>,
    pub zeilen: Vec<ZeileEingabe>,
}

impl From<Uebernahme> for Eingabe {
    fn from(uebernahme: Uebernahme) -> Self {
        Self {
            belegnummer: uebernahme.belegnummer,
            belegkreis: uebernahme.belegkreis,
            belegdatum: uebernahme.belegdatum,
            buchungsdatum: uebernahme.buchungsdatum,
            steuerdatum: uebernahme.steuerdatum.unwrap_or(uebernahme.belegdatum),
            periode: uebernahme.periode,
            buchungsart: uebernahme.buchungsart,
            text: uebernahme.text,
            waehrung: uebernahme.waehrung,
            beleg: uebernahme.beleg,
            grund: uebernahme.grund,
            herkunft: Some(uebernahme.herkunft),
            zeilen: uebernahme.zeilen,
        }
    }
}

/// A part of a cost split in the entered amount.
pub(super) struct Teil {
    pub kst: Option<String>,
    pub ktr: Option<String>,
    pub betrag: Betrag,
}

/// A line whose input was read, before accounts and tax.
pub(super) struct Gelesen<'a> {
    /// Number of the line, from 1.
    pub nr: usize,
    /// The line as entered.
    pub eingabe: &'a ZeileEingabe,
    /// Entered amount.
    pub betrag: Betrag,
    /// Tax stated on the document.
    pub steuerbetrag: Option<Betrag>,
    /// Cost split.
    pub teile: Vec<Teil>,
    /// Open item.
    pub op: Option<OpBezug>,
}

/// A line with its account and tax case.
pub(super) struct Zeile<'a> {
    pub gelesen: Gelesen<'a>,
    /// Account to post; for a personenkonto its Sammelkonto.
    pub konto: String,
    /// Tax case.
    pub steuer: Steuerfall,
    /// A partner with a VAT id on the steuerdatum.
    pub partner_mit_ust_id: bool,
}

impl Zeile<'_> {
    /// Side of the line.
    pub fn seite(&self) -> Seite {
        self.gelesen.eingabe.seite
    }

    /// Number of the Personenkonto, if it is one.
    pub fn personenkonto(&self) -> Option<String> {
        self.gelesen.eingabe.personenkonto.as_ref().map(ToString::to_string)
    }
}

/// Decides a voucher.
pub(super) fn erfassen(mut eingabe: Eingabe, ctx: &Context<'_>) -> Ergebnis<BuchungEvent> {
    if eingabe.herkunft.is_none() {
        // What comes from a document is reasoned there.
        eingabe.grund = ctx.grund(eingabe.grund);
    }
    let buchungsart = kopf_pruefen(&eingabe, ctx)?;
    let gelesen = zeilen_lesen(&eingabe, buchungsart, ctx)?;
    let zeilen = gelesen
        .into_iter()
        .map(|zeile| zeile_aufloesen(zeile, &eingabe, buchungsart, ctx))
        .collect::<Ergebnis<Vec<_>>>()?;
    steuer::steuerkonten_pruefen(&zeilen, ctx)?;
    let positionen = steuer::positionen(&zeilen)?;
    ausgeglichen(&positionen)?;
    let ort = buchungsort(eingabe.buchungsdatum, eingabe.periode, ctx)?;
    warnen(&eingabe, &zeilen, ctx);
    Ok(BuchungEvent::Erfasst {
        belegnummer: match eingabe.belegnummer {
            Some(nummer) => nummer,
            None => ctx.draw(&eingabe.belegkreis, eingabe.buchungsdatum)?,
        },
        belegdatum: eingabe.belegdatum,
        buchungsdatum: eingabe.buchungsdatum,
        geschaeftsjahr_id: ort.geschaeftsjahr_id,
        geschaeftsjahr_beginn: ort.beginn,
        periode: ort.periode,
        steuerdatum: eingabe.steuerdatum,
        buchungsart,
        text: eingabe.text.to_string(),
        waehrung: "EUR".to_owned(),
        beleg: eingabe.beleg.as_ref().map(ToString::to_string),
        grund: eingabe.grund.as_ref().map(ToString::to_string),
        herkunft: eingabe.herkunft,
        positionen,
    })
}

/// Checks the head; gives the kind of the voucher.
fn kopf_pruefen(eingabe: &Eingabe, ctx: &Context<'_>) -> Ergebnis<Buchungsart> {
    if let Some(waehrung) = eingabe.waehrung.as_ref().filter(|w| w.as_str() != "EUR") {
        let waehrung = waehrung.to_string();
        return Err(BuchungError::KursFehlt { waehrung }.into());
    }
    if eingabe.herkunft.is_none() {
        von_hand(eingabe)?;
    }
    let buchungsart = buchungsart(eingabe.periode, eingabe.buchungsart)?;
    if eingabe.beleg.is_none() && eingabe.grund.is_none() && eingabe.herkunft.is_none() {
        return Err(BuchungError::BelegFehlt {}.into());
    }
    nicht_zu_weit_voraus(eingabe.buchungsdatum, "/buchungsdatum", ctx)?;
    let anzahl = eingabe.zeilen.len();
    if anzahl < 2 {
        return Err(BuchungError::ZuWenigZeilen { anzahl }.into());
    }
    if anzahl > MAX_ZEILEN {
        let text = format!("{anzahl} Zeilen; höchstens {MAX_ZEILEN} sind erlaubt, die Buchung teilen");
        return Err(Shared::feld("/zeilen", text).into());
    }
    Ok(buchungsart)
}

/// What a person enters bears no number of a document of the house, and is none of the kinds that only such documents
/// bring about (spec/README section 6).
fn von_hand(eingabe: &Eingabe) -> Result<(), Shared> {
    if !haus::von_hand(&eingabe.belegkreis) {
        let text = format!(
            "die Nummern des Kreises {} vergeben nur die Belege, für die er da ist; von Hand mit BK, KA, MB, UM oder einem \
             eigenen Kreis buchen",
            eingabe.belegkreis
        );
        return Err(Shared::feld("/belegkreis", text));
    }
    match eingabe.buchungsart {
        Some(
            art @ (Buchungsart::Abrechnung
            | Buchungsart::Ausgleich
            | Buchungsart::Warenbewegung
            | Buchungsart::Kursbewertung),
        ) => {
            let art: &'static str = art.into();
            let text = format!("eine Buchung der Art {art} entsteht nur mit ihrem Vorgang; von Hand geht manuell");
            Err(Shared::feld("/buchungsart", text))
        }
        _ => Ok(()),
    }
}

/// Period 0 takes only opening balances, period 13 only closing entries (fibu 7); both must be named.
fn buchungsart(periode: Option<u8>, art: Option<Buchungsart>) -> Result<Buchungsart, Shared> {
    let art_falsch = |text: &str| Err(Shared::feld("/buchungsart", text));
    match (periode, art) {
        (_, Some(Buchungsart::Generalumkehr)) => art_falsch("eine Generalumkehr entsteht nur durch Stornieren"),
        (Some(0), None | Some(Buchungsart::Saldenvortrag)) => Ok(Buchungsart::Saldenvortrag),
        (Some(0), _) => art_falsch("die Periode 0 nimmt nur die Buchungsart saldenvortrag auf"),
        (Some(13), None | Some(Buchungsart::Abschluss)) => Ok(Buchungsart::Abschluss),
        (Some(13), _) => art_falsch("die Periode 13 nimmt nur die Buchungsart abschluss auf"),
        (Some(_), _) => Err(Shared::feld(
            "/periode",
            "nur 0 und 13 werden genannt; die Perioden 1 bis 12 folgen aus dem Buchungsdatum",
        )),
        // Outside period 0 it would change balances of Personenkonten without an open item.
        (None, Some(Buchungsart::Saldenvortrag)) => art_falsch("ein Saldenvortrag gehört in die Periode 0"),
        (None, art) => Ok(art.unwrap_or_default()),
    }
}

/// Reads the input of all lines.
fn zeilen_lesen<'a>(eingabe: &'a Eingabe, buchungsart: Buchungsart, ctx: &Context<'_>) -> Ergebnis<Vec<Gelesen<'a>>> {
    let zeilen = eingabe.zeilen.iter().enumerate();
    let gelesen = zeilen
        .map(|(index, zeile)| zeile_lesen(index, zeile, eingabe.belegdatum, buchungsart, ctx))
        .collect::<Ergebnis<Vec<_>>>()?;
    summen_begrenzen(&gelesen)?;
    Ok(gelesen)
}

/// Refuses the line with which a side exceeds what one voucher may hold.
fn summen_begrenzen(zeilen: &[Gelesen<'_>]) -> Result<(), BuchungError> {
    let (mut soll, mut haben) = (Betrag::NULL, Betrag::NULL);
    for zeile in zeilen {
        let summe = match zeile.eingabe.seite {
            Seite::Soll => &mut soll,
            Seite::Haben => &mut haben,
        };
        *summe += zeile.betrag;
        if *summe > MAX_BETRAG {
            return Err(BuchungError::BetragUngueltig { zeile: zeile.nr });
        }
    }
    Ok(())
}

fn zeile_lesen<'a>(
    index: usize,
    zeile: &'a ZeileEingabe,
    belegdatum: NaiveDate,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<Gelesen<'a>> {
    let nr = index + 1;
    let feld = |name: &str, text: &str| Shared::feld(format!("/zeilen/{index}/{name}"), text);
    if zeile.konto.is_some() == zeile.personenkonto.is_some() {
        return Err(feld("konto", "genau eines von konto und personenkonto ist nötig").into());
    }
    if zeile.ohne_automatik && (zeile.schluessel.is_some() || zeile.personenkonto.is_some()) {
        let text = "nur auf einem Automatikkonto und ohne Steuerschlüssel möglich";
        return Err(feld("ohne_automatik", text).into());
    }
    let ungueltig = || BuchungError::BetragUngueltig { zeile: nr };
    let betrag = positiv(zeile.betrag).ok_or_else(ungueltig)?;
    let steuerbetrag = match zeile.steuerbetrag {
        Some(stated) => Some(
            Betrag::exact(stated)
                .filter(|b| (Betrag::NULL..=MAX_BETRAG).contains(b))
                .ok_or_else(ungueltig)?,
        ),
        None => None,
    };
    let op = match (&zeile.personenkonto, &zeile.op) {
        (None, Some(_)) => return Err(feld("op", "nur bei einem Personenkonto möglich").into()),
        (None, None) => None,
        (Some(_), Some(_)) if buchungsart == Buchungsart::Saldenvortrag => {
            return Err(feld("op", "ein Saldenvortrag eröffnet keinen offenen Posten").into());
        }
        (Some(konto), op) => Some(op::bezug(
            index,
            konto,
            zeile.seite,
            op.as_ref(),
            belegdatum,
            buchungsart,
            ctx,
        )?),
    };
    Ok(Gelesen {
        nr,
        eingabe: zeile,
        betrag,
        steuerbetrag,
        teile: teile_lesen(index, zeile, betrag)?,
        op,
    })
}

fn positiv(betrag: Dezimal) -> Option<Betrag> {
    Betrag::exact(betrag).filter(|b| *b > Betrag::NULL && *b <= MAX_BETRAG)
}

/// The cost split in the entered amount: kst and ktr of the line, or its verteilung.
fn teile_lesen(index: usize, zeile: &ZeileEingabe, betrag: Betrag) -> Ergebnis<Vec<Teil>> {
    let feld = |text: String| Shared::feld(format!("/zeilen/{index}/verteilung"), text);
    let text = |wert: &Option<Text<20>>| wert.as_ref().map(ToString::to_string);
    if zeile.verteilung.is_empty() {
        if zeile.kst.is_none() && zeile.ktr.is_none() {
            return Ok(Vec::new());
        }
        return Ok(vec![Teil {
            kst: text(&zeile.kst),
            ktr: text(&zeile.ktr),
            betrag,
        }]);
    }
    if zeile.kst.is_some() || zeile.ktr.is_some() {
        return Err(feld("entweder kst/ktr oder verteilung, nicht beides".to_owned()).into());
    }
    if zeile.verteilung.len() > MAX_VERTEILUNG {
        return Err(feld(format!("höchstens {MAX_VERTEILUNG} Teile sind erlaubt")).into());
    }
    let teil = |teil: &VerteilungEingabe| {
        if teil.kst.is_none() && teil.ktr.is_none() {
            return Err(feld("jeder Teil braucht kst oder ktr".to_owned()).into());
        }
        Ok(Teil {
            kst: text(&teil.kst),
            ktr: text(&teil.ktr),
            betrag: positiv(teil.betrag).ok_or(BuchungError::BetragUngueltig { zeile: index + 1 })?,
        })
    };
    let teile = zeile.verteilung.iter().map(teil).collect::<Ergebnis<Vec<_>>>()?;
    let summe: Betrag = teile.iter().map(|t| t.betrag).sum();
    if summe != betrag {
        return Err(feld(format!("die Teile ergeben {summe}, die Zeile {betrag}")).into());
    }
    Ok(teile)
}

/// Finds account and tax case of a line.
fn zeile_aufloesen<'a>(
    gelesen: Gelesen<'a>,
    eingabe: &Eingabe,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<Zeile<'a>> {
    let zeile = gelesen.eingabe;
    let (nr, partner_mit_ust_id) = match (&zeile.konto, &zeile.personenkonto) {
        (_, Some(nr)) => sammelkonto(nr, zeile.seite, eingabe.steuerdatum, buchungsart, ctx)?,
        (konto, None) => (konto.as_ref().map(ToString::to_string).unwrap_or_default(), false),
    };
    let konto = bebuchbar(&nr, ctx)?;
    if zeile.konto.is_some() && ist_sammelkonto(konto.funktion) {
        return Err(BuchungError::SammelkontoDirekt { konto: nr }.into());
    }
    let steuer = steuer::steuerfall(&gelesen, &konto, eingabe, buchungsart, ctx)?;
    kostenstelle_pruefen(&gelesen.teile, &konto)?;
    Ok(Zeile {
        gelesen,
        konto: nr,
        steuer,
        partner_mit_ust_id,
    })
}

fn ist_sammelkonto(funktion: KontoFunktion) -> bool {
    matches!(funktion, KontoFunktion::SammelDebitor | KontoFunktion::SammelKreditor)
}

/// An account that exists and takes postings.
pub(super) fn bebuchbar(nr: &str, ctx: &Context<'_>) -> Ergebnis<std::sync::Arc<Konto>> {
    let konto = || nr.to_owned();
    let Some((_, gefunden)) = ctx.find::<Konto>(Konto::KEY_NR, nr)? else {
        return Err(BuchungError::KontoUnbekannt { konto: konto() }.into());
    };
    match gefunden.status {
        KontoStatus::Aktiv => Ok(gefunden),
        KontoStatus::Gesperrt | KontoStatus::Stillgelegt => Err(BuchungError::KontoGesperrt { konto: konto() }.into()),
        KontoStatus::Neu => Err(BuchungError::KontoUnbekannt { konto: konto() }.into()),
    }
}

/// The Sammelkonto of a Personenkonto, and whether the partner has a VAT id. 1 to 6 are Debitoren, 7 to 9 Kreditoren.
fn sammelkonto(
    nr: &str,
    seite: Seite,
    steuerdatum: NaiveDate,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<(String, bool)> {
    // A lock of the partner means: no new invoice. Payments, settlements and credits go on.
    let neue_rechnung = matches!(
        (buchungsart, seite),
        (Buchungsart::Rechnung, Seite::Soll) | (Buchungsart::Eingangsrechnung, Seite::Haben)
    );
    let gesperrt = |status: PartnerStatus| match status {
        PartnerStatus::Gesperrt => neue_rechnung,
        PartnerStatus::Geschlossen => true,
        PartnerStatus::Neu | PartnerStatus::Aktiv => false,
    };
    if ist_debitor(nr) {
        if let Some((_, debitor)) = ctx.find::<Debitor>(Debitor::KEY_NR, nr)? {
            if gesperrt(debitor.konto.status) {
                return Err(BuchungError::DebitorGesperrt { nr: nr.to_owned() }.into());
            }
            return Ok((
                debitor.konto.sammelkonto.clone(),
                debitor.konto.ust_id_am(steuerdatum).is_some(),
            ));
        }
    } else if let Some((_, kreditor)) = ctx.find::<Kreditor>(Kreditor::KEY_NR, nr)? {
        if gesperrt(kreditor.konto.status) {
            return Err(BuchungError::KreditorGesperrt { nr: nr.to_owned() }.into());
        }
        return Ok((
            kreditor.konto.sammelkonto.clone(),
            kreditor.konto.ust_id_am(steuerdatum).is_some(),
        ));
    }
    Err(BuchungError::KontoUnbekannt { konto: nr.to_owned() }.into())
}

fn kostenstelle_pruefen(teile: &[Teil], konto: &Konto) -> Result<(), BuchungError> {
    let nr = || konto.konto_nr.clone();
    match konto.kst_regel {
        KstRegel::Keine if !teile.is_empty() => Err(BuchungError::KostenstelleUnzulaessig { konto: nr() }),
        KstRegel::Pflicht if teile.is_empty() || teile.iter().any(|t| t.kst.is_none()) => {
            Err(BuchungError::KostenstelleFehlt { konto: nr() })
        }
        KstRegel::Keine | KstRegel::Erlaubt | KstRegel::Pflicht => Ok(()),
    }
}

fn ausgeglichen(positionen: &[BuchungsPosition]) -> Result<(), BuchungError> {
    let differenz: Betrag = positionen.iter().map(|p| p.seite.signed(p.betrag)).sum();
    if differenz.is_null() {
        Ok(())
    } else {
        Err(BuchungError::NichtAusgeglichen { differenz })
    }
}

fn warnen(eingabe: &Eingabe, zeilen: &[Zeile<'_>], ctx: &Context<'_>) {
    let ust_id_noetig = zeilen.iter().find_map(|z| z.steuer.ust_id_pflicht());
    if let Some(schluessel) = ust_id_noetig
        && !zeilen.iter().any(|z| z.partner_mit_ust_id)
    {
        let text =
            format!("der Steuerschlüssel {schluessel} verlangt eine USt-IdNr. des Partners; es ist keine bekannt");
        ctx.warn("UST_ID_FEHLT", text);
    }
    let rechtzeitig = eingabe.buchungsdatum.checked_add_days(Days::new(ZEITGERECHT_TAGE));
    if rechtzeitig.is_some_and(|bis| bis < ctx.heute()) {
        let text = format!("die Buchung wird mehr als {ZEITGERECHT_TAGE} Tage nach dem Buchungsdatum erfasst (GoBD)");
        ctx.warn("BUCHUNG_SPAET", text);
    }
}
