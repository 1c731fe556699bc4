//! Writes values as JSON.

use super::place::{Due, Place};
use super::text::{write_base64, write_text};
use super::types::name_of;
use super::{VERSION, invalid};
use std::fmt::Display;
use std::io::Write;
use thrift::Result;
use thrift::protocol::{
    TFieldIdentifier, TListIdentifier, TMapIdentifier, TMessageIdentifier, TOutputProtocol, TSetIdentifier,
    TStructIdentifier, TType,
};

/// Appends messages to a buffer, as compact as the Apache libraries write them.
///
/// Doubles have as many digits as it takes to read the same bits back, but for NaN, which has one form only.
pub(in crate::wire) struct JsonWriter<'a> {
    out: &'a mut Vec<u8>,
    open: Vec<Place>,
}

impl<'a> JsonWriter<'a> {
    /// A writer that appends to `out`.
    pub(in crate::wire) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, open: Vec::new() }
    }

    /// Writes what stands before the next value; true if it is a key.
    fn next_value(&mut self) -> bool {
        let Some(slot) = self.open.last_mut().map(Place::next_slot) else { return false };
        self.out.extend(slot.separator);
        slot.is_key
    }

    /// Opens an object or array that holds a value, and what stands in it before that.
    fn enter(&mut self, start: &str, place: Place) {
        self.next_value();
        self.out.extend_from_slice(start.as_bytes());
        self.open.push(place);
    }

    fn leave(&mut self, end: &str) -> Result<()> {
        self.open.pop();
        self.out.extend_from_slice(end.as_bytes());
        Ok(())
    }

    fn number(&mut self, number: impl Display) -> Result<()> {
        if self.next_value() {
            write!(self.out, "\"{number}\"")?;
        } else {
            write!(self.out, "{number}")?;
        }
        Ok(())
    }

    fn enter_list(&mut self, kind: TType, size: i32) -> Result<()> {
        self.enter(&format!("[\"{}\",{size}", name_of(kind)?), Place::Elements);
        Ok(())
    }
}

fn known(kind: Option<TType>) -> Result<&'static str> {
    name_of(kind.ok_or_else(|| invalid("a map is written without the types of its keys and values"))?)
}

impl TOutputProtocol for JsonWriter<'_> {
    fn write_message_begin(&mut self, identifier: &TMessageIdentifier) -> Result<()> {
        write!(self.out, "[{VERSION},")?;
        write_text(self.out, &identifier.name);
        write!(self.out, ",{},{},", u8::from(identifier.message_type), identifier.sequence_number)?;
        self.open.push(Place::Single);
        Ok(())
    }

    fn write_message_end(&mut self) -> Result<()> {
        self.leave("]")
    }

    fn write_struct_begin(&mut self, _: &TStructIdentifier) -> Result<()> {
        self.enter("{", Place::Fields { first: true });
        Ok(())
    }

    fn write_struct_end(&mut self) -> Result<()> {
        self.leave("}")
    }

    fn write_field_begin(&mut self, identifier: &TFieldIdentifier) -> Result<()> {
        let id = identifier.id.ok_or_else(|| invalid("a field is written without its id"))?;
        self.number(id)?;
        write!(self.out, ":{{\"{}\":", name_of(identifier.field_type)?)?;
        self.open.push(Place::Single);
        Ok(())
    }

    fn write_field_end(&mut self) -> Result<()> {
        self.leave("}")
    }

    fn write_field_stop(&mut self) -> Result<()> {
        Ok(())
    }

    fn write_bool(&mut self, value: bool) -> Result<()> {
        self.number(u8::from(value))
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.next_value();
        write_base64(self.out, bytes);
        Ok(())
    }

    fn write_i8(&mut self, value: i8) -> Result<()> {
        self.number(value)
    }

    fn write_i16(&mut self, value: i16) -> Result<()> {
        self.number(value)
    }

    fn write_i32(&mut self, value: i32) -> Result<()> {
        self.number(value)
    }

    fn write_i64(&mut self, value: i64) -> Result<()> {
        self.number(value)
    }

    fn write_double(&mut self, value: f64) -> Result<()> {
        if value.is_nan() {
            self.write_string("NaN")
        } else if value.is_infinite() {
            self.write_string(if value > 0.0 { "Infinity" } else { "-Infinity" })
        } else {
            // `Debug` writes 1e300 where `Display` writes 301 digits; both read back to the same bits.
            self.number(format_args!("{value:?}"))
        }
    }

    fn write_uuid(&mut self, value: &uuid::Uuid) -> Result<()> {
        self.write_string(&value.to_string())
    }

    fn write_string(&mut self, text: &str) -> Result<()> {
        self.next_value();
        write_text(self.out, text);
        Ok(())
    }

    fn write_list_begin(&mut self, identifier: &TListIdentifier) -> Result<()> {
        self.enter_list(identifier.element_type, identifier.size)
    }

    fn write_list_end(&mut self) -> Result<()> {
        self.leave("]")
    }

    fn write_set_begin(&mut self, identifier: &TSetIdentifier) -> Result<()> {
        self.enter_list(identifier.element_type, identifier.size)
    }

    fn write_set_end(&mut self) -> Result<()> {
        self.leave("]")
    }

    fn write_map_begin(&mut self, identifier: &TMapIdentifier) -> Result<()> {
        let (key, value) = (known(identifier.key_type)?, known(identifier.value_type)?);
        self.enter(&format!("[\"{key}\",\"{value}\",{},{{", identifier.size), Place::Pairs(Due::FirstKey));
        Ok(())
    }

    fn write_map_end(&mut self) -> Result<()> {
        self.leave("}]")
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn write_byte(&mut self, byte: u8) -> Result<()> {
        self.number(byte)
    }
}
