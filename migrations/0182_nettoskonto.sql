-- Skonto only on what earns it.

SET LOCAL ROLE neuroerp_app;

-- Terms of before gave it on everything.
ALTER TABLE fibu.zahlungsbedingung_fassung ADD COLUMN nettoskontierfaehig boolean NOT NULL DEFAULT false;
-- Its value is in the state, as that of every other column.
ALTER TABLE fibu.zahlungsbedingung_fassung ALTER COLUMN nettoskontierfaehig DROP DEFAULT;
ALTER TABLE fibu.rechnung_position ADD COLUMN skontierfaehig boolean;
ALTER TABLE fibu.offener_posten_steuer ADD COLUMN skontofrei numeric(15,2);

RESET ROLE;
