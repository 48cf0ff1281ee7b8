//! Konto: an account of the chart (fibu 1). It holds no balance: balances are ledgers, so that no account is a hot
//! stream.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    SteuerSchluessel,
    kontenplan::{Gliederung, Kontenplan},
    vorlage,
};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Betrag, Stufe, Text, Zeitlich, zeitlich},
};

/// Kind of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoArt {
    /// Assets.
    #[default]
    Aktiv,
    /// Liabilities.
    Passiv,
    /// Equity.
    Eigenkapital,
    /// Income.
    Ertrag,
    /// Expense.
    Aufwand,
    /// Statistic and carry-forward accounts.
    Statistik,
}

impl KontoArt {
    /// True for accounts of the profit and loss statement.
    #[must_use]
    pub fn ist_erfolg(self) -> bool {
        matches!(self, Self::Ertrag | Self::Aufwand)
    }
}

/// What an account is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoFunktion {
    /// Plain.
    #[default]
    Sach,
    /// Collects the Debitoren; posted to through them only.
    SammelDebitor,
    /// Collects the Kreditoren.
    SammelKreditor,
    /// Tax; posted to by the tax automation only.
    Steuer,
    /// Money.
    Geld,
    /// Carry-forward.
    Vortrag,
}

/// Whether lines need a cost centre.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KstRegel {
    /// None allowed.
    #[default]
    Keine,
    /// Allowed.
    Erlaubt,
    /// Required.
    Pflicht,
}

/// Status of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KontoStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// May be posted to.
    Aktiv,
    /// Locked for a while.
    Gesperrt,
    /// Out of use for good.
    Stillgelegt,
}

/// Automatic tax of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Automatik {
    /// Automatic VAT (Mehrwertsteuer).
    Am,
    /// Automatic input tax (Vorsteuer).
    Av,
    /// No automation: the key is given.
    #[default]
    Keine,
    /// No tax possible (keine Umsatzsteuer).
    Ku,
}

/// The tax rule of an account from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KontoSteuerregel {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// Automatic tax.
    pub automatik: Automatik,
    /// The key of an automatic account; no other is allowed.
    pub fester_schluessel: Option<String>,
    /// Allowed keys; empty means every key.
    pub erlaubte_schluessel: Vec<String>,
    /// Proposed to people at entry; postings never apply it by themselves.
    pub vorschlag_schluessel: Option<String>,
}

impl Zeitlich for KontoSteuerregel {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// A tax rule as a command brings it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SteuerregelEingabe {
    /// Automatic tax.
    #[serde(default)]
    pub automatik: Automatik,
    /// The key of an automatic account.
    pub fester_schluessel: Option<String>,
    /// Allowed keys; empty means every key.
    #[serde(default)]
    pub erlaubte_schluessel: Vec<String>,
    /// Proposed at entry.
    pub vorschlag_schluessel: Option<String>,
}

impl SteuerregelEingabe {
    fn ab(self, gueltig_ab: NaiveDate) -> KontoSteuerregel {
        KontoSteuerregel {
            gueltig_ab,
            automatik: self.automatik,
            fester_schluessel: self.fester_schluessel,
            erlaubte_schluessel: self.erlaubte_schluessel,
            vorschlag_schluessel: self.vorschlag_schluessel,
        }
    }

    fn alle_schluessel(&self) -> impl Iterator<Item = &String> {
        self.fester_schluessel
            .iter()
            .chain(&self.erlaubte_schluessel)
            .chain(&self.vorschlag_schluessel)
    }
}

/// Side-dependent line of a statement (Wechselkonto).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GliederungsZuordnung {
    /// Statement.
    pub gliederung: Gliederung,
    /// Line for a Soll balance.
    pub zeile_soll: Option<String>,
    /// Line for a Haben balance.
    pub zeile_haben: Option<String>,
}

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

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontoCommand {
    /// Creates an account. What is absent comes from the chart's range for the number.
    Anlegen {
        /// Number, as long as the chart says, with leading zeros.
        konto_nr: Text<8>,
        /// Name.
        bezeichnung: Text<100>,
        /// Kind; absent: of the range.
        art: Option<KontoArt>,
        /// What it is for; absent: plain.
        funktion: Option<KontoFunktion>,
        /// Cost centre rule; absent: allowed on income and expense.
        kst_regel: Option<KstRegel>,
        /// Tax rule; absent: of the range.
        steuerregel: Option<SteuerregelEingabe>,
        /// Statement lines.
        #[serde(default)]
        zuordnungen: Vec<GliederungsZuordnung>,
    },
    /// Changes the name; reports show the name as of `bekannt_am`.
    Umbenennen {
        /// New name.
        bezeichnung: Text<100>,
        /// From this day on (for people; the log knows when it was recorded).
        ab: Option<NaiveDate>,
    },
    /// A new tax rule from a day after the last posting.
    SteuerregelSetzen {
        /// First day.
        ab: NaiveDate,
        /// The rule.
        steuerregel: SteuerregelEingabe,
    },
    /// Sets the line of a statement.
    GliederungZuordnen {
        /// The lines.
        zuordnung: GliederungsZuordnung,
    },
    /// Sets the cost centre rule.
    KostenstellenRegelSetzen {
        /// The rule.
        kst_regel: KstRegel,
    },
    /// Locks the account.
    Sperren {
        /// Why.
        grund: Text<500>,
    },
    /// Unlocks the account.
    Entsperren {
        /// Why.
        grund: Option<Text<500>>,
    },
    /// Takes the account out of use; its balance must be zero.
    Stilllegen {
        /// Why.
        grund: Option<Text<500>>,
    },
}

/// Facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum KontoEvent {
    /// Exists.
    Angelegt {
        /// Number.
        konto_nr: String,
        /// Name.
        bezeichnung: String,
        /// Kind.
        art: KontoArt,
        /// What it is for.
        funktion: KontoFunktion,
        /// Cost centre rule.
        kst_regel: KstRegel,
        /// First tax rule.
        steuerregel: KontoSteuerregel,
        /// Statement lines.
        zuordnungen: Vec<GliederungsZuordnung>,
    },
    /// Has another name.
    Umbenannt {
        /// New name.
        bezeichnung: String,
        /// From this day on.
        ab: NaiveDate,
    },
    /// Has a new tax rule.
    SteuerregelGesetzt {
        /// The rule.
        steuerregel: KontoSteuerregel,
    },
    /// Stands on another line.
    GliederungZugeordnet {
        /// The lines.
        zuordnung: GliederungsZuordnung,
    },
    /// Has another cost centre rule.
    KostenstellenRegelGesetzt {
        /// The rule.
        kst_regel: KstRegel,
    },
    /// Locked.
    Gesperrt {
        /// Why.
        grund: String,
    },
    /// Unlocked.
    Entsperrt {
        /// Why.
        grund: Option<String>,
    },
    /// Out of use.
    Stillgelegt {
        /// Why.
        grund: Option<String>,
    },
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum KontoError {
    /// Wrong length.
    #[error("die Kontonummer braucht {laenge} Ziffern (Kontolänge des Kontenplans), mit führenden Nullen")]
    #[strum(serialize = "KONTO_NR_LAENGE")]
    NrLaenge {
        /// Length of the chart.
        laenge: u8,
    },
    /// A statement line that does not exist.
    #[error("die Zeile {zeile} gibt es in der Gliederung {gliederung} nicht")]
    #[strum(serialize = "KONTENPLAN_GLIEDERUNGSZEILE_UNBEKANNT")]
    GliederungszeileUnbekannt {
        /// The statement.
        gliederung: String,
        /// The line.
        zeile: String,
    },
    /// A tax key that does not exist.
    #[error("den Steuerschlüssel {schluessel} gibt es nicht")]
    #[strum(serialize = "STEUER_SCHLUESSEL_UNBEKANNT")]
    SchluesselUnbekannt {
        /// The key.
        schluessel: String,
    },
    /// The rule would change what was booked.
    #[error(
        "das Konto wurde zuletzt zum {letzte_buchung} bebucht; eine neue Steuerregel gilt frühestens ab dem Tag danach"
    )]
    #[strum(serialize = "KONTO_STEUERREGEL_RUECKWIRKEND")]
    SteuerregelRueckwirkend {
        /// Date of the last posting.
        letzte_buchung: NaiveDate,
    },
    /// Balance account on a GuV line or the other way round.
    #[error("ein Konto der Art {art} gehört nicht in die Gliederung {gliederung}")]
    #[strum(serialize = "KONTO_ART_WIDERSPRUCH")]
    ArtWiderspruch {
        /// Kind.
        art: String,
        /// The statement.
        gliederung: String,
    },
    /// Not empty.
    #[error("das Konto hat noch einen Saldo von {saldo} EUR; zuerst ausbuchen")]
    #[strum(serialize = "KONTO_SALDO_NICHT_NULL")]
    SaldoNichtNull {
        /// Soll − Haben.
        saldo: String,
    },
    /// Policies post to it.
    #[error("die Kontenfindung bucht auf dieses Konto (Zweck {zweck}); zuerst die Regel ändern")]
    #[strum(serialize = "KONTO_IN_KONTENFINDUNG")]
    InKontenfindung {
        /// The purpose.
        zweck: String,
    },
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
        schluessel_pruefen(&steuerregel, ctx)?;
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
            funktion: funktion.unwrap_or_default(),
            kst_regel: kst_regel.unwrap_or(regel),
            steuerregel: steuerregel.ab(vorlage::anfang()),
            zuordnungen,
        }])
    }

    fn steuerregel_setzen(&self, ab: NaiveDate, eingabe: SteuerregelEingabe, ctx: &Context<'_>) -> Decision<Self> {
        schluessel_pruefen(&eingabe, ctx)?;
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

fn schluessel_pruefen(regel: &SteuerregelEingabe, ctx: &Context<'_>) -> Result<(), Refusal> {
    let automatisch = matches!(regel.automatik, Automatik::Am | Automatik::Av);
    if automatisch != regel.fester_schluessel.is_some() {
        let text = "ein Automatikkonto (am, av) braucht einen festen Schlüssel, andere Konten haben keinen";
        return Err(Shared::feld("/steuerregel/fester_schluessel", text).into());
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
