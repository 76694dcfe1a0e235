//! What source plugins over SQL share.
