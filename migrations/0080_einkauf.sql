-- State tables of purchase: Bestellung, Wareneingang.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE wawi.bestellung (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    bestell_nr      text,
    lieferant_id    uuid NOT NULL,
    lieferant_nr    text NOT NULL,
    lieferant_name  text NOT NULL,
    zahlungsbedingung_id uuid,
    waehrung        text NOT NULL,
    paritaet        text,
    bestelldatum    date NOT NULL,
    besteller       text,
    netto           numeric(15,2) NOT NULL,
    freigegeben_netto numeric(15,2),
    freigabe_stufen smallint NOT NULL,
    status          text NOT NULL CHECK (status IN ('entwurf', 'in_freigabe', 'freigegeben', 'bestellt', 'bestaetigt',
                        'teil_geliefert', 'geliefert', 'abgeschlossen', 'storniert')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(bestell_nr, '') || ' ' || lieferant_nr || ' ' || lieferant_name)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.bestellung IS 'Purchase orders';
CREATE INDEX bestellung_nr ON wawi.bestellung (mandant_id, bestell_nr);
CREATE INDEX bestellung_lieferant ON wawi.bestellung (mandant_id, lieferant_id);
CREATE INDEX bestellung_datum ON wawi.bestellung (mandant_id, bestelldatum);
CREATE INDEX bestellung_suche ON wawi.bestellung USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.bestell_position (
    mandant_id      uuid NOT NULL,
    bestellung_id   uuid NOT NULL,
    position_id     uuid NOT NULL,
    pos             integer NOT NULL,
    artikel_id      uuid NOT NULL,
    artikel_nr      text NOT NULL,
    bezeichnung     text NOT NULL,
    lager_id        uuid NOT NULL,
    menge           numeric(19,6) NOT NULL,
    einheit         text NOT NULL,
    basismenge      numeric(19,6) NOT NULL,
    preis           numeric(19,6) NOT NULL,
    preis_je        numeric(19,6) NOT NULL,
    preis_einheit   text NOT NULL,
    netto           numeric(15,2) NOT NULL,
    schluessel      text,
    termin          date,
    bestaetigt_termin date,
    bestaetigt_menge numeric(19,6),
    toleranz_ueber  numeric(9,6) NOT NULL,
    toleranz_unter  numeric(9,6) NOT NULL,
    konto           text,
    kst             text,
    geliefert       numeric(19,6) NOT NULL,
    berechnet       numeric(19,6) NOT NULL,
    status          text NOT NULL CHECK (status IN ('offen', 'teil_geliefert', 'geliefert', 'storniert')),
    PRIMARY KEY (mandant_id, bestellung_id, position_id),
    FOREIGN KEY (mandant_id, bestellung_id) REFERENCES wawi.bestellung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestell_position IS 'Lines of purchase orders with what came and was invoiced';
CREATE INDEX bestell_position_artikel ON wawi.bestell_position (mandant_id, artikel_id);

CREATE TABLE wawi.bestell_freigabe (
    mandant_id      uuid NOT NULL,
    bestellung_id   uuid NOT NULL,
    stufe           smallint NOT NULL,
    von             text NOT NULL,
    am              timestamptz NOT NULL,
    PRIMARY KEY (mandant_id, bestellung_id, stufe),
    FOREIGN KEY (mandant_id, bestellung_id) REFERENCES wawi.bestellung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestell_freigabe IS 'Who approved the present total of a purchase order';

CREATE TABLE wawi.wareneingang (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    we_nr           text,
    lieferant_id    uuid NOT NULL,
    lieferant_nr    text NOT NULL,
    lieferant_name  text NOT NULL,
    lieferschein_nr text NOT NULL,
    lager_id        uuid NOT NULL,
    buchungsdatum   date,
    status          text NOT NULL CHECK (status IN ('entwurf', 'gebucht', 'storniert')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(we_nr, '') || ' ' || lieferant_nr || ' ' || lieferant_name || ' ' || lieferschein_nr)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.wareneingang IS 'Goods receipts';
CREATE INDEX wareneingang_nr ON wawi.wareneingang (mandant_id, we_nr);
CREATE INDEX wareneingang_lieferant ON wawi.wareneingang (mandant_id, lieferant_id);
CREATE INDEX wareneingang_datum ON wawi.wareneingang (mandant_id, buchungsdatum);
CREATE INDEX wareneingang_suche ON wawi.wareneingang USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.wareneingang_position (
    mandant_id      uuid NOT NULL,
    wareneingang_id uuid NOT NULL,
    we_position_id  uuid NOT NULL,
    pos             integer NOT NULL,
    bestellung_id   uuid,
    position_id     uuid,
    bestellmenge    numeric(19,6),
    artikel_id      uuid NOT NULL,
    artikel_nr      text NOT NULL,
    bezeichnung     text NOT NULL,
    lagergefuehrt   boolean NOT NULL,
    menge           numeric(19,6) NOT NULL,
    einheit         text NOT NULL,
    basismenge      numeric(19,6) NOT NULL,
    platz           text,
    preis           numeric(19,6) NOT NULL,
    preis_je        numeric(19,6) NOT NULL,
    preis_einheit   text NOT NULL,
    netto           numeric(15,2) NOT NULL,
    schluessel      text,
    berechnet       numeric(19,6) NOT NULL,
    PRIMARY KEY (mandant_id, wareneingang_id, we_position_id),
    FOREIGN KEY (mandant_id, wareneingang_id) REFERENCES wawi.wareneingang DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.wareneingang_position IS 'Received lines with what was invoiced of them';
CREATE INDEX wareneingang_position_bestellung ON wawi.wareneingang_position (mandant_id, bestellung_id) WHERE bestellung_id IS NOT NULL;

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['wawi.bestellung', 'wawi.bestell_position', 'wawi.bestell_freigabe',
    'wawi.wareneingang', 'wawi.wareneingang_position']::regclass[]) AS t;
