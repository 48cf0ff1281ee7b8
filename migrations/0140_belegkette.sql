-- The chain of documents: which one came from which.

SET LOCAL ROLE neuroerp_app;

-- Ledger: one row per document and the one it came from, in the order of the log.
CREATE TABLE crm.belegkette (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    lfd             integer NOT NULL,
    beleg_typ       text NOT NULL,
    beleg_id        uuid NOT NULL,
    nummer          text,
    datum           date NOT NULL,
    vorgaenger_typ  text,
    vorgaenger_id   uuid,
    menge           numeric(19,6),
    einheit         text,
    wert            numeric(15,2),
    PRIMARY KEY (mandant_id, log_position, lfd),
    CHECK ((vorgaenger_typ IS NULL) = (vorgaenger_id IS NULL))
);
COMMENT ON TABLE crm.belegkette IS 'Documents and what they came from; append-only, a settlement that was taken back stands with its amount and with its opposite';
CREATE INDEX belegkette_beleg ON crm.belegkette (mandant_id, beleg_id);
CREATE INDEX belegkette_vorgaenger ON crm.belegkette (mandant_id, vorgaenger_id);
CREATE INDEX belegkette_nummer ON crm.belegkette (mandant_id, nummer);

COMMENT ON COLUMN crm.belegkette.mandant_id IS 'Company';
COMMENT ON COLUMN crm.belegkette.log_position IS 'Position of the event in the log';
COMMENT ON COLUMN crm.belegkette.lfd IS 'Number within the event';
COMMENT ON COLUMN crm.belegkette.beleg_typ IS 'Aggregate type of the document';
COMMENT ON COLUMN crm.belegkette.beleg_id IS 'Its stream';
COMMENT ON COLUMN crm.belegkette.nummer IS 'Its number, if it has one of its own';
COMMENT ON COLUMN crm.belegkette.datum IS 'Its business date';
COMMENT ON COLUMN crm.belegkette.vorgaenger_typ IS 'Aggregate type of the document it came from; empty for the first of a chain';
COMMENT ON COLUMN crm.belegkette.vorgaenger_id IS 'Its stream';
COMMENT ON COLUMN crm.belegkette.menge IS 'How much of the goods, if all of it counts in one unit';
COMMENT ON COLUMN crm.belegkette.einheit IS 'Unit of menge';
COMMENT ON COLUMN crm.belegkette.wert IS 'What came from there: net of goods up to the invoice, gross from the voucher on';

-- A payment and a credit note that are not allocated are one kind, what the customer has to his credit.
ALTER TABLE crm.kredit_belegung DROP CONSTRAINT kredit_belegung_beleg_typ_check;
ALTER TABLE crm.kredit_belegung ADD CHECK (beleg_typ IN ('auftrag', 'lieferung', 'op', 'zahlung'));

RESET ROLE;

SELECT log.lesbar_machen('crm.belegkette'::regclass);
