//! Who somebody is: how a person's key comes to be trusted.

pub mod enrolment;
