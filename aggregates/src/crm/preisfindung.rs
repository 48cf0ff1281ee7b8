//! Preisfindung: the one pure function that says what an article costs a customer (crm C0), as far as price lists go:
//! level 4 the customer's own list, 5 the list of the Lager, 6 the standard list; a manual price stands above them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Context, Lookup,
    crm::Kunde,
    types::{Menge, Preis},
    wawi::{Artikel, Preisliste},
};

/// Currency of the lists.
const WAEHRUNG: &str = "EUR";

/// Where a price comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Preisquelle {
    /// Level 4: the customer's own list.
    KundeListe,
    /// Level 5: the list of the Lager.
    LagerListe,
    /// Level 6: the standard list.
    #[default]
    StandardListe,
    /// Entered by hand.
    Manuell,
}

/// One step of how a price came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreisSchritt {
    /// Where it comes from.
    pub quelle: Preisquelle,
    /// The list.
    pub quelle_id: Option<Uuid>,
    /// First quantity of the step of the scale, in the price's unit.
    pub ab_menge: Option<Menge>,
    /// The price.
    pub preis: Preis,
}

/// What a price is asked for.
#[derive(Debug)]
pub struct Anfrage<'a> {
    /// The customer.
    pub kunde: &'a Kunde,
    /// The article.
    pub artikel_id: Uuid,
    /// The same.
    pub artikel: &'a Artikel,
    /// The whole quantity of the position.
    pub menge: Menge,
    /// Its unit.
    pub einheit: &'a str,
    /// The day.
    pub am: NaiveDate,
    /// Where the goods come from.
    pub lager_id: Uuid,
    /// A price entered by hand.
    pub manuell: Option<Preis>,
}

/// The price and how it came about; `None` if no list has one. The first level that has a price on the day wins.
pub fn preis(anfrage: Anfrage<'_>, ctx: &Context<'_>) -> Result<Option<PreisSchritt>, Lookup> {
    if let Some(preis) = anfrage.manuell {
        return Ok(Some(PreisSchritt {
            quelle: Preisquelle::Manuell,
            quelle_id: None,
            ab_menge: None,
            preis,
        }));
    }
    let lager = ctx.holder(Preisliste::KEY_LAGER, &anfrage.lager_id.to_string())?;
    let standard = ctx.holder(Preisliste::KEY_STANDARD, WAEHRUNG)?;
    let ebenen = [
        (Preisquelle::KundeListe, anfrage.kunde.konditionen.preisliste_id),
        (Preisquelle::LagerListe, lager),
        (Preisquelle::StandardListe, standard),
    ];
    for (quelle, liste) in ebenen {
        let Some(liste_id) = liste else { continue };
        let Some(liste) = ctx.get::<Preisliste>(liste_id)? else {
            continue;
        };
        let menge_in = |einheit: &str| anfrage.artikel.umrechnen(anfrage.menge, anfrage.einheit, einheit).ok();
        if let Some((preis, ab_menge)) = liste.preis(anfrage.artikel_id, anfrage.am, menge_in) {
            return Ok(Some(PreisSchritt {
                quelle,
                quelle_id: Some(liste_id),
                ab_menge: Some(ab_menge),
                preis,
            }));
        }
    }
    Ok(None)
}
