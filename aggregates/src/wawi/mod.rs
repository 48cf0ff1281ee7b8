//! Warenwirtschaft: articles, stock, purchase, delivery.
