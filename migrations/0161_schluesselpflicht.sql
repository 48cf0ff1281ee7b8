-- The tax rule of an account says whether a key must be given.

SET LOCAL ROLE neuroerp_app;

-- Rules of before demanded none.
ALTER TABLE fibu.konto_steuerregel ADD COLUMN schluessel_pflicht boolean NOT NULL DEFAULT false;
-- Its value is in the state, as that of every other column.
ALTER TABLE fibu.konto_steuerregel ALTER COLUMN schluessel_pflicht DROP DEFAULT;

RESET ROLE;
