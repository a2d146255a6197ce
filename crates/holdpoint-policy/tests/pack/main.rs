//! The shipped pack, seen from outside: what it says about everything ([`matrix`]), the same said again without Cedar
//! ([`model`]), and what must be true whatever it says ([`laws`]).

#![cfg(test)]
#![expect(unreachable_pub, reason = "a test binary has no interface")]

mod cases;
mod laws;
mod matrix;
mod model;
