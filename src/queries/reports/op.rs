//! Open items as of a day and as known at a moment: the sums of `fibu.op_bewegung`, which all reports on items share.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Args, Source,
    table::{betrag, felder},
};
use crate::{api::problem::Problem, queries::params::unfit};

/// Names of the age classes, in the order of the columns (fibu 9).
pub(super) const KLASSEN: [&str; 5] = ["nicht_faellig", "tage_1_30", "tage_31_60", "tage_61_90", "ueber_90"];

/// An item that is open on the Stichtag.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Posten {
    pub op_id: Uuid,
    pub personenkonto: String,
    pub art: String,
    pub belegnummer: String,
    pub beleg: Option<String>,
    pub belegdatum: NaiveDate,
    pub faellig: NaiveDate,
    pub text: String,
    pub betrag: Decimal,
    pub rest: Decimal,
}

impl Posten {
    /// Days since it was due; 0 or less is not due yet.
    pub(super) fn tage(&self, stichtag: NaiveDate) -> i64 {
        stichtag.signed_duration_since(self.faellig).num_days()
    }

    /// The rest in its age class.
    pub(super) fn klassen(&self, stichtag: NaiveDate) -> [Decimal; 5] {
        let klasse = match self.tage(stichtag) {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        };
        std::array::from_fn(|i| if i == klasse { self.rest } else { Decimal::ZERO })
    }
}

/// Which partners a report is about.
#[derive(Debug, Clone)]
pub(super) struct Auswahl {
    pub stichtag: NaiveDate,
    pub personenkonto: Option<String>,
    /// First digits of the partners: 1 to 6 are Debitoren.
    von: &'static str,
    bis: &'static str,
    art: Option<String>,
}

impl Auswahl {
    /// Reads `stichtag`, `personenkonto` and `art`.
    pub(super) fn lesen(source: &Source, args: &Args) -> Result<Self, Problem> {
        let art = args.text("art").map(str::to_owned);
        let (von, bis) = match art.as_deref() {
            None => ("0", "9"),
            Some("debitoren") => ("1", "6"),
            Some("kreditoren") => ("7", "9"),
            Some(_) => return Err(unfit("art", "möglich sind: debitoren, kreditoren")),
        };
        Ok(Self {
            stichtag: args.date("stichtag").unwrap_or(source.heute),
            personenkonto: args.text("personenkonto").map(str::to_owned),
            von,
            bis,
            art,
        })
    }

    /// The parameters as they took effect.
    pub(super) fn parameter(&self) -> Map<String, Value> {
        let parameter = json!({"stichtag": self.stichtag, "personenkonto": self.personenkonto, "art": self.art});
        felder(parameter)
    }

    /// The items with a rest on the Stichtag, by partner and due date.
    pub(super) async fn posten(&self, source: &mut Source) -> Result<Vec<Posten>, Problem> {
        let rows = sqlx::query_as(
            "WITH bewegt AS ( \
                SELECT op_id, sum(betrag) AS rest, \
                    (array_agg(faellig ORDER BY log_position DESC) FILTER (WHERE faellig IS NOT NULL))[1] AS faellig \
                FROM fibu.op_bewegung \
                WHERE mandant_id = $1 AND log_position <= $2 AND (datum IS NULL OR datum <= $3) \
                  AND ($4::text IS NULL OR personenkonto = $4) AND left(personenkonto, 1) BETWEEN $5 AND $6 \
                GROUP BY op_id HAVING sum(betrag) <> 0) \
             SELECT e.op_id, e.personenkonto, e.posten AS art, e.belegnummer, e.beleg, e.belegdatum, b.faellig, e.text, \
                e.betrag, b.rest \
             FROM bewegt b JOIN fibu.op_bewegung e ON e.mandant_id = $1 AND e.op_id = b.op_id AND e.art = 'eroeffnung' \
             ORDER BY e.personenkonto, b.faellig, e.log_position",
        )
        .bind(source.mandant_id)
        .bind(source.upto)
        .bind(self.stichtag)
        .bind(&self.personenkonto)
        .bind(self.von)
        .bind(self.bis)
        .fetch_all(&mut *source.transaction)
        .await?;
        Ok(rows)
    }
}

/// Adds amounts column by column.
pub(super) fn add<const N: usize>(summe: &mut [Decimal; N], amounts: [Decimal; N]) {
    for (total, amount) in summe.iter_mut().zip(amounts) {
        *total += amount;
    }
}

/// Sums of age classes with their names, and the total.
pub(super) fn summen(klassen: [Decimal; 5]) -> Value {
    let mut summen: Map<String, Value> = KLASSEN
        .iter()
        .zip(klassen)
        .map(|(name, summe)| ((*name).to_owned(), json!(betrag(summe))))
        .collect();
    summen.insert("rest".to_owned(), json!(betrag(klassen.iter().sum())));
    Value::Object(summen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_counts_from_the_day_after_the_due_date() {
        let tag = |text: &str| text.parse::<NaiveDate>().unwrap();
        let posten = |faellig: &str| Posten {
            op_id: Uuid::nil(),
            personenkonto: "10001".to_owned(),
            art: "rechnung".to_owned(),
            belegnummer: "AR-1".to_owned(),
            beleg: None,
            belegdatum: tag("2026-01-01"),
            faellig: tag(faellig),
            text: String::new(),
            betrag: Decimal::ONE,
            rest: Decimal::ONE,
        };
        let stichtag = tag("2026-03-31");
        let klasse = |faellig: &str| {
            posten(faellig)
                .klassen(stichtag)
                .iter()
                .position(|d| *d == Decimal::ONE)
        };
        for (faellig, erwartet) in [
            ("2026-03-31", 0),
            ("2026-03-30", 1),
            ("2026-03-01", 1),
            ("2026-02-28", 2),
            ("2026-01-30", 2),
            ("2026-01-29", 3),
            ("2025-12-31", 3),
            ("2025-12-30", 4),
        ] {
            assert_eq!(klasse(faellig), Some(erwartet), "{faellig}");
        }
    }
}
