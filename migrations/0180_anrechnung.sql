-- What Schlussrechnungen deduct of an advance payment: each a part of it.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE fibu.rechnung_anrechnung (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    schlussrechnung_id uuid NOT NULL,
    brutto numeric(15,2) NOT NULL,
    PRIMARY KEY (mandant_id, rechnung_id, schlussrechnung_id),
    FOREIGN KEY (mandant_id, rechnung_id) REFERENCES fibu.rechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_anrechnung IS 'What Schlussrechnungen deduct of an advance payment';

CREATE TABLE fibu.rechnung_anrechnung_steuer (
    mandant_id      uuid NOT NULL,
    rechnung_id uuid NOT NULL,
    schlussrechnung_id uuid NOT NULL,
    schluessel text NOT NULL,
    satz numeric(9,6),
    basis numeric(15,2) NOT NULL,
    steuer numeric(15,2) NOT NULL,
    brutto numeric(15,2) NOT NULL,
    hinweis text,
    PRIMARY KEY (mandant_id, rechnung_id, schlussrechnung_id, schluessel),
    FOREIGN KEY (mandant_id, rechnung_id, schlussrechnung_id) REFERENCES fibu.rechnung_anrechnung DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.rechnung_anrechnung_steuer IS 'Net and tax of it per key';

-- Until now the one Schlussrechnung deducted all that was paid.
INSERT INTO fibu.rechnung_anrechnung
SELECT r.mandant_id, r.id, r.angerechnet_in, coalesce(sum(z.brutto), 0)
FROM fibu.rechnung r LEFT JOIN fibu.rechnung_zahlung z ON (z.mandant_id, z.rechnung_id) = (r.mandant_id, r.id)
WHERE r.angerechnet_in IS NOT NULL
GROUP BY r.mandant_id, r.id;
INSERT INTO fibu.rechnung_anrechnung_steuer
SELECT r.mandant_id, r.id, r.angerechnet_in, z.schluessel, min(z.satz), sum(z.basis), sum(z.steuer), sum(z.brutto), min(z.hinweis)
FROM fibu.rechnung r JOIN fibu.rechnung_zahlung_steuer z ON (z.mandant_id, z.rechnung_id) = (r.mandant_id, r.id)
WHERE r.angerechnet_in IS NOT NULL
GROUP BY r.mandant_id, r.id, z.schluessel;

RESET ROLE;

SELECT log.lesbar_machen(t)
FROM unnest(ARRAY['fibu.rechnung_anrechnung', 'fibu.rechnung_anrechnung_steuer']::regclass[]) AS t;
