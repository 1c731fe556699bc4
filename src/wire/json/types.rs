//! The names of the types of values.

use super::invalid;
use thrift::Result;
use thrift::protocol::TType;

const NAMES: [(TType, &str); 12] = [
    (TType::Bool, "tf"),
    (TType::I08, "i8"),
    (TType::I16, "i16"),
    (TType::I32, "i32"),
    (TType::I64, "i64"),
    (TType::Double, "dbl"),
    (TType::String, "str"),
    (TType::Struct, "rec"),
    (TType::Map, "map"),
    (TType::List, "lst"),
    (TType::Set, "set"),
    (TType::Uuid, "uid"),
];

pub(super) fn name_of(kind: TType) -> Result<&'static str> {
    let row = NAMES.iter().find(|(it, _)| *it == kind);
    row.map(|(_, name)| *name).ok_or_else(|| invalid(format!("the JSON protocol has no type {kind:?}")))
}

pub(super) fn type_of(name: &[u8]) -> Result<TType> {
    let row = NAMES.iter().find(|(_, it)| it.as_bytes() == name);
    row.map(|(kind, _)| *kind).ok_or_else(|| {
        let name = crate::error::quotable(&String::from_utf8_lossy(name));
        invalid(format!("{name:?} is not a type of the JSON protocol"))
    })
}

/// The bytes that a value of this type takes at least.
pub(super) fn min_bytes(kind: TType) -> usize {
    match kind {
        TType::Map => br#"["tf","tf",0,{}]"#.len(),
        TType::List | TType::Set => br#"["tf",0]"#.len(),
        TType::String | TType::Struct => br#""""#.len(),
        TType::Uuid => br#""00000000000000000000000000000000""#.len(),
        _ => 1,
    }
}
