//! The console of a real control plane: who is heard, what people do in a real browser, how it looks.
#![cfg(test)]

mod browser;
mod edges;
mod pictures;
mod routes;
mod world;
