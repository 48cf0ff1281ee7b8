-- Sales: Auftrag, Versand, and the movements of the order backlog.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE crm.auftrag (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    auftrag_nr      text NOT NULL,
    art             text NOT NULL CHECK (art IN ('lager')),
    kunde_id        uuid NOT NULL,
    kunden_nr       text NOT NULL,
    kunde_name      text NOT NULL,
    auftragsdatum   date NOT NULL,
    wunschtermin    date,
    kunden_bestellnr text,
    bestellnr_wiederholt boolean NOT NULL,
    zahlungsbedingung_id uuid,
    lieferart       text NOT NULL CHECK (lieferart IN ('lieferung', 'selbstabholung')),
    rechnungsart    text NOT NULL CHECK (rechnungsart IN ('einzel', 'sammel')),
    waehrung        text NOT NULL,
    lieferadresse_id uuid,
    strasse         text,
    plz             text NOT NULL,
    ort             text NOT NULL,
    land            text NOT NULL,
    bestaetigt_am   date,
    netto           numeric(15,2) NOT NULL,
    brutto          numeric(15,2) NOT NULL,
    kredit          numeric(15,2) NOT NULL,
    kredit_offen    boolean NOT NULL,
    freigegeben     boolean NOT NULL,
    lieferstatus    text NOT NULL CHECK (lieferstatus IN ('offen', 'teil_geliefert', 'geliefert')),
    fakturastatus   text NOT NULL CHECK (fakturastatus IN ('offen', 'teil_berechnet', 'berechnet')),
    status          text NOT NULL CHECK (status IN ('erfasst', 'bestaetigt', 'abgeschlossen', 'storniert')),
    suche           text GENERATED ALWAYS AS (log.falten(auftrag_nr || ' ' || kunden_nr || ' ' || kunde_name || ' ' || coalesce(kunden_bestellnr, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE crm.auftrag IS 'Orders of customers';
CREATE INDEX auftrag_nr ON crm.auftrag (mandant_id, auftrag_nr);
CREATE INDEX auftrag_kunde ON crm.auftrag (mandant_id, kunde_id);
CREATE INDEX auftrag_datum ON crm.auftrag (mandant_id, auftragsdatum);
CREATE INDEX auftrag_suche ON crm.auftrag USING gin (suche gin_trgm_ops);

CREATE TABLE crm.auftrag_position (
    mandant_id      uuid NOT NULL,
    auftrag_id      uuid NOT NULL,
    position_id     uuid NOT NULL,
    pos             integer NOT NULL,
    artikel_id      uuid NOT NULL,
    artikel_nr      text NOT NULL,
    bezeichnung     text NOT NULL,
    lagergefuehrt   boolean NOT NULL,
    lager_id        uuid NOT NULL,
    menge           numeric(19,6) NOT NULL,
    einheit         text NOT NULL,
    basismenge      numeric(19,6) NOT NULL,
    preis           numeric(19,6) NOT NULL,
    preis_je        numeric(19,6) NOT NULL,
    preis_einheit   text NOT NULL,
    preis_quelle    text NOT NULL CHECK (preis_quelle IN ('kunde_liste', 'lager_liste', 'standard_liste', 'manuell')),
    netto           numeric(15,2) NOT NULL,
    schluessel      text NOT NULL,
    termin          date,
    toleranz_plus   numeric(9,6) NOT NULL,
    toleranz_minus  numeric(9,6) NOT NULL,
    storniert       numeric(19,6) NOT NULL,
    verfallen       numeric(19,6) NOT NULL,
    geliefert       numeric(19,6) NOT NULL,
    geliefert_netto numeric(15,2) NOT NULL,
    berechnet       numeric(19,6) NOT NULL,
    berechnet_netto numeric(15,2) NOT NULL,
    gutgeschrieben  numeric(19,6) NOT NULL,
    gutgeschrieben_netto numeric(15,2) NOT NULL,
    versand_id      uuid,
    status          text NOT NULL CHECK (status IN ('offen', 'teil_geliefert', 'geliefert', 'storniert')),
    PRIMARY KEY (mandant_id, auftrag_id, position_id),
    FOREIGN KEY (mandant_id, auftrag_id) REFERENCES crm.auftrag DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.auftrag_position IS 'Lines of orders with all their quantities';
CREATE INDEX auftrag_position_artikel ON crm.auftrag_position (mandant_id, artikel_id);

CREATE TABLE crm.auftrag_sperre (
    mandant_id      uuid NOT NULL,
    auftrag_id      uuid NOT NULL,
    art             text NOT NULL CHECK (art IN ('kredit', 'preis', 'nachweis', 'manuell')),
    grund           text NOT NULL,
    seit            date NOT NULL,
    PRIMARY KEY (mandant_id, auftrag_id, art),
    FOREIGN KEY (mandant_id, auftrag_id) REFERENCES crm.auftrag DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.auftrag_sperre IS 'Why orders stand still';

CREATE TABLE crm.auftrag_hinweis (
    mandant_id      uuid NOT NULL,
    auftrag_id      uuid NOT NULL,
    hinweis_id      uuid NOT NULL,
    position_id     uuid,
    art             text NOT NULL CHECK (art IN ('reservierung_aufgehoben', 'artikel_gesperrt', 'termin_gefaehrdet')),
    text            text NOT NULL,
    seit            date NOT NULL,
    PRIMARY KEY (mandant_id, auftrag_id, hinweis_id),
    FOREIGN KEY (mandant_id, auftrag_id) REFERENCES crm.auftrag DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.auftrag_hinweis IS 'Open notes on orders';

-- Ledger: the order backlog of any day is the sum of its rows.
CREATE TABLE crm.auftrag_bewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    lfd             integer NOT NULL,
    auftrag_id      uuid NOT NULL,
    position_id     uuid,
    art             text NOT NULL CHECK (art IN ('bestellt', 'storniert', 'verfallen', 'geliefert', 'berechnet',
                        'gutgeschrieben', 'sperre')),
    menge           numeric(19,6) NOT NULL,
    netto           numeric(15,2) NOT NULL,
    termin          date,
    tag             date NOT NULL,
    PRIMARY KEY (mandant_id, log_position, lfd)
);
COMMENT ON TABLE crm.auftrag_bewegung IS 'Changes of the quantities of confirmed orders, and of locks (menge 1 set, -1 lifted)';
CREATE INDEX auftrag_bewegung_auftrag ON crm.auftrag_bewegung (mandant_id, auftrag_id);

CREATE TABLE wawi.versand (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    versand_nr      text,
    lieferschein_nr text,
    auftrag_id      uuid NOT NULL,
    auftrag_nr      text NOT NULL,
    kunde_id        uuid NOT NULL,
    kunden_nr       text NOT NULL,
    kunde_name      text NOT NULL,
    strasse         text,
    plz             text NOT NULL,
    ort             text NOT NULL,
    land            text NOT NULL,
    termin          date,
    buchungsdatum   date,
    zugestellt_an   text,
    zugestellt_am   date,
    vorbehalt       text,
    status          text NOT NULL CHECK (status IN ('geplant', 'freigegeben', 'kommissioniert', 'verladen', 'unterwegs',
                        'zugestellt', 'storniert')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(versand_nr, '') || ' ' || coalesce(lieferschein_nr, '') || ' ' || auftrag_nr || ' ' || kunden_nr || ' ' || kunde_name)) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.versand IS 'Deliveries';
CREATE INDEX versand_nr ON wawi.versand (mandant_id, versand_nr);
CREATE INDEX versand_lieferschein ON wawi.versand (mandant_id, lieferschein_nr);
CREATE INDEX versand_auftrag ON wawi.versand (mandant_id, auftrag_id);
CREATE INDEX versand_kunde ON wawi.versand (mandant_id, kunde_id);
CREATE INDEX versand_suche ON wawi.versand USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.versand_position (
    mandant_id      uuid NOT NULL,
    versand_id      uuid NOT NULL,
    position_id     uuid NOT NULL,
    pos             integer NOT NULL,
    artikel_id      uuid NOT NULL,
    artikel_nr      text NOT NULL,
    bezeichnung     text NOT NULL,
    lager_id        uuid NOT NULL,
    lagergefuehrt   boolean NOT NULL,
    einheit         text NOT NULL,
    soll            numeric(19,6) NOT NULL,
    ist             numeric(19,6) NOT NULL,
    platz           text,
    endlieferung    boolean NOT NULL,
    PRIMARY KEY (mandant_id, versand_id, position_id),
    FOREIGN KEY (mandant_id, versand_id) REFERENCES wawi.versand DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.versand_position IS 'Lines of deliveries';
CREATE INDEX versand_position_artikel ON wawi.versand_position (mandant_id, artikel_id);

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['crm.auftrag', 'crm.auftrag_position', 'crm.auftrag_sperre',
    'crm.auftrag_hinweis', 'crm.auftrag_bewegung', 'wawi.versand', 'wawi.versand_position']::regclass[]) AS t;
