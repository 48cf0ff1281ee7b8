//! Refusals of the Lieferant.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::types::{LieferantStatus, ZertifikatArt};
use crate::types::Betrag;

fn text(wert: impl Into<&'static str>) -> &'static str {
    wert.into()
}

fn bis(gueltig_bis: Option<NaiveDate>) -> String {
    gueltig_bis.map_or_else(|| "nie erfasst".to_owned(), |bis| format!("gültig bis {bis}"))
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum LieferantError {
    /// Another supplier has the same VAT id.
    #[error("den Lieferanten {id} gibt es schon mit dieser USt-IdNr.; ihn verwenden oder dublette_grund angeben")]
    #[strum(serialize = "LIEFERANT_DUBLETTE")]
    Dublette {
        /// The other one.
        id: Uuid,
    },
    /// Something is missing for the release.
    #[error("zur Freigabe fehlt: {}; zuerst erfassen", .felder.join(", "))]
    #[strum(serialize = "LIEFERANT_UNVOLLSTAENDIG")]
    Unvollstaendig {
        /// What is missing today.
        felder: Vec<&'static str>,
    },
    /// Business is still open.
    #[error(
        "offen sind {bestellungen} Bestellungen, {wareneingaenge} nicht berechnete Wareneingänge und {saldo} EUR beim \
         Kreditor; zuerst abschließen oder stornieren, berechnen, ausgleichen"
    )]
    #[strum(serialize = "LIEFERANT_OFFENE_VORGAENGE")]
    OffeneVorgaenge {
        /// Balance of his Kreditor, Soll − Haben.
        saldo: Betrag,
        /// Orders that are neither finished nor cancelled; drafts do not count.
        bestellungen: i64,
        /// Receipts that are not invoiced in full.
        wareneingaenge: i64,
    },
    /// The supplier lacks a certificate on a day.
    #[error("das Zertifikat {} gilt am {am} nicht ({}); ein gültiges erfassen", text(*.art), bis(*.gueltig_bis))]
    #[strum(serialize = "LIEFERANT_ZERTIFIKAT_FEHLT")]
    ZertifikatFehlt {
        /// What it would say.
        art: ZertifikatArt,
        /// The day.
        am: NaiveDate,
        /// Last day of the latest one.
        gueltig_bis: Option<NaiveDate>,
    },
    /// The supplier takes no orders.
    #[error("beim Lieferanten {lieferant_nr} (Status {}) ist keine Bestellung möglich; freigeben oder entsperren", text(*.status))]
    #[strum(serialize = "BESTELLUNG_LIEFERANT_GESPERRT")]
    KeineBestellung {
        /// Number.
        lieferant_nr: String,
        /// Status.
        status: LieferantStatus,
    },
}
