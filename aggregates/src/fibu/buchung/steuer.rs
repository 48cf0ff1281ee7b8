//! Tax automation: what the key of a line brings about, and the lines it generates (fibu 2, 8). Tax is computed once per key and
//! voucher on the sum of its lines, rounded commercially, and booked as one line per key, side and tax account.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{
    Betragsart, BuchungError, BuchungsPosition, Buchungsart, Ergebnis, Kontierung, Seite, Steuerrolle,
    erfassen::{Eingabe, Gelesen, Teil, Zeile, bebuchbar},
    schluessel,
};
use crate::{
    Context,
    fibu::{
        konto::{Konto, KontoFunktion},
        steuer_schluessel::{Richtung, SteuerSchluessel, SteuerSchluesselStatus},
    },
    types::{Betrag, Satz},
};

/// How far a stated tax may be from the computed one, per key: 0.05 EUR (fibu 2).
pub(in crate::fibu) const STEUER_TOLERANZ: Betrag = Betrag::cent(5);

/// A tax account and the side it takes, seen from its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steuerkonto {
    pub konto: String,
    /// True for the side of the base.
    pub seite_der_basis: bool,
}

/// What tax does with a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Steuerfall {
    /// Nothing.
    Keiner,
    /// The line is itself tax of a key.
    Steuer {
        schluessel: String,
        satz: Option<Satz>,
        ust_id_pflicht: bool,
    },
    /// The line is the base of a key.
    Basis {
        schluessel: String,
        /// `None` for what is not taxable at all.
        satz: Option<Satz>,
        /// True if a gross amount contains the tax; RC and IGE are always net.
        enthalten: bool,
        /// Accounts of the generated lines; none at 0 %.
        konten: Vec<Steuerkonto>,
        ust_id_pflicht: bool,
    },
}

impl Steuerfall {
    /// The key, if it demands a VAT id of the partner.
    pub(super) fn ust_id_pflicht(&self) -> Option<&str> {
        match self {
            Self::Steuer {
                schluessel,
                ust_id_pflicht: true,
                ..
            }
            | Self::Basis {
                schluessel,
                ust_id_pflicht: true,
                ..
            } => Some(schluessel),
            _ => None,
        }
    }
}

/// The tax case of a line: the account's fixed key always, else the given one if the account allows it.
pub(super) fn steuerfall(
    gelesen: &Gelesen<'_>,
    konto: &Konto,
    eingabe: &Eingabe,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<Steuerfall> {
    let Some(schluessel) = schluessel::waehlen(gelesen, konto, eingabe, buchungsart, ctx)? else {
        if konto.funktion == KontoFunktion::Steuer {
            von_hand_erlaubt(konto, eingabe, ctx)?;
        }
        return Ok(Steuerfall::Keiner);
    };
    let Some((_, definition)) = ctx.find::<SteuerSchluessel>(SteuerSchluessel::KEY_CODE, &schluessel)? else {
        return Err(BuchungError::SchluesselUnbekannt { schluessel }.into());
    };
    if definition.status != SteuerSchluesselStatus::Aktiv {
        return Err(BuchungError::SchluesselStillgelegt {
            fest: schluessel::fester(konto, eingabe) == Some(&definition.code),
            konto: konto.konto_nr.clone(),
            schluessel,
        }
        .into());
    }
    if konto.funktion == KontoFunktion::Steuer {
        let seine_konten = || [&definition.konto_ust, &definition.konto_vst].into_iter().flatten();
        let sein_konto = seine_konten().any(|nr| *nr == konto.konto_nr);
        // Keys with an amount instead of a rate (EUST, U14C) are posted on their own tax account directly.
        if !(sein_konto && definition.saetze.is_empty()) {
            von_hand_erlaubt(konto, eingabe, ctx)?;
        }
        if !sein_konto {
            return Err(BuchungError::FremdesSteuerkonto {
                konto: konto.konto_nr.clone(),
                schluessel,
                steuerkonten: seine_konten().cloned().collect(),
            }
            .into());
        }
        return Ok(Steuerfall::Steuer {
            schluessel: definition.code.clone(),
            satz: definition.satz(gelesen.eingabe.satzdatum.unwrap_or(eingabe.steuerdatum)),
            ust_id_pflicht: definition.ust_id_pflicht,
        });
    }
    basis(&definition, gelesen.eingabe.satzdatum.unwrap_or(eingabe.steuerdatum)).map_err(Into::into)
}

/// Tax accounts by hand: only with the special right and a reason.
fn von_hand_erlaubt(konto: &Konto, eingabe: &Eingabe, ctx: &Context<'_>) -> Result<(), BuchungError> {
    if ctx.darf("fibu.steuer_manuell") && eingabe.grund.is_some() {
        return Ok(());
    }
    Err(BuchungError::SteuerkontoDirekt {
        konto: konto.konto_nr.clone(),
    })
}

/// The base of a key with its rate on a day and the accounts of its tax.
fn basis(definition: &SteuerSchluessel, satzdatum: NaiveDate) -> Result<Steuerfall, BuchungError> {
    let schluessel = definition.code.clone();
    let satz = definition.satz(satzdatum);
    if satz.is_none() && definition.richtung != Richtung::Ohne {
        return Err(BuchungError::SatzFehlt {
            schluessel,
            steuerdatum: satzdatum,
        });
    }
    let konto = |nr: &Option<String>, zweck: &str, seite_der_basis: bool| match nr {
        Some(konto) => Ok(Steuerkonto {
            konto: konto.clone(),
            seite_der_basis,
        }),
        None => Err(BuchungError::KontenfindungFehlt {
            zweck: zweck.to_owned(),
            schluessel: definition.code.clone(),
        }),
    };
    let steuerpflichtig = satz.is_some_and(|s| !s.as_percent().is_zero());
    let (ust, vst) = (&definition.konto_ust, &definition.konto_vst);
    let konten = match definition.richtung {
        _ if !steuerpflichtig => Vec::new(),
        Richtung::Ohne => Vec::new(),
        Richtung::Umsatz => vec![konto(ust, "umsatzsteuer", true)?],
        Richtung::Vorsteuer => vec![konto(vst, "vorsteuer", true)?],
        // The recipient owes the tax and deducts it: both lines from one base.
        Richtung::Beide => vec![konto(ust, "umsatzsteuer", false)?, konto(vst, "vorsteuer", true)?],
    };
    Ok(Steuerfall::Basis {
        schluessel,
        satz,
        enthalten: steuerpflichtig && matches!(definition.richtung, Richtung::Umsatz | Richtung::Vorsteuer),
        konten,
        ust_id_pflicht: definition.ust_id_pflicht,
    })
}

/// The accounts of the generated lines must exist and take postings.
pub(super) fn steuerkonten_pruefen(zeilen: &[Zeile<'_>], ctx: &Context<'_>) -> Ergebnis<()> {
    for zeile in zeilen {
        if let Steuerfall::Basis { konten, .. } = &zeile.steuer {
            for konto in konten {
                bebuchbar(&konto.konto, ctx)?;
            }
        }
    }
    Ok(())
}

/// Lines of one key and side: taxed together.
struct Gruppe {
    /// Indices of its lines.
    zeilen: Vec<usize>,
    /// The tax, computed or stated.
    steuer: Betrag,
}

/// All positions: the base lines with their net amounts, each key's tax behind the last line of the key.
pub(super) fn positionen(zeilen: &[Zeile<'_>]) -> Ergebnis<Vec<BuchungsPosition>> {
    ohne_basis_keine_steuer(zeilen)?;
    let mut netto: Vec<Betrag> = zeilen.iter().map(|z| z.gelesen.betrag).collect();
    let gruppen = gruppieren(zeilen)
        .into_iter()
        .map(|indices| besteuern(indices, zeilen, &mut netto))
        .collect::<Ergebnis<Vec<_>>>()?;
    let mut positionen = Vec::with_capacity(zeilen.len() + 2 * gruppen.len());
    let mut erfasst = Vec::with_capacity(positionen.capacity());
    for (index, (zeile, netto)) in zeilen.iter().zip(&netto).enumerate() {
        // A line of cents can lose all of its net to a neighbour when the net is distributed.
        if *netto <= Betrag::NULL {
            let zeile = zeile.gelesen.nr;
            return Err(BuchungError::BetragUngueltig { zeile }.into());
        }
        positionen.push(basisposition(zeile, *netto));
        erfasst.push(true);
        for gruppe in gruppen.iter().filter(|g| g.zeilen.last() == Some(&index)) {
            let steuer = steuerpositionen(zeile, gruppe.steuer);
            erfasst.extend(steuer.iter().map(|_| false));
            positionen.extend(steuer);
        }
    }
    gegenkonten(&mut positionen, &erfasst);
    for (nr, position) in (1..).zip(&mut positionen) {
        position.nr = nr;
    }
    Ok(positionen)
}

/// A stated tax on a line that is no base would be lost.
fn ohne_basis_keine_steuer(zeilen: &[Zeile<'_>]) -> Result<(), BuchungError> {
    let ohne_basis = zeilen.iter().filter(|z| !matches!(z.steuer, Steuerfall::Basis { .. }));
    let angabe = ohne_basis
        .filter_map(|z| z.gelesen.steuerbetrag)
        .find(|steuer| !steuer.is_null());
    match angabe {
        Some(ist) => Err(BuchungError::SteuerbetragAbweichend {
            soll: Betrag::NULL,
            ist,
        }),
        None => Ok(()),
    }
}

/// What lines that are taxed together share: key, rate and side.
type Merkmal<'a> = (&'a str, Option<Satz>, Seite);

/// Groups the base lines by key, rate and side, in the order of their first line.
fn gruppieren(zeilen: &[Zeile<'_>]) -> Vec<Vec<usize>> {
    let mut gruppen: Vec<(Merkmal<'_>, Vec<usize>)> = Vec::new();
    for (index, zeile) in zeilen.iter().enumerate() {
        let Steuerfall::Basis { schluessel, satz, .. } = &zeile.steuer else {
            continue;
        };
        let merkmal = (schluessel.as_str(), *satz, zeile.seite());
        match gruppen.iter_mut().find(|(m, _)| *m == merkmal) {
            Some((_, indices)) => indices.push(index),
            None => gruppen.push((merkmal, vec![index])),
        }
    }
    gruppen.into_iter().map(|(_, indices)| indices).collect()
}

/// Computes the tax of a group on the sum of its lines and sets the nets of its gross lines.
fn besteuern(indices: Vec<usize>, zeilen: &[Zeile<'_>], netto: &mut [Betrag]) -> Ergebnis<Gruppe> {
    let ungueltig = |index: usize| BuchungError::BetragUngueltig {
        zeile: zeilen[index].gelesen.nr,
    };
    let erste = indices[0];
    let Steuerfall::Basis { satz, enthalten, .. } = &zeilen[erste].steuer else {
        return Err(ungueltig(erste).into());
    };
    let faktor = satz.map_or(Decimal::ZERO, Satz::factor);
    let ist_brutto = |index: &usize| {
        *enthalten && zeilen[*index].gelesen.eingabe.betragsart.unwrap_or_default() == Betragsart::Brutto
    };
    let summe = |indices: &[usize]| -> Betrag { indices.iter().map(|i| zeilen[*i].gelesen.betrag).sum() };
    let (brutto, ohne_steuer): (Vec<usize>, Vec<usize>) = indices.iter().copied().partition(ist_brutto);

    let auf_netto = Betrag::rounded(summe(&ohne_steuer).as_decimal() * faktor).ok_or_else(|| ungueltig(erste))?;
    let brutto_summe = summe(&brutto);
    let brutto_netto =
        Betrag::rounded(brutto_summe.as_decimal() / (Decimal::ONE + faktor)).ok_or_else(|| ungueltig(erste))?;
    let errechnet = auf_netto + (brutto_summe - brutto_netto);
    let steuer = angegeben(&indices, zeilen, errechnet, !faktor.is_zero())?.unwrap_or(errechnet);

    // Net of the gross lines is what the tax leaves of them; the tax on net lines comes on top.
    let anteil = brutto_summe - (steuer - auf_netto);
    let gewichte: Vec<i64> = brutto.iter().map(|i| zeilen[*i].gelesen.betrag.as_cent()).collect();
    for (index, teil) in brutto.iter().zip(anteil.split(&gewichte)) {
        netto[*index] = teil;
    }
    Ok(Gruppe {
        zeilen: indices,
        steuer,
    })
}

/// The tax stated on the document for a group, if it is close enough to the computed one.
fn angegeben(
    indices: &[usize],
    zeilen: &[Zeile<'_>],
    soll: Betrag,
    steuerpflichtig: bool,
) -> Result<Option<Betrag>, BuchungError> {
    let angaben: Vec<Betrag> = indices.iter().filter_map(|i| zeilen[*i].gelesen.steuerbetrag).collect();
    if angaben.is_empty() {
        return Ok(None);
    }
    let ist: Betrag = angaben.into_iter().sum();
    let toleranz = if steuerpflichtig { STEUER_TOLERANZ } else { Betrag::NULL };
    if (ist - soll).abs() > toleranz {
        return Err(BuchungError::SteuerbetragAbweichend { soll, ist });
    }
    Ok(Some(ist))
}

/// The position of an entered line.
fn basisposition(zeile: &Zeile<'_>, netto: Betrag) -> BuchungsPosition {
    let (steuerschluessel, steuersatz, steuerrolle) = match &zeile.steuer {
        Steuerfall::Keiner => (None, None, Steuerrolle::Keine),
        Steuerfall::Steuer { schluessel, satz, .. } => (Some(schluessel.clone()), *satz, Steuerrolle::Steuer),
        Steuerfall::Basis { schluessel, satz, .. } => (Some(schluessel.clone()), *satz, Steuerrolle::Basis),
    };
    BuchungsPosition {
        nr: 0,
        konto: zeile.konto.clone(),
        personenkonto: zeile.personenkonto(),
        seite: zeile.seite(),
        betrag: netto,
        steuerschluessel,
        steuersatz,
        steuerrolle,
        kontierung: kontierung(&zeile.gelesen.teile, netto),
        op_bezug: zeile.gelesen.op.clone(),
        gegenkonto: None,
        text: zeile.gelesen.eingabe.text.as_ref().map(ToString::to_string),
    }
}

/// The generated lines of a group; `zeile` is any of its lines.
fn steuerpositionen(zeile: &Zeile<'_>, steuer: Betrag) -> Vec<BuchungsPosition> {
    let Steuerfall::Basis {
        schluessel,
        satz,
        konten,
        ..
    } = &zeile.steuer
    else {
        return Vec::new();
    };
    if steuer.is_null() {
        return Vec::new();
    }
    let position = |konto: &Steuerkonto| BuchungsPosition {
        nr: 0,
        konto: konto.konto.clone(),
        personenkonto: None,
        seite: if konto.seite_der_basis {
            zeile.seite()
        } else {
            zeile.seite().gegenseite()
        },
        betrag: steuer,
        steuerschluessel: Some(schluessel.clone()),
        steuersatz: *satz,
        steuerrolle: Steuerrolle::Steuer,
        kontierung: Vec::new(),
        op_bezug: None,
        gegenkonto: None,
        text: None,
    };
    konten.iter().map(position).collect()
}

/// Brings a cost split from the entered amount to the posted one; parts that shrink to nothing fall away.
fn kontierung(teile: &[Teil], betrag: Betrag) -> Vec<Kontierung> {
    let gewichte: Vec<i64> = teile.iter().map(|t| t.betrag.as_cent()).collect();
    let anteile = betrag.split(&gewichte);
    let gefuellt = teile.iter().zip(anteile).filter(|(_, anteil)| !anteil.is_null());
    (1..)
        .zip(gefuellt)
        .map(|(lfd, (teil, anteil))| Kontierung {
            lfd,
            kst: teil.kst.clone(),
            ktr: teil.ktr.clone(),
            betrag: anteil,
        })
        .collect()
}

/// Names the other account where the other side has just one entered line; generated tax lines do not count.
fn gegenkonten(positionen: &mut [BuchungsPosition], erfasst: &[bool]) {
    let einzige = |seite: Seite| {
        let mut auf_seite = positionen
            .iter()
            .zip(erfasst)
            .filter(|(p, erfasst)| **erfasst && p.seite == seite);
        match (auf_seite.next(), auf_seite.next()) {
            (Some((position, _)), None) => position.personenkonto.clone().or_else(|| Some(position.konto.clone())),
            _ => None,
        }
    };
    let (soll, haben) = (einzige(Seite::Soll), einzige(Seite::Haben));
    for position in positionen {
        position.gegenkonto = match position.seite {
            Seite::Soll => haben.clone(),
            Seite::Haben => soll.clone(),
        };
    }
}
