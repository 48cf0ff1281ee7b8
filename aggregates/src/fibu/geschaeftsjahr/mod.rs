//! Geschaeftsjahr: the fiscal year and its periods, the gate of every posting (fibu 7). A year may begin in any month.

mod types;

use chrono::{Datelike, Days, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::types::{
    GeschaeftsjahrArt, GeschaeftsjahrCommand, GeschaeftsjahrError, GeschaeftsjahrEvent, GeschaeftsjahrStatus, Periode,
    PeriodeAngelegt, PeriodeStatus,
};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Betrag, Stufe, Text},
};

/// Longest year (§ 240 HGB), in calendar months.
const MONATE_HOECHSTENS: usize = 12;
/// Number of the opening period.
pub const PERIODE_EROEFFNUNG: u8 = 0;
/// Number of the closing period.
pub const PERIODE_ABSCHLUSS: u8 = 13;

/// Folded state; serde gives the columns of `fibu.geschaeftsjahr`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Geschaeftsjahr {
    /// Name, e.g. `2026` or `2026/2027`.
    pub bezeichnung: String,
    /// First day.
    pub beginn: NaiveDate,
    /// Last day.
    pub ende: NaiveDate,
    /// Full or short.
    pub art: GeschaeftsjahrArt,
    /// The first year that was created; the others must touch an existing one.
    pub erstes: bool,
    /// Status.
    pub status: GeschaeftsjahrStatus,
    /// Periods in order.
    pub perioden: Vec<Periode>,
}

crate::wire!(Geschaeftsjahr, GeschaeftsjahrCommand => GeschaeftsjahrEvent | GeschaeftsjahrError);

/// First day of a date's month.
fn monatserster(datum: NaiveDate) -> NaiveDate {
    datum.with_day(1).unwrap_or(datum)
}

/// Last day of a date's month.
fn monatsletzter(datum: NaiveDate) -> NaiveDate {
    let naechster = monatserster(datum).checked_add_months(Months::new(1));
    naechster.and_then(|n| n.pred_opt()).unwrap_or(datum)
}

/// The months of a span: first and last day of each inside the span. Stops one month after the longest year.
fn monate(beginn: NaiveDate, ende: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut monate = Vec::with_capacity(MONATE_HOECHSTENS);
    let mut von = beginn;
    while von <= ende && monate.len() <= MONATE_HOECHSTENS {
        let bis = monatsletzter(von).min(ende);
        monate.push((von, bis));
        match bis.succ_opt() {
            Some(naechster) => von = naechster,
            None => break,
        }
    }
    monate
}

fn bezeichnung(beginn: NaiveDate, ende: NaiveDate) -> String {
    if beginn.year() == ende.year() {
        beginn.year().to_string()
    } else {
        format!("{}/{}", beginn.year(), ende.year())
    }
}

fn perioden(beginn: NaiveDate, ende: NaiveDate, monate: &[(NaiveDate, NaiveDate)]) -> Vec<PeriodeAngelegt> {
    let tag = |nr, tag| PeriodeAngelegt { nr, von: tag, bis: tag };
    let mut perioden = vec![tag(PERIODE_EROEFFNUNG, beginn)];
    perioden.extend(
        (1..PERIODE_ABSCHLUSS)
            .zip(monate)
            .map(|(nr, (von, bis))| PeriodeAngelegt {
                nr,
                von: *von,
                bis: *bis,
            }),
    );
    perioden.push(tag(PERIODE_ABSCHLUSS, ende));
    perioden
}

/// What the journal holds of a period, at the head of the log.
#[derive(Debug, Default, Deserialize)]
struct Umfang {
    anzahl: i64,
    soll: Betrag,
    haben: Betrag,
}

impl Umfang {
    fn gelesen(ctx: &Context<'_>, beginn: NaiveDate, nr: u8) -> Result<Self, Refused<GeschaeftsjahrError>> {
        match ctx.fact("periode_umfang", &format!("{beginn}/{nr}"))? {
            serde_json::Value::Null => Ok(Self::default()),
            umfang => serde_json::from_value(umfang).map_err(|_| {
                let meldung = format!("die Summen der Periode {nr} sind nicht lesbar; nicht festgeschrieben");
                Shared::feld("/nr", meldung).into()
            }),
        }
    }
}

/// The first Personenkonto whose open items are not its balance, at the head of the log.
#[derive(Debug, Deserialize)]
struct Abweichung {
    konto: String,
    saldo: Betrag,
    posten: Betrag,
}

impl Abweichung {
    fn gelesen(ctx: &Context<'_>) -> Result<Option<Self>, Refused<GeschaeftsjahrError>> {
        let gelesen = serde_json::from_value(ctx.fact("op_abweichung", "personen")?);
        gelesen.map_err(|_| Shared::feld("/nr", "die Abstimmung der offenen Posten ist nicht lesbar").into())
    }

    fn ablehnung(self, nr: u8) -> GeschaeftsjahrError {
        let Self { konto, saldo, posten } = self;
        GeschaeftsjahrError::PeriodeOpAbweichung {
            nr,
            konto,
            saldo,
            posten,
        }
    }
}

impl Geschaeftsjahr {
    /// Scope of the months' claims: a posting finds its year by the month.
    pub const KEY_MONAT: &'static str = "geschaeftsjahr.monat";
    /// Scope of the claim that the first created year holds.
    pub const KEY_ERSTES: &'static str = "geschaeftsjahr.erstes";
    /// The only key of [`Self::KEY_ERSTES`].
    pub const ERSTES: &'static str = "1";

    /// The key of a date's month, `2026-03`.
    #[must_use]
    pub fn monat(datum: NaiveDate) -> String {
        datum.format("%Y-%m").to_string()
    }

    /// The period 1 to 12 a date falls into.
    pub fn periode_am(&self, datum: NaiveDate) -> Option<&Periode> {
        let monate = self
            .perioden
            .iter()
            .filter(|p| (PERIODE_EROEFFNUNG + 1..PERIODE_ABSCHLUSS).contains(&p.nr));
        monate.into_iter().find(|p| (p.von..=p.bis).contains(&datum))
    }

    /// The period of a number.
    pub fn periode(&self, nr: u8) -> Option<&Periode> {
        self.perioden.iter().find(|p| p.nr == nr)
    }

    /// A period that may still change.
    fn aenderbar(&self, nr: u8) -> Result<&Periode, GeschaeftsjahrError> {
        let periode = self.periode(nr).ok_or(GeschaeftsjahrError::PeriodeUnbekannt { nr })?;
        if periode.status == PeriodeStatus::Festgeschrieben {
            return Err(GeschaeftsjahrError::PeriodeFestgeschrieben { nr });
        }
        Ok(periode)
    }

    fn anlegen(ctx: &Context<'_>, name: Option<Text<40>>, beginn: NaiveDate, ende: NaiveDate) -> Decision<Self> {
        if ende < beginn {
            return Err(Shared::feld("/ende", "das Ende liegt vor dem Beginn").into());
        }
        if ende != monatsletzter(ende) {
            return Err(Shared::feld("/ende", "ein Geschäftsjahr endet mit dem letzten Tag eines Monats").into());
        }
        let monate = monate(beginn, ende);
        if monate.len() > MONATE_HOECHSTENS {
            return Err(GeschaeftsjahrError::Laenge { beginn, ende }.into());
        }
        let erstes = ctx.holder(Self::KEY_ERSTES, Self::ERSTES)?.is_none();
        if !erstes && beginn != monatserster(beginn) {
            let meldung = "nur das erste Geschäftsjahr beginnt innerhalb eines Monats";
            return Err(Shared::feld("/beginn", meldung).into());
        }
        for (von, _) in &monate {
            let monat = Self::monat(*von);
            if let Some((_, anderes)) = ctx.find::<Self>(Self::KEY_MONAT, &monat)? {
                let bezeichnung = anderes.bezeichnung.clone();
                return Err(GeschaeftsjahrError::Ueberlappung { monat, bezeichnung }.into());
            }
        }
        if !erstes && !Self::schliesst_an(ctx, beginn, ende)? {
            return Err(GeschaeftsjahrError::Luecke { beginn, ende }.into());
        }
        let voll = monate.len() == MONATE_HOECHSTENS && beginn == monatserster(beginn);
        Ok(vec![GeschaeftsjahrEvent::Angelegt {
            bezeichnung: name.map_or_else(|| bezeichnung(beginn, ende), |n| n.to_string()),
            beginn,
            ende,
            art: if voll {
                GeschaeftsjahrArt::Normal
            } else {
                GeschaeftsjahrArt::Rumpf
            },
            erstes,
            perioden: perioden(beginn, ende, &monate),
        }])
    }

    /// True if a year ends the day before or begins the day after. The days are compared, not only the months: no year
    /// can precede a first one that begins inside a month.
    fn schliesst_an(ctx: &Context<'_>, beginn: NaiveDate, ende: NaiveDate) -> Result<bool, crate::Lookup> {
        if let Some(vortag) = beginn.checked_sub_days(Days::new(1)) {
            let vorjahr = ctx.find::<Self>(Self::KEY_MONAT, &Self::monat(vortag))?;
            if vorjahr.is_some_and(|(_, jahr)| jahr.ende == vortag) {
                return Ok(true);
            }
        }
        let Some(folgetag) = ende.succ_opt() else {
            return Ok(false);
        };
        let folgejahr = ctx.find::<Self>(Self::KEY_MONAT, &Self::monat(folgetag))?;
        Ok(folgejahr.is_some_and(|(_, jahr)| jahr.beginn == folgetag))
    }

    fn festschreiben(&self, ctx: &Context<'_>, nr: u8) -> Decision<Self> {
        let periode = self.aenderbar(nr)?;
        let offen = self
            .perioden
            .iter()
            // The opening takes vouchers until the year before is closed, which is long after its first months are sealed.
            .find(|p| p.nr != PERIODE_EROEFFNUNG && p.nr < nr && p.status != PeriodeStatus::Festgeschrieben);
        if let Some(Periode { nr: offen, .. }) = offen {
            return Err(GeschaeftsjahrError::PeriodeReihenfolge { nr, offen: *offen }.into());
        }
        if periode.bis >= ctx.heute() {
            let meldung = format!(
                "die Periode {nr} endet erst am {}; sie ist jetzt für immer geschlossen und nimmt nichts mehr auf",
                periode.bis
            );
            ctx.warn("PERIODE_NICHT_BEENDET", meldung);
        }
        if let Some(abweichung) = Abweichung::gelesen(ctx)? {
            return Err(abweichung.ablehnung(nr).into());
        }
        let (groesse, wurzel) = ctx.tree();
        let umfang = Umfang::gelesen(ctx, self.beginn, nr)?;
        Ok(vec![GeschaeftsjahrEvent::PeriodeFestgeschrieben {
            nr,
            bis_log_position: groesse.to_string(),
            baum_groesse: groesse.to_string(),
            wurzel: hex::encode(wurzel),
            anzahl: Some(umfang.anzahl),
            summe_soll: Some(umfang.soll),
            summe_haben: Some(umfang.haben),
        }])
    }

    fn periode_mut(&mut self, nr: u8) -> Option<&mut Periode> {
        self.perioden.iter_mut().find(|p| p.nr == nr)
    }

    fn setzen(&mut self, nr: u8, status: PeriodeStatus) {
        if let Some(periode) = self.periode_mut(nr) {
            periode.status = status;
        }
    }
}

impl Aggregate for Geschaeftsjahr {
    const NAME: &'static str = "Geschaeftsjahr";
    const TYPE: &'static str = "geschaeftsjahr";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "geschaeftsjahre";
    const CREATE: &'static str = "Anlegen";
    type Command = GeschaeftsjahrCommand;
    type Event = GeschaeftsjahrEvent;
    type Error = GeschaeftsjahrError;

    fn stufe(command: &str) -> Stufe {
        match command {
            // A clerk may lock, but neither undo a lock nor seal.
            "PeriodeOeffnen" | "PeriodeFestschreiben" => Stufe::Admin,
            _ => Stufe::Write,
        }
    }

    fn decide(&self, command: GeschaeftsjahrCommand, ctx: &Context<'_>) -> Decision<Self> {
        use GeschaeftsjahrStatus::{Eroeffnet, Geplant, Neu};
        match (self.status, command) {
            (
                Neu,
                GeschaeftsjahrCommand::Anlegen {
                    bezeichnung,
                    beginn,
                    ende,
                },
            ) => Self::anlegen(ctx, bezeichnung, beginn, ende),
            (Geplant, GeschaeftsjahrCommand::Eroeffnen {}) => Ok(vec![GeschaeftsjahrEvent::Eroeffnet {}]),
            (Geplant | Eroeffnet, GeschaeftsjahrCommand::PeriodeSperren { nr, grund }) => {
                match self.aenderbar(nr)?.status {
                    PeriodeStatus::Offen => Ok(vec![GeschaeftsjahrEvent::PeriodeGesperrt {
                        nr,
                        grund: grund.map(|g| g.to_string()),
                    }]),
                    status => Err(Shared::status(status, &["offen"]).into()),
                }
            }
            (Geplant | Eroeffnet, GeschaeftsjahrCommand::PeriodeOeffnen { nr, grund }) => {
                match self.aenderbar(nr)?.status {
                    PeriodeStatus::Gesperrt => Ok(vec![GeschaeftsjahrEvent::PeriodeGeoeffnet {
                        nr,
                        grund: grund.to_string(),
                    }]),
                    status => Err(Shared::status(status, &["gesperrt"]).into()),
                }
            }
            (Eroeffnet, GeschaeftsjahrCommand::PeriodeFestschreiben { nr }) => self.festschreiben(ctx, nr),
            (status, command) => {
                let erlaubt: &[&str] = match command {
                    GeschaeftsjahrCommand::Anlegen { .. } => &["neu"],
                    GeschaeftsjahrCommand::Eroeffnen {} => &["geplant"],
                    GeschaeftsjahrCommand::PeriodeFestschreiben { .. } => &["eroeffnet"],
                    _ => &["geplant", "eroeffnet"],
                };
                Err(Shared::status(status, erlaubt).into())
            }
        }
    }

    fn evolve(&mut self, event: GeschaeftsjahrEvent) {
        match event {
            GeschaeftsjahrEvent::Angelegt {
                bezeichnung,
                beginn,
                ende,
                art,
                erstes,
                perioden,
            } => {
                self.bezeichnung = bezeichnung;
                self.beginn = beginn;
                self.ende = ende;
                self.art = art;
                self.erstes = erstes;
                self.status = GeschaeftsjahrStatus::Geplant;
                self.perioden = perioden
                    .into_iter()
                    .map(|PeriodeAngelegt { nr, von, bis }| Periode {
                        nr,
                        von,
                        bis,
                        status: PeriodeStatus::Offen,
                        baum_groesse: None,
                        wurzel: None,
                        anzahl: None,
                        summe_soll: None,
                        summe_haben: None,
                    })
                    .collect();
            }
            GeschaeftsjahrEvent::Eroeffnet {} => self.status = GeschaeftsjahrStatus::Eroeffnet,
            GeschaeftsjahrEvent::PeriodeGesperrt { nr, .. } => self.setzen(nr, PeriodeStatus::Gesperrt),
            GeschaeftsjahrEvent::PeriodeGeoeffnet { nr, .. } => self.setzen(nr, PeriodeStatus::Offen),
            GeschaeftsjahrEvent::PeriodeFestgeschrieben {
                nr,
                bis_log_position: _,
                baum_groesse,
                wurzel,
                anzahl,
                summe_soll,
                summe_haben,
            } => {
                if let Some(periode) = self.periode_mut(nr) {
                    periode.status = PeriodeStatus::Festgeschrieben;
                    periode.baum_groesse = Some(baum_groesse);
                    periode.wurzel = Some(wurzel);
                    periode.anzahl = anzahl;
                    periode.summe_soll = summe_soll;
                    periode.summe_haben = summe_haben;
                }
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.status == GeschaeftsjahrStatus::Neu {
            return Vec::new();
        }
        let monate = monate(self.beginn, self.ende);
        let mut keys: Vec<Key> = monate
            .iter()
            .map(|(von, _)| Key::new(Self::KEY_MONAT, "beginn", Self::monat(*von)))
            .collect();
        if self.erstes {
            keys.push(Key::new(Self::KEY_ERSTES, "erstes", Self::ERSTES));
        }
        keys
    }
}
