-- Purchase orders to the letter: parts of a position with their days, decisions on approval, costs of bringing goods in.

SET LOCAL ROLE neuroerp_app;

ALTER TABLE wawi.bestellung ADD COLUMN bestellt_am date, ADD COLUMN vorgelegt_von text;

ALTER TABLE wawi.bestell_freigabe
    ADD COLUMN grenze       numeric(15,2),
    ADD COLUMN entscheidung text NOT NULL DEFAULT 'freigegeben' CHECK (entscheidung IN ('freigegeben', 'abgelehnt')),
    ADD COLUMN grund        text;
-- Its value is in the state, as that of every other column.
ALTER TABLE wawi.bestell_freigabe ALTER COLUMN entscheidung DROP DEFAULT;
COMMENT ON TABLE wawi.bestell_freigabe IS 'What was decided on the present total of a purchase order';

CREATE TABLE wawi.bestell_einteilung (
    mandant_id      uuid NOT NULL,
    bestellung_id   uuid NOT NULL,
    position_id     uuid NOT NULL,
    nr              integer NOT NULL,
    termin          date,
    menge           numeric NOT NULL,
    bestaetigt_termin date,
    bestaetigt_menge numeric,
    PRIMARY KEY (mandant_id, bestellung_id, position_id, nr),
    FOREIGN KEY (mandant_id, bestellung_id) REFERENCES wawi.bestellung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestell_einteilung IS 'Parts of a position of a purchase order, each with its day';

CREATE TABLE wawi.bestell_nebenkosten (
    mandant_id      uuid NOT NULL,
    bestellung_id   uuid NOT NULL,
    art             text NOT NULL CHECK (art IN ('fracht', 'maut', 'zoll', 'verpackung')),
    betrag          numeric(15,2) NOT NULL,
    verteilung      text NOT NULL CHECK (verteilung IN ('menge', 'wert', 'gewicht')),
    PRIMARY KEY (mandant_id, bestellung_id, art),
    FOREIGN KEY (mandant_id, bestellung_id) REFERENCES wawi.bestellung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestell_nebenkosten IS 'Costs of bringing the goods of a purchase order in';

CREATE TABLE wawi.bestell_nebenkosten_anteil (
    mandant_id      uuid NOT NULL,
    bestellung_id   uuid NOT NULL,
    art             text NOT NULL,
    position_id     uuid NOT NULL,
    betrag          numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, bestellung_id, art, position_id),
    FOREIGN KEY (mandant_id, bestellung_id) REFERENCES wawi.bestellung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestell_nebenkosten_anteil IS 'What each position bears of the costs';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['wawi.bestell_einteilung', 'wawi.bestell_nebenkosten',
    'wawi.bestell_nebenkosten_anteil']::regclass[]) AS t;
