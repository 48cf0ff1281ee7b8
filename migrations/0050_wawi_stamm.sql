-- State tables of articles, prices, Lager and stock, and the ledger of stock moves.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE wawi.mengeneinheit (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    code text NOT NULL,
    bezeichnung text NOT NULL,
    dimension text NOT NULL CHECK (dimension IN ('masse', 'volumen', 'stueck', 'flaeche', 'laenge', 'zeit')),
    zaehler bigint NOT NULL,
    nenner bigint NOT NULL,
    un_ece text,
    status text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(code, '') || ' ' || coalesce(bezeichnung, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.mengeneinheit IS 'Units of the house';
CREATE INDEX mengeneinheit_code ON wawi.mengeneinheit (mandant_id, code);
CREATE INDEX mengeneinheit_suche ON wawi.mengeneinheit USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.artikelgruppe (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nr text NOT NULL,
    name text NOT NULL,
    eltern_id uuid,
    toleranz_ueber numeric(9,6) NOT NULL,
    toleranz_unter numeric(9,6) NOT NULL,
    status text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nr, '') || ' ' || coalesce(name, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.artikelgruppe IS 'Tree of articles with the tolerances of orders';
CREATE INDEX artikelgruppe_nr ON wawi.artikelgruppe (mandant_id, nr);
CREATE INDEX artikelgruppe_suche ON wawi.artikelgruppe USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.artikel (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    artikel_nr text NOT NULL,
    bezeichnung text NOT NULL,
    matchcode text,
    gruppe_id uuid NOT NULL,
    typ text NOT NULL CHECK (typ IN ('ware', 'leistung', 'gebinde', 'pfand')),
    basiseinheit text NOT NULL,
    stellen smallint NOT NULL,
    lose boolean NOT NULL,
    steuerschluessel text NOT NULL,
    steuerschluessel_ek text,
    bestandsgefuehrt boolean NOT NULL,
    benutzt boolean NOT NULL,
    sperrbereich text CHECK (sperrbereich IN ('ek', 'vk', 'gesamt')),
    sperrgrund text,
    ersatz_id uuid,
    status text NOT NULL CHECK (status IN ('entwurf', 'aktiv', 'gesperrt', 'auslaufend', 'archiviert')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(artikel_nr, '') || ' ' || coalesce(bezeichnung, '') || ' ' || coalesce(matchcode, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.artikel IS 'The thing bought, stored and sold';
CREATE INDEX artikel_artikel_nr ON wawi.artikel (mandant_id, artikel_nr);
CREATE INDEX artikel_gruppe_id ON wawi.artikel (mandant_id, gruppe_id);
CREATE INDEX artikel_suche ON wawi.artikel USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.artikel_einheit (
    mandant_id      uuid NOT NULL,
    artikel_id uuid NOT NULL,
    einheit text NOT NULL,
    zaehler bigint NOT NULL,
    nenner bigint NOT NULL,
    ganzzahlig boolean NOT NULL,
    verwendung text[] NOT NULL,
    entfallen boolean NOT NULL,
    PRIMARY KEY (mandant_id, artikel_id, einheit),
    FOREIGN KEY (mandant_id, artikel_id) REFERENCES wawi.artikel DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.artikel_einheit IS 'Further units: 1 of them = zaehler / nenner of the Basiseinheit';

CREATE TABLE wawi.artikel_kennung (
    mandant_id      uuid NOT NULL,
    artikel_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('gtin', 'intern', 'hersteller', 'bvl_nr', 'warennummer')),
    wert text NOT NULL,
    einheit text,
    PRIMARY KEY (mandant_id, artikel_id, art, wert),
    FOREIGN KEY (mandant_id, artikel_id) REFERENCES wawi.artikel DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.artikel_kennung IS 'Identifications: GTIN, numbers of house, manufacturer and authorities';

CREATE TABLE wawi.artikel_zulassung (
    mandant_id      uuid NOT NULL,
    artikel_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('psm', 'duenger', 'saatgut', 'biozid')),
    nummer text NOT NULL,
    gueltig_bis date NOT NULL,
    abverkauf_bis date,
    PRIMARY KEY (mandant_id, artikel_id, art),
    FOREIGN KEY (mandant_id, artikel_id) REFERENCES wawi.artikel DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.artikel_zulassung IS 'Approvals without which an article may not be sold';

CREATE TABLE wawi.preisliste (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    name text NOT NULL,
    waehrung text NOT NULL,
    lager_id uuid,
    standard boolean NOT NULL,
    gueltig_von date NOT NULL,
    gueltig_bis date,
    letzte_nr integer NOT NULL,
    status text NOT NULL CHECK (status IN ('entwurf', 'freigegeben', 'gesperrt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(name, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.preisliste IS 'Base prices';
CREATE INDEX preisliste_suche ON wawi.preisliste USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.verkaufspreis (
    mandant_id      uuid NOT NULL,
    preisliste_id uuid NOT NULL,
    nr integer NOT NULL,
    artikel_id uuid NOT NULL,
    einheit text NOT NULL,
    je_menge numeric(19,6) NOT NULL,
    gueltig_von date NOT NULL,
    gueltig_bis date,
    PRIMARY KEY (mandant_id, preisliste_id, nr),
    FOREIGN KEY (mandant_id, preisliste_id) REFERENCES wawi.preisliste DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.verkaufspreis IS 'Price of an article in a period';
CREATE INDEX verkaufspreis_artikel ON wawi.verkaufspreis (mandant_id, artikel_id);

CREATE TABLE wawi.preisstaffel (
    mandant_id      uuid NOT NULL,
    preisliste_id uuid NOT NULL,
    preis_nr integer NOT NULL,
    ab_menge numeric(19,6) NOT NULL,
    preis numeric(19,6) NOT NULL,
    PRIMARY KEY (mandant_id, preisliste_id, preis_nr, ab_menge),
    FOREIGN KEY (mandant_id, preisliste_id, preis_nr) REFERENCES wawi.verkaufspreis DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.preisstaffel IS 'Quantity scale of a price';

CREATE TABLE wawi.lager (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nr text NOT NULL,
    name text NOT NULL,
    strasse text,
    plz text,
    ort text,
    land text,
    art text NOT NULL CHECK (art IN ('eigen', 'aussen', 'lohn')),
    bewertungskreis text NOT NULL,
    bestandsgefuehrt boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nr, '') || ' ' || coalesce(name, '') || ' ' || coalesce(ort, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.lager IS 'Sites';
CREATE INDEX lager_nr ON wawi.lager (mandant_id, nr);
CREATE INDEX lager_suche ON wawi.lager USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.lagerzone (
    mandant_id      uuid NOT NULL,
    lager_id uuid NOT NULL,
    nr text NOT NULL,
    art text NOT NULL CHECK (art IN ('we', 'lager', 'kommi', 'wa', 'sperr', 'gefahrstoff', 'silo')),
    PRIMARY KEY (mandant_id, lager_id, nr),
    FOREIGN KEY (mandant_id, lager_id) REFERENCES wawi.lager DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lagerzone IS 'Zones of a site';

CREATE TABLE wawi.lagerplatz (
    mandant_id      uuid NOT NULL,
    lager_id uuid NOT NULL,
    nr text NOT NULL,
    zone text NOT NULL,
    typ text NOT NULL CHECK (typ IN ('regal', 'block', 'silo', 'tank', 'box')),
    kapazitaet_kg numeric(19,6),
    gesperrt boolean NOT NULL,
    PRIMARY KEY (mandant_id, lager_id, nr),
    FOREIGN KEY (mandant_id, lager_id) REFERENCES wawi.lager DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lagerplatz IS 'Places of a site';

CREATE TABLE wawi.lagerbestand (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    artikel_id uuid NOT NULL,
    lager_id uuid NOT NULL,
    einheit text NOT NULL,
    stellen smallint NOT NULL,
    bestand numeric(19,6) NOT NULL CHECK (bestand >= 0),
    reserviert numeric(19,6) NOT NULL,
    frei numeric(19,6) NOT NULL,
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(einheit, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.lagerbestand IS 'Stock of an article in a Lager';
CREATE INDEX lagerbestand_artikel_id ON wawi.lagerbestand (mandant_id, artikel_id);
CREATE INDEX lagerbestand_lager_id ON wawi.lagerbestand (mandant_id, lager_id);
CREATE INDEX lagerbestand_suche ON wawi.lagerbestand USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.bestandszeile (
    mandant_id      uuid NOT NULL,
    lagerbestand_id uuid NOT NULL,
    platz text NOT NULL,
    menge numeric(19,6) NOT NULL CHECK (menge > 0),
    PRIMARY KEY (mandant_id, lagerbestand_id, platz),
    FOREIGN KEY (mandant_id, lagerbestand_id) REFERENCES wawi.lagerbestand DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestandszeile IS 'Stock of a place';
COMMENT ON COLUMN wawi.bestandszeile.platz IS 'Empty for the unnamed place of the Lager';

CREATE TABLE wawi.lagerreservierung (
    mandant_id      uuid NOT NULL,
    lagerbestand_id uuid NOT NULL,
    id uuid NOT NULL,
    beleg_typ text NOT NULL,
    beleg_id uuid NOT NULL,
    beleg_nummer text,
    beleg_position uuid,
    menge numeric(19,6) NOT NULL,
    gueltig_bis date,
    PRIMARY KEY (mandant_id, lagerbestand_id, id),
    FOREIGN KEY (mandant_id, lagerbestand_id) REFERENCES wawi.lagerbestand DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lagerreservierung IS 'Open promises to documents';

CREATE TABLE wawi.bestand_tagessaldo (
    mandant_id      uuid NOT NULL,
    lagerbestand_id uuid NOT NULL,
    tag date NOT NULL,
    saldo numeric(19,6) NOT NULL,
    PRIMARY KEY (mandant_id, lagerbestand_id, tag),
    FOREIGN KEY (mandant_id, lagerbestand_id) REFERENCES wawi.lagerbestand DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.bestand_tagessaldo IS 'Day-end balances of the days that a move may still be dated back to';

CREATE TABLE wawi.lagerbewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    jahr            integer NOT NULL,
    journal_nr      bigint NOT NULL,
    bewegung_id     uuid NOT NULL,
    artikel_id      uuid NOT NULL,
    lager_id        uuid NOT NULL,
    bewegungsart    text NOT NULL,
    von_art         text NOT NULL,
    von_platz       text,
    nach_art        text NOT NULL,
    nach_platz      text,
    menge           numeric(19,6) NOT NULL CHECK (menge > 0),
    einheit         text NOT NULL,
    beleg_typ       text,
    beleg_id        uuid,
    beleg_nummer    text,
    beleg_position  uuid,
    buchungsdatum   date NOT NULL,
    bewegt_um       timestamptz NOT NULL,
    erfasst_am      timestamptz NOT NULL,
    erfasser        text NOT NULL,
    grund           text,
    storno_von      uuid,
    PRIMARY KEY (mandant_id, log_position)
);
COMMENT ON TABLE wawi.lagerbewegung IS 'Stock moves: one row per move with both its ends, append-only, in log order';
COMMENT ON COLUMN wawi.lagerbewegung.journal_nr IS 'Rank of the move in log order within the year of its buchungsdatum; gapless by construction';
COMMENT ON COLUMN wawi.lagerbewegung.menge IS 'Leaves von and arrives at nach: over all locations the moves of an article sum to 0';
CREATE UNIQUE INDEX lagerbewegung_nr ON wawi.lagerbewegung (mandant_id, jahr, journal_nr);
CREATE UNIQUE INDEX lagerbewegung_bewegung ON wawi.lagerbewegung (mandant_id, bewegung_id);
CREATE INDEX lagerbewegung_beleg ON wawi.lagerbewegung (mandant_id, beleg_position) WHERE beleg_position IS NOT NULL;
CREATE INDEX lagerbewegung_artikel ON wawi.lagerbewegung (mandant_id, artikel_id, lager_id, buchungsdatum);
CREATE INDEX lagerbewegung_lager ON wawi.lagerbewegung (mandant_id, lager_id);
CREATE INDEX lagerbewegung_datum ON wawi.lagerbewegung (mandant_id, buchungsdatum, log_position);
CREATE INDEX lagerbewegung_storno ON wawi.lagerbewegung (mandant_id, storno_von) WHERE storno_von IS NOT NULL;

CREATE TABLE wawi.reservierung_bewegung (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    artikel_id      uuid NOT NULL,
    lager_id        uuid NOT NULL,
    reservierung_id uuid NOT NULL,
    delta           numeric(19,6) NOT NULL,
    tag             date NOT NULL,
    PRIMARY KEY (mandant_id, log_position)
);
COMMENT ON TABLE wawi.reservierung_bewegung IS 'Changes of promises: their sum up to a day and position is what was promised then';
COMMENT ON COLUMN wawi.reservierung_bewegung.tag IS 'Day on which it was recorded; a promise has no other date';
CREATE INDEX reservierung_bewegung_artikel ON wawi.reservierung_bewegung (mandant_id, artikel_id, lager_id);

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY[
    'wawi.mengeneinheit', 'wawi.artikelgruppe', 'wawi.artikel', 'wawi.artikel_einheit', 'wawi.artikel_kennung',
    'wawi.artikel_zulassung', 'wawi.preisliste', 'wawi.verkaufspreis', 'wawi.preisstaffel', 'wawi.lager',
    'wawi.lagerzone', 'wawi.lagerplatz', 'wawi.lagerbestand', 'wawi.bestandszeile', 'wawi.lagerreservierung',
    'wawi.bestand_tagessaldo', 'wawi.lagerbewegung', 'wawi.reservierung_bewegung'
]::regclass[]) AS t;
