-- The ledgers of purchase: what was ordered and what came of it, what was received and invoiced.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE wawi.bestell_bewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    lfd             integer NOT NULL,
    bestellung_id   uuid NOT NULL,
    position_id     uuid,
    teil            integer NOT NULL,
    art             text NOT NULL CHECK (art IN ('bestellt', 'geaendert', 'bestaetigt', 'geliefert', 'entfallen',
                        'berechnet', 'storniert')),
    menge           numeric NOT NULL,
    netto           numeric(15,2) NOT NULL,
    termin          date,
    bestaetigt_termin date,
    tag             date NOT NULL,
    PRIMARY KEY (mandant_id, log_position, lfd)
);
COMMENT ON TABLE wawi.bestell_bewegung IS 'What purchase orders say of each part of a position (bestellt, geaendert, bestaetigt: the last one holds), and what is added up of a position';
COMMENT ON COLUMN wawi.bestell_bewegung.mandant_id IS 'Company';
COMMENT ON COLUMN wawi.bestell_bewegung.log_position IS 'Position of the event in the log';
COMMENT ON COLUMN wawi.bestell_bewegung.lfd IS 'Number within the event';
COMMENT ON COLUMN wawi.bestell_bewegung.bestellung_id IS 'Purchase order';
COMMENT ON COLUMN wawi.bestell_bewegung.position_id IS 'Position; absent if the whole order is meant';
COMMENT ON COLUMN wawi.bestell_bewegung.teil IS 'Number of the part with its own day; 0 for quantities of the whole position';
COMMENT ON COLUMN wawi.bestell_bewegung.art IS 'What happened; entfallen: no longer expected, negative if expected again';
COMMENT ON COLUMN wawi.bestell_bewegung.menge IS 'Quantity in the unit of the position';
COMMENT ON COLUMN wawi.bestell_bewegung.netto IS 'Net value of the part, EUR';
COMMENT ON COLUMN wawi.bestell_bewegung.termin IS 'When the part is wanted';
COMMENT ON COLUMN wawi.bestell_bewegung.bestaetigt_termin IS 'When the supplier promised the part';
COMMENT ON COLUMN wawi.bestell_bewegung.tag IS 'Business date';
CREATE INDEX bestell_bewegung_bestellung ON wawi.bestell_bewegung (mandant_id, bestellung_id);

CREATE TABLE wawi.wareneingang_bewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    lfd             integer NOT NULL,
    wareneingang_id uuid NOT NULL,
    we_position_id  uuid NOT NULL,
    art             text NOT NULL CHECK (art IN ('zugang', 'storno', 'berechnet')),
    menge           numeric NOT NULL,
    netto           numeric(15,2) NOT NULL,
    tag             date NOT NULL,
    PRIMARY KEY (mandant_id, log_position, lfd)
);
COMMENT ON TABLE wawi.wareneingang_bewegung IS 'What came line by line, what of it was reversed and what was invoiced';
COMMENT ON COLUMN wawi.wareneingang_bewegung.mandant_id IS 'Company';
COMMENT ON COLUMN wawi.wareneingang_bewegung.log_position IS 'Position of the event in the log';
COMMENT ON COLUMN wawi.wareneingang_bewegung.lfd IS 'Number within the event';
COMMENT ON COLUMN wawi.wareneingang_bewegung.wareneingang_id IS 'Goods receipt';
COMMENT ON COLUMN wawi.wareneingang_bewegung.we_position_id IS 'Received line';
COMMENT ON COLUMN wawi.wareneingang_bewegung.art IS 'What happened';
COMMENT ON COLUMN wawi.wareneingang_bewegung.menge IS 'Quantity in the unit of the line; negative if reversed or no longer invoiced';
COMMENT ON COLUMN wawi.wareneingang_bewegung.netto IS 'Value at the price of the receipt, EUR; 0 for what was invoiced';
COMMENT ON COLUMN wawi.wareneingang_bewegung.tag IS 'Business date';
CREATE INDEX wareneingang_bewegung_wareneingang ON wawi.wareneingang_bewegung (mandant_id, wareneingang_id);
CREATE INDEX wareneingang_bewegung_tag ON wawi.wareneingang_bewegung (mandant_id, tag);

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['wawi.bestell_bewegung', 'wawi.wareneingang_bewegung']::regclass[]) AS t;
