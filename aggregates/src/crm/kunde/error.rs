//! Refusals of the Kunde.

use serde::Serialize;
use uuid::Uuid;

use super::types::{KundeStatus, SperreArt};
use crate::types::Betrag;

fn text(wert: impl Into<&'static str>) -> &'static str {
    wert.into()
}

/// Refusals of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, strum::IntoStaticStr)]
pub enum KundeError {
    /// Exactly one invoice address must hold today.
    #[error("heute gelten {anzahl} Rechnungsadressen, nötig ist genau eine; eine anlegen oder die übrigen schließen")]
    #[strum(serialize = "KUNDE_RECHNUNGSADRESSE_FEHLT")]
    RechnungsadresseFehlt {
        /// How many hold today.
        anzahl: usize,
    },
    /// Only possible with an active customer.
    #[error("der Kunde ist {}, nicht aktiv; zuerst freigeben oder reaktivieren", text(*.ist))]
    #[strum(serialize = "KUNDE_NICHT_AKTIV")]
    NichtAktiv {
        /// His status.
        ist: KundeStatus,
    },
    /// Business is still open.
    #[error(
        "es gibt noch offene Vorgänge: Obligo {obligo} EUR, vorgemerkt {vorgemerkt} EUR, Saldo {saldo} EUR; zuerst abschließen"
    )]
    #[strum(serialize = "KUNDE_OFFENE_VORGAENGE")]
    OffeneVorgaenge {
        /// Orders, deliveries and items on his Kreditlinie.
        obligo: Betrag,
        /// What waits for credit.
        vorgemerkt: Betrag,
        /// Balance of his Debitor, Soll − Haben.
        saldo: Betrag,
    },
    /// The other one is, in the end, a part of this one.
    #[error("der Kunde {ziel_id} ist selbst in diesem Kunden aufgegangen; einen anderen wählen")]
    #[strum(serialize = "KUNDE_ZYKLISCHE_ZUSAMMENFUEHRUNG")]
    ZyklischeZusammenfuehrung {
        /// The other one.
        ziel_id: Uuid,
    },
    /// The step is locked already.
    #[error("die Sperre {} steht schon; zuerst aufheben", text(*.art))]
    #[strum(serialize = "KUNDE_SPERRE_DOPPELT")]
    SperreDoppelt {
        /// The step.
        art: SperreArt,
    },
    /// The main contact must be active.
    #[error("der Kontakt ist nicht mehr aktiv; einen aktiven Kontakt wählen")]
    #[strum(serialize = "KUNDE_HAUPTKONTAKT_INAKTIV")]
    HauptkontaktInaktiv {
        /// The contact.
        kontakt_id: Uuid,
    },
}
