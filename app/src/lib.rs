//! Pages, islands and server functions.
