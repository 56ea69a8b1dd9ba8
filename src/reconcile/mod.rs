//! Reconciling: commissioning, packing, shipping and receiving against each other, serial by serial.

pub mod hierarchy;
