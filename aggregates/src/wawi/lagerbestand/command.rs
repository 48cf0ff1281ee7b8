//! Commands of Lagerbestand.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::types::Bewegungsart;
use crate::types::{BelegRef, Dezimal, Text};

/// A receipt.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZugangEingabe {
    /// Article.
    pub artikel_id: Uuid,
    /// Lager.
    pub lager_id: Uuid,
    /// Name of the place; the unnamed place of the Lager if absent.
    pub platz: Option<Text<20>>,
    /// How much, in the Basiseinheit.
    pub menge: Dezimal,
    /// Kind: `wareneingang` or `eroeffnung`.
    pub bewegungsart: Bewegungsart,
    /// The document it comes from.
    pub beleg: BelegRef,
    /// Business date; today if absent.
    pub buchungsdatum: Option<NaiveDate>,
    /// When it physically happened; now if absent.
    pub bewegt_um: Option<DateTime<Utc>>,
}

/// An issue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbgangEingabe {
    /// Article. With `lager_id` it names the stock whether there ever was any or not; else the path names it.
    pub artikel_id: Option<Uuid>,
    /// Lager; see `artikel_id`.
    pub lager_id: Option<Uuid>,
    /// Name of the place; the unnamed place of the Lager if absent.
    pub platz: Option<Text<20>>,
    /// How much, in the Basiseinheit.
    pub menge: Dezimal,
    /// Kind: `warenausgang`, `eigenverbrauch`, `verschrottung` or `schwund`.
    pub bewegungsart: Bewegungsart,
    /// The document it comes from.
    pub beleg: BelegRef,
    /// The reservation that it uses; without one of that id it is an issue like any other.
    pub reservierung_id: Option<Uuid>,
    /// Business date; today if absent.
    pub buchungsdatum: Option<NaiveDate>,
    /// When it physically happened; now if absent.
    pub bewegt_um: Option<DateTime<Utc>>,
}

/// A promise to a document.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservierenEingabe {
    /// Article; see `AbgangBuchen`.
    pub artikel_id: Option<Uuid>,
    /// Lager; see `AbgangBuchen`.
    pub lager_id: Option<Uuid>,
    /// Given by the document; for a sales line the id of the position.
    pub id: Uuid,
    /// The document.
    pub beleg: BelegRef,
    /// How much, in the Basiseinheit.
    pub menge: Dezimal,
    /// Last day; without end if absent.
    pub gueltig_bis: Option<NaiveDate>,
    /// Takes what is free if it is less.
    #[serde(default)]
    pub teilweise: bool,
}

/// Commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(deny_unknown_fields)]
pub enum LagerbestandCommand {
    /// Goods come in. The first receipt opens the stock of the article in the Lager.
    ZugangBuchen(ZugangEingabe),
    /// Goods go out.
    AbgangBuchen(AbgangEingabe),
    /// Goods change their place inside the Lager.
    Umbuchen {
        /// From; the unnamed place if absent.
        von_platz: Option<Text<20>>,
        /// To; the unnamed place if absent.
        nach_platz: Option<Text<20>>,
        /// How much, in the Basiseinheit.
        menge: Dezimal,
        /// The document it comes from.
        beleg: Option<BelegRef>,
        /// Business date; today if absent.
        buchungsdatum: Option<NaiveDate>,
        /// When it physically happened; now if absent.
        bewegt_um: Option<DateTime<Utc>>,
    },
    /// Promises stock to a document.
    Reservieren(ReservierenEingabe),
    /// Changes a promise.
    ReservierungAendern {
        /// The reservation.
        id: Uuid,
        /// How much it shall be.
        menge: Dezimal,
        /// Takes what is free if it is less, and leaves a reservation alone that does not exist.
        #[serde(default)]
        teilweise: bool,
        /// Article, for who does not know whether there ever was stock of it.
        artikel_id: Option<Uuid>,
        /// Its Lager.
        lager_id: Option<Uuid>,
    },
    /// Ends a promise; one that does not exist is ended already.
    ReservierungAufheben {
        /// The reservation.
        id: Uuid,
        /// Article, for who does not know whether there ever was stock of it.
        artikel_id: Option<Uuid>,
        /// Its Lager.
        lager_id: Option<Uuid>,
    },
    /// A place is empty although the books have stock on it; the rest is shrinkage.
    Leermelden {
        /// Name of the place; the unnamed place if absent.
        platz: Option<Text<20>>,
        /// Business date; today if absent.
        buchungsdatum: Option<NaiveDate>,
        /// When it was found; now if absent.
        bewegt_um: Option<DateTime<Utc>>,
    },
    /// More is there than the books say.
    MehrmengeBuchen {
        /// Name of the place; the unnamed place if absent.
        platz: Option<Text<20>>,
        /// How much more, in the Basiseinheit.
        menge: Dezimal,
        /// Why.
        grund: Text<500>,
        /// Business date; today if absent.
        buchungsdatum: Option<NaiveDate>,
        /// When it was found; now if absent.
        bewegt_um: Option<DateTime<Utc>>,
    },
    /// Reverses a move by its mirror.
    BewegungStornieren {
        /// The move, or the position of the document that made it.
        bewegung_id: Uuid,
        /// Why.
        grund: Text<500>,
        /// Business date of the mirror; today if absent.
        buchungsdatum: Option<NaiveDate>,
    },
    /// Ends a promise whose last day is over; sent when it is.
    ReservierungVerfallenLassen {
        /// The reservation.
        id: Uuid,
    },
}
