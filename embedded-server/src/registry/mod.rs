//! Each verb, written once for every resource type.

mod strategy;

pub use strategy::{Column, SelectableField, Strategy};
