//! Which tax key a line takes: the fixed one of its account, else the given one, which the account must allow and may
//! demand (fibu 2, 11).

use super::{
    BuchungError, Buchungsart, Ergebnis,
    erfassen::{Eingabe, Gelesen},
};
use crate::{
    Context, Shared,
    fibu::{
        konto::{Automatik, Konto, KontoArt, KontoSteuerregel},
        steuer_schluessel::{OHNE_STEUER, SteuerSchluessel, SteuerSchluesselStatus},
    },
};

/// Keys of revenue without tax: exempt, not taxable, and what is no revenue at all.
const ERTRAG_OHNE_STEUER: [&str; 3] = ["UFREI", "UNST", OHNE_STEUER];

/// The fixed key of an automatic account.
pub(super) fn fester<'k>(konto: &'k Konto, eingabe: &Eingabe) -> Option<&'k String> {
    konto.steuerregel(eingabe.steuerdatum)?.fester_schluessel.as_ref()
}

/// Which key applies.
pub(super) fn waehlen(
    gelesen: &Gelesen<'_>,
    konto: &Konto,
    eingabe: &Eingabe,
    buchungsart: Buchungsart,
    ctx: &Context<'_>,
) -> Ergebnis<Option<String>> {
    let zeile = gelesen.eingabe;
    let gegeben = zeile.schluessel.as_ref().map(ToString::to_string);
    let unzulaessig = |konto: &str, schluessel: &str, erlaubt: &[String]| BuchungError::SteuerschluesselUnzulaessig {
        konto: konto.to_owned(),
        schluessel: schluessel.to_owned(),
        erlaubt: erlaubt.to_owned(),
    };
    if let (Some(personenkonto), Some(gegeben)) = (&zeile.personenkonto, &gegeben) {
        return Err(unzulaessig(personenkonto, gegeben, &[]).into());
    }
    let regel = konto.steuerregel(eingabe.steuerdatum);
    let fest = fester(konto, eingabe).cloned();
    if zeile.ohne_automatik {
        if fest.is_none() {
            let feld = format!("/zeilen/{}/ohne_automatik", gelesen.nr - 1);
            let text = format!("das Konto {} ist kein Automatikkonto", konto.konto_nr);
            return Err(Shared::feld(feld, text).into());
        }
        if eingabe.grund.is_none() {
            return Err(Shared::GrundFehlt {}.into());
        }
        return Ok(None);
    }
    let Some(regel) = regel else {
        return Ok(gegeben);
    };
    let Some(gegeben) = gegeben else {
        // What was taxed in an earlier year is carried forward as a balance, not as a supply.
        if regel.schluessel_pflicht && buchungsart != Buchungsart::Saldenvortrag {
            return Err(fehlt(konto, regel, ctx)?.into());
        }
        return Ok(fest);
    };
    let erlaubt = match (&fest, regel.automatik) {
        (_, Automatik::Ku) => &[],
        (Some(fest), _) => std::slice::from_ref(fest),
        (None, _) if regel.erlaubte_schluessel.is_empty() => std::slice::from_ref(&gegeben),
        (None, _) => regel.erlaubte_schluessel.as_slice(),
    };
    if !erlaubt.contains(&gegeben) {
        return Err(unzulaessig(&konto.konto_nr, &gegeben, erlaubt).into());
    }
    Ok(Some(gegeben))
}

/// The refusal of a line without a key, with the keys of the company that would do.
fn fehlt(konto: &Konto, regel: &KontoSteuerregel, ctx: &Context<'_>) -> Ergebnis<BuchungError> {
    let erlaubt = &regel.erlaubte_schluessel;
    let kandidaten: &[&str] = match konto.art {
        KontoArt::Ertrag => &ERTRAG_OHNE_STEUER,
        _ => &[OHNE_STEUER],
    };
    let mut ohne_steuer = Vec::with_capacity(kandidaten.len());
    for code in kandidaten.iter().map(|code| (*code).to_owned()) {
        let schluessel = ctx.find::<SteuerSchluessel>(SteuerSchluessel::KEY_CODE, &code)?;
        let aktiv = schluessel.is_some_and(|(_, s)| s.status == SteuerSchluesselStatus::Aktiv);
        if aktiv && (erlaubt.is_empty() || erlaubt.contains(&code)) {
            ohne_steuer.push(code);
        }
    }
    Ok(BuchungError::SteuerschluesselFehlt {
        konto: konto.konto_nr.clone(),
        erlaubt: erlaubt.clone(),
        ohne_steuer,
    })
}
