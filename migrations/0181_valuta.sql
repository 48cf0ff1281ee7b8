-- By how many days later the terms of payment of an order and of an invoice count.

SET LOCAL ROLE neuroerp_app;

ALTER TABLE crm.auftrag ADD COLUMN valuta_tage integer;
ALTER TABLE fibu.rechnung ADD COLUMN valuta_tage integer;

RESET ROLE;
