//! Konto: an account of the chart (fibu 1). It holds no balance: balances are ledgers, so that no account is a hot
//! stream.

mod types;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::types::{
    Automatik, GliederungsZuordnung, KontoArt, KontoCommand, KontoError, KontoEvent, KontoFunktion, KontoStatus,
    KontoSteuerregel, KstRegel, SteuerregelEingabe,
};
use super::{
    SteuerSchluessel,
    kontenplan::{Gliederung, Kontenplan},
    vorlage,
};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Betrag, Stufe, Text, zeitlich},
};

/// Folded state; serde gives the columns of `fibu.konto`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Konto {
    /// Number, as long as the chart says.
    pub konto_nr: String,
    /// Name.
    pub bezeichnung: String,
    /// Kind.
    pub art: KontoArt,
    /// What it is for.
    pub funktion: KontoFunktion,
    /// Cost centre rule.
    pub kst_regel: KstRegel,
    /// Status.
    pub status: KontoStatus,
    /// Tax rules, oldest first.
    pub steuerregeln: Vec<KontoSteuerregel>,
    /// Statement lines.
    pub zuordnungen: Vec<GliederungsZuordnung>,
}

crate::wire!(Konto, KontoCommand => KontoEvent | KontoError);

type Refusal = Refused<KontoError>;

impl Konto {
    /// Scope of the number's claim.
    pub const KEY_NR: &'static str = "konto.konto_nr";

    /// The tax rule on a day.
    #[must_use]
    pub fn steuerregel(&self, am: NaiveDate) -> Option<&KontoSteuerregel> {
        zeitlich::am(&self.steuerregeln, am)
    }

    /// True if a line of that day needs a tax key.
    #[must_use]
    pub fn verlangt_schluessel(&self, am: NaiveDate) -> bool {
        self.steuerregel(am).is_some_and(|regel| regel.schluessel_pflicht)
    }

    fn anlegen(command: KontoCommand, ctx: &Context<'_>) -> Decision<Self> {
        let KontoCommand::Anlegen {
            konto_nr,
            bezeichnung,
            art,
            funktion,
            kst_regel,
            steuerregel,
            zuordnungen,
        } = command
        else {
            return Err(Shared::status(KontoStatus::Neu, &["aktiv"]).into());
        };
        let plan = plan(ctx)?;
        let laenge = plan.kontolaenge;
        if konto_nr.len() != usize::from(laenge) || !konto_nr.bytes().all(|b| b.is_ascii_digit()) {
            return Err(KontoError::NrLaenge { laenge }.into());
        }
        let gruppe = plan.gruppe_fuer(&konto_nr);
        let art = art.or_else(|| gruppe.and_then(|g| g.art)).ok_or_else(|| {
            Shared::feld(
                "/art",
                "für diese Nummer gibt es keine Kontengruppe; bitte die Art angeben",
            )
        })?;
        let steuerregel = steuerregel.unwrap_or_else(|| {
            let fester_schluessel = gruppe.and_then(|g| g.fester_schluessel.clone());
            let automatik = fester_schluessel.as_deref().map(vorlage::automatik).unwrap_or_default();
            SteuerregelEingabe {
                automatik,
                fester_schluessel,
                ..SteuerregelEingabe::default()
            }
        });
        let funktion = funktion.unwrap_or_default();
        schluessel_pruefen(&steuerregel, funktion, ctx)?;
        for (index, zuordnung) in zuordnungen.iter().enumerate() {
            zuordnung_pruefen(&plan, art, zuordnung)?;
            // The statement is the key of the assignment.
            if zuordnungen[..index]
                .iter()
                .any(|z| z.gliederung == zuordnung.gliederung)
            {
                let text = "je Gliederung gibt es nur eine Zuordnung";
                return Err(Shared::feld(format!("/zuordnungen/{index}/gliederung"), text).into());
            }
        }
        let regel = if art.ist_erfolg() {
            KstRegel::Erlaubt
        } else {
            KstRegel::Keine
        };
        Ok(vec![KontoEvent::Angelegt {
            konto_nr: konto_nr.to_string(),
            bezeichnung: bezeichnung.to_string(),
            art,
            funktion,
            kst_regel: kst_regel.unwrap_or(regel),
            steuerregel: steuerregel.ab(vorlage::anfang()),
            zuordnungen,
        }])
    }

    fn steuerregel_setzen(&self, ab: NaiveDate, eingabe: SteuerregelEingabe, ctx: &Context<'_>) -> Decision<Self> {
        schluessel_pruefen(&eingabe, self.funktion, ctx)?;
        let letzte = ctx.fact("konto_letzte_buchung", &self.konto_nr)?;
        let letzte: Option<NaiveDate> = letzte.as_str().and_then(|d| d.parse().ok());
        if let Some(letzte_buchung) = letzte.filter(|letzte| ab <= *letzte) {
            return Err(KontoError::SteuerregelRueckwirkend { letzte_buchung }.into());
        }
        Ok(vec![KontoEvent::SteuerregelGesetzt {
            steuerregel: eingabe.ab(ab),
        }])
    }

    fn stilllegen(&self, grund: Option<Text<500>>, ctx: &Context<'_>) -> Decision<Self> {
        let plan = plan(ctx)?;
        if let Some(regel) = plan.regel_auf(&self.konto_nr, ctx.heute()) {
            let zweck: &str = regel.zweck.into();
            return Err(KontoError::InKontenfindung {
                zweck: zweck.to_owned(),
            }
            .into());
        }
        let saldo = ctx.fact("konto_saldo", &self.konto_nr)?;
        // No answer means never posted to; an answer that is no zero amount refuses.
        let saldo = saldo.as_str().unwrap_or("0.00");
        if saldo.parse::<Betrag>() != Ok(Betrag::NULL) {
            return Err(KontoError::SaldoNichtNull {
                saldo: saldo.to_owned(),
            }
            .into());
        }
        Ok(vec![KontoEvent::Stillgelegt {
            grund: grund.map(|g| g.to_string()),
        }])
    }
}

fn plan(ctx: &Context<'_>) -> Result<std::sync::Arc<Kontenplan>, Refusal> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    plan.ok_or_else(|| Shared::feld("", "es gibt noch keinen Kontenplan; zuerst anlegen").into())
}

fn schluessel_pruefen(regel: &SteuerregelEingabe, funktion: KontoFunktion, ctx: &Context<'_>) -> Result<(), Refusal> {
    let automatisch = matches!(regel.automatik, Automatik::Am | Automatik::Av);
    if automatisch != regel.fester_schluessel.is_some() {
        let text = "ein Automatikkonto (am, av) braucht einen festen Schlüssel, andere Konten haben keinen";
        return Err(Shared::feld("/steuerregel/fester_schluessel", text).into());
    }
    // Others have their key already, take none, or are posted to by money, taxes and carry-forwards, which bear none.
    if regel.schluessel_pflicht && (regel.automatik != Automatik::Keine || funktion != KontoFunktion::Sach) {
        let text = "einen Schlüssel verlangen kann nur ein Konto der Funktion sach mit der Automatik keine";
        return Err(Shared::feld("/steuerregel/schluessel_pflicht", text).into());
    }
    for schluessel in regel.alle_schluessel() {
        if ctx.holder(SteuerSchluessel::KEY_CODE, schluessel)?.is_none() {
            return Err(KontoError::SchluesselUnbekannt {
                schluessel: schluessel.clone(),
            }
            .into());
        }
    }
    Ok(())
}

fn zuordnung_pruefen(plan: &Kontenplan, art: KontoArt, zuordnung: &GliederungsZuordnung) -> Result<(), KontoError> {
    let gliederung: &str = zuordnung.gliederung.into();
    let guv = matches!(zuordnung.gliederung, Gliederung::Hgb275 | Gliederung::Bwa);
    if art.ist_erfolg() != guv {
        let art: &str = art.into();
        return Err(KontoError::ArtWiderspruch {
            art: art.to_owned(),
            gliederung: gliederung.to_owned(),
        });
    }
    for zeile in zuordnung.zeile_soll.iter().chain(&zuordnung.zeile_haben) {
        let bekannt = plan
            .gliederungszeilen
            .iter()
            .any(|z| z.gliederung == zuordnung.gliederung && z.schluessel == *zeile);
        if !bekannt {
            let (gliederung, zeile) = (gliederung.to_owned(), zeile.clone());
            return Err(KontoError::GliederungszeileUnbekannt { gliederung, zeile });
        }
    }
    Ok(())
}

impl Aggregate for Konto {
    const NAME: &'static str = "Konto";
    const TYPE: &'static str = "konto";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "konten";
    const CREATE: &'static str = "Anlegen";
    type Command = KontoCommand;
    type Event = KontoEvent;
    type Error = KontoError;

    fn stufe(command: &str) -> Stufe {
        match command {
            "SteuerregelSetzen" => Stufe::Admin,
            _ => Stufe::Write,
        }
    }

    fn decide(&self, command: KontoCommand, ctx: &Context<'_>) -> Decision<Self> {
        use KontoStatus::{Aktiv, Gesperrt, Neu, Stillgelegt};
        match (self.status, command) {
            (Neu, command) => Self::anlegen(command, ctx),
            (Aktiv | Gesperrt, KontoCommand::Umbenennen { bezeichnung, ab }) => {
                let ab = ab.unwrap_or_else(|| ctx.heute());
                Ok(vec![KontoEvent::Umbenannt {
                    bezeichnung: bezeichnung.to_string(),
                    ab,
                }])
            }
            (Aktiv | Gesperrt, KontoCommand::SteuerregelSetzen { ab, steuerregel }) => {
                self.steuerregel_setzen(ab, steuerregel, ctx)
            }
            (Aktiv | Gesperrt, KontoCommand::GliederungZuordnen { zuordnung }) => {
                zuordnung_pruefen(&*plan(ctx)?, self.art, &zuordnung)?;
                Ok(vec![KontoEvent::GliederungZugeordnet { zuordnung }])
            }
            (Aktiv | Gesperrt, KontoCommand::KostenstellenRegelSetzen { kst_regel }) => {
                Ok(vec![KontoEvent::KostenstellenRegelGesetzt { kst_regel }])
            }
            (Aktiv, KontoCommand::Sperren { grund }) => Ok(vec![KontoEvent::Gesperrt {
                grund: grund.to_string(),
            }]),
            (Gesperrt, KontoCommand::Entsperren { grund }) => Ok(vec![KontoEvent::Entsperrt {
                grund: grund.map(|g| g.to_string()),
            }]),
            (Aktiv | Gesperrt, KontoCommand::Stilllegen { grund }) => self.stilllegen(grund, ctx),
            (status, KontoCommand::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, KontoCommand::Entsperren { .. }) => Err(Shared::status(status, &["gesperrt"]).into()),
            (status @ (Gesperrt | Stillgelegt), KontoCommand::Sperren { .. }) => {
                Err(Shared::status(status, &["aktiv"]).into())
            }
            (status, _) => Err(Shared::status(status, &["aktiv", "gesperrt"]).into()),
        }
    }

    fn evolve(&mut self, event: KontoEvent) {
        match event {
            KontoEvent::Angelegt {
                konto_nr,
                bezeichnung,
                art,
                funktion,
                kst_regel,
                steuerregel,
                zuordnungen,
            } => {
                *self = Self {
                    konto_nr,
                    bezeichnung,
                    art,
                    funktion,
                    kst_regel,
                    status: KontoStatus::Aktiv,
                    steuerregeln: vec![steuerregel],
                    zuordnungen,
                };
            }
            KontoEvent::Umbenannt { bezeichnung, .. } => self.bezeichnung = bezeichnung,
            KontoEvent::SteuerregelGesetzt { steuerregel } => {
                zeitlich::setzen(&mut self.steuerregeln, steuerregel);
            }
            KontoEvent::GliederungZugeordnet { zuordnung } => {
                self.zuordnungen.retain(|z| z.gliederung != zuordnung.gliederung);
                self.zuordnungen.push(zuordnung);
            }
            KontoEvent::KostenstellenRegelGesetzt { kst_regel } => self.kst_regel = kst_regel,
            KontoEvent::Gesperrt { .. } => self.status = KontoStatus::Gesperrt,
            KontoEvent::Entsperrt { .. } => self.status = KontoStatus::Aktiv,
            KontoEvent::Stillgelegt { .. } => self.status = KontoStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            KontoStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_NR, "konto_nr", &*self.konto_nr)],
        }
    }

    fn nummer(&self) -> Option<String> {
        Some(self.konto_nr.clone())
    }
}
